#include "flow/publish.h"

#include <pthread.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"
#include "flow/publish_prune.h"
#include "flow/publish_scan.h"
#include "flow/publish_tried.h"

#define MEMORY_OF_ONE (1024 * MIB) /* with less big packages are cut into more windows */

/* One pair, and where it belongs. */
struct task {
    struct publish_shelf *shelf;
    const struct publish_package *old;
    const char *out;
};

/* What the threads share; everything but `make` itself is done by one at a time. */
struct work {
    const struct publish_request *request;
    struct arena *arena;
    struct publish_repository repository;
    struct publish_tried tried;
    struct publish_shelf *shelves;
    size_t shelf_count;
    struct task *tasks;
    size_t task_count, next;
    struct publish_report report;
    pthread_mutex_t mutex;
    struct error failed; /* the first failure that ends all */
    bool stopped;
    unsigned at_once;
};

static void tell(struct work *work, const struct publish_event *event)
{
    work->report.counts[event->what]++;
    if (event->what == PUBLISH_MADE || event->what == PUBLISH_KEPT) {
        work->report.delta_bytes += event->size;
        work->report.package_bytes += event->new->deb.size;
    }
    if (work->request->told != NULL)
        work->request->told(work->request->self, event);
}

/* ---- what comes of one ---- */

static bool is_profitable(const struct publish_package *new, uint64_t size)
{
    return size <= new->deb.size / 100 * PUBLISH_PROFIT_PERCENT;
}

static bool put_supplements(struct work *work, const struct task *task, const struct publish_made *made,
                            struct delta_base *into, struct error *err)
{
    struct delta_supplement *supplements =
        ARENA_ARRAY(work->arena, struct delta_supplement, BASE_CLASS_COUNT);
    struct delta_supplement sorted;

    if (supplements == NULL)
        return arena_full(work->arena, err);
    for (int i = BASE_UNKNOWN + 1; i < BASE_CLASS_COUNT; i++) {
        struct text path = text_format(work->arena, "%s.%c", task->out, base_class_letters[i]);
        struct delta_supplement *supplement = &supplements[into->supplement_count];
        if (!made->supplements[i])
            continue;
        if (path.at == NULL)
            return arena_full(work->arena, err);
        supplement->class = base_class_letters[i];
        if (!publish_shelf_put(&work->repository, path.at, true, work->arena, &supplement->file, err))
            return false;
        into->supplement_count++;
        for (size_t k = into->supplement_count - 1; k > 0 && supplements[k].class < supplements[k - 1].class;
             k--) {
            sorted = supplements[k];
            supplements[k] = supplements[k - 1];
            supplements[k - 1] = sorted;
        }
    }
    into->supplements = supplements;
    return true;
}

static bool put_delta(struct work *work, const struct task *task, const struct publish_made *made,
                      struct publish_event *event, struct error *err)
{
    const struct publish_package *old = task->old;
    struct delta_base base = {.package = old->name,
                              .arch = old->arch,
                              .version = old->version,
                              .identity = made->identity,
                              .memory = made->memory};
    struct file_identity file;

    if (!file_identify(task->out, &file, err))
        return false;
    event->size = file.size;
    if (!is_profitable(event->new, file.size)) {
        event->what = PUBLISH_UNPROFITABLE;
        return publish_tried_add(&work->tried, &old->deb.digest, &event->new->deb.digest, "unprofitable",
                                 err);
    }
    if (!put_supplements(work, task, made, &base, err) ||
        !publish_shelf_put(&work->repository, task->out, false, work->arena, &base.delta, err))
        return false;
    publish_shelf_add(task->shelf, &base);
    event->what = PUBLISH_MADE;
    return true;
}

static bool finish_shelf(struct work *work, struct publish_shelf *shelf, struct error *err)
{
    if (!publish_shelf_write(&work->repository, shelf, work->arena, err))
        return false;
    work->report.indexes_written += shelf->changed;
    return true;
}

