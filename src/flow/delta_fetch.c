#include "flow/delta_fetch.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/time.h"

#define PATIENCE_MS    60000
#define PATIENCE_TIMES 20 /* what rebuilding takes of a processor that has nothing else to do */
#define RATE_BYTES_MIN 1000000
#define RATE_US_MIN    100000
#define FOLDERS_MODE   0700

struct work {
    const struct delta_fetch_request *request;
    struct arena *arena;
    struct cache files; /* of deltas and supplements */
    const char *bad;    /* folder */
    struct delta_job *jobs;
    size_t job_count;
    struct text *notes;
    struct delta_report report;
    bool busy; /* the machine has no time for rebuilding */
};

static void note(struct work *work, const struct plan_change *change, struct text why)
{
    work->notes[work->report.note_count++] =
        text_format(work->arena, "delta for %.*s %.*s: fetched whole", TEXT_ARG(change->name), TEXT_ARG(why));
}

/* Of what nobody else wants of the machine; at most what suture-rebuild is given in any case. */
static uint32_t time_for(const struct work *work, const struct delta_offer *offer)
{
    const struct choice_package package = {.packed = offer->packed};
    uint32_t patience_ms = work->request->patience_ms > 0 ? work->request->patience_ms : PATIENCE_MS;
    uint64_t ms = PATIENCE_TIMES * choice_cpu_ms(&package) + patience_ms;

    return ms < LIMIT_REBUILD_TIME_MS ? (uint32_t)ms : LIMIT_REBUILD_TIME_MS;
}

static struct text told(struct work *work, const char *what, const struct error *why)
{
    return text_format(work->arena, "%s (%s)", what, why->text);
}

/* ---- the rate ---- */

static const char *rate_path(const char *state, struct arena *arena)
{
    return file_path(arena, state, "deltas/rate");
}

uint64_t delta_rate_read(const char *state, struct arena *arena)
{
    const char *path = rate_path(state, arena);
    struct bytes raw;
    uint64_t rate;
    struct error ignored;

    if (path == NULL || !file_read(path, 32, arena, &raw, &ignored) ||
        !text_to_u64((struct text){(const char *)raw.at, raw.size}, &rate, &ignored))
        return 0;
    return rate;
}

void delta_rate_note(const char *state, uint64_t bytes, int64_t us, struct arena *arena)
{
    const char *path = rate_path(state, arena);
    const char *folder = file_path(arena, state, "deltas");
    struct error ignored;

    if (path == NULL || folder == NULL || bytes < RATE_BYTES_MIN || us < RATE_US_MIN)
        return;
    struct text rate = text_format(arena, "%llu", (unsigned long long)(bytes * 1000000 / (uint64_t)us));
    if (rate.at != NULL && file_make_folders(folder, FOLDERS_MODE, &ignored))
        (void)!file_replace_cache(path, bytes_of_text(rate), 0600, &ignored);
}

/* ---- choosing ---- */

static const char *bad_path(struct work *work, const struct delta_file *delta)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&delta->digest, hex);
    return file_path(work->arena, work->bad, hex);
}

static bool was_bad(struct work *work, const struct delta_file *delta)
{
    const char *path = bad_path(work, delta);

    return path != NULL && file_exists(path);
}

static struct choice_machine machine_of(struct work *work)
{
    const struct delta_fetch_request *request = work->request;
    struct choice_machine machine = {
        .use = request->settings->use,
        .rate = delta_rate_read(request->state, work->arena),
        .metered = request->settings->metered,
        .battery = request->battery,
        .memory = os_memory_size() / 2, /* what suture-rebuild is given */
    };

    if (request->rate_max > 0 && (machine.rate == 0 || machine.rate > request->rate_max))
        machine.rate = request->rate_max;
    return machine;
}

static struct mirror_request mirror_of(const struct work *work, const struct mirror_want *wants, size_t count)
{
    return (struct mirror_request){
        .wants = wants,
        .want_count = count,
        .cache = &work->files,
        .spool = work->request->spool,
        .program = work->request->fetcher,
        .ca_file = work->request->ca_file,
        .rate_max = work->request->rate_max,
        .partly = true,
    };
}

/* A file of the repository. */
static bool want_file(const struct work *work, struct text name, const struct delta_file *file,
                      struct text path, struct mirror_want *out, struct error *err)
{
    struct text *url = ARENA_NEW(work->arena, struct text);

