#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "model/cvss.h"

static struct text read_text(const char *path, struct arena *arena)
{
    struct bytes bytes = BYTES("");
    struct error err;

    assert_done(path, file_read(path, MIB, arena, &bytes, &err), &err);
    return (struct text){(const char *)bytes.at, bytes.size};
}

static struct text read_golden(const char *name, struct arena *arena)
{
    assert_non_null(getenv("SUTURE_GOLDEN"));
    return read_text(file_path(arena, getenv("SUTURE_GOLDEN"), name), arena);
}

static struct cvss_scores score_text(struct text text)
{
    struct cvss_vector vector = {.version = CVSS_UNKNOWN};
    struct error err;

    if (!cvss_parse(text, &vector, &err))
        fail_msg("%.*s: %s", TEXT_ARG(text), err.text);
    return cvss_score(&vector);
}

/* "7.5" in tenths; "-" and "None" are none; "-0.0", which some print for no impact, is 0. */
static int16_t tenths_of(struct text text)
{
    struct error err;
    uint64_t whole, tenths;

    if (text_equal(text, TEXT("-")) || text_equal(text, TEXT("None")))
        return CVSS_NONE;
    if (text_starts(text, TEXT("-")))
        text = text_part(text, 1, text.size);
    struct text before;
    assert_true(text_cut(&text, '.', &before));
    assert_true(text_to_u64(before, &whole, &err));
    if (text.size == 0)
        return (int16_t)(whole * 10);
    assert_true(text_to_u64(text, &tenths, &err) && tenths < 10);
    return (int16_t)(whole * 10 + tenths);
}

static void check_score(struct text vector, const char *which, int16_t got, struct text expected)
{
    if (got != tenths_of(expected))
        fail_msg("%.*s: %s is %d tenths, expected %.*s", TEXT_ARG(vector), which, got, TEXT_ARG(expected));
}

static void test_golden(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text lines = read_golden("cvss/scores.txt", &arena), line;
    size_t count = 0;
    (void)state;

    while (text_cut(&lines, '\n', &line)) {
        struct text vector, expected[4];
        if (line.size == 0 || *line.at == '#')
            continue;
        assert_true(text_cut_word(&line, &vector));
        for (size_t i = 0; i < 4; i++)
            assert_true(text_cut_word(&line, &expected[i]));
        struct cvss_scores scores = score_text(vector);
        check_score(vector, "base", scores.base, expected[0]);
        check_score(vector, "temporal", scores.temporal, expected[1]);
        check_score(vector, "environmental", scores.environmental, expected[2]);
        check_score(vector, "overall", scores.overall, expected[3]);
        count++;
    }
    assert_true(count > 50);
}

static void test_golden_bad(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text lines = read_golden("cvss/bad/vectors.txt", &arena), line;
    (void)state;

    while (text_cut(&lines, '\n', &line)) {
        struct cvss_vector vector = {.version = CVSS_UNKNOWN};
        struct error err = {.kind = ERROR_NONE};
        struct text text;
        if (*line.at == '#')
            continue;
        assert_true(text_cut(&line, '\t', &text));
        if (cvss_parse(text, &vector, &err))
            fail_msg("%.*s was taken", TEXT_ARG(text));
        assert_text(text_string(&arena, text), text_of(err.text), text_string(&arena, line));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_int_equal(vector.version, CVSS_UNKNOWN);
    }
}

static void test_size(void **state)
{
    char text[LIMIT_VECTOR + 1];
    struct cvss_vector vector;
    struct error err = {.kind = ERROR_NONE};
    (void)state;

    memset(text, '/', sizeof(text));
    assert_false(cvss_parse((struct text){text, sizeof(text)}, &vector, &err));
    assert_failed("long", &err, ERROR_LIMIT, "the vector has 257 bytes, more than 256");
    assert_false(cvss_parse((struct text){NULL, 0}, &vector, &err));
    assert_failed("empty", &err, ERROR_INPUT, "the vector is empty");
}

static void test_values(void **state)
{
    struct cvss_vector vector;
    struct error err;
    (void)state;

    assert_done("3.1",
                cvss_parse(TEXT("CVSS:3.1/AV:N/AC:L/PR:H/UI:R/S:U/C:H/I:L/A:N/E:X/MAV:P"), &vector, &err),
                &err);
    assert_int_equal(vector.version, CVSS_31);
    assert_text("AV", cvss_value(&vector, TEXT("AV")), "N");
    assert_text("PR", cvss_value(&vector, TEXT("PR")), "H");
    assert_text("MAV", cvss_value(&vector, TEXT("MAV")), "P");
    assert_text("E", cvss_value(&vector, TEXT("E")), "");
    assert_text("RL", cvss_value(&vector, TEXT("RL")), "");
    assert_text("Au", cvss_value(&vector, TEXT("Au")), "");
    assert_done("2", cvss_parse(TEXT("AV:A/AC:M/Au:S/C:P/I:C/A:N/E:POC"), &vector, &err), &err);
    assert_text("Au", cvss_value(&vector, TEXT("Au")), "S");
    assert_text("E", cvss_value(&vector, TEXT("E")), "POC");
}

