#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "delta/elf_fields.h"
#include "delta/elf_frames.h"

static const char *const kind_names[FIELD_KIND_COUNT] = {
    [FIELD_CALL] = "call",
    [FIELD_JUMP] = "jump",
    [FIELD_DATA] = "data",
    [FIELD_DATA_1] = "data_1",
    [FIELD_DATA_2] = "data_2",
    [FIELD_DATA_4] = "data_4",
    [FIELD_ABSOLUTE] = "absolute",
    [FIELD_POINTER] = "pointer",
    [FIELD_ADDEND] = "addend",
    [FIELD_PLACE] = "place",
    [FIELD_SYMBOL] = "symbol",
    [FIELD_FRAME] = "frame",
    [FIELD_FRAME_CIE] = "frame_cie",
    [FIELD_TABLE] = "table",
    [FIELD_NAME] = "name",
    [FIELD_NAME_8] = "name_8",
    [FIELD_INDEX] = "index",
    [FIELD_OFFSET] = "offset",
    [FIELD_BEGIN] = "begin",
    [FIELD_SIZE] = "size",
    [FIELD_MODULE_PLACE] = "module_place",
    [FIELD_MODULE_ADDEND] = "module_addend",
    [FIELD_MODULE_SYMBOL] = "module_symbol",
    [FIELD_ID_DIGITS] = "id_digits",
    [FIELD_SLOT] = "slot",
    [FIELD_EXTENT] = "extent",
};

static const char *const golden_names[] = {"library.so", "exceptions.so", "program", "module.ko",
                                           "no_sections"};

static struct bytes golden(struct arena *arena, const char *name, const char *end)
{
    struct error err = {0};
    struct bytes got = {0};
    struct text path = text_format(arena, "%s/delta/elf/%s%s", getenv("SUTURE_GOLDEN"), name, end);

    assert_done(path.at, file_read(path.at, MIB, arena, &got, &err), &err);
    return got;
}

/* What the new value would be where nothing has moved: the bytes that stand there. */
static void check_value(const char *name, const struct elf_fields *fields, struct bytes file,
                        const struct elf_field *field)
{
    uint64_t value =
        elf_field_value(field, field->from == FIELD_FROM_NOTHING ? 0 : field->origin, field->target);
    uint8_t id[ELF_BUILD_ID];

    if (field->from == FIELD_FROM_ID) {
        assert_true(elf_build_id(&fields->layout, file, id));
        value = elf_fields_id_digits(fields, field, id);
    }
    if (memcmp(&value, file.at + field->at, field->size) != 0)
        fail_msg("%s: %s at %x is not what its bytes say", name, kind_names[field->kind], field->at);
}

static void list_fields(const char *name, struct bytes file, struct writer *w)
{
    OWN(elf_fields_end) struct elf_fields fields = {0};
    struct error err = {0};
    uint32_t end = 0;

    assert_done(name, elf_fields_read(file, &fields, &err), &err);
    for (size_t i = 0; i < fields.count; i++) {
        struct elf_field field = elf_fields_get(&fields, file, i);
        assert_true(field.at >= end && field.at + field.size <= file.size);
        assert_true(elf_fields_find(&fields, field.at) == i);
        end = field.at + field.size;
        check_value(name, &fields, file, &field);
        writer_format(w, "%x %s %llx", field.at, kind_names[field.kind], (unsigned long long)field.target);
        if (field.from == FIELD_FROM_ORIGIN)
            writer_format(w, " of %llx", (unsigned long long)field.origin);
        writer_string(w, "\n");
    }
}

/* The golden lists were held against readelf and objdump. SUTURE_FIELDS_OUT writes them anew. */
static void test_golden(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_names); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(writer_end) struct writer w = writer_with(MIB);
        list_fields(golden_names[i], golden(&arena, golden_names[i], ""), &w);
        const char *out = getenv("SUTURE_FIELDS_OUT");
        if (out != NULL) {
            FILE *file = fopen(text_format(&arena, "%s/%s.fields", out, golden_names[i]).at, "w");
            assert_non_null(file);
            (void)fwrite(w.at, 1, w.size, file);
            fclose(file);
            continue;
        }
        struct bytes expected = golden(&arena, golden_names[i], ".fields");
        if (w.size != expected.size || memcmp(w.at, expected.at, w.size) != 0)
            fail_msg("%s: other fields than %s.fields: these are part of the format", golden_names[i],
                     golden_names[i]);
    }
}

