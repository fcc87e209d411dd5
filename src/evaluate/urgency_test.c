#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "evaluate/data_read.h"

/* The published table counted by outcome; and a few rows that everyone knows. */
static void the_built_in_table_is_the_published_one(void **state)
{
    size_t counts[URGENCY_COUNT] = {0};
    struct error err = {0};
    (void)state;

    for (size_t row = 0; row < URGENCY_ROWS; row++)
        counts[urgency_ssvc.at[row]]++;
    assert_int_equal(counts[URGENCY_UNKNOWN], 0);
    assert_int_equal(counts[URGENCY_DEFER], 7);
    assert_int_equal(counts[URGENCY_SCHEDULED], 42);
    assert_int_equal(counts[URGENCY_OUT_OF_CYCLE], 20);
    assert_int_equal(counts[URGENCY_IMMEDIATE], 3);
    assert_done("published", urgency_check(&urgency_ssvc, &err), &err);
    size_t worst = urgency_row(EXPLOITATION_ACTIVE, EXPOSURE_OPEN, ANSWER_YES, IMPACT_VERY_HIGH);
    assert_int_equal(worst, 71);
    assert_int_equal(urgency_ssvc.at[worst], URGENCY_IMMEDIATE);
    assert_int_equal(urgency_ssvc.at[urgency_row(EXPLOITATION_NONE, EXPOSURE_SMALL, ANSWER_NO, IMPACT_LOW)],
                     URGENCY_DEFER);
    assert_int_equal(
        urgency_ssvc.at[urgency_row(EXPLOITATION_ACTIVE, EXPOSURE_CONTROLLED, ANSWER_YES, IMPACT_VERY_HIGH)],
        URGENCY_OUT_OF_CYCLE);
}

/* Word `index` of a line of CSV. */
static struct text cell(struct text line, size_t index)
{
    struct text word = {0};

    for (size_t i = 0; i <= index; i++)
        assert_true(text_cut(&line, ',', &word));
    return text_trim(word);
}

static unsigned find_word(struct text word, const char *(*name)(int), int count)
{
    for (int i = 1; i < count; i++)
        if (text_equal(word, text_of(name(i))))
            return (unsigned)i;
    fail_msg("no word: %.*s", TEXT_ARG(word));
    return 0;
}

#define WORDS(type, function)                                                                                \
    static const char *word_of_##type(int value)                                                             \
    {                                                                                                        \
        return function((enum type)value);                                                                   \
    }
WORDS(exploitation, exploitation_name)
WORDS(exposure, exposure_name)
WORDS(answer, answer_name)
WORDS(impact, impact_name)
WORDS(urgency, urgency_name)
WORDS(safety, safety_name)
WORDS(mission, mission_name)

static bool open_csv(const char *file, struct arena *arena, struct text *out)
{
    char path[512];
    struct bytes bytes;
    struct error err;

    if (test_shared(file, path) == NULL)
        return false;
    assert_done(file, file_read(path, MIB, arena, &bytes, &err), &err);
    struct text line;
    *out = (struct text){(const char *)bytes.at, bytes.size};
    assert_true(text_cut(out, '\n', &line)); /* the head */
    return true;
}

static void every_row_is_as_published(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text rest, line;
    size_t rows = 0;
    (void)state;

    if (!open_csv("ssvc/deployer_patch_application_priority_1_0_0.csv", &arena, &rest))
        return;
    for (; text_cut(&rest, '\n', &line); rows++) {
        struct text exploitation = cell(line, 1);
        if (text_starts(exploitation, TEXT("public ")))
            exploitation = text_part(exploitation, 7, SIZE_MAX);
        size_t row =
            urgency_row((enum exploitation)find_word(exploitation, word_of_exploitation, EXPLOITATION_COUNT),
                        (enum exposure)find_word(cell(line, 2), word_of_exposure, EXPOSURE_COUNT),
                        (enum answer)find_word(cell(line, 3), word_of_answer, ANSWER_COUNT),
                        (enum impact)find_word(cell(line, 4), word_of_impact, IMPACT_COUNT));
        assert_int_equal(row, rows);
        assert_int_equal(urgency_ssvc.at[row], find_word(cell(line, 5), word_of_urgency, URGENCY_COUNT));
    }
    assert_int_equal(rows, URGENCY_ROWS);
}

static void human_impact_is_as_published(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text rest, line;
    size_t rows = 0;
    (void)state;

    assert_int_equal(impact_ssvc.at[impact_row(SAFETY_NEGLIGIBLE, MISSION_FAILURE)], IMPACT_VERY_HIGH);
    if (!open_csv("ssvc/human_impact_1_0_0.csv", &arena, &rest))
        return;
    for (; text_cut(&rest, '\n', &line); rows++) {
        size_t row = impact_row((enum safety)find_word(cell(line, 1), word_of_safety, SAFETY_COUNT),
                                (enum mission)find_word(cell(line, 2), word_of_mission, MISSION_COUNT));
        assert_int_equal(row, rows);
        assert_int_equal(impact_ssvc.at[row], find_word(cell(line, 3), word_of_impact, IMPACT_COUNT));
    }
    assert_int_equal(rows, IMPACT_ROWS);
}

struct own_row {
    const char *name;
    size_t row;
    uint8_t urgency;
    const char *text; /* of the error; empty: allowed */
};

static const struct own_row own_rows[] = {
    {"stricter at the top", 66, URGENCY_IMMEDIATE, ""},
    {"a hole in it", 5, URGENCY_UNKNOWN, "row none / small / yes / medium is missing"},
    {"exploited and open deferred", 64, URGENCY_DEFER,
     "row active / open / no / low may not be defer: it is exploited and open"},
    {"worse is less urgent", 63, URGENCY_SCHEDULED,
     "row active / controlled / yes / very high is less urgent than a row with a better input"},
    {"better is more urgent", 0, URGENCY_IMMEDIATE,
     "row poc / small / no / low is less urgent than a row with a better input"},
};

static void own_tables_keep_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(own_rows); i++) {
        struct urgency_table table = urgency_ssvc;
        struct error err = {0};
        table.at[own_rows[i].row] = own_rows[i].urgency;
        bool good = urgency_check(&table, &err);
        assert_failed(own_rows[i].name, &err, good ? ERROR_NONE : ERROR_INPUT, own_rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_table_is_the_published_one),
        cmocka_unit_test(every_row_is_as_published),
        cmocka_unit_test(human_impact_is_as_published),
        cmocka_unit_test(own_tables_keep_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
