/*
 * What the policy wants done before a machine is changed: programs that bring something to safety (dump a database), and
 * a backup that must not be too old. deploy/precaution.h does it.
 */
#ifndef MODEL_PRECAUTION_H
#define MODEL_PRECAUTION_H

#include "base/bytes.h"

#define PRECAUTION_HOOKS_MAX 16
#define PRECAUTION_LIMIT_MS  60000 /* where the policy says nothing */

struct precaution_hook {
    struct text command; /* the program's absolute path, and words; no shell reads it */
    uint32_t limit_ms;
};

/* How the answer of the backup's command is read. */
enum backup_kind {
    BACKUP_NONE,    /* no backup is asked for */
    BACKUP_RESTIC,  /* restic snapshots --json */
    BACKUP_BORG,    /* borg info --json --last 1 REPOSITORY, or borg list --json */
    BACKUP_COMMAND, /* its first line is the time of the last backup, as ISO 8601 has it */
    BACKUP_KIND_COUNT
};
const char *backup_kind_name(enum backup_kind kind); /* "restic", "borg", "command"; NONE: "none" */

struct precautions {
    const struct precaution_hook *hooks; /* run in this order */
    size_t hook_count;
    enum backup_kind backup;
    struct text backup_command;
    int64_t backup_age_max_us;
};

#endif