static void test_severity(void **state)
{
    static const struct {
        int16_t tenths;
        enum severity two, other;
    } rows[] = {
        {CVSS_NONE, SEVERITY_UNKNOWN, SEVERITY_UNKNOWN},
        {0, SEVERITY_LOW, SEVERITY_NONE},
        {1, SEVERITY_LOW, SEVERITY_LOW},
        {39, SEVERITY_LOW, SEVERITY_LOW},
        {40, SEVERITY_MEDIUM, SEVERITY_MEDIUM},
        {69, SEVERITY_MEDIUM, SEVERITY_MEDIUM},
        {70, SEVERITY_HIGH, SEVERITY_HIGH},
        {89, SEVERITY_HIGH, SEVERITY_HIGH},
        {90, SEVERITY_HIGH, SEVERITY_CRITICAL},
        {100, SEVERITY_HIGH, SEVERITY_CRITICAL},
    };
    static const char *const names[] = {"unknown", "none", "low", "medium", "high", "critical", "unknown"};
    static const char *const versions[] = {"unknown", "2.0", "3.0", "3.1", "4.0", "unknown"};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(cvss_severity(CVSS_2, rows[i].tenths), rows[i].two);
        assert_int_equal(cvss_severity(CVSS_30, rows[i].tenths), rows[i].other);
        assert_int_equal(cvss_severity(CVSS_31, rows[i].tenths), rows[i].other);
        assert_int_equal(cvss_severity(CVSS_40, rows[i].tenths), rows[i].other);
        assert_int_equal(cvss_severity(CVSS_UNKNOWN, rows[i].tenths), SEVERITY_UNKNOWN);
    }
    for (unsigned i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(severity_name((enum severity)i), names[i]);
    for (unsigned i = 0; i < COUNT_OF(versions); i++)
        assert_string_equal(cvss_version_name((enum cvss_version)i), versions[i]);
}

/* Calls for every combination of one word from each list, put behind each other. */
static void each(const char *const *lists, char text[LIMIT_VECTOR], size_t size,
                 void (*found)(struct text, void *), void *self)
{
    struct text rest, word;

    if (*lists == NULL) {
        found((struct text){text, size}, self);
        return;
    }
    rest = text_of(*lists);
    while (text_cut(&rest, ' ', &word)) {
        memcpy(text + size, word.at, word.size);
        each(lists + 1, text, size + word.size, found, self);
    }
}

struct versions_count {
    size_t all, differ;
};

static void compare_versions(struct text text, void *self)
{
    struct versions_count *count = self;
    char other[LIMIT_VECTOR];

    memcpy(other, text.at, text.size);
    other[strlen("CVSS:3.")] = '0';
    struct cvss_scores x = score_text(text), y = score_text((struct text){other, text.size});
    count->all++;
    count->differ += x.environmental != y.environmental;
    assert_true(x.base == y.base && x.overall == x.environmental && x.environmental <= 100);
}

/* The two versions are known to differ in this many environmental scores of all base metrics and requirements. */
static void test_versions_differ(void **state)
{
    static const char *const lists[] = {
        "CVSS:3.1/AV:N CVSS:3.1/AV:A CVSS:3.1/AV:L CVSS:3.1/AV:P",
        "/AC:L /AC:H",
        "/PR:N /PR:L /PR:H",
        "/UI:N /UI:R",
        "/S:U /S:C",
        "/C:H /C:L /C:N",
        "/I:H /I:L /I:N",
        "/A:H /A:L /A:N",
        "/CR:H /CR:M /CR:L",
        "/IR:H /IR:M /IR:L",
        "/AR:H /AR:M /AR:L",
        NULL,
    };
    struct versions_count count = {0, 0};
    char text[LIMIT_VECTOR];
    (void)state;

    each(lists, text, 0, compare_versions, &count);
    assert_int_equal(count.all, 69984);
    assert_int_equal(count.differ, 5525);
}

