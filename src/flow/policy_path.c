#include "flow/policy_path.h"

#include "base/file.h"
#include "flow/config_path.h"
#include "store/trust_record.h"

/* A policy that is in force and not there is an error: nobody may take another one for it. */
static bool signed_path(const char *state, int64_t now_us, struct arena *arena, const char **out,
                        struct error *err)
{
    struct trust_record record;
    char hex[DIGEST_HEX_MAX + 1];
    bool found = false;

    *out = NULL;
    if (!trust_record_read(state, arena, &record, &found, err))
        return false;
    const struct trust_file *policy = found ? trust_record_policy(&record, now_us) : NULL;
    if (policy == NULL)
        return true;
    digest_hex(&policy->digest, hex);
    *out = text_format(arena, "%s/trust/policy/%s.yaml", state, hex).at;
    if (*out == NULL)
        return arena_full(arena, err);
    return file_exists(*out) ||
           error_set(err, ERROR_ABSENT, "%s: the repository's policy is gone; suture trust refresh", *out);
}

bool policy_path(const char *state, int64_t now_us, struct arena *arena, const char **out, struct error *err)
{
    if (!signed_path(state, now_us, arena, out, err))
        return false;
    return *out != NULL || config_path("policy.yaml", arena, out, err);
}

bool policy_in_force(const char *given, const char *state, int64_t now_us, struct arena *arena,
                     struct policy *out, const char **path, struct error *err)
{
    const char *found = given;

    if (found == NULL && !policy_path(state, now_us, arena, &found, err))
        return false;
    if (path != NULL)
        *path = found;
    *out = policy_built_in;
    return found == NULL || policy_read(found, ZONE_FOLDER, arena, out, err);
}
