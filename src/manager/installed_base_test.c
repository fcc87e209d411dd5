#include "base/testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "manager/installed_base.h"

/* MD5 of "oak\n", of nothing, and of neither. */
#define OAK   "32ddd8c97fea705c9a1e2165a5f34fdc"
#define EMPTY "d41d8cd98f00b204e9800998ecf8427e"
#define WRONG "11111111111111111111111111111111"

#define STATUS                                                                                               \
    "Package: a\nStatus: install ok installed\nMulti-Arch: same\nVersion: 1:2-3\nArchitecture: amd64\n"      \
    "Conffiles:\n /etc/a.conf " OAK "\n /etc/edited " OAK "\n /etc/gone " OAK "\n /etc/new newconffile\n"    \
    " /etc/old " OAK " obsolete\nDescription: a\n more\n\n"                                                  \
    "Package: a\nStatus: install ok installed\nMulti-Arch: same\nVersion: 1:2-3\nArchitecture: i386\n"       \
    "Description: a\n\n"                                                                                     \
    "Package: b\nStatus: install reinstreq half-installed\nVersion: 1\nArchitecture: amd64\nDescription: "   \
    "b\n\n"                                                                                                  \
    "Package: c\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: amd64\nDescription: c\n\n"     \
    "Package: d\nStatus: install ok triggers-pending\nVersion: 1\nArchitecture: all\nDescription: d\n\n"

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
     "/usr/bin/mine\n/usr/bin/mine.a\nother\n/usr/bin/own\n/usr/bin/own.a\na\n/usr/bin/local\n/usr/bin/"
     "local.a\n:\n",
     0644},
    {'f', "var/lib/dpkg/info/a:amd64.list", "/.\n/bin\n/bin/sh2\n/etc\n/etc/a.conf\n/etc/old\n", 0644},
    {'f', "var/lib/dpkg/info/a:amd64.postinst", "#!/bin/sh\n", 0755},
    {'f', "var/lib/dpkg/info/a:amd64.conffiles",
     "/etc/a.conf\n/etc/edited \n/etc/gone\n/etc/new\nremove-on-upgrade /etc/other\n", 0644},
    {'f', "var/lib/dpkg/info/a:amd64.md5sums",
     OAK "  bin/sh2\n" OAK " *./usr/bin/set\n" OAK "  usr/bin/again\n" OAK "  usr/bin/mine\n" OAK
         "  usr/bin/own\n" OAK "  usr/bin/local\n" WRONG "  usr/bin/wrong\n" EMPTY
         "  usr/bin/caf\xc3\xa9\n" OAK "  etc/a.conf\n" OAK "  usr/bin/set\nrubbish\n" OAK "  usr/../x\n" OAK
         "  usr//x\n" OAK "  /etc/x\n" OAK "  caf\xe9\n" OAK "  usr/share/doc/a/README\n" OAK
         "  usr/moved/x\n" OAK "  usr/pipe\n" OAK "  usr/l\n" OAK "  usr/folder\n" OAK "  usr/bin/set/x\n" OAK
         "  sbin/x\n" OAK "  lib64/x\n" OAK "  usr/bin/long\n",
     0644},
    {'f', "var/lib/dpkg/info/d.list", "/.\n", 0644},
    {'d', "etc", "", 0755},
    {'f', "etc/a.conf", "oak\n", 0640},
    {'f', "etc/edited", "edited\n", 0640},
    {'d', "usr", "", 0755},
    {'d', "usr/bin", "", 0755},
    {'d', "usr/sbin", "", 0755},
    {'d', "usr/folder", "", 0755},
    {'l', "bin", "/usr/bin", 0},
    {'l', "sbin", "usr/sbin", 0},
    {'l', "lib64", "data", 0},
    {'f', "usr/bin/sh2", "oak\n", 0755},
    {'f', "usr/sbin/x", "oak\n", 0755},
    {'f', "usr/bin/set", "oak\n", 04755},
    {'h', "usr/bin/again", "usr/bin/set", 0},
    {'f', "usr/bin/mine", "another package's\n", 0755},
    {'f', "usr/bin/mine.a", "oak\n", 0755},
    {'f', "usr/bin/own", "oak\n", 0755},
    {'f', "usr/bin/own.a", "another's, diverted by a\n", 0755},
    {'f', "usr/bin/local", "the owner's\n", 0755},
    {'f', "usr/bin/local.a", "oak\n", 0755},
    {'f', "usr/bin/wrong", "oak\n", 0755},
    {'f', "usr/bin/long", "oak\n and a tail\n", 0755},
    {'l', "usr/l", "bin/set", 0},
    {'f', "usr/bin/caf\xc3\xa9", "", 0644},
    {'d', "data", "", 0755},
    {'f', "data/x", "oak\n", 0644},
    {'l', "usr/moved", "../data", 0},
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
    struct dpkg_database database;
    struct base base;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const struct dpkg_record *record;
    struct error err = {0};

    f->arena = arena_with(64 * MIB);
    test_folder(f->folder);
    make_root(f->folder, &f->arena);
    assert_done("database", dpkg_database_open(f->folder, &f->arena, &f->database, &err), &err);
    assert_done("choose", installed_base_choose(&f->database, TEXT("a"), TEXT("amd64"), &record, &err), &err);
    assert_done("open", installed_base_open(&f->database, record, &f->arena, &f->base, &err), &err);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};

    installed_base_end(&f->base);
    assert_done("remove", file_remove_tree(f->folder, &err), &err);
    arena_end(&f->arena);
    free(f);
    return 0;
}

