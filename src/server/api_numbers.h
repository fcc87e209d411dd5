/*
 * Answers of the fleet's index, which knows hosts by their number, as people want them: by id and name. Shared by "who is
 * exposed" and "who has it".
 */
#ifndef SERVER_API_NUMBERS_H
#define SERVER_API_NUMBERS_H

#include "identify/fleet_index.h"
#include "server/api_hosts.h"
#include "server/host_table.h"

/* ?limit=, ?after= (a host's id) and ?state= ("exposed,exposed-stale") as a page of the index. */
bool api_index_page(struct server *server, const struct request *request, unsigned wanted,
                    struct fleet_index_page *out, struct error *err) MUST_USE;
/* "counts": hosts by state, and "total". */
void api_put_counts(struct api_json *a, const struct fleet_index_count *count);
/* The members of one row; *last is its host's id, for "next". The host's name is read from the database. */
struct api_numbered {
    struct server *server;
    struct fleet_store *store;
    struct arena *arena;
};
bool api_put_numbered(struct api_json *a, const struct api_numbered *context,
                      const struct fleet_index_row *row, struct fleet_host *host, struct error *err) MUST_USE;

#define API_COUNTS_SCHEMA                                                                                    \
    "\"counts\":{\"type\":\"object\",\"properties\":{\"exposed\":{\"type\":\"integer\"},"                    \
    "\"exposed-stale\":{\"type\":\"integer\"},\"clear\":{\"type\":\"integer\"},\"stale\":{\"type\":"         \
    "\"integer\"},\"unknown\":{\"type\":\"integer\"},\"total\":{\"type\":\"integer\"}}}"
#define API_INDEX_PARAMETERS                                                                                 \
    {"state", ROUTE_IN_QUERY, ROUTE_TEXT, "\"exposed,exposed-stale\": which hosts are listed", false},       \
        API_PARAMETER_LIMIT, API_PARAMETER_AFTER("the id of the last host of the page before")

#endif