    if (url == NULL || path.at == NULL)
        return arena_full(work->arena, err);
    *url = mirror_url(work->request->settings->source, path, work->arena);
    *out =
        (struct mirror_want){.name = name, .item = {file->digest, file->size}, .urls = url, .url_count = 1};
    return url->at != NULL || arena_full(work->arena, err);
}

/* One file can make one package only; who offers it for two is wrong about one of them. */
static bool is_wanted(const struct mirror_want *wants, size_t count, const struct delta_file *file)
{
    for (size_t i = 0; i < count; i++)
        if (digest_equal(&wants[i].item.digest, &file->digest))
            return true;
    return false;
}

/* Every offer that is no obvious loss, as a want; how much of each is here decides with the rest. */
static bool list_offers(struct work *work, struct mirror_want *wants, size_t *changes, size_t *count,
                        struct error *err)
{
    const struct delta_fetch_request *request = work->request;

    for (size_t i = 0; i < request->plan->change_count; i++) {
        const struct plan_change *change = &request->plan->changes[i];
        const struct delta_offer *offer = &request->offers->at[i];
        if (!offer->found || request->here[i] >= change->size || was_bad(work, &offer->base.delta) ||
            is_wanted(wants, *count, &offer->base.delta))
            continue;
        changes[*count] = i;
        if (!want_file(work, change->name, &offer->base.delta,
                       delta_file_path(&offer->base.delta.digest, work->arena), &wants[(*count)++], err))
            return false;
    }
    return true;
}

/* Keeps of the wants those that are cheaper than the whole package. */
static bool choose(struct work *work, struct mirror_want *wants, size_t *changes, size_t *count,
                   struct error *err)
{
    const struct delta_fetch_request *request = work->request;
    const struct choice_machine machine = machine_of(work);
    const struct mirror_request mirror = mirror_of(work, wants, *count);
    uint64_t *here = ARENA_ARRAY(work->arena, uint64_t, *count);
    size_t chosen = 0;

    if (here == NULL)
        return arena_full(work->arena, err);
    if (!mirror_look(&mirror, work->arena, here, err))
        return false;
    for (size_t i = 0; i < *count; i++) {
        const struct plan_change *change = &request->plan->changes[changes[i]];
        const struct delta_offer *offer = &request->offers->at[changes[i]];
        const struct choice_package package = {
            .whole_size = change->size,
            .whole_here = request->here[changes[i]],
            .delta_size = offer->base.delta.size,
            .delta_here = here[i],
            .packed = offer->packed,
            .memory = offer->base.memory,
        };
        enum choice_reason reason;
        if (choice_make(&machine, &package, &reason) != CHOICE_DELTA)
            continue;
        changes[chosen] = changes[i];
        wants[chosen++] = wants[i];
    }
    *count = chosen;
    return true;
}

/* ---- fetching ---- */

/* What was fetched stays in the cache of deltas; *result has paths and failures. */
static bool fetch(struct work *work, const struct mirror_want *wants, size_t count,
                  struct mirror_result *result, struct error *err)
{
    const struct delta_fetch_request *request = work->request;
    struct mirror_request mirror = mirror_of(work, wants, count);
    int64_t begun_us = time_now_us();

    mirror.progress = request->progress;
    mirror.self = request->self;
    if (!mirror_fetch(&mirror, work->arena, result, err))
        return false;
    work->report.fetched_bytes += result->fetched_bytes;
    delta_rate_note(request->state, result->fetched_bytes, time_now_us() - begun_us, work->arena);
    return true;
}

static bool make_jobs(struct work *work, const struct mirror_want *wants, const size_t *changes, size_t count,
                      struct error *err)
{
    const struct delta_fetch_request *request = work->request;
    struct mirror_result result;

