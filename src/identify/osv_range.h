/*
 * What versions an OSV record's `ranges` and `versions` mean: spans from a first bad version to a first good or
 * a last bad one.
 *
 * Events come in any order and are sorted by version where we know how versions sort; else they are taken as
 * they stand. The rules are those of the schema's section "evaluation": introduced opens a span, the next fixed
 * or last_affected closes it.
 */
#ifndef IDENTIFY_OSV_RANGE_H
#define IDENTIFY_OSV_RANGE_H

#include "format/json.h"
#include "model/version.h"

/* All versions from `introduced` on, when neither end is given. */
struct osv_span {
    struct text introduced; /* absent or "0": from the beginning */
    struct text fixed;
    struct text last_affected;
};

/* Grows in the arena and is used again for the next package: set count to 0. */
struct osv_spans {
    struct arena *arena;
    struct osv_span *at;
    size_t count, capacity;
    struct osv_event *events; /* of one range */
    size_t event_capacity;
};

/*
 * Appends the spans of a package's ranges (absent or an array) and, where no range but one of commits is given,
 * one for each of its versions. With neither the whole package is meant: one span without ends. Commits alone
 * give none.
 */
bool osv_range_read(struct json ranges, struct json versions, enum version_order order,
                    struct osv_spans *spans, struct error *err) MUST_USE;

#endif
