#include "base/testing.h"

#include "base/limits.h"
#include "store/evidence.h"

#define CHAIN "chain 5d41402abc4b2a76b9719d911017c592\n"
#define HASH  "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"

static void heads_are_strict(void **state)
{
    static const struct {
        const char *name, *raw, *text;
        enum error_kind kind;
    } rows[] = {
        {"empty", "", "is no head of evidence that this version knows", ERROR_INPUT},
        {"newer", "suture-evidence 2\n", "is no head of evidence that this version knows", ERROR_INPUT},
        {"no chain", "suture-evidence 1\nnumber 1\n", "no line \"chain\" where it should stand", ERROR_INPUT},
        {"chain in capitals", "suture-evidence 1\nchain 5D41402abc4b2a76b9719d911017c592\nnumber 1\n" HASH,
         "chain: is no name of 32 digits", ERROR_INPUT},
        {"short chain", "suture-evidence 1\nchain 5d41\nnumber 1\n" HASH, "chain: is no name of 32 digits",
         ERROR_INPUT},
        {"number", "suture-evidence 1\n" CHAIN "number -1\n" HASH, "number: \"-1\" is not a number",
         ERROR_INPUT},
        {"too many", "suture-evidence 1\n" CHAIN "number 1000001\n" HASH, "number: more than 1000000 records",
         ERROR_LIMIT},
        {"cut short", "suture-evidence 1\n" CHAIN "number 1\nsha256 9f86",
         "no line \"sha256\" where it should stand", ERROR_INPUT},
        {"something behind", "suture-evidence 1\n" CHAIN "number 1\n" HASH "x", "something follows the end",
         ERROR_INPUT},
    };
    struct evidence_head head;
    struct error err;

    (void)state;
    assert_done("good",
                evidence_head_parse(BYTES("suture-evidence 1\n" CHAIN "number 7\n" HASH), &head, &err), &err);
    assert_int_equal(head.number, 7);
    assert_string_equal(head.chain, "5d41402abc4b2a76b9719d911017c592");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(evidence_head_parse(bytes_of_text(text_of(rows[i].raw)), &head, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
