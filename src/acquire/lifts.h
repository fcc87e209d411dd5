/*
 * The one question "is this lifted, and by whom": what people have approved of exactly these bytes.
 *
 * An approval says package, architecture, version and SHA-256, and of powers the digest of what the person was shown: other
 * bytes, or the same bytes where they would bring other powers (another version is installed here), are not approved.
 *
 * Who may approve is decided by who gives the list: on a machine alone its own root (store/approvals.h), in a fleet the
 * people whose signatures were counted (trust/signed_order.h). All of them come as the same noun and are judged here. Where
 * one person is not enough, lifts_of_many leaves out what one person gave.
 */
#ifndef ACQUIRE_LIFTS_H
#define ACQUIRE_LIFTS_H

#include "trust/signed_order.h"

struct lifts {
    const struct signed_order *at; /* others than approvals lift nothing */
    size_t count;
    size_t alone; /* of them the first ones: one person gave them, on this machine */
};

struct lift_subject {
    struct text package, arch, version;
    struct digest digest; /* of the file */
    struct digest powers; /* of what it brings here (powers_digest) */
};

struct lifts lifts_of_one(const struct lifts *lifts);
struct lifts lifts_of_many(const struct lifts *lifts);

/*
 * Which of `wanted` (SIGNED_ORDER_LIFTS_...) somebody has lifted by now_us. *by: who, in the arena; absent: nobody. An
 * approval that was made later than now, or has ended, lifts nothing.
 */
unsigned lifts_find(const struct lifts *lifts, const struct lift_subject *subject, unsigned wanted,
                    int64_t now_us, struct arena *arena, struct text *by);

#endif
