#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/opener_memory.h"
#include "delta/openers.h"

#define IMAGE_MAX MIB

/* Golden files, each beside its image, and the settings that make the file of it. */
static const struct {
    const char *file;
    enum opener_kind kind;
    struct bytes settings;
} files[] = {
    {"opener_gzip/usual", OPENER_GZIP, BYTES("")},
    {"opener_gzip/empty", OPENER_GZIP, BYTES("")},
    {"opener_gzip/stored", OPENER_GZIP, BYTES("")},
    {"opener_gzip/fixed", OPENER_GZIP, BYTES("")},
    {"opener_gzip/level_6", OPENER_GZIP, BYTES("\5\0\0\0\0\0\0\3")},
    {"opener_gzip/zlib_9", OPENER_GZIP, BYTES("\4\0\0\0\0\0\2\xff")},
    {"opener_gzip/named", OPENER_GZIP, BYTES("\1\x1e\1\2\3\4\2\3\3\0abcname\0comment\0\x12\x34")},
    {"opener_zip/usual", OPENER_ZIP, BYTES("")},
    {"opener_zip/streamed", OPENER_ZIP, BYTES("\1")},
    {"opener_zip/mixed", OPENER_ZIP, BYTES("\0\1\1\0\0")},
    {"opener_zip/empty_entry", OPENER_ZIP, BYTES("")},
    {"opener_xz/usual", OPENER_XZ, BYTES("")},
    {"opener_xz/single", OPENER_XZ, BYTES("\4\0\6\x80\x80\4")},
    {"opener_xz/branch", OPENER_XZ, BYTES("\1\4\6\x80\x80\4")},
    {"opener_xz/level_1", OPENER_XZ, BYTES("\0\0\1\x80\x80\4")},
    {"opener_xz/extreme", OPENER_XZ, BYTES("\x2a\0\3\x80\x80\4")},
    {"opener_xz/blocks", OPENER_XZ, BYTES("\x11\0\6\x80\x20")},
    {"opener_lz4/usual", OPENER_LZ4, BYTES("")},
    {"opener_vmlinuz/xz", OPENER_VMLINUZ,
     BYTES("\0\xec\x03"
           "\1\4\6\x80\x80\4")},
    {"opener_vmlinuz/lz4", OPENER_VMLINUZ,
     BYTES("\1\xfd\x05"
           "")},
    {"opener_vmlinuz/gzip", OPENER_VMLINUZ,
     BYTES("\2\xd4\x03"
           "")},
    {"opener_vmlinuz/other_sum", OPENER_VMLINUZ,
     BYTES("\1\xfd\x05"
           "")},
    {"opener_mo/usual", OPENER_MO, BYTES("")},
    {"opener_mo/empty", OPENER_MO, BYTES("")},
    {"opener_mo/one", OPENER_MO, BYTES("")},
    {"opener_mo/no_hash", OPENER_MO, BYTES("\2\1")},
    {"opener_mo/big", OPENER_MO, BYTES("\1\1")},
    {"opener_mo/takes_1", OPENER_MO, BYTES("\0\3")},
    {"opener_mo/system", OPENER_MO, BYTES("\4\1\2\2\2")},
    {"opener_mo/system_big", OPENER_MO, BYTES("\5\1\2\2\2")},
    {"opener_mo/system_alone", OPENER_MO, BYTES("\4\1\2\2\2")},
    {"opener_mo/flags", OPENER_MO, BYTES("\xc\1\2\1\1")},
    {"opener_elf/usual", OPENER_ELF, BYTES("")},
    {"opener_elf/program", OPENER_ELF, BYTES("")},
    {"opener_elf/exceptions", OPENER_ELF, BYTES("")},
};

/* A local header of an entry without a name, and one byte behind it. */
#define LOCAL(flags, method, packed_size, size)                                                              \
    BYTES("PK\3\4\24\0" flags "\0" method "\0\0\0\0\0\0\0\0\0" packed_size "\0\0\0" size "\0\0\0\0\0\0\0a")

