#include "trust/repo_objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"

#define COPY_SIZE (256 * KIB)

bool repo_objects_check_path(struct text path, struct error *err)
{
    struct text rest = path, part, checked;

    if (!text_from_bytes(bytes_of_text(path), LIMIT_TUF_TARGET_PATH, &checked, err))
        return error_at(err, "path");
    if (path.size == 0 || text_ends(path, TEXT("/")))
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no path of a file", TEXT_ARG(text_part(path, 0, 60)));
    while (text_cut(&rest, '/', &part))
        if (part.size == 0 || text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return error_set(err, ERROR_INPUT, "\"%.*s\" has an empty or dotted part",
                             TEXT_ARG(text_part(path, 0, 60)));
    return true;
}

/* ---- taking in ---- */

static bool write_whole(int fd, const uint8_t *at, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* to -1: only read. */
static bool copy(int from, int to, struct digest *digest, uint64_t *length, struct error *err)
{
    OWN(own_memory) uint8_t *buffer = malloc(COPY_SIZE);
    OWN(digester_end) struct digester digester = {0};
    uint64_t sum = 0;
    ssize_t n;

    if (buffer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!digester_open(DIGEST_SHA256, &digester, err))
        return false;
    while ((n = read(from, buffer, COPY_SIZE)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(err, "read");
        if (to >= 0 && !write_whole(to, buffer, (size_t)n))
            return error_system(err, "write");
        if (!digester_add(&digester, (struct bytes){buffer, (size_t)n}, err))
            return false;
        sum += (uint64_t)n;
        if (sum > LIMIT_FETCH_SIZE)
            return error_set(err, ERROR_LIMIT, "more than %zu bytes, which no machine fetches",
                             (size_t)LIMIT_FETCH_SIZE);
    }
    digester_close(&digester, digest);
    *length = sum;
    return true;
}

static const char *object_path(const struct repo *repo, const struct digest *digest)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(digest, hex);
    return file_path(repo->arena, repo->objects, hex);
}

bool repo_objects_take(const struct repo *repo, const char *file, struct tuf_file *out, struct error *err)
{
    char *beside = file_path(repo->arena, repo->objects, ".new-XXXXXX");
    struct tuf_file taken = {.length_known = true};
    struct digest digest;
    OWN(own_fd) int from = -1;
    OWN(own_fd) int to = -1;

    if (beside == NULL)
        return arena_full(repo->arena, err);
    if (!file_open(file, &from, err))
        return false;
    to = mkostemp(beside, O_CLOEXEC);
    if (to < 0)
        return error_system(err, "%s", beside);
    bool copied = copy(from, to, &digest, &taken.length, err) || error_at(err, "%s", file);
    const char *path = copied ? object_path(repo, &digest) : NULL;
    if (copied && path == NULL)
        copied = arena_full(repo->arena, err);
    if (copied && (fchmod(to, 0644) != 0 || fsync(to) != 0 || rename(beside, path) != 0))
        copied = error_system(err, "%s", path);
    if (!copied) {
        (void)unlink(beside); /* the first failure is the one to report */
        return false;
    }
    if (!file_sync_folder(repo->objects, err) || !tuf_file_set_sha256(&taken, &digest, repo->arena, err))
        return false;
    *out = taken;
    return true;
}

bool repo_objects_put(const struct repo *repo, struct bytes raw, struct tuf_file *out, struct error *err)
{
    struct tuf_file taken = {.length_known = true, .length = raw.size};
    struct digest digest;

    if (!digest_bytes(DIGEST_SHA256, raw, &digest, err) ||
        !tuf_file_set_sha256(&taken, &digest, repo->arena, err))
        return false;
    const char *path = object_path(repo, &digest);
    if (path == NULL)
        return arena_full(repo->arena, err);
    if (!file_replace(path, raw, 0644, err))
        return false;
    *out = taken;
    return true;
}

/* ---- public names ---- */

/* "DIR/SHA256.NAME" on disk: as it stands, not encoded. */
static const char *public_name(const struct tuf_file *file, struct arena *arena)
{
    char hex[DIGEST_HEX_MAX + 1];
    size_t base = file->name.size;
    struct digest digest;

    while (base > 0 && file->name.at[base - 1] != '/')
        base--;
    (void)tuf_file_digest(file, DIGEST_SHA256, &digest);
    digest_hex(&digest, hex);
    return text_format(arena, "%.*s%s.%.*s", (int)base, file->name.at, hex,
                       TEXT_ARG(text_part(file->name, base, SIZE_MAX)))
        .at;
}

static bool check_file(const char *path, const struct tuf_file *file, struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct digest digest, listed;
    uint64_t length;

    if (!file_open(path, &fd, err) || !copy(fd, -1, &digest, &length, err))
        return error_at(err, "%.*s", TEXT_ARG(file->name));
    if (length != file->length || !tuf_file_digest(file, DIGEST_SHA256, &listed) ||
        !digest_equal(&digest, &listed))
        return error_set(err, ERROR_TRUST, "%.*s: %s is not the file that was listed", TEXT_ARG(file->name),
                         path);
    return true;
}

/* A file that is mapped, and is what the document lists. */
static bool map_listed(const char *path, const struct tuf_file *file, struct file_map *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct digest digest, listed;

    if (!file_map(path, LIMIT_FETCH_SIZE, &map, err) || !digest_bytes(DIGEST_SHA256, map.bytes, &digest, err))
        return false;
    if (map.bytes.size != file->length || !tuf_file_digest(file, DIGEST_SHA256, &listed) ||
        !digest_equal(&digest, &listed))
        return error_set(err, ERROR_TRUST, "%s is not the content that is listed", path);
    *out = map;
    map = (struct file_map){0};
    return true;
}

bool repo_objects_map(const struct repo *repo, const struct tuf_file *file, struct file_map *out,
                      struct error *err)
{
    struct digest digest;

    if (!tuf_file_digest(file, DIGEST_SHA256, &digest))
        return error_set(err, ERROR_INPUT, "is listed without its SHA-256");
    const char *name = public_name(file, repo->arena);
    const char *object = object_path(repo, &digest);
    const char *published = name == NULL ? NULL : file_path(repo->arena, repo->targets, name);
    if (object == NULL || published == NULL)
        return arena_full(repo->arena, err);
    if (!file_exists(object) && !file_exists(published))
        return error_set(err, ERROR_ABSENT,
                         "its content is not here (%s), and nobody signs what was not seen", object);
    return map_listed(file_exists(object) ? object : published, file, out, err);
}

/* Makes the folders on the way to the file. */
static bool make_way(const char *path, struct arena *arena, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *folder = text_string(arena, (struct text){path, (size_t)(slash - path)});

    return folder == NULL ? arena_full(arena, err) : file_make_folders(folder, 0755, err);
}

/* A second name of the object costs nothing, and nobody writes to either. */
static bool publish_file(const struct repo *repo, const struct tuf_file *file, struct error *err)
{
    const char *name = public_name(file, repo->arena);
    const char *to = name == NULL ? NULL : file_path(repo->arena, repo->targets, name);
    struct digest digest;
    (void)tuf_file_digest(file, DIGEST_SHA256, &digest);
    const char *from = object_path(repo, &digest);

    if (from == NULL || to == NULL)
        return arena_full(repo->arena, err);
    if (file_exists(to))
        return check_file(to, file, err);
    if (!check_file(from, file, err) || !make_way(to, repo->arena, err))
        return false;
    if (link(from, to) != 0)
        return error_system(err, "%s", to);
    const char *folder = text_string(repo->arena, (struct text){to, (size_t)(strrchr(to, '/') - to)});
    return folder == NULL ? arena_full(repo->arena, err) : file_sync_folder(folder, err);
}

bool repo_objects_publish(const struct repo *repo, const struct tuf_metadata *metadata, struct error *err)
{
    for (size_t i = 0; i < metadata->files.count; i++)
        if (!publish_file(repo, &metadata->files.at[i], err))
            return false;
    return true;
}

bool repo_objects_verify(const char *targets, const struct tuf_metadata *metadata, struct arena *arena,
                         struct error *err)
{
    for (size_t i = 0; i < metadata->files.count; i++) {
        const char *name = public_name(&metadata->files.at[i], arena);
        const char *path = name == NULL ? NULL : file_path(arena, targets, name);
        if (path == NULL)
            return arena_full(arena, err);
        if (!check_file(path, &metadata->files.at[i], err))
            return false;
    }
    return true;
}

/* ---- pruning ---- */

static bool remember(struct map *names, struct text name, struct error *err)
{
    return map_put(names, name, 1, err);
}

/* Removes what is not in `kept` (names below the folder) from the folder and the folders in it. */
static bool prune_below(const char *folder, struct text below, const struct map *kept, int depth,
                        struct arena *arena, size_t *removed, struct error *err)
{
    struct file_names names;

    if (depth > LIMIT_REPO_DEPTH)
        return error_set(err, ERROR_LIMIT, "%s: more than %d folders deep", folder, LIMIT_REPO_DEPTH);
    if (!file_list(folder, LIMIT_REPO_FILES, arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_path(arena, folder, names.names[i].at);
        struct text name = text_format(arena, "%.*s%s%.*s", TEXT_ARG(below), below.size > 0 ? "/" : "",
                                       TEXT_ARG(names.names[i]));
        if (path == NULL || name.at == NULL)
            return arena_full(arena, err);
        if (file_is_folder(path)) {
            if (!prune_below(path, name, kept, depth + 1, arena, removed, err))
                return false;
            (void)rmdir(path); /* empty or not: then it stays */
        } else if (map_get(kept, name) == MAP_NONE) {
            if (!file_remove(path, err))
                return false;
            (*removed)++;
        }
    }
    return true;
}

bool repo_objects_prune(const struct repo *repo, const struct tuf_metadata *const *documents, size_t count,
                        const bool *waits, size_t *removed, struct error *err)
{
    struct map public = map_with(repo->arena), waiting = map_with(repo->arena);

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < documents[i]->files.count; k++) {
            const char *name = public_name(&documents[i]->files.at[k], repo->arena);
            if (name == NULL)
                return arena_full(repo->arena, err);
            if (!remember(&public, text_of(name), err))
                return false;
        }
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        for (size_t k = 0; waits[i] && k < repo->staged[i].metadata.files.count; k++) {
            char hex[DIGEST_HEX_MAX + 1];
            struct digest digest;
            (void)tuf_file_digest(&repo->staged[i].metadata.files.at[k], DIGEST_SHA256, &digest);
            digest_hex(&digest, hex);
            struct text name = text_copy(repo->arena, text_of(hex));
            if (name.at == NULL)
                return arena_full(repo->arena, err);
            if (!remember(&waiting, name, err))
                return false;
        }
    return prune_below(repo->targets, (struct text){0}, &public, 0, repo->arena, removed, err) &&
           prune_below(repo->objects, (struct text){0}, &waiting, 0, repo->arena, removed, err);
}
