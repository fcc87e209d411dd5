/*
 * The description of /api/1: GET /api/1/openapi.json.
 */
#include "base/limits.h"
#include "base/own.h"
#include "server/api_routes.h"
#include "server/openapi.h"

static bool show(struct server *server, struct request *request, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_API_ANSWER);

    (void)server;
    return openapi_write(routes, &w, err) && request_send_written(request, 200, API_JSON, &w, err);
}

static const struct route_answer answers[] = {
    {200, API_JSON, "this document", NULL},
    {0},
};
const struct route route_api_openapi = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/openapi.json",
    .permission = PERMISSION_NONE,
    .admission = ADMIT_PEOPLE,
    .summary = "what this API takes and gives",
    .answers = answers,
    .handle = show,
};
