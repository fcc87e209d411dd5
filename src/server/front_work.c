#include "server/front_work.h"

#include <time.h>

#include "base/log.h"

bool front_work_start(struct server *server, struct front_work *work, struct error *err)
{
    for (size_t i = 0; server_parts[i] != NULL; i++) {
        if (server_parts[i]->start != NULL && !server_parts[i]->start(server, err))
            return error_at(err, "%s", server_parts[i]->name);
        work->count++;
    }
    return true;
}

static void *tick(void *self)
{
    const struct front_ticker *ticker = self;
    struct front_work *work = ticker->work;
    struct timespec until;
    struct error err;

    (void)pthread_mutex_lock(&work->lock);
    while (!work->stop) {
        (void)pthread_mutex_unlock(&work->lock);
        if (!ticker->part->tick(work->server, &err))
            log_line(LOG_ERROR, ticker->part->name, "%s", err.text);
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ticker->part->tick_s;
        (void)pthread_mutex_lock(&work->lock);
        while (!work->stop && pthread_cond_timedwait(&work->woken, &work->lock, &until) == 0)
            ;
    }
    (void)pthread_mutex_unlock(&work->lock);
    return NULL;
}

bool front_work_tick(struct server *server, struct front_work *work, struct error *err)
{
    pthread_condattr_t attributes;

    work->server = server;
    (void)pthread_mutex_init(&work->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&work->woken, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    work->ticking = true;
    for (size_t i = 0; i < work->count && i < FRONT_PARTS_MAX; i++) {
        struct front_ticker *ticker = &work->tickers[i];
        *ticker = (struct front_ticker){.part = server_parts[i], .work = work};
        if (server_parts[i]->tick_s == 0)
            continue;
        if (pthread_create(&ticker->thread, NULL, tick, ticker) != 0)
            return error_set(err, ERROR_SYSTEM, "no thread can be made");
        ticker->runs = true;
    }
    return true;
}

void front_work_still(struct front_work *work)
{
    if (!work->ticking)
        return;
    (void)pthread_mutex_lock(&work->lock);
    work->stop = true;
    (void)pthread_cond_broadcast(&work->woken);
    (void)pthread_mutex_unlock(&work->lock);
    for (size_t i = 0; i < FRONT_PARTS_MAX; i++)
        if (work->tickers[i].runs)
            (void)pthread_join(work->tickers[i].thread, NULL);
    work->ticking = false;
}

void front_work_end(struct front_work *work)
{
    front_work_still(work);
    while (work->count > 0) {
        const struct server_part *part = server_parts[--work->count];
        if (part->stop != NULL)
            part->stop(work->server);
    }
}
