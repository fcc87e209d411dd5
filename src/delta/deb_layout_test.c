#include "base/testing.h"

#include <dirent.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/deb_layout.h"

#define LONG10 "longlonglonglonglonglonglonglonglonglong"
#define LONG30 LONG10 LONG10 LONG10

/* ---- putting together what was taken apart ---- */

struct parts_source {
    const struct deb_apart *apart;
    uint64_t *sizes;
    struct bytes left;
    size_t piece; /* as many bytes at once */
};

static bool get(void *self, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    struct parts_source *source = self;
    (void)err;

    size = size < source->piece ? size : source->piece;
    *got = source->left.size < size ? source->left.size : size;
    if (*got == 0)
        return true;
    memcpy(into, source->left.at, *got);
    source->left = (struct bytes){source->left.at + *got, source->left.size - *got};
    return true;
}

static bool open_part(void *self, size_t part, struct opener_source *out, struct error *err)
{
    struct parts_source *source = self;
    (void)err;

    source->left = source->apart->parts[part].bytes;
    *out = (struct opener_source){get, source};
    return true;
}

static struct parts_source source_of(const struct deb_apart *apart, struct arena *arena)
{
    struct parts_source source = {
        .apart = apart, .sizes = ARENA_ARRAY(arena, uint64_t, apart->part_count), .piece = 7777};

    assert_non_null(source.sizes);
    for (size_t i = 0; i < apart->part_count; i++)
        source.sizes[i] = apart->parts[i].bytes.size;
    return source;
}

/* What comes must be what the .deb was. */
struct comparison {
    struct bytes left;
    bool differs;
};

static bool compare(void *self, struct bytes bytes, struct error *err)
{
    struct comparison *comparison = self;

    if (bytes.size > comparison->left.size || memcmp(bytes.at, comparison->left.at, bytes.size) != 0)
        return error_set(err, ERROR_CONFLICT, "other bytes, with %zu to go", comparison->left.size);
    comparison->left = (struct bytes){comparison->left.at + bytes.size, comparison->left.size - bytes.size};
    return true;
}

static const struct deb_budget budget = {2, 600 * MIB};

static bool put_back(const struct deb_apart *apart, struct parts_source *source, uint64_t size,
                     struct comparison *comparison, struct error *err)
{
    struct deb_contents contents = {.sizes = source->sizes, .open = open_part, .self = source};

    return deb_put_together(apart->structure, apart->part_count, contents, budget, size,
                            (struct opener_sink){compare, comparison}, err);
}

/* Takes apart, puts together; says what could not be opened. */
static bool round_trip(const char *path, bool tell)
{
    OWN(arena_end) struct arena arena = arena_with(1024 * MIB);
    OWN(file_unmap) struct file_map map = {0};
    OWN(deb_apart_end) struct deb_apart apart = {0};
    struct error err = {0};

    assert_done(path, file_map(path, LIMIT_DEB_FILE, &map, &err), &err);
    if (!deb_take_apart(map.bytes, "/tmp", budget, &arena, &apart, &err)) {
        print_message("%s: %s\n", path, err.text);
        return false;
    }
    struct parts_source source = source_of(&apart, &arena);
    struct comparison comparison = {.left = map.bytes};
    bool done = put_back(&apart, &source, map.bytes.size, &comparison, &err);
    if (tell || !done || apart.strange.size > 0)
        print_message("%s: %s%s %.*s, structure %zu + %zu, parts %zu\n", path, done ? "same" : "FAILED ",
                      done ? "" : err.text, TEXT_ARG(apart.strange), apart.list.size,
                      apart.structure.size - apart.list.size, apart.part_count);
    return done && apart.strange.size == 0 && comparison.left.size == 0;
}

/* ---- made packages ---- */

