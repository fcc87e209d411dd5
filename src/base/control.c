#include "base/control.h"

const struct control_row controls[CONTROL_COUNT] = {
    [CONTROL_TUF_ROLLBACK] = {"tuf-rollback", "rollback", "metadata older than what was held before"},
};
