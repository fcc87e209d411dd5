#include "agent/advisories.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/generation_bundle.h"
#include "wire/fetch.h"

#define BUNDLE_NAME "advisories"

/* A metered network has a budget for a day; on any other only the rate counts. */
static bool check_budget(const struct agent *agent, uint64_t size, struct error *err)
{
    uint64_t left = agent->settings.metered_budget > agent->memory.bytes_down
                        ? agent->settings.metered_budget - agent->memory.bytes_down
                        : 0;

    return !agent->memory.metered || size <= left ||
           error_set(err, ERROR_LIMIT, "%llu bytes on a metered network, and %llu are left for today",
                     (unsigned long long)size, (unsigned long long)left);
}

static bool check_digest(const char *path, const struct fleet_plan *plan, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct digest digest;

    if (!file_map(path, LIMIT_STATE_FILE, &map, err) || !digest_bytes(DIGEST_SHA256, map.bytes, &digest, err))
        return false;
    return digest_equal(&digest, &plan->advisories_digest) ||
           error_set(err, ERROR_TRUST, "the advisories are not those that the plan names");
}

static bool put_into_use(const struct agent *agent, const char *path, struct error *err)
{
    OWN(state_change_end) struct state_change change = {.lock = -1};

    return state_change_begin(&agent->state, agent->arena, &change, err) &&
           generation_bundle_read(path, &change, err) && state_change_commit(&change, err);
}

bool advisories_fetch(struct agent *agent, const struct fleet_plan *plan, struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct fetch_request request = {
        .program = agent->fetch_program, .name = BUNDLE_NAME, .size_limit = plan->advisories_size};
    const struct fetch_batch batch = {.requests = &request,
                                      .count = 1,
                                      .rate_max = agent_settings_rate_now(&agent->settings, agent->now_us)};
    struct fetch_done done;

    digest_hex(&plan->advisories_digest, hex);
    request.url =
        text_format(agent->arena, "%.*s" AGENT_PATH_CONTENT "%s", TEXT_ARG(agent->enrolled.content), hex);
    if (request.url.at == NULL)
        return arena_full(agent->arena, err);
    if (!check_budget(agent, plan->advisories_size, err) ||
        !state_make_folder(&agent->state, agent->arena, AGENT_STATE_FOLDER "/spool", &request.spool, err) ||
        !fetch_run_batch(&batch, agent->arena, &done, err))
        return false;
    if (done.failed.kind != ERROR_NONE) {
        *err = done.failed;
        return false;
    }
    agent->memory.bytes_down += done.result.size;
    bool taken = check_digest(done.result.path, plan, err) && put_into_use(agent, done.result.path, err);
    if (taken)
        agent->memory.advisories = plan->advisories;
    struct error ignored;
    (void)!fetch_drop(request.spool, BUNDLE_NAME, &ignored);
    return taken;
}
