#include "server/route.h"

/* One row for each call; the files route_*.c have them. */
const struct route *const routes[] = {
    NULL,
};
