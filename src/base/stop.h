/*
 * A request to stop that is asked for, not thrown in: SIGTERM and SIGINT are held back from the first line on and wait
 * until somebody looks. So whoever must not be interrupted in the middle of something decides where it is stopped.
 *
 * Of one thread. A child that base/child.h or base/helper.h starts gets its signals as always.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <signal.h>

#include "base/error.h"

struct stop {
    int fd; /* a signalfd; -1: none */
    sigset_t before;
    bool asked;
};
#define STOP_NONE ((struct stop){.fd = -1})

/* OWN(stop_end), which gives the signals back: one that came meanwhile is taken as heard. */
bool stop_begin(struct stop *out, struct error *err) MUST_USE;
/* Whether one came, now or before. */
bool stop_asked(struct stop *stop);
void stop_end(struct stop *stop);

#endif
