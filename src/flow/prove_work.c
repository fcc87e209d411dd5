#include "flow/prove_work.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/vendor.h"
#include "manager/deb_file.h"
#include "manager/managers.h"
#include "model/refusal.h"

bool prove_work_lists(const struct prove_lists_question *question, struct arena *arena,
                      struct vouched_records *out, struct error *err)
{
    const char *root = text_string(arena, question->root);
    const char *state = text_string(arena, question->state);
    const char *publishers = text_string(arena, question->publishers);
    struct manager_request request = {.root = root, .now_us = question->now_us, .verify_now = true};
    struct vendor_floors floors;

    if (root == NULL || state == NULL || publishers == NULL)
        return arena_full(arena, err);
    if (!vendor_request(state[0] != 0 ? state : NULL, publishers, &floors, arena, &request, err))
        return false;
    const struct manager *manager = managers_of(root);
    if (manager == NULL || manager->vouch == NULL)
        return error_set(err, ERROR_ABSENT, "%s: no package manager is known here", root);
    return manager->vouch(&request, question->packages, arena, out, err);
}

static bool copy_claim(const struct deb_file *deb, struct arena *arena, struct package_claim *out,
                       struct error *err)
{
    struct package_claim claim = {text_copy(arena, deb->package), text_copy(arena, deb->arch),
                                  text_copy(arena, deb->version)};

    if (claim.name.at == NULL || claim.arch.at == NULL || claim.version.at == NULL)
        return arena_full(arena, err);
    *out = claim;
    return true;
}

bool prove_work_name_bomb(struct error *err)
{
    return err->kind == ERROR_LIMIT ? error_at(err, "%s", trust_refusal_name(TRUST_ENDLESS_DATA)) : false;
}

bool prove_work_package(int fd, struct arena *arena, struct package_claim *out, struct error *err)
{
    OWN(arena_end) struct arena own = arena_with(2 * LIMIT_DEB_CONTROL);
    OWN(file_unmap) struct file_map map = {0};
    struct deb_file deb;

    if (!file_map_fd(fd, LIMIT_DEB_FILE, &map, err) || !deb_file_read_control(map.bytes, &own, &deb, err))
        return prove_work_name_bomb(err);
    return copy_claim(&deb, arena, out, err);
}
