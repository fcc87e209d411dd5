/*
 * Whether a verified InRelease is what its publisher signs under the name that was asked for.
 *
 * A signature says who signed, not for which suite: a validly signed "bookworm" sent where "bookworm-security" was asked for
 * holds no security update. So origin, label, codename and suite are bound to the name, and the keys to the suite. Of a
 * suite that the table does not describe ("sid") the name alone is bound: its codename or Suite must be what was asked for.
 */
#ifndef TRUST_PUBLISHER_CHECK_H
#define TRUST_PUBLISHER_CHECK_H

#include "model/publisher.h"
#include "model/refusal.h"
#include "trust/inrelease.h"

/* Its row of the table, by codename and Suite, or NULL. */
const struct publisher_suite *publisher_suite_of(const struct publisher *publisher,
                                                 const struct inrelease *inrelease);

/*
 * asked: as the source has it, "bookworm-security". TRUST_MIX_AND_MATCH: another suite, origin or label;
 * TRUST_VENDOR_SIGNATURE: not enough of its keys signed it, or not the one that always does.
 */
bool publisher_check(const struct publisher *publisher, const struct inrelease *inrelease, struct text asked,
                     enum trust_refusal *refusal, struct error *err) MUST_USE;

/* Until when it is believed where it carries no Valid-Until; TIME_ABSENT: for ever. */
int64_t publisher_end_us(const struct publisher_suite *suite, const struct inrelease *inrelease);

#endif
