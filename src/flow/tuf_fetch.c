#include "flow/tuf_fetch.h"

#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/fetch.h"

#define SPOOL_METADATA "metadata"
#define SPOOL_TARGET   "target"

static bool tell(void *self, size_t index, uint64_t have)
{
    const struct tuf_fetch *fetch = self;

    (void)index;
    return fetch->progress == NULL || fetch->progress(fetch->self, have);
}

/* What the caller takes for an attack must have been one: an answer that came. */
static bool judge(const struct fetch_done *done, struct error *err)
{
    if (done->failed.kind == ERROR_NONE)
        return true;
    *err = done->failed;
    if (done->result.status == 403) /* how stores of objects say that there is none */
        err->kind = ERROR_ABSENT;
    if (err->kind == ERROR_LIMIT && done->result.status == 0)
        err->kind = ERROR_SYSTEM;
    return false;
}

static bool run(struct tuf_fetch *fetch, const char *name, struct text url, struct text file,
                const struct fetch_request *bounds, struct arena *arena, const char **path, struct error *err)
{
    struct fetch_request request = *bounds;
    struct fetch_done done = {0};
    struct fetch_batch batch = {.requests = &request, .count = 1, .self = fetch};
    bool slash = text_ends(url, TEXT("/"));

    request.program = fetch->program;
    request.spool = fetch->spool;
    request.name = name;
    request.ca_file = fetch->ca_file;
    request.url = text_format(arena, "%.*s%s%.*s", TEXT_ARG(url), slash ? "" : "/", TEXT_ARG(file));
    batch.progress = fetch->progress == NULL ? NULL : tell;
    if (request.url.at == NULL)
        return arena_full(arena, err);
    if (!fetch_run_batch(&batch, arena, &done, err) || !judge(&done, err))
        return false;
    *path = done.result.path;
    return true;
}

static bool bring_metadata(void *self, struct text name, uint64_t limit, struct arena *arena,
                           struct bytes *out, struct error *err)
{
    struct tuf_fetch *fetch = self;
    const struct fetch_request bounds = {
        .size_limit = limit, .time_ms = LIMIT_TUF_TIME_MS, .stall_ms = LIMIT_TUF_STALL_MS};
    const char *path = NULL;
    struct error ignored;

    if (!run(fetch, SPOOL_METADATA, fetch->metadata_url, name, &bounds, arena, &path, err))
        return false;
    bool done = file_read(path, (size_t)limit, arena, out, err);
    (void)!fetch_drop(fetch->spool, SPOOL_METADATA, &ignored); /* the next fetch replaces it */
    return done;
}

/* Where the spool is on another file system. */
static bool copy(const char *from, const char *to, uint64_t limit, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    return file_map(from, (size_t)limit, &map, err) && file_replace_cache(to, map.bytes, 0644, err);
}

static bool bring_target(void *self, struct text name, uint64_t limit, const char *path, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct tuf_fetch *fetch = self;
    const struct fetch_request bounds = {.size_limit = limit};
    const char *spooled = NULL;
    struct error ignored;

    if (limit > LIMIT_FETCH_SIZE)
        return error_set(err, ERROR_INPUT, "%.*s: of %llu bytes, more than are fetched", TEXT_ARG(name),
                         (unsigned long long)limit);
    if (!run(fetch, SPOOL_TARGET, fetch->targets_url, name, &bounds, &arena, &spooled, err))
        return false;
    const bool ours = !text_starts(fetch->targets_url, TEXT("file:"));
    bool done = ours && rename(spooled, path) == 0;
    if (!done)
        done = (ours && errno != EXDEV) ? error_system(err, "%s", path) : copy(spooled, path, limit, err);
    if (ours)
        (void)!fetch_drop(fetch->spool, SPOOL_TARGET, &ignored);
    return done;
}

struct tuf_bringer tuf_fetch_bringer(struct tuf_fetch *fetch)
{
    return (struct tuf_bringer){.metadata = bring_metadata, .target = bring_target, .self = fetch};
}
