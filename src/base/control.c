#include "base/control.h"

const struct control_row controls[CONTROL_COUNT] = {
    [CONTROL_TUF_ROLLBACK] = {"tuf-rollback", "rollback", "metadata older than what was held before"},
    [CONTROL_TUF_FREEZE] = {"tuf-freeze", "freeze", "metadata that has expired"},
    [CONTROL_TUF_MIX_AND_MATCH] = {"tuf-mix-and-match", "mix-and-match",
                                   "metadata that is not the file which its namer lists"},
    [CONTROL_TUF_DIAMOND] = {"tuf-diamond", "diamond", "a role that was verified for another delegator"},
    [CONTROL_TUF_ENDLESS] = {"tuf-endless-data", "endless-data", "metadata longer than is signed or may be"},
    [CONTROL_TUF_TARGET_HASH] = {"tuf-target-hash", "mix-and-match",
                                 "a target that is not the file whose hash is signed"},
};
