#include "server/route.h"

/* One row for each call; the files route_*.c have them. */
extern const struct route route_static_pulse, route_static_content, route_static_repository;

const struct route *const routes[] = {
    &route_static_pulse,
    &route_static_content,
    &route_static_repository,
    NULL,
};
