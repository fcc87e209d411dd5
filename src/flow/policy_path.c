#include "flow/policy_path.h"

#include "base/file.h"
#include "base/os.h"

#define SYSTEM_FILE "/etc/suture/policy.yaml"

bool policy_path(struct arena *arena, const char **out, struct error *err)
{
    const char *named = os_environment("SUTURE_CONFIG");
    const char *config = os_environment("XDG_CONFIG_HOME"), *home = os_environment("HOME");
    struct text own = TEXT(SYSTEM_FILE);

    if (named != NULL && named[0] == '/')
        own = text_format(arena, "%s/policy.yaml", named);
    else if (!os_is_root() && config != NULL && config[0] == '/')
        own = text_format(arena, "%s/suture/policy.yaml", config);
    else if (!os_is_root() && home != NULL && home[0] == '/')
        own = text_format(arena, "%s/.config/suture/policy.yaml", home);
    if (own.at == NULL)
        return arena_full(arena, err);
    *out = NULL;
    if (file_exists(own.at))
        *out = own.at;
    else if ((named == NULL || named[0] != '/') && file_exists(SYSTEM_FILE))
        *out = SYSTEM_FILE;
    return true;
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
