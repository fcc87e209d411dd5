#include "base/testing.h"

#include "base/own.h"
#include "format/armor.h"

/* The bytes 0 to 9, with RFC 9580's CRC-24 of them. */
#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END   "-----END PGP PUBLIC KEY BLOCK-----\n"

static void armour_is_taken_off(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        struct bytes expected; /* at == NULL: fails */
        const char *text;
    } rows[] = {
        {"three bytes", BYTES(BEGIN "\nAAEC\n" END), BYTES("\0\1\2"), ""},
        {"two bytes", BYTES(BEGIN "\nAAE=\n" END), BYTES("\0\1"), ""},
        {"one byte", BYTES(BEGIN "\nAA==\n" END), BYTES("\0"), ""},
        {"heads", BYTES(BEGIN "Version: x\nComment: y: z\n\nAAEC\n" END), BYTES("\0\1\2"), ""},
        {"no empty line", BYTES(BEGIN "AAEC\n" END), BYTES("\0\1\2"), ""},
        {"several lines", BYTES(BEGIN "\nAAEC\nAwQF\n" END), BYTES("\0\1\2\3\4\5"), ""},
        {"blanks and returns", BYTES("\n\r\n " BEGIN "\r\n AAEC \r\n\t" END), BYTES("\0\1\2"), ""},
        {"checksum", BYTES(BEGIN "\nYWJj\n=uhtc\n" END), (struct bytes){0},
         "line 4: checksum of the key does not hold"},
        {"right checksum", BYTES(BEGIN "\nYWJj\n=uhx7\n" END), BYTES("abc"), ""},
        {"data behind the checksum", BYTES(BEGIN "\nYWJj\n=uhx7\nYWJj\n" END), (struct bytes){0},
         "line 5: checksum of the key does not hold"},
        {"two blocks", BYTES(BEGIN "\nAA==\n" END "between\n" BEGIN "\nAQ==\n" END), BYTES("\0\1"), ""},
        {"text around", BYTES("pub 1\n" BEGIN "\nAA==\n" END "pub 2\n"), BYTES("\0"), ""},
        {"no block", BYTES("nothing\n"), (struct bytes){0}, "no key begins in it"},
        {"empty", BYTES(""), (struct bytes){0}, "no key begins in it"},
        {"message", BYTES("-----BEGIN PGP MESSAGE-----\n\nAA==\n-----END PGP MESSAGE-----\n"),
         (struct bytes){0}, "line 1: \"-----BEGIN PGP MESSAGE-----\" begins no public key"},
        {"secret key", BYTES("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAA==\n"), (struct bytes){0},
         "line 1: \"-----BEGIN PGP PRIVATE KEY BLOCK-----\" begins no public key"},
        {"bad character", BYTES(BEGIN "\nAA*C\n" END), (struct bytes){0}, "line 3: is no base64"},
        {"cut byte", BYTES(BEGIN "\nAAE\n" END), (struct bytes){0},
         "line 4: the key ends in the middle of a byte"},
        {"bits under the padding", BYTES(BEGIN "\nAB==\n" END), (struct bytes){0}, "line 3: is no base64"},
        {"data behind the padding", BYTES(BEGIN "\nAA==AA==\n" END), (struct bytes){0},
         "line 3: is no base64"},
        {"no end", BYTES(BEGIN "\nAAEC\n"), (struct bytes){0}, "line 3: the key ends without its END line"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 16);
        struct bytes got = {0};
        struct error err = {0};
        bool done = armor_decode(rows[i].raw, &arena, &got, &err);
        if (rows[i].expected.at == NULL) {
            assert_false(done);
            assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
            continue;
        }
        assert_done(rows[i].name, done, &err);
        if (got.size != rows[i].expected.size || memcmp(got.at, rows[i].expected.at, got.size) != 0)
            fail_msg("%s: other bytes came out", rows[i].name);
    }
}

static void armour_is_recognised(void **state)
{
    (void)state;

    assert_true(armor_is(BYTES(BEGIN)));
    assert_true(armor_is(BYTES("\n \n" BEGIN)));
    assert_false(armor_is(BYTES("")));
    assert_false(armor_is(BYTES("\x99\x01\x0d\x04")));
    assert_false(armor_is(BYTES("text\n" BEGIN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(armour_is_taken_off),
        cmocka_unit_test(armour_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
