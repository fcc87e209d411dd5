/*
 * Which deltas a repository is to have: from which package file to which, of those that are there.
 *
 *     libexpat1_2.5.0-1  libexpat1_2.5.0-1+deb12u1  libexpat1_2.5.0-1+deb12u2      of one name and architecture: from each
 *            '-------------------|---------------------------^                      older one to the newest
 *                                '---------------------------^
 *     linux-image-6.1.0-25-amd64  linux-image-6.1.0-26-amd64                        of one source, with names that differ in
 *            '---------------------------^                                          numbers alone: from the older ones too
 *
 * A kernel has a new name at every ABI, and yet it is the former one, changed. Pure: no file is looked at.
 */
#ifndef FLOW_PUBLISH_PLAN_H
#define FLOW_PUBLISH_PLAN_H

#include "acquire/delta_index.h"

struct publish_package {
    struct text name, arch, version, source; /* each with a zero behind it */
    const char *path;
    struct delta_file deb;
    uint64_t unpacked; /* as it says itself */
};

/* Which of the older versions. */
struct publish_select {
    size_t last; /* so many, the newest first */
    const struct text
        *patterns; /* or those that one of these shell patterns fits; each with a zero behind it */
    size_t pattern_count;
};
#define PUBLISH_LAST 5 /* a stable release's package seldom has more that somebody still runs */

/* "3", or "2.5.0-*,1:9.2p1-2". */
bool publish_select_parse(struct text text, struct arena *arena, struct publish_select *out,
                          struct error *err) MUST_USE;

/* One package that is the newest of its name, and the older ones that deltas lead from. Indexes of packages. */
struct publish_target {
    size_t package;
    const size_t *bases; /* newest first */
    size_t base_count;
};
struct publish_targets {
    const struct publish_target *at; /* by name, then architecture */
    size_t count;
};

/*
 * Sorts the packages by name, architecture and version. ERROR_CONFLICT: two different files call themselves the same package.
 * A target that has no base is left out.
 */
bool publish_plan(struct publish_package *packages, size_t *count, const struct publish_select *select,
                  struct arena *arena, struct publish_targets *out, struct error *err) MUST_USE;

/* The name with each number as '#': "linux-image-#.#.#-#-amd#". In the arena; at == NULL when memory is out. */
struct text publish_family(struct text name, struct arena *arena);

#endif
