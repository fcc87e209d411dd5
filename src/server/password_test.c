#include "server/password.h"

#include <time.h>

#include "base/own.h"
#include "base/testing.h"

static void test_check(void **state)
{
    static const struct {
        const char *password;
        enum error_kind kind;
        const char *error;
    } rows[] = {
        {"correct horse battery", ERROR_NONE, ""},
        {"twelve chars", ERROR_NONE, ""},
        {"zwölf zeiche", ERROR_NONE, ""},
        {"eleven char", ERROR_INPUT, "the password has fewer than 12 characters: take some words"},
        {"", ERROR_INPUT, "the password has fewer than 12 characters: take some words"},
        {"aaaaaaaaaaaaaaaa", ERROR_INPUT, "the password is one character, again and again"},
        {"Administrator", ERROR_INPUT, "the password is the user's name"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {.kind = ERROR_NONE};
        bool holds = password_check(text_of(rows[i].password), TEXT("administrator"), &err);
        assert_int_equal(holds, rows[i].kind == ERROR_NONE);
        assert_failed(rows[i].password, &err, rows[i].kind, rows[i].error);
    }
}

static void test_hash(void **state)
{
    static const uint8_t salt[PASSWORD_SALT] = "0123456789abcde", other[PASSWORD_SALT] = "0123456789abcdf";
    char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX], salted[PASSWORD_HASH_MAX];
    char longest[PASSWORD_MAX + 2];
    struct error err = {0};

    (void)state;
    assert_done("hash", password_hash(TEXT("hello world pass"), salt, hash, &err), &err);
    assert_string_equal(hash, "$y$jAT$k2XAnEHBqQ1Ct2aMXFKN..$gZjmhQbsvv0hYKc6OmoZZb.AE5wJGdtSkG7dgLBoiNA");
    assert_done("again", password_hash(TEXT("hello world pass"), salt, again, &err), &err);
    assert_string_equal(hash, again);
    assert_done("salted", password_hash(TEXT("hello world pass"), other, salted, &err), &err);
    assert_string_not_equal(hash, salted);
    assert_true(password_holds(TEXT("hello world pass"), text_of(hash)));
    assert_false(password_holds(TEXT("hello world pasS"), text_of(hash)));
    assert_false(password_holds(TEXT(""), text_of(hash)));
    assert_false(password_holds(TEXT("hello world pass"), TEXT("")));
    assert_false(password_holds(TEXT("hello world pass"), TEXT("plain")));
    assert_false(password_holds(TEXT("plain"), TEXT("plain")));
    memset(longest, 'x', sizeof(longest));
    assert_false(password_hash((struct text){longest, PASSWORD_MAX + 1}, salt, hash, &err));
    assert_failed("long", &err, ERROR_LIMIT, "the password has more than 256 bytes");
}

/* Nobody learns from the time which users there are: the work for none is the same, to a factor that noise has. */
static void test_nobody_takes_as_long(void **state)
{
    static const uint8_t salt[PASSWORD_SALT] = "0123456789abcde";
    char hash[PASSWORD_HASH_MAX];
    struct error err = {0};
    clock_t least[2] = {0};

    (void)state;
    assert_done("hash", password_hash(TEXT("hello world pass"), salt, hash, &err), &err);
    for (int round = 0; round < 3; round++)
        for (int nobody = 0; nobody < 2; nobody++) {
            clock_t before = clock();
            assert_false(password_holds(TEXT("wrong password"), nobody == 1 ? TEXT("") : text_of(hash)));
            clock_t took = clock() - before;
            if (round == 0 || took < least[nobody])
                least[nobody] = took;
        }
    assert_true(least[0] < 2 * least[1] && least[1] < 2 * least[0]);
}

static void test_once(void **state)
{
    uint8_t random[PASSWORD_ONCE_BYTES];
    char out[PASSWORD_ONCE];
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(random); i++)
        random[i] = (uint8_t)(i * 11);
    password_once(random, out);
    assert_string_equal(out, "amyb-nzcp-2dq3-er4f-s5gt-6hu7");
    assert_done("usable", password_check(text_of(out), TEXT("admin"), &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_nobody_takes_as_long),
        cmocka_unit_test(test_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
