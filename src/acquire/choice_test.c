#include "base/testing.h"

#include "acquire/choice.h"

#define MB 1000000

static void test_choices(void **state)
{
    static const struct {
        const char *name;
        struct choice_machine machine;
        struct choice_package package;
        enum choice choice;
        enum choice_reason reason;
    } rows[] = {
        {"no delta", {.rate = MB}, {.whole_size = MB}, CHOICE_WHOLE, CHOICE_NO_DELTA},
        {"never", {.use = CHOICE_NEVER, .rate = 1000}, {MB, 0, 10, 0, MB, 0}, CHOICE_WHOLE, CHOICE_FORBIDDEN},
        {"never, not even when it is here",
         {.use = CHOICE_NEVER},
         {MB, 0, 10, 10, MB, 0},
         CHOICE_WHOLE,
         CHOICE_FORBIDDEN},
        {"always",
         {.use = CHOICE_ALWAYS, .rate = 1000 * MB},
         {MB, 0, 10, 0, 99 * MB, 0},
         CHOICE_DELTA,
         CHOICE_TOLD},
        {"always, but it saves nothing",
         {.use = CHOICE_ALWAYS},
         {MB, 0, MB, 0, MB, 0},
         CHOICE_WHOLE,
         CHOICE_LARGER},
        {"always, but there is no memory",
         {.use = CHOICE_ALWAYS, .memory = 100 * MB},
         {MB, 0, 10, 0, MB, 165 * MB},
         CHOICE_WHOLE,
         CHOICE_NO_MEMORY},
        {"memory that is not known does not count",
         {.use = CHOICE_ALWAYS},
         {MB, 0, 10, 0, MB, 165 * MB},
         CHOICE_DELTA,
         CHOICE_TOLD},
        {"the delta is here", {.rate = 1000 * MB}, {MB, 0, 500, 500, 99 * MB, 0}, CHOICE_DELTA, CHOICE_HERE},
        {"the package is here", {.rate = 1000}, {MB, MB, 500, 0, MB, 0}, CHOICE_WHOLE, CHOICE_LARGER},
        {"most of the package is here",
         {.rate = 1000},
         {MB, MB - 400, 500, 0, MB, 0},
         CHOICE_WHOLE,
         CHOICE_LARGER},
        {"both are here: nothing is to be rebuilt",
         {.rate = 1000},
         {MB, MB, 500, 500, MB, 0},
         CHOICE_WHOLE,
         CHOICE_LARGER},
        {"home, on mains", {.rate = 2 * MB}, {2 * MB, 0, 60000, 0, 6 * MB, 0}, CHOICE_DELTA, CHOICE_COST},
        {"home, on battery",
         {.rate = 2 * MB, .battery = true},
         {2 * MB, 0, 60000, 0, 6 * MB, 0},
         CHOICE_WHOLE,
         CHOICE_COST},
        {"telephone, on battery",
         {.rate = MB / 2, .battery = true},
         {2 * MB, 0, 60000, 0, 6 * MB, 0},
         CHOICE_DELTA,
         CHOICE_COST},
        {"home, on battery, metered",
         {.rate = 2 * MB, .battery = true, .metered = true},
         {2 * MB, 0, 60000, 0, 6 * MB, 0},
         CHOICE_DELTA,
         CHOICE_COST},
        {"data centre", {.rate = 125 * MB}, {2 * MB, 0, 60000, 0, 6 * MB, 0}, CHOICE_WHOLE, CHOICE_COST},
        {"data centre, hardly anything to pack",
         {.rate = 125 * MB},
         {2 * MB, 0, 600, 0, 100000, 0},
         CHOICE_DELTA,
         CHOICE_COST},
        {"not known is a home", {0}, {2 * MB, 0, 60000, 0, 6 * MB, 0}, CHOICE_DELTA, CHOICE_COST},
        {"packed well: 60 MB in 2",
         {.rate = 2 * MB},
         {2 * MB, 0, 60000, 0, 60 * MB, 0},
         CHOICE_WHOLE,
         CHOICE_COST},
        {"absurd numbers",
         {.rate = 1, .metered = true},
         {UINT64_MAX, 0, UINT64_MAX - 1, 0, UINT64_MAX, 0},
         CHOICE_WHOLE,
         CHOICE_LARGER},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum choice_reason reason = CHOICE_REASON_UNKNOWN;
        enum choice choice = choice_make(&rows[i].machine, &rows[i].package, &reason);
        if (choice != rows[i].choice || reason != rows[i].reason)
            fail_msg("%s: %d because \"%s\", expected %d because \"%s\"", rows[i].name, choice,
                     choice_reason_text(reason), rows[i].choice, choice_reason_text(rows[i].reason));
    }
}

/* A slower link, or less to pack, never turns a delta into a whole package. */
static void test_monotone(void **state)
{
    (void)state;
    for (uint64_t packed = 0; packed < 200 * MB; packed += 7 * MB) {
        bool whole = false;
        for (uint64_t rate = 1000; rate < 2000 * (uint64_t)MB; rate *= 2) {
            const struct choice_machine machine = {.rate = rate};
            const struct choice_package package = {9 * MB, 0, MB / 3, 0, packed, 0};
            enum choice_reason reason;
            bool chosen = choice_make(&machine, &package, &reason) == CHOICE_WHOLE;
            assert_true(chosen || !whole);
            whole = chosen;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_monotone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
