/* Which kernel runs, which is installed, and who asks for a reboot. */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/reboot.h"

#define DEBIAN(version) "#1 SMP PREEMPT_DYNAMIC Debian " version " (2024-02-01)"

static void test_grammars(void **state)
{
    static const struct {
        struct text (*parse)(struct text text);
        const char *from, *to;
    } rows[] = {
        {reboot_flavour, "6.1.0-18-amd64", "amd64"},
        {reboot_flavour, "6.1.0-18-cloud-amd64", "cloud-amd64"},
        {reboot_flavour, "6.1.0-18-686-pae", "686-pae"},
        {reboot_flavour, "6.1.0-0.deb11.13-amd64", "amd64"},
        {reboot_flavour, "6.12.9+bpo-amd64", "amd64"},
        {reboot_flavour, "6.12.9+bpo-rt-amd64", "rt-amd64"},
        {reboot_flavour, "5.15.0-91-generic-64k", "generic-64k"},
        {reboot_flavour, "5.15.0-1034-aws", "aws"},
        {reboot_flavour, "6.1.0-rpi7-rpi-v8", "rpi-v8"},
        {reboot_flavour, "6.6.31+rpt-rpi-v8", "rpi-v8"},
        {reboot_flavour, "6.18.44", ""},
        {reboot_flavour, "", ""},
        {reboot_build_version, DEBIAN("6.1.76-1"), "6.1.76-1"},
        {reboot_build_version, "#1 SMP PREEMPT Debian 1:6.1.63-1+rpt1 (2023-11-24)", "1:6.1.63-1+rpt1"},
        {reboot_build_version, "#101~20.04.1-Ubuntu SMP Thu Nov 16 14:22:28 UTC 2023", "101~20.04.1"},
        {reboot_build_version, "#1 SMP PREEMPT_DYNAMIC Debian 6.12.38-1~bpo12+1+something+longng", ""},
        {reboot_build_version, "#1 SMP PREEMPT_DYNAMIC @0", ""},
        {reboot_build_version, "#x-Ubuntu", ""},
        {reboot_build_version, "", ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].from, rows[i].parse(text_of(rows[i].from)), rows[i].to);
}

struct image {
    const char *name, *version;
    enum package_state state;
};

