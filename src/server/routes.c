#include "server/route.h"

/* One row for each call; the files route_*.c have them. */
extern const struct route route_agent_checkin, route_agent_chunk, route_agent_commit, route_agent_enroll,
    route_agent_inventory, route_agent_outbox, route_agent_plan, route_agent_renew;
extern const struct route route_static_pulse, route_static_content, route_static_repository;

const struct route *const routes[] = {
    &route_agent_enroll,
    &route_agent_renew,
    &route_agent_checkin,
    &route_agent_inventory,
    &route_agent_chunk,
    &route_agent_commit,
    &route_agent_outbox,
    &route_agent_plan,
    &route_static_pulse,
    &route_static_content,
    &route_static_repository,
    NULL,
};
