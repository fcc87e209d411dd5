/*
 * Numbers, times and versions as people say them on screens. Each gives a text in the arena; memory running out gives an
 * absent text, which shows as nothing.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "base/time.h"
#include "base/zone.h"

/* "188 MB", "0.3 MB", "18 kB"; decimal units, as apt shows them. */
struct text words_size(struct arena *arena, uint64_t bytes);
/* How long ago: "40 min", "6 h", "3 d", "now" for less than a minute or the future. */
struct text words_age(struct arena *arena, int64_t from_us, int64_t now_us);
/* "3 Dec", with the year when it is not this one. */
struct text words_day(struct arena *arena, const struct zone *zone, int64_t us, int64_t now_us);
/* "Mon 23 Nov", "today", "tomorrow" */
struct text words_weekday(struct arena *arena, const struct zone *zone, int64_t us, int64_t now_us);
/* "Sat 21 Nov 2026 07:50" */
struct text words_moment(struct arena *arena, const struct zone *zone, int64_t us);
/* "1 package", "3 packages" */
struct text words_count(struct arena *arena, uint64_t count, const char *one, const char *many);
/* What of a new version differs from the installed one, short: "2.5.0-1+deb12u1" and "2.5.0-1+deb12u5" give "u5". */
struct text words_version(struct text installed, struct text candidate);

/* The zone of this machine: TZ when it names one, else the one that /etc/localtime links to, else UTC. */
struct zone words_local_zone(struct arena *arena);

#endif