static void check_four(struct text text, void *self)
{
    struct cvss_scores scores = score_text(text);
    size_t *histogram = self;

    assert_true(scores.overall >= 0 && scores.overall <= 100);
    assert_true(scores.base == CVSS_NONE && scores.temporal == CVSS_NONE &&
                scores.environmental == CVSS_NONE);
    histogram[scores.overall]++;
}

/* Every base vector is scored: each has a highest vector above it; and only those without any impact have 0. */
static void test_four_whole(void **state)
{
    static const char *const lists[] = {
        "CVSS:4.0/AV:N CVSS:4.0/AV:A CVSS:4.0/AV:L CVSS:4.0/AV:P",
        "/AC:L /AC:H",
        "/AT:N /AT:P",
        "/PR:N /PR:L /PR:H",
        "/UI:N /UI:P /UI:A",
        "/VC:H /VC:L /VC:N",
        "/VI:H /VI:L /VI:N",
        "/VA:H /VA:L /VA:N",
        "/SC:H /SC:L /SC:N",
        "/SI:H /SI:L /SI:N",
        "/SA:H /SA:L /SA:N",
        NULL,
    };
    size_t histogram[101] = {0}, all = 0;
    char text[LIMIT_VECTOR];
    (void)state;

    each(lists, text, 0, check_four, histogram);
    for (size_t i = 0; i <= 100; i++)
        all += histogram[i];
    assert_int_equal(all, 104976);
    assert_int_equal(histogram[0], 4 * 2 * 2 * 3 * 3);
    assert_int_equal(histogram[100], 9);
}

/* Lines of "VECTOR - (base, temporal, environmental)"; of 4.0 "VECTOR - (overall,)" or "VECTOR - overall". */
static size_t check_shared(const char *name)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char path[512];
    struct text lines, line, vector, word;
    size_t count = 0;

    if (test_shared(name, path) == NULL)
        skip();
    for (lines = read_text(path, &arena); text_cut(&lines, '\n', &line); count++) {
        int16_t expected[3] = {CVSS_NONE, CVSS_NONE, CVSS_NONE};
        assert_true(text_cut_word(&line, &vector) && text_cut_word(&line, &word));
        for (size_t i = 0; i < 3 && text_cut_word(&line, &word); i++) {
            while (word.size > 0 && (*word.at == '('))
                word = text_part(word, 1, word.size);
            while (text_ends(word, TEXT(")")) || text_ends(word, TEXT(",")))
                word.size--;
            expected[i] = tenths_of(word);
        }
        struct cvss_scores got = score_text(vector);
        bool four = got.base == CVSS_NONE;
        if (four ? got.overall != expected[0]
                 : got.base != expected[0] || got.temporal != expected[1] || got.environmental != expected[2])
            fail_msg("%.*s: %d %d %d %d", TEXT_ARG(vector), got.base, got.temporal, got.environmental,
                     got.overall);
    }
    return count;
}

static void test_shared_vectors(void **state)
{
    (void)state;
    assert_int_equal(check_shared("cvss-vectors/vectors_simple2"), 729);
    assert_int_equal(check_shared("cvss-vectors/vectors_simple3"), 2592);
    assert_int_equal(check_shared("cvss-vectors/vectors_simple31"), 2592);
    assert_int_equal(check_shared("cvss-vectors/vectors_calculator3"), 2);
    assert_int_equal(check_shared("cvss-vectors/vectors_simple4"), 1058);
    assert_int_equal(check_shared("cvss-vectors/vectors_security4"), 54);
}

/* Lines of {'vector': 'CVSS:4.0/...', 'score': 9.8, 'severity': 'Critical'}. */
static void test_shared_macros(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text lines, line, word, vector, score;
    char path[512];
    size_t count = 0;
    (void)state;

    if (test_shared("cvss-vectors/FIRST-macro-scores", path) == NULL)
        skip();
    for (lines = read_text(path, &arena); text_cut(&lines, '\n', &line); count++) {
        assert_true(text_cut_word(&line, &word) && text_cut_word(&line, &vector));
        assert_true(text_cut_word(&line, &word) && text_cut_word(&line, &score));
        vector = text_part(vector, 1, vector.size - 3);
        score.size--;
        check_score(vector, "overall", score_text(vector).overall, score);
    }
    assert_int_equal(count, 270);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_golden_bad),
        cmocka_unit_test(test_size),          cmocka_unit_test(test_values),
        cmocka_unit_test(test_severity),      cmocka_unit_test(test_versions_differ),
        cmocka_unit_test(test_four_whole),    cmocka_unit_test(test_shared_vectors),
        cmocka_unit_test(test_shared_macros),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
