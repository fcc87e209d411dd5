#include "base/testing.h"

#include "base/file.h"
#include "base/own.h"
#include "manager/dpkg_status.h"

#define PACKAGE(name, status, more) "Package: " name "\nStatus: " status "\nArchitecture: amd64\n" more "\n"

static void states_are_kept(void **state)
{
    static const struct {
        const char *status;
        enum package_state state; /* UNKNOWN: not installed */
        bool held;
    } rows[] = {
        {"install ok installed", PACKAGE_INSTALLED, false},
        {"hold ok installed", PACKAGE_INSTALLED, true},
        {"install ok half-configured", PACKAGE_HALF_CONFIGURED, false},
        {"install reinstreq half-installed", PACKAGE_HALF_INSTALLED, false},
        {"install ok unpacked", PACKAGE_UNPACKED, false},
        {"install ok triggers-awaited", PACKAGE_TRIGGERS_AWAITED, false},
        {"hold ok triggers-pending", PACKAGE_TRIGGERS_PENDING, true},
        {"deinstall ok config-files", PACKAGE_STATE_UNKNOWN, false},
        {"purge ok not-installed", PACKAGE_STATE_UNKNOWN, false},
        {"deinstall ok installed", PACKAGE_INSTALLED, false},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct text raw = text_format(&arena, PACKAGE("a", "%s", "Version: 1"), rows[i].status);
        struct dpkg_status got;
        struct error err;
        assert_done(rows[i].status, dpkg_status_parse(bytes_of_text(raw), &arena, &got, &err), &err);
        assert_int_equal(got.count, rows[i].state == PACKAGE_STATE_UNKNOWN ? 0 : 1);
        if (got.count == 0)
            continue;
        assert_int_equal(got.packages[0].state, rows[i].state);
        assert_int_equal(got.packages[0].held, rows[i].held);
    }
}

static void sources_are_resolved(void **state)
{
    static const struct {
        const char *field, *name, *version, *source, *source_version;
    } rows[] = {
        {"", "bash", "5.2-1", "bash", "5.2-1"},
        {"", "bash", "5.2-1+b8", "bash", "5.2-1"},
        {"bash (5.2-1)", "bash", "5.2-1+b8", "bash", "5.2-1"},
        {"openssl", "libssl3", "3.0.17-1~deb12u2", "openssl", "3.0.17-1~deb12u2"},
        {"openssl", "libssl3", "3.0.17-1+b12", "openssl", "3.0.17-1"},
        {"gcc-12 (12.2.0-14)", "libgcc-s1", "12.2.0-14+deb12u1", "gcc-12", "12.2.0-14"},
        {"gcc-defaults (1.203)", "gcc", "4:12.2.0-3", "gcc-defaults", "1.203"},
        {"x ( 1.0 )", "y", "2", "x", "1.0"},
        {"x ()", "y", "2", "x", "2"},
        {"x (1", "y", "2", "x", "2"},
        {"", "a", "1.0+b", "a", "1.0+b"},
        {"", "a", "1.0+bpo12", "a", "1.0+bpo12"},
        {"", "a", "1.0b1", "a", "1.0b1"},
        {"", "a", "12", "a", "12"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text source, source_version;
        dpkg_source(text_of(rows[i].field), text_of(rows[i].name), text_of(rows[i].version), &source,
                    &source_version);
        assert_text(rows[i].version, source, rows[i].source);
        assert_text(rows[i].version, source_version, rows[i].source_version);
    }
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"empty", BYTES(""), ERROR_NONE, ""},
        {"no name", BYTES("Status: install ok installed\n"), ERROR_INPUT, "line 1: Package is missing"},
        {"no status", BYTES("Package: a\nVersion: 1\n"), ERROR_INPUT, "line 1: a: Status is not three words"},
        {"two words", BYTES(PACKAGE("a", "install ok", "Version: 1")), ERROR_INPUT,
         "line 1: a: Status is not three words"},
        {"four words", BYTES(PACKAGE("a", "install ok installed now", "Version: 1")), ERROR_INPUT,
         "line 1: a: Status is not three words"},
        {"unknown state", BYTES(PACKAGE("a", "install ok fine", "Version: 1")), ERROR_INPUT,
         "line 1: a: state \"fine\" is not one of dpkg's"},
        {"no version", BYTES(PACKAGE("a", "install ok installed", "")), ERROR_INPUT,
         "line 1: a: Version is missing"},
        {"half-installed without one", BYTES(PACKAGE("a", "install reinstreq half-installed", "")),
         ERROR_NONE, ""},
        {"second is wrong", BYTES(PACKAGE("a", "install ok installed", "Version: 1\n") PACKAGE("b", "x", "")),
         ERROR_INPUT, "line 6: b: Status is not three words"},
        {"control byte", BYTES(PACKAGE("a", "install ok installed", "Version: 1\x1b[2J")), ERROR_INPUT,
         "line 1: Version: byte 0x1b at 1 is not text"},
        {"no field", BYTES("nonsense\n"), ERROR_INPUT,
         "line 1: \"nonsense\" is neither a field nor the continuation of one"},
        {"name twice", BYTES("Package: a\nPackage: b\n"), ERROR_INPUT, "line 2: Package is given twice"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct dpkg_status got = {.count = 99};
        struct error err = {0};
        bool done = dpkg_status_parse(rows[i].raw, &arena, &got, &err);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        assert_int_equal(done, rows[i].kind == ERROR_NONE);
        if (!done)
            assert_int_equal(got.count, 99);
    }
}

