#include "flow/publish_shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "model/version.h"

static const char *path_in(const struct publish_repository *repository, struct text name, struct arena *arena)
{
    return name.at == NULL ? NULL : file_path(arena, repository->folder, name.at);
}

bool publish_shelf_open(const struct publish_repository *repository, const struct publish_package *package,
                        size_t bases_max, struct arena *arena, struct publish_shelf *out,
                        struct text *refused, struct error *err)
{
    const char *path = path_in(repository, delta_index_path(package->name, package->arch, arena), arena);
    struct publish_shelf shelf = {.package = package};
    struct bytes raw;
    struct error why = {0};

    *refused = (struct text){0};
    if (path == NULL)
        return arena_full(arena, err);
    if (file_read(path, LIMIT_DELTA_INDEX, arena, &raw, &why) &&
        delta_index_open(raw, &repository->key->public_key, arena, &shelf.former, &why) &&
        text_equal(shelf.former.package, package->name) && text_equal(shelf.former.arch, package->arch))
        shelf.had = true;
    else if (why.kind != ERROR_ABSENT)
        *refused = text_format(arena, "%s: %s; it is made anew", path, why.text);
    const struct delta_version *version =
        shelf.had ? delta_index_find(&shelf.former, &package->deb.digest) : NULL;
    size_t former = version == NULL ? 0 : version->base_count;
    shelf.bases = ARENA_ARRAY(arena, struct delta_base, former + bases_max);
    if (shelf.bases == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < former && !repository->prune; i++)
        shelf.bases[shelf.base_count++] = version->bases[i];
    *out = shelf;
    return true;
}

static bool is_there(const struct publish_repository *repository, const struct delta_file *file,
                     bool supplement, struct arena *arena)
{
    struct text name =
        supplement ? delta_supplement_path(&file->digest, arena) : delta_file_path(&file->digest, arena);
    const char *path = path_in(repository, name, arena);
    struct file_identity found;
    struct error ignored;

    return path != NULL && file_identify(path, &found, &ignored) && found.size == file->size;
}

static bool is_base(const struct delta_base *base, const struct publish_package *package)
{
    return text_equal(base->package, package->name) && text_equal(base->arch, package->arch) &&
           text_equal(base->version, package->version);
}

/* Without `base` in the shelf. */
static void take_off(struct publish_shelf *shelf, const struct publish_package *base)
{
    size_t kept = 0;

    for (size_t i = 0; i < shelf->base_count; i++)
        if (!is_base(&shelf->bases[i], base))
            shelf->bases[kept++] = shelf->bases[i];
    shelf->base_count = kept;
}

bool publish_shelf_keep(const struct publish_repository *repository, struct publish_shelf *shelf,
                        const struct publish_package *base, struct arena *arena)
{
    const struct delta_version *version =
        shelf->had ? delta_index_find(&shelf->former, &shelf->package->deb.digest) : NULL;

    take_off(shelf, base);
    for (size_t i = 0; version != NULL && i < version->base_count; i++) {
        const struct delta_base *former = &version->bases[i];
        bool whole = is_base(former, base) && is_there(repository, &former->delta, false, arena);
        for (size_t k = 0; whole && k < former->supplement_count; k++)
            whole = is_there(repository, &former->supplements[k].file, true, arena);
        if (!whole)
            continue;
        shelf->bases[shelf->base_count++] = *former;
        return true;
    }
    return false;
}

void publish_shelf_add(struct publish_shelf *shelf, const struct delta_base *base)
{
    shelf->bases[shelf->base_count++] = *base;
}

/* As delta_index.h has them. */
static int compare_bases(const void *a, const void *b)
{
    const struct delta_base *one = a, *other = b;
    int order = text_compare(one->package, other->package);

    order = order != 0 ? order : text_compare(one->arch, other->arch);
    order = order != 0 ? order : version_compare(VERSION_DEB, one->version, other->version);
    return order != 0 ? order : text_compare(one->version, other->version);
}

static int newest_first(const void *a, const void *b)
{
    const struct delta_version *one = a, *other = b;

    return version_compare(VERSION_DEB, other->version, one->version);
}

