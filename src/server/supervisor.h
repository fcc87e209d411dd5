/*
 * The supervisor: makes what is missing (first_start.h), opens the listening sockets, starts keeper and front, starts both anew
 * when one of them ends, and runs what is due from time to time: the timestamp of the repository, the advisories, the
 * front's certificate. It reads nothing from the network.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "server/options.h"

/* Returns when SIGTERM or SIGINT has come and all has ended. False: it could not start, or its children do not live. */
bool supervisor_run(const struct server_options *options, const struct server_settings *settings, FILE *out,
                    struct error *err) MUST_USE;

#endif
