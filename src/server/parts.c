#include "server/server.h"

/* In the order in which they start; each may use those before it. */
const struct server_part *const server_parts[] = {
    NULL,
};
