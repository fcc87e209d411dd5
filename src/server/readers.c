#include "server/readers.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "server/settings.h"

struct readers {
    const char *where;
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct fleet_store *idle[LIMIT_READERS];
    size_t idle_count;
    size_t count; /* open, lent ones too */
};

bool readers_make(const char *where, struct readers **out, struct error *err)
{
    struct readers *readers = calloc(1, sizeof(*readers));

    if (readers == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for readers");
    readers->where = where;
    (void)pthread_mutex_init(&readers->lock, NULL);
    (void)pthread_cond_init(&readers->given, NULL);
    *out = readers;
    return true;
}

void readers_end(struct readers **readers)
{
    if (*readers == NULL)
        return;
    while ((*readers)->idle_count > 0)
        fleet_store_close(&(*readers)->idle[--(*readers)->idle_count]);
    (void)pthread_cond_destroy(&(*readers)->given);
    (void)pthread_mutex_destroy(&(*readers)->lock);
    free(*readers);
    *readers = NULL;
}

/* An idle handle; or NULL, and the right to open one more. */
static struct fleet_store *wait_for_one(struct readers *readers)
{
    struct fleet_store *store = NULL;

    (void)pthread_mutex_lock(&readers->lock);
    while (readers->idle_count == 0 && readers->count == LIMIT_READERS)
        (void)pthread_cond_wait(&readers->given, &readers->lock);
    if (readers->idle_count > 0)
        store = readers->idle[--readers->idle_count];
    else
        readers->count++;
    (void)pthread_mutex_unlock(&readers->lock);
    return store;
}

static void open_failed(struct readers *readers)
{
    (void)pthread_mutex_lock(&readers->lock);
    readers->count--;
    (void)pthread_cond_signal(&readers->given);
    (void)pthread_mutex_unlock(&readers->lock);
}

static bool lend(struct readers *readers, int64_t now_us, struct reader_lease *out, struct error *err)
{
    const struct fleet_store_options options = {.read_only = true, .now_us = now_us};
    struct fleet_store *store = wait_for_one(readers);

    if (store == NULL && !fleet_store_open(readers->where, &options, &store, err)) {
        open_failed(readers);
        return false;
    }
    *out = (struct reader_lease){readers, store};
    return true;
}

bool readers_take(struct server *server, struct reader_lease *out, struct error *err)
{
    return lend(server->readers, server_now_us(server), out, err);
}

void readers_give(struct reader_lease *lease)
{
    struct readers *readers = lease->readers;

    if (readers == NULL)
        return;
    (void)pthread_mutex_lock(&readers->lock);
    readers->idle[readers->idle_count++] = lease->store;
    (void)pthread_cond_signal(&readers->given);
    (void)pthread_mutex_unlock(&readers->lock);
    *lease = (struct reader_lease){0};
}

static bool start(struct server *server, struct error *err)
{
    return readers_make(server->settings->store, &server->readers, err);
}

static void stop(struct server *server)
{
    readers_end(&server->readers);
}

const struct server_part readers_part = {.name = "readers", .start = start, .stop = stop};
