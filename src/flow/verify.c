#include "flow/verify.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "verify/applied.h"
#include "verify/health.h"
#include "verify/old_code.h"
#include "verify/verdict.h"

/* The scan's data as evidence names it; what took no part is left out. */
static bool data_of(const struct scan *scan, struct arena *arena, struct applied_scan *out, struct error *err)
{
    struct evidence_data *data = ARENA_ARRAY(arena, struct evidence_data, scan->data_count);

    if (data == NULL)
        return arena_full(arena, err);
    *out =
        (struct applied_scan){.findings = scan->match.findings, .finding_count = scan->match.finding_count};
    for (size_t i = 0; i < scan->data_count; i++)
        if (scan->data[i].generated_us != TIME_ABSENT)
            data[out->data_count++] =
                (struct evidence_data){scan->data[i].feed, TIME_ABSENT, scan->data[i].generated_us};
    out->data = data;
    return true;
}

/* A scan that had nothing to judge with closes no hole: they stay unknown. */
static bool look_at_holes(const struct scan *scan, struct arena *arena, struct evidence *evidence,
                          struct error *err)
{
    struct applied_scan seen;

    return !scan->judged || (data_of(scan, arena, &seen, err) && applied_scan(&seen, arena, evidence, err));
}

static bool describe(const struct verify_request *request, const struct scan *scan, struct arena *arena,
                     struct evidence *evidence, struct error *err)
{
    evidence->host = scan->host->name;
    evidence->release = text_of(scan->host->release.name);
    evidence->policy = text_format(arena, "%s v%u", scan->policy->name, scan->policy->version);
    evidence->tool = text_of(request->tool);
    evidence->made_us = request->scan.now_us;
    return evidence->policy.at != NULL || arena_full(arena, err);
}

/* The facts of now, of an evidence whose packages and holes are known. */
static bool look(const struct verify_request *request, const struct scan *scan, struct arena *arena,
                 struct evidence *evidence, struct error *err)
{
    const struct old_code_from from = {.root = request->scan.root, .processes = request->processes};

    return describe(request, scan, arena, evidence, err) && applied_look(scan->host, arena, evidence, err) &&
           look_at_holes(scan, arena, evidence, err) &&
           old_code_look(&from, scan->host, arena, evidence, err) && verdict_make(evidence, arena, err);
}

bool verify_look(const struct verify_request *request, const struct verify_run *run, struct arena *arena,
                 struct evidence *out, struct error *err)
{
    struct evidence evidence = {
        .kind = run->kind,
        .takes_back = run->kind == EVIDENCE_ROLLBACK,
        .outcome = run->run->state,
        .begun_us = run->run->begun_us,
        .checks = run->checks,
        .check_count = run->check_count,
    };
    const struct scan *scan;

    memcpy(evidence.run, run->run->id, sizeof(evidence.run));
    memcpy(evidence.plan, run->run->plan, sizeof(evidence.plan));
    if (!applied_from_plan(run->plan, arena, &evidence, err) ||
        ((evidence.outcome == RUN_ROLLED_BACK || evidence.kind == EVIDENCE_ROLLBACK) &&
         !applied_turn_round(arena, &evidence, err)) ||
        !scan_run(&request->scan, arena, &scan, err) || !look(request, scan, arena, &evidence, err))
        return false;
    *out = evidence;
    return true;
}

/* ---- later ---- */

bool verify_checks_allowed(const char *path, const struct policy *policy, struct error *err)
{
    struct stat found;
    bool commands = policy->before.hook_count > 0 || policy->before.backup != BACKUP_NONE;

    for (size_t i = 0; i < policy->check_count; i++)
        commands = commands || policy->checks[i].kind == CHECK_COMMAND;
    if (!commands || path == NULL || !os_is_root())
        return true;
    if (stat(path, &found) != 0)
        return error_system(err, "%s", path);
    return (found.st_uid == 0 && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0) ||
           error_set(err, ERROR_TRUST,
                     "%s: names a command to be run as root, and not only root may write it", path);
}

static bool same_check(const struct check *a, const struct check *b)
{
    return a->kind == b->kind && text_equal(a->target, b->target) && a->expected == b->expected;
}

/* The units that the former record looked at. */
static bool former_units(const struct evidence *former, struct arena *arena, struct text **out, size_t *count,
                         struct error *err)
{
    struct text *units = ARENA_ARRAY(arena, struct text, former->check_count);

    *count = 0;
    if (units == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < former->check_count; i++)
        if (former->checks[i].check.kind == CHECK_UNIT)
            units[(*count)++] = former->checks[i].check.target;
    *out = units;
    return true;
}

static bool ask_again(const struct verify_request *request, const struct policy *policy,
                      const struct evidence *former, struct arena *arena, struct health *out,
                      struct error *err)
{
    struct health health;
    struct text *units;
    size_t count;

    if (!verify_checks_allowed(request->scan.policy, policy, err) ||
        !former_units(former, arena, &units, &count, err) ||
        !health_list(policy->checks, policy->check_count, units, count, arena, &health, err))
        return false;
    for (size_t i = 0; i < health.count; i++)
        for (size_t j = 0; j < former->check_count; j++)
            if (same_check(&health.checks[i].check, &former->checks[j].check))
                health.checks[i].before = former->checks[j].before;
    if (!health_ask_all(&health, HEALTH_AFTER, arena, err))
        return false;
    *out = health;
    return true;
}

bool verify_again(const struct verify_request *request, const struct evidence *former, struct arena *arena,
                  struct evidence *out, struct error *err)
{
    struct evidence evidence = {
        .kind = EVIDENCE_VERIFY,
        .takes_back = former->takes_back,
        .outcome = former->outcome,
        .begun_us = former->begun_us,
    };
    const struct scan *scan;
    struct health health;

    memcpy(evidence.run, former->run, sizeof(evidence.run));
    memcpy(evidence.plan, former->plan, sizeof(evidence.plan));
    if (!applied_from_evidence(former, arena, &evidence, err) ||
        !scan_run(&request->scan, arena, &scan, err) ||
        !ask_again(request, scan->policy, former, arena, &health, err))
        return false;
    evidence.checks = health.checks;
    evidence.check_count = health.count;
    if (!look(request, scan, arena, &evidence, err))
        return false;
    *out = evidence;
    return true;
}

bool verify_restart(const struct evidence *evidence, const char *systemctl, struct arena *arena,
                    struct verify_restarted *out, struct error *err)
{
    struct old_code_units units;

    if (!old_code_units(evidence, arena, &units, err))
        return false;
    *out = (struct verify_restarted){.units = units.names, .count = units.count};
    for (size_t i = 0; i < evidence->process_count; i++)
        out->reexec = out->reexec || evidence->processes[i].pid == 1;
    const struct restart restart = {systemctl, units.names, units.count, out->reexec};
    return restart_run(&restart, arena, err);
}

/* ---- keeping ---- */

bool verify_can_keep(const char *state_folder, struct arena *arena, struct error *err)
{
    struct state state;

    return (state_open(state_folder, STATE_WRITE, &state, err) && seal_ready(&state, arena, err)) ||
           error_at(err, "what is done could not be proved");
}

bool verify_keep(const char *state_folder, const struct evidence *evidence, struct arena *arena,
                 struct seal *out, struct error *err)
{
    struct state state;

    return state_open(state_folder, STATE_WRITE, &state, err) &&
           seal_append(&state, evidence, arena, out, err);
}
