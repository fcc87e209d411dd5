#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "base/writer.h"
#include "model/relation.h"

/* What a field says on amd64, one alternative behind the other: groups begin with '&'. */
static bool spell(const char *field, struct writer *w, struct error *err)
{
    struct relation_walk walk = relation_walk_with(text_of(field), TEXT("amd64"));
    struct relation relation;
    bool found;

    for (;;) {
        if (!relation_next(&walk, &relation, &found, err))
            return false;
        if (!found)
            return true;
        writer_format(w, "%s%.*s", relation.first ? "&" : "|", TEXT_ARG(relation.name));
        if (relation.arch.size > 0)
            writer_format(w, ":%.*s", TEXT_ARG(relation.arch));
        if (relation.test != RELATION_ANY)
            writer_format(w, "%s%.*s", relation_test_name(relation.test), TEXT_ARG(relation.version));
    }
}

static void test_fields(void **state)
{
    static const struct {
        const char *field, *expected;
    } rows[] = {
        {"", ""},
        {"  ", ""},
        {"libc6", "&libc6"},
        {"libc6 (>= 2.36), zlib1g", "&libc6>=2.36&zlib1g"},
        {"libc6(>=2.36),zlib1g", "&libc6>=2.36&zlib1g"},
        {"default-mta | mail-transport-agent", "&default-mta|mail-transport-agent"},
        {"a|b|c,d", "&a|b|c&d"},
        {"python3:any (>= 3.9~)", "&python3:any>=3.9~"},
        {"libc6:amd64 (<< 2.37)", "&libc6:amd64<<2.37"},
        {"a (= 1:2.0-3+b1)", "&a=1:2.0-3+b1"},
        {"a (>> 1), b (<= 2)", "&a>>1&b<=2"},
        {"a (> 1), b (< 2)", "&a>=1&b<=2"},
        {"a (1)", "&a=1"},
        {"a,\n b,\n\tc", "&a&b&c"},
        {"a, , b,", "&a&b"},
        {"a [amd64 i386], b [i386], c [!amd64], d [!i386]", "&a&d"},
        {"a [i386] | b, c", "&b&c"},
        {"a | b [i386], c", "&a&c"},
        {"a <!nocheck>, b <stage1>, c <!nocheck> <cross>, d (>= 1) [amd64] <!cross !nodoc>", "&a&c&d>=1"},
        {"libstdc++6 (>= 4.1.1), 7zip, R_x", "&libstdc++6>=4.1.1&7zip&R_x"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(4096);
        struct error err = {0};
        assert_done(rows[i].field, spell(rows[i].field, &w, &err), &err);
        struct bytes got = writer_bytes(&w);
        assert_text(rows[i].field, (struct text){(const char *)got.at, got.size}, rows[i].expected);
    }
}

static void test_broken(void **state)
{
    static const struct {
        const char *field, *text;
    } rows[] = {
        {"-a", "\"-a\" begins with no package's name"},
        {"a | ", "nothing behind the last '|'"},
        {"a | , b", "\", b\" begins with no package's name"},
        {"| a", "\"| a\" begins with no package's name"},
        {"a (>= 1", "a: a version in brackets does not end"},
        {"a (>= )", "a: a version in brackets does not end"},
        {"a (=> 1)", "\"=>\" compares no versions"},
        {"a (>= 1 2)", "a: a version in brackets does not end"},
        {"a:", "a: no architecture behind its colon"},
        {"a b", "a: \"b\" behind it"},
        {"a [amd64", "'[' is not closed"},
        {"a <x", "'<' is not closed"},
        {"a \033[2J", "a: \"?[2J\" behind it"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(4096);
        struct error err = {0};
        assert_false(spell(rows[i].field, &w, &err));
        assert_failed(rows[i].field, &err, ERROR_INPUT, rows[i].text);
    }
}

static void test_too_many(void **state)
{
    OWN(writer_end) struct writer field = writer_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct error err = {0};
    (void)state;

    for (int i = 0; i < LIMIT_RELATIONS + 1; i++)
        writer_string(&field, "a,");
    writer_byte(&field, 0);
    assert_false(spell((const char *)writer_bytes(&field).at, &w, &err));
    assert_failed("too many", &err, ERROR_LIMIT, "more than 16384 packages in one field");
}

static void test_holds(void **state)
{
    static const struct {
        const char *field, *version;
        bool holds;
    } rows[] = {
        {"a", "", true},           {"a", "1", true},          {"a (= 1)", "", false},
        {"a (= 1)", "1", true},    {"a (= 1)", "1.0", false}, {"a (<< 1)", "1~", true},
        {"a (<< 1)", "1", false},  {"a (<= 1)", "1", true},   {"a (<= 1)", "1+b1", false},
        {"a (>= 1)", "1", true},   {"a (>= 1)", "1~", false}, {"a (>> 1)", "1", false},
        {"a (>> 1)", "1:0", true},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct relation_walk walk = relation_walk_with(text_of(rows[i].field), TEXT("amd64"));
        struct relation relation;
        struct error err = {0};
        bool found;
        assert_done(rows[i].field, relation_next(&walk, &relation, &found, &err), &err);
        if (relation_holds(&relation, text_of(rows[i].version)) != rows[i].holds)
            fail_msg("%s with \"%s\"", rows[i].field, rows[i].version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
