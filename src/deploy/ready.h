/*
 * Whether a machine can take a plan just now. Everything that can be known beforehand is asked here, so that a run does
 * not find it out between unpacking and configuring: who runs this, whether the packages are still those that the plan was
 * made for, room on every file system that is written, and power.
 *
 * The lock and half-done packages are the installer's (manager/installer.h), the window is of who starts the run.
 */
#ifndef DEPLOY_READY_H
#define DEPLOY_READY_H

#include "model/plan.h"

struct ready_request {
    const struct plan *plan;
    const char *root;  /* "/" */
    const char *state; /* the state folder, absolute */
    const char *power; /* READY_POWER_FOLDER, or NULL: not asked (another root) */
    uint8_t percent_min;
    uint64_t backup_bytes; /* what the backup will take at most */
};

/*
 * ERROR_CONFLICT: packages have changed since the plan was made, or power is short. ERROR_LIMIT: too little room, where
 * and how much. ERROR_SYSTEM: not root, or a file system that cannot be written.
 */
bool ready_check(const struct ready_request *request, struct error *err) MUST_USE;

/* Room that a plan needs: two sums for two places, which may be one file system. For tests. */
struct ready_room {
    uint64_t state; /* package files twice (one copy is dpkg's), and the backup */
    uint64_t root;  /* growth, the largest package unpacked beside its old files, and dpkg's own notes */
};
struct ready_room ready_room_of(const struct plan *plan, uint64_t backup_bytes);

#endif
