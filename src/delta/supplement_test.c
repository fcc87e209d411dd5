#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "delta/supplement.h"

#define LONG                                                                                                 \
    "a line that shrinks, a line that shrinks, a line that shrinks, a line that shrinks, a line that "       \
    "shrinks"

static const struct {
    enum base_class class;
    const char *name, *content;
} files[] = {
    {BASE_CONTROL, "control", "package: a\n"}, {BASE_FILE, "/usr/bin/a", "program"},
    {BASE_DOC, "/usr/share/doc/a", LONG},      {BASE_DOC, "/usr/share/doc/b", "b"},
    {BASE_DOC, "/usr/share/doc/empty", ""},    {BASE_CONFFILE, "/etc/a", "setting=1\n"},
};

/* Some of its files are not there, one was edited. */
struct holes {
    bool absent[COUNT_OF(files)], edited[COUNT_OF(files)];
};

static bool read_file(void *self, size_t index, struct writer *out, struct error *err)
{
    const struct holes *holes = self;
    struct bytes all;

    if (holes->absent[index])
        return error_set(err, ERROR_ABSENT, "%s: is not there", files[index].name);
    if (holes->edited[index])
        return error_set(err, ERROR_CONFLICT, "%s: is not as it was", files[index].name);
    writer_string(out, files[index].content);
    return writer_done(out, &all, err);
}

static struct base made_base(struct holes *holes, struct arena *arena)
{
    struct base_part *parts = ARENA_ARRAY(arena, struct base_part, COUNT_OF(files));
    struct error err = {0};

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        parts[i].name = text_of(files[i].name);
        parts[i].class = files[i].class;
        assert_done("md5",
                    digest_bytes(DIGEST_MD5, bytes_of_text(text_of(files[i].content)), &parts[i].md5, &err),
                    &err);
    }
    return (struct base){.kind = BASE_KIND_PACKAGE,
                         .package = TEXT("a"),
                         .version = TEXT("1"),
                         .arch = TEXT("all"),
                         .parts = parts,
                         .part_count = COUNT_OF(files),
                         .read = read_file,
                         .self = holes,
                         .arena = arena};
}

static struct text read_of(const struct base *base, size_t index, struct arena *arena)
{
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct error err = {0};

    writer_string(&out, "<");
    if (!base->read(base->self, index, &out, &err))
        return text_format(arena, "%.*s%s: %s", (int)out.size, (const char *)out.at,
                           error_kind_name(err.kind), err.text);
    return text_format(arena, "%.*s>", (int)out.size, (const char *)out.at);
}

static void what_is_missing_comes_from_a_supplement(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct holes none = {{0}, {0}},
                 some = {.absent = {[1] = true, [2] = true, [3] = true, [4] = true}, .edited = {[5] = true}};
    struct base whole = made_base(&none, &arena), holed = made_base(&some, &arena), with;
    static const enum base_class classes[] = {BASE_DOC, BASE_CONFFILE};
    struct writer written[COUNT_OF(classes)];
    struct supplement supplements[COUNT_OF(classes)];
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        written[i] = writer_with(MIB);
        assert_done("write", supplement_write(&whole, classes[i], &written[i], &err), &err);
        assert_done("read", supplement_read(writer_bytes(&written[i]), &holed, &arena, &supplements[i], &err),
                    &err);
        assert_int_equal(supplements[i].class, classes[i]);
    }
    assert_int_equal(supplements[0].count, 3);
    assert_true(supplements[0].parts[0].packed.size < supplements[0].parts[0].size);
    assert_done("with", base_with_supplements(&holed, supplements, COUNT_OF(classes), &arena, &with, &err),
                &err);
    assert_text("there", read_of(&with, 0, &arena), "<package: a\n>");
    assert_text("of no supplement", read_of(&with, 1, &arena), "<absent: /usr/bin/a: is not there");
    assert_text("packed", read_of(&with, 2, &arena), "<" LONG ">");
    assert_text("plain", read_of(&with, 3, &arena), "<b>");
    assert_text("empty", read_of(&with, 4, &arena), "<>");
    assert_text("edited", read_of(&with, 5, &arena), "<setting=1\n>");
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        writer_end(&written[i]);
}

