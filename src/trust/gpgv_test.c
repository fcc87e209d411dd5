#include "base/testing.h"

#include "base/own.h"
#include "trust/gpgv.h"

#define A_KEY    "AAAAAAAAAAAAAAAA"
#define A        "111111111111111111111111" A_KEY
#define B_KEY    "BBBBBBBBBBBBBBBB"
#define B        "222222222222222222222222" B_KEY
#define PRIMARY  "9999999999999999999999999999999999999999"
#define TEXT_OK  "[GNUPG:] PLAINTEXT 74 0 \n"
#define NEW      "[GNUPG:] NEWSIG\n"
#define GOOD_A   "[GNUPG:] GOODSIG " A_KEY " Publisher\n"
#define VALID_A  "[GNUPG:] VALIDSIG " A " 2026-11-14 1 0 4 0 1 8 01 " A "\n"
#define SIGNED_A NEW GOOD_A VALID_A
#define SIGNED_B                                                                                             \
    NEW "[GNUPG:] GOODSIG " B_KEY " Partner\n[GNUPG:] VALIDSIG " B " 2026-11-14 1 0 4 0 1 10 01 " B "\n"
/* Signed by the subkey A of PRIMARY. */
#define SIGNED_SUBKEY NEW GOOD_A "[GNUPG:] VALIDSIG " A " 2026-11-14 1 0 4 0 1 8 01 " PRIMARY "\n"
#define WITH_DIGEST(digest)                                                                                  \
    TEXT_OK NEW GOOD_A "[GNUPG:] VALIDSIG " A " 2026-11-14 1 0 4 0 1 " digest " 01 " A "\n"

