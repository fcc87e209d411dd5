#include "flow/take_back.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acquire/trust_check.h"
#include "base/file.h"
#include "store/kept_delta.h"

/* The same file under a second name costs nothing; nobody writes to either. */
static bool lay_down(const char *from, const char *to, struct error *err)
{
    if (unlink(to) != 0 && errno != ENOENT)
        return error_system(err, "%s", to);
    return link(from, to) == 0 || error_system(err, "%s", to);
}

/* suture-execute takes files from the folder of its run alone, and hashes them once more. */
static bool lay_down_all(const struct trusted_artifacts *proved, const char *packages, struct arena *arena,
                         struct trusted_artifact *out, struct error *err)
{
    for (size_t i = 0; i < proved->count; i++) {
        const char *name = strrchr(proved->at[i].path, '/') + 1;
        memcpy(&out[i], &proved->at[i], sizeof(*out));
        out[i].path = file_path(arena, packages, name);
        if (out[i].path == NULL)
            return arena_full(arena, err);
        if (!lay_down(proved->at[i].path, out[i].path, err))
            return false;
    }
    return true;
}

/* Second names of what was unpacked. */
static void drop_unpacked(const struct rollback_store *store, const char *packages, struct arena *arena)
{
    for (size_t i = 0; i < store->change_count; i++) {
        const struct kept_content *plain = &store->changes[i].plain;
        if (plain->digest.kind == DIGEST_UNKNOWN)
            continue;
        const char *path = rollback_store_deb_path(packages, plain, arena);
        if (path != NULL)
            (void)unlink(path);
    }
}

bool take_back(const struct take_back_request *request, struct arena *arena, struct rollback_result *out,
               struct error *err)
{
    struct text kept = text_format(arena, "%s/runs/%s/rollback", request->state, request->run);
    struct text packages = text_format(arena, "%s/runs/%s/packages", request->state, request->as);
    struct trust_way_back way = {.folder = kept.at, .seal = *request->seal};
    struct trusted_artifacts proved;
    enum trust_refusal refusal;
    struct rollback_store store;

    if (kept.at == NULL || packages.at == NULL)
        return arena_full(arena, err);
    /* Deltas become files first: what fails of it fails before anything is changed. */
    if (!rollback_store_open_manifest(kept.at, request->seal, arena, &store, err) ||
        !kept_delta_unpack_all(kept.at, &store, arena, err) ||
        !trust_check_installed(&way, arena, &proved, &refusal, err) ||
        !file_make_folders(packages.at, 0700, err))
        return false;
    struct trusted_artifact *artifacts = arena_take_array(arena, proved.count, sizeof(*artifacts));
    if (artifacts == NULL)
        return arena_full(arena, err);
    if (!lay_down_all(&proved, packages.at, arena, artifacts, err))
        return false;
    struct rollback_request rollback = {
        .installer = request->installer,
        .root = request->root,
        .store = &store,
        .folder = kept.at,
        .seal = request->seal,
        .artifacts = artifacts,
        .artifact_count = proved.count,
    };
    if (!rollback_run(&rollback, arena, out, err))
        return false;
    /* Unpacked they are large, and nobody wants them any more; that they stay is no failure of what was done. */
    struct error ignored;
    if (out->done && kept_delta_pack_all(kept.at, &store, arena, &ignored))
        drop_unpacked(&store, packages.at, arena);
    return true;
}
