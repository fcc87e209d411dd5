#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "server/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route rows[] = {
    {.listener = ROUTE_STATIC, .method = REQUEST_GET, .path = "/repo/{path*}"},
    {.listener = ROUTE_STATIC, .method = REQUEST_GET, .path = "/api/1/hosts/{host}/events/{event}"},
};
static const struct route *const table[] = {&rows[0], &rows[1], NULL};

/* Nothing that leads out of a folder comes through, and every part is text. */
static void check(const struct request *request)
{
    struct text rest = request->parts[0], part;
    struct error err;

    if (request->parts[0].size == 0 ||
        !text_from_bytes(bytes_of_text(request->parts[0]), ROUTE_PATH_MAX, &part, &err))
        abort();
    if (request->route != &rows[0])
        return;
    if (rest.at[0] == '/' || rest.at[rest.size - 1] == '/')
        abort();
    while (text_cut(&rest, '/', &part))
        if (part.size == 0 || text_equal(part, TEXT("..")) || text_equal(part, TEXT(".")))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct request request = request_with(&arena, NULL, 0);
    const struct route_asked asked = {table, ROUTE_STATIC, TEXT("GET"), {data, size}};
    struct error err;

    if (route_match(&asked, &request, &err))
        check(&request);
    return 0;
}
