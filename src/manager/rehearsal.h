/*
 * A throw-away copy of the system, in which packages are installed to see what would happen.
 *
 *     the root          an overlay: what is written lies in the work folder and is removed at the end; each file system that
 *                       is mounted below it (/usr, /var, /boot, ...) gets an overlay of its own
 *     /run /tmp /dev    new and empty, but for the few devices that every program wants; so no socket of the host is there
 *     /proc             of these processes alone, its switches read-only; /sys read-only
 *     the rest          own process numbers, no network, own host name and IPC; no right to mount, make devices, load
 *                       modules, trace, change the clock; services are not started (policy-rc.d says 101)
 *
 * Processes that are left when the last command has ended are killed with it. Only suture-execute links this.
 */
#ifndef MANAGER_REHEARSAL_H
#define MANAGER_REHEARSAL_H

#include "manager/dpkg_commands.h"

/* Where the package files lie inside: REHEARSAL_WORK/packages/HEX.deb. */
#define REHEARSAL_WORK "/run/suture-rehearsal"

struct rehearsal {
    const char *root;                    /* "/" or another one */
    const char *work;                    /* a folder of ours; `rehearsal` in it is made and removed */
    const char *packages;                /* folder of package files, seen read-only inside */
    int output;                          /* what the commands write goes here */
    const struct dpkg_command *commands; /* with paths as seen inside */
    size_t command_count;                /* all are run, one after the other */
    /* Before the last one, which tells what came of it, a line of EXECUTE_STATES_LINE is written. */
};

/*
 * *status: of the command before the last. ERROR_ABSENT: not allowed here, and what was refused. ERROR_LIMIT: it
 * took too long and was ended.
 */
bool rehearsal_run(const struct rehearsal *rehearsal, uint32_t *status, struct error *err) MUST_USE;

#endif
