#include "base/testing.h"

#include "base/own.h"
#include "manager/apt_table.h"

static const struct apt_record records[] = {
    {TEXT("bash"), TEXT("5.2-1"), TEXT("amd64"), TEXT("bash"), TEXT("5.2-1"), 1488, 100, {0}},
    {TEXT("bash"), TEXT("5.2-2+b1"), TEXT("amd64"), TEXT("bash"), TEXT("5.2-2"), 1489, 100, {0}},
    {TEXT("libssl3"), TEXT("3.0"), TEXT("amd64"), TEXT("openssl"), TEXT("3.0"), 2019348, 30, {0}},
    {TEXT("tzdata"), TEXT("2026a-1"), TEXT("all"), TEXT("tzdata"), TEXT("2026a-1"), UINT64_MAX, 0, {0}},
    {TEXT("libssl3"), TEXT("3.0"), TEXT("i386"), TEXT("openssl-x"), TEXT("3.0-1"), 0, 100, {0}},
};

static void build(struct apt_table_builder *builder, const struct apt_record *from, size_t count,
                  struct bytes *whole)
{
    struct error err;

    for (size_t i = 0; i < count; i++)
        assert_done("add", apt_table_add(builder, &from[i], &err), &err);
    assert_done("finish", apt_table_finish(builder, BYTES("the note"), whole, &err), &err);
}

static void assert_record(const struct apt_record *got, const struct apt_record *expected)
{
    assert_true(text_equal(got->name, expected->name));
    assert_true(text_equal(got->version, expected->version));
    assert_true(text_equal(got->arch, expected->arch));
    assert_true(text_equal(got->source, expected->source));
    assert_true(text_equal(got->source_version, expected->source_version));
    assert_true(got->size == expected->size);
    assert_int_equal(got->phased, expected->phased);
}

static void what_is_put_in_is_found(void **state)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_table table;
    struct apt_record got;
    struct bytes whole;
    struct error err;
    (void)state;

    build(&builder, records, COUNT_OF(records), &whole);
    assert_done("open", apt_table_open(whole, &table, &err), &err);
    table.arch = TEXT("amd64");
    assert_int_equal(table.count, COUNT_OF(records));
    assert_memory_equal(table.note.at, "the note", 8);
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        size_t found = 0, expected = 0;
        bool there = false;
        for (size_t k = 0; k < COUNT_OF(records); k++)
            expected += text_equal(records[k].name, records[i].name);
        struct apt_table_walk walk = apt_table_find(&table, records[i].name);
        for (; apt_table_next(&walk, &got); found++)
            if (text_equal(got.version, records[i].version) && text_equal(got.arch, records[i].arch)) {
                assert_record(&got, &records[i]);
                there = true;
            }
        assert_true(there);
        assert_int_equal(found, expected);
        assert_false(apt_table_next(&walk, &got)); /* an ended walk stays ended */
    }
    static const struct text absent[] = {TEXT(""), TEXT("bas"), TEXT("bashh"), TEXT("zsh")};
    for (size_t i = 0; i < COUNT_OF(absent); i++) {
        struct apt_table_walk walk = apt_table_find(&table, absent[i]);
        assert_false(apt_table_next(&walk, &got));
    }
}

static void many_packages_are_found(void **state)
{
    enum { MANY = 5000 };
    OWN(arena_end) struct arena arena = arena_with(4 << 20);
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_record *all = ARENA_ARRAY(&arena, struct apt_record, MANY), got;
    struct apt_table table;
    struct bytes whole;
    struct error err;
    (void)state;

    for (unsigned i = 0; i < MANY; i++) {
        all[i] = records[0];
        all[i].name = all[i].source = text_format(&arena, "package-%u", i);
        all[i].size = i;
    }
    build(&builder, all, MANY, &whole);
    assert_done("open", apt_table_open(whole, &table, &err), &err);
    for (unsigned i = 0; i < MANY; i++) {
        struct apt_table_walk walk = apt_table_find(&table, all[i].name);
        assert_true(apt_table_next(&walk, &got));
        assert_int_equal(got.size, i);
        assert_false(apt_table_next(&walk, &got));
    }
}

