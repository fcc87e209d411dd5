#include "delta/base_file.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/tree.h"

#define PIECE (256 * KIB)

struct base_files {
    const struct base_part *parts;
    const char **paths; /* of each part; NULL: its bytes are `list` */
    struct bytes list;
};

/* Reads the file in pieces, each added to the digester and to *out, where there are these. */
static bool read_pieces(const char *path, struct digester *digester, struct writer *out, struct error *err)
{
    OWN(own_fd) int fd = -1;
    OWN(own_memory) uint8_t *piece = malloc(PIECE);

    if (piece == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!file_open(path, &fd, err))
        return false;
    for (;;) {
        ssize_t n = read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(err, "%s", path);
        if (n == 0)
            return true;
        struct bytes got = {piece, (size_t)n};
        if (digester != NULL && !digester_add(digester, got, err))
            return false;
        if (out == NULL)
            continue;
        writer_put(out, got);
        if (!writer_ok(out))
            return error_set(err, ERROR_LIMIT, "%s: more than %zu bytes", path, out->limit);
    }
}

static bool digest_file(const char *path, struct writer *out, struct digest *md5, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};

    if (!digester_open(DIGEST_MD5, &digester, err) || !read_pieces(path, &digester, out, err))
        return false;
    digester_close(&digester, md5);
    return true;
}

static bool read_part(void *self, size_t index, struct writer *out, struct error *err)
{
    const struct base_files *files = self;
    struct digest md5;

    if (files->paths[index] == NULL) {
        writer_put(out, files->list);
        return writer_ok(out) ||
               error_set(err, ERROR_LIMIT, "the list of files: more than %zu bytes", out->limit);
    }
    if (!digest_file(files->paths[index], out, &md5, err))
        return false;
    return digest_equal(&md5, &files->parts[index].md5) ||
           error_set(err, ERROR_CONFLICT, "%s: has been changed meanwhile", files->paths[index]);
}

static bool read_unchecked(void *self, size_t index, struct writer *out, struct error *err)
{
    const struct base_files *files = self;

    return files->paths[index] == NULL ? read_part(self, index, out, err)
                                       : read_pieces(files->paths[index], NULL, out, err);
}

static bool size_part(void *self, size_t index, uint64_t *out, struct error *err)
{
    const struct base_files *files = self;
    struct file_identity identity;

    *out = files->list.size;
    if (files->paths[index] == NULL)
        return true;
    if (!file_identify(files->paths[index], &identity, err))
        return false;
    *out = identity.size;
    return true;
}

static bool take_parts(struct arena *arena, size_t count, struct base_part **parts, struct base_files **files,
                       struct error *err)
{
    *parts = ARENA_ARRAY(arena, struct base_part, count);
    *files = ARENA_NEW(arena, struct base_files);
    if (*parts == NULL || *files == NULL)
        return arena_full(arena, err);
    (*files)->parts = *parts;
    (*files)->paths = ARENA_ARRAY(arena, const char *, count);
    return (*files)->paths != NULL || arena_full(arena, err);
}

bool base_file_open(const char *path, struct arena *arena, struct base *out, struct error *err)
{
    struct base base = {.kind = BASE_KIND_FILE,
                        .part_count = 1,
                        .read = read_part,
                        .read_unchecked = read_unchecked,
                        .size = size_part,
                        .arena = arena};
    struct base_part *parts;
    struct base_files *files;

    if (!take_parts(arena, 1, &parts, &files, err))
        return false;
    parts[0].class = BASE_FILE;
    files->paths[0] = text_string(arena, text_of(path));
    if (files->paths[0] == NULL)
        return arena_full(arena, err);
    if (!digest_file(path, NULL, &parts[0].md5, err))
        return false;
    base.parts = parts;
    base.self = files;
    *out = base;
    return true;
}

static bool list_part(const struct tree *tree, struct arena *arena, struct base_files *files,
                      struct base_part *part, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_DELTA_STRUCTURE);
    struct bytes raw;

    tree_write(tree, &w);
    if (!writer_done(&w, &raw, err))
        return false;
    struct text copy = text_copy(arena, (struct text){(const char *)raw.at, raw.size});
    if (copy.at == NULL)
        return arena_full(arena, err);
    files->list = bytes_of_text(copy);
    part->class = BASE_LIST;
    return digest_bytes(DIGEST_MD5, files->list, &part->md5, err);
}

bool base_folder_open(const char *path, struct arena *arena, struct base *out, struct error *err)
{
    struct base base = {.kind = BASE_KIND_FOLDER,
                        .part_count = 1,
                        .read = read_part,
                        .read_unchecked = read_unchecked,
                        .size = size_part,
                        .arena = arena};
    struct base_part *parts;
    struct base_files *files;
    struct tree tree;

    if (!tree_walk(path, arena, &tree, err) || !take_parts(arena, 1 + tree.count, &parts, &files, err) ||
        !list_part(&tree, arena, files, &parts[0], err))
        return false;
    for (size_t i = 0; i < tree.count; i++) {
        const struct tree_entry *entry = &tree.entries[i];
        if (entry->kind != TREE_FILE)
            continue;
        struct base_part *part = &parts[base.part_count];
        *part = (struct base_part){.name = entry->path, .class = BASE_FILE};
        files->paths[base.part_count] = file_path(arena, path, entry->path.at + 1);
        if (files->paths[base.part_count] == NULL)
            return arena_full(arena, err);
        if (!digest_file(files->paths[base.part_count], NULL, &part->md5, err))
            return false;
        base.part_count++;
    }
    base.parts = parts;
    base.self = files;
    *out = base;
    return true;
}
