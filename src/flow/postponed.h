/*
 * What the level postpones: for each product (source package) what waits, since when, until when, and what speaks against
 * waiting. Made from a scan; dates are the scan's, for no level changes one.
 *
 * No fix may wait for something that is postponed: what the plan under this level takes along because a fix needs it
 * is no longer postponed, and is told apart. So of what is postponed no fix that is taken needs anything; were a fix left because
 * nothing solves it, that is told too.
 *
 * They are listed in the order in which they are caught up, always to the newest version: held security first, then what
 * loses its support within POSTPONED_SUPPORT_US, then the rest.
 */
#ifndef FLOW_POSTPONED_H
#define FLOW_POSTPONED_H

#include "flow/scan.h"
#include "model/plan.h"

#define POSTPONED_SUPPORT_US (60 * TIME_DAY_US)

enum postponed_wave { POSTPONED_SECURITY = 1, POSTPONED_SUPPORT, POSTPONED_REST };

struct postponed_item {
    struct text source;
    const uint32_t *updates; /* indexes into match.updates: those that wait */
    size_t update_count;
    enum postponed_wave wave;
    enum update_kind kind;
    enum standing standing; /* HELD when one of them is */
    uint64_t bytes;
    uint32_t cve_count; /* known holes that it would close; their dates run on */
    bool reboot;
    bool late;
    int64_t due_us;         /* earliest; TIME_ABSENT: none */
    int64_t suspended_us;   /* TIME_ABSENT: not known, or nothing but a question (--level) */
    int64_t until_us;       /* when the order ends */
    int64_t support_end_us; /* of this source, else of the release; TIME_ABSENT: not known */
};

/* Postponed, and yet taken along. */
struct postponed_along {
    struct text package, arch, to;
    struct text needed_by; /* the package whose fix needs it */
};

struct postponed {
    const struct postponed_item *items;
    size_t count;
    size_t package_count;
    uint64_t bytes;
    uint32_t late; /* items */
    bool planned;  /* false: no plan was asked, and what follows is not known */
    const struct postponed_along *along;
    size_t along_count;
    uint32_t unsolved; /* updates that the level takes and the plan could not */
};

/* In the arena; points into the scan. */
bool postponed_list(const struct scan *scan, struct arena *arena, struct postponed *out, struct error *err)
    MUST_USE;

/* Takes the plan's word for what comes along: plan is the one of what is due, at the same level. */
bool postponed_take_plan(const struct scan *scan, const struct plan *plan, struct arena *arena,
                         struct postponed *postponed, struct error *err) MUST_USE;

/* "suture.postponed/1" */
void postponed_write_json(const struct scan *scan, const struct postponed *postponed, struct writer *out);

#endif
