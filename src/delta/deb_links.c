#include "delta/deb_links.h"

#include "base/limits.h"

/* The size of the folder of a path, its slash included. */
static size_t folder_size(struct bytes path)
{
    size_t size = path.size;

    while (size > 0 && path.at[size - 1] != '/')
        size--;
    return size;
}

/* Both paths begin with a slash. Returns 0 when the way is longer than `max`. */
static size_t relative_way(struct bytes from, struct bytes to, uint8_t *into, size_t max)
{
    size_t from_folder = folder_size(from), to_folder = folder_size(to), both = 0, ups = 0, size = 0;

    for (size_t i = 0; i < from_folder && i < to_folder && from.at[i] == to.at[i]; i++)
        if (from.at[i] == '/')
            both = i + 1;
    for (size_t i = both; i < from_folder; i++)
        ups += from.at[i] == '/';
    if (ups > max / 3 || to.size - both > max - 3 * ups)
        return 0;
    for (; ups > 0; ups--, size += 3)
        memcpy(into + size, "../", 3);
    memcpy(into + size, to.at + both, to.size - both);
    return size + to.size - both;
}

bool deb_links_make(struct bytes from, struct bytes to, bool absolute, struct arena *arena, struct bytes *out,
                    struct error *err)
{
    uint8_t way[LIMIT_PATH];

    if (absolute) {
        *out = to;
        return true;
    }
    size_t size = relative_way(from, to, way, sizeof(way));
    if (size == 0)
        return error_set(err, ERROR_LIMIT, "a link of more than %d bytes", LIMIT_PATH);
    struct text copy = text_copy(arena, (struct text){(const char *)way, size});
    if (copy.at == NULL)
        return arena_full(arena, err);
    *out = bytes_of_text(copy);
    return true;
}

/* Where a relative target leads, by its text alone; 0 when it leads out of the root or is too long. */
static size_t resolved(struct bytes link, struct bytes target, uint8_t *into, size_t max)
{
    size_t size = folder_size(link);

    if (size == 0 || size > max)
        return 0;
    memcpy(into, link.at, size);
    for (size_t at = 0; at < target.size;) {
        const uint8_t *slash = memchr(target.at + at, '/', target.size - at);
        size_t part = slash == NULL ? target.size - at : (size_t)(slash - (target.at + at)) + 1;
        if (part == 3 && memcmp(target.at + at, "../", 3) == 0) {
            size = folder_size((struct bytes){into, size - 1});
            if (size == 0)
                return 0;
        } else {
            if (part > max - size)
                return 0;
            memcpy(into + size, target.at + at, part);
            size += part;
        }
        at += part;
    }
    return size;
}

bool deb_links_find(const struct deb_tar *tar, const struct deb_tar_entry *link, const struct map *paths,
                    uint32_t *to, bool *absolute)
{
    uint8_t path[LIMIT_PATH], way[LIMIT_PATH];
    struct bytes target = link->target;

    *absolute = target.size > 0 && target.at[0] == '/';
    if (*absolute) {
        *to = map_get(paths, (struct text){(const char *)target.at, target.size});
        return *to != MAP_NONE;
    }
    size_t size = resolved(link->path, target, path, sizeof(path));
    *to = map_get(paths, (struct text){(const char *)path, size});
    if (size == 0 || *to == MAP_NONE)
        return false;
    size_t way_size = relative_way(link->path, tar->entries[*to].path, way, sizeof(way));
    return way_size == target.size && memcmp(way, target.at, way_size) == 0;
}
