/*
 * How hosts look in /api/1: by their id, with the name for people beside it, and one word for their state.
 *
 *     ok        seen within API_STALE_US
 *     stale     not seen for longer: what is told of it is old
 *     never     enrolled, and has not checked in yet
 *     held      looks like a clone or a restored machine: in the safe lane until an approver accepts it
 *     revoked   answered by 403 to everything
 *     removed   gone for good
 */
#ifndef SERVER_API_HOSTS_H
#define SERVER_API_HOSTS_H

#include "server/api_routes.h"
#include "server/server.h"
#include "store/fleet.h"

#define API_STALE_US (3 * TIME_DAY_US) /* a laptop's long weekend */

const char *api_host_state(const struct fleet_host *host, int64_t now_us);

/*
 * Members of the object that is open: short for lists. What the last check-in said comes from the table in memory, since
 * the database has it some minutes later.
 */
void api_put_host(struct api_json *a, struct server *server, const struct fleet_host *host, int64_t now_us);
/* And the rest. */
void api_put_host_more(struct api_json *a, const struct fleet_host *host);

/* The host of the {id} in the path, in the request's arena; removed ones too. ERROR_ABSENT. */
bool api_read_host(struct server *server, struct request *request, struct fleet_host *out, struct error *err)
    MUST_USE;
void api_host_hex(const uint8_t id[FLEET_ID_SIZE], char out[2 * FLEET_ID_SIZE + 1]);

#define API_HOST_SCHEMA                                                                                      \
    API_TEXT("id")                                                                                           \
    "," API_TEXT("name") "," API_TEXT("state") "," API_TEXT("os") "," API_TEXT("release") "," API_TEXT(      \
        "arch") "," API_TEXT("class") "," API_TIME("seen") "," API_TIME("scanned") "," API_COUNT("late")
#define API_HOST_PARAMETER                                                                                   \
    {                                                                                                        \
        "id", ROUTE_IN_PATH, ROUTE_ID, "the host, by its 32 hexadecimal digits", true                        \
    }

#endif
