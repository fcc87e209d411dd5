/* Which other programs are at work, by what a root holds. */
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/updaters.h"

#define WANTS   "/etc/systemd/system/timers.target.wants/"
#define SYSTEMD "/usr/lib/systemd/systemd="
#define TIMERS  WANTS "apt-daily.timer>/lib/x", WANTS "apt-daily-upgrade.timer>/lib/x"
#define ON                                                                                                   \
    "/etc/apt/apt.conf.d/20auto-upgrades=APT::Periodic::Update-Package-Lists "                               \
    "\"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n"

/* "PATH=content" or "PATH>where a link leads". */
static void put(const char *root, const char *row)
{
    char whole[512];
    struct error err;
    size_t size = strcspn(row, "=>");

    (void)snprintf(whole, sizeof(whole), "%s%.*s", root, (int)size, row);
    char *slash = strrchr(whole, '/');
    *slash = 0;
    assert_done(whole, file_make_folders(whole, 0755, &err), &err);
    *slash = '/';
    if (row[size] == '>')
        assert_int_equal(symlink(row + size + 1, whole), 0);
    else
        assert_done(whole, file_replace_cache(whole, bytes_of_text(text_of(row + size + 1)), 0644, &err),
                    &err);
}

/* "NAME: DOES", with a '!' for what installs, one in each line. */
static struct text updaters_of(const struct host *host, struct arena *arena)
{
    struct text all = TEXT("");

    for (size_t i = 0; i < host->updater_count; i++)
        all = text_format(arena, "%.*s%.*s: %.*s%s\n", TEXT_ARG(all), TEXT_ARG(host->updaters[i].name),
                          TEXT_ARG(host->updaters[i].does), host->updaters[i].installs ? "!" : "");
    return all;
}

struct row {
    const char *name;
    const char *packages; /* installed ones; one with '-' in front is half installed */
    const char *files[6];
    bool live;
    const char *updaters;
};

