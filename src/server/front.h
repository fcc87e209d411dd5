/*
 * The front: the process that talks to the network. It opens what it needs, gives everything else up (base/confine.h), starts its
 * parts (parts.c), opens the three listeners, and works until the supervisor's socket ends; then it lets what is under way
 * finish, and stops its parts.
 *
 * Descriptors: 0 the supervisor's socket, 3 the keeper's, 4 to 6 the listeners in the order of enum route_listener.
 * To the supervisor it sends frames (base/helper.h): "ready", or "once " and the first administrator's password.
 */
#ifndef SERVER_FRONT_H
#define SERVER_FRONT_H

#include "server/settings.h"

enum { FRONT_CONTROL = 0, FRONT_KEEPER = 3, FRONT_LISTENERS = 4, FRONT_LISTENER_COUNT = 3 };

#define FRONT_READY "ready"
#define FRONT_ONCE  "once "

/* Returns when it is to stop. */
bool front_run(const struct server_settings *settings, struct arena *arena, struct error *err) MUST_USE;

#endif