/* The versions of before that stay, and the package's own. */
static bool make_index(const struct publish_repository *repository, const struct publish_shelf *shelf,
                       struct arena *arena, struct delta_index *out, struct error *err)
{
    const struct delta_index *former = &shelf->former;
    struct delta_version *versions = ARENA_ARRAY(arena, struct delta_version, former->version_count + 1);
    size_t count = 0;

    if (versions == NULL)
        return arena_full(arena, err);
    if (shelf->base_count > 0)
        versions[count++] = (struct delta_version){.version = shelf->package->version,
                                                   .deb = shelf->package->deb,
                                                   .packed = shelf->package->unpacked,
                                                   .bases = shelf->bases,
                                                   .base_count = shelf->base_count};
    for (size_t i = 0; i < former->version_count && !repository->prune; i++)
        if (version_compare(VERSION_DEB, former->versions[i].version, shelf->package->version) != 0)
            versions[count++] = former->versions[i];
    if (count > 1)
        qsort(versions, count, sizeof(*versions), newest_first);
    *out = (struct delta_index){.package = shelf->package->name,
                                .arch = shelf->package->arch,
                                .made_us = shelf->had ? former->made_us : repository->now_us,
                                .serial = shelf->had ? former->serial : 1,
                                .versions = versions,
                                .version_count = count < LIMIT_DELTA_VERSIONS ? count : LIMIT_DELTA_VERSIONS};
    return true;
}

/* Signing gives the same bytes for the same content, so bytes tell whether anything is new. */
static bool is_former(const char *path, struct bytes bytes, struct arena *arena)
{
    struct bytes raw;
    struct error ignored;

    return file_read(path, LIMIT_DELTA_INDEX, arena, &raw, &ignored) && raw.size == bytes.size &&
           memcmp(raw.at, bytes.at, raw.size) == 0;
}

bool publish_shelf_write(const struct publish_repository *repository, struct publish_shelf *shelf,
                         struct arena *arena, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_DELTA_INDEX);
    const char *path =
        path_in(repository, delta_index_path(shelf->package->name, shelf->package->arch, arena), arena);
    const char *folder = file_path(arena, repository->folder, "index");
    struct delta_index index;

    if (path == NULL || folder == NULL)
        return arena_full(arena, err);
    if (shelf->base_count > 1)
        qsort(shelf->bases, shelf->base_count, sizeof(*shelf->bases), compare_bases);
    if (!make_index(repository, shelf, arena, &index, err))
        return false;
    if (index.version_count == 0)
        return !shelf->had || file_remove(path, err);
    if (!delta_index_write(&index, repository->key, &w, err))
        return false;
    if (shelf->had && is_former(path, writer_bytes(&w), arena))
        return true;
    if (shelf->had) {
        index.serial++;
        index.made_us = repository->now_us;
        writer_clear(&w);
        if (!delta_index_write(&index, repository->key, &w, err))
            return false;
    }
    shelf->changed = true;
    return file_make_folders(folder, 0755, err) && file_replace(path, writer_bytes(&w), 0644, err);
}

/* ---- files ---- */

static bool digest_file(const char *path, struct delta_file *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map(path, LIMIT_FETCH_SIZE, &map, err) ||
        !digest_bytes(DIGEST_SHA256, map.bytes, &out->digest, err))
        return false;
    out->size = map.bytes.size;
    return true;
}

bool publish_shelf_put(const struct publish_repository *repository, const char *from, bool supplement,
                       struct arena *arena, struct delta_file *out, struct error *err)
{
    struct delta_file file = {0};

    if (!digest_file(from, &file, err))
        return false;
    struct text name =
        supplement ? delta_supplement_path(&file.digest, arena) : delta_file_path(&file.digest, arena);
    const char *path = path_in(repository, name, arena);
    char *folder = path == NULL ? NULL : text_string(arena, text_of(path));
    if (folder == NULL)
        return arena_full(arena, err);
    *strrchr(folder, '/') = 0;
    if (!file_make_folders(folder, 0755, err))
        return false;
    if (chmod(from, 0644) != 0 || rename(from, path) != 0)
        return error_system(err, "%s", path);
    if (!file_sync_folder(folder, err))
        return false;
    *out = file;
    return true;
}
