#include "base/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "manager/deb_build.h"
#include "manager/deb_file.h"

#define STATUS                                                                                               \
    "Package: a\nStatus: install ok installed\nMulti-Arch: same\nVersion: 1:2-3\nArchitecture: amd64\n"      \
    "Conffiles:\n /etc/a.conf 11111111111111111111111111111111\n /etc/gone "                                 \
    "22222222222222222222222222222222\n"                                                                     \
    " /etc/old 33333333333333333333333333333333 obsolete\nTriggers-Pending: x\nConfig-Version: 1:2-3\n"      \
    "Description: a\n more\n\n"                                                                              \
    "Package: b\nStatus: install ok half-configured\nVersion: 1\nArchitecture: amd64\nDescription: b\n\n"

/* Kind, path below the root, content or target, mode. */
static const struct {
    char kind;
    const char *path, *content;
    mode_t mode;
} things[] = {
    {'d', "var", "", 0755},
    {'d', "var/lib", "", 0755},
    {'d', "var/lib/dpkg", "", 0755},
    {'d', "var/lib/dpkg/info", "", 0755},
    {'d', "var/lib/dpkg/updates", "", 0755},
    {'f', "var/lib/dpkg/status", STATUS, 0644},
    {'f', "var/lib/dpkg/diversions",
     "/usr/bin/mine\n/usr/bin/mine.a\nother\n/usr/bin/own\n/usr/bin/own.a\na\n", 0644},
    {'f', "var/lib/dpkg/info/a:amd64.list",
     "/.\n/bin\n/bin/sh2\n/etc\n/etc/a.conf\n/etc/gone\n/usr\n/usr/bin\n/usr/bin/set\n/usr/bin/again\n/usr/"
     "bin/mine\n"
     "/usr/bin/own\n/usr/bin/l\n/usr/bin/caf\xc3\xa9\n/usr/doc\n/usr/doc/x\n/var/spool\n/usr/lost\n/usr/"
     "pipe\n",
     0644},
    {'f', "var/lib/dpkg/info/a:amd64.postinst", "#!/bin/sh\n", 0755},
    {'f', "var/lib/dpkg/info/a:amd64.conffiles", "/etc/a.conf\n/etc/gone\n", 0644},
    {'f', "var/lib/dpkg/info/a.b.postinst", "of another one\n", 0755},
    {'f', "var/lib/dpkg/info/a.postinst", "of a without architecture\n", 0755},
    {'d', "etc", "", 0755},
    {'f', "etc/a.conf", "changed by the owner\n", 0640},
    {'d', "usr", "", 0755},
    {'d', "usr/bin", "", 0755},
    {'l', "bin", "/usr/bin", 0},
    {'f', "usr/bin/sh2", "shell\n", 0755},
    {'f', "usr/bin/set", "setuid\n", 04755},
    {'h', "usr/bin/again", "usr/bin/set", 0},
    {'f', "usr/bin/mine", "another package's\n", 0755},
    {'f', "usr/bin/mine.a", "a's own, diverted\n", 0755},
    {'f', "usr/bin/own", "a diverts others\n", 0755},
    {'f', "usr/bin/own.a", "another's, diverted by a\n", 0755},
    {'l', "usr/bin/l", "/etc/passwd", 0},
    {'f', "usr/bin/caf\xc3\xa9", "", 0644},
    {'d', "data", "", 0755},
    {'d', "data/doc", "", 02750},
    {'f', "data/doc/x", "moved\n", 0644},
    {'l', "usr/doc", "/data/doc", 0},
    {'l', "var/spool", "/data", 0},
    {'p', "usr/pipe", "", 0600},
};

static void make_root(const char *root, struct arena *arena)
{
    for (size_t i = 0; i < COUNT_OF(things); i++) {
        struct error err = {0};
        const char *path = file_path(arena, root, things[i].path);
        int made = 0;
        if (things[i].kind == 'd')
            made = mkdir(path, 0700);
        if (things[i].kind == 'f')
            assert_done(path, file_replace_cache(path, bytes_of_text(text_of(things[i].content)), 0600, &err),
                        &err);
        if (things[i].kind == 'l')
            made = symlink(things[i].content, path);
        if (things[i].kind == 'h')
            made = link(file_path(arena, root, things[i].content), path);
        if (things[i].kind == 'p')
            made = mkfifo(path, 0600);
        if (made != 0 || (things[i].mode != 0 && chmod(path, things[i].mode) != 0))
            fail_msg("%s cannot be made", path);
    }
}

