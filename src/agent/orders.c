#include "agent/orders.h"

#include <stdio.h>

#include "agent/advisories.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "flow/trust_refresh.h"
#include "trust/signature.h"

/* ---- the plan ---- */

static bool open_plan(const struct agent *agent, struct bytes raw, struct fleet_plan *out, struct error *err)
{
    struct bytes json;

    if (!fleet_plan_open(raw, agent->enrolled.plan_key, &json, err) ||
        !fleet_plan_parse(json, agent->arena, out, err))
        return false;
    return memcmp(out->fleet.at, agent->enrolled.fleet, sizeof(out->fleet.at)) == 0 ||
           error_set(err, ERROR_TRUST, "plan: is another fleet's");
}

bool orders_plan(const struct agent *agent, struct fleet_plan *out, bool *found, struct error *err)
{
    struct bytes raw;
    const char *path;

    *found = false;
    if (!agent_path(agent, "plan", &path, err))
        return false;
    if (!file_exists(path))
        return true;
    if (!file_read(path, AGENT_PLAN_MAX, agent->arena, &raw, err) || !open_plan(agent, raw, out, err))
        return false;
    *found = true;
    return true;
}

/* rollback: whoever stands in for the server shows the plan of yesterday. */
static bool take_plan(struct agent *agent, struct bytes raw, struct error *err)
{
    struct fleet_plan plan, held;
    struct error ignored;
    const char *path;
    bool found;

    if (!open_plan(agent, raw, &plan, err))
        return false;
    /* Held against the plan on the disk, which is durable; what turns remember need not be. One that is broken holds nobody back. */
    if (orders_plan(agent, &held, &found, &ignored) && found && plan.generation < held.generation)
        return error_set(err, ERROR_TRUST, "rollback: plan %llu, and %llu was here",
                         (unsigned long long)plan.generation, (unsigned long long)held.generation);
    if (!agent_path(agent, "plan", &path, err) || !file_replace(path, raw, 0600, err))
        return false;
    agent->memory.plan = plan.generation;
    return true;
}

bool orders_fetch_plan(struct agent *agent, struct link *link, struct error *err)
{
    char path[sizeof(AGENT_PATH_PLAN) + 24];
    struct link_request request = {.method = LINK_GET, .path = path, .answer_max = AGENT_PLAN_MAX};
    struct link_answer answer;

    if (agent->memory.plan_wanted <= agent->memory.plan)
        return true;
    (void)snprintf(path, sizeof(path), AGENT_PATH_PLAN "%llu", (unsigned long long)agent->memory.plan_wanted);
    if (!link_request(link, &request, &answer, err))
        return false;
    agent->memory.bytes_down += answer.body.size;
    return answer.status == 200 ? take_plan(agent, answer.body, err) : link_refused("plan", &answer, err);
}

bool orders_fetch_advisories(struct agent *agent, struct error *err)
{
    struct fleet_plan plan;
    bool found;

    if (!orders_plan(agent, &plan, &found, err))
        return false;
    if (!found || plan.advisories <= agent->memory.advisories)
        return true;
    return advisories_fetch(agent, &plan, err);
}

/* ---- what people signed ---- */

bool orders_refresh(struct agent *agent, struct error *err)
{
    struct trust_settings settings;
    struct trust_record record;

    if (!trust_settings_in_force(agent->arena, &settings, err))
        return false;
    if (settings.repository.size == 0)
        return error_set(err, ERROR_ABSENT, "no repository is pinned here");
    const struct trust_refresh_request request = {.state = &agent->state,
                                                  .settings = &settings,
                                                  .fetch_program = agent->fetch_program,
                                                  .now_us = agent->now_us};
    if (!trust_refresh(&request, agent->arena, &record, err))
        return false;
    return record.problem.size == 0 || error_set(err, ERROR_CONFLICT, "%.*s", TEXT_ARG(record.problem));
}

/* ---- the pulse ---- */

static bool check_pulse(const struct agent *agent, struct bytes raw, struct agent_pulse *out,
                        struct error *err)
{
    struct signature signature;
    struct public_key key;

    if (!agent_pulse_parse(raw, out, err))
        return false;
    memcpy(signature.at, out->signature, sizeof(signature.at));
    memcpy(key.at, agent->enrolled.plan_key, sizeof(key.at));
    if (!signature_verify(&key, (struct bytes){raw.at, AGENT_PULSE_SIGNED}, &signature, err))
        return error_at(err, "pulse");
    if (memcmp(out->fleet.at, agent->enrolled.fleet, sizeof(out->fleet.at)) != 0 ||
        out->ring != agent->enrolled.ring)
        return error_set(err, ERROR_TRUST, "pulse: is another fleet's, or of another ring");
    return true;
}

static enum orders_pulse take_pulse(struct agent *agent, const struct agent_pulse *pulse)
{
    struct agent_memory *memory = &agent->memory;
    bool news = pulse->generation > memory->pulse;

    if (!news) /* an old one from a mirror that is behind: what it says was heard */
        return PULSE_NOTHING;
    memory->pulse = pulse->generation;
    memory->pulsed_us = pulse->made_us;
    if (pulse->plan > memory->plan_wanted)
        memory->plan_wanted = pulse->plan;
    if (pulse->repository > memory->repository_wanted)
        memory->repository_wanted = pulse->repository;
    return pulse->urgency == AGENT_URGENCY_NOW ? PULSE_URGENT : PULSE_NEW;
}

static bool ask_pulse(struct agent *agent, struct link_answer *answer, struct error *err)
{
    OWN(link_close) struct link link = {.helper = HELPER_NONE};
    struct text url = text_format(agent->arena, "%.*s" AGENT_PATH_PULSE "%u",
                                  TEXT_ARG(agent->enrolled.content), agent->enrolled.ring);
    struct link_request request = {.method = LINK_GET,
                                   .path = url.at,
                                   .plain = true,
                                   .answer_max = AGENT_SMALL_MAX,
                                   .if_none_match = text_of((const char *)agent->memory.pulse_etag)};

    if (url.at == NULL)
        return arena_full(agent->arena, err);
    return agent_link_plain(agent, &link, err) && link_request(&link, &request, answer, err);
}

enum orders_pulse orders_pulse(struct agent *agent)
{
    struct agent_memory *memory = &agent->memory;
    struct link_answer answer;
    struct agent_pulse pulse;
    struct error why = {0};

    if (!ask_pulse(agent, &answer, &why) || answer.status == 304)
        return PULSE_NOTHING;
    agent->memory.bytes_down += answer.body.size;
    if (answer.status != 200 || !check_pulse(agent, answer.body, &pulse, &why)) {
        log_line(LOG_DEBUG, "agent", "no pulse that can be believed: %u %s", answer.status, why.text);
        return PULSE_NOTHING;
    }
    /* The ETag of what was believed: anybody's else would keep the true one away. */
    if (answer.etag.size < sizeof(memory->pulse_etag)) {
        memset(memory->pulse_etag, 0, sizeof(memory->pulse_etag));
        memcpy(memory->pulse_etag, answer.etag.at, answer.etag.size);
    }
    return take_pulse(agent, &pulse);
}
