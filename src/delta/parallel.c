#include "delta/parallel.h"

#include <pthread.h>

#define THREADS_MAX 256

struct pool {
    const struct parallel *jobs;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t next;
    size_t running;
    uint64_t spent; /* costs of what runs */
    size_t failed;  /* number of the job that `failure` is of; count when there is none */
    struct error failure;
};

static uint64_t cost_of(const struct parallel *jobs, size_t job)
{
    return jobs->cost == NULL ? 0 : jobs->cost(jobs->self, job);
}

/* Waits until the next job may begin; *taken of the budget is its. False when there is none. With the lock held. */
static bool take_job(struct pool *pool, size_t *job, uint64_t *taken)
{
    const struct parallel *jobs = pool->jobs;

    for (;;) {
        if (pool->next == jobs->count || pool->failed < jobs->count)
            return false;
        uint64_t cost = cost_of(jobs, pool->next), left = jobs->budget - pool->spent;
        if (pool->running == 0 || cost <= left) {
            *taken = cost < left ? cost : left;
            break;
        }
        (void)pthread_cond_wait(&pool->ended, &pool->lock);
    }
    *job = pool->next++;
    pool->running++;
    pool->spent += *taken;
    return true;
}

static void *work(void *self)
{
    struct pool *pool = self;
    uint64_t taken = 0;
    size_t job = 0;

    (void)pthread_mutex_lock(&pool->lock);
    while (take_job(pool, &job, &taken)) {
        struct error failure = {0};
        (void)pthread_mutex_unlock(&pool->lock);
        bool done = pool->jobs->run(pool->jobs->self, job, &failure);
        (void)pthread_mutex_lock(&pool->lock);
        pool->running--;
        pool->spent -= taken;
        if (!done && job < pool->failed) {
            pool->failed = job;
            pool->failure = failure;
        }
        (void)pthread_cond_broadcast(&pool->ended);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

bool parallel_run(const struct parallel *jobs, struct error *err)
{
    struct pool pool = {.jobs = jobs, .failed = jobs->count};
    pthread_t threads[THREADS_MAX];
    unsigned count = 0, wanted = jobs->threads < THREADS_MAX ? jobs->threads : THREADS_MAX;

    if (wanted > jobs->count)
        wanted = (unsigned)jobs->count;
    (void)pthread_mutex_init(&pool.lock, NULL);
    (void)pthread_cond_init(&pool.ended, NULL);
    /* One of them is the caller's; where the system gives no more, fewer do the work. */
    while (count + 1 < wanted && pthread_create(&threads[count], NULL, work, &pool) == 0)
        count++;
    (void)work(&pool);
    while (count > 0)
        (void)pthread_join(threads[--count], NULL);
    (void)pthread_cond_destroy(&pool.ended);
    (void)pthread_mutex_destroy(&pool.lock);
    if (pool.failed < jobs->count)
        *err = pool.failure;
    return pool.failed == jobs->count;
}
