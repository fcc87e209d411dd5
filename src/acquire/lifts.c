#include "acquire/lifts.h"

static bool is_of(const struct signed_order *approval, const struct lift_subject *subject)
{
    return approval->kind == SIGNED_ORDER_APPROVAL && approval->digest_count == 1 &&
           subject->digest.kind == DIGEST_SHA256 && digest_equal(&approval->digests[0], &subject->digest) &&
           text_equal(approval->package, subject->package) && text_equal(approval->arch, subject->arch) &&
           text_equal(approval->version, subject->version);
}

struct lifts lifts_of_one(const struct lifts *lifts)
{
    return (struct lifts){lifts->at, lifts->alone, lifts->alone};
}

struct lifts lifts_of_many(const struct lifts *lifts)
{
    /* Where there are none, no step is made from NULL, not even one of 0. */
    return (struct lifts){lifts->alone > 0 ? lifts->at + lifts->alone : lifts->at,
                          lifts->count - lifts->alone, 0};
}

unsigned lifts_find(const struct lifts *lifts, const struct lift_subject *subject, unsigned wanted,
                    int64_t now_us, struct arena *arena, struct text *by)
{
    unsigned found = 0;

    *by = (struct text){0};
    for (size_t i = 0; i < lifts->count; i++) {
        const struct signed_order *approval = &lifts->at[i];
        unsigned bits = approval->lifts & wanted & ~found;
        if (bits == 0 || !is_of(approval, subject) || approval->made_us > now_us ||
            approval->ends_us <= now_us)
            continue;
        if (subject->powers.kind != DIGEST_SHA256 || !digest_equal(&approval->powers, &subject->powers))
            bits &= ~(unsigned)SIGNED_ORDER_LIFTS_POWERS;
        if (bits == 0)
            continue;
        found |= bits;
        *by = by->size == 0 || text_equal(*by, approval->by)
                  ? approval->by
                  : text_format(arena, "%.*s, %.*s", TEXT_ARG(*by), TEXT_ARG(approval->by));
    }
    return found;
}
