#include "agent/machine.h"

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/ready_power.h"
#include "flow/status.h"
#include "store/journal.h"
#include "store/takeover.h"

#define WORK_MAGIC      "SUTRWRK1"
#define WORK_MAGIC_SIZE 8
#define NMCLI           "/usr/bin/nmcli"
#define NMCLI_TIME_MS   3000

/* ---- the last look ---- */

/* Of this program and this machine alone, as store/agent_state.h's memory is. */
void machine_work_read(const struct agent *agent, struct machine_work *out)
{
    struct error ignored;
    struct bytes raw;
    const char *path;

    *out = (struct machine_work){0};
    if (agent_path(agent, "work", &path, &ignored) && file_read(path, KIB, agent->arena, &raw, &ignored) &&
        raw.size == WORK_MAGIC_SIZE + sizeof(*out) && memcmp(raw.at, WORK_MAGIC, WORK_MAGIC_SIZE) == 0)
        memcpy(out, raw.at + WORK_MAGIC_SIZE, sizeof(*out));
    if (out->level >= AGENT_LEVEL_COUNT)
        out->level = AGENT_LEVEL_UNKNOWN;
}

bool machine_work_write(const struct agent *agent, const struct machine_work *work, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(KIB);
    struct bytes raw;
    const char *path;

    writer_string(&w, WORK_MAGIC);
    writer_put(&w, (struct bytes){(const uint8_t *)work, sizeof(*work)});
    return writer_done(&w, &raw, err) && agent_path(agent, "work", &path, err) &&
           file_replace_cache(path, raw, 0600, err);
}

/* ---- flags ---- */

static bool run_is_open(const struct agent *agent)
{
    OWN(journal_close) struct journal journal = {0};
    const char *path = state_path(&agent->state, agent->arena, JOURNAL_FILE);
    struct error ignored;
    struct run run;

    return path != NULL && journal_open(path, JOURNAL_READ, &journal, &ignored) &&
           journal_get_open(&journal, agent->arena, &run, &ignored);
}

static bool updaters_are_held(const struct agent *agent)
{
    const char *path = state_path(&agent->state, agent->arena, "takeover");
    struct takeover takeover;
    struct error ignored;

    return path != NULL && takeover_read(path, agent->arena, &takeover, &ignored) &&
           takeover.phase == TAKEOVER_TAKEN;
}

bool machine_look(const struct agent *agent, struct machine_look *out, struct error *err)
{
    struct machine_look look = {0};
    struct ready_power power;

    if (!ready_power_look(READY_POWER_FOLDER, &power, err))
        return false;
    machine_work_read(agent, &look.work);
    look.flags =
        (look.work.reboot ? AGENT_REBOOT_NEEDED : 0) | (run_is_open(agent) ? AGENT_RUN_UNDER_WAY : 0) |
        (power.battery && !power.mains ? AGENT_ON_BATTERY : 0) | (agent->memory.metered ? AGENT_METERED : 0) |
        (agent->memory.safe_lane ? AGENT_IN_SAFE_LANE : 0) |
        (updaters_are_held(agent) ? AGENT_UPDATERS_HELD : 0);
    *out = look;
    return true;
}

/* ---- the network ---- */

bool machine_is_metered(const struct agent *agent)
{
    static const char *const argv[] = {NMCLI,    "-t",   "-g", "GENERAL.STATE,GENERAL.METERED",
                                       "device", "show", NULL};
    const struct child_command command = {
        .argv = argv, .timeout_ms = NMCLI_TIME_MS, .output_limit = LIMIT_CHILD_OUTPUT};
    OWN(arena_end) struct arena arena = arena_with(4 * LIMIT_CHILD_OUTPUT);
    struct child_result result;
    struct error ignored;

    if (agent->settings.metered != METERED_AUTO)
        return agent->settings.metered == METERED_YES;
    if (!file_exists(NMCLI) || !child_run(&command, &arena, &result, &ignored) || result.status != 0)
        return false;
    /* A line of each device's state and one of its meter, "yes (guessed)"; what is not connected says unknown. */
    struct text rest = {(const char *)result.output.at, result.output.size}, line;
    while (text_cut(&rest, '\n', &line))
        if (text_starts(line, TEXT("yes")))
            return true;
    return false;
}
