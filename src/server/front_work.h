/*
 * The parts of a front (server.h): started in their order, ticked on threads of their own, stopped the other way round.
 */
#ifndef SERVER_FRONT_WORK_H
#define SERVER_FRONT_WORK_H

#include <pthread.h>

#include "server/server.h"

#define FRONT_PARTS_MAX 16

struct front_work;

struct front_ticker {
    const struct server_part *part;
    struct front_work *work;
    pthread_t thread;
    bool runs;
};

/* OWN(front_work_end). */
struct front_work {
    struct server *server;
    size_t count; /* of parts that have started */
    struct front_ticker tickers[FRONT_PARTS_MAX];
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool stop, ticking;
};

bool front_work_start(struct server *server, struct front_work *work, struct error *err) MUST_USE;
/* From here on parts tick. */
bool front_work_tick(struct server *server, struct front_work *work, struct error *err) MUST_USE;
/* No part ticks any more. */
void front_work_still(struct front_work *work);
void front_work_end(struct front_work *work);

#endif
