#include "evaluate/window.h"

#include <assert.h>

/* Yesterday, today, a week for the one weekday that a window may have, and a day that a skipped start takes. */
#define DAYS_TO_LOOK 10

struct window_span window_after(const struct window *window, const struct zone *zone, int64_t us)
{
    struct civil local = zone_civil(zone, us);
    struct civil midnight = {.year = local.year, .month = local.month, .day = local.day};
    int64_t day_us = time_from_civil(midnight) - TIME_DAY_US; /* yesterday's may still be open */

    assert((window->days & WINDOW_EVERY_DAY) != 0 && window->length_minutes > 0);
    for (int day = 0; day < DAYS_TO_LOOK; day++, day_us += TIME_DAY_US) {
        struct civil start = time_civil(day_us);
        if ((window->days >> civil_weekday(start) & 1) == 0)
            continue;
        start.hour = window->start_minute / 60;
        start.minute = window->start_minute % 60;
        struct window_span span = {.start_us = zone_time(zone, start)};
        span.end_us = span.start_us + window->length_minutes * TIME_MINUTE_US;
        if (span.end_us > us)
            return span;
    }
    /* Beyond the end of 9999 all days are its last one, and no window ends after now. */
    return (struct window_span){us, us};
}

bool window_fits(const struct window *window, const struct zone *zone, int64_t us, int64_t needs_us,
                 struct window_span *out)
{
    struct window_span span = window_after(window, zone, us);
    bool open = span.start_us <= us && span.start_us < span.end_us;

    if (open && needs_us <= span.end_us - us) {
        *out = span;
        return true;
    }
    *out = open ? window_after(window, zone, span.end_us) : span;
    return false;
}

void window_write_days(struct writer *w, uint8_t days)
{
    const char *between = "";

    if (days == WINDOW_EVERY_DAY) {
        writer_string(w, "every day");
        return;
    }
    for (int32_t day = 0; day < 7; day++)
        if (days >> day & 1) {
            writer_format(w, "%s%s", between, civil_weekday_name(day));
            between = ", ";
        }
}
