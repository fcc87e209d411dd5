#include "agent/work.h"

#include <stdio.h>

#include "agent/machine.h"
#include "agent/orders.h"
#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/crisis_hold.h"
#include "flow/plan_run.h"
#include "flow/status.h"
#include "flow/unattended.h"

#define REFRESH_US  (6 * TIME_HOUR_US)
#define STAMP       "refreshed"
#define APT_GET     "/usr/bin/apt-get"
#define APPLY_WORDS 5 /* suture apply --yes --limit-rate RATE; then names */

/* ---- what decisions stand on ---- */

static void run_child(const char *name, const char *const *argv)
{
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                                              "HOME=/root", "DEBIAN_FRONTEND=noninteractive", NULL};
    OWN(arena_end) struct arena arena = arena_with(4 * LIMIT_CHILD_OUTPUT);
    const struct child_command command = {.argv = argv,
                                          .environment = environment,
                                          .timeout_ms = LIMIT_FETCH_TIME_MS,
                                          .output_limit = LIMIT_CHILD_OUTPUT};
    struct child_result result;
    struct error why = {0};

    if (!child_run(&command, &arena, &result, &why))
        log_line(LOG_WARNING, "agent", "%s: %s", name, why.text);
    else if (result.status != 0)
        log_line(LOG_WARNING, "agent", "%s failed (%d): what is there already decides", name, result.status);
}

static bool is_fresh(const char *stamp, int64_t now_us)
{
    struct file_identity file;
    struct error absent;

    if (!file_identify(stamp, &file, &absent))
        return false;
    int64_t age_us = now_us - file.mtime_ns / 1000;
    return age_us >= 0 && age_us < REFRESH_US;
}

/* Lists of the vendors; advisories come by the plan, and from the feeds where the fleet has none. A new order asks at once. */
static bool refresh(const struct agent *agent, bool at_once, struct error *err)
{
    const char *const lists[] = {APT_GET, "update", "-q", NULL};
    const char *const feeds[] = {agent->program, "feed", "update", NULL};
    const char *stamp = state_path(&agent->state, agent->arena, STAMP);

    if (stamp == NULL)
        return arena_full(agent->arena, err);
    if (!at_once && is_fresh(stamp, agent->now_us))
        return true;
    if (file_exists(APT_GET))
        run_child("apt-get update", lists);
    if (agent->memory.advisories == 0)
        run_child("suture feed update", feeds);
    return file_replace_cache(stamp, (struct bytes){0}, 0600, err);
}

/* ---- orders of the plan ---- */

struct orders {
    struct fleet_plan plan;
    bool found;
    uint64_t hash; /* of those in force */
};

static bool order_holds(const struct fleet_now *now, int64_t now_us)
{
    return now->made_us <= now_us + TIME_HOUR_US && now_us < now->ends_us;
}

static bool read_orders(const struct agent *agent, struct orders *out, struct error *err)
{
    *out = (struct orders){0};
    /* A machine in the safe lane obeys people's signatures alone, and a server back from a backup is not believed by its word alone. */
    if (agent->memory.safe_lane || (agent->memory.wishes & AGENT_SERVER_QUARANTINED) != 0)
        return true;
    if (!orders_plan(agent, &out->plan, &out->found, err))
        return false;
    for (size_t i = 0; i < out->plan.now_count; i++)
        if (order_holds(&out->plan.now[i], agent->now_us))
            out->hash = text_hash(out->plan.now[i].id, out->hash + 1);
    return true;
}

/* Whether the order means this update: by its source, or by a hole that it closes. */
static bool order_means(const struct fleet_now *now, const struct scan *scan, const struct scan_group *group)
{
    struct text fix = now->fix, release, source;

    /* The server names a fix "debian-12:openssl:3.0.17-1"; which version is eligible is decided here. */
    if (text_cut(&fix, ':', &release) && text_cut(&fix, ':', &source) && text_equal(source, group->source))
        return true;
    if (text_equal(now->fix, group->source))
        return true;
    for (size_t i = 0; i < scan->match.finding_count; i++) {
        const struct finding *finding = &scan->match.findings[i];
        if (text_equal(finding->source, group->source) && text_equal(finding->id, now->fix))
            return true;
    }
    return false;
}