static struct bytes golden(struct arena *arena, const char *name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/delta/deb/%s", getenv("SUTURE_GOLDEN"), name);

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

/* beside_list: what the structure has beside the list of paths; a larger one makes each delta larger. */
static const struct {
    const char *name;
    size_t beside_list, parts;
    const char *strange;
} packages[] = {
    {"usual.deb", 217, 15, ""},
    {"newer.deb", 217, 15, ""},
    {"gzip.deb", 217, 15, ""},
    {"zstd.deb", 227, 15, ""},
    {"none.deb", 217, 15, ""},
    {"extreme.deb", 217, 15, ""},
    {"no_md5sums.deb", 216, 14, ""},
    {"one_thread.deb", 55, 4, ""},
    {"other_packing.deb", 65, 4, ""},
    {"ustar.deb", 57, 4, ""},
    {"times.deb", 864, 43, ""},
    {"signed.deb", 67, 5, ""},
    {"slash.deb", 235, 4, ""},
    {"pax.deb", 3154, 7, ""},
    {"closed/behind_tar.deb", 40, 2, "data.tar.xz: tar: something stands behind its end"},
    {"closed/bzip2.deb", 42, 2, "data.tar.bz2: tar: ends in the middle of a head"},
    {"closed/cut_xz.deb", 40, 2, "data.tar.xz: xz: ends in the middle, after 257 bytes"},
    {"closed/filters.deb", 40, 2, "data.tar.xz: packed in a way that is not known"},
    {"closed/no_tar.deb", 34, 2, "data.tar: tar: ends in the middle of a head"},
    {"closed/no_deb.deb", 20, 2, ""},
    {"closed/bare.deb", 16, 1, ""},
    {"closed/nothing.deb", 6, 0, ""},
};

static void made_packages_come_back(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT_OF(packages); i++) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        OWN(deb_apart_end) struct deb_apart apart = {0};
        const char *name = packages[i].name;
        struct bytes deb = golden(&arena, name);
        struct comparison comparison = {.left = deb};
        struct error err = {0};

        assert_done(name, deb_take_apart(deb, i % 2 == 0 ? NULL : "/tmp", budget, &arena, &apart, &err),
                    &err);
        struct parts_source source = source_of(&apart, &arena);
        source.piece = 1 + i;
        assert_done(name, put_back(&apart, &source, deb.size, &comparison, &err), &err);
        assert_int_equal(comparison.left.size, 0);
        assert_text(name, apart.strange, packages[i].strange);
        if (apart.part_count != packages[i].parts ||
            apart.structure.size - apart.list.size != packages[i].beside_list)
            fail_msg("%s: %zu parts and %zu bytes beside the list", name, apart.part_count,
                     apart.structure.size - apart.list.size);
    }
}

static void bad_packages_are_refused(void **state)
{
    static const struct {
        const char *name;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"bad/empty.deb", ERROR_INPUT, "no ar file"},
        {"bad/no_ar.deb", ERROR_INPUT, "no ar file"},
        {"bad/cut_head.deb", ERROR_INPUT, "ends in the middle of a member's head"},
        {"bad/cut_member.deb", ERROR_INPUT, "ends in the middle of a member, 600 bytes too early"},
        {"bad/no_head.deb", ERROR_INPUT, "no member's head at byte 8"},
        {"bad/size_letters.deb", ERROR_INPUT, "no member's head at byte 8"},
        {"bad/no_newline.deb", ERROR_INPUT, "no newline behind a member at byte 69"},
        {"bad/members.deb", ERROR_LIMIT, "more than 64 members"},
    };
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct deb_apart apart = {.part_count = 77};
        struct error err = {0};
        if (deb_take_apart(golden(&arena, rows[i].name), NULL, budget, &arena, &apart, &err))
            fail_msg("%s: was taken apart", rows[i].name);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        assert_int_equal(apart.part_count, 77);
    }
}

/* What the first megabytes tell is what the whole proves; small packages are proven whole in any case. */
static void quick_proofs_agree(void **state)
{
    static const char *const names[] = {"libxml2_2.9.14+dfsg-1.3~deb12u6_amd64.deb"};
    char path[512];
    (void)state;

    for (size_t i = 0; i < COUNT_OF(packages) + COUNT_OF(names); i++) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        OWN(file_unmap) struct file_map map = {0};
        OWN(deb_apart_end) struct deb_apart whole = {0}, quick = {0};
        struct error err = {0};
        bool made = i < COUNT_OF(packages);
        const char *name =
            made ? packages[i].name : text_format(&arena, "deb-pairs/%s", names[i - COUNT_OF(packages)]).at;
        if (!made && test_shared(name, path) == NULL)
            return;
        struct bytes deb = made ? golden(&arena, name) : (struct bytes){0};
        if (!made) {
            assert_done(name, file_map(path, LIMIT_DEB_FILE, &map, &err), &err);
            deb = map.bytes;
        }
        assert_done(name, deb_take_apart(deb, NULL, budget, &arena, &whole, &err), &err);
        assert_done(name, deb_take_apart_quickly(deb, NULL, budget, &arena, &quick, &err), &err);
        assert_int_equal(whole.structure.size, quick.structure.size);
        assert_memory_equal(whole.structure.at, quick.structure.at, quick.structure.size);
    }
}

/* ---- what a package is taken apart into ---- */

