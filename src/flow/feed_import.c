#include "flow/feed_update.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/feed_change.h"
#include "flow/feed_plan.h"
#include "flow/feed_read.h"
#include "wire/fetch.h"

#define PACKED "import" /* a folder's files in one, in the spool */

/* "file:///home/me/kev.json"; what is neither file nor folder is refused here, with its name. */
static bool url_of(const char *path, struct arena *arena, struct text *out, struct error *err)
{
    OWN(own_memory) char *absolute = realpath(path, NULL);
    OWN(own_fd) int fd = -1;

    if (absolute == NULL)
        return error_system(err, "%s", path);
    if (!file_is_folder(path) && !file_open(path, &fd, err))
        return false;
    *out = text_format(arena, "file://%s", absolute);
    return out->at != NULL || arena_full(arena, err);
}

static bool import_path(struct feed_change *change, const struct feed_import_request *request,
                        const char *path, struct feed_result *result, struct error *err)
{
    const struct manifest_document *document = NULL;
    struct feed_arrival arrival = {
        .feed = request->feed, .name = text_of(path), .path = path, .take_smaller = request->take_smaller};

    if (!url_of(path, change->arena, &arrival.url, err))
        return false;
    if (arrival.feed != NULL)
        arrival.key = feed_plan_key(arrival.feed, arrival.name, change->arena);
    if (file_is_folder(path)) {
        const char *spool;
        if (!state_make_folder(request->state, change->arena, "spool", &spool, err))
            return false;
        arrival.members = true;
        arrival.path = file_path(change->arena, spool, PACKED);
        if (arrival.path == NULL)
            return arena_full(change->arena, err);
        if (!feed_read_pack(path, arrival.path, err))
            return error_at(err, "%s", path);
    }
    if (!feed_change_take(change, &arrival, &document, err))
        return error_at(err, "%s", path);
    *result = (struct feed_result){.feed = document->feed,
                                   .key = document->key,
                                   .url = text_of(path),
                                   .local = true,
                                   .outcome = FEED_UPDATED,
                                   .records = document->records,
                                   .size = document->size};
    return true;
}

static bool import_all(struct feed_change *change, const struct feed_import_request *request,
                       struct feed_results *out, struct error *err)
{
    out->results = ARENA_ARRAY(change->arena, struct feed_result, request->path_count);
    if (out->results == NULL)
        return arena_full(change->arena, err);
    for (; out->count < request->path_count; out->count++)
        if (!import_path(change, request, request->paths[out->count], &out->results[out->count], err))
            return false;
    return true;
}

static bool all_releases(const struct feed_change *change, const struct feed_import_request *request,
                         struct text **out, size_t *count, struct error *err)
{
    const struct manifest *former = &change->former;
    struct text *all =
        ARENA_ARRAY(change->arena, struct text, former->release_count + request->release_count);
    size_t got = 0;

    if (all == NULL)
        return arena_full(change->arena, err);
    for (size_t i = 0; i < former->release_count; i++)
        all[got++] = former->releases[i];
    for (size_t i = 0; i < request->release_count; i++) {
        bool known = false;
        for (size_t k = 0; k < got; k++)
            known = known || text_equal(all[k], request->releases[i]);
        if (!known)
            all[got++] = request->releases[i];
    }
    *out = all;
    *count = got;
    return true;
}

bool feed_import(const struct feed_import_request *request, struct arena *arena, struct feed_results *out,
                 struct error *err)
{
    OWN(feed_change_end) struct feed_change change = {.change.lock = -1};
    struct feed_results results = {0};
    struct text *releases = NULL;
    size_t release_count = 0;

    if (!feed_change_begin(request->state, request->parse_program, request->now_us, arena, &change, err))
        return false;
    bool taken = import_all(&change, request, &results, err);
    struct error ignored;
    const char *spool = state_path(request->state, arena, "spool");
    if (spool != NULL)
        (void)!fetch_drop(spool, PACKED, &ignored); /* the next import overwrites it */
    if (!taken || !feed_change_keep_rest(&change, NULL, NULL, err) ||
        !all_releases(&change, request, &releases, &release_count, err) ||
        !feed_change_commit(&change, releases, release_count, err))
        return false;
    *out = results;
    return true;
}