static void packages_are_sorted_and_once(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct dpkg_status got;
    struct error err;
    (void)state;

    struct bytes raw =
        BYTES("Package: b\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
              "Package: a\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n\n"
              "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
              "Package: c\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nEssential: yes\n\n"
              "Package: b\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 2\n\n"
              "Package: a\nStatus: deinstall ok config-files\nArchitecture: i386\nVersion: 1\n");
    assert_done("parse", dpkg_status_parse(raw, &arena, &got, &err), &err);
    assert_int_equal(got.count, 3);
    assert_text("first", got.packages[0].name, "a");
    assert_text("first", got.packages[0].arch, "amd64");
    assert_text("the later paragraph counts", got.packages[1].version, "2");
    assert_int_equal(got.packages[1].state, PACKAGE_UNPACKED);
    assert_true(got.packages[2].essential);
    assert_ptr_equal(dpkg_status_find(&got, TEXT("c"), TEXT("amd64")), &got.packages[2]);
    assert_ptr_equal(dpkg_status_find(&got, TEXT("b"), TEXT("amd64")), &got.packages[1]);
    assert_null(dpkg_status_find(&got, TEXT("b"), TEXT("i386")));
    assert_null(dpkg_status_find(&(struct dpkg_status){0}, TEXT("b"), TEXT("i386")));
}

static void put(const char *folder, const char *name, const char *content)
{
    char path[256];
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_done(name, file_replace_cache(path, bytes_of_text(text_of(content)), 0600, &err), &err);
}

/* dpkg writes each change into updates/ first: after it was stopped, that is the truth. */
static void what_dpkg_has_not_merged_counts(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char folder[64], status[128], updates[128];
    struct dpkg_status got;
    struct error err;
    (void)state;

    test_folder(folder);
    (void)snprintf(status, sizeof(status), "%s/status", folder);
    (void)snprintf(updates, sizeof(updates), "%s/updates", folder);
    put(folder, "status",
        PACKAGE("a", "install ok installed", "Version: 1\n")
            PACKAGE("b", "install ok installed", "Version: 1"));
    assert_done("no folder", dpkg_status_read(status, updates, &arena, &got, &err), &err);
    assert_text("version", got.packages[0].version, "1");
    assert_done("folder", file_make_folders(updates, 0700, &err), &err);
    put(updates, "0000", PACKAGE("a", "install ok unpacked", "Version: 2"));
    put(updates, "0001", PACKAGE("a", "install ok half-configured", "Version: 2"));
    put(updates, "tmp.i", "not yet written whole");
    assert_done("updates", dpkg_status_read(status, updates, &arena, &got, &err), &err);
    assert_int_equal(got.count, 2);
    assert_text("version", got.packages[0].version, "2");
    assert_int_equal(got.packages[0].state, PACKAGE_HALF_CONFIGURED);
    put(updates, "0002", "nonsense");
    assert_false(dpkg_status_read(status, updates, &arena, &got, &err));
    assert_true(text_ends(text_of(err.text),
                          TEXT("0002: line 1: \"nonsense\" is neither a field nor the continuation of one")));
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static void automatic_packages_are_marked(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char folder[64], path[128];
    struct dpkg_status got;
    struct error err;
    (void)state;

    test_folder(folder);
    (void)snprintf(path, sizeof(path), "%s/states", folder);
    struct bytes raw = BYTES("Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
                             "Package: b\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n"
                             "Package: c\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n\n"
                             "Package: d\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n");
    assert_done("parse", dpkg_status_parse(raw, &arena, &got, &err), &err);
    assert_done("no file", dpkg_status_mark_automatic(&got, path, TEXT("amd64"), &arena, &err), &err);
    put(folder, "states",
        "Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: b\nArchitecture: "
        "amd64\nAuto-Installed: 1\n\n"
        "Package: c\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: d\nArchitecture: "
        "amd64\nAuto-Installed: 0\n\n"
        "Package: gone\nArchitecture: amd64\nAuto-Installed: 1\n");
    assert_done("file", dpkg_status_mark_automatic(&got, path, TEXT("amd64"), &arena, &err), &err);
    assert_true(got.packages[0].automatic);
    assert_true(got.packages[1].automatic); /* of no architecture: apt writes the native one */
    assert_false(got.packages[2].automatic);
    assert_false(got.packages[3].automatic);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_kept),
        cmocka_unit_test(sources_are_resolved),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(packages_are_sorted_and_once),
        cmocka_unit_test(what_dpkg_has_not_merged_counts),
        cmocka_unit_test(automatic_packages_are_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