struct fixture {
    struct arena arena;
    char folder[64];
    const char *root, *out;
    struct dpkg_database database;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct error err = {0};

    f->arena = arena_with(64 * MIB);
    test_folder(f->folder);
    f->root = file_path(&f->arena, f->folder, "root");
    f->out = file_path(&f->arena, f->folder, "a.deb");
    assert_int_equal(mkdir(f->root, 0755), 0);
    make_root(f->root, &f->arena);
    assert_done("open", dpkg_database_open(f->root, &f->arena, &f->database, &err), &err);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(f->folder, &err), &err);
    arena_end(&f->arena);
    free(f);
    return 0;
}

static const struct dpkg_record *record(struct fixture *f, const char *name)
{
    const struct dpkg_record *found = dpkg_database_find(&f->database, text_of(name), TEXT("amd64"));

    assert_non_null(found);
    return found;
}

static struct text joined(struct arena *arena, const struct text *texts, size_t count)
{
    struct text all = TEXT("");

    for (size_t i = 0; i < count; i++)
        all = text_format(arena, "%.*s%.*s ", TEXT_ARG(all), TEXT_ARG(texts[i]));
    return all;
}

/* "kind mode path target=content" of each. */
static struct text said(struct bytes packed, struct arena *arena)
{
    OWN(deb_data_end) struct deb_data data = {0};
    struct text all = TEXT("");
    struct deb_entry entry;
    struct error err = {0};
    bool found = true;

    assert_done("data", deb_data_open(packed, &data, &err), &err);
    while (found) {
        uint8_t content[64];
        size_t got = 0;
        assert_done("next", deb_data_next(&data, arena, &entry, &found, &err), &err);
        if (found && entry.kind == ARCHIVE_FILE)
            assert_done("read", deb_data_read(&data, content, sizeof(content), &got, &err), &err);
        if (found)
            all = text_format(arena, "%.*s%d %o %.*s %.*s=%.*s\n", TEXT_ARG(all), (int)entry.kind, entry.mode,
                              TEXT_ARG(entry.path), TEXT_ARG(entry.target), (int)got, (const char *)content);
    }
    return all;
}

static void what_is_on_disk_is_packed(void **state)
{
    static const char expected[] = "6 755 / =\n"
                                   "6 755 /bin =\n"
                                   "1 755 /bin/sh2 =shell\n\n"
                                   "6 755 /etc =\n"
                                   "1 640 /etc/a.conf =changed by the owner\n\n"
                                   "6 755 /usr =\n"
                                   "6 755 /usr/bin =\n"
                                   "1 4755 /usr/bin/set =setuid\n\n"
                                   "2 4755 /usr/bin/again /usr/bin/set=\n"
                                   "1 755 /usr/bin/mine =a's own, diverted\n\n"
                                   "1 755 /usr/bin/own =a diverts others\n\n"
                                   "3 777 /usr/bin/l /etc/passwd=\n"
                                   "1 644 /usr/bin/caf\xc3\xa9 =\n"
                                   "6 2750 /usr/doc =\n"
                                   "1 644 /usr/doc/x =moved\n\n"
                                   "3 777 /var/spool /data=\n"
                                   "7 600 /usr/pipe =\n";
    static const enum compress_kind packings[] = {COMPRESS_NONE, COMPRESS_ZSTD};
    struct fixture *f = *state;
    struct error err = {0};

    for (size_t i = 0; i < COUNT_OF(packings); i++) {
        struct deb_built built, again;
        struct deb_file deb;
        struct bytes packed;
        struct digest digest;
        assert_done("build",
                    deb_build(&f->database, record(f, "a"), packings[i], f->out, &f->arena, &built, &err),
                    &err);
        assert_done("read", file_read(f->out, MIB, &f->arena, &packed, &err), &err);
        assert_int_equal(packed.size, built.size);
        assert_done("digest", digest_bytes(DIGEST_SHA256, packed, &digest, &err), &err);
        assert_true(digest_equal(&digest, &built.digest));
        assert_done("deb", deb_file_read(packed, &f->arena, &deb, &err), &err);
        assert_text("entries", said(packed, &f->arena), expected);
        assert_text(
            "control", (struct text){(const char *)deb.control.at, deb.control.size},
            "Package: a\nMulti-Arch: same\nVersion: 1:2-3\nArchitecture: amd64\nDescription: a\n more\n");
        assert_int_equal(deb.part_count, 3);
        assert_text("postinst", text_of((const char *)deb_file_part(&deb, TEXT("postinst"))->content.at),
                    "#!/bin/sh\n");
        assert_int_equal(deb_file_part(&deb, TEXT("postinst"))->mode, 0755);
        assert_int_equal(deb.conffile_count, 2);
        assert_text("absent", joined(&f->arena, built.absent, built.absent_count), "/etc/gone /usr/lost ");
        assert_int_equal(unlink(f->out), 0);
        assert_done("again",
                    deb_build(&f->database, record(f, "a"), packings[i], f->out, &f->arena, &again, &err),
                    &err);
        assert_true(digest_equal(&again.digest, &built.digest));
        assert_int_equal(unlink(f->out), 0);
    }
}

