#include "identify/unseen.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"

#define ID_SIZE     64 /* an image is called by the SHA-256 of its configuration */
#define SITES_SHOWN 3

/* "~" is each home folder. At most one '*' between two slashes. */
static const struct place {
    enum unseen_kind kind;
    const char *pattern;
} places[] = {
    {UNSEEN_SNAP, "/var/lib/snapd/snaps"},
    {UNSEEN_FLATPAK, "/var/lib/flatpak/app"},
    {UNSEEN_FLATPAK, "~/.local/share/flatpak/app"},
    {UNSEEN_PIP, "/usr/local/lib/python3*/dist-packages"},
    {UNSEEN_PIP, "/usr/local/lib/python3*/site-packages"},
    {UNSEEN_PIP, "/usr/lib/python3*/site-packages"},
    {UNSEEN_PIP, "/opt/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "/opt/pipx/venvs/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/.local/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/.local/pipx/venvs/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/.local/share/pipx/venvs/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/.local/share/uv/tools/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/.local/share/uv/python/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/.pyenv/versions/*/lib/python*/site-packages"},
    {UNSEEN_PIP, "~/anaconda3/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/anaconda3/envs/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/miniconda3/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/miniconda3/envs/*/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/miniforge3/lib/python3*/site-packages"},
    {UNSEEN_PIP, "~/miniforge3/envs/*/lib/python3*/site-packages"},
    {UNSEEN_NPM, "/usr/lib/node_modules"},
    {UNSEEN_NPM, "/usr/local/lib/node_modules"},
    {UNSEEN_NPM, "~/.local/lib/node_modules"},
    {UNSEEN_NPM, "~/.npm-global/lib/node_modules"},
    {UNSEEN_NPM, "~/.nvm/versions/node/*/lib/node_modules"},
    {UNSEEN_IMAGE, "/var/lib/docker/image/*/imagedb/content/sha256"},
    {UNSEEN_IMAGE, "/var/lib/containers/storage/*-images"},
    {UNSEEN_IMAGE, "~/.local/share/docker/image/*/imagedb/content/sha256"},
    {UNSEEN_IMAGE, "~/.local/share/containers/storage/*-images"},
};

/* Folders that only root may enter, where they are; so that nothing in them is taken for nothing at all. */
static const struct closed {
    enum unseen_kind kind;
    const char *path, *why;
} closed[] = {
    {UNSEEN_IMAGE, "/var/lib/docker", "docker's images not counted without root"},
    {UNSEEN_IMAGE, "/var/lib/containers/storage", "podman's images not counted without root"},
};

/* containerd names its images in a database that is not read; without any content it has none. */
static const char containerd[] = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256";

struct home {
    struct text path;
    bool closed; /* this user may not look what is in it */
};

struct look {
    const struct unseen_from *from;
    struct host *host;
    struct arena *arena;
    struct arena scratch;
    struct home *homes;
    size_t home_count;
    size_t folder_counts
        [UNSEEN_KIND_COUNT]; /* looked into so far; for each, so that one does not hide another */
    uint32_t counts[UNSEEN_KIND_COUNT];
    bool at_least[UNSEEN_KIND_COUNT]; /* more than was counted */
    size_t unseen_capacity;
};

/* False when there is nothing to list, or when a bound is met. */
static bool list(struct look *look, enum unseen_kind kind, struct text folder, struct file_names *out)
{
    size_t folders_max = look->from->folders_max == 0 ? LIMIT_UNSEEN_FOLDERS : look->from->folders_max;
    struct error why = {0};

    if (folder.at == NULL || look->folder_counts[kind] == folders_max) {
        look->at_least[kind] = true;
        return false;
    }
    look->folder_counts[kind]++;
    if (file_list(folder.at, LIMIT_UNSEEN_NAMES, &look->scratch, out, &why))
        return true;
    look->at_least[kind] = look->at_least[kind] || why.kind == ERROR_LIMIT;
    return false;
}

static struct text join(struct look *look, struct text folder, struct text name)
{
    return text_format(&look->scratch, "%.*s/%.*s", TEXT_ARG(folder), TEXT_ARG(name));
}

/* "firefox_4173.snap": an older revision is kept beside the newer. */
static void count_snaps(struct look *look, struct text folder, const struct file_names *names)
{
    struct text last = TEXT("");

    (void)folder;
    for (size_t i = 0; i < names->count; i++) {
        struct text name = names->names[i];
        if (!text_ends(name, TEXT(".snap")))
            continue;
        name = text_part(name, 0, text_find_byte(name, '_'));
        look->counts[UNSEEN_SNAP] += !text_equal(name, last);
        last = name;
    }
}

static void count_flatpaks(struct look *look, struct text folder, const struct file_names *names)
{
    (void)folder;
    look->counts[UNSEEN_FLATPAK] += (uint32_t)names->count;
}

static void count_pip(struct look *look, struct text folder, const struct file_names *names)
{
    (void)folder;
    for (size_t i = 0; i < names->count; i++)
        look->counts[UNSEEN_PIP] +=
            text_ends(names->names[i], TEXT(".dist-info")) || text_ends(names->names[i], TEXT(".egg-info"));
}

/* What node brings itself lies where its package put it, and that package is among the host's. */
static bool comes_with_node(struct text folder, struct text name)
{
    return text_ends(folder, TEXT("/usr/lib/node_modules")) &&
           (text_equal(name, TEXT("npm")) || text_equal(name, TEXT("corepack")));
}

static void count_npm_packages(struct look *look, struct text folder, const struct file_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        struct text package = text_format(&look->scratch, "%.*s/%.*s/package.json", TEXT_ARG(folder),
                                          TEXT_ARG(names->names[i]));
        look->counts[UNSEEN_NPM] +=
            package.at != NULL && !comes_with_node(folder, names->names[i]) && file_exists(package.at);
    }
}

