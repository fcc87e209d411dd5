/*
 * The level that holds on this machine: read, set, ended. What an order is and how it falls says store/order.h.
 *
 * A scan of this machine, also one as of another time, is judged under the order that is in force then; one of another
 * root or of an inventory is not, for the order is this machine's. A level that was asked for by name comes without an order.
 */
#ifndef FLOW_LEVEL_H
#define FLOW_LEVEL_H

#include "store/order.h"

/* The order of this state folder (NULL: there is none) in the arena; NULL when there is none. */
bool level_read(const char *state, struct arena *arena, const struct order **out, struct error *err) MUST_USE;

/*
 * The order that decides at that time: this machine's own, or one that people signed in the repository that is pinned here
 * (store/trust_record.h), whichever is the stricter; both fall and end as store/order.h says.
 */
bool level_in_force(const char *state, int64_t now_us, struct arena *arena, const struct order **out,
                    struct error *err) MUST_USE;

struct level_wish {
    enum level level; /* ESSENTIAL or EMERGENCY_ONLY */
    struct text reason, by;
    int64_t now_us, end_us; /* TIME_ABSENT: now + ORDER_LENGTH_US */
    uint32_t random;        /* for the order's id */
};
/*
 * Replaces the order. `*former` is the one that it replaces, or NULL; when that one could not be read *former_why says
 * why, else its text is empty.
 */
bool level_set(const char *state, const struct level_wish *wish, struct arena *arena,
               const struct order **out, const struct order **former, struct error *former_why,
               struct error *err) MUST_USE;
/* Ends the order, be it readable or not; `*former` and `*former_why` as above. */
bool level_end(const char *state, struct arena *arena, const struct order **former, struct error *former_why,
               struct error *err) MUST_USE;

#endif