/* Of one alone at a time. */
static bool finish_task(struct work *work, const struct task *task, bool done,
                        const struct publish_made *made, int64_t took_us, const struct error *why,
                        struct error *err)
{
    struct publish_event event = {.old = task->old, .new = task->shelf->package, .took_us = took_us};

    if (done && !put_delta(work, task, made, &event, err))
        return false;
    if (!done) {
        event.what = PUBLISH_FAILED;
        event.why = text_copy(work->arena, text_of(why->text));
        if ((why->kind == ERROR_TRUST || why->kind == ERROR_INPUT) &&
            !publish_tried_add(&work->tried, &task->old->deb.digest, &event.new->deb.digest, "impossible",
                               err))
            return false;
    }
    tell(work, &event);
    return --task->shelf->pending > 0 || finish_shelf(work, task->shelf, err);
}

/* ---- several at once ---- */

/* With the lock held. */
static bool is_stopped(struct work *work)
{
    if (!work->stopped && work->request->stop != NULL && work->request->stop(work->request->self))
        work->stopped = true;
    return work->stopped;
}

static bool go_on(void *self)
{
    struct work *work = self;

    (void)pthread_mutex_lock(&work->mutex);
    bool stopped = is_stopped(work);
    (void)pthread_mutex_unlock(&work->mutex);
    return !stopped;
}

static const struct task *take_task(struct work *work)
{
    const struct task *task = NULL;

    (void)pthread_mutex_lock(&work->mutex);
    if (!is_stopped(work) && work->failed.kind == ERROR_NONE && work->next < work->task_count)
        task = &work->tasks[work->next++];
    (void)pthread_mutex_unlock(&work->mutex);
    return task;
}

static void *run_tasks(void *self)
{
    struct work *work = self;
    const struct publish_request *request = work->request;

    for (const struct task *task = take_task(work); task != NULL; task = take_task(work)) {
        OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
        const struct publish_job job = {.old = task->old,
                                        .new = task->shelf->package,
                                        .out = task->out,
                                        .memory_max = request->memory_max / work->at_once,
                                        .threads = os_processor_count() / work->at_once,
                                        .go_on = go_on,
                                        .self = work};
        struct publish_made made = {0};
        struct error why = {0}, err = {0};
        int64_t begun_us = time_now_us();
        bool done = request->door->make(request->door->self, &job, &arena, &made, &why);
        int64_t took_us = time_now_us() - begun_us;
        (void)pthread_mutex_lock(&work->mutex);
        bool given_up = !done && work->stopped; /* it stays pending, and is made by the next call */
        if (!given_up && !finish_task(work, task, done, &made, took_us, &why, &err) &&
            work->failed.kind == ERROR_NONE)
            work->failed = err;
        (void)pthread_mutex_unlock(&work->mutex);
    }
    return NULL;
}

static bool run_all(struct work *work, struct error *err)
{
    pthread_t *threads = ARENA_ARRAY(work->arena, pthread_t, work->at_once);
    unsigned started = 0;

    if (threads == NULL)
        return arena_full(work->arena, err);
    if (pthread_mutex_init(&work->mutex, NULL) != 0)
        return error_set(err, ERROR_SYSTEM, "no lock for threads");
    /* This thread is one of them: without any other it does all. */
    while (started + 1 < work->at_once && started + 1 < work->task_count &&
           pthread_create(&threads[started], NULL, run_tasks, work) == 0)
        started++;
    (void)run_tasks(work);
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_mutex_destroy(&work->mutex);
    size_t left = 0;
    for (size_t i = 0; i < work->shelf_count; i++) { /* of those that were not finished, what there is */
        left += work->shelves[i].pending;
        if (work->shelves[i].pending > 0 && !finish_shelf(work, &work->shelves[i], err))
            return false;
    }
    if (work->failed.kind != ERROR_NONE) {
        *err = work->failed;
        return false;
    }
    return !work->stopped ||
           error_set(err, ERROR_CONFLICT, "was asked to stop, and %zu of %zu deltas are not made yet", left,
                     work->task_count);
}

/* ---- what is to be made ---- */

