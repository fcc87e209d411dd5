/*
 * Giving things up: what a process that meets bytes from outside drops before it reads the first one.
 *
 * After confine() this process cannot run a program (but those of `runnable`), make a process, trace or signal another one, write or make any
 * file (descriptors opened before stay good), read a file outside `readable`, reach a local daemon by its socket, or
 * regain what it gave up; and it dies with its parent. It can start threads and use the descriptors it has; with
 * `network` it can also talk TCP and UDP.
 *
 *   user       root becomes "suture", "_apt" or "nobody", whichever there is first; never optional
 *   Landlock   no file is written or made, only `readable` is read, no TCP port is bound; where the kernel has it
 *   seccomp    a list of allowed system calls, others fail with EPERM; where the kernel has it
 *
 * Where the kernel lacks one of the two last the other still holds; the answer says what does. This is a library of
 * its own, because it needs libseccomp.
 *
 * confine_supervisor() is for the process that stays root, because what it keeps belongs to root, once it has started
 * all helpers that it needs: it keeps its user, but cannot run anything any more, nor make or connect a socket, nor write
 * outside the folders it names, nor load, mount, trace or change the clock.
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct confine_request {
    bool network;
    /* Files, and folders with all below; ends in NULL; what is not there is passed over. */
    const char *const *readable;
    /*
     * Programs that may be run, ends in NULL; NULL: none. They inherit all of this, and what they read and load must be
     * in `readable`. Without Landlock others could be run as well, no less confined.
     */
    const char *const *runnable;
    /* Root's rights that are kept, if they are there: to read what others may not, and to see what others run. */
    bool read_everything; /* CAP_DAC_READ_SEARCH: `readable` still bounds it */
    /*
     * CAP_SYS_PTRACE, to read /proc/PID/maps; tracing itself is no allowed call. Landlock keeps every process from
     * looking at one that is not under it, whatever its rights: so it comes later, by confine_seen, which also gives
     * this right up.
     */
    bool see_processes;
    bool see_addresses;  /* those of this machine: the kernel is asked, nobody else can be reached that way */
    unsigned more_files; /* descriptors over the usual 64 */
    /*
     * A server: it keeps its user (root without root's rights), listens by sockets that it has or makes, talks to local
     * daemons too, writes below `writable`, and outlives its parent, whose end it learns by a socket. Still no program
     * is run, no process made, traced or signalled, and nothing else read.
     */
    bool service;
    const char *const *writable; /* with `service`: folders, ends in NULL */
    uint64_t file_size_max; /* no file grows beyond it: a write fails with EFBIG */
    /*
     * Memory that it may ask for from then on, its threads' stacks included; 0: any. RLIMIT_DATA, not RLIMIT_AS: what
     * malloc only reserves for a thread (64 MiB) and files that are mapped take no memory.
     */
    uint64_t memory_max;
};

/* Bits: what holds. */
enum confinement {
    CONFINED_USER = 1,  /* not root, now or before */
    CONFINED_FILES = 2, /* Landlock */
    CONFINED_CALLS = 4, /* seccomp */
    CONFINED_ALL = 7,
};

/* Whether this kernel has Landlock: built in and not switched off at boot. People are told where it has not. */
bool confine_has_landlock(void);

bool confine(const struct confine_request *request, uint8_t *out, struct error *err) MUST_USE;

/* The rest of a confine() with see_processes, when all processes have been looked at; adds to *held what holds now. */
bool confine_seen(const struct confine_request *request, uint8_t *held, struct error *err) MUST_USE;

/* writable: folders, ends in NULL. CONFINED_USER is set in *out when capabilities were given up; root stays root. */
bool confine_supervisor(const char *const *writable, uint8_t *out, struct error *err) MUST_USE;

#endif
