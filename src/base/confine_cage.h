/*
 * A cage: what one program is held by that is run on bytes from outside (gpgv on a signature), whoever runs it.
 *
 * All is prepared before the child is made; the child only steps in, by calls that are safe between fork and exec
 * (child_command.enter), and then becomes the program. In it no file can be opened but those named and descriptors that were
 * passed on, none can be written, made or removed, no socket made, no other process made, seen or signalled, and no other
 * program run; root is "suture", "_apt" or "nobody" there. Where the kernel lacks Landlock or seccomp the other still
 * holds, and `holds` says what does: without Landlock what everybody may read can be read.
 */
#ifndef BASE_CONFINE_CAGE_H
#define BASE_CONFINE_CAGE_H

#include "base/confine.h"

struct confine_cage_request {
    const char *program;         /* the very string that is argv[0] of the child */
    const char *const *readable; /* as in struct confine_request */
    uint64_t file_size_max, memory_max;
    uint32_t time_s; /* of a processor */
};

/* OWN(confine_cage_end). */
struct confine_cage {
    int rules;    /* Landlock's; -1: the kernel has none */
    void *filter; /* seccomp's instructions; NULL: the kernel has none */
    uint16_t filter_count;
    unsigned user, group; /* to become; 0: stay who you are */
    struct confine_cage_request request;
    uint8_t holds; /* enum confinement */
};
#define CONFINE_CAGE_NONE ((struct confine_cage){.rules = -1})

bool confine_cage_make(const struct confine_cage_request *request, struct confine_cage *out,
                       struct error *err) MUST_USE;
void confine_cage_end(struct confine_cage *cage);

/* In the child, for child_command.enter; cage: a struct confine_cage. 0, or an errno: then the program must not be run. */
int confine_cage_enter(const void *cage);

#endif