/* What closing is asked for, and what it says. */
static const struct {
    const char *name;
    enum opener_kind kind;
    struct bytes settings, image;
    size_t image_size, file_size;
    enum error_kind error;
    const char *text;
} lies[] = {
    {"gzip: way", OPENER_GZIP, BYTES("\x63\0\0\0\0\0\0\0"), BYTES("a"), 1, 100, ERROR_INPUT,
     "gzip: settings that are none"},
    {"gzip: header", OPENER_GZIP, BYTES("\1\0\0"), BYTES("a"), 1, 100, ERROR_INPUT,
     "gzip: settings that are none"},
    {"gzip: short", OPENER_GZIP, BYTES(""), BYTES("aaaa"), 4, 9, ERROR_INPUT,
     "closes to more than the bytes announced"},
    {"gzip: less", OPENER_GZIP, BYTES(""), BYTES("aaaa"), 4, 100, ERROR_INPUT,
     "closes to 76 bytes less than announced"},
    {"gzip: image", OPENER_GZIP, BYTES(""), BYTES("aaaa"), 5, 100, ERROR_INPUT,
     "the image ends in the middle"},
    {"zip: image", OPENER_ZIP, BYTES(""), BYTES("PK\3"), 3, 100, ERROR_INPUT, "the image ends in the middle"},
    {"zip: magic", OPENER_ZIP, BYTES(""), BYTES("PK\3\3"), 4, 100, ERROR_INPUT,
     "zip: neither an entry nor the directory at 0"},
    {"zip: method", OPENER_ZIP, BYTES(""), LOCAL("\0", "\14", "\0", "\1"), 31, 100, ERROR_INPUT,
     "zip: an entry packed by method 12 has no size"},
    {"zip: packed size", OPENER_ZIP, BYTES(""), LOCAL("\0", "\0", "\x60", "\1"), 31, 100, ERROR_INPUT,
     "the image ends in the middle"},
    {"zip: packed more", OPENER_ZIP, BYTES(""), LOCAL("\0", "\0", "\x70", "\1"), 31, 100, ERROR_INPUT,
     "closes to more than the bytes announced"},
    {"zip: size", OPENER_ZIP, BYTES(""), LOCAL("\0", "\10", "\0", "\2"), 31, 100, ERROR_INPUT,
     "the image ends in the middle"},
    {"zip: settings", OPENER_ZIP, BYTES("\x63"), LOCAL("\0", "\10", "\0", "\1"), 31, 100, ERROR_INPUT,
     "zip: settings that are none"},
    {"zip: short", OPENER_ZIP, BYTES(""), LOCAL("\0", "\10", "\0", "\1"), 31, 31, ERROR_INPUT,
     "closes to more than the bytes announced"},
    {"zip: directory", OPENER_ZIP, BYTES(""), BYTES("PK\1\2"), 4, 100, ERROR_INPUT,
     "zip: more headers in the directory than entries"},
    {"elf: settings", OPENER_ELF, BYTES("\1"), BYTES("a"), 1, 1, ERROR_INPUT, "elf: settings that are none"},
    {"elf: another size", OPENER_ELF, BYTES(""), BYTES("a"), 1, 2, ERROR_INPUT,
     "elf: settings that are none"},
    {"elf: nothing", OPENER_ELF, BYTES(""), BYTES(""), 0, 0, ERROR_INPUT, "elf: no ELF file"},
    {"elf: no magic", OPENER_ELF, BYTES(""), BYTES("abcd"), 4, 4, ERROR_INPUT, "elf: no ELF file"},
    {"xz: settings", OPENER_XZ, BYTES("\1\0\6"), BYTES("a"), 1, 100, ERROR_INPUT,
     "xz: settings that are none"},
    {"xz: flags", OPENER_XZ, BYTES("\x41\0\6\x80\x80\x40"), BYTES("a"), 1, 100, ERROR_INPUT,
     "xz: settings that are none"},
    {"xz: preset", OPENER_XZ, BYTES("\1\0\7\x80\x80\x40"), BYTES("a"), 1, 100, ERROR_INPUT,
     "xz: settings that are none"},
    {"xz: branch", OPENER_XZ, BYTES("\1\3\6\x80\x80\x40"), BYTES("a"), 1, 100, ERROR_INPUT,
     "xz: settings that are none"},
    {"xz: dictionary", OPENER_XZ, BYTES("\1\0\6\x81\x80\x80\x10"), BYTES("a"), 1, 100, ERROR_LIMIT,
     "xz: a dictionary of 33554433 bytes; 33554432 are allowed"},
    {"xz: blocks", OPENER_XZ, BYTES("\x11\0\6\x81\x80\x80\4"), BYTES("a"), 1, 100, ERROR_LIMIT,
     "xz: a dictionary of 8388609 bytes; 8388608 are allowed"},
    {"xz: small dictionary", OPENER_XZ, BYTES("\1\0\6\1"), BYTES("a"), 1, 100, ERROR_INPUT,
     "xz: broken, or of a kind that is not known"},
    {"xz: check", OPENER_XZ, BYTES("\3\0\6\x80\x80\x40"), BYTES("a"), 1, 100, ERROR_INPUT,
     "xz: broken, or of a kind that is not known"},
    {"xz: short", OPENER_XZ, BYTES(""), BYTES("aaaa"), 4, 30, ERROR_INPUT,
     "closes to more than the bytes announced"},
    {"xz: less", OPENER_XZ, BYTES(""), BYTES(""), 0, 100, ERROR_INPUT,
     "closes to 68 bytes less than announced"},
    {"xz: image", OPENER_XZ, BYTES(""), BYTES("aaaa"), 5, 100, ERROR_INPUT, "the image ends in the middle"},
    {"lz4: settings", OPENER_LZ4, BYTES("a"), BYTES("a"), 1, 100, ERROR_INPUT, "lz4: settings that are none"},
    {"lz4: short", OPENER_LZ4, BYTES(""), BYTES("aaaa"), 4, 10, ERROR_INPUT,
     "closes to more than the bytes announced"},
    {"lz4: less", OPENER_LZ4, BYTES(""), BYTES(""), 0, 10, ERROR_INPUT,
     "closes to 6 bytes less than announced"},
    {"lz4: image", OPENER_LZ4, BYTES(""), BYTES("aaaa"), 5, 100, ERROR_INPUT, "the image ends in the middle"},
    {"vmlinuz: settings", OPENER_VMLINUZ, BYTES(""), BYTES("aaaa"), 4, 100, ERROR_INPUT,
     "vmlinuz: settings that are none"},
    {"vmlinuz: packer", OPENER_VMLINUZ, BYTES("\3\4"), BYTES("aaaa"), 4, 100, ERROR_INPUT,
     "vmlinuz: settings that are none"},
    {"vmlinuz: small", OPENER_VMLINUZ, BYTES("\1\3"), BYTES("aaaa"), 4, 100, ERROR_INPUT,
     "vmlinuz: settings that are none"},
    {"vmlinuz: large", OPENER_VMLINUZ, BYTES("\1\x65"), BYTES("aaaa"), 4, 100, ERROR_INPUT,
     "vmlinuz: the kernel does not lie in the file"},
    {"vmlinuz: image", OPENER_VMLINUZ, BYTES("\1\x5f"), BYTES("aaaa"), 4, 100, ERROR_INPUT,
     "vmlinuz: the kernel does not lie in the file"},
    {"vmlinuz: inner", OPENER_VMLINUZ, BYTES("\1\x61"), BYTES("aaaa"), 4, 100, ERROR_INPUT,
     "vmlinuz: closes to 83 bytes less than announced"},
    {"vmlinuz: head", OPENER_VMLINUZ, BYTES("\1\x0e"), BYTES("aaaaaaaaaaaaaaaaaaaa"), 20, 33, ERROR_INPUT,
     "the image ends in the middle"},
    {"mo: settings", OPENER_MO, BYTES("\x10\1"), BYTES("a\0b"), 4, 100, ERROR_INPUT,
     "mo: settings that are none"},
    {"mo: inner NUL", OPENER_MO, BYTES("\0\0"), BYTES("a\0b"), 4, 100, ERROR_INPUT,
     "mo: settings that are none"},
    {"mo: settings behind", OPENER_MO, BYTES("\0\2\0"), BYTES("a\0b"), 4, 100, ERROR_INPUT,
     "mo: settings that are none"},
    {"mo: marker", OPENER_MO, BYTES("\4\1\1\0\0"), BYTES("a\0b"), 4, 100, ERROR_INPUT,
     "mo: settings that are none"},
    {"mo: no marker", OPENER_MO, BYTES("\4\1\0\0\0"), BYTES("a\0b"), 4, 100, ERROR_INPUT,
     "mo: settings that are none"},
    {"mo: described", OPENER_MO, BYTES("\4\1\2\0\2"), BYTES("a\0b\0"), 4, 100, ERROR_INPUT,
     "mo: 2 strings, or one without an end"},
    {"mo: segment", OPENER_MO, BYTES("\4\1\2\0\1"), BYTES("a\2\0b\0"), 5, 100, ERROR_INPUT,
     "mo: a segment without a number"},
    {"mo: sizes", OPENER_MO, BYTES(""), BYTES("a\0b\0"), 4, 31, ERROR_INPUT,
     "mo: 4 bytes of strings for a file of 31"},
    {"mo: no header", OPENER_MO, BYTES(""), BYTES(""), 0, 27, ERROR_INPUT,
     "mo: 0 bytes of strings for a file of 27"},
    {"mo: odd", OPENER_MO, BYTES(""), BYTES("a\0b\0c\0"), 6, 100, ERROR_INPUT,
     "mo: 3 strings, or one without an end"},
    {"mo: open end", OPENER_MO, BYTES(""), BYTES("a\0b\0c"), 5, 100, ERROR_INPUT,
     "mo: 2 strings, or one without an end"},
    {"mo: many", OPENER_MO, BYTES(""), BYTES("\0\0\0\0"), 4, 60, ERROR_INPUT,
     "mo: a file of another size than announced"},
    {"mo: size", OPENER_MO, BYTES(""), BYTES("a\0b\0"), 4, 61, ERROR_INPUT,
     "mo: a file of another size than announced"},
    {"mo: image", OPENER_MO, BYTES(""), BYTES("a\0b\0"), 5, 61, ERROR_INPUT, "the image ends in the middle"},
};

