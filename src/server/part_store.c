/* The part that opens the database to write; who reads opens handles of their own (readers.h). */
#include "server/server.h"
#include "server/settings.h"
#include "store/fleet.h"

static bool start(struct server *server, struct error *err)
{
    const struct fleet_store_options options = {.make = true, .now_us = server_now_us(server)};

    return fleet_store_open(server->settings->store, &options, &server->store, err);
}

static void stop(struct server *server)
{
    fleet_store_close(&server->store);
}

const struct server_part store_part = {.name = "store", .start = start, .stop = stop};
