#include "flow/verify.h"

#include <string.h>

#include "verify/applied.h"
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
static bool look(const struct verify_request *request, struct arena *arena, struct evidence *evidence,
                 struct error *err)
{
    const struct old_code_from from = {.root = request->scan.root, .processes = request->processes};
    const struct scan *scan;

    return scan_run(&request->scan, arena, &scan, err) && describe(request, scan, arena, evidence, err) &&
           applied_look(scan->host, arena, evidence, err) && look_at_holes(scan, arena, evidence, err) &&
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

    memcpy(evidence.run, run->run->id, sizeof(evidence.run));
    memcpy(evidence.plan, run->run->plan, sizeof(evidence.plan));
    if (!applied_from_plan(run->plan, arena, &evidence, err) || !look(request, arena, &evidence, err))
        return false;
    *out = evidence;
    return true;
}

bool verify_again(const struct verify_request *request, const struct evidence *former,
                  const struct evidence_check *checks, size_t check_count, struct arena *arena,
                  struct evidence *out, struct error *err)
{
    struct evidence evidence = {
        .kind = EVIDENCE_VERIFY,
        .takes_back = former->takes_back,
        .outcome = former->outcome,
        .begun_us = former->begun_us,
        .checks = checks,
        .check_count = check_count,
    };

    memcpy(evidence.run, former->run, sizeof(evidence.run));
    memcpy(evidence.plan, former->plan, sizeof(evidence.plan));
    if (!applied_from_evidence(former, arena, &evidence, err) || !look(request, arena, &evidence, err))
        return false;
    *out = evidence;
    return true;
}

bool verify_keep(const char *state_folder, const struct evidence *evidence, struct arena *arena,
                 struct seal *out, struct error *err)
{
    struct state state;

    return state_open(state_folder, STATE_WRITE, &state, err) &&
           seal_append(&state, evidence, arena, out, err);
}
