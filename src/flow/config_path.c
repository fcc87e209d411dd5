#include "flow/config_path.h"

#include "base/file.h"
#include "base/os.h"

bool config_path(const char *name, struct arena *arena, const char **out, struct error *err)
{
    const char *named = os_environment("SUTURE_CONFIG");
    const char *config = os_environment("XDG_CONFIG_HOME"), *home = os_environment("HOME");
    struct text system = text_format(arena, "/etc/suture/%s", name), own = system;
    bool told = named != NULL && named[0] == '/';

    if (told)
        own = text_format(arena, "%s/%s", named, name);
    else if (!os_is_root() && config != NULL && config[0] == '/')
        own = text_format(arena, "%s/suture/%s", config, name);
    else if (!os_is_root() && home != NULL && home[0] == '/')
        own = text_format(arena, "%s/.config/suture/%s", home, name);
    if (own.at == NULL || system.at == NULL)
        return arena_full(arena, err);
    *out = NULL;
    if (file_exists(own.at))
        *out = own.at;
    else if (!told && file_exists(system.at))
        *out = system.at;
    return true;
}
