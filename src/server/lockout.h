/*
 * Slowing down who guesses passwords, without letting them lock others out.
 *
 * Failures are counted for each place (an IPv4 address, or an IPv6 network of 64 bits), for each user, and for each user
 * from each place:
 *
 *     user from a place   1 s behind the fourth failure, doubled with each, 15 minutes at most
 *     place               1 s behind the thirtieth, doubled, 30 s at most: an office behind one address
 *     user                with more than 20 failures in all, a place that is new to the user waits once for 10 s, and then
 *                         has its turn, however many others are guessing just then
 *
 * A place from which the user has logged in during the last 30 days is not slowed by what others do. So a botnet costs
 * the user ten seconds from a new place, and has for itself some tries an hour from each of its addresses. Nothing is ever
 * refused for good, and names that do not exist are counted like those that do.
 *
 * A try counts as failed from the moment it begins: a hundred at once are not one. All in memory of fixed size: a row goes
 * when a newer one of the same eight needs its place; hashes have a random key, so that nobody chooses which. Not locked:
 * its owner has a lock around it.
 */
#ifndef SERVER_LOCKOUT_H
#define SERVER_LOCKOUT_H

#include "base/bytes.h"

struct lockout;

/* In the arena, about 600 KB; key is random. NULL: memory is out. */
struct lockout *lockout_make(struct arena *arena, uint64_t key);

/* address: as people write it, "192.0.2.7" or "2001:db8::1". */
struct lockout_try {
    struct text user, address;
    int64_t now_us;
};

/* 0: try now, which counts as a failure until lockout_succeeded; else how long to wait, and nothing is counted. */
int64_t lockout_begin(struct lockout *lockout, const struct lockout_try *attempt);
void lockout_succeeded(struct lockout *lockout, const struct lockout_try *attempt);

#endif
