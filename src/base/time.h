/*
 * Times: microseconds since 1970-01-01T00:00:00Z, in an int64_t whose name ends in _us.
 *
 * TIME_ABSENT is "not known" and smaller than every time. What is parsed lies in the years 1 to 9999; what is reckoned
 * beyond them is shown as the nearest time in them, so that whatever is written can be read again. Nothing here reads a clock but time_now_us(), which only
 * roofs call: everything else gets its time as a parameter. Calendars of places are in base/zone.h.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/writer.h"

#define TIME_ABSENT    INT64_MIN
#define TIME_SECOND_US INT64_C(1000000)
#define TIME_MINUTE_US (60 * TIME_SECOND_US)
#define TIME_HOUR_US   (60 * TIME_MINUTE_US)
#define TIME_DAY_US    (24 * TIME_HOUR_US)

/* A date and time of day in the proleptic Gregorian calendar; no zone of its own. */
struct civil {
    int32_t year;  /* 1 to 9999 */
    int32_t month; /* 1 to 12 */
    int32_t day;
    int32_t hour, minute, second;
};

int64_t time_now_us(void);
/* Processor time used by this process so far. */
int64_t time_cpu_us(void);

/* ISO 8601 / RFC 3339: "2026-11-21", "2026-11-21T07:50", "...:00Z", "...+01:00", fractions of a second. A date alone is 00:00 UTC. */
bool time_parse(struct text text, int64_t *out_us, struct error *err) MUST_USE;
/* RFC 5322 as in InRelease, changelogs and DSA lists: "Sat, 11 Jul 2026 09:36:11 UTC" or "+0200", week day optional. */
bool time_parse_mail(struct text text, int64_t *out_us, struct error *err) MUST_USE;
/* "[21 Nov 2026]" without the brackets, "21 Nov 2026". */
bool time_parse_day_month(struct text text, int64_t *out_us, struct error *err) MUST_USE;

/* "2026-11-21T07:50:00Z"; fractions only when there are any. TIME_ABSENT is a caller's mistake. */
void time_write(struct writer *w, int64_t us);
/* "2026-11-21" */
void time_write_date(struct writer *w, int64_t us);

struct civil time_civil(int64_t us);         /* in UTC; always valid */
int64_t time_from_civil(struct civil civil); /* of UTC; fields must be in range */
bool civil_valid(struct civil civil);
int32_t civil_days_in_month(int32_t year, int32_t month);
/* n months on (or back): same day, clamped to the month's last; never beyond January of year 1 or December of 9999. */
struct civil civil_add_months(struct civil civil, int32_t months);
/* 0 Monday to 6 Sunday */
int32_t civil_weekday(struct civil civil);
/* "Mon", "Nov" */
const char *civil_weekday_name(int32_t weekday);
const char *civil_month_name(int32_t month);

#endif
