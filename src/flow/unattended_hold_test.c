#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/unattended_hold.h"

#define CHANGE(package, why, by)                                                                             \
    {                                                                                                        \
        .kind = CHANGE_UPGRADE, .reason = why, .name = TEXT(package), .arch = TEXT("amd64"),                 \
        .needed_by = TEXT(by)                                                                                \
    }

static const struct plan_change changes[] = {
    CHANGE("apache", CHANGE_DUE, ""),          CHANGE("expat", CHANGE_DUE, ""),
    CHANGE("libapr", CHANGE_NEEDED, "apache"), CHANGE("libdeep", CHANGE_PREREQUISITE, "libapr"),
    CHANGE("zlib", CHANGE_NAMED, ""),
};
static const struct plan plan = {.changes = changes, .change_count = COUNT_OF(changes)};

static void test_holds(void **state)
{
    static const struct {
        const char *name;
        struct power power;
        const char *rest, *why;
    } rows[] = {
        {"nothing new",
         {.kind = POWER_UNKNOWN, .package = TEXT("none")},
         "apache:amd64 expat:amd64 zlib:amd64",
         NULL},
        {"a new unit",
         {.kind = POWER_TIMER,
          .is_new = true,
          .package = TEXT("expat"),
          .arch = TEXT("amd64"),
          .path = TEXT("/x.timer")},
         "apache:amd64 zlib:amd64",
         "expat brings a new timer, /x.timer"},
        {"a changed script",
         {.kind = POWER_SCRIPT, .package = TEXT("zlib"), .arch = TEXT("amd64"), .path = TEXT("postinst")},
         "apache:amd64 expat:amd64",
         "zlib changes a maintainer script, postinst"},
        {"a script that changed only in its version",
         {.kind = POWER_SCRIPT,
          .small = true,
          .package = TEXT("zlib"),
          .arch = TEXT("amd64"),
          .path = TEXT("postinst")},
         "apache:amd64 expat:amd64 zlib:amd64",
         NULL},
        {"of another architecture",
         {.kind = POWER_SETUID,
          .is_new = true,
          .package = TEXT("zlib"),
          .arch = TEXT("i386"),
          .path = TEXT("/x")},
         "apache:amd64 expat:amd64 zlib:amd64",
         NULL},
        {"what is needed holds who needs it",
         {.kind = POWER_SETUID,
          .is_new = true,
          .package = TEXT("libdeep"),
          .arch = TEXT("amd64"),
          .path = TEXT("/x")},
         "expat:amd64 zlib:amd64",
         "apache needs libapr, which is held"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct power power = rows[i].power;
        const struct powers powers = {.at = &power, .count = 1};
        struct unattended_holds holds = {.count = 0};
        struct text *names, all = TEXT(""), last = TEXT("");
        struct error err = {0};
        size_t count;
        bool any;
        assert_done("powers", unattended_hold_powers(&plan, &powers, &arena, &holds, &err), &err);
        assert_done("needing", unattended_hold_needing(&plan, &arena, &holds, &any, &err), &err);
        assert_done("rest", unattended_rest(&plan, &holds, &arena, &names, &count, &err), &err);
        assert_int_equal(any, rows[i].why != NULL);
        for (size_t n = 0; n < count; n++)
            all = text_format(&arena, "%.*s%s%.*s", TEXT_ARG(all), n > 0 ? " " : "", TEXT_ARG(names[n]));
        assert_text(rows[i].name, all, rows[i].rest);
        if (holds.count > 0)
            last = text_format(&arena, "%.*s %.*s", TEXT_ARG(holds.at[holds.count - 1].name),
                               TEXT_ARG(holds.at[holds.count - 1].why));
        assert_text(rows[i].name, last, rows[i].why == NULL ? "" : rows[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_holds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
