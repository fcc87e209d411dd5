#include "base/testing.h"

#include "wire/enrol_token.h"

#define GOOD                                                                                                 \
    "suture-enrol-1.4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH0"  \
    "BBQkNERUZHSElKS0xNTk8"

static void test_token(void **state)
{
    char written[ENROL_TOKEN_SIZE + 1];
    struct enrol_token token;
    struct error err;

    (void)state;
    assert_done("token", enrol_token_parse(TEXT(GOOD), &token, &err), &err);
    for (uint8_t i = 0; i < 32; i++)
        assert_true(token.ca[i] == 224 + i && token.fleet.at[i] == i);
    for (uint8_t i = 0; i < 16; i++)
        assert_true(token.secret[i] == 64 + i);
    assert_done("write", enrol_token_write(&token, written, &err), &err);
    assert_string_equal(written, GOOD);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        struct text text;
        const char *problem;
    } rows[] = {
        {"empty", TEXT(""), "a token begins with suture-enrol-1."},
        {"another kind", TEXT("suture-enrol-2.AAAA"), "a token begins with suture-enrol-1."},
        {"short", TEXT("suture-enrol-1.AAAA"), "a token has 122 characters, this one 19"},
        {"other alphabet",
         TEXT("suture-enrol-1.*****-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_"
              "v8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH0"
              "BBQkNERUZHSElKS0xNTk8"),
         "the token is not whole: copy all of it, from suture-enrol-1. on"},
        {"bits behind the end",
         TEXT("suture-enrol-1.4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_"
              "v8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH0"
              "BBQkNERUZHSElKS0xNTk9"),
         "the token is not whole: copy all of it, from suture-enrol-1. on"},
        {"plus for minus",
         TEXT("suture-enrol-1.4OHi4+Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_"
              "v8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH0"
              "BBQkNERUZHSElKS0xNTk8"),
         "the token is not as it was made"},
    };
    struct enrol_token token;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(enrol_token_parse(rows[i].text, &token, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_token), cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