/* "@scope" is a folder of packages. */
static void count_npm(struct look *look, struct text folder, const struct file_names *names)
{
    struct file_names scoped;

    count_npm_packages(look, folder, names);
    for (size_t i = 0; i < names->count; i++) {
        struct text scope = join(look, folder, names->names[i]);
        if (names->names[i].at[0] == '@' && list(look, UNSEEN_NPM, scope, &scoped))
            count_npm_packages(look, scope, &scoped);
    }
}

static bool is_id(struct text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!isxdigit((unsigned char)name.at[i]))
            return false;
    return name.size == ID_SIZE;
}

static void count_images(struct look *look, struct text folder, const struct file_names *names)
{
    (void)folder;
    for (size_t i = 0; i < names->count; i++)
        look->counts[UNSEEN_IMAGE] += is_id(names->names[i]);
}

/* How the names in a folder are counted, and what they are called. */
static const struct kind {
    void (*count)(struct look *look, struct text folder, const struct file_names *names);
    const char *one, *many;
} kinds[UNSEEN_KIND_COUNT] = {
    [UNSEEN_SNAP] = {count_snaps, "snap", "snaps"},
    [UNSEEN_FLATPAK] = {count_flatpaks, "flatpak", "flatpaks"},
    [UNSEEN_PIP] = {count_pip, "pip package", "pip packages"},
    [UNSEEN_NPM] = {count_npm, "npm package", "npm packages"},
    [UNSEEN_IMAGE] = {count_images, "container image", "container images"},
};

static bool matches(struct text name, struct text pattern)
{
    size_t star = text_find_byte(pattern, '*');
    struct text start = text_part(pattern, 0, star), end = text_part(pattern, star + 1, SIZE_MAX);

    return name.size >= start.size + end.size && text_starts(name, start) && text_ends(name, end) &&
           name.at[0] != '.';
}

/* Counts in every folder below `base` that the pattern means. The depth is that of our own patterns. */
static void visit(struct look *look, enum unseen_kind kind, struct text base, struct text pattern)
{
    size_t star = text_find_byte(pattern, '*');
    struct file_names names;

    if (star == SIZE_MAX) {
        struct text folder = text_format(&look->scratch, "%.*s%.*s", TEXT_ARG(base), TEXT_ARG(pattern));
        if (list(look, kind, folder, &names))
            kinds[kind].count(look, folder, &names);
        return;
    }
    size_t begin = star;
    while (pattern.at[begin - 1] != '/')
        begin--;
    struct text behind = text_part(pattern, begin, SIZE_MAX), part;
    struct text folder = text_format(&look->scratch, "%.*s%.*s", TEXT_ARG(base), (int)begin - 1, pattern.at);
    (void)text_cut(&behind, '/', &part);
    struct text rest = text_part(pattern, begin + part.size, SIZE_MAX);
    if (!list(look, kind, folder, &names))
        return;
    for (size_t i = 0; i < names.count; i++)
        if (matches(names.names[i], part)) {
            struct text below = join(look, folder, names.names[i]);
            if (below.at != NULL)
                visit(look, kind, below, rest);
        }
}

