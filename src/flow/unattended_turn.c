#include "flow/unattended.h"

#include "flow/groups.h"

const char *unattended_turn_name(enum unattended_turn turn)
{
    static const char *const names[] = {
        [UNATTENDED_NOTHING] = "nothing", [UNATTENDED_WAIT] = "wait", [UNATTENDED_POWER] = "power",
        [UNATTENDED_URGENT] = "urgent",   [UNATTENDED_ALL] = "all",
    };

    return names[turn];
}

/* What a plan of what is due takes (flow/plan.h): under a level all that the level takes. */
static bool is_due(const struct scan *scan, const struct scan_group *group)
{
    if (group->standing != STANDING_TAKEN || group->kind == UPDATE_FUNCTIONAL)
        return false;
    return scan->level != LEVEL_NORMAL || group_is_due(scan, group, scan->now_us + GROUPS_WEEK_US);
}

/* One hour later is too late for it. */
static bool is_urgent(const struct scan_group *group)
{
    return group->standing == STANDING_TAKEN && group->kind != UPDATE_FUNCTIONAL &&
           group->action == ACTION_NOW && !group->held && !group->phased;
}

bool unattended_decide(const struct scan *scan, const struct ready_power *power, struct arena *arena,
                       struct unattended_look *out, struct error *err)
{
    struct text *names = ARENA_ARRAY(arena, struct text, scan->group_count);
    struct unattended_look look = {.names = names};
    const struct window *window = policy_window(scan->policy, scan->host->name);
    bool open = window_fits(window, &scan->policy->zone, scan->now_us, UNATTENDED_RUN_US, &look.window);

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < scan->group_count; i++) {
        look.due += is_due(scan, &scan->groups[i]);
        if (is_urgent(&scan->groups[i]))
            names[look.name_count++] = scan->groups[i].source;
    }
    if (look.due + look.name_count == 0)
        look.turn = UNATTENDED_NOTHING;
    else if (!open && look.name_count == 0)
        look.turn = UNATTENDED_WAIT;
    else if (!ready_power_check(power, scan->policy->unattended.battery_percent, &look.power))
        look.turn = UNATTENDED_POWER;
    else
        look.turn = open ? UNATTENDED_ALL : UNATTENDED_URGENT;
    *out = look;
    return true;
}

bool unattended_may_restart(const struct scan *scan, const char **why)
{
    const struct window *window = policy_window(scan->policy, scan->host->name);
    struct window_span span;

    if (!scan->host->reboot_needed)
        *why = "no restart is needed";
    else if (!scan->policy->unattended.reboot)
        *why = "a restart is needed, and the policy never lets the machine be restarted by itself";
    else if (scan->level == LEVEL_EMERGENCY_ONLY)
        *why = "a restart is needed; at the level emergency-only a person decides";
    else if (!window_fits(window, &scan->policy->zone, scan->now_us, UNATTENDED_RESTART_US, &span))
        *why = "a restart is needed, and no window is open for it";
    else
        return *why = "a restart is needed, the window is open and the policy lets it", true;
    return false;
}