static void parts_have_names_and_classes(void **state)
{
    static const char expected[] =
        "c conffiles 45\nc control 168\nc md5sums 0\nc postinst 17\n"
        "e /etc/usual/second.conf 12\ne /etc/usual/usual.conf 12\n"
        "f /usr/bin/other 10\nf /usr/bin/usual 21\n"
        "f /usr/lib/usual/data 13\nf /usr/lib/usual/helper 10\nf /usr/lib/usual/libusual.so.1 12\n"
        "d /usr/share/doc/usual/changelog 14\nd /usr/share/doc/usual/copyright 10\n"
        "f /usr/share/usual/" LONG30 " 0\n"
        "f /usr/share/usual/space and \xc3\xa9 1\n";
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(deb_apart_end) struct deb_apart apart = {0};
    struct error err = {0};
    struct text said = {0};
    (void)state;

    assert_done("usual", deb_take_apart(golden(&arena, "usual.deb"), NULL, budget, &arena, &apart, &err),
                &err);
    for (size_t i = 0; i < apart.part_count; i++)
        said =
            text_format(&arena, "%.*s%c %.*s %zu\n", TEXT_ARG(said), base_class_letters[apart.parts[i].class],
                        TEXT_ARG(apart.parts[i].name), apart.parts[i].bytes.size);
    assert_text("parts", said, expected);
    assert_text("package", apart.package, "usual");
    assert_text("version", apart.version, "1.0-1");
    assert_text("arch", apart.arch, "amd64");
    assert_memory_equal(apart.structure.at, apart.list.at, apart.list.size);
}

static struct text told(const struct base *base, struct arena *arena)
{
    struct text said = {0};

    for (size_t i = 0; i < base->part_count; i++) {
        char hex[DIGEST_HEX_MAX + 1];
        digest_hex(&base->parts[i].md5, hex);
        said = text_format(arena, "%.*s%s %c %.*s\n", TEXT_ARG(said), hex,
                           base_class_letters[base->parts[i].class], TEXT_ARG(base->parts[i].name));
    }
    return said;
}

/* The .base files were made by dpkg itself (installed into an empty root): what an installed package must give too. */
static void bases_are_as_installed_ones(void **state)
{
    static const char *const names[] = {"usual", "no_md5sums"};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        OWN(base_deb_end) struct base base = {0};
        struct error err = {0};
        struct bytes deb = golden(&arena, text_format(&arena, "%s.deb", names[i]).at);
        assert_done(names[i], base_deb_open(deb, NULL, &arena, &base, &err), &err);
        struct bytes expected = golden(&arena, text_format(&arena, "%s.base", names[i]).at);
        assert_text(names[i], told(&base, &arena),
                    text_format(&arena, "%.*s", (int)expected.size, (const char *)expected.at).at);
        for (size_t j = 0; j < base.part_count; j++) {
            OWN(writer_end) struct writer content = writer_with(MIB);
            assert_done(names[i], base.read(base.self, j, &content, &err), &err);
        }
        assert_text("package", base.package, "usual");
    }
}

static void wrong_md5sums_are_told(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(base_deb_end) struct base base = {0};
    OWN(writer_end) struct writer content = writer_with(MIB);
    struct error err = {0};
    (void)state;

    assert_done("open", base_deb_open(golden(&arena, "wrong_md5sums.deb"), NULL, &arena, &base, &err), &err);
    size_t wrong = base_find(&base, BASE_FILE, TEXT("/wrong")),
           gone = base_find(&base, BASE_FILE, TEXT("/gone"));
    assert_true(wrong != SIZE_MAX && gone != SIZE_MAX);
    assert_false(base.read(base.self, wrong, &content, &err));
    assert_failed("wrong", &err, ERROR_CONFLICT, "/wrong is not what md5sums says");
    assert_false(base.read(base.self, gone, &content, &err));
    assert_failed("gone", &err, ERROR_ABSENT, "/gone is not in the package");
    assert_false(base_deb_open(golden(&arena, "closed/filters.deb"), NULL, &arena, &base, &err) &&
                 base_deb_open(golden(&arena, "closed/bzip2.deb"), NULL, &arena, &base, &err));
    assert_failed("closed", &err, ERROR_INPUT,
                  "no package that can be opened: data.tar.bz2: tar: ends in the middle of a head");
}

/* ---- what is wrong when putting together ---- */

static bool count_bytes(void *self, struct bytes bytes, struct error *err)
{
    (void)err;
    *(uint64_t *)self += bytes.size;
    return true;
}