/* Adds sources that an order wants now and nobody named yet. What the level holds, a person holds, or is phased stays so. */
static void add_ordered(const struct agent *agent, const struct orders *orders, const struct scan *scan,
                        struct text *names, size_t *count)
{
    for (size_t i = 0; i < scan->group_count; i++) {
        const struct scan_group *group = &scan->groups[i];
        bool wanted = false, named = false;
        for (size_t k = 0; !wanted && k < orders->plan.now_count; k++)
            wanted = order_holds(&orders->plan.now[k], agent->now_us) &&
                     order_means(&orders->plan.now[k], scan, group);
        for (size_t k = 0; k < *count; k++)
            named = named || text_equal(names[k], group->source);
        if (wanted && !named && !group->held && group->standing == STANDING_TAKEN)
            names[(*count)++] = group->source;
    }
}

/* ---- deciding ---- */

static uint32_t count_open(const struct scan *scan)
{
    return scan->match.finding_count > UINT32_MAX ? UINT32_MAX : (uint32_t)scan->match.finding_count;
}

static uint32_t count_unknown(const struct scan *scan)
{
    uint32_t count = 0;

    for (size_t i = 0; i < scan->host->package_count; i++)
        count += scan->host->packages[i].foreign;
    return count;
}

static struct machine_work work_of(const struct agent *agent, const struct scan *scan,
                                   const struct unattended_look *look)
{
    int64_t next_us = agent->now_us + REFRESH_US;

    if (look->turn == UNATTENDED_WAIT && look->window.start_us > agent->now_us &&
        look->window.start_us < next_us)
        next_us = look->window.start_us;
    return (struct machine_work){
        .scanned_us = agent->now_us,
        .due = scan->summary.due_week,
        .late = scan->summary.late,
        .open = count_open(scan),
        .unknown = count_unknown(scan),
        .level = (uint8_t)scan->level,
        .reboot = scan->host->reboot_needed,
        .next_us = next_us,
    };
}

/* suture apply --yes [SOURCE...] in place of this process: what the policy holds for a person it leaves out by itself. */
static bool become_apply(const struct agent *agent, const struct text *names, size_t count, struct error *err)
{
    const char **argv = ARENA_ARRAY(agent->arena, const char *, APPLY_WORDS + count + 1);
    uint64_t rate = agent_settings_rate_now(&agent->settings, agent->now_us);
    struct text rate_text = text_format(agent->arena, "%llu", (unsigned long long)rate);
    size_t words = 0;

    if (argv == NULL || rate_text.at == NULL)
        return arena_full(agent->arena, err);
    argv[words++] = agent->program;
    argv[words++] = "apply";
    argv[words++] = "--yes";
    if (rate > 0) {
        argv[words++] = "--limit-rate";
        argv[words++] = rate_text.at;
    }
    for (size_t i = 0; i < count; i++) {
        argv[words] = text_string(agent->arena, names[i]);
        if (argv[words++] == NULL)
            return arena_full(agent->arena, err);
    }
    return os_become(argv, err);
}

/* What is offered was seen, also where nothing is due: its waiting time begins now. */
static void remember_offered(const struct agent *agent, const struct scan_request *scan)
{
    const struct plan_request all = {.scan = *scan, .scope = PLAN_ALL};
    struct plan_found found;
    const char *program;
    struct error why = {0};

    if (!os_helper(agent->arena, "suture-plan", &program, &why) ||
        !plan_run(program, &all, agent->arena, &found, &why))
        log_line(LOG_WARNING, "agent", "what is offered is not remembered: %s", why.text);
}

/* On a metered network what can wait for another one does, until it is late. */
static bool is_over_budget(const struct agent *agent, const struct scan *scan)
{
    uint64_t used = agent->memory.bytes_down, budget = agent->settings.metered_budget;

    return agent->memory.metered && scan->summary.late == 0 &&
           scan->summary.due_bytes > (budget > used ? budget - used : 0);
}

static bool choose(struct agent *agent, const struct orders *orders, const struct scan *scan,
                   struct unattended_look *look, struct machine_work *work, struct error *err)
{
    struct ready_power power;

