#include "agent/agent.h"

#include "base/limits.h"
#include "base/os.h"

bool agent_path(const struct agent *agent, const char *name, const char **out, struct error *err)
{
    *out = agent_state_path(&agent->state, agent->arena, name);
    return *out != NULL || arena_full(agent->arena, err);
}

bool agent_open(struct agent *agent, struct arena *arena, struct error *err)
{
    struct agent got = {.arena = arena, .now_us = time_now_us()};
    const char *folder;

    if (!state_folder(arena, &folder, err) || !state_open(folder, STATE_WRITE, &got.state, err) ||
        !agent_state_read(&got.state, arena, &got.enrolled, err) ||
        !agent_settings_read(arena, &got.settings, err) ||
        !os_helper(arena, "suture-link", &got.link_program, err) ||
        !os_helper(arena, "suture-fetch", &got.fetch_program, err) ||
        !os_helper(arena, "suture", &got.program, err))
        return false;
    agent_memory_read(&got.state, arena, &got.memory);
    *agent = got;
    return true;
}

bool agent_keep(const struct agent *agent, struct error *err)
{
    return agent_memory_write(&agent->state, agent->arena, &agent->memory, err);
}

bool agent_link(const struct agent *agent, struct link *out, struct error *err)
{
    struct link_place place = {
        .program = agent->link_program, .server = agent->enrolled.server, .proxy = agent->settings.proxy};

    return agent_path(agent, "ca.pem", &place.ca, err) &&
           agent_path(agent, "identity.pem", &place.identity, err) &&
           link_open(&place, agent->arena, out, err);
}

bool agent_link_plain(const struct agent *agent, struct link *out, struct error *err)
{
    const struct link_place place = {
        .program = agent->link_program, .server = agent->enrolled.server, .proxy = agent->settings.proxy};

    return link_open(&place, agent->arena, out, err);
}
