/*
 * Clocks and durations: from what a deadline is counted, and how.
 *
 * Hours, days and weeks are exact time; a month is a calendar month in the policy's zone, clamped to the month's last
 * day. A rule names its clocks in order. When the first has no time the next is used, at last the time of detection,
 * and the answer says that it is assumed.
 */
#ifndef EVALUATE_CLOCK_H
#define EVALUATE_CLOCK_H

#include "base/zone.h"
#include "model/decision.h"

enum duration_unit {
    DURATION_NEXT_UPGRADE, /* no date: with the next upgrade of the system */
    DURATION_HOURS,
    DURATION_DAYS,
    DURATION_WEEKS,
    DURATION_MONTHS,
    DURATION_UNIT_COUNT
};

struct duration {
    uint16_t count; /* 0 to 9999; 0: due when the clock says */
    enum duration_unit unit : 8;
};

/* "3 days", "1 month", "48 hours", "2 weeks", "next upgrade". */
bool duration_parse(struct text text, struct duration *out, struct error *err) MUST_USE;
/* The same words. */
void duration_write(struct writer *w, struct duration duration);
/* us is not TIME_ABSENT; the unit is not NEXT_UPGRADE. */
int64_t duration_add(struct duration duration, int64_t us, const struct zone *zone);

#define CLOCKS_MAX 4

/* All times of one finding; TIME_ABSENT where nobody knows. `detected` is always known. */
struct clock_times {
    int64_t at[CLOCK_COUNT];
    enum clock_origin fix_origin; /* of at[CLOCK_FIX_AVAILABLE] */
    bool fix_exists;              /* false: that clock has not begun, which is not the same as unknown */
};

/*
 * Puts the best known time at which the fix was available, with its origin: the advisory's date, the changelog
 * entry's, the archive's Release date, the detection. Each may be TIME_ABSENT but the last.
 */
void clock_put_fix(struct clock_times *times, int64_t advisory_us, int64_t changelog_us, int64_t archive_us);

struct clock_choice {
    int64_t us; /* TIME_ABSENT: the clock begins when there is a fix */
    enum clock clock;
    enum clock_origin origin;
    bool assumed;
};
struct clock_choice clock_choose(const uint8_t *clocks, size_t count, const struct clock_times *times);
/* CLOCK_UNKNOWN when there is none of that name. */
enum clock clock_find(struct text name);

#endif