    if (!ready_power_look(READY_POWER_FOLDER, &power, err) ||
        !unattended_decide(scan, &power, agent->arena, look, err))
        return false;
    size_t count = look->name_count;
    struct text *names = ARENA_ARRAY(agent->arena, struct text, scan->group_count + 1);
    if (names == NULL)
        return arena_full(agent->arena, err);
    for (size_t i = 0; i < count; i++)
        names[i] = look->names[i];
    add_ordered(agent, orders, scan, names, &count);
    /* An order brings its fixes now; in the window they come with all the rest. Too little power is no hour for either. */
    if (count > look->name_count && look->turn != UNATTENDED_ALL &&
        ready_power_check(&power, scan->policy->unattended.battery_percent, &look->power))
        look->turn = UNATTENDED_URGENT;
    if (look->turn == UNATTENDED_ALL && is_over_budget(agent, scan))
        look->turn = count > 0 ? UNATTENDED_URGENT : UNATTENDED_WAIT;
    look->names = names;
    look->name_count = count;
    *work = work_of(agent, scan, look);
    work->orders = orders->hash;
    return true;
}

/*
 * A restart, where one is needed and the policy lets it now. Not before a look that found nothing else to do: so what the last run came to
 * has been told by then.
 */
static bool restart_if_due(const struct agent *agent, const struct scan *scan, struct error *err)
{
    const char *const argv[] = {agent->program, "unattended", "finish", NULL};
    const char *why;

    if (!unattended_may_restart(scan, &why))
        return true;
    log_line(LOG_INFO, "agent", "%s", why);
    return os_become(argv, err);
}

/* Under an order nobody else installs here; what fails is told, and is no reason to leave holes open. */
static void hold_others(const struct agent *agent, const struct scan *scan)
{
    const struct crisis_hold_request request = {.root = "/",
                                                .state = agent->state.folder,
                                                .updaters = scan->host->updaters,
                                                .updater_count = scan->host->updater_count,
                                                .force = &scan->order,
                                                .now_us = agent->now_us};
    enum crisis_hold_outcome outcome;
    struct error why = {0};

    if (!crisis_hold(&request, agent->arena, &outcome, &why))
        log_line(LOG_WARNING, "agent", "other updaters: %s", why.text);
    else if (outcome != CRISIS_HOLD_NOTHING)
        log_line(LOG_INFO, "agent", "other updaters are %s",
                 outcome == CRISIS_HOLD_TAKEN ? "held until the order ends" : "given back");
}

bool work_turn(struct agent *agent, bool look_only, struct error *err)
{
    struct scan_request request = {.root = "/", .state = agent->state.folder, .now_us = agent->now_us};
    struct unattended_look look = {.turn = UNATTENDED_ALL};
    struct machine_work work, former;
    const struct scan *scan;
    struct orders orders;
    bool interrupted;

    look_only = look_only || agent->settings.watch_only || !os_is_root();
    if (!status_run_interrupted(agent->state.folder, agent->arena, &interrupted, err))
        return false;
    if (interrupted && !look_only) /* half a run is worse than any hour of the day */
        return become_apply(agent, NULL, 0, err);
    machine_work_read(agent, &former);
    if (!read_orders(agent, &orders, err) ||
        (!look_only && !refresh(agent, orders.hash != 0 && orders.hash != former.orders, err)) ||
        !scan_run(&request, agent->arena, &scan, err) || !choose(agent, &orders, scan, &look, &work, err) ||
        !machine_work_write(agent, &work, err))
        return false;
    log_line(LOG_INFO, "agent", "looked: due=%u late=%u open=%u turn=%s", work.due, work.late, work.open,
             unattended_turn_name(look.turn));
    if (look_only)
        return true;
    hold_others(agent, scan);
    if (!scan->judged)
        return true;
    if (look.turn != UNATTENDED_URGENT && look.turn != UNATTENDED_ALL) {
        remember_offered(agent, &request);
        return restart_if_due(agent, scan, err);
    }
    return become_apply(agent, look.names, look.turn == UNATTENDED_URGENT ? look.name_count : 0, err);
}
