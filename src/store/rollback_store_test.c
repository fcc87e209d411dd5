#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/kept_delta.h"

static const struct kept_package packages[] = {
    {TEXT("a"), TEXT("amd64"), TEXT("1:2-3"), TEXT("hold ok installed"), true},
    {TEXT("b"), TEXT("all"), TEXT("1"), TEXT("deinstall ok config-files"), false},
};

/* One of everything. */
struct sample {
    struct rollback_store store;
    struct kept_change changes[2];
    struct kept_part parts[1];
    struct kept_file files[4];
};

static void fill(const char *folder, struct sample *out)
{
    struct error err = {0};
    struct sample s = {
        .changes = {{.kind = CHANGE_UPGRADE,
                     .origin = KEPT_REBUILT,
                     .group = 1,
                     .name = TEXT("a"),
                     .arch = TEXT("amd64"),
                     .from = TEXT("1:2-3"),
                     .to = TEXT("1:2-4"),
                     .paragraph = BYTES("Package: a\nVersion: 1:2-3\n")},
                    {.kind = CHANGE_NEW, .name = TEXT("n"), .arch = TEXT("amd64"), .to = TEXT("1")}},
        .parts = {{.name = TEXT("list"), .mode = 0644}},
        .files = {{.kind = KEPT_FILE,
                   .conffile = true,
                   .mode = 0640,
                   .uid = 1,
                   .gid = 2,
                   .mtime_s = -5,
                   .mtime_ns = 7,
                   .path = TEXT("/etc/a.conf")},
                  {.kind = KEPT_LINK,
                   .conffile = true,
                   .mode = 0777,
                   .mtime_s = 5,
                   .path = TEXT("/etc/l"),
                   .target = TEXT("../x")},
                  {.kind = KEPT_ABSENT, .path = TEXT("/usr/gone")},
                  {.kind = KEPT_ATTRIBUTE,
                   .path = TEXT("/usr/bin/ping"),
                   .target = TEXT("security.capability")}},
        .store = {.made_us = 77,
                  .run = TEXT("20261121T030502Z-9f3a61c2"),
                  .plan = TEXT("0123"),
                  .arch = TEXT("amd64"),
                  .packages = packages,
                  .package_count = 2},
    };
    char path[LIMIT_PATH];

    assert_done("begin", rollback_store_begin(folder, &err), &err);
    assert_done("put", rollback_store_put(folder, BYTES("automatic"), &s.store.extended, &err), &err);
    assert_done("put", rollback_store_put(folder, BYTES("/.\n"), &s.parts[0].content, &err), &err);
    assert_done("put", rollback_store_put(folder, BYTES("mine\n"), &s.files[0].content, &err), &err);
    assert_done("put", rollback_store_put(folder, BYTES(""), &s.files[3].content, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/new", folder);
    assert_done("deb", file_replace_cache(path, BYTES("package"), 0600, &err), &err);
    s.changes[0].deb.size = 7;
    assert_done("digest", digest_bytes(DIGEST_SHA256, BYTES("package"), &s.changes[0].deb.digest, &err),
                &err);
    s.changes[0].plain.size = 9;
    assert_done("digest", digest_bytes(DIGEST_SHA256, BYTES("unpacked\n"), &s.changes[0].plain.digest, &err),
                &err);
    assert_done("take", rollback_store_take_deb(folder, path, &s.changes[0].deb, &err), &err);
    *out = s;
    out->store.changes = out->changes;
    out->store.change_count = 2;
    out->store.parts = out->parts;
    out->store.part_count = 1;
    out->store.files = out->files;
    out->store.file_count = 4;
}

static struct bytes written(const struct rollback_store *store, struct arena *arena)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct bytes bytes;
    struct error err = {0};

    rollback_store_write(store, &w);
    assert_done("write", writer_done(&w, &bytes, &err), &err);
    return bytes_of_text(text_copy(arena, (struct text){(const char *)bytes.at, bytes.size}));
}

static bool same(struct bytes a, struct bytes b)
{
    return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static void what_is_kept_is_found(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    struct error err = {0};
    struct rollback_store got;
    struct digest seal;
    struct sample s;
    struct bytes content;
    char folder[64];
    (void)state;

    test_folder(folder);
    fill(folder, &s);
    assert_done("seal", rollback_store_seal(folder, &s.store, &seal, &err), &err);
    assert_done("open", rollback_store_open(folder, &seal, &arena, &got, &err), &err);
    assert_true(same(written(&got, &arena), written(&s.store, &arena)));
    assert_text("name", got.changes[0].name, "a");
    assert_int_equal(got.files[0].mtime_s, -5);
    assert_true(got.packages[0].automatic);
    assert_done("read", rollback_store_read(folder, &got.files[0].content, &arena, &content, &err), &err);
    assert_true(same(content, BYTES("mine\n")));
    assert_true(file_exists(rollback_store_deb_path(folder, &got.changes[0].deb, &arena)));
    assert_ptr_equal(rollback_store_find(&got, TEXT("n"), TEXT("amd64")), &got.changes[1]);
    assert_null(rollback_store_find(&got, TEXT("n"), TEXT("all")));
    assert_done("begin", rollback_store_begin(folder, &err), &err);
    assert_false(rollback_store_open(folder, &seal, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

/* A byte of any file, a file that is gone, another manifest: none is used. */
static void a_tampered_store_is_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(32 * MIB);
    struct error err = {0};
    struct rollback_store got;
    struct digest seal;
    struct sample s;
    struct file_names names;
    struct bytes content;
    char folder[64];
    (void)state;

    test_folder(folder);
    fill(folder, &s);
    assert_done("seal", rollback_store_seal(folder, &s.store, &seal, &err), &err);
    assert_done("list", file_list(folder, 100, &arena, &names, &err), &err);
    assert_int_equal(names.count, 6);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_path(&arena, folder, names.names[i].at);
        assert_done("read", file_read(path, MIB, &arena, &content, &err), &err);
        for (size_t at = 0; at <= content.size; at++) {
            struct text other = text_copy(&arena, (struct text){(const char *)content.at, content.size + 1});
            char *bytes = text_string(&arena, other);
            bytes[at] ^= 1; /* the one behind the end makes it longer */
            assert_done("write",
                        file_replace_cache(
                            path, (struct bytes){(const uint8_t *)bytes, content.size + (at == content.size)},
                            0600, &err),
                        &err);
            if (rollback_store_open(folder, &seal, &arena, &got, &err))
                fail_msg("%s: byte %zu", path, at);
            assert_int_equal(err.kind, ERROR_TRUST);
            assert_true(text_starts(text_of(err.text), TEXT("rollback store: ")));
        }
        assert_int_equal(unlink(path), 0);
        assert_false(rollback_store_open(folder, &seal, &arena, &got, &err));
        assert_done("write", file_replace_cache(path, content, 0600, &err), &err);
    }
    assert_done("open", rollback_store_open(folder, &seal, &arena, &got, &err), &err);
    seal.at[0] ^= 1;
    assert_false(rollback_store_open(folder, &seal, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static void a_broken_manifest_is_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct error err = {0};
    struct rollback_store got;
    struct sample s;
    char folder[64];
    (void)state;

    test_folder(folder);
    fill(folder, &s);
    struct bytes good = written(&s.store, &arena);
    for (size_t size = 0; size < good.size; size++)
        if (rollback_store_parse((struct bytes){good.at, size}, &arena, &got, &err))
            fail_msg("%zu of %zu bytes were read", size, good.size);
    char *other = text_string(&arena, (struct text){(const char *)good.at, good.size + 1});
    assert_false(rollback_store_parse((struct bytes){(uint8_t *)other, good.size + 1}, &arena, &got, &err));
    other[8] = 3;
    assert_false(rollback_store_parse((struct bytes){(uint8_t *)other, good.size}, &arena, &got, &err));
    assert_failed("newer", &err, ERROR_INPUT,
                  "its layout is version 3, made by a newer suture; this one reads up to 2");
    s.files[1].path = TEXT("etc/l");
    assert_false(rollback_store_parse(written(&s.store, &arena), &arena, &got, &err));
    s.files[1].path = TEXT("/etc/l");
    s.parts[0].name = TEXT("../x");
    assert_false(rollback_store_parse(written(&s.store, &arena), &arena, &got, &err));
    s.parts[0].name = TEXT("list");
    s.changes[1].name = TEXT("a");
    assert_false(rollback_store_parse(written(&s.store, &arena), &arena, &got, &err));
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

/* What an older suture kept is read, and written as it was. */
static void the_first_layout_is_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    struct error err = {0};
    struct rollback_store got;
    struct bytes raw;
    (void)state;

    const char *path = file_path(&arena, getenv("SUTURE_GOLDEN"), "rollback_store/one.manifest");
    assert_done("read", file_read(path, MIB, &arena, &raw, &err), &err);
    assert_done("parse", rollback_store_parse(raw, &arena, &got, &err), &err);
    assert_int_equal(got.version, 1);
    assert_int_equal(got.changes[0].plain.digest.kind, DIGEST_UNKNOWN);
    assert_true(same(written(&got, &arena), raw));
}

/* A package file may be there unpacked, by its other digest; no third one is taken. */
static void forms_of_a_package(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    struct error err = {0};
    struct rollback_store got;
    struct digest seal;
    struct sample s;
    char folder[64];
    (void)state;

    test_folder(folder);
    fill(folder, &s);
    assert_done("seal", rollback_store_seal(folder, &s.store, &seal, &err), &err);
    const char *packed = rollback_store_deb_path(folder, &s.changes[0].deb, &arena);
    const char *plain = rollback_store_deb_path(folder, &s.changes[0].plain, &arena);
    assert_int_equal(rollback_store_form(folder, &s.changes[0]), KEPT_PACKED);
    assert_done("plain", file_replace_cache(plain, BYTES("unpacked\n"), 0600, &err), &err);
    assert_int_equal(rollback_store_form(folder, &s.changes[0]), KEPT_PACKED);
    assert_int_equal(unlink(packed), 0);
    assert_int_equal(rollback_store_form(folder, &s.changes[0]), KEPT_PLAIN);
    assert_done("open", rollback_store_open(folder, &seal, &arena, &got, &err), &err);
    assert_done("plain", file_replace_cache(plain, BYTES("unpackeD\n"), 0600, &err), &err);
    assert_false(rollback_store_open(folder, &seal, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_int_equal(unlink(plain), 0);
    assert_int_equal(rollback_store_form(folder, &s.changes[0]), KEPT_NOWHERE);
    assert_false(rollback_store_open(folder, &seal, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    const char *delta = rollback_store_path(folder, &s.changes[0].plain, ".delta", &arena);
    assert_done("delta", file_replace_cache(delta, BYTES("no delta"), 0600, &err), &err);
    assert_int_equal(rollback_store_form(folder, &s.changes[0]), KEPT_DELTA);
    assert_false(rollback_store_open(folder, &seal, &arena, &got, &err));
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

/* A delta that makes a package, but another one than the manifest names, replaces nothing. */
static void a_delta_of_another_package_is_no_form(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    struct error err = {0};
    struct bytes old, new;
    struct sample s;
    char folder[64];
    (void)state;

    test_folder(folder);
    fill(folder, &s);
    const char *golden = getenv("SUTURE_GOLDEN"), *usual = file_path(&arena, golden, "delta/deb/usual.deb");
    const char *base = file_path(&arena, folder, "new");
    assert_done("old", file_read(usual, MIB, &arena, &old, &err), &err);
    assert_done("new", file_read(file_path(&arena, golden, "delta/deb/newer.deb"), MIB, &arena, &new, &err),
                &err);
    assert_done("base", file_replace_cache(base, new, 0600, &err), &err);
    s.changes[0].deb.size = old.size; /* a delta is smaller than that */
    assert_false(kept_delta_make(folder, &s.changes[0], base, usual, &err));
    assert_true(err.kind == ERROR_INPUT && strstr(err.text, "makes another file") != NULL);
    assert_int_equal(rollback_store_form(folder, &s.changes[0]), KEPT_PACKED);
    for (int i = 0; i < 4; i++) {
        static const char *const endings[] = {".delta", ".base", ".delta.part", ".base.part"};
        assert_false(file_exists(rollback_store_path(folder, &s.changes[0].plain, endings[i], &arena)));
    }
    /* And of the right one it does. */
    assert_done("digest", digest_bytes(DIGEST_SHA256, old, &s.changes[0].plain.digest, &err), &err);
    s.changes[0].plain.size = old.size;
    assert_done("make", kept_delta_make(folder, &s.changes[0], base, usual, &err), &err);
    assert_int_equal(rollback_store_form(folder, &s.changes[0]), KEPT_DELTA);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_found),
        cmocka_unit_test(a_tampered_store_is_refused),
        cmocka_unit_test(a_broken_manifest_is_refused),
        cmocka_unit_test(the_first_layout_is_read),
        cmocka_unit_test(forms_of_a_package),
        cmocka_unit_test(a_delta_of_another_package_is_no_form),
    };

    if (argc == 2) { /* writes the golden file of this layout */
        OWN(arena_end) struct arena arena = arena_with(8 * MIB);
        struct error err;
        struct sample s;
        char folder[64];
        test_folder(folder);
        fill(folder, &s);
        struct bytes bytes = written(&s.store, &arena);
        return file_remove_tree(folder, &err) && file_replace(argv[1], bytes, 0644, &err) ? 0 : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
