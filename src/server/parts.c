#include "server/desk.h"
#include "server/now_orders.h"
#include "server/people.h"
#include "server/readers.h"
#include "server/server.h"

extern const struct server_part bulletin_part, generations_part, history_part, quarantine_part, store_part;

/* In the order in which they start; each may use those before it. The bulletin says nothing before all have started. */
const struct server_part *const server_parts[] = {
    &store_part,
    &generations_part,
    &readers_part,
    &bulletin_part,
    &desk_part,
    &desk_seen_part,
    &desk_advisories_part,
    &desk_findings_part,
    &people_part,
    &now_orders_part,
    &quarantine_part,
    &history_part,
    NULL,
};