    work->jobs = ARENA_ARRAY(work->arena, struct delta_job, count);
    if (work->jobs == NULL)
        return arena_full(work->arena, err);
    if (!fetch(work, wants, count, &result, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct plan_change *change = &request->plan->changes[changes[i]];
        char hex[DIGEST_HEX_MAX + 1];
        if (result.paths[i] == NULL) {
            note(work, change, told(work, "could not be fetched", &result.failures[i]));
            continue;
        }
        digest_hex(&change->digest, hex);
        struct text made = text_format(work->arena, "%s/deltas/made/%s.deb", request->state, hex);
        if (made.at == NULL)
            return arena_full(work->arena, err);
        const struct delta_offer *offer = &request->offers->at[changes[i]];
        work->jobs[work->job_count++] = (struct delta_job){.change = change,
                                                           .offer = offer,
                                                           .delta = result.paths[i],
                                                           .made = made.at,
                                                           .time_ms = time_for(work, offer)};
    }
    return true;
}

/* ---- rebuilding ---- */

static const struct delta_supplement *find_supplement(const struct delta_base *base, enum base_class class)
{
    for (size_t i = 0; i < base->supplement_count; i++)
        if (base->supplements[i].class == base_class_letters[class])
            return &base->supplements[i];
    return NULL;
}

/* Old files that are missing here, or are not as they were. False with *problem: they cannot be had. */
static bool supply(struct work *work, struct delta_job *job, struct error *problem)
{
    const struct delta_base *base = &job->offer->base;
    struct mirror_want wants[BASE_CLASS_COUNT];
    bool missing[BASE_CLASS_COUNT] = {false};
    struct mirror_result result;
    size_t count = 0;

    int64_t begun_us = time_now_us();
    if (!work->request->door->look(work->request->door->self, job, missing, work->arena, problem)) {
        work->busy = time_now_us() - begun_us >= (int64_t)job->time_ms * 1000;
        return false;
    }
    for (int i = BASE_UNKNOWN + 1; i < BASE_CLASS_COUNT; i++) {
        const struct delta_supplement *supplement = find_supplement(base, (enum base_class)i);
        if (!missing[i])
            continue;
        if (supplement == NULL)
            return error_set(
                problem, ERROR_ABSENT,
                "files of what is installed are missing or changed, and its source has no others");
        if (!want_file(work, job->change->name, &supplement->file,
                       delta_supplement_path(&supplement->file.digest, work->arena), &wants[count++],
                       problem))
            return false;
    }
    if (count == 0)
        return true;
    if (!fetch(work, wants, count, &result, problem))
        return false;
    for (size_t i = 0; i < count; i++)
        if (result.paths[i] == NULL)
            return error_set(problem, ERROR_ABSENT,
                             "files of what is installed are missing or changed, and: %s",
                             result.failures[i].text);
    job->supplements = result.paths;
    job->supplement_count = count;
    return true;
}

static void remember_bad(struct work *work, const struct delta_job *job)
{
    const struct delta_file *delta = &job->offer->base.delta;
    const char *path = bad_path(work, delta);
    struct error ignored;

    if (path != NULL)
        (void)!file_replace_cache(path, (struct bytes){0}, 0600, &ignored);
    (void)!cache_drop(&work->files, &(struct cache_item){delta->digest, delta->size}, work->arena, &ignored);
}

static void drop_parts(struct work *work, const struct delta_job *job)
{
    const struct delta_base *base = &job->offer->base;
    struct error ignored;

    (void)!cache_drop(&work->files, &(struct cache_item){base->delta.digest, base->delta.size}, work->arena,
                      &ignored);
    for (size_t i = 0; i < base->supplement_count && job->supplement_count > 0; i++)
        (void)!cache_drop(
            &work->files,
            &(struct cache_item){base->supplements[i].file.digest, base->supplements[i].file.size},
            work->arena, &ignored);
    (void)!file_remove(job->made, &ignored);
}

/* Time is what the clock says, for a process that gets none of the processor tells nothing. */
static bool make_in_time(struct work *work, struct delta_job *job, struct error *why)
{
    const struct delta_door *door = work->request->door;
    int64_t begun_us = time_now_us();

    bool done = door->make(door->self, job, work->arena, why);
    work->busy = !done && time_now_us() - begun_us >= (int64_t)job->time_ms * 1000;
    return done;
}

/* The one proof: that it has the vendor's SHA-256. Everything else that goes wrong is told and left. */
static void make_one(struct work *work, struct delta_job *job)
{
    const struct cache_item item = {job->change->digest, job->change->size};
    const char *path;
    struct error why = {0};

    if (!work->busy && supply(work, job, &why) && make_in_time(work, job, &why) &&
        cache_take(work->request->packages, &item, job->made, work->arena, &path, &why)) {
        work->report.made++;
        work->report.made_bytes += item.size;
        drop_parts(work, job);
        return;
    }
    if (work->busy) {
        note(work, job->change, TEXT("cannot be used now: the machine has no time to rebuild it"));
        return;
    }
    if (why.kind != ERROR_TRUST && why.kind != ERROR_INPUT) {
        note(work, job->change, told(work, "cannot be used here", &why));
        return;
    }
    note(work, job->change, told(work, "did not give the vendor's package", &why));
    remember_bad(work, job);
    (void)!file_remove(job->made, &why);
}

/* What a run left that broke off is used again by this one, or by none: it may be as large as what it was to become. */
static bool is_of_job(const struct work *work, struct text name)
{
    for (size_t i = 0; i < work->job_count; i++) {
        char hex[DIGEST_HEX_MAX + 1];
        digest_hex(&work->jobs[i].change->digest, hex);
        if (text_starts(name, text_of(hex)))
            return true;
    }
    return false;
}

static bool drop_left_over(struct work *work, struct error *err)
{
    const char *folder = file_path(work->arena, work->request->state, "deltas/made");
    struct file_names names;

    if (folder == NULL)
        return arena_full(work->arena, err);
    if (!file_list(folder, LIMIT_CACHE_FILES, work->arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_path(work->arena, folder, names.names[i].at);
        if (path == NULL)
            return arena_full(work->arena, err);
        if (!is_of_job(work, names.names[i]) && !file_remove(path, err))
            return false;
    }
    return true;
}

static bool make_all(struct work *work, struct error *err)
{
    const struct delta_fetch_request *request = work->request;
    struct mirror_progress progress = {.count = work->job_count};

    for (size_t i = 0; i < work->job_count; i++)
        progress.total += work->jobs[i].change->size;
    for (size_t i = 0; i < work->job_count; i++) {
        progress.name = work->jobs[i].change->name;
        progress.rebuilding = true;
        if (request->progress != NULL && !request->progress(request->self, &progress))
            return error_set(err, ERROR_CONFLICT, "was asked to stop");
        make_one(work, &work->jobs[i]);
        progress.have += work->jobs[i].change->size;
        progress.done++;
    }
    return request->progress == NULL || request->progress(request->self, &progress) ||
           error_set(err, ERROR_CONFLICT, "was asked to stop");
}

/* ---- all ---- */

static bool open_folders(struct work *work, struct error *err)
{
    const char *state = work->request->state;
    const char *files = file_path(work->arena, state, "deltas/files");
    const char *made = file_path(work->arena, state, "deltas/made");

    work->bad = file_path(work->arena, state, "deltas/bad");
    if (files == NULL || made == NULL || work->bad == NULL)
        return arena_full(work->arena, err);
    return file_make_folders(made, FOLDERS_MODE, err) && file_make_folders(work->bad, FOLDERS_MODE, err) &&
           cache_open(files, CACHE_DELTAS, &work->files, err);
}

static bool do_all(struct work *work, struct error *err)
{
    const size_t changes_max = work->request->plan->change_count;
    struct mirror_want *wants = ARENA_ARRAY(work->arena, struct mirror_want, changes_max);
    size_t *changes = ARENA_ARRAY(work->arena, size_t, changes_max);
    size_t count = 0;

    if (wants == NULL || changes == NULL)
        return arena_full(work->arena, err);
    if (!list_offers(work, wants, changes, &count, err))
        return false;
    if (count == 0)
        return true;
    return choose(work, wants, changes, &count, err) &&
           (count == 0 || (make_jobs(work, wants, changes, count, err) && drop_left_over(work, err) &&
                           make_all(work, err))) &&
           cache_trim(&work->files, LIMIT_DELTA_CACHE_SIZE, (struct cache_keep){0}, work->arena, err);
}

bool delta_fetch(const struct delta_fetch_request *request, struct arena *arena, struct delta_report *out,
                 struct error *err)
{
    struct work work = {.request = request, .arena = arena};
    struct error why = {0};

    /* One note for each change, and one for all. */
    work.notes = ARENA_ARRAY(arena, struct text, request->plan->change_count + 1);
    if (work.notes == NULL)
        return arena_full(arena, err);
    if (request->offers->found > 0 && request->settings->use != CHOICE_NEVER &&
        (!open_folders(&work, &why) || !do_all(&work, &why))) {
        bool stopped = request->progress != NULL && why.kind == ERROR_CONFLICT;
        if (stopped || why.kind == ERROR_LIMIT) {
            *err = why;
            return false;
        }
        work.notes[work.report.note_count++] = text_format(arena, "deltas: %s", why.text);
    }
    work.report.notes = work.notes;
    *out = work.report;
    return true;
}
