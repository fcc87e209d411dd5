#include "server/api_routes.h"

#include "wire/agent_message.h"

const struct route_answer api_answers_nothing[] = {{204, NULL, "done", NULL}, {0}};

bool api_limit(const struct request *request, size_t *out, struct error *err)
{
    static const struct request_bounds bounds = {.absent = API_PAGE, .min = 1, .max = API_PAGE_MAX};
    uint64_t got;

    if (!request_query_u64(request, "limit", &bounds, &got, err))
        return false;
    *out = (size_t)got;
    return true;
}

bool api_after(const struct request *request, int64_t *out, struct error *err)
{
    int64_t got = 0;

    if (request_has_query(request, "after") && !api_number(request_query(request, "after"), &got, err))
        return error_at(err, "after");
    *out = got;
    return true;
}

void api_put_next(struct api_json *a, bool more, struct text next)
{
    api_close_list(a);
    api_put_text(a, "next", more ? next : (struct text){0});
}

bool api_host_id(const struct request *request, uint8_t out[16], struct error *err)
{
    struct host_id id;

    if (!host_id_parse(request->parts[0], &id, err))
        return false;
    memcpy(out, id.at, sizeof(id.at));
    return true;
}