static struct bytes golden(struct arena *arena, const char *name, const char *end)
{
    const char *path = text_format(arena, "%s/delta/%s%s", getenv("SUTURE_GOLDEN"), name, end).at;
    struct bytes bytes = {0};
    struct error err = {0};

    assert_done(path, file_read(path, MIB, arena, &bytes, &err), &err);
    return bytes;
}

static void assert_same(const char *row, struct bytes got, struct bytes expected)
{
    if (got.size != expected.size || (got.size > 0 && memcmp(got.at, expected.at, got.size) != 0))
        fail_msg("%s: %zu bytes that are not the %zu expected", row, got.size, expected.size);
}

static void golden_files_open_and_close(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWN(writer_end)
        struct writer image = writer_with(MIB), settings = writer_with(MIB), closed = writer_with(MIB);
        OWN(writer_end) struct writer old = writer_with(MIB);
        struct bytes file = golden(&arena, files[i].file, "");
        enum opener_kind kind;
        writer_string(&image, "before");
        writer_string(&settings, "before");
        assert_done(files[i].file, openers_choose(file, IMAGE_MAX, &kind, &image, &settings, &err), &err);
        assert_int_equal(kind, files[i].kind);
        struct bytes opened = {image.at + 6, image.size - 6}, set = {settings.at + 6, settings.size - 6};
        assert_same(files[i].file, opened, golden(&arena, files[i].file, ".image"));
        assert_same(files[i].file, set, files[i].settings);

        assert_done(files[i].file, openers_choose_old(file, IMAGE_MAX, &kind, &old, &err), &err);
        assert_int_equal(kind, files[i].kind);
        assert_same(files[i].file, writer_bytes(&old), opened);

        assert_done(files[i].file,
                    openers_get(kind)->close(set, memory_source(&opened), opened.size, file.size,
                                             memory_sink(&closed), &err),
                    &err);
        assert_same(files[i].file, writer_bytes(&closed), file);
    }
}