/* Read alone they are the same as among all. */
static void test_digits(void **state)
{
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_names); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(elf_fields_end) struct elf_fields all = {0}, digits = {0};
        struct bytes file = golden(&arena, golden_names[i], "");
        struct error err = {0};
        size_t next = 0;
        assert_done(golden_names[i], elf_fields_read(file, &all, &err), &err);
        assert_done(golden_names[i], elf_fields_read_digits(file, &digits, &err), &err);
        for (size_t j = 0; j < all.count; j++) {
            if (all.kind[j] != FIELD_ID_DIGITS)
                continue;
            assert_true(next < digits.count && digits.at[next] == all.at[j]);
            assert_int_equal(digits.kind[next++], FIELD_ID_DIGITS);
        }
        assert_int_equal(next, digits.count);
        found += next;
    }
    assert_true(found > 0);
}

/* Broken at every byte: fewer fields or others, within the file; what is cut off is not read. */
static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_names); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct bytes whole = golden(&arena, golden_names[i], "");
        for (size_t at = 0; at < whole.size; at++) {
            OWN(writer_end) struct writer w = writer_with(MIB);
            uint8_t *broken = malloc(whole.size);
            assert_non_null(broken);
            memcpy(broken, whole.at, whole.size);
            broken[at] = (uint8_t)(broken[at] ^ (1 + at % 255));
            list_fields(golden_names[i], (struct bytes){broken, whole.size}, &w);
            free(broken);
        }
    }
}

static void test_no_elf(void **state)
{
    static const struct {
        const char *name;
        struct bytes file;
    } rows[] = {
        {"empty", BYTES("")},
        {"a script", BYTES("#!/bin/sh\nexit 0\n")},
        {"32 bits",
         BYTES("\x7f"
               "ELF\1\1\1\0\0\0\0\0\0\0\0\0\3\0\3\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
        {"cut in its header", BYTES("\x7f"
                                    "ELF\2\1\1\0\0\0\0\0")},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(elf_fields_end) struct elf_fields fields = {0};
        assert_done(rows[i].name, elf_fields_read(rows[i].file, &fields, &err), &err);
        assert_true(fields.count == 0 && fields.layout.segment_count == 0);
        assert_true(elf_layout_wants(rows[i].file) == 0);
    }
}

/* As a decoder does it that gets .eh_frame byte by byte. */
static void test_frames_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(golden_names); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct bytes file = golden(&arena, golden_names[i], "");
        struct elf_layout layout;
        struct elf_frames_walk walk = {0};
        struct error err = {0};
        assert_true(elf_layout_read(file, &layout));
        if (layout.frames_size == 0 || strcmp(golden_names[i], "module.ko") == 0)
            continue;
        uint64_t begin = elf_frames_begin(&layout);
        size_t have = 0, wanted;
        while ((wanted = elf_frames_wants(&walk, &layout, (struct bytes){file.at + begin, have},
                                          file.size - begin)) != 0) {
            assert_true(wanted > have && wanted <= file.size - begin);
            have++;
        }
        OWN(own_memory) uint8_t *made = calloc(1, layout.frames_size);
        assert_non_null(made);
        assert_done(golden_names[i],
                    elf_frames_header(&layout, (struct bytes){file.at + begin, have}, made, &err), &err);
        assert_memory_equal(made, file.at + layout.frames_at, layout.frames_size);
        if (elf_frames_header(&layout, (struct bytes){file.at + begin, have - 8}, made, &err))
            fail_msg("%s: a header of frames that are cut short", golden_names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_digits),
                                       cmocka_unit_test(test_broken), cmocka_unit_test(test_no_elf),
                                       cmocka_unit_test(test_frames_header)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
