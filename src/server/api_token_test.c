#include "server/api_token.h"

#include "base/testing.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void test_round(void **state)
{
    uint8_t secret[API_TOKEN_SECRET], hash[API_TOKEN_HASH], again[API_TOKEN_HASH];
    char text[API_TOKEN_TEXT];
    struct error err = {0};

    (void)state;
    memset(secret, 0xab, sizeof(secret));
    assert_done("write", api_token_write(secret, text, hash, &err), &err);
    assert_string_equal(text,
                        "suture-api-1.abababababababababababababababababababababababababababababababab");
    assert_done("hash", api_token_hash(text_of(text), again, &err), &err);
    assert_memory_equal(hash, again, sizeof(hash));
    secret[31] = 0;
    assert_done("other", api_token_write(secret, text, again, &err), &err);
    assert_memory_not_equal(hash, again, sizeof(hash));
    assert_memory_not_equal(hash, secret, sizeof(hash));
}

static void test_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "suture-api-1.",
        "suture-api-2." ZEROS,
        "suture-api-1." ZEROS "0",
        "suture-api-1.x" ZEROS,
        ZEROS,
        "suture-enrol-1." ZEROS,
    };
    uint8_t hash[API_TOKEN_HASH];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        assert_false(api_token_hash(text_of(rows[i]), hash, &err));
        assert_failed(rows[i], &err, ERROR_INPUT, "no token of this API: it begins with suture-api-1.");
    }
}

static void test_field(void **state)
{
    static const struct {
        const char *field, *token;
    } rows[] = {
        {"Bearer abc", "abc"}, {"bearer  abc ", "abc"}, {"Basic abc", ""}, {"Bearer", ""}, {"", ""},
        {"Bearerabc", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].field, api_token_of_field(text_of(rows[i].field)), rows[i].token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