static void lies_are_told(void **state)
{
    static const struct {
        const char *name;
        size_t more_parts, more_in_part, more_in_deb;
        const char *text;
    } rows[] = {
        {"a part more", 1, 0, 0, "structure: of 15 parts, but there are 16"},
        {"a larger part", 0, 1, 0, "member 1: part 0 has fewer bytes than announced"},
        {"a smaller part", 0, SIZE_MAX, 0, "member 1: part 0 has more bytes than announced"},
        {"a larger package", 0, 0, 2, "member 2: packs to fewer bytes than announced"},
        {"a smaller package", 0, 0, SIZE_MAX - 1, "member 2: packs to more bytes than announced"},
        {"a much smaller package", 0, 0, 1 - (size_t)1752, "more than the 1 bytes announced"},
    };
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(deb_apart_end) struct deb_apart apart = {0};
    struct error err = {0};
    struct bytes deb = golden(&arena, "usual.deb");
    (void)state;

    assert_done("usual", deb_take_apart(deb, NULL, budget, &arena, &apart, &err), &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parts_source source = source_of(&apart, &arena);
        struct deb_contents contents = {.sizes = source.sizes, .open = open_part, .self = &source};
        uint64_t put = 0, size = deb.size + rows[i].more_in_deb;
        source.sizes[0] += rows[i].more_in_part;
        assert_false(deb_put_together(apart.structure, apart.part_count + rows[i].more_parts, contents,
                                      budget, size, (struct opener_sink){count_bytes, &put}, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
        assert_true(put <= size);
    }
}

/* Cut and changed structures: never more bytes than announced, and never a crash. */
static void broken_structures_fail(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(deb_apart_end) struct deb_apart apart = {0};
    struct error err = {0};
    struct bytes deb = golden(&arena, "none.deb");
    (void)state;

    assert_done("none", deb_take_apart(deb, NULL, budget, &arena, &apart, &err), &err);
    struct parts_source source = source_of(&apart, &arena);
    struct deb_contents contents = {.sizes = source.sizes, .open = open_part, .self = &source};
    uint8_t *changed = arena_take(&arena, apart.structure.size);
    assert_non_null(changed);
    for (size_t i = 0; i < apart.structure.size; i++) {
        uint64_t put = 0;
        assert_false(deb_put_together((struct bytes){apart.structure.at, i}, apart.part_count, contents,
                                      budget, deb.size, (struct opener_sink){count_bytes, &put}, &err));
        for (unsigned bit = (unsigned)(i % 3); bit < 8; bit += 3) {
            memcpy(changed, apart.structure.at, apart.structure.size);
            changed[i] ^= (uint8_t)(1U << bit);
            put = 0;
            if (!deb_put_together((struct bytes){changed, apart.structure.size}, apart.part_count, contents,
                                  budget, deb.size, (struct opener_sink){count_bytes, &put}, &err))
                assert_true(err.text[0] != '\0');
            assert_true(put <= deb.size);
        }
    }
}

/* Small ones of the pairs, or all of the folder that SUTURE_DEBS names. */
static void real_packages_come_back(void **state)
{
    char folder[512];
    struct dirent *entry;
    size_t count = 0, failed = 0;
    (void)state;

    const char *given = getenv("SUTURE_DEBS");
    if (given == NULL && test_shared("deb-pairs/sizes.tsv", folder) == NULL)
        return;
    if (given == NULL)
        *strrchr(folder, '/') = '\0';
    DIR *found = opendir(given == NULL ? folder : given);
    assert_non_null(found);
    while ((entry = readdir(found)) != NULL) {
        char path[1024];
        size_t size = strlen(entry->d_name);
        if (size < 4 || strcmp(entry->d_name + size - 4, ".deb") != 0 ||
            (given == NULL && strncmp(entry->d_name, "curl_7.88.1-10+deb12u15", 23) != 0))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", given == NULL ? folder : given, entry->d_name);
        failed += !round_trip(path, given != NULL);
        count++;
    }
    (void)closedir(found);
    if (given != NULL)
        print_message("%zu packages, %zu failed\n", count, failed);
    assert_true(failed == 0 && count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_packages_come_back),
        cmocka_unit_test(bad_packages_are_refused),
        cmocka_unit_test(parts_have_names_and_classes),
        cmocka_unit_test(quick_proofs_agree),
        cmocka_unit_test(bases_are_as_installed_ones),
        cmocka_unit_test(wrong_md5sums_are_told),
        cmocka_unit_test(lies_are_told),
        cmocka_unit_test(broken_structures_fail),
        cmocka_unit_test(real_packages_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
