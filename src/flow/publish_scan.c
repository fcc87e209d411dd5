#include "flow/publish_scan.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/deb_file.h"
#include "manager/dpkg_status.h"

#define DEPTH_MAX 8 /* pool/updates/main/e/expat: 5 */

struct scanning {
    struct arena *arena;
    struct publish_found found;
    size_t capacity, refused_capacity;
    struct text *refused;
};

static bool refuse(struct scanning *s, const char *path, const struct error *why, struct error *err)
{
    s->refused = arena_grow(s->arena, s->refused, s->found.refused_count, &s->refused_capacity,
                            s->found.refused_count + 1, sizeof(*s->refused));
    if (s->refused == NULL)
        return arena_full(s->arena, err);
    s->refused[s->found.refused_count++] = text_format(s->arena, "%s: %s", path, why->text);
    return true;
}

static bool copy(struct scanning *s, struct text from, struct text *to, struct error *err)
{
    *to = text_copy(s->arena, from);
    return to->at != NULL || arena_full(s->arena, err);
}

static bool read_package(struct scanning *s, const char *path, struct publish_package *out, struct error *err)
{
    OWN(arena_end) struct arena own = arena_with(2 * LIMIT_DEB_CONTROL);
    OWN(file_unmap) struct file_map map = {0};
    struct publish_package package = {.path = path};
    struct text field, size, source, source_version;
    struct deb_file deb;
    uint64_t kib = 0;
    struct error ignored;

    if (!file_map(path, LIMIT_FETCH_SIZE, &map, err) || !deb_file_read_control(map.bytes, &own, &deb, err) ||
        !deb_file_field(&deb, "Source", LIMIT_PACKAGE_NAME, &field, err) ||
        !deb_file_field(&deb, "Installed-Size", LIMIT_ARCH, &size, err) ||
        !digest_bytes(DIGEST_SHA256, map.bytes, &package.deb.digest, err))
        return false;
    dpkg_source(field, deb.package, deb.version, &source, &source_version);
    if (!text_to_u64(size, &kib, &ignored) || kib > LIMIT_PLAN_BYTES / 1024)
        kib = map.bytes.size / 256; /* it does not say: four times its size, as most */
    package.deb.size = map.bytes.size;
    package.unpacked = kib * 1024;
    if (!copy(s, deb.package, &package.name, err) || !copy(s, deb.arch, &package.arch, err) ||
        !copy(s, deb.version, &package.version, err) || !copy(s, source, &package.source, err))
        return false;
    *out = package;
    return true;
}

static bool add(struct scanning *s, const char *path, struct error *err)
{
    struct publish_package package;
    struct error why = {0};

    if (!read_package(s, path, &package, &why))
        return refuse(s, path, &why, err);
    s->found.packages = arena_grow(s->arena, s->found.packages, s->found.count, &s->capacity,
                                   s->found.count + 1, sizeof(*s->found.packages));
    if (s->found.packages == NULL)
        return arena_full(s->arena, err);
    s->found.packages[s->found.count++] = package;
    return true;
}

/* Folders wait in a list and not on the stack: how deep they lie is not ours to say. */
struct folder {
    const char *path;
    unsigned depth;
};

struct waiting {
    struct folder *at;
    size_t count, capacity;
};

static bool wait_for(struct waiting *waiting, const char *path, unsigned depth, struct arena *arena,
                     struct error *err)
{
    waiting->at = arena_grow(arena, waiting->at, waiting->count, &waiting->capacity, waiting->count + 1,
                             sizeof(*waiting->at));
    if (waiting->at == NULL)
        return arena_full(arena, err);
    waiting->at[waiting->count++] = (struct folder){path, depth};
    return true;
}

static bool scan_folder(struct scanning *s, struct folder folder, struct waiting *waiting, struct error *err)
{
    struct file_names names;

    if (!file_list(folder.path, LIMIT_CACHE_FILES, s->arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_path(s->arena, folder.path, names.names[i].at);
        if (path == NULL)
            return arena_full(s->arena, err);
        if (text_ends(names.names[i], TEXT(".deb"))) {
            if (!add(s, path, err))
                return false;
        } else if (folder.depth < DEPTH_MAX && file_is_folder(path) &&
                   !wait_for(waiting, path, folder.depth + 1, s->arena, err)) {
            return false;
        }
    }
    return true;
}

bool publish_scan(const char *folder, struct arena *arena, struct publish_found *out, struct error *err)
{
    struct scanning s = {.arena = arena};
    struct waiting waiting = {0};

    if (!wait_for(&waiting, folder, 0, arena, err))
        return false;
    while (waiting.count > 0) {
        struct folder next = waiting.at[--waiting.count];
        if (!scan_folder(&s, next, &waiting, err))
            return false;
    }
    s.found.refused = s.refused;
    *out = s.found;
    return true;
}
