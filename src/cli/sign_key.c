#include "cli/sign_key.h"

#include <string.h>

#include "base/file.h"
#include "flow/config_path.h"
#include "trust/public_file.h"

#define FILES_MAX 4096

/* The private half beside a public one whose signature would count; NULL: none. */
static const char *usable(const struct signing *signing, const char *folder, struct text name,
                          struct arena *arena)
{
    const struct tuf_key *role_key = NULL;
    struct tuf_key key;
    struct error why;
    char *path = file_path(arena, folder, name.at);
    struct text suffix = TEXT(SIGNER_PUBLIC_SUFFIX);

    /* Other programs' keys are called so too. */
    if (path == NULL || !text_ends(name, suffix) || !public_file_read(path, arena, &key, &why) ||
        !signing_find_key(signing, &key, &role_key, &why))
        return NULL;
    path[strlen(path) - suffix.size] = 0;
    return file_exists(path) ? path : NULL;
}

bool sign_key_find(const struct signing *signing, struct arena *arena, const char **out, struct error *err)
{
    const char *folder = NULL, *found = NULL;
    struct file_names names;

    if (!config_path("keys", arena, &folder, err))
        return false;
    if (folder == NULL)
        return error_set(err, ERROR_ABSENT, "--key is missing, and there is no folder of keys to look in");
    if (!file_list(folder, FILES_MAX, arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = usable(signing, folder, names.names[i], arena);
        if (path != NULL && found != NULL)
            return error_set(err, ERROR_CONFLICT, "--key is missing: %s or %s?", found, path);
        found = path != NULL ? path : found;
    }
    if (found == NULL)
        return error_set(err, ERROR_ABSENT, "--key is missing, and no key in %s could sign this", folder);
    *out = found;
    return true;
}
