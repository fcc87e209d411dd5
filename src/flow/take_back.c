#include "flow/take_back.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acquire/trust_check.h"
#include "base/file.h"

/* The same file under a second name costs nothing; nobody writes to either. */
static bool lay_down(const char *from, const char *folder, const char *name, struct arena *arena,
                     struct error *err)
{
    const char *to = file_path(arena, folder, name);

    if (to == NULL)
        return arena_full(arena, err);
    if (unlink(to) != 0 && errno != ENOENT)
        return error_system(err, "%s", to);
    return link(from, to) == 0 || error_system(err, "%s", to);
}

static bool prove(const struct rollback_store *store, const char *kept, const char *packages,
                  struct arena *arena, struct trusted_artifact *out, size_t *count, struct error *err)
{
    *count = 0;
    for (size_t i = 0; i < store->change_count; i++) {
        const struct kept_change *change = &store->changes[i];
        enum trust_refusal refusal;
        if (change->deb.digest.kind == DIGEST_UNKNOWN)
            continue;
        const char *from = rollback_store_deb_path(kept, &change->deb, arena);
        if (from == NULL)
            return arena_full(arena, err);
        const char *name = strrchr(from, '/') + 1;
        const struct trust_kept record = {change->name,       change->arch, change->from, change->deb.size,
                                          change->deb.digest, packages,     name};
        if (!lay_down(from, packages, name, arena, err) ||
            !trust_check_was_installed(&record, arena, &out[*count], &refusal, err))
            return false;
        ++*count;
    }
    return true;
}

bool take_back(const struct take_back_request *request, struct arena *arena, struct rollback_result *out,
               struct error *err)
{
    struct text kept = text_format(arena, "%s/runs/%s/rollback", request->state, request->run);
    struct text packages = text_format(arena, "%s/runs/%s/packages", request->state, request->as);
    struct rollback_store store;
    size_t count;

    if (kept.at == NULL || packages.at == NULL)
        return arena_full(arena, err);
    if (!rollback_store_open(kept.at, request->seal, arena, &store, err) ||
        !file_make_folders(packages.at, 0700, err))
        return false;
    struct trusted_artifact *artifacts = arena_take_array(arena, store.change_count, sizeof(*artifacts));
    if (artifacts == NULL)
        return arena_full(arena, err);
    if (!prove(&store, kept.at, packages.at, arena, artifacts, &count, err))
        return false;
    struct rollback_request rollback = {
        .installer = request->installer,
        .root = request->root,
        .store = &store,
        .seal = request->seal,
        .artifacts = artifacts,
        .artifact_count = count,
    };
    return rollback_run(&rollback, arena, out, err);
}