/* It is there, and this user may not look what is in it. */
static bool is_closed(struct look *look, struct text folder)
{
    struct text inside = join(look, folder, TEXT("."));

    return inside.at != NULL && file_is_folder(folder.at) && !file_exists(inside.at);
}

static struct text below_root(struct look *look, const char *path)
{
    struct text root = text_of(look->from->root);

    while (text_ends(root, TEXT("/")))
        root.size--;
    return text_format(&look->scratch, "%.*s%s", TEXT_ARG(root), path);
}

static void add_home(struct look *look, struct text home)
{
    if (home.at == NULL || !file_is_folder(home.at))
        return;
    for (size_t i = 0; i < look->home_count; i++)
        if (text_equal(look->homes[i].path, home))
            return;
    look->homes[look->home_count++] = (struct home){home, is_closed(look, home)};
}

static void find_homes(struct look *look)
{
    struct text folder = below_root(look, "/home");
    struct file_names names = {0};

    (void)list(look, UNSEEN_PIP, folder, &names);
    look->homes = ARENA_ARRAY(&look->scratch, struct home, names.count + 2);
    if (look->homes == NULL) {
        look->at_least[UNSEEN_PIP] = true;
        return;
    }
    for (size_t i = 0; i < names.count; i++)
        add_home(look, join(look, folder, names.names[i]));
    add_home(look, below_root(look, "/root"));
    if (look->from->home != NULL)
        add_home(look, text_copy(&look->scratch, text_of(look->from->home)));
}

static void visit_places(struct look *look)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        struct text pattern = text_of(places[i].pattern);
        if (pattern.at[0] == '/') {
            visit(look, places[i].kind, below_root(look, ""), pattern);
            continue;
        }
        for (size_t home = 0; home < look->home_count; home++)
            if (!look->homes[home].closed)
                visit(look, places[i].kind, look->homes[home].path, text_part(pattern, 1, SIZE_MAX));
    }
}

static bool add(struct look *look, enum unseen_kind kind, uint32_t count, struct text why, struct error *err)
{
    struct host *host = look->host;
    struct unseen *grown = arena_grow(look->arena, host->unseen, host->unseen_count, &look->unseen_capacity,
                                      host->unseen_count + 1, sizeof(*grown));

    if (grown == NULL || why.at == NULL)
        return arena_full(look->arena, err);
    host->unseen = grown;
    grown[host->unseen_count++] = (struct unseen){kind, count, why};
    return true;
}

static bool add_kind(struct look *look, enum unseen_kind kind, struct error *err)
{
    uint32_t count = look->counts[kind];

    if (count == 0 && !look->at_least[kind])
        return true;
    return add(look, kind, count,
               text_format(look->arena, "%s%u %s not read", look->at_least[kind] ? "at least " : "",
                           (unsigned)count, count == 1 ? kinds[kind].one : kinds[kind].many),
               err);
}

static bool add_closed(struct look *look, struct error *err)
{
    struct file_names names;

    for (size_t i = 0; i < sizeof(closed) / sizeof(*closed); i++)
        if (is_closed(look, below_root(look, closed[i].path)) &&
            !add(look, closed[i].kind, 0, text_of(closed[i].why), err))
            return false;
    struct text folder = below_root(look, containerd);
    if (list(look, UNSEEN_IMAGE, folder, &names) ? names.count == 0
                                                 : folder.at == NULL || !file_is_folder(folder.at))
        return true;
    return add(look, UNSEEN_IMAGE, 0, TEXT("containerd's images not counted"), err);
}

static bool add_homes(struct look *look, struct error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < look->home_count; i++)
        count += look->homes[i].closed;
    return count == 0 || add(look, UNSEEN_PIP, 0,
                             text_format(look->arena, "%zu home folder%s not looked into without root", count,
                                         count == 1 ? "" : "s"),
                             err);
}

