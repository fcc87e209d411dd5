#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "manager/apt_list.h"
#include "manager/apt_relations.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define PARAGRAPH                                                                                            \
    "Package: exim4-daemon-light\nVersion: 4.96-1\nArchitecture: amd64\nSize: 10\nInstalled-Size: 1600\n"    \
    "Multi-Arch: foreign\nDepends: libc6 (>= 2.36), exim4-base\nPre-Depends: x\nBreaks: y (<< 1)\n"          \
    "Provides: mail-transport-agent, exim4 (= 4.96)\nSHA256: " HEX "\nFilename: pool/e/exim4.deb\n"          \
    "Protected: yes\n\n"

/* Builds the wide table of these paragraphs. */
static void build(const char *paragraphs, struct apt_table_builder *builder, struct apt_table *table)
{
    struct text text = text_of(paragraphs);
    struct bytes whole;
    struct error err;
    size_t taken;

    builder->wide = true;
    assert_done("add", apt_list_add(bytes_of_text(text), builder, &taken, &err), &err);
    assert_done("finish", apt_table_finish(builder, BYTES("note"), &whole, &err), &err);
    assert_done("open", apt_table_open(whole, table, &err), &err);
    table->arch = TEXT("amd64");
}

static void test_a_wide_table_knows_what_its_packages_need(void **state)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_table table;
    struct apt_record record;
    struct apt_relations got;
    struct error err;
    (void)state;

    build(PARAGRAPH "Package: other\nVersion: 1\nArchitecture: amd64\n", &builder, &table);
    struct apt_table_walk walk = apt_table_find(&table, TEXT("exim4-daemon-light"));
    assert_true(apt_table_next(&walk, &record));
    assert_done("read", apt_relations_read(record.more, &got, &err), &err);
    assert_int_equal(got.multi_arch, MULTI_ARCH_FOREIGN);
    assert_true(got.essential);
    assert_true(got.installed_kib == 1600);
    char hex[DIGEST_HEX_MAX + 1];
    digest_hex(&got.digest, hex);
    assert_string_equal(hex, HEX);
    assert_text("file", got.file, "pool/e/exim4.deb");
    assert_text("depends", got.fields[RELATION_DEPENDS], "libc6 (>= 2.36), exim4-base");
    assert_text("pre-depends", got.fields[RELATION_PRE_DEPENDS], "x");
    assert_text("breaks", got.fields[RELATION_BREAKS], "y (<< 1)");
    assert_text("conflicts", got.fields[RELATION_CONFLICTS], "");
}

static void test_providers_are_found_by_what_they_provide(void **state)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_table table;
    struct apt_record record;
    (void)state;

    build(PARAGRAPH
          "Package: postfix\nVersion: 1\nArchitecture: amd64\nProvides: mail-transport-agent, (broken\n\n"
          "Package: other\nVersion: 1\nArchitecture: amd64\n\n",
          &builder, &table);
    struct apt_table_walk walk = apt_table_find_providers(&table, TEXT("mail-transport-agent"));
    assert_true(apt_table_next(&walk, &record));
    assert_text("first", record.name, "exim4-daemon-light");
    assert_true(apt_table_next(&walk, &record));
    assert_text("second", record.name, "postfix");
    assert_false(apt_table_next(&walk, &record));
    walk = apt_table_find_providers(&table, TEXT("other")); /* its own name is not among them */
    assert_false(apt_table_next(&walk, &record));
}

static void test_a_narrow_table_has_none_of_it(void **state)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_table table;
    struct apt_record record;
    struct bytes whole;
    struct error err;
    size_t taken;
    (void)state;

    assert_done("add", apt_list_add(BYTES(PARAGRAPH), &builder, &taken, &err), &err);
    assert_done("finish", apt_table_finish(&builder, BYTES(""), &whole, &err), &err);
    assert_done("open", apt_table_open(whole, &table, &err), &err);
    struct apt_table_walk walk = apt_table_find_providers(&table, TEXT("mail-transport-agent"));
    assert_false(apt_table_next(&walk, &record));
    walk = apt_table_find(&table, TEXT("exim4-daemon-light"));
    assert_true(apt_table_next(&walk, &record));
    assert_int_equal(record.more.size, 0);
}

/* Where a file leads out of its archive, the package counts and cannot be installed. */
static void test_files(void **state)
{
    static const struct {
        const char *file, *expected;
    } rows[] = {
        {"pool/a_1%3a2~rc+1.deb", "pool/a_1%3a2~rc+1.deb"},
        {"./a.deb", "a.deb"},
        {"/etc/passwd", ""},
        {"pool/../../a.deb", ""},
        {"pool//a.deb", ""},
        {"..", ""},
        {"pool/", ""},
        {"pool/a b.deb", ""},
        {"pool/a.deb?x", ""},
        {"pool/a.deb#x", ""},
        {"./../a.deb", ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes values[APT_FIELD_COUNT] = {0};
        struct apt_relations got;
        struct error err;
        values[APT_FIELD_FILENAME] = bytes_of_text(text_of(rows[i].file));
        assert_done(rows[i].file, apt_relations_take(values, &got, &err), &err);
        assert_text(rows[i].file, got.file, rows[i].expected);
    }
}

static void test_fields_that_are_refused(void **state)
{
    static const struct {
        enum apt_relations_field field;
        struct bytes value;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {APT_FIELD_SHA256, BYTES("12"), ERROR_INPUT, "SHA256: 2 hexadecimal digits where 64 are due"},
        {APT_FIELD_RELATIONS + RELATION_DEPENDS, BYTES("a\x07"), ERROR_INPUT,
         "Depends: byte 0x07 at 1 is not text"},
        {APT_FIELD_FILENAME, BYTES("a\nb"), ERROR_INPUT, "Filename: byte 0x0a at 1 is not text"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes values[APT_FIELD_COUNT] = {0};
        struct apt_relations got;
        struct error err;
        values[rows[i].field] = rows[i].value;
        assert_false(apt_relations_take(values, &got, &err));
        assert_failed(rows[i].text, &err, rows[i].kind, rows[i].text);
    }
}

static void test_what_is_remembered_can_be_broken(void **state)
{
    OWN(writer_end) struct writer w = writer_with(4096);
    struct apt_relations relations = {.file = TEXT("pool/a.deb"), .fields = {[RELATION_DEPENDS] = TEXT("b")}};
    struct apt_relations got;
    struct error err;
    (void)state;

    apt_relations_write(&relations, &w);
    struct bytes good = writer_bytes(&w);
    assert_done("good", apt_relations_read(good, &got, &err), &err);
    for (size_t size = 0; size < good.size; size++) {
        assert_false(apt_relations_read((struct bytes){good.at, size}, &got, &err));
        assert_failed("prefix", &err, ERROR_INPUT, "relations are broken");
    }
    relations.file = TEXT("../a.deb");
    writer_clear(&w);
    apt_relations_write(&relations, &w);
    assert_false(apt_relations_read(writer_bytes(&w), &got, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wide_table_knows_what_its_packages_need),
        cmocka_unit_test(test_providers_are_found_by_what_they_provide),
        cmocka_unit_test(test_a_narrow_table_has_none_of_it),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_fields_that_are_refused),
        cmocka_unit_test(test_what_is_remembered_can_be_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