static void attributes_are_named(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct deb_built built;

    if (setxattr(file_path(&f->arena, f->root, "usr/bin/set"), "user.mark", "x", 1, 0) != 0)
        skip(); /* a file system without them */
    assert_done("build",
                deb_build(&f->database, record(f, "a"), COMPRESS_NONE, f->out, &f->arena, &built, &err),
                &err);
    assert_text("attributed", joined(&f->arena, built.attributed, built.attributed_count),
                "/usr/bin/set /usr/bin/again ");
}

static void what_cannot_be_packed_is_said(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct deb_built built;

    assert_false(deb_build(&f->database, record(f, "b"), COMPRESS_NONE, f->out, &f->arena, &built, &err));
    assert_failed("half", &err, ERROR_CONFLICT, "b is half-configured, not installed wholly");
    assert_false(file_exists(f->out));
    assert_done("taken", file_replace_cache(f->out, BYTES("mine"), 0600, &err), &err);
    assert_false(deb_build(&f->database, record(f, "a"), COMPRESS_NONE, f->out, &f->arena, &built, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_true(file_exists(f->out)); /* another one's file is left alone */

    assert_done(
        "updates",
        file_replace_cache(file_path(&f->arena, f->root, "var/lib/dpkg/updates/0001"), BYTES(""), 0600, &err),
        &err);
    assert_false(dpkg_database_open(f->root, &f->arena, &f->database, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
}

static void conffiles_are_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct dpkg_conffile *conffiles;
    struct error err = {0};
    size_t count;
    (void)state;

    assert_done("good",
                dpkg_conffiles_parse(BYTES("\n /etc/a 01\n /etc/with space 02 obsolete\n /etc/b newconffile"
                                           "\n /etc/c 03 remove-on-upgrade"),
                                     &arena, &conffiles, &count, &err),
                &err);
    assert_int_equal(count, 4);
    assert_text("a", conffiles[0].path, "/etc/a");
    assert_text("a", conffiles[0].hash, "01");
    assert_text("space", conffiles[1].path, "/etc/with space");
    assert_true(conffiles[1].obsolete && !conffiles[0].obsolete);
    assert_text("b", conffiles[2].hash, "newconffile");
    assert_true(conffiles[3].remove_on_upgrade);
    assert_false(dpkg_conffiles_parse(BYTES(" etc/a 01"), &arena, &conffiles, &count, &err));
    assert_failed("relative", &err, ERROR_INPUT, "Conffiles: line 1 is not a path and a hash");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_on_disk_is_packed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attributes_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_packed_is_said, set_up, tear_down),
        cmocka_unit_test(conffiles_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