static void parts_are_those_of_the_package(void **state)
{
    static const char expected[] =
        "c conffiles\nc control\nc md5sums\nc postinst\nl list\n"
        "f /bin/sh2\nf /usr/bin/set\nf /usr/bin/again\nf /usr/bin/mine\n"
        "f /usr/bin/own\nf /usr/bin/local\nf /usr/bin/wrong\nf /usr/bin/caf\xc3\xa9\n"
        "d /usr/share/doc/a/README\nf /usr/moved/x\nf /usr/pipe\nf /usr/l\n"
        "f /usr/folder\nf /usr/bin/set/x\nf /sbin/x\nf /lib64/x\nf /usr/bin/long\n"
        "e /etc/a.conf\ne /etc/edited\ne /etc/gone\n";
    struct fixture *f = *state;
    struct text all = TEXT("");

    for (size_t i = 0; i < f->base.part_count; i++)
        all = text_format(&f->arena, "%.*s%c %.*s\n", TEXT_ARG(all),
                          base_class_letters[f->base.parts[i].class], TEXT_ARG(f->base.parts[i].name));
    assert_text("parts", all, expected);
    assert_int_equal(f->base.kind, BASE_KIND_PACKAGE);
    assert_text("package", f->base.package, "a");
    assert_text("version", f->base.version, "1:2-3");
    assert_text("arch", f->base.arch, "amd64");
}

/* What reading each part gives: its bytes, or the kind of the error and its text. */
static const struct {
    enum base_class class;
    const char *name, *content;
    enum error_kind kind;
} reads[] = {
    {BASE_CONTROL, "control",
     "architecture: amd64\ndescription: a\n more\nmulti-arch: same\npackage: a\nversion: 1:2-3\n",
     ERROR_NONE},
    {BASE_CONTROL, "postinst", "#!/bin/sh\n", ERROR_NONE},
    {BASE_LIST, "list", "/.\n/bin\n/bin/sh2\n/etc\n/etc/a.conf\n", ERROR_NONE},
    {BASE_FILE, "/bin/sh2", "oak\n", ERROR_NONE},
    {BASE_FILE, "/sbin/x", "oak\n", ERROR_NONE},
    {BASE_FILE, "/lib64/x", "/lib64/x: \"lib64\" in its path is a link, which is not followed",
     ERROR_CONFLICT},
    {BASE_FILE, "/usr/moved/x", "/usr/moved/x: \"moved\" in its path is a link, which is not followed",
     ERROR_CONFLICT},
    {BASE_FILE, "/usr/bin/set", "oak\n", ERROR_NONE},
    {BASE_FILE, "/usr/bin/again", "oak\n", ERROR_NONE},
    {BASE_FILE, "/usr/bin/mine", "oak\n", ERROR_NONE},
    {BASE_FILE, "/usr/bin/own", "oak\n", ERROR_NONE},
    {BASE_FILE, "/usr/bin/local", "oak\n", ERROR_NONE},
    {BASE_FILE, "/usr/bin/caf\xc3\xa9", "", ERROR_NONE},
    {BASE_FILE, "/usr/bin/wrong", "/usr/bin/wrong: is not as a brought it", ERROR_CONFLICT},
    {BASE_FILE, "/usr/bin/long", "/usr/bin/long: is not as a brought it", ERROR_CONFLICT},
    {BASE_FILE, "/usr/pipe", "/usr/pipe: is no file", ERROR_CONFLICT},
    {BASE_FILE, "/usr/folder", "/usr/folder: is no file", ERROR_CONFLICT},
    {BASE_FILE, "/usr/l", "/usr/l: is a link now", ERROR_CONFLICT},
    {BASE_FILE, "/usr/bin/set/x", "/usr/bin/set/x: \"set\" in its path is no folder", ERROR_ABSENT},
    {BASE_DOC, "/usr/share/doc/a/README", "/usr/share/doc/a/README: No such file or directory", ERROR_ABSENT},
    {BASE_CONFFILE, "/etc/a.conf", "oak\n", ERROR_NONE},
    {BASE_CONFFILE, "/etc/edited", "/etc/edited: is not as a brought it", ERROR_CONFLICT},
    {BASE_CONFFILE, "/etc/gone", "/etc/gone: No such file or directory", ERROR_ABSENT},
};