static void an_empty_table_is_one(void **state)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_table table;
    struct apt_record got;
    struct bytes whole;
    struct error err;
    (void)state;

    build(&builder, NULL, 0, &whole);
    assert_done("open", apt_table_open(whole, &table, &err), &err);
    struct apt_table_walk walk = apt_table_find(&table, TEXT("bash"));
    assert_false(apt_table_next(&walk, &got));
}

static void patch(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++, value >>= 8)
        at[i] = (uint8_t)value;
}

static void broken_tables_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t place;
        uint32_t value;
        const char *text;
    } rows[] = {
        {"magic", 0, 1, "is no table of packages"},
        {"newer", 8, 2, "is of version 2, not 1"},
        {"size", 12, 1, "is a broken table of packages"},
        {"note", 16, UINT32_MAX, "is a broken table of packages"},
        {"records before the end of the head", 20, 0, "is a broken table of packages"},
        {"records elsewhere", 20, 72, "is a broken table of packages"},
        {"records too many", 24, UINT32_MAX, "is a broken table of packages"},
        {"no free slot", 28, 8, "is a broken table of packages"},
        {"slots outside", 32, UINT32_MAX - 3, "is a broken table of packages"},
        {"no slots", 36, 0, "is a broken table of packages"},
        {"slots not a power of two", 36, 7, "is a broken table of packages"},
        {"slots too many", 36, UINT32_C(1) << 31, "is a broken table of packages"},
        {"note outside", 40, UINT32_MAX, "is a broken table of packages"},
    };
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_table table = {.count = 99};
    struct bytes whole;
    struct error err;
    (void)state;

    build(&builder, records, COUNT_OF(records), &whole);
    uint8_t *copy = arena_take(&arena, whole.size);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        memcpy(copy, whole.at, whole.size);
        patch(copy + rows[i].place, rows[i].value);
        assert_false(apt_table_open((struct bytes){copy, whole.size}, &table, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
        assert_int_equal(table.count, 99);
    }
    for (size_t size = 0; size < whole.size; size++)
        assert_false(apt_table_open((struct bytes){whole.at, size}, &table, &err));
}

/* Whatever slots and records say, a look-up ends and stays inside; the sanitizers watch. */
static void a_table_of_nonsense_is_safe(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct bytes whole;
    struct error err;
    (void)state;

    build(&builder, records, COUNT_OF(records), &whole);
    uint8_t *copy = arena_take(&arena, whole.size);
    for (size_t at = 64; at < whole.size; at++)
        for (unsigned value = 0; value < 256; value += 51) {
            struct apt_table table;
            struct apt_record got;
            memcpy(copy, whole.at, whole.size);
            copy[at] = (uint8_t)value;
            assert_done("open", apt_table_open((struct bytes){copy, whole.size}, &table, &err), &err);
            for (size_t i = 0; i < COUNT_OF(records); i++) {
                struct apt_table_walk walk = apt_table_find(&table, records[i].name);
                for (unsigned steps = 0; apt_table_next(&walk, &got); steps++)
                    assert_true(steps < 8);
            }
        }
    memset(copy + 64, 0xff, whole.size - 64); /* no slot is free */
    struct apt_table table;
    struct apt_record got;
    assert_done("open", apt_table_open((struct bytes){copy, whole.size}, &table, &err), &err);
    struct apt_table_walk walk = apt_table_find(&table, TEXT("bash"));
    assert_false(apt_table_next(&walk, &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_is_found),     cmocka_unit_test(many_packages_are_found),
        cmocka_unit_test(an_empty_table_is_one),       cmocka_unit_test(broken_tables_are_refused),
        cmocka_unit_test(a_table_of_nonsense_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