/* Each file of each opener's bad/ fails with the words beside it, and stays closed. */
static void broken_files_stay_closed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct error err = {0};
    struct file_names found;
    (void)state;

    for (unsigned kind = OPENER_NONE + 1; kind < OPENER_KIND_COUNT; kind++) {
        const struct opener *opener = openers_get(kind);
        assert_non_null(opener);
        const char *folder =
            text_format(&arena, "%s/delta/opener_%s/bad", getenv("SUTURE_GOLDEN"), opener->name).at;
        assert_done(folder, file_list(folder, 1000, &arena, &found, &err), &err);
        for (size_t i = 0; i < found.count; i++) {
            OWN(writer_end) struct writer image = writer_with(16 * MIB), settings = writer_with(MIB);
            enum opener_kind chosen = OPENER_KIND_COUNT;
            if (text_ends(found.names[i], TEXT(".error")))
                continue;
            const char *name = text_format(&arena, "opener_%s/bad/%s", opener->name, found.names[i].at).at;
            struct bytes file = golden(&arena, name, "");
            if (opener->open(file, IMAGE_MAX, &image, &settings, &err))
                fail_msg("%s: was opened", name);
            assert_text(name, text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text),
                        (const char *)golden(&arena, name, ".error").at);
            writer_clear(&image);
            writer_clear(&settings);
            assert_done(name, openers_choose(file, IMAGE_MAX, &chosen, &image, &settings, &err), &err);
            assert_int_equal(chosen, OPENER_NONE);
            assert_true(image.size == 0 && settings.size == 0 && writer_ok(&image) && writer_ok(&settings));
        }
        assert_true(found.count >= 8);
    }
}

