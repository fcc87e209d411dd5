/*
 * Floors: what must never go back on this machine, beside TUF's own metadata (whose folder is its own floor).
 *
 * One file "floors" in the state folder, of its owner alone, replaced whole and synced. One line each, sorted:
 *
 *     suture-floors 1
 *     signed-time 2026-11-22T00:00:00Z
 *     suite-date https://deb.debian.org/debian bookworm-security 2026-11-20T08:14:02Z
 *     end
 *
 * A floor only rises, and only by what was signed: the clock never raises one (one wrong boot would lock out for ever). A
 * file that is broken, cut short, newer or another's is an error for whoever asks, never "no floor".
 */
#ifndef STORE_FLOORS_H
#define STORE_FLOORS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/time.h"

#define FLOORS_SIGNED_TIME TEXT("signed-time") /* of nothing: the latest time that anybody signed */

struct floors; /* in the arena */

/* No file: no floors, no error. */
bool floors_read(const char *path, struct arena *arena, struct floors **out, struct error *err) MUST_USE;
/* `raw` may go afterwards. */
bool floors_parse(struct bytes raw, struct arena *arena, struct floors **out, struct error *err) MUST_USE;

/* TIME_ABSENT: none yet. kind: one word; of: what it is of, without control characters, may be empty. */
int64_t floors_get(const struct floors *floors, struct text kind, struct text of);
/* Lower than what is there: nothing happens. */
bool floors_raise(struct floors *floors, struct text kind, struct text of, int64_t time_us, struct error *err)
    MUST_USE;
/* Replaces the file, durably, when something rose; what another has raised meanwhile stays raised. */
bool floors_write(const struct floors *floors, const char *path, struct error *err) MUST_USE;
/* What the file would hold. */
void floors_print(const struct floors *floors, struct writer *w);

/* The time that expiry is judged by: the later of the clock and the last signed time. */
int64_t floors_now(const struct floors *floors, int64_t clock_us);

#endif