static bool add_task(struct work *work, struct publish_shelf *shelf, const struct publish_package *old,
                     struct error *err)
{
    struct publish_event event = {.old = old, .new = shelf->package};

    if (publish_shelf_keep(&work->repository, shelf, old, work->arena)) {
        event.what = PUBLISH_KEPT;
        event.size = shelf->bases[shelf->base_count - 1].delta.size;
        tell(work, &event);
        return true;
    }
    if (publish_tried_has(&work->tried, &old->deb.digest, &shelf->package->deb.digest)) {
        event.what = PUBLISH_UNPROFITABLE;
        tell(work, &event);
        return true;
    }
    struct text out = text_format(work->arena, "%s/.work/%zu", work->repository.folder, work->task_count);
    if (out.at == NULL)
        return arena_full(work->arena, err);
    work->tasks[work->task_count++] = (struct task){shelf, old, out.at};
    shelf->pending++;
    return true;
}

static bool list_tasks(struct work *work, const struct publish_found *found,
                       const struct publish_targets *targets, struct error *err)
{
    size_t pairs = 0;

    for (size_t i = 0; i < targets->count; i++)
        pairs += targets->at[i].base_count;
    work->shelves = ARENA_ARRAY(work->arena, struct publish_shelf, targets->count);
    work->tasks = ARENA_ARRAY(work->arena, struct task, pairs);
    if (work->shelves == NULL || work->tasks == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < targets->count; i++) {
        const struct publish_target *target = &targets->at[i];
        struct publish_shelf *shelf = &work->shelves[work->shelf_count++];
        struct text refused;
        if (!publish_shelf_open(&work->repository, &found->packages[target->package], target->base_count,
                                work->arena, shelf, &refused, err))
            return false;
        if (refused.size > 0)
            tell(work, &(struct publish_event){.what = PUBLISH_REFUSED, .why = refused});
        for (size_t b = 0; b < target->base_count; b++)
            if (!add_task(work, shelf, &found->packages[target->bases[b]], err))
                return false;
        if (shelf->pending == 0 && !finish_shelf(work, shelf, err))
            return false;
    }
    return true;
}

/* ---- all ---- */

static bool open_repository(struct work *work, int *lock, struct error *err)
{
    const struct publish_request *request = work->request;
    const char *folder = request->to, *held = file_path(work->arena, folder, ".lock");
    const char *beside = file_path(work->arena, folder, ".work");
    const char *tried = file_path(work->arena, folder, "tried");
    unsigned most = (unsigned)(request->memory_max / MEMORY_OF_ONE);

    if (held == NULL || beside == NULL || tried == NULL)
        return arena_full(work->arena, err);
    work->repository = (struct publish_repository){folder, request->key, request->now_us, request->prune};
    work->at_once = request->at_once > 0 ? request->at_once : os_processor_count();
    if (request->at_once == 0 && work->at_once > most)
        work->at_once = most > 0 ? most : 1;
    return file_make_folders(folder, 0755, err) && file_lock(held, lock, err) &&
           file_remove_tree(beside, err) && file_make_folders(beside, 0700, err) &&
           publish_tried_open(tried, work->arena, &work->tried, err);
}

bool publish(const struct publish_request *request, struct arena *arena, struct publish_report *out,
             struct error *err)
{
    struct work work = {.request = request, .arena = arena};
    OWN(own_fd) int lock = -1;
    struct publish_found found;
    struct publish_targets targets;

    if (!publish_scan(request->from, arena, &found, err) || !open_repository(&work, &lock, err))
        return false;
    for (size_t i = 0; i < found.refused_count; i++)
        tell(&work, &(struct publish_event){.what = PUBLISH_REFUSED, .why = found.refused[i]});
    if (!publish_plan(found.packages, &found.count, &request->select, arena, &targets, err) ||
        !list_tasks(&work, &found, &targets, err))
        return false;
    work.report.packages = found.count;
    if (!run_all(&work, err))
        return false;
    if (request->prune &&
        !publish_prune(&work.repository, &targets, found.packages, arena, &work.report.removed, err))
        return false;
    *out = work.report;
    return true;
}