static void no_prefix_opens(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct bytes file = golden(&arena, files[i].file, "");
        for (size_t size = 0; size < file.size; size++) {
            OWN(writer_end) struct writer image = writer_with(MIB), settings = writer_with(MIB);
            struct bytes prefix = {file.at, size};
            bool opened = openers_get(files[i].kind)->open(prefix, IMAGE_MAX, &image, &settings, &err);
            if (opened && files[i].kind == OPENER_VMLINUZ)
                break; /* nothing tells where its tail ends */
            if (opened)
                fail_msg("%s: %zu bytes of it were opened", files[i].file, size);
            assert_true(err.kind == ERROR_INPUT);
        }
    }
}

static void images_have_their_limit(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWN(writer_end) struct writer image = writer_with(MIB), settings = writer_with(MIB);
        struct bytes file = golden(&arena, files[i].file, "");
        size_t size = golden(&arena, files[i].file, ".image").size;
        enum opener_kind kind;
        if (size == 0)
            continue;
        assert_false(openers_get(files[i].kind)->open(file, size - 1, &image, &settings, &err));
        assert_int_equal(err.kind, ERROR_LIMIT);
        writer_clear(&image);
        writer_clear(&settings);
        image.limit = size - 1;
        assert_done(files[i].file, openers_choose(file, IMAGE_MAX, &kind, &image, &settings, &err), &err);
        assert_int_equal(kind, OPENER_NONE);
        image.limit = size;
        assert_done(files[i].file, openers_choose(file, size, &kind, &image, &settings, &err), &err);
        assert_int_equal(kind, files[i].kind);
    }
}

