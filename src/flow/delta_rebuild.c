#include "flow/delta_rebuild.h"

#include "base/file.h"
#include "flow/rebuild.h"

static struct rebuild_request request_of(const struct delta_rebuild *rebuild, const struct delta_job *job)
{
    const struct delta_base *base = &job->offer->base;

    return (struct rebuild_request){
        .program = rebuild->program,
        .root = rebuild->root,
        .package = base->package,
        .arch = base->arch,
        .delta = job->delta,
        .supplements = job->supplements,
        .supplement_count = job->supplement_count,
        .output = job->made,
        .time_ms = job->time_ms,
        .yields = true,
        .progress = rebuild->progress,
        .self = rebuild->self,
    };
}

/* Its index said what this delta makes; one that makes something else is nobody's here. */
static bool view(const struct rebuild_request *request, const struct delta_job *job, struct rebuild_view *out,
                 struct arena *arena, struct error *err)
{
    if (!rebuild_look(request, arena, out, err))
        return false;
    return (digest_equal(&out->digest, &job->change->digest) && out->size == job->change->size) ||
           error_set(err, ERROR_TRUST, "it makes %.*s %.*s, and not the file that its archive signed",
                     TEXT_ARG(out->made_name), TEXT_ARG(out->made_version));
}

static bool look(void *self, const struct delta_job *job, bool missing[BASE_CLASS_COUNT], struct arena *arena,
                 struct error *err)
{
    const struct rebuild_request request = request_of(self, job);
    struct rebuild_view got;

    if (!view(&request, job, &got, arena, err))
        return false;
    for (int i = BASE_UNKNOWN + 1; i < BASE_CLASS_COUNT; i++)
        missing[i] = got.missing[i] > 0;
    return true;
}

/* Whether it was asked to stop, for which the spool is kept. */
struct watch {
    const struct delta_rebuild *rebuild;
    bool stopped;
};

static bool watch_progress(void *self, uint64_t done, uint64_t all)
{
    struct watch *watch = self;
    const struct delta_rebuild *rebuild = watch->rebuild;

    watch->stopped = rebuild->progress != NULL && !rebuild->progress(rebuild->self, done, all);
    return !watch->stopped;
}

static bool make(void *self, const struct delta_job *job, struct arena *arena, struct error *err)
{
    struct rebuild_request request = request_of(self, job);
    struct watch watch = {self, false};
    struct text spool = text_format(arena, "%s.spool", job->made);
    struct rebuild_view got;
    struct error ignored;

    if (spool.at == NULL)
        return arena_full(arena, err);
    request.spool = spool.at;
    request.progress = watch_progress;
    request.self = &watch;
    request.expected = &job->change->digest;
    /* What a run left that was ended before it could be taken over: it is made again, from its spool. */
    if (!file_remove(job->made, err) || !view(&request, job, &got, arena, err))
        return false;
    bool done = rebuild_run(&request, &got, arena, err);
    /* What failed is fetched whole now, and may need the room: the disk being full is one of the reasons. */
    if (!watch.stopped)
        (void)!file_remove(spool.at, &ignored);
    return done;
}

struct delta_door delta_rebuild_door(struct delta_rebuild *rebuild)
{
    return (struct delta_door){rebuild, look, make};
}
