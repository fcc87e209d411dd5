#include "acquire/cache.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acquire/vault.h"
#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

bool cache_open(const char *folder, const char *ending, struct cache *out, struct error *err)
{
    OWN(own_fd) int vault = -1;

    assert(folder[0] == '/');
    if (!file_make_folders(folder, 0700, err) || !vault_open(folder, &vault, err))
        return error_at(err, "cache");
    *out = (struct cache){folder, ending};
    return true;
}

char *cache_name(const char *ending, const struct cache_item *item, struct arena *arena)
{
    char hex[DIGEST_HEX_MAX + 1];
    size_t size = DIGEST_HEX_MAX + strlen(ending) + 1;
    char *name = arena_take(arena, size);

    assert(item->digest.kind == DIGEST_SHA256);
    if (name == NULL)
        return NULL;
    digest_hex(&item->digest, hex);
    (void)snprintf(name, size, "%s%s", hex, ending);
    return name;
}

/* True when the file in the vault is the item; what is wrong with it is told. */
static bool holds(int vault, const char *name, const struct cache_item *item, struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct digest digest;
    uint64_t size;

    if (!vault_open_file(vault, name, &fd, &size, err) || !vault_digest(fd, item->size, -1, &digest, err))
        return false;
    if (!digest_equal(&digest, &item->digest) && control_holds(CONTROL_CACHE_HASH))
        return error_set(err, ERROR_TRUST, "%s: does not have the SHA-256 of its name", name);
    (void)futimens(fd,
                   NULL); /* used now: cache_trim goes by it. A disk that is read-only keeps the old time */
    return true;
}

bool cache_find(const struct cache *cache, const struct cache_item *item, struct arena *arena,
                const char **out, struct error *err)
{
    OWN(own_fd) int vault = -1;
    char *name = cache_name(cache->ending, item, arena);
    char *path = name == NULL ? NULL : file_path(arena, cache->folder, name);

    if (path == NULL)
        return arena_full(arena, err);
    if (!vault_open(cache->folder, &vault, err))
        return false;
    if (holds(vault, name, item, err)) {
        *out = path;
        return true;
    }
    bool broken = err->kind == ERROR_TRUST || err->kind == ERROR_LIMIT || err->kind == ERROR_INPUT;
    if (!broken && err->kind != ERROR_ABSENT)
        return false;
    if (broken && unlinkat(vault, name, 0) != 0)
        return error_system(err, "%s", path);
    *err = (struct error){0}; /* that it is not here is no failure */
    *out = NULL;
    return true;
}

/* Reads the whole file once, into the copy. */
static bool copy_hashed(const char *from, const struct cache_item *item, int copy, struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct digest digest;
    struct stat found;

    if (!file_open(from, &fd, err))
        return false;
    if (fstat(fd, &found) != 0)
        return error_system(err, "%s", from);
    if ((uint64_t)found.st_size != item->size)
        return error_set(err, ERROR_TRUST, "%s: has %llu bytes, should have %llu", from,
                         (unsigned long long)found.st_size, (unsigned long long)item->size);
    if (!vault_digest(fd, item->size, copy, &digest, err))
        return error_at(err, "%s", from);
    return digest_equal(&digest, &item->digest) || !control_holds(CONTROL_CACHE_HASH) ||
           error_set(err, ERROR_TRUST, "%s: does not have the SHA-256 that it should have", from);
}

/* Copies the file at `from` to `name` in the vault while it is hashed. */
static bool copy_into(int vault, const char *name, const struct cache_item *item, const char *from,
                      struct error *err)
{
    char beside[DIGEST_HEX_MAX + 16];

    (void)snprintf(beside, sizeof(beside), "%s.new", name);
    (void)unlinkat(vault, beside, 0); /* of a copy that broke off */
    OWN(own_fd) int copy = openat(vault, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (copy < 0)
        return error_system(err, "%s", name);
    if (!copy_hashed(from, item, copy, err)) {
        (void)unlinkat(vault, beside, 0); /* the first failure is the one to report */
        return false;
    }
    return (close(fd_take(&copy)) == 0 && renameat(vault, beside, vault, name) == 0) ||
           error_system(err, "%s", name);
}

bool cache_take(const struct cache *cache, const struct cache_item *item, const char *from,
                struct arena *arena, const char **out, struct error *err)
{
    OWN(own_fd) int vault = -1;
    char *name = cache_name(cache->ending, item, arena);
    char *path = name == NULL ? NULL : file_path(arena, cache->folder, name);

