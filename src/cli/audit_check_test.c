#include "cli/audit_check.h"

#include "base/own.h"
#include "base/testing.h"
#include "base/writer.h"
#include "store/fleet_read.h"
#include "trust/signature.h"

#define ROWS 4

/* A log of four rows with its signed head, a line each. */
struct made {
    struct arena arena;
    struct text lines[ROWS + 1];
    struct secret_key key;
    uint8_t chains[ROWS][32];
};

static const char *hex(struct arena *arena, const uint8_t *at, size_t size)
{
    struct text made = TEXT("");

    for (size_t i = 0; i < size; i++)
        made = text_format(arena, "%.*s%02x", TEXT_ARG(made), at[i]);
    return text_string(arena, made);
}

static struct text row_line(struct made *made, const struct fleet_audit *row)
{
    return text_format(
        &made->arena,
        "{\"schema\":\"suture.audit-row/1\",\"seq\":\"%llu\",\"at_us\":\"%lld\",\"actor\":\"%.*s\","
        "\"from\":\"%.*s\",\"deed\":\"%.*s\",\"object\":\"%.*s\",\"detail\":\"\",\"chain\":\"%s\"}",
        (unsigned long long)row->seq, (long long)row->at_us, TEXT_ARG(row->actor), TEXT_ARG(row->from),
        TEXT_ARG(row->deed), TEXT_ARG(row->object), hex(&made->arena, row->chain, 32));
}

static struct text head_line(struct made *made, uint64_t seq)
{
    OWN(writer_end) struct writer w = writer_with(256);
    struct signature signature;
    struct error err;

    writer_string(&w, "suture-audit-1");
    writer_u64(&w, seq);
    writer_put(&w, (struct bytes){made->chains[seq - 1], 32});
    writer_u64(&w, 5000000);
    assert_done("sign", signature_sign(&made->key, writer_bytes(&w), &signature, &err), &err);
    return text_format(
        &made->arena,
        "{\"schema\":\"suture.audit-head/1\",\"seq\":\"%llu\",\"at_us\":\"5000000\",\"chain\":\"%s\","
        "\"signature\":\"%s\",\"key\":\"%s\"}",
        (unsigned long long)seq, hex(&made->arena, made->chains[seq - 1], 32),
        hex(&made->arena, signature.at, sizeof(signature.at)),
        hex(&made->arena, made->key.public_key.at, 32));
}

static int begin(void **state)
{
    static const char *const deeds[ROWS] = {"user.new", "login", "token.new", "host.revoke"};
    struct made *made = calloc(1, sizeof(*made));
    uint8_t before[32] = {0};
    struct error err;

    made->arena = arena_with((size_t)1 << 20);
    assert_done("key", signature_make_key(&made->key, &err), &err);
    for (size_t i = 0; i < ROWS; i++) {
        struct fleet_audit row = {.seq = i + 1,
                                  .at_us = (int64_t)(1000000 * (i + 1)),
                                  .actor = TEXT("user:anna"),
                                  .from = TEXT("192.0.2.1"),
                                  .deed = text_of(deeds[i]),
                                  .object = TEXT("x")};
        assert_done("chain", fleet_audit_chain(&row, before, row.chain, &err), &err);
        memcpy(before, row.chain, 32);
        memcpy(made->chains[i], row.chain, 32);
        made->lines[i] = row_line(made, &row);
    }
    made->lines[ROWS] = head_line(made, ROWS);
    *state = made;
    return 0;
}

static int end(void **state)
{
    struct made *made = *state;

    secret_key_end(&made->key);
    arena_end(&made->arena);
    free(made);
    return 0;
}

/* The lines of these numbers, in this order. */
static struct bytes joined(struct made *made, const char *order)
{
    struct text all = TEXT("");

    for (; *order != '\0'; order++)
        all = text_format(&made->arena, "%.*s%.*s\n", TEXT_ARG(all), TEXT_ARG(made->lines[*order - '0']));
    return bytes_of_text(all);
}

static void test_orders(void **state)
{
    static const struct {
        const char *order;
        enum error_kind kind;
        const char *error;
    } rows[] = {
        {"01234", ERROR_NONE, ""},
        {"0123", ERROR_NONE, ""}, /* no head: a part is a part */
        {"0134", ERROR_TRUST, "line 3: row 4 comes behind row 2: rows are missing or moved"},
        {"1234", ERROR_TRUST, "line 1: row 2 comes behind row 0: rows are missing or moved"},
        {"02134", ERROR_TRUST, "line 2: row 3 comes behind row 1: rows are missing or moved"},
        {"001234", ERROR_TRUST, "line 2: row 1 comes behind row 1: rows are missing or moved"},
        {"0124", ERROR_TRUST, "line 4: the signed head is of row 4 and does not fit: rows were cut off"},
        {"012340", ERROR_INPUT, "line 6: nothing follows the head of a log"},
        {"", ERROR_INPUT, "there is no row: not an audit log"},
    };
    struct made *made = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct audit_head none = {0};
        struct audit_checked checked;
        struct error err = {.kind = ERROR_NONE};
        bool holds = audit_check(joined(made, rows[i].order), &none, &checked, &err);
        assert_int_equal(holds, rows[i].kind == ERROR_NONE);
        if (!holds)
            assert_failed(rows[i].order, &err, rows[i].kind, rows[i].error);
    }
}

/* Each byte of each row and of the head counts: none of them can be another. */
static void test_every_byte(void **state)
{
    struct made *made = *state;
    struct bytes whole = joined(made, "01234");
    OWN(own_memory) uint8_t *copy = malloc(whole.size);
    const struct audit_head none = {0};
    struct audit_checked checked;
    struct error err;

    for (size_t i = 0; i < whole.size; i++) {
        memcpy(copy, whole.at, whole.size);
        copy[i] = copy[i] == 'b' ? 'c' : 'b';
        if (copy[i] == whole.at[i] || (whole.at[i] >= 'A' && whole.at[i] <= 'F'))
            continue;
        if (audit_check((struct bytes){copy, whole.size}, &none, &checked, &err))
            fail_msg("byte %zu, '%c', may be '%c'", i, whole.at[i], copy[i]);
    }
}

static void test_known(void **state)
{
    struct made *made = *state;
    struct audit_head known = {.seq = 2};
    struct audit_checked checked;
    struct error err;

    memcpy(known.chain, made->chains[1], 32);
    assert_done("goes on", audit_check(joined(made, "01234"), &known, &checked, &err), &err);
    assert_int_equal(checked.last.seq, 4);
    assert_int_equal(checked.signed_us, 5000000);
    known.seq = 7;
    assert_false(audit_check(joined(made, "01234"), &known, &checked, &err));
    assert_failed("cut off", &err, ERROR_TRUST,
                  "it ends at row 4, and row 7 was here before: rows were cut off");
    known.seq = 2;
    known.chain[0] ^= 1;
    assert_false(audit_check(joined(made, "01234"), &known, &checked, &err));
    assert_failed("another", &err, ERROR_TRUST,
                  "line 2: row 2: this is another log than the one that was checked before");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_known),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