static void closing_believes_nothing(void **state)
{
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        OWN(writer_end) struct writer closed = writer_with(MIB);
        struct bytes image = lies[i].image;
        assert_false(openers_get(lies[i].kind)
                         ->close(lies[i].settings, memory_source(&image), lies[i].image_size,
                                 lies[i].file_size, memory_sink(&closed), &err));
        assert_failed(lies[i].name, &err, lies[i].error, lies[i].text);
        assert_true(closed.size <= lies[i].file_size);
    }
}

/* Whatever image size and file size are asked for, never more comes, and less only with an error. */
static void closing_keeps_to_the_size(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct bytes file = golden(&arena, files[i].file, "");
        struct bytes whole = golden(&arena, files[i].file, ".image");
        for (size_t size = 0; size<file.size + 20; size += size> 50 && size + 120 < file.size ? 101 : 1) {
            OWN(writer_end) struct writer closed = writer_with(MIB);
            struct bytes image = whole;
            bool done = openers_get(files[i].kind)
                            ->close(files[i].settings, memory_source(&image), image.size, size,
                                    memory_sink(&closed), &err);
            assert_true(done ? closed.size == size : closed.size <= size && size != file.size);
        }
    }
}

/* A catalogue whose hash table is another one than msgfmt makes opens well, but would not come back. */
static void what_closes_to_other_bytes_stays_closed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer image = writer_with(MIB), settings = writer_with(MIB);
    struct bytes file = golden(&arena, "opener_mo/usual", "");
    enum opener_kind kind;
    struct error err = {0};
    (void)state;

    uint8_t *shuffled = arena_take(&arena, file.size);
    memcpy(shuffled, file.at, file.size);
    uint8_t *slot = shuffled + 28 + (size_t)16 * file.at[8];
    memmove(slot, slot + 4, 4);
    file.at = shuffled;
    assert_done("open", openers_get(OPENER_MO)->open(file, IMAGE_MAX, &image, &settings, &err), &err);
    writer_clear(&image);
    assert_done("choose", openers_choose(file, IMAGE_MAX, &kind, &image, &settings, &err), &err);
    assert_int_equal(kind, OPENER_NONE);
    assert_int_equal(image.size, 0);
    assert_done("old", openers_choose_old(file, IMAGE_MAX, &kind, &image, &err), &err);
    assert_int_equal(kind, OPENER_MO);
}

static void what_is_no_container_stays_closed(void **state)
{
    static const char *const plain[] = {"", "a",
                                        ("\x7f"
                                         "ELF"),
                                        "PK\5\6", "Package: a\n"};
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        OWN(writer_end) struct writer image = writer_with(MIB), settings = writer_with(MIB);
        enum opener_kind kind;
        struct bytes file = bytes_of_text(text_of(plain[i]));
        assert_done(plain[i], openers_choose(file, IMAGE_MAX, &kind, &image, &settings, &err), &err);
        assert_int_equal(kind, OPENER_NONE);
    }
    assert_null(openers_get(OPENER_NONE));
    assert_null(openers_get(OPENER_KIND_COUNT));
    assert_null(openers_get(UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(golden_files_open_and_close),
        cmocka_unit_test(broken_files_stay_closed),
        cmocka_unit_test(no_prefix_opens),
        cmocka_unit_test(images_have_their_limit),
        cmocka_unit_test(closing_believes_nothing),
        cmocka_unit_test(closing_keeps_to_the_size),
        cmocka_unit_test(what_closes_to_other_bytes_stays_closed),
        cmocka_unit_test(what_is_no_container_stays_closed),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
