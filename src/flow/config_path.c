#include "flow/config_path.h"

#include "base/file.h"
#include "base/os.h"

/* Of this user; at == NULL: none is named, or memory is out. *told: SUTURE_CONFIG names it. */
static struct text own_folder(struct arena *arena, bool *told)
{
    const char *named = os_environment("SUTURE_CONFIG");
    const char *config = os_environment("XDG_CONFIG_HOME"), *home = os_environment("HOME");

    *told = named != NULL && named[0] == '/';
    if (*told)
        return text_format(arena, "%s", named);
    if (os_is_root())
        return text_format(arena, "/etc/suture");
    if (config != NULL && config[0] == '/')
        return text_format(arena, "%s/suture", config);
    return home != NULL && home[0] == '/' ? text_format(arena, "%s/.config/suture", home) : (struct text){0};
}

bool config_folder(struct arena *arena, const char **out, struct error *err)
{
    bool told;
    const struct text folder = own_folder(arena, &told);

    *out = folder.at;
    return *out != NULL || error_set(err, ERROR_ABSENT, "HOME is not set: where is the configuration?");
}

bool config_path(const char *name, struct arena *arena, const char **out, struct error *err)
{
    bool told;
    const struct text folder = own_folder(arena, &told);
    const struct text system = text_format(arena, "/etc/suture/%s", name);
    const struct text own = folder.at == NULL ? system : text_format(arena, "%s/%s", folder.at, name);

    if (own.at == NULL || system.at == NULL)
        return arena_full(arena, err);
    *out = NULL;
    if (file_exists(own.at))
        *out = own.at;
    else if (!told && file_exists(system.at))
        *out = system.at;
    return true;
}
