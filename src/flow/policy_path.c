#include "flow/policy_path.h"

#include "flow/config_path.h"

bool policy_path(struct arena *arena, const char **out, struct error *err)
{
    return config_path("policy.yaml", arena, out, err);
}

bool policy_in_force(const char *given, struct arena *arena, struct policy *out, const char **path,
                     struct error *err)
{
    const char *found = given;

    if (found == NULL && !policy_path(arena, &found, err))
        return false;
    if (path != NULL)
        *path = found;
    *out = policy_built_in;
    return found == NULL || policy_read(found, ZONE_FOLDER, arena, out, err);
}
