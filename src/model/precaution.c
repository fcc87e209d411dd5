#include "model/precaution.h"

const char *backup_kind_name(enum backup_kind kind)
{
    static const char *const names[BACKUP_KIND_COUNT] = {
        [BACKUP_NONE] = "none",
        [BACKUP_RESTIC] = "restic",
        [BACKUP_BORG] = "borg",
        [BACKUP_COMMAND] = "command",
    };

    return names[(unsigned)kind < BACKUP_KIND_COUNT ? kind : BACKUP_NONE];
}