static void gaps_are_found(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct holes some = {.absent = {[2] = true, [3] = true}, .edited = {[5] = true}};
    struct base holed = made_base(&some, &arena);
    static const bool all[COUNT_OF(files)] = {true, true, true, true, true, true},
                      few[COUNT_OF(files)] = {true, true, false, false, true};
    struct base_gaps gaps;
    struct error err = {0};
    (void)state;

    assert_done("few", base_find_gaps(&holed, few, MIB, &gaps, &err), &err);
    assert_int_equal(gaps.count, 0);
    assert_done("all", base_find_gaps(&holed, all, MIB, &gaps, &err), &err);
    assert_int_equal(gaps.count, 3);
    assert_int_equal(gaps.of_class[BASE_DOC], 2);
    assert_int_equal(gaps.of_class[BASE_CONFFILE], 1);
    assert_string_equal(gaps.first.text, "/usr/share/doc/a: is not there");
}

static void put_head(struct writer *w, const struct base *base, char letter)
{
    struct digest identity;
    struct error err = {0};

    assert_done("identity", base_identity(base, &identity, &err), &err);
    writer_string(w, "SDS1");
    writer_byte(w, (uint8_t)letter);
    writer_put(w, (struct bytes){identity.at, digest_size(DIGEST_SHA256)});
}

/* Behind a good head. */
static const struct {
    const char *name;
    char letter;
    struct bytes rest;
    const char *text;
} broken[] = {
    {"class", 'x', BYTES("\0"), "is no supplement of a class that is known"},
    {"count", 'd', BYTES("\x07\0\0\0"), "7 parts, more than fit or than the base has"},
    {"count beyond the end", 'd', BYTES("\x02\x02\0\0"), "2 parts, more than fit or than the base has"},
    {"index", 'd', BYTES("\x01\x06\0\0"), "part 0: is none of this class in the base"},
    {"other class", 'd', BYTES("\x01\x01\0\0"), "part 0: is none of this class in the base"},
    {"packed is more", 'd', BYTES("\x01\x02\x01\x02zz"), "part 0: has sizes that cannot be"},
    {"cut", 'd', BYTES("\x01\x02\x02\x02z"), "ends in the middle"},
    {"tail", 'd', BYTES("\x01\x02\x01\x01zz"), "1 bytes behind the end"},
};

static void broken_ones_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct holes none = {{0}, {0}};
    struct base base = made_base(&none, &arena), fewer = base;
    struct supplement supplement;
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        put_head(&w, &base, broken[i].letter);
        writer_put(&w, broken[i].rest);
        assert_false(supplement_read(writer_bytes(&w), &base, &arena, &supplement, &err));
        assert_failed(broken[i].name, &err, ERROR_INPUT, broken[i].text);
    }
    OWN(writer_end) struct writer good = writer_with(MIB);
    assert_done("write", supplement_write(&base, BASE_DOC, &good, &err), &err);
    for (size_t size = 0; size < good.size; size++)
        assert_false(supplement_read((struct bytes){good.at, size}, &base, &arena, &supplement, &err));
    fewer.part_count--;
    fewer.version = TEXT("2");
    assert_false(supplement_read(writer_bytes(&good), &fewer, &arena, &supplement, &err));
    assert_failed("another base", &err, ERROR_CONFLICT, "supplements another package than a 2");
}

static void wrong_bytes_are_refused(void **state)
{
    static const struct {
        struct bytes part;
        const char *text;
    } wrong[] = {
        {BYTES("\x01\x03\x01\x01z"), "<input: supplement: /usr/share/doc/b: is not what the package brought"},
        {BYTES("\x01\x03\x05\x04zzzz"),
         "<input: supplement: /usr/share/doc/b: is not packed as it should be"},
    };
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct holes some = {.absent = {[3] = true}};
    struct base base = made_base(&some, &arena), with;
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct supplement supplement;
        put_head(&w, &base, 'd');
        writer_put(&w, wrong[i].part);
        assert_done("read", supplement_read(writer_bytes(&w), &base, &arena, &supplement, &err), &err);
        assert_done("with", base_with_supplements(&base, &supplement, 1, &arena, &with, &err), &err);
        assert_text("wrong", read_of(&with, 3, &arena), wrong[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_comes_from_a_supplement),
        cmocka_unit_test(gaps_are_found),
        cmocka_unit_test(broken_ones_are_refused),
        cmocka_unit_test(wrong_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
