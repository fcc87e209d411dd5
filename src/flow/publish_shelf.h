/*
 * One package's place in a delta repository (acquire/delta_index.h): its index as it was, what is added, and the index
 * as it becomes. Files come into the repository whole or not at all, and before the index that names them.
 */
#ifndef FLOW_PUBLISH_SHELF_H
#define FLOW_PUBLISH_SHELF_H

#include "flow/publish_plan.h"

struct publish_repository {
    const char *folder;
    const struct secret_key *key;
    int64_t now_us;
    bool prune; /* an index keeps only what is planned now */
};

struct publish_shelf {
    const struct publish_package *package; /* that deltas lead to */
    struct delta_index former;
    bool had;                 /* there was one, of this key */
    struct delta_base *bases; /* of the package's version, as it becomes */
    size_t base_count;
    bool changed;
    size_t pending; /* deltas that are still being made; the caller's */
};

/*
 * Whatever is kept is in the arena. bases_max: how many are planned. A former index that does not hold under this key is no
 * failure: *refused says so, and it is made anew.
 */
bool publish_shelf_open(const struct publish_repository *repository, const struct publish_package *package,
                        size_t bases_max, struct arena *arena, struct publish_shelf *out,
                        struct text *refused, struct error *err) MUST_USE;

/* Whether the delta from this base is there, by the former index and on the disk; then it is kept. */
bool publish_shelf_keep(const struct publish_repository *repository, struct publish_shelf *shelf,
                        const struct publish_package *base, struct arena *arena);

/* A new one. */
void publish_shelf_add(struct publish_shelf *shelf, const struct delta_base *base);

/* Writes the index, if it is another one than before. Without any delta there is none. */
bool publish_shelf_write(const struct publish_repository *repository, struct publish_shelf *shelf,
                         struct arena *arena, struct error *err) MUST_USE;

/* Moves the file to its place by its hash, durably. */
bool publish_shelf_put(const struct publish_repository *repository, const char *from, bool supplement,
                       struct arena *arena, struct delta_file *out, struct error *err) MUST_USE;

#endif