static void each_part_is_read_or_refused(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(reads); i++) {
        OWN(writer_end) struct writer out = writer_with(MIB);
        struct error err = {0};
        size_t index = base_find(&f->base, reads[i].class, text_of(reads[i].name));
        assert_true(index < f->base.part_count);
        writer_string(&out, "before ");
        bool done = f->base.read(f->base.self, index, &out, &err);
        assert_int_equal(done, reads[i].kind == ERROR_NONE);
        if (!done)
            assert_failed(reads[i].name, &err, reads[i].kind, reads[i].content);
        struct text all = {(const char *)out.at, out.size};
        assert_text(reads[i].name, text_part(all, 7, SIZE_MAX), done ? reads[i].content : "");
    }
}

static void a_part_has_the_limit_of_its_reader(void **state)
{
    OWN(writer_end) struct writer out = writer_with(3);
    struct fixture *f = *state;
    struct error err = {0};

    assert_false(f->base.read(f->base.self, base_find(&f->base, BASE_FILE, TEXT("/bin/sh2")), &out, &err));
    assert_failed("limit", &err, ERROR_LIMIT, "/bin/sh2: has more than the 3 bytes that are allowed");
}

/* Writes to a file again and again, until it is told to stop. */
struct disturber {
    int fd;
    atomic_bool stop;
};

static void *disturb(void *data)
{
    struct disturber *disturber = data;

    for (uint8_t i = 0; !atomic_load(&disturber->stop); i++)
        assert_int_equal(pwrite(disturber->fd, &i, 1, 0), 1);
    return NULL;
}

/* So large that a write happens while it is read. */
static void a_change_while_it_is_read_is_seen(void **state)
{
    OWN(writer_end) struct writer out = writer_with(64 * MIB);
    struct fixture *f = *state;
    struct error err = {0};
    struct disturber disturber = {
        .fd = open(file_path(&f->arena, f->folder, "usr/bin/set"), O_RDWR | O_CLOEXEC)};
    pthread_t thread;

    assert_true(disturber.fd >= 0);
    assert_int_equal(ftruncate(disturber.fd, 32 << 20), 0);
    assert_int_equal(pthread_create(&thread, NULL, disturb, &disturber), 0);
    assert_false(
        f->base.read(f->base.self, base_find(&f->base, BASE_FILE, TEXT("/usr/bin/set")), &out, &err));
    atomic_store(&disturber.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(disturber.fd);
    assert_failed("changed", &err, ERROR_CONFLICT, "/usr/bin/set: changed while it was read");
    assert_int_equal(out.size, 0);
}

static const struct {
    const char *name, *arch;
    enum error_kind kind;
    const char *text;
} choices[] = {
    {"a", "", ERROR_CONFLICT, "a is installed for amd64 and i386: which one?"},
    {"a", "arm64", ERROR_ABSENT, "a:arm64 is not installed"},
    {"b", "amd64", ERROR_CONFLICT, "b is half-installed"},
    {"c", "", ERROR_ABSENT, "c is not installed"},
    {"e", "", ERROR_ABSENT, "e is not installed"},
    {"d", "", ERROR_NONE, ""},
    {"d", "all", ERROR_NONE, ""},
};

static void the_package_is_chosen(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(choices); i++) {
        const struct dpkg_record *record = NULL;
        struct error err = {0};
        bool done = installed_base_choose(&f->database, text_of(choices[i].name), text_of(choices[i].arch),
                                          &record, &err);
        assert_int_equal(done, choices[i].kind == ERROR_NONE);
        if (!done)
            assert_failed(choices[i].name, &err, choices[i].kind, choices[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parts_are_those_of_the_package, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_part_is_read_or_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_has_the_limit_of_its_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_while_it_is_read_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_package_is_chosen, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