static void status_lines_are_judged(void **state)
{
    static const struct {
        const char *name;
        struct bytes status;
        const char *allowed[2];
        size_t threshold;
        const char *failure; /* NULL: it holds */
        const char *signers[3];
    } rows[] = {
        {"good", BYTES(TEXT_OK SIGNED_A), {NULL}, 1, NULL, {A}},
        {"two", BYTES(TEXT_OK SIGNED_A SIGNED_B), {NULL}, 2, NULL, {A, B}},
        {"good beside a missing key",
         BYTES(TEXT_OK NEW "[GNUPG:] ERRSIG " B_KEY " 1 8 01 1 9 " B "\n[GNUPG:] NO_PUBKEY " B_KEY
                           "\n" SIGNED_A),
         {NULL},
         1,
         NULL,
         {A}},
        {"good beside a bad one",
         BYTES(TEXT_OK NEW "[GNUPG:] BADSIG " B_KEY " Partner\n" SIGNED_A),
         {NULL},
         1,
         NULL,
         {A}},
        {"subkey counts as its primary", BYTES(TEXT_OK SIGNED_SUBKEY), {PRIMARY}, 1, NULL, {PRIMARY}},
        {"lower case fingerprint",
         BYTES(TEXT_OK SIGNED_A),
         {"111111111111111111111111aaaaaaaaaaaaaaaa"},
         1,
         NULL,
         {A}},
        {"exactly this subkey", BYTES(TEXT_OK SIGNED_SUBKEY), {A "!"}, 1, NULL, {PRIMARY}},
        {"another text's words are passed over",
         BYTES("gpgv: note\n" TEXT_OK "[GNUPG:] SIG_ID x\n" SIGNED_A),
         {NULL},
         1,
         NULL,
         {A}},
        {"no word", BYTES(TEXT_OK), {NULL}, 1, "is not signed", {NULL}},
        {"nothing", BYTES(""), {NULL}, 1, "is not signed", {NULL}},
        {"revoked",
         BYTES(TEXT_OK NEW "[GNUPG:] REVKEYSIG " A_KEY " Publisher\n" VALID_A),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": the key is revoked",
         {NULL}},
        {"expired key",
         BYTES(TEXT_OK NEW "[GNUPG:] EXPKEYSIG " A_KEY " Publisher\n" VALID_A),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": the key has expired",
         {NULL}},
        {"expired signature",
         BYTES(TEXT_OK NEW "[GNUPG:] EXPSIG " A_KEY " Publisher\n" VALID_A),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": the signature has expired",
         {NULL}},
        {"bad",
         BYTES(TEXT_OK NEW "[GNUPG:] BADSIG " A_KEY " Publisher\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": the text is not what was signed",
         {NULL}},
        {"bad, then good words for it",
         BYTES(TEXT_OK NEW "[GNUPG:] BADSIG " A_KEY " Publisher\n" GOOD_A VALID_A),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": the text is not what was signed",
         {NULL}},
        {"good, then revoked",
         BYTES(TEXT_OK NEW GOOD_A "[GNUPG:] REVKEYSIG " A_KEY " Publisher\n" VALID_A),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": the key is revoked",
         {NULL}},
        {"good, valid, then bad",
         BYTES(TEXT_OK SIGNED_A "[GNUPG:] BADSIG " A_KEY " Publisher\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": the text is not what was signed",
         {NULL}},
        {"good, valid, then revoked, then another's",
         BYTES(TEXT_OK SIGNED_A "[GNUPG:] REVKEYSIG " A_KEY " Publisher\n" SIGNED_B),
         {NULL},
         2,
         "1 of 2 signatures count: " A_KEY ": the key is revoked",
         {NULL}},
        {"valid for two keys",
         BYTES(TEXT_OK SIGNED_A "[GNUPG:] VALIDSIG " A " 2026-11-14 1 0 4 0 1 8 01 " PRIMARY "\n"),
         {NULL},
         2,
         "0 of 2 signatures count: " A_KEY ": gpgv contradicts itself",
         {NULL}},
        {"short name of a key",
         BYTES(TEXT_OK NEW "[GNUPG:] GOODSIG AAAAAAAA Publisher\n" VALID_A),
         {NULL},
         1,
         "is not signed",
         {NULL}},
        {"signing key without fingerprint",
         BYTES(TEXT_OK NEW GOOD_A "[GNUPG:] VALIDSIG " A_KEY " 2026-11-14 1 0 4 0 1 8 01 " A "\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": gpgv contradicts itself",
         {NULL}},
        {"fingerprint that is too long",
         BYTES(TEXT_OK NEW GOOD_A "[GNUPG:] VALIDSIG " A " 2026-11-14 1 0 4 0 1 8 01 " A A "\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": gpgv contradicts itself",
         {NULL}},
        {"other lines that look alike",
         BYTES(TEXT_OK "[gnupg:] NEWSIG\n[gnupg:] GOODSIG " A_KEY " Publisher\n[gnupg:] VALIDSIG " A
                       " 2026-11-14 1 0 4 0 1 8 01 " A "\n"),
         {NULL},
         1,
         "is not signed",
         {NULL}},
        {"missing key",
         BYTES(TEXT_OK NEW "[GNUPG:] ERRSIG " B_KEY " 1 8 01 1 9 " B "\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " B_KEY ": the key is not in the keyring",
         {NULL}},
        {"unknown algorithm",
         BYTES(TEXT_OK NEW "[GNUPG:] ERRSIG " B_KEY " 99 8 01 1 4 " B "\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " B_KEY ": gpgv cannot check this kind of signature",
         {NULL}},
        {"two verdicts on one signature",
         BYTES(TEXT_OK NEW "[GNUPG:] GOODSIG " B_KEY " Partner\n" GOOD_A VALID_A),
         {NULL},
         1,
         "is not signed",
         {NULL}},
        {"valid without good", BYTES(TEXT_OK NEW VALID_A), {NULL}, 1, "is not signed", {NULL}},
        {"good without valid", BYTES(TEXT_OK NEW GOOD_A), {NULL}, 1, "is not signed", {NULL}},
        {"good of one, valid of another",
         BYTES(TEXT_OK NEW "[GNUPG:] GOODSIG " B_KEY " Partner\n" VALID_A),
         {NULL},
         1,
         "0 of 1 signatures count: " B_KEY ": gpgv contradicts itself",
         {NULL}},
        {"good before the next signature's valid",
         BYTES(TEXT_OK NEW GOOD_A NEW VALID_A),
         {NULL},
         1,
         "is not signed",
         {NULL}},
        {"MD5",
         BYTES(WITH_DIGEST("1")),
         {NULL},
         1,
         "0 of 1 signatures count: " A ": the signature's digest is weaker than SHA-256",
         {NULL}},
        {"SHA-1",
         BYTES(WITH_DIGEST("2")),
         {NULL},
         1,
         "0 of 1 signatures count: " A ": the signature's digest is weaker than SHA-256",
         {NULL}},
        {"SHA-224",
         BYTES(WITH_DIGEST("11")),
         {NULL},
         1,
         "0 of 1 signatures count: " A ": the signature's digest is weaker than SHA-256",
         {NULL}},
        {"SHA-384", BYTES(WITH_DIGEST("9")), {NULL}, 1, NULL, {A}},
        {"signature of a key",
         BYTES(TEXT_OK NEW GOOD_A "[GNUPG:] VALIDSIG " A " 2026-11-14 1 0 4 0 1 8 10 " A "\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " A ": the signature is not one of a document",
         {NULL}},
        {"short line",
         BYTES(TEXT_OK NEW GOOD_A "[GNUPG:] VALIDSIG " A " 2026-11-14 1 0 4 0 1 8 01\n"),
         {NULL},
         1,
         "0 of 1 signatures count: " A_KEY ": gpgv contradicts itself",
         {NULL}},
        {"not allowed",
         BYTES(TEXT_OK SIGNED_A),
         {B},
         1,
         "0 of 1 signatures count: " A ": the key is not one that this source allows",
         {NULL}},
        {"subkey's own name is not its primary's",
         BYTES(TEXT_OK SIGNED_SUBKEY),
         {A},
         1,
         "0 of 1 signatures count: " PRIMARY ": the key is not one that this source allows",
         {NULL}},
        {"another subkey",
         BYTES(TEXT_OK SIGNED_SUBKEY),
         {PRIMARY "!"},
         1,
         "0 of 1 signatures count: " PRIMARY ": the key is not one that this source allows",
         {NULL}},
        {"one of two",
         BYTES(TEXT_OK SIGNED_A NEW "[GNUPG:] EXPKEYSIG " B_KEY " Partner\n"),
         {NULL},
         2,
         "1 of 2 signatures count: " B_KEY ": the key has expired",
         {NULL}},
        {"the same key twice is one",
         BYTES(TEXT_OK SIGNED_A SIGNED_A),
         {NULL},
         2,
         "is not signed by enough keys: 1 of 2",
         {NULL}},
        {"no text", BYTES(SIGNED_A), {NULL}, 1, "is not signed", {NULL}},
        {"two texts",
         BYTES(TEXT_OK SIGNED_A TEXT_OK),
         {NULL},
         1,
         "is not exactly one clear-signed text",
         {NULL}},
        {"binary text",
         BYTES("[GNUPG:] PLAINTEXT 62 1 name\n" SIGNED_A),
         {NULL},
         1,
         "is not exactly one clear-signed text",
         {NULL}},
        {"gpgv failed after it",
         BYTES(TEXT_OK SIGNED_A "[GNUPG:] ERROR proc_pkt.plaintext 89_BAD_DATA\n"),
         {NULL},
         1,
         "is more than one signed text, or gpgv failed on it",
         {NULL}},
        {"no data", BYTES("[GNUPG:] NODATA 1\n"), {NULL}, 1, "is not signed", {NULL}},
        {"no data after it",
         BYTES(TEXT_OK SIGNED_A "[GNUPG:] NODATA 4\n"),
         {NULL},
         1,
         "is not signed",
         {NULL}},
        {"unexpected",
         BYTES("[GNUPG:] UNEXPECTED 0\n" TEXT_OK SIGNED_A),
         {NULL},
         1,
         "is no clear-signed text",
         {NULL}},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text allowed[2];
        struct gpgv_rule rule = {.fingerprints = allowed, .threshold = rows[i].threshold};
        struct gpgv_signers got = {0};
        struct error err = {0};
        size_t expected = 0;
        for (; rule.fingerprint_count < 2 && rows[i].allowed[rule.fingerprint_count] != NULL;
             rule.fingerprint_count++)
            allowed[rule.fingerprint_count] = text_of(rows[i].allowed[rule.fingerprint_count]);
        bool done = gpgv_judge(rows[i].status, &rule, &got, &err);
        if (rows[i].failure != NULL) {
            assert_false(done);
            assert_failed(rows[i].name, &err, ERROR_TRUST, rows[i].failure);
            assert_int_equal(got.count, 0);
            continue;
        }
        assert_done(rows[i].name, done, &err);
        while (rows[i].signers[expected] != NULL)
            expected++;
        assert_int_equal(got.count, expected);
        for (size_t k = 0; k < expected; k++)
            assert_text(rows[i].name, text_of(got.primary[k]), rows[i].signers[k]);
    }
}

/* More signers than fit are no reason to fail, nor to write past the end. */
static void many_signers_are_bounded(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct text status = TEXT(TEXT_OK);
    struct gpgv_rule rule = {.threshold = GPGV_SIGNERS_MAX};
    struct gpgv_signers got;
    struct error err;
    (void)state;

    for (unsigned i = 0; i < 3 * GPGV_SIGNERS_MAX; i++)
        status = text_format(&arena,
                             "%.*s" NEW "[GNUPG:] GOODSIG %016X x\n"
                             "[GNUPG:] VALIDSIG %040X 2026-11-14 1 0 4 0 1 8 01 %040X\n",
                             TEXT_ARG(status), i, i, i);
    assert_done("many", gpgv_judge(bytes_of_text(status), &rule, &got, &err), &err);
    assert_int_equal(got.count, GPGV_SIGNERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_lines_are_judged),
        cmocka_unit_test(many_signers_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
