#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/release.h"

static void test_osv(void **state)
{
    static const struct {
        const char *ecosystem;
        const char *name;
        enum version_order order;
    } rows[] = {
        {"Debian:12", "debian-12", VERSION_DEB},
        {"Debian:3.1", "debian-3.1", VERSION_DEB},
        {"Ubuntu:22.04:LTS", "ubuntu-22.04", VERSION_DEB},
        {"Ubuntu:25.10", "ubuntu-25.10", VERSION_DEB},
        {"Ubuntu:Pro:16.04:LTS", "ubuntu-pro-16.04", VERSION_DEB},
        {"Ubuntu:Pro:FIPS-updates:18.04:LTS", "ubuntu-pro-fips-updates-18.04", VERSION_DEB},
        {"Ubuntu:22.04:LTS:for:NVIDIA:BlueField", "ubuntu-22.04-lts-for-nvidia-bluefield", VERSION_DEB},
        {"AlmaLinux:9", "almalinux-9", VERSION_RPM},
        {"Rocky Linux:9", "rocky-9", VERSION_RPM},
        {"Red Hat:enterprise_linux:9::appstream", "rhel-9", VERSION_RPM},
        {"Red Hat:enterprise_linux:9::baseos", "rhel-9", VERSION_RPM},
        {"Red Hat:rhel_eus:9.2::appstream", "rhel-eus-9.2", VERSION_RPM},
        {"Red Hat:openshift:4.14::el9", "rhel-openshift-4.14", VERSION_RPM},
        {"openSUSE:Leap 15.6", "opensuse-leap-15.6", VERSION_RPM},
        {"openSUSE:Tumbleweed", "opensuse-tumbleweed", VERSION_RPM},
        {"Photon OS:5.0", "photon-5.0", VERSION_RPM},
        {"Azure Linux:3", "azurelinux-3", VERSION_RPM},
        {"Mageia:9", "mageia-9", VERSION_RPM},
        {"Alpine:v3.18", "alpine-3.18", VERSION_APK},
        {"Wolfi", "wolfi", VERSION_APK},
        {"Go", "go", VERSION_SEMVER},
        {"npm", "npm", VERSION_SEMVER},
        {"crates.io", "crates.io", VERSION_SEMVER},
        {"PyPI", "pypi", VERSION_ORDER_UNKNOWN},
        {"Maven", "maven", VERSION_ORDER_UNKNOWN},
        {"Maven:https://maven.example/m2/", "maven-https-maven.example-m2", VERSION_ORDER_UNKNOWN},
        {"GitHub Actions", "github-actions", VERSION_ORDER_UNKNOWN},
        {"SUSE:Linux Enterprise Server 15 SP5", "suse-linux-enterprise-server-15-sp5", VERSION_ORDER_UNKNOWN},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct release release;
        if (!release_from_osv(text_of(rows[i].ecosystem), &release))
            fail_msg("%s was refused", rows[i].ecosystem);
        assert_string_equal(release.name, rows[i].name);
        assert_int_equal(release.order, rows[i].order);
    }
}

static void test_osv_refused(void **state)
{
    static const char *const ecosystems[] = {
        "",
        ":",
        ":12",
        "Debian",
        "Debian:",
        "Ubuntu",
        "AlmaLinux",
        "Alpine",
        "Red Hat",
        "PyPI:",
        "9lives",
        "-",
        /* Longer than a name may be. */
        "Ecosystem:0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(ecosystems) / sizeof(ecosystems[0]); i++) {
        struct release release = {.name = "untouched"};
        if (release_from_osv(text_of(ecosystems[i]), &release))
            fail_msg("\"%s\" was taken as %s", ecosystems[i], release.name);
        assert_string_equal(release.name, "untouched");
    }
}

static void test_os(void **state)
{
    static const struct {
        const char *id, *version_id, *codename;
        const char *name; /* NULL: refused */
        enum version_order order;
    } rows[] = {
        {"debian", "12", "bookworm", "debian-12", VERSION_DEB},
        {"debian", "", "forky", "debian-14", VERSION_DEB},
        {"debian", "", "sid", "debian-sid", VERSION_DEB},
        {"debian", "", "", NULL, 0},
        {"debian", "", "jammy", NULL, 0},
        {"debian", "", "unheard", NULL, 0},
        {"ubuntu", "24.04", "noble", "ubuntu-24.04", VERSION_DEB},
        {"ubuntu", "24.04.1", "noble", "ubuntu-24.04", VERSION_DEB},
        {"almalinux", "9.3", "", "almalinux-9", VERSION_RPM},
        {"rocky", "8.10", "", "rocky-8", VERSION_RPM},
        {"rhel", "9.2", "", "rhel-9", VERSION_RPM},
        {"rhel", "", "", NULL, 0},
        {"photon", "5.0", "", "photon-5.0", VERSION_RPM},
        {"opensuse-leap", "15.6", "", "opensuse-leap-15.6", VERSION_RPM},
        {"opensuse-tumbleweed", "20260101", "", "opensuse-tumbleweed", VERSION_RPM},
        {"alpine", "3.18.4", "", "alpine-3.18", VERSION_APK},
        {"wolfi", "20230201", "", "wolfi", VERSION_APK},
        {"kali", "2026.1", "kali-rolling", "kali-2026.1", VERSION_ORDER_UNKNOWN},
        {"arch", "", "", "arch", VERSION_ORDER_UNKNOWN},
        {"", "12", "bookworm", NULL, 0},
        {"../x", "12", "", NULL, 0},
        {"x", "../../etc", "", "x-..-..-etc", VERSION_ORDER_UNKNOWN},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct release release;
        bool taken = release_from_os(text_of(rows[i].id), text_of(rows[i].version_id),
                                     text_of(rows[i].codename), &release);
        if (taken != (rows[i].name != NULL))
            fail_msg("%s %s %s was %s", rows[i].id, rows[i].version_id, rows[i].codename,
                     taken ? release.name : "refused");
        if (!taken)
            continue;
        assert_string_equal(release.name, rows[i].name);
        assert_int_equal(release.order, rows[i].order);
    }
}

static void test_codenames(void **state)
{
    static const struct {
        const char *codename;
        const char *name;
    } rows[] = {
        {"bookworm", "debian-12"},    {"trixie", "debian-13"},   {"sid", "debian-sid"},
        {"stonking", "ubuntu-26.10"}, {"jammy", "ubuntu-22.04"}, {"xenial", "ubuntu-16.04"},
    };
    struct release release = {.name = "untouched"};
    (void)state;

    assert_false(release_from_codename(TEXT("Bookworm"), &release));
    assert_false(release_from_codename(TEXT(""), &release));
    assert_string_equal(release.name, "untouched");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(release_from_codename(text_of(rows[i].codename), &release));
        assert_string_equal(release.name, rows[i].name);
        assert_int_equal(release.order, VERSION_DEB);
        assert_string_equal(release_codename(rows[i].name), rows[i].codename);
    }
    assert_null(release_codename("ubuntu-pro-16.04"));
    assert_null(release_codename("almalinux-9"));
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_osv),
        cmocka_unit_test(test_osv_refused),
        cmocka_unit_test(test_os),
        cmocka_unit_test(test_codenames),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