static const struct row rows[] = {
    {"nothing", "", {NULL}, false, ""},
    {"unattended-upgrades",
     "unattended-upgrades",
     {SYSTEMD, TIMERS, ON},
     false,
     "unattended-upgrades: is on and also installs updates here!\napt-daily: fetches lists, installs "
     "nothing\n"},
    {"it is not installed",
     "apt",
     {SYSTEMD, TIMERS, ON},
     false,
     "apt-daily: fetches lists, installs nothing\n"},
    {"it is half installed",
     "-unattended-upgrades",
     {SYSTEMD, TIMERS, ON},
     false,
     "apt-daily: fetches lists, installs nothing\n"},
    {"it is installed, not switched on", "unattended-upgrades", {SYSTEMD, TIMERS}, false, ""},
    {"the last of a key counts",
     "unattended-upgrades",
     {SYSTEMD, TIMERS, ON, "/etc/apt/apt.conf.d/99off=APT { Periodic { unattended-upgrade \"0\"; }; };"},
     false,
     "apt-daily: fetches lists, installs nothing\n"},
    {"all of it is switched off",
     "unattended-upgrades",
     {SYSTEMD, TIMERS, ON, "/etc/apt/apt.conf=APT::Periodic::Enable \"0\";"},
     false,
     ""},
    {"an interval in hours, and packages",
     "unattended-upgrades",
     {SYSTEMD, TIMERS,
      "/etc/apt/apt.conf.d/1=APT::Periodic { Unattended-Upgrade \"always\"; Download-Upgradeable-Packages "
      "\"12h\"; }"},
     false,
     "unattended-upgrades: is on and also installs updates here!\napt-daily: fetches packages, installs "
     "nothing\n"},
    {"its timer is masked",
     "unattended-upgrades",
     {SYSTEMD, TIMERS, ON, "/etc/systemd/system/apt-daily-upgrade.timer>/dev/null"},
     false,
     "apt-daily: fetches lists, installs nothing\n"},
    {"masked by an empty file",
     "unattended-upgrades",
     {SYSTEMD, TIMERS, ON, "/etc/systemd/system/apt-daily-upgrade.timer="},
     false,
     "apt-daily: fetches lists, installs nothing\n"},
    {"a unit of one's own is no mask",
     "unattended-upgrades",
     {SYSTEMD, WANTS "apt-daily-upgrade.timer>/x", ON, "/etc/systemd/system/apt-daily-upgrade.timer=[Timer]"},
     false,
     "unattended-upgrades: is on and also installs updates here!\n"},
    {"its timer is disabled", "unattended-upgrades", {SYSTEMD, ON}, false, ""},
    {"wanted by what the vendor set",
     "unattended-upgrades",
     {SYSTEMD, "/usr/lib/systemd/system/timers.target.wants/apt-daily-upgrade.timer>../x", ON},
     false,
     "unattended-upgrades: is on and also installs updates here!\n"},
    {"live, and systemd does not run", "unattended-upgrades", {SYSTEMD, TIMERS, ON}, true, ""},
    {"live, and systemd runs",
     "unattended-upgrades",
     {"/run/systemd/system/x=", TIMERS, ON},
     true,
     "unattended-upgrades: is on and also installs updates here!\napt-daily: fetches lists, installs "
     "nothing\n"},
    {"cron starts it",
     "unattended-upgrades",
     {"/etc/cron.daily/apt-compat=", "/usr/sbin/anacron=", ON},
     true,
     "unattended-upgrades: is on and also installs updates here!\napt-daily: fetches lists, installs "
     "nothing\n"},
    {"there is no cron", "unattended-upgrades", {"/etc/cron.daily/apt-compat=", ON}, true, ""},
    {"configuration that cannot be read",
     "unattended-upgrades",
     {SYSTEMD, TIMERS, "/etc/apt/apt.conf.d/1=APT {"},
     false,
     "unattended-upgrades: may be on (apt's configuration is not readable)!\n"},
    {"PackageKit alone", "packagekit", {NULL}, false, ""},
    {"PackageKit and GNOME Software",
     "gnome-software packagekit",
     {NULL},
     false,
     "PackageKit: also installs what GNOME Software asks for!\n"},
    {"PackageKit and Discover",
     "packagekit plasma-discover",
     {NULL},
     false,
     "PackageKit: also installs what Discover asks for!\n"},
    {"PackageKit is masked",
     "gnome-software packagekit",
     {"/etc/systemd/system/packagekit.service>/dev/null"},
     false,
     ""},
    {"PackageKit has prepared an update",
     "packagekit",
     {"/system-update>/var/lib/PackageKit"},
     false,
     "PackageKit: installs updates at the next start!\n"},
    {"snapd",
     "snapd",
     {"/etc/systemd/system/sockets.target.wants/snapd.socket>/x"},
     false,
     "snapd: updates snaps by itself!\n"},
    {"snapd is disabled", "snapd", {NULL}, false, ""},
    {"flatpak",
     "flatpak",
     {WANTS "a.timer>/x", WANTS "flatpak-update.timer>/x"},
     false,
     "flatpak: updates flatpaks by flatpak-update.timer!\n"},
    {"flatpak alone", "flatpak", {WANTS "a.timer>/x"}, false, ""},
    {"flatpak's timer is masked",
     "flatpak",
     {WANTS "flatpak-update.timer>/x", "/run/systemd/system/flatpak-update.timer>/dev/null"},
     false,
     ""},
    {"mintupdate",
     "mintupdate",
     {WANTS "mintupdate-automation-upgrade.timer>/x"},
     false,
     "mintupdate: is on and also installs updates here!\n"},
};

static size_t read_packages(const char *names, struct package packages[4])
{
    struct text rest = text_of(names), name;
    size_t count = 0;

    for (; text_cut_word(&rest, &name); count++) {
        bool half = text_starts(name, TEXT("-"));
        packages[count] = (struct package){.name = text_part(name, half, SIZE_MAX),
                                           .state = half ? PACKAGE_HALF_INSTALLED : PACKAGE_INSTALLED};
    }
    return count;
}

static void test_rules(void **state)
{
    struct error err;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct package packages[4];
        struct host host = {.packages = packages, .live = rows[i].live};
        char root[64];
        host.package_count = read_packages(rows[i].packages, packages);
        test_folder(root);
        for (size_t f = 0; f < COUNT_OF(rows[i].files) && rows[i].files[f] != NULL; f++)
            put(root, rows[i].files[f]);
        assert_done(rows[i].name, updaters_find(root, &host, &arena, &err), &err);
        assert_text(rows[i].name, updaters_of(&host, &arena), rows[i].updaters);
        assert_done("remove", file_remove_tree(root, &err), &err);
    }
}

static void test_memory(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16);
    struct package packages[] = {{.name = TEXT("gnome-software"), .state = PACKAGE_INSTALLED},
                                 {.name = TEXT("packagekit"), .state = PACKAGE_INSTALLED}};
    struct host host = {.packages = packages, .package_count = 2};
    struct error err;
    (void)state;

    assert_false(updaters_find("/nowhere", &host, &arena, &err));
    assert_failed("memory", &err, ERROR_LIMIT, "out of memory (16 bytes allowed)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
