#include "identify/updaters.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/apt_config.h"

#define UPDATERS_MAX 8 /* rows that find_* below can add */

/* Where systemd looks for units, the strongest first. */
static const char *const unit_folders[] = {"/etc/systemd/system", "/run/systemd/system",
                                           "/usr/lib/systemd/system", "/lib/systemd/system"};
static const char *const targets[] = {"timers.target.wants", "multi-user.target.wants",
                                      "sockets.target.wants", "graphical.target.wants",
                                      "default.target.wants"};

struct search {
    const char *root;
    struct host *host;
    struct arena *arena;
    struct arena scratch;
    struct error failed; /* kind is not NONE: memory ran out on the way */
};

static void add(struct search *search, struct updater updater)
{
    struct host *host = search->host;

    if (host->updaters == NULL)
        host->updaters = ARENA_ARRAY(search->arena, struct updater, UPDATERS_MAX);
    if (host->updaters == NULL || updater.does.at == NULL)
        (void)arena_full(search->arena, &search->failed);
    else if (host->updater_count < UPDATERS_MAX)
        host->updaters[host->updater_count++] = updater;
}

static bool has_package(const struct search *search, const char *name)
{
    const struct host *host = search->host;

    for (size_t i = 0; i < host->package_count; i++)
        if (text_equal(host->packages[i].name, text_of(name)))
            return host->packages[i].state != PACKAGE_HALF_INSTALLED;
    return false;
}

/* "ROOT/FOLDER/NAME"; NULL when memory is out. */
static const char *path_of(struct search *search, const char *folder, const char *name)
{
    const char *below = file_below(&search->scratch, search->root, folder);
    const char *path = below == NULL ? NULL : file_path(&search->scratch, below, name);

    if (path == NULL)
        (void)arena_full(&search->scratch, &search->failed);
    return path;
}

/* Something has this name, be it a link whose end lies in another root. */
static bool is_there(struct search *search, const char *path, struct text *link)
{
    struct error why;

    *link = TEXT("");
    return path != NULL && (file_link(path, &search->scratch, link, &why) || why.kind == ERROR_INPUT);
}

static bool is_masked(struct search *search, const char *unit)
{
    struct file_identity identity;
    struct error ignored;
    struct text link;

    for (size_t i = 0; i < 2; i++) {
        const char *path = path_of(search, unit_folders[i], unit);
        if (!is_there(search, path, &link))
            continue;
        return text_equal(link, TEXT("/dev/null")) ||
               (link.size == 0 && file_identify(path, &identity, &ignored) && identity.size == 0);
    }
    return false;
}

/* The first enabled timer whose name has the part; absent: none. */
static struct text enabled_timer(struct search *search, struct text part)
{
    struct file_names names;
    struct error ignored;

    for (size_t f = 0; f < sizeof(unit_folders) / sizeof(*unit_folders); f++) {
        const char *folder = path_of(search, unit_folders[f], targets[0]);
        if (folder == NULL || !file_list(folder, LIMIT_UNITS, &search->scratch, &names, &ignored))
            continue;
        for (size_t i = 0; i < names.count; i++)
            if (text_find(names.names[i], part) != SIZE_MAX && text_ends(names.names[i], TEXT(".timer")) &&
                !is_masked(search, names.names[i].at))
                return names.names[i];
    }
    return TEXT("");
}

static bool is_enabled(struct search *search, const char *unit)
{
    struct text link;

    for (size_t f = 0; f < sizeof(unit_folders) / sizeof(*unit_folders); f++)
        for (size_t t = 0; t < sizeof(targets) / sizeof(*targets); t++) {
            const char *folder = path_of(search, unit_folders[f], targets[t]);
            const char *path = folder == NULL ? NULL : file_path(&search->scratch, folder, unit);
            if (is_there(search, path, &link))
                return !is_masked(search, unit);
        }
    return false;
}

static bool root_has(struct search *search, const char *path)
{
    const char *below = file_below(&search->scratch, search->root, path);
    struct text link;

    return is_there(search, below, &link);
}

