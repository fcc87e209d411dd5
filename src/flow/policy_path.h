/*
 * Where the policy that decides is: the one of the repository that is pinned here, once people have signed one and it has
 * taken effect (store/trust_record.h); else policy.yaml in $SUTURE_CONFIG; else, for a user, in $XDG_CONFIG_HOME/suture (by
 * default ~/.config/suture); and for root, and where a user has none, /etc/suture/policy.yaml. Where there is none the
 * built-in policy decides.
 */
#ifndef FLOW_POLICY_PATH_H
#define FLOW_POLICY_PATH_H

#include "evaluate/policy.h"

/* state: the folder of this user's, NULL: none. In the arena; *out is NULL when there is none. */
bool policy_path(const char *state, int64_t now_us, struct arena *arena, const char **out, struct error *err)
    MUST_USE;

/* The policy that decides: the one at `given`, else as above, else the built-in one. `*path` (or NULL) is where it was read; NULL: it is built in. */
bool policy_in_force(const char *given, const char *state, int64_t now_us, struct arena *arena,
                     struct policy *out, const char **path, struct error *err) MUST_USE;

#endif
