#include "server/committer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"

struct committer {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* something waits, or it is the end */
    pthread_t thread;
    struct fleet_store *store;
    struct host_table *hosts;
    struct commit_job *first, **last;
    size_t waiting; /* writes */
    bool ending;
    struct committer_figures figures;
    struct fleet_write *writes; /* of the batch */
    struct fleet_result *results;
};

/* ---- one batch ---- */

/* As many jobs as fit into one batch, in their order, off the queue. Under the lock. */
static struct commit_job *take_batch(struct committer *committer, size_t *count)
{
    struct commit_job *first = committer->first, **end = &committer->first;

    *count = 0;
    while (*end != NULL && (*count == 0 || (*end)->count <= LIMIT_FLEET_BATCH - *count)) {
        *count += (*end)->count;
        end = &(*end)->next;
    }
    committer->first = *end;
    if (*end == NULL)
        committer->last = &committer->first;
    *end = NULL;
    committer->waiting -= *count;
    return first;
}

static void tell(struct committer *committer, struct commit_job *jobs, bool done, const struct error *why)
{
    for (struct commit_job *job = jobs, *next; job != NULL; job = next) {
        next = job->next; /* the job is its caller's as soon as it is told */
        job->next = NULL;
        if (!done)
            job->why = *why;
        job->done(job, done, committer->store);
    }
}

static void gather(struct committer *committer, const struct commit_job *jobs)
{
    size_t at = 0;

    for (const struct commit_job *job = jobs; job != NULL; job = job->next) {
        memcpy(committer->writes + at, job->writes, job->count * sizeof(*job->writes));
        at += job->count;
    }
    memset(committer->results, 0, at * sizeof(*committer->results));
}

static void hand_out(struct committer *committer, struct commit_job *jobs)
{
    size_t at = 0;

    for (struct commit_job *job = jobs; job != NULL; job = job->next) {
        memcpy(job->results, committer->results + at, job->count * sizeof(*job->results));
        for (size_t i = 0; committer->hosts != NULL && i < job->count; i++)
            host_table_written(committer->hosts, &job->writes[i], &job->results[i]);
        at += job->count;
    }
}

static void count_batch(struct committer *committer, size_t count, bool done)
{
    (void)pthread_mutex_lock(&committer->lock);
    committer->figures.batches++;
    committer->figures.writes += count;
    committer->figures.failed += done ? 0 : 1;
    if (count > committer->figures.batch_max)
        committer->figures.batch_max = count;
    (void)pthread_mutex_unlock(&committer->lock);
}

static void carry_out(struct committer *committer, struct commit_job *jobs, size_t count)
{
    struct error err = {.kind = ERROR_NONE};

    gather(committer, jobs);
    bool done = fleet_store_write(committer->store, committer->writes, count, committer->results, &err);
    count_batch(committer, count, done);
    if (done)
        hand_out(committer, jobs);
    else if (err.kind != ERROR_SYSTEM && jobs->next != NULL) {
        /* Not the database but something in this batch: nobody else's writes go down with it. */
        for (struct commit_job *job = jobs, *next; job != NULL; job = next) {
            next = job->next;
            job->next = NULL;
            carry_out(committer, job, job->count);
        }
        return;
    }
    tell(committer, jobs, done, &err);
}

static void *run(void *self)
{
    struct committer *committer = self;
    size_t count;

    (void)pthread_mutex_lock(&committer->lock);
    while (committer->first != NULL || !committer->ending) {
        if (committer->first == NULL) {
            (void)pthread_cond_wait(&committer->wake, &committer->lock);
            continue;
        }
        struct commit_job *jobs = take_batch(committer, &count);
        (void)pthread_mutex_unlock(&committer->lock);
        carry_out(committer, jobs, count);
        (void)pthread_mutex_lock(&committer->lock);
    }
    (void)pthread_mutex_unlock(&committer->lock);
    return NULL;
}

/* ---- from outside ---- */

static void free_committer(struct committer *committer)
{
    free(committer->writes);
    free(committer->results);
    (void)pthread_cond_destroy(&committer->wake);
    (void)pthread_mutex_destroy(&committer->lock);
    free(committer);
}

bool committer_make(struct fleet_store *store, struct host_table *hosts, struct committer **out,
                    struct error *err)
{
    struct committer *committer = calloc(1, sizeof(*committer));

    if (committer == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for the committer");
    committer->store = store;
    committer->hosts = hosts;
    committer->last = &committer->first;
    committer->writes = calloc(LIMIT_FLEET_BATCH, sizeof(*committer->writes));
    committer->results = calloc(LIMIT_FLEET_BATCH, sizeof(*committer->results));
    (void)pthread_mutex_init(&committer->lock, NULL);
    (void)pthread_cond_init(&committer->wake, NULL);
    if (committer->writes == NULL || committer->results == NULL ||
        pthread_create(&committer->thread, NULL, run, committer) != 0) {
        free_committer(committer);
        return error_set(err, ERROR_LIMIT, "no memory or thread for the committer");
    }
    *out = committer;
    return true;
}

void committer_end(struct committer **pointer)
{
    struct committer *committer = *pointer;

    if (committer == NULL)
        return;
    (void)pthread_mutex_lock(&committer->lock);
    committer->ending = true;
    (void)pthread_cond_signal(&committer->wake);
    (void)pthread_mutex_unlock(&committer->lock);
    (void)pthread_join(committer->thread, NULL);
    free_committer(committer);
    *pointer = NULL;
}

bool committer_submit(struct committer *committer, struct commit_job *job, struct error *err)
{
    assert(job->count > 0 && job->count <= LIMIT_FLEET_BATCH);
    job->next = NULL;
    (void)pthread_mutex_lock(&committer->lock);
    bool room = !committer->ending && job->count <= LIMIT_COMMIT_QUEUE - committer->waiting;
    if (room) {
        *committer->last = job;
        committer->last = &job->next;
        committer->waiting += job->count;
        (void)pthread_cond_signal(&committer->wake);
    }
    (void)pthread_mutex_unlock(&committer->lock);
    return room || error_set(err, ERROR_LIMIT, "too many writes wait for the database");
}

/* Whoever waits for its job. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool told, done;
};

static void wake_waiter(struct commit_job *job, bool done, struct fleet_store *store)
{
    struct waiter *waiter = job->self;

    (void)store;
    (void)pthread_mutex_lock(&waiter->lock);
    waiter->told = true;
    waiter->done = done;
    (void)pthread_cond_signal(&waiter->wake);
    (void)pthread_mutex_unlock(&waiter->lock);
}

bool committer_write(struct committer *committer, const struct fleet_write *writes, size_t count,
                     struct fleet_result *results, struct error *err)
{
    struct waiter waiter = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    struct commit_job job = {
        .writes = writes, .count = count, .results = results, .done = wake_waiter, .self = &waiter};

    assert(!pthread_equal(pthread_self(), committer->thread));
    if (!committer_submit(committer, &job, err))
        return false;
    (void)pthread_mutex_lock(&waiter.lock);
    while (!waiter.told)
        (void)pthread_cond_wait(&waiter.wake, &waiter.lock);
    (void)pthread_mutex_unlock(&waiter.lock);
    if (!waiter.done)
        *err = job.why;
    return waiter.done;
}

void committer_figures(struct committer *committer, struct committer_figures *out)
{
    (void)pthread_mutex_lock(&committer->lock);
    *out = committer->figures;
    out->waiting = committer->waiting;
    (void)pthread_mutex_unlock(&committer->lock);
}