/* Of a root that does not run here only what is installed can tell. */
static bool runs_systemd(struct search *search)
{
    if (search->host->live)
        return root_has(search, "/run/systemd/system");
    return root_has(search, "/usr/lib/systemd/systemd") || root_has(search, "/lib/systemd/systemd");
}

static bool runs_daily(struct search *search, const char *timer)
{
    if (runs_systemd(search))
        return is_enabled(search, timer);
    return root_has(search, "/etc/cron.daily/apt-compat") &&
           (root_has(search, "/usr/sbin/cron") || root_has(search, "/usr/sbin/anacron"));
}

static bool is_on(const struct apt_config *config, struct text key, struct text absent)
{
    struct text value = apt_config_find(config, key, absent);

    return value.size > 0 && !text_equal(value, TEXT("0"));
}

static void find_apt(struct search *search)
{
    bool upgrades =
        has_package(search, "unattended-upgrades") && runs_daily(search, "apt-daily-upgrade.timer");
    bool lists = runs_daily(search, "apt-daily.timer");
    struct apt_config config;
    struct error why;

    if (!upgrades && !lists)
        return;
    if (!apt_config_read(search->root, &search->scratch, &config, &why)) {
        if (upgrades)
            add(search, (struct updater){TEXT("unattended-upgrades"),
                                         TEXT("may be on (apt's configuration is not readable)"), true});
        return;
    }
    if (!is_on(&config, TEXT("APT::Periodic::Enable"), TEXT("1")))
        return;
    if (upgrades && is_on(&config, TEXT("APT::Periodic::Unattended-Upgrade"), TEXT("0")))
        add(search, (struct updater){TEXT("unattended-upgrades"),
                                     TEXT("is on and also installs updates here"), true});
    if (lists && is_on(&config, TEXT("APT::Periodic::Download-Upgradeable-Packages"), TEXT("0")))
        add(search, (struct updater){TEXT("apt-daily"), TEXT("fetches packages, installs nothing"), false});
    else if (lists && is_on(&config, TEXT("APT::Periodic::Update-Package-Lists"), TEXT("0")))
        add(search, (struct updater){TEXT("apt-daily"), TEXT("fetches lists, installs nothing"), false});
}

static void find_packagekit(struct search *search)
{
    static const struct {
        const char *package, *does;
    } askers[] = {
        {"gnome-software", "also installs what GNOME Software asks for"},
        {"plasma-discover", "also installs what Discover asks for"},
    };

    if (!has_package(search, "packagekit") || is_masked(search, "packagekit.service"))
        return;
    if (root_has(search, "/system-update")) {
        add(search, (struct updater){TEXT("PackageKit"), TEXT("installs updates at the next start"), true});
        return;
    }
    for (size_t i = 0; i < sizeof(askers) / sizeof(*askers); i++)
        if (has_package(search, askers[i].package)) {
            add(search, (struct updater){TEXT("PackageKit"), text_of(askers[i].does), true});
            return;
        }
}

static void find_others(struct search *search)
{
    if (has_package(search, "snapd") &&
        (is_enabled(search, "snapd.service") || is_enabled(search, "snapd.socket")))
        add(search, (struct updater){TEXT("snapd"), TEXT("updates snaps by itself"), true});
    struct text flatpak = has_package(search, "flatpak") ? enabled_timer(search, TEXT("flatpak")) : TEXT("");
    if (flatpak.size > 0)
        add(search, (struct updater){
                        TEXT("flatpak"),
                        text_format(search->arena, "updates flatpaks by %.*s", TEXT_ARG(flatpak)), true});
    if (is_enabled(search, "mintupdate-automation-upgrade.timer"))
        add(search, (struct updater){TEXT("mintupdate"), TEXT("is on and also installs updates here"), true});
}

bool updaters_find(const char *root, struct host *host, struct arena *arena, struct error *err)
{
    struct search search = {
        .root = root, .host = host, .arena = arena, .scratch = arena_with(LIMIT_UPDATERS_MEMORY)};

    host->updaters = NULL;
    host->updater_count = 0;
    find_apt(&search);
    find_packagekit(&search);
    find_others(&search);
    arena_end(&search.scratch);
    if (search.failed.kind != ERROR_NONE)
        *err = search.failed;
    return search.failed.kind == ERROR_NONE;
}
