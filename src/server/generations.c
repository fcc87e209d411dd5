#include "server/generations.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/own.h"
#include "server/settings.h"
#include "store/fleet_read.h"
#include "store/fleet_write.h"

#define TRIES 4 /* a machine reported a higher one just then */

struct generations {
    pthread_mutex_t lock;
    struct fleet_store *store;
    int64_t upkeep_us; /* when it was last due, or made */
};

/* ---- the handle ---- */

bool generations_make(const char *where, int64_t now_us, struct generations **out, struct error *err)
{
    const struct fleet_store_options options = {.make = true, .now_us = now_us};
    struct generations *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!fleet_store_open(where, &options, &made->store, err)) {
        free(made);
        return false;
    }
    (void)pthread_mutex_init(&made->lock, NULL);
    made->upkeep_us = now_us;
    *out = made;
    return true;
}

void generations_end(struct generations **generations)
{
    if (*generations == NULL)
        return;
    fleet_store_close(&(*generations)->store);
    (void)pthread_mutex_destroy(&(*generations)->lock);
    free(*generations);
    *generations = NULL;
}

struct fleet_store *generations_hold(struct server *server)
{
    (void)pthread_mutex_lock(&server->generations->lock);
    return server->generations->store;
}

void generations_let(struct server *server)
{
    (void)pthread_mutex_unlock(&server->generations->lock);
}

bool generations_due(struct server *server, int64_t now_us, int64_t every_us)
{
    if (now_us - server->generations->upkeep_us < every_us)
        return false;
    server->generations->upkeep_us = now_us;
    return true;
}

static bool start(struct server *server, struct error *err)
{
    return generations_make(server->settings->store, server_now_us(server), &server->generations, err);
}

static void stop(struct server *server)
{
    generations_end(&server->generations);
}

const struct server_part generations_part = {.name = "generations", .start = start, .stop = stop};

/* ---- numbers ---- */

static uint64_t above(uint64_t wanted, const struct fleet_state *state, enum fleet_generation of)
{
    uint64_t known = state->highest[of] > state->reported[of] ? state->highest[of] : state->reported[of];

    return wanted > known ? wanted : known + 1;
}

static bool take(struct fleet_store *store, enum fleet_generation of, uint64_t wanted, uint64_t *out,
                 struct error *err)
{
    struct fleet_result result = {.outcome = FLEET_OUTCOME_UNKNOWN};
    struct fleet_state state;

    for (unsigned tries = 0; tries < TRIES; tries++) {
        if (!fleet_store_state(store, &state, err))
            return false;
        const struct fleet_write write = {
            .kind = FLEET_WRITE_GENERATION,
            .generation = {.of = of, .generation = above(wanted, &state, of)},
        };
        if (!fleet_store_write(store, &write, 1, &result, err))
            return false;
        if (result.outcome == FLEET_OUTCOME_DONE) {
            *out = write.generation.generation;
            return true;
        }
        if (result.outcome == FLEET_OUTCOME_QUARANTINE)
            break;
    }
    return error_set(err, ERROR_CONFLICT, "%s", result.why);
}

bool generation_take(struct server *server, enum fleet_generation of, uint64_t wanted, uint64_t *out,
                     struct error *err)
{
    bool taken = take(generations_hold(server), of, wanted, out, err);

    generations_let(server);
    return taken;
}

bool generations_quarantined(struct server *server, bool *out, struct error *err)
{
    struct fleet_state state = {.quarantine = false};
    bool read = fleet_store_state(generations_hold(server), &state, err);

    generations_let(server);
    if (read)
        *out = state.quarantine;
    return read;
}
