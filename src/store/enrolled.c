#include "store/enrolled.h"

#include "base/file.h"

bool enrolled_here(const char *state, struct arena *arena, bool *out, struct error *err)
{
    const char *path = state == NULL ? NULL : file_path(arena, state, ENROLLED_FILE);

    if (state != NULL && path == NULL)
        return arena_full(arena, err);
    *out = path != NULL && file_exists(path);
    return true;
}
