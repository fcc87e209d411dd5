/*
 * Giving things up: what the fetching process drops before it reads the first byte from outside.
 *
 * After confine() this process cannot run a program, make a process, trace or signal another one, write or make any
 * file (descriptors opened before stay good), read a file outside `readable`, reach a local daemon by its socket, or
 * regain what it gave up. It dies with its parent. It can talk TCP and UDP to the network, start threads (the resolver needs one) and read and
 * write the descriptors it has.
 *
 *   user       root becomes "suture", "_apt" or "nobody", whichever there is first; never optional
 *   Landlock   no file is written or made, only `readable` is read, no TCP port is bound; where the kernel has it
 *   seccomp    a list of allowed system calls, others fail with EPERM; where the kernel has it
 *
 * Where the kernel lacks one of the two last the other still holds; confinement says what does.
 */
#ifndef WIRE_CONFINE_H
#define WIRE_CONFINE_H

#include <stdint.h>

#include "base/error.h"

struct confine_request {
    const char *const
        *readable; /* files, and folders with all below; ends in NULL; those not there are passed over */
    uint64_t file_size_max; /* no file grows beyond it: a write fails with EFBIG */
};

/* Bits: what holds. */
enum confinement {
    CONFINED_USER = 1,  /* not root, now or before */
    CONFINED_FILES = 2, /* Landlock */
    CONFINED_CALLS = 4, /* seccomp */
    CONFINED_ALL = 7,
};

bool confine(const struct confine_request *request, uint8_t *out, struct error *err) MUST_USE;

#endif
