#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/unattended.h"

#define NIGHT   "2026-11-23T03:10:00Z" /* the built-in window: every night at 03:00 for four hours */
#define MORNING "2026-11-23T09:00:00Z"
#define ENDING  "2026-11-23T06:45:00Z"

static int64_t at(const char *time)
{
    int64_t us = 0;
    struct error err = {0};

    assert_done(time, time_parse(text_of(time), &us, &err), &err);
    return us;
}

static const struct ready_power mains = {.mains = true};
static const struct ready_power low = {.battery = true, .level_known = true, .percent = 20};

/* Groups as a scan makes them, in a few letters. */
static struct scan_group group(char what, int64_t now_us)
{
    struct scan_group group = {.source = TEXT("nothing"),
                               .kind = UPDATE_SECURITY,
                               .standing = STANDING_TAKEN,
                               .action = ACTION_BY_DATE,
                               .due_us = now_us + 30 * TIME_DAY_US};

    switch (what) {
    case 'n': /* to be done now */
        group.source = TEXT("expat");
        group.action = ACTION_NOW;
        group.due_us = now_us;
        break;
    case 'h': /* the same, and held by dpkg */
        group.source = TEXT("held");
        group.action = ACTION_NOW;
        group.due_us = now_us;
        group.held = true;
        break;
    case 'p': /* the same, and postponed */
        group.action = ACTION_NOW;
        group.standing = STANDING_POSTPONED;
        break;
    case 'w': /* due this week */
        group.source = TEXT("openssl");
        group.action = ACTION_NEXT_WINDOW;
        group.due_us = now_us + 2 * TIME_DAY_US;
        break;
    case 'l': /* late */
        group.source = TEXT("zlib");
        group.late = true;
        group.due_us = now_us - TIME_DAY_US;
        break;
    case 'f': /* functional */
        group.kind = UPDATE_FUNCTIONAL;
        group.action = ACTION_WAIT;
        group.due_us = TIME_ABSENT;
        break;
    default: /* 's': later */
        break;
    }
    return group;
}

static void test_turns(void **state)
{
    static const struct {
        const char *groups, *now;
        const struct ready_power *power;
        enum level level;
        enum unattended_turn turn;
        const char *names;
    } rows[] = {
        {"", NIGHT, &mains, LEVEL_NORMAL, UNATTENDED_NOTHING, ""},
        {"sf", NIGHT, &mains, LEVEL_NORMAL, UNATTENDED_NOTHING, ""},
        {"sfw", NIGHT, &mains, LEVEL_NORMAL, UNATTENDED_ALL, ""},
        {"sfl", NIGHT, &mains, LEVEL_NORMAL, UNATTENDED_ALL, ""},
        {"wl", MORNING, &mains, LEVEL_NORMAL, UNATTENDED_WAIT, ""},
        {"wl", ENDING, &mains, LEVEL_NORMAL, UNATTENDED_WAIT, ""}, /* a quarter of an hour is too short */
        {"wnl", MORNING, &mains, LEVEL_NORMAL, UNATTENDED_URGENT, "expat"},
        {"wnl", NIGHT, &mains, LEVEL_NORMAL, UNATTENDED_ALL, "expat"},
        {"h", MORNING, &mains, LEVEL_NORMAL, UNATTENDED_WAIT, ""},
        {"p", MORNING, &mains, LEVEL_ESSENTIAL, UNATTENDED_NOTHING, ""},
        {"s", NIGHT, &mains, LEVEL_ESSENTIAL, UNATTENDED_ALL,
         ""}, /* the level takes it: it is due before the end */
        {"w", NIGHT, &low, LEVEL_NORMAL, UNATTENDED_POWER, ""},
        {"n", MORNING, &low, LEVEL_NORMAL, UNATTENDED_POWER, "expat"},
        {"w", MORNING, &low, LEVEL_NORMAL, UNATTENDED_WAIT, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct scan_group groups[8];
        const struct host host = {.name = TEXT("web-03")};
        struct scan scan = {.now_us = at(rows[i].now),
                            .host = &host,
                            .policy = &policy_built_in,
                            .level = rows[i].level,
                            .groups = groups};
        struct unattended_look look;
        struct error err = {0};
        for (const char *what = rows[i].groups; *what != 0; what++)
            groups[scan.group_count++] = group(*what, scan.now_us);
        assert_done("decide", unattended_decide(&scan, rows[i].power, &arena, &look, &err), &err);
        struct text names = look.name_count > 0 ? look.names[0] : TEXT("");
        if (look.turn != rows[i].turn || !text_equal(names, text_of(rows[i].names)))
            fail_msg("row %zu (%s at %s): %s, \"%.*s\"", i, rows[i].groups, rows[i].now,
                     unattended_turn_name(look.turn), TEXT_ARG(names));
        if (look.turn == UNATTENDED_POWER)
            assert_string_equal(look.power.text, "on battery at 20 %, and 50 % is asked for, or mains");
    }
}

static void test_restarts(void **state)
{
    static const struct {
        bool needed, allowed;
        enum level level;
        const char *now;
        bool may;
        const char *why;
    } rows[] = {
        {false, true, LEVEL_NORMAL, NIGHT, false, "no restart is needed"},
        {true, false, LEVEL_NORMAL, NIGHT, false,
         "a restart is needed, and the policy never lets the machine be restarted by itself"},
        {true, true, LEVEL_NORMAL, NIGHT, true,
         "a restart is needed, the window is open and the policy lets it"},
        {true, true, LEVEL_ESSENTIAL, NIGHT, true,
         "a restart is needed, the window is open and the policy lets it"},
        {true, true, LEVEL_EMERGENCY_ONLY, NIGHT, false,
         "a restart is needed; at the level emergency-only a person decides"},
        {true, true, LEVEL_NORMAL, MORNING, false, "a restart is needed, and no window is open for it"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct policy policy = policy_built_in;
        const struct host host = {.name = TEXT("web-03"), .reboot_needed = rows[i].needed};
        const struct scan scan = {
            .now_us = at(rows[i].now), .host = &host, .policy = &policy, .level = rows[i].level};
        const char *why = "";
        policy.unattended.reboot = rows[i].allowed;
        assert_int_equal(unattended_may_restart(&scan, &why), rows[i].may);
        assert_string_equal(why, rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_restarts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