static void test_kernels(void **state)
{
    static const struct {
        const char *name;
        const char *running, *build;
        struct image images[4];
        const char *installed, *why;
    } rows[] = {
        {"newest runs",
         "6.1.0-18-amd64",
         DEBIAN("6.1.76-1"),
         {{"linux-image-6.1.0-18-amd64", "6.1.76-1", 0}, {"linux-image-6.1.0-9-amd64", "6.1.27-1", 0}},
         "6.1.0-18-amd64",
         ""},
        {"older runs",
         "6.1.0-9-amd64",
         DEBIAN("6.1.27-1"),
         {{"linux-image-6.1.0-18-amd64", "6.1.76-1", 0}, {"linux-image-6.1.0-9-amd64", "6.1.27-1", 0}},
         "6.1.0-18-amd64",
         "kernel 6.1.0-9-amd64 runs, 6.1.0-18-amd64 is installed"},
        {"older runs and was removed",
         "6.1.0-9-amd64",
         DEBIAN("6.1.27-1"),
         {{"linux-image-6.1.0-18-amd64", "6.1.76-1", 0}},
         "6.1.0-18-amd64",
         "kernel 6.1.0-9-amd64 runs, 6.1.0-18-amd64 is installed"},
        {"newer runs and was removed",
         "6.1.0-18-amd64",
         DEBIAN("6.1.76-1"),
         {{"linux-image-6.1.0-9-amd64", "6.1.27-1", 0}},
         "6.1.0-9-amd64",
         ""},
        {"by version of the package, not by name",
         "6.1.0-18-amd64",
         DEBIAN("6.1.76-1"),
         {{"linux-image-6.1.0-18-amd64", "6.1.76-1", 0},
          {"linux-image-6.1.0-0.deb11.21-amd64", "6.1.90-1", 0}},
         "6.1.0-0.deb11.21-amd64",
         "kernel 6.1.0-18-amd64 runs, 6.1.0-0.deb11.21-amd64 is installed"},
        {"same name, newer build",
         "6.1.0-18-amd64",
         DEBIAN("6.1.76-1"),
         {{"linux-image-6.1.0-18-amd64", "6.1.82-1", 0}},
         "6.1.0-18-amd64",
         "kernel 6.1.0-18-amd64 runs build 6.1.76-1, 6.1.82-1 is installed"},
        {"same name, newer upload to Ubuntu",
         "5.15.0-91-generic",
         "#101~20.04.1-Ubuntu SMP Thu Nov 16 14:22:28 UTC 2023",
         {{"linux-image-5.15.0-91-generic", "5.15.0-91.102~20.04.1", 0}},
         "5.15.0-91-generic",
         "kernel 5.15.0-91-generic runs build 101~20.04.1, 5.15.0-91.102~20.04.1 is installed"},
        {"same upload to Ubuntu",
         "5.15.0-91-generic",
         "#101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023",
         {{"linux-image-unsigned-5.15.0-91-generic", "5.15.0-91.101", 0}},
         "5.15.0-91-generic",
         ""},
        {"other flavours do not count",
         "5.15.0-91-generic",
         "#101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023",
         {{"linux-image-5.15.0-91-generic", "5.15.0-91.101", 0},
          {"linux-image-5.15.0-99-lowlatency", "5.15.0-99.109", 0},
          {"linux-image-6.5.0-1008-oem", "6.5.0-1008.8", 0}},
         "5.15.0-91-generic",
         ""},
        {"from outside",
         "6.18.44-fc-v657",
         "#1 SMP PREEMPT_DYNAMIC @0",
         {{"linux-image-6.1.0-18-amd64", "6.1.76-1", 0}, {"linux-image-amd64", "6.1.76-1", 0}},
         "",
         ""},
        {"neither modules nor debug symbols are an image",
         "6.1.0-9-amd64",
         DEBIAN("6.1.27-1"),
         {{"linux-image-6.1.0-9-amd64-unsigned", "6.1.27-1", 0},
          {"linux-image-6.1.0-18-amd64-dbg", "6.1.76-1", 0},
          {"linux-modules-6.1.0-18-amd64", "6.1.76-1", 0}},
         "6.1.0-9-amd64",
         ""},
        {"none is packaged", "6.18.44", "", {{"linux-image-amd64", "6.1.76-1", 0}}, "", ""},
        {"not wholly installed",
         "6.1.0-9-amd64",
         DEBIAN("6.1.27-1"),
         {{"linux-image-6.1.0-18-amd64", "6.1.76-1", PACKAGE_UNPACKED},
          {"linux-image-6.1.0-17-amd64", "6.1.69-1", PACKAGE_HALF_INSTALLED},
          {"linux-image-6.1.0-10-amd64", "6.1.38-1", PACKAGE_TRIGGERS_PENDING},
          {"linux-image-6.1.0-9-amd64", "6.1.27-1", 0}},
         "6.1.0-10-amd64",
         "kernel 6.1.0-9-amd64 runs, 6.1.0-10-amd64 is installed"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct package packages[4] = {0};
        struct host host = {.packages = packages, .live = true};
        struct reboot_from from = {"/nowhere", text_of(rows[i].running), text_of(rows[i].build)};
        struct error err;
        for (; host.package_count < 4 && rows[i].images[host.package_count].name != NULL;
             host.package_count++) {
            const struct image *image = &rows[i].images[host.package_count];
            packages[host.package_count] =
                (struct package){.type = PACKAGE_DEB,
                                 .name = text_of(image->name),
                                 .version = text_of(image->version),
                                 .state = image->state == 0 ? PACKAGE_INSTALLED : image->state};
        }
        assert_done(rows[i].name, reboot_look(&from, &host, &arena, &err), &err);
        assert_text(rows[i].name, host.kernel_running, rows[i].running);
        assert_text(rows[i].name, host.kernel_installed, rows[i].installed);
        assert_text(rows[i].name, host.reboot_why, rows[i].why);
        assert_int_equal(host.reboot_needed, host.reboot_why.size > 0);
    }
}

static void put(const char *root, const char *path, const char *content)
{
    char whole[128];
    struct error err;

    (void)snprintf(whole, sizeof(whole), "%s%s", root, path);
    assert_done(path, file_replace_cache(whole, bytes_of_text(text_of(content)), 0644, &err), &err);
}

static void test_requests(void **state)
{
    static const struct {
        const char *packages; /* NULL: no such file */
        const char *why;
    } rows[] = {
        {NULL, "/run/reboot-required asks for it"},
        {"", "/run/reboot-required asks for it"},
        {"\x01\n", "/run/reboot-required asks for it"},
        {"dbus\n", "asked for by dbus"},
        {"dbus\nlibc6\ndbus\n\nlibc6", "asked for by dbus, libc6"},
        {"a\nb\nc\na\nd\ne\n", "asked for by a, b, c and others"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct host host = {.live = true};
    struct error err;
    char root[64], run[96];
    (void)state;

    test_folder(root);
    struct reboot_from from = {root, TEXT("6.1.0-9-amd64"), TEXT(DEBIAN("6.1.27-1"))};
    (void)snprintf(run, sizeof(run), "%s/run", root);
    assert_done(run, file_make_folders(run, 0755, &err), &err);
    assert_done("none", reboot_look(&from, &host, &arena, &err), &err);
    assert_false(host.reboot_needed);
    put(root, "/run/reboot-required", "*** System restart required ***\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].packages != NULL)
            put(root, "/run/reboot-required.pkgs", rows[i].packages);
        assert_done(rows[i].why, reboot_look(&from, &host, &arena, &err), &err);
        assert_true(host.reboot_needed);
        assert_text("why", host.reboot_why, rows[i].why);
    }

    struct package image = {
        .name = TEXT("linux-image-6.1.0-18-amd64"), .version = TEXT("6.1.76-1"), .state = PACKAGE_INSTALLED};
    put(root, "/run/reboot-required.pkgs", "linux-image-6.1.0-18-amd64\n");
    host.packages = &image;
    host.package_count = 1;
    assert_done("both", reboot_look(&from, &host, &arena, &err), &err);
    assert_text(
        "both", host.reboot_why,
        "kernel 6.1.0-9-amd64 runs, 6.1.0-18-amd64 is installed; asked for by linux-image-6.1.0-18-amd64");

    host.live = false;
    assert_done("elsewhere", reboot_look(&from, &host, &arena, &err), &err);
    assert_false(host.reboot_needed);
    assert_text("elsewhere", host.kernel_running, "");
    assert_text("elsewhere", host.kernel_installed, "6.1.0-18-amd64");
    assert_done("remove", file_remove_tree(root, &err), &err);
}

static void test_memory(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16);
    struct package image = {
        .name = TEXT("linux-image-6.1.0-18-amd64"), .version = TEXT("6.1.76-1"), .state = PACKAGE_INSTALLED};
    struct host host = {.packages = &image, .package_count = 1, .live = true};
    struct reboot_from from = {"/nowhere", TEXT("6.1.0-9-amd64"), TEXT("")};
    struct error err;
    (void)state;

    assert_false(reboot_look(&from, &host, &arena, &err));
    assert_failed("memory", &err, ERROR_LIMIT, "out of memory (16 bytes allowed)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammars),
        cmocka_unit_test(test_kernels),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
