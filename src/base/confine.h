/*
 * Giving things up: what a process that meets bytes from outside drops before it reads the first one.
 *
 * After confine() this process cannot run a program, make a process, trace or signal another one, write or make any
 * file (descriptors opened before stay good), read a file outside `readable`, reach a local daemon by its socket, or
 * regain what it gave up; and it dies with its parent. It can start threads and use the descriptors it has; with
 * `network` it can also talk TCP and UDP.
 *
 *   user       root becomes "suture", "_apt" or "nobody", whichever there is first; never optional
 *   Landlock   no file is written or made, only `readable` is read, no TCP port is bound; where the kernel has it
 *   seccomp    a list of allowed system calls, others fail with EPERM; where the kernel has it
 *
 * Where the kernel lacks one of the two last the other still holds; the answer says what does. This is a library of
 * its own, because it needs libseccomp: only the helper programs link it.
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdint.h>

#include "base/error.h"

struct confine_request {
    bool network;
    /* Files, and folders with all below; ends in NULL; what is not there is passed over. */
    const char *const *readable;
    unsigned more_files;    /* descriptors over the usual 64 */
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