static bool add_files(struct look *look, struct error *err)
{
    find_homes(look);
    visit_places(look);
    for (enum unseen_kind kind = UNSEEN_UNKNOWN; kind < UNSEEN_KIND_COUNT; kind++) {
        if (kinds[kind].count != NULL && !add_kind(look, kind, err))
            return false;
        if (kind == UNSEEN_PIP && !add_homes(look, err))
            return false;
    }
    return add_closed(look, err);
}

/* Packages of one archive, or of none. */
struct site {
    struct text name;
    uint32_t count;
};

/* Where the installed version comes from, else any version; absent: no archive has it. */
static struct text site_of(const struct host *host, const struct package *package)
{
    struct text site = TEXT("");

    for (size_t i = 0; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        if (offer->archive >= host->archive_count)
            continue;
        site = host->archives[offer->archive].site;
        if (text_equal(offer->version, package->version))
            break;
    }
    return site;
}

/* Most packages first. */
static int compare_sites(const void *a, const void *b)
{
    const struct site *one = a, *other = b;

    if (one->count != other->count)
        return one->count < other->count ? 1 : -1;
    return text_compare(one->name, other->name);
}

static bool find_sites(struct look *look, struct site *sites, size_t *count, struct error *err)
{
    const struct host *host = look->host;
    struct map seen = map_with(&look->scratch);

    *count = 0;
    for (size_t i = 0; i < host->package_count; i++) {
        if (!host->packages[i].foreign)
            continue;
        struct text name = site_of(host, &host->packages[i]);
        uint32_t index = map_get(&seen, name);
        if (index == MAP_NONE) {
            index = (uint32_t)(*count)++;
            sites[index].name = name;
            if (!map_put(&seen, name, index, err))
                return false;
        }
        sites[index].count++;
    }
    if (*count > 0)
        qsort(sites, *count, sizeof(*sites), compare_sites);
    return true;
}

static bool add_site(struct look *look, uint32_t count, struct text of, struct error *err)
{
    return add(look, UNSEEN_FOREIGN_ARCHIVE, count,
               text_format(look->arena, "%u package%s of %.*s (no advisories: unknown, not safe)",
                           (unsigned)count, count == 1 ? "" : "s", TEXT_ARG(of)),
               err);
}

static bool add_foreign(struct look *look, struct error *err)
{
    struct site *sites = ARENA_ARRAY(&look->scratch, struct site, look->host->package_count);
    size_t count, rest = 0;
    uint32_t packages = 0;

    if (sites == NULL)
        return arena_full(&look->scratch, err);
    if (!find_sites(look, sites, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct text name = sites[i].name.size == 0 ? TEXT("no enabled archive") : sites[i].name;
        if (i >= SITES_SHOWN && count > SITES_SHOWN + 1) {
            packages += sites[i].count;
            rest++;
        } else if (!add_site(look, sites[i].count, name, err)) {
            return false;
        }
    }
    return rest == 0 || add_site(look, packages, text_format(look->arena, "%zu other archives", rest), err);
}

static bool add_processes(struct look *look, struct error *err)
{
    const struct host *host = look->host;

    if (host->process_unreadable > 0 &&
        !add(look, UNSEEN_PROCESS, host->process_unreadable,
             text_format(look->arena, "%u of %u processes not readable by this user",
                         (unsigned)host->process_unreadable, (unsigned)host->process_count),
             err))
        return false;
    struct text why =
        host->process_count == 0 ? TEXT("processes not listed here") : TEXT("others' processes hidden here");
    return !host->process_hidden || add(look, UNSEEN_PROCESS, 0, why, err);
}

bool unseen_count(const struct unseen_from *from, struct host *host, struct arena *arena, struct error *err)
{
    struct look look = {.from = from,
                        .host = host,
                        .arena = arena,
                        .scratch = arena_with(LIMIT_UNSEEN_MEMORY),
                        .unseen_capacity = host->unseen_count};
    bool done =
        add_foreign(&look, err) && (from->root == NULL || add_files(&look, err)) && add_processes(&look, err);

    arena_end(&look.scratch);
    return done;
}
