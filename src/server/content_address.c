#include "server/content_address.h"

#include "server/settings.h"

#define LOOKED_AT 2 /* ports above that of the machines: doc/protocol.md */

/* "[::1]:8440" and "patch.example.org:8440" without the port. */
static struct text host_of(struct text field)
{
    size_t bracket = text_find_byte(field, ']');

    if (bracket != SIZE_MAX)
        return text_part(field, 0, bracket + 1);
    return text_part(field, 0, text_find_byte(field, ':'));
}

struct text content_address(const struct server *server, const struct request *request)
{
    const char *set = server->settings == NULL ? "" : server->settings->content;
    uint16_t agents = server->ports[ROUTE_AGENTS], plain = server->ports[ROUTE_STATIC];
    struct text host = host_of(request_header(request, "Host"));

    if (set != NULL && set[0] != 0)
        return text_of(set);
    if (plain == 0 || plain == agents + LOOKED_AT || host.size == 0)
        return (struct text){NULL, 0};
    return text_format(request->arena, "http://%.*s:%u", TEXT_ARG(host), plain);
}
