/*
 * Between the parts of matching, for them alone: the machine's packages grouped by source (match.c), and what the
 * index says of one source against them (match_source.c).
 */
#ifndef IDENTIFY_MATCH_PARTS_H
#define IDENTIFY_MATCH_PARTS_H

#include "identify/kernel.h"
#include "identify/keys.h"
#include "identify/match.h"

enum part_role {
    PART_CODE,    /* what its source's holes are in */
    PART_PLAIN,   /* documents, a kernel's headers and tools */
    PART_BRINGS,  /* a kernel's empty package: its update installs the newest image */
    PART_RUNNING, /* a kernel's image that runs and is not the newest */
    PART_OLD,     /* a kernel's image that neither runs nor would be started next */
};

/* One package of a source. */
struct member {
    struct text source; /* as advisories name it */
    uint64_t key;       /* of the source */
    struct text installed;
    struct text candidate; /* source version of a newer candidate; absent: none is newer */
    uint32_t package;
    uint32_t level;
    enum kernel_twin twin;
    bool foreign; /* comes from somebody else's archive: not matched */
};

/* Packages of one source that are alike in everything that statements ask for: usually all of them. */
struct level {
    struct text installed, candidate;
    struct text arch, stream; /* of rpm packages */
    enum part_role role;
    bool passes;                   /* its candidate passes a fixed version */
    uint32_t not_executable_count; /* of fixes passed by packages without code */
    uint32_t update;               /* first update of these packages, or UPDATE_NONE */
    const uint32_t *findings;      /* that its candidate closes; made when the first update asks */
    size_t finding_count;
};

/* What one record comes to here: all that its findings share. */
struct outcome {
    struct finding finding; /* without id, vulnerability and severity of the id */
    uint32_t first_level;   /* of its source */
    const uint8_t *closed;  /* for each level: its candidate closes it; NULL: none does */
    bool has_severity;
};

struct match_run {
    const struct match_input *input;
    struct arena *arena;
    const struct index *index; /* NULL: nothing to look up in */
    enum version_order order;
    bool archives_enabled; /* all archives that should have a fix are there and believed */
    struct member *members;
    size_t member_count;
    struct level *levels;
    size_t level_count, level_capacity;
    struct outcome *outcomes;
    size_t outcome_count, outcome_capacity;
    struct keyed *hits; /* key: id number, then suppressed or not, then outcome; value: outcome */
    size_t hit_count, hit_capacity;
    uint8_t *exploited; /* bit per id number; NULL: not made yet */
    struct match out;
    size_t not_executable_capacity;
    size_t update_count; /* made so far */
};

/* The packages of one source: members `first` to `end`; their levels; hits from `first_hit` on are theirs. */
struct group {
    size_t first, end;
    size_t first_level, level_count;
    size_t first_hit;
    uint32_t not_executable_count;
    bool kernel;
};

/* Finds out what of the group is code, and of which versions. */
bool match_levels(struct match_run *run, struct group *group, struct error *err) MUST_USE;
/* Looks at every record of the source that may concern the group; what does becomes outcomes and hits. */
bool match_source(struct match_run *run, struct group *group, const struct index_source *source,
                  struct error *err) MUST_USE;

/* The source version that an offer stands for, of a package whose own twin is known. In the arena for meta packages. */
struct text match_offer_version(const struct match_run *run, const struct member *member,
                                const struct offer *offer);

#endif