    if (path == NULL)
        return arena_full(arena, err);
    if (!vault_open(cache->folder, &vault, err) || !copy_into(vault, name, item, from, err))
        return false;
    *out = path;
    return true;
}

bool cache_drop(const struct cache *cache, const struct cache_item *item, struct arena *arena,
                struct error *err)
{
    OWN(own_fd) int vault = -1;
    char *name = cache_name(cache->ending, item, arena);

    if (name == NULL)
        return arena_full(arena, err);
    return vault_open(cache->folder, &vault, err) &&
           (unlinkat(vault, name, 0) == 0 || errno == ENOENT || error_system(err, "%s", name));
}

bool cache_give(const struct cache *cache, const struct cache_item *item, const char *vault,
                struct arena *arena, const char **out, struct error *err)
{
    OWN(own_fd) int to = -1;
    char *name = cache_name(cache->ending, item, arena);
    char *from = name == NULL ? NULL : file_path(arena, cache->folder, name);
    char *path = name == NULL ? NULL : file_path(arena, vault, name);

    if (from == NULL || path == NULL)
        return arena_full(arena, err);
    if (!vault_open(vault, &to, err))
        return false;
    (void)unlinkat(to, name, 0); /* whatever it is: what is in the cache was hashed just now */
    if (linkat(AT_FDCWD, from, to, name, 0) != 0 && !copy_into(to, name, item, from, err))
        return false;
    *out = path;
    return true;
}

/* ---- limits ---- */

struct kept {
    const char *name;
    uint64_t size;
    int64_t used_ns; /* 0: a copy that broke off */
};

/* Files that may go, oldest first; total counts those that must stay too. */
struct content {
    struct kept *files;
    size_t count;
    uint64_t total;
};

static int older_first(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    return x->used_ns < y->used_ns ? -1 : x->used_ns > y->used_ns;
}

static bool is_wanted(struct cache_keep keep, const char *name)
{
    char hex[DIGEST_HEX_MAX + 1];

    for (size_t i = 0; i < keep.count; i++) {
        digest_hex(&keep.items[i].digest, hex);
        if (strncmp(name, hex, strlen(hex)) == 0)
            return true;
    }
    return false;
}

static void add_file(int vault, struct text name, struct text ending, struct cache_keep keep,
                     struct content *content)
{
    struct stat found;

    if (fstatat(vault, name.at, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return; /* gone meanwhile */
    content->total += (uint64_t)found.st_size;
    if (is_wanted(keep, name.at))
        return;
    bool whole = text_ends(name, ending);
    int64_t used_ns = (int64_t)found.st_mtim.tv_sec * 1000000000 + found.st_mtim.tv_nsec;
    content->files[content->count++] = (struct kept){name.at, (uint64_t)found.st_size, whole ? used_ns : 0};
}

bool cache_trim(const struct cache *cache, uint64_t size_max, struct cache_keep keep, struct arena *arena,
                struct error *err)
{
    OWN(own_fd) int vault = -1;
    struct file_names names;
    struct content content = {0};

    if (!vault_open(cache->folder, &vault, err) ||
        !file_list(cache->folder, LIMIT_CACHE_FILES, arena, &names, err))
        return false;
    content.files = ARENA_ARRAY(arena, struct kept, names.count);
    if (content.files == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < names.count; i++)
        add_file(vault, names.names[i], text_of(cache->ending), keep, &content);
    if (content.count > 0)
        qsort(content.files, content.count, sizeof(*content.files), older_first);
    for (const struct kept *file = content.files, *end = file + content.count;
         file < end && (content.total > size_max || file->used_ns == 0); file++) {
        if (unlinkat(vault, file->name, 0) != 0 && errno != ENOENT)
            return error_system(err, "%s/%s", cache->folder, file->name);
        content.total -= file->size;
    }
    return true;
}
