#include "evaluate/clock.h"

#include <assert.h>

#define DURATION_MAX 9999

static const struct unit {
    const char *one, *many;
    int64_t us;
} units[DURATION_UNIT_COUNT] = {
    [DURATION_NEXT_UPGRADE] = {"next upgrade", "next upgrade", 0},
    [DURATION_HOURS] = {"hour", "hours", TIME_HOUR_US},
    [DURATION_DAYS] = {"day", "days", TIME_DAY_US},
    [DURATION_WEEKS] = {"week", "weeks", 7 * TIME_DAY_US},
    [DURATION_MONTHS] = {"month", "months", 0},
};

bool duration_parse(struct text text, struct duration *out, struct error *err)
{
    struct text rest = text, count, unit;
    struct error ignored;
    uint64_t number;

    if (text_equal(text, text_of(units[DURATION_NEXT_UPGRADE].one))) {
        *out = (struct duration){0, DURATION_NEXT_UPGRADE};
        return true;
    }
    if (text_cut_word(&rest, &count) && text_cut_word(&rest, &unit) && text_trim(rest).size == 0 &&
        text_to_u64(count, &number, &ignored) && number <= DURATION_MAX)
        for (enum duration_unit i = DURATION_HOURS; i < DURATION_UNIT_COUNT; i++)
            if (text_equal(unit, text_of(units[i].one)) || text_equal(unit, text_of(units[i].many))) {
                *out = (struct duration){(uint16_t)number, i};
                return true;
            }
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no time span like \"48 hours\", \"3 days\", \"1 month\"",
                     TEXT_ARG(text_part(text, 0, 40)));
}

void duration_write(struct writer *w, struct duration duration)
{
    const struct unit *unit = &units[duration.unit];

    if (duration.unit == DURATION_NEXT_UPGRADE)
        writer_string(w, unit->one);
    else
        writer_format(w, "%u %s", duration.count, duration.count == 1 ? unit->one : unit->many);
}

int64_t duration_add(struct duration duration, int64_t us, const struct zone *zone)
{
    assert(duration.unit != DURATION_NEXT_UPGRADE && us != TIME_ABSENT);
    if (duration.unit != DURATION_MONTHS)
        return us + duration.count * units[duration.unit].us;
    int64_t rest_us = us % TIME_SECOND_US; /* wall time has no fractions; the instant keeps its own */
    if (rest_us < 0)
        rest_us += TIME_SECOND_US;
    struct civil local = civil_add_months(zone_civil(zone, us), duration.count);
    return zone_time(zone, local) + rest_us;
}

void clock_put_fix(struct clock_times *times, int64_t advisory_us, int64_t changelog_us, int64_t archive_us)
{
    const struct {
        int64_t us;
        enum clock_origin origin;
    } best_first[] = {
        {advisory_us, CLOCK_ORIGIN_ADVISORY},
        {changelog_us, CLOCK_ORIGIN_CHANGELOG},
        {archive_us, CLOCK_ORIGIN_ARCHIVE},
        {times->at[CLOCK_DETECTED], CLOCK_ORIGIN_DETECTED},
    };

    for (size_t i = 0; i < sizeof(best_first) / sizeof(*best_first); i++)
        if (best_first[i].us != TIME_ABSENT) {
            times->at[CLOCK_FIX_AVAILABLE] = best_first[i].us;
            times->fix_origin = best_first[i].origin;
            return;
        }
}

struct clock_choice clock_choose(const uint8_t *clocks, size_t count, const struct clock_times *times)
{
    assert(count > 0 && times->at[CLOCK_DETECTED] != TIME_ABSENT);
    if (clocks[0] == CLOCK_FIX_AVAILABLE && !times->fix_exists)
        return (struct clock_choice){TIME_ABSENT, CLOCK_FIX_AVAILABLE, CLOCK_ORIGIN_UNKNOWN, false};
    for (size_t i = 0; i < count; i++) {
        enum clock clock = (enum clock)clocks[i];
        if (times->at[clock] == TIME_ABSENT || (clock == CLOCK_FIX_AVAILABLE && !times->fix_exists))
            continue;
        enum clock_origin origin = clock == CLOCK_FIX_AVAILABLE ? times->fix_origin : CLOCK_ORIGIN_NAMED;
        return (struct clock_choice){times->at[clock], clock, origin,
                                     i > 0 || origin == CLOCK_ORIGIN_DETECTED};
    }
    return (struct clock_choice){times->at[CLOCK_DETECTED], CLOCK_DETECTED, CLOCK_ORIGIN_DETECTED, true};
}

enum clock clock_find(struct text name)
{
    for (enum clock clock = CLOCK_PUBLISHED; clock < CLOCK_COUNT; clock++)
        if (text_equal(name, text_of(clock_name(clock))))
            return clock;
    return CLOCK_UNKNOWN;
}
