#include "delta/base_path.h"

#include "base/limits.h"
#include "base/own.h"
#include "delta/base_file.h"
#include "delta/deb_layout.h"

void base_path_end(struct base_path *base)
{
    if (base->is_deb)
        base_deb_end(&base->base);
    file_unmap(&base->map);
    *base = (struct base_path){0};
}

/* Handed on: *base is empty again. */
static struct base_path base_path_take(struct base_path *base)
{
    struct base_path taken = *base;

    *base = (struct base_path){0};
    return taken;
}

static bool open_deb(const char *path, const char *work, struct arena *arena, struct base_path *out,
                     struct error *err)
{
    OWN(base_path_end) struct base_path got = {0};

    if (!file_map(path, LIMIT_DEB_FILE, &got.map, err))
        return false;
    if (!base_deb_open(got.map.bytes, work, arena, &got.base, err))
        return error_at(err, "%s", path);
    got.is_deb = true;
    *out = base_path_take(&got);
    return true;
}

bool base_path_open(const char *path, enum base_kind kind, const char *work, struct arena *arena,
                    struct base_path *out, struct error *err)
{
    if (kind == BASE_KIND_PACKAGE)
        return open_deb(path, work, arena, out, err);
    if (kind == BASE_KIND_FOLDER)
        return base_folder_open(path, arena, &out->base, err);
    return base_file_open(path, arena, &out->base, err);
}
