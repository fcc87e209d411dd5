#include "cli/signed_for.h"

#include "store/floors.h"
#include "store/state.h"

#define KIND TEXT("signed-for")

static bool read_file(enum state_use use, struct arena *arena, const char **path, struct floors **out,
                      struct error *err)
{
    const char *folder = NULL;
    struct state state;

    if (!state_folder(arena, &folder, err) || !state_open(folder, use, &state, err))
        return false;
    *path = state_path(&state, arena, "signed-for");
    return *path == NULL ? arena_full(arena, err) : floors_read(*path, arena, out, err);
}

bool signed_for_known(const struct signing *signing, struct arena *arena, bool *known, struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct floors *floors = NULL;
    const char *path = NULL;

    *known = true;
    if (signing->first_root.kind == DIGEST_UNKNOWN)
        return true;
    if (!read_file(STATE_READ, arena, &path, &floors, err)) {
        *known = false;
        return err->kind == ERROR_ABSENT;
    }
    digest_hex(&signing->first_root, hex);
    *known = floors_get(floors, KIND, text_of(hex)) != TIME_ABSENT;
    return true;
}

bool signed_for_remember(const struct signing *signing, struct arena *arena, struct error *err)
{
    int64_t made_us = tree_made_us(signing->metadata);
    char hex[DIGEST_HEX_MAX + 1];
    struct floors *floors = NULL;
    const char *path = NULL;

    if (signing->first_root.kind == DIGEST_UNKNOWN)
        return true;
    digest_hex(&signing->first_root, hex);
    /* One that does not say when it was made is of the beginning: known, and no later. */
    return read_file(STATE_WRITE, arena, &path, &floors, err) &&
           floors_raise(floors, KIND, text_of(hex), made_us == TIME_ABSENT ? 0 : made_us, err) &&
           floors_write(floors, path, err);
}
