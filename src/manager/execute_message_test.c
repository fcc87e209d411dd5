#include "base/testing.h"

#include "base/limits.h"
#include "manager/dpkg_words.h"
#include "manager/execute_message.h"

#define RUN "20261121T030502Z-9f3a61c2"

static const struct trusted_artifact artifacts[] = {
    {.basis = TRUST_ARCHIVE,
     .name = {"libexpat1", 9},
     .arch = {"amd64", 5},
     .version = {"2.5.0-1+deb12u2", 15},
     .size = 98000,
     .digest = {DIGEST_SHA256, {1, 2, 3}}},
    {.basis = TRUST_WAS_INSTALLED,
     .name = {"base-files", 10},
     .arch = {"all", 3},
     .version = {"1:12~x", 6},
     .size = 1,
     .digest = {DIGEST_SHA256, {9}}},
};
static const struct package_key keys[] = {{{"gone", 4}, {"i386", 4}}, {{"purged", 6}, {"all", 3}}};
static const struct package_mark marks[] = {{{{"one", 3}, {"all", 3}}, true},
                                            {{{"two", 3}, {"amd64", 5}}, false}};

static struct execute_order good_install(void)
{
    return (struct execute_order){
        .operation = EXECUTE_INSTALL,
        .run = TEXT(RUN),
        .group = {.artifacts = artifacts,
                  .artifact_count = 2,
                  .removals = keys,
                  .removal_count = 1,
                  .rollback = true,
                  .purges = keys + 1,
                  .purge_count = 1},
    };
}

static void test_round_trip(void **state)
{
    struct arena arena = arena_with(MIB);
    struct writer w = writer_with(LIMIT_EXECUTE_MESSAGE);
    struct execute_order order = good_install(), got;
    struct error err;

    (void)state;
    execute_order_write(&w, &order);
    assert_done("order", execute_order_parse(writer_bytes(&w), &arena, &got, &err), &err);
    assert_int_equal(got.operation, EXECUTE_INSTALL);
    assert_text("run", got.run, RUN);
    assert_int_equal(got.group.artifact_count, 2);
    assert_text("name", got.group.artifacts[0].name, "libexpat1");
    assert_text("version", got.group.artifacts[1].version, "1:12~x");
    assert_int_equal(got.group.artifacts[0].size, 98000);
    assert_true(digest_equal(&got.group.artifacts[0].digest, &artifacts[0].digest));
    assert_text("removal", got.group.removals[0].arch, "i386");
    assert_text("purge", got.group.purges[0].name, "purged");
    for (size_t size = 0; size < w.size; size++)
        assert_false(execute_order_parse((struct bytes){w.at, size}, &arena, &got, &err));
    writer_end(&w);
    arena_end(&arena);
}

/* What makes an order one that is refused. */
static void as_unlocked(struct execute_order *order)
{
    order->wait_ms = 1;
}
static void as_path(struct execute_order *order)
{
    order->run = TEXT("../../../../../../etc/aaaa");
}
static void as_option(struct execute_order *order)
{
    static const struct package_key option = {{"--root=/x", 9}, {"all", 3}};
    order->group.removals = &option;
}
static void as_wildcard(struct execute_order *order)
{
    static const struct package_key pattern = {{"lib*", 4}, {"all", 3}};
    order->group.removals = &pattern;
}
static void as_forward(struct execute_order *order)
{
    order->group.rollback = false;
    order->group.purge_count = 0;
}
static void as_purge(struct execute_order *order)
{
    order->group.rollback = false;
}
static void as_audit(struct execute_order *order)
{
    order->operation = EXECUTE_AUDIT;
}
static void as_nothing(struct execute_order *order)
{
    order->group = (struct package_group){0};
}
static void as_marks(struct execute_order *order)
{
    order->marks = marks;
    order->mark_count = 2;
}
static void as_restore(struct execute_order *order)
{
    order->restore.part = RESTORE_ALL;
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        void (*change)(struct execute_order *order);
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"waits", as_unlocked, ERROR_INPUT, "order: install takes less"},
        {"run is a path", as_path, ERROR_INPUT,
         "order: install: ends in the middle, or a word in it is none"},
        {"name is an option", as_option, ERROR_INPUT,
         "order: install: ends in the middle, or a word in it is none"},
        {"name is a pattern", as_wildcard, ERROR_INPUT,
         "order: install: ends in the middle, or a word in it is none"},
        {"was installed, and no rollback", as_forward, ERROR_TRUST,
         "order: base-files: that it was installed here counts for a rollback alone"},
        {"purge, and no rollback", as_purge, ERROR_INPUT, "order: install takes less"},
        {"audit of packages", as_audit, ERROR_INPUT, "order: audit takes less"},
        {"install of nothing", as_nothing, ERROR_INPUT, "order: install of nothing"},
        {"install with marks", as_marks, ERROR_INPUT, "order: install takes less"},
        {"install with a part to restore", as_restore, ERROR_INPUT, "order: install takes less"},
    };
    struct arena arena = arena_with(MIB);
    struct execute_order got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct writer w = writer_with(LIMIT_EXECUTE_MESSAGE);
        struct execute_order order = good_install();
        rows[i].change(&order);
        execute_order_write(&w, &order);
        assert_false(execute_order_parse(writer_bytes(&w), &arena, &got, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        writer_end(&w);
    }
    arena_end(&arena);
}

