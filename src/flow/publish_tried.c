#include "flow/publish_tried.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#define HEX_SIZE 64
#define KEY_SIZE (HEX_SIZE + 1 + HEX_SIZE)

static int compare_keys(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static void key_of(const struct digest *old, const struct digest *new, char out[2 * DIGEST_HEX_MAX + 2])
{
    char one[DIGEST_HEX_MAX + 1], other[DIGEST_HEX_MAX + 1];

    digest_hex(old, one);
    digest_hex(new, other);
    (void)snprintf(out, 2 * DIGEST_HEX_MAX + 2, "%s %s", one, other);
}

bool publish_tried_open(const char *path, struct arena *arena, struct publish_tried *out, struct error *err)
{
    struct publish_tried tried = {.path = path};
    struct bytes raw = {0};
    struct text line;

    if (!file_read(path, LIMIT_DELTA_TRIED, arena, &raw, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0}; /* nothing was tried in vain yet */
    }
    struct text rest = {(const char *)raw.at, raw.size};
    tried.keys = ARENA_ARRAY(arena, struct text, raw.size / KEY_SIZE + 1);
    if (tried.keys == NULL)
        return arena_full(arena, err);
    while (text_cut(&rest, '\n', &line))
        if (line.size > KEY_SIZE)
            tried.keys[tried.count++] = text_part(line, 0, KEY_SIZE);
    if (tried.count > 1)
        qsort(tried.keys, tried.count, sizeof(*tried.keys), compare_keys);
    *out = tried;
    return true;
}

bool publish_tried_has(const struct publish_tried *tried, const struct digest *old, const struct digest *new)
{
    char key[2 * DIGEST_HEX_MAX + 2];

    key_of(old, new, key);
    const struct text wanted = text_of(key);
    return tried->count > 0 &&
           bsearch(&wanted, tried->keys, tried->count, sizeof(*tried->keys), compare_keys) != NULL;
}

bool publish_tried_add(const struct publish_tried *tried, const struct digest *old, const struct digest *new,
                       const char *why, struct error *err)
{
    char key[2 * DIGEST_HEX_MAX + 2], line[2 * DIGEST_HEX_MAX + 64];
    OWN(own_fd) int fd = open(tried->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    key_of(old, new, key);
    int size = snprintf(line, sizeof(line), "%s %s\n", key, why);
    return (fd >= 0 && write(fd, line, (size_t)size) == size) || error_system(err, "%s", tried->path);
}
