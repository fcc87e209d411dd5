#include "base/testing.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/approvals.h"

#define NOON (INT64_C(20779) * TIME_DAY_US)

struct place {
    char folder[64], path[80];
    struct arena arena;
    struct secret_key key;
    struct digest digest;
    struct signed_order approval;
};

static int begin_test(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct error err = {0};

    test_folder(p->folder);
    (void)snprintf(p->path, sizeof(p->path), "%s/" APPROVALS_FILE, p->folder);
    p->arena = arena_with(64 * MIB);
    assert_done("key", signature_make_key(&p->key, &err), &err);
    p->digest = (struct digest){.kind = DIGEST_SHA256, .at = {1, 2, 3}};
    p->approval = (struct signed_order){.kind = SIGNED_ORDER_APPROVAL,
                                        .by = TEXT("root (sudo: anna)"),
                                        .made_us = NOON,
                                        .ends_us = NOON + APPROVALS_LAST_US,
                                        .package = TEXT("oak"),
                                        .arch = TEXT("amd64"),
                                        .version = TEXT("1.1"),
                                        .digests = &p->digest,
                                        .digest_count = 1,
                                        .powers = {.kind = DIGEST_SHA256, .at = {9}},
                                        .lifts = SIGNED_ORDER_LIFTS_POWERS | SIGNED_ORDER_LIFTS_WAIT};
    *state = p;
    return 0;
}

static int end_test(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(p->folder, &err), &err);
    secret_key_end(&p->key);
    arena_end(&p->arena);
    free(p);
    return 0;
}

static void put(struct place *p)
{
    struct error err = {0};

    assert_done("put", approvals_put(p->path, &p->key, &p->approval, &p->arena, &err), &err);
}

static struct approvals get(struct place *p)
{
    struct approvals got;
    struct error err = {0};

    assert_done("read", approvals_read(p->path, &p->key.public_key, &p->arena, &got, &err), &err);
    return got;
}

static void test_kept(void **state)
{
    struct place *p = *state;

    assert_int_equal(get(p).count, 0);
    put(p);
    struct approvals got = get(p);
    assert_int_equal(got.count, 1);
    assert_text("package", got.at[0].package, "oak");
    assert_text("by", got.at[0].by, "root (sudo: anna)");
    assert_int_equal(got.at[0].lifts, p->approval.lifts);
    assert_int_equal(got.at[0].made_us, NOON);
    assert_true(digest_equal(&got.at[0].digests[0], &p->digest));
    assert_true(digest_equal(&got.at[0].powers, &p->approval.powers));
    put(p); /* the same again is still one */
    assert_int_equal(get(p).count, 1);
    p->digest.at[0] = 7; /* other bytes are another */
    put(p);
    assert_int_equal(get(p).count, 2);
    p->approval.made_us += APPROVALS_LAST_US; /* by now both of them have ended */
    p->approval.ends_us += APPROVALS_LAST_US;
    p->digest.at[0] = 8;
    put(p);
    assert_int_equal(get(p).count, 1);
}

static void expect_refused(struct place *p, const char *row, enum error_kind kind, const char *text)
{
    struct approvals got = {.count = 42};
    struct error err = {0};
    char expected[240];

    if (approvals_read(p->path, &p->key.public_key, &p->arena, &got, &err))
        fail_msg("%s: was believed", row);
    (void)snprintf(expected, sizeof(expected), "%s: %s", p->path, text);
    if (text[0] != 0)
        assert_failed(row, &err, kind, expected);
    assert_int_equal(got.count, 42);
}

/* No byte of it can be another, and no other key's signature counts. */
static void test_signed(void **state)
{
    struct place *p = *state;
    struct error err = {0};
    struct bytes raw;

    put(p);
    assert_done("read", file_read(p->path, LIMIT_APPROVALS_FILE, &p->arena, &raw, &err), &err);
    for (size_t i = 0; i < raw.size; i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct approvals got;
        uint8_t *changed = arena_take(&arena, raw.size);
        memcpy(changed, raw.at, raw.size);
        changed[i] ^= 1;
        if (approvals_parse((struct bytes){changed, raw.size}, &p->key.public_key, &arena, &got, &err))
            fail_msg("byte %zu can be another", i);
    }
    struct secret_key own = p->key;
    assert_done("key", signature_make_key(&p->key, &err), &err);
    expect_refused(p, "another key", ERROR_TRUST, "is not signed with this machine's key");
    p->key = own;
    assert_int_equal(chmod(p->path, 0666), 0);
    expect_refused(p, "others may write", ERROR_TRUST, "");
}

/* Signed by ourselves, and yet not what an approval is. */
static void test_refused(void **state)
{
    struct place *p = *state;
    struct error err = {0};
    struct approvals list = {&p->approval, 1};

    for (int i = 0; i < 3; i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        static const char *const texts[] = {"approval 0: lifts nothing",
                                            "approval 0: lifts powers that nobody was shown",
                                            "approval 0: by is empty"};
        struct signed_order as_it_was = p->approval;
        p->approval.lifts = i == 0 ? 0 : p->approval.lifts;
        p->approval.powers.kind = i == 1 ? DIGEST_UNKNOWN : p->approval.powers.kind;
        p->approval.by = i == 2 ? TEXT("") : p->approval.by;
        assert_done("write", approvals_write(&list, &p->key, &p->arena, &w, &err), &err);
        assert_done("file", file_replace(p->path, writer_bytes(&w), 0600, &err), &err);
        expect_refused(p, texts[i], ERROR_INPUT, texts[i]);
        p->approval = as_it_was;
    }
    assert_done("file", file_replace(p->path, BYTES("{\"schema\":\"suture.approvals/2\"}"), 0600, &err),
                &err);
    expect_refused(p, "newer", ERROR_INPUT, "its schema is \"suture.approvals/2\", not suture.approvals/1");
    assert_done("file", file_replace(p->path, BYTES(""), 0600, &err), &err);
    expect_refused(p, "empty", ERROR_INPUT, "");
    /* What cannot be read is not written over: approvals would be lost, and nobody would know. */
    assert_false(approvals_put(p->path, &p->key, &p->approval, &p->arena, &err));
}

static void test_bounded(void **state)
{
    struct place *p = *state;
    struct error err = {0};
    struct approvals many = {ARENA_ARRAY(&p->arena, struct signed_order, LIMIT_APPROVALS), LIMIT_APPROVALS};

    for (size_t i = 0; i < LIMIT_APPROVALS; i++) {
        many.at[i] = p->approval;
        many.at[i].version = text_format(&p->arena, "%zu", i);
    }
    OWN(writer_end) struct writer w = writer_with(LIMIT_APPROVALS_FILE);
    assert_done("write", approvals_write(&many, &p->key, &p->arena, &w, &err), &err);
    assert_done("file", file_replace(p->path, writer_bytes(&w), 0600, &err), &err);
    put(p);
    struct approvals got = get(p);
    assert_int_equal(got.count, LIMIT_APPROVALS);
    assert_text("the oldest is gone", got.at[0].version, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_signed, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_refused, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_bounded, begin_test, end_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