#define HEAD "SXQ1\x05\x19" RUN "\0\0\0\0\0"

static void test_bytes_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *text;
    } rows[] = {
        {"empty", BYTES(""), "order: does not begin with SXQ1"},
        {"another version", BYTES("SXQ2"), "order: does not begin with SXQ1"},
        {"operation 0", BYTES("SXQ1\0"), "order: operation 0 is unknown"},
        {"operation 99", BYTES("SXQ1\x63"), "order: operation 99 is unknown"},
        {"lies about count", BYTES(HEAD "\xff\x7f"),
         "order: rehearse: ends in the middle, or a word in it is none"},
        {"count over the limit", BYTES(HEAD "\xff\xff\xff\xff\x0f"),
         "order: rehearse: ends in the middle, or a word in it is none"},
    };
    struct arena arena = arena_with(MIB);
    struct execute_order got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(execute_order_parse(rows[i].raw, &arena, &got, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
    arena_end(&arena);
}

static void test_answer(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"good", BYTES("SXA1\0\0\x01\0\0\0\x02\0\0\0hi"), ERROR_NONE, ""},
        {"failed", BYTES("SXA1\x05\x02no\0\0\0\0\0\0\0\0"), ERROR_NONE, ""},
        {"output cut short", BYTES("SXA1\0\0\x01\0\0\0\x02\0\0\0h"), ERROR_INPUT,
         "answer: ends in the middle"},
        {"more behind", BYTES("SXA1\0\0\x01\0\0\0\0\0\0\0h"), ERROR_INPUT, "answer: 1 bytes behind the end"},
        {"failed without text", BYTES("SXA1\x05\0\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: error 5 does not fit its text"},
        {"text without failure", BYTES("SXA1\0\x01x\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: error 0 does not fit its text"},
        {"escape in the text", BYTES("SXA1\x05\x01\x1b\0\0\0\0\0\0\0\0"), ERROR_INPUT,
         "answer: problem: byte 0x1b at 0 is not text"},
    };
    struct execute_answer got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        err = (struct error){0};
        assert_int_equal(execute_answer_parse(rows[i].raw, &got, &err), rows[i].kind == ERROR_NONE);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
}

static void test_words(void **state)
{
    static const struct {
        bool (*is)(struct text word);
        const char *word;
        bool good;
    } rows[] = {
        {dpkg_word_is_name, "libstdc++6", true},
        {dpkg_word_is_name, "-o", false},
        {dpkg_word_is_name, "", false},
        {dpkg_word_is_name, "a/b", false},
        {dpkg_word_is_name, "a:b", false},
        {dpkg_word_is_name, "a b", false},
        {dpkg_word_is_version, "1:2.36-9+deb12u4~x", true},
        {dpkg_word_is_version, "~1", false},
        {dpkg_word_is_version, "1\n2", false},
        {dpkg_word_is_arch, "kfreebsd-amd64", true},
        {dpkg_word_is_arch, "amd64:", false},
        {dpkg_word_is_run, RUN, true},
        {dpkg_word_is_run, "20261121T030502Z-9f3a61cg", false},
        {dpkg_word_is_run, "20261121T030502Z-9f3a61c", false},
        {dpkg_word_is_unit, "getty@tty1.service", true},
        {dpkg_word_is_unit, "ssh", false},
        {dpkg_word_is_unit, "--now.service", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].is(text_of(rows[i].word)) != rows[i].good)
            fail_msg("\"%s\"", rows[i].word);
    assert_false(dpkg_word_is_name((struct text){"a\0b", 3}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bytes_refused), cmocka_unit_test(test_answer),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
