/*
 * The key that a person means who names none: of those in the configuration's folder keys/ (flow/config_path.h) the only one whose
 * signature would count.
 */
#ifndef CLI_SIGN_KEY_H
#define CLI_SIGN_KEY_H

#include "trust/signing.h"

/* ERROR_ABSENT: none there may sign; ERROR_CONFLICT: several may: --key has to say which. */
bool sign_key_find(const struct signing *signing, struct arena *arena, const char **out, struct error *err)
    MUST_USE;

#endif
