#include "flow/index_files.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/feed_build.h"
#include "flow/feed_read.h"
#include "identify/feeds.h"

/* A folder is handed to suture-parse as one file, which lies in a folder of its own for that long. */
static bool read_folder(const struct feed_read_request *request, struct arena *arena,
                        struct feed_document *out, struct error *err)
{
    const char *temporary = os_environment("TMPDIR");
    struct text made = text_format(arena, "%s/suture-XXXXXX", temporary == NULL ? "/tmp" : temporary);
    char *folder = text_string(arena, made);
    struct feed_read_request packed = *request;
    struct error ignored;

    if (folder == NULL || made.at == NULL)
        return arena_full(arena, err);
    if (mkdtemp(folder) == NULL)
        return error_system(err, "%s", folder);
    packed.path = file_path(arena, folder, "members");
    packed.members = true;
    bool read = packed.path == NULL
                    ? arena_full(arena, err)
                    : feed_read_pack(request->path, packed.path, err) && feed_read(&packed, arena, out, err);
    if (!file_remove_tree(folder, &ignored) && read)
        read = error_set(err, ignored.kind, "%s", ignored.text);
    return read;
}

static bool read_path(const struct index_files_request *request, const char *path, struct arena *arena,
                      struct feed_part *out, struct error *err)
{
    struct feed_read_request read = {
        .program = request->parse_program, .feed = request->feed, .path = path, .name = text_of(path)};
    struct feed_document document;

    if (!file_exists(path))
        return error_set(err, ERROR_ABSENT, "is not there");
    if (!(file_is_folder(path) ? read_folder : feed_read)(&read, arena, &document, err))
        return false;
    *out = (struct feed_part){document.feed, document.facts, document.statements};
    return true;
}

static size_t place_of(const struct feed *feed)
{
    size_t place = 0;

    while (feeds[place] != NULL && feeds[place] != feed)
        place++;
    return place;
}

/* Documents of one feed stand together; else in the order in which they were given. */
static void sort_parts(struct feed_part *parts, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct feed_part moved = parts[i];
        size_t to = i;
        for (; to > 0 && place_of(parts[to - 1].feed) > place_of(moved.feed); to--)
            parts[to] = parts[to - 1];
        parts[to] = moved;
    }
}

bool index_files_build(const struct index_files_request *request, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct feed_part *parts = ARENA_ARRAY(&arena, struct feed_part, request->path_count);
    bool found = false;

    if (parts == NULL)
        return arena_full(&arena, err);
    for (size_t i = 0; i < request->path_count; i++)
        if (!read_path(request, request->paths[i], &arena, &parts[i], err))
            return error_at(err, "%s", request->paths[i]);
    sort_parts(parts, request->path_count);
    if (!feed_build_index(parts, request->path_count, request->release, out, &found, err))
        return false;
    return found || error_set(err, ERROR_ABSENT, "none of these files says anything of %s", request->release);
}
