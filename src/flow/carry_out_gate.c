#include "flow/carry_out_gate.h"

#include "flow/vendor_plan.h"

#define TURNS_MAX 16 /* each holds more than the one before; a chain of needs is shorter */

struct gate_place carry_out_place(const struct carry_out_request *request, const char *state)
{
    return (struct gate_place){.state = state,
                               .clock_us = time_now_us(),
                               .lanes = request->lanes,
                               .held_powers = request->held_powers};
}

static bool show_fetched(void *self, const struct mirror_progress *progress)
{
    const struct carry_out_gate *gate = self;

    if (gate->request->fetched != NULL && !progress->rebuilding)
        gate->request->fetched(gate->request->self, progress->have, progress->total);
    return !stop_asked(gate->stop);
}

/* False: something is not here, or cannot be read. */
static bool look_inside(const struct carry_out_gate *gate, const struct plan *plan,
                        struct carry_out_passed *into)
{
    const struct carry_out_request *request = gate->request;
    struct carry_out_gate self = *gate;
    const struct prove_request fetch = {
        .program = request->programs.prove,
        .fetcher = request->programs.fetch,
        .root = request->plan.scan.root,
        .now_us = time_now_us(),
        .state = gate->state,
        .ca_file = request->ca_file,
        .rate_max = request->rate_max,
        .deltas = request->deltas,
        .progress = show_fetched,
        .self = &self,
    };
    const struct powers_request powers = {
        .program = request->programs.prove, .root = request->plan.scan.root, .state = gate->state};
    struct prove_fetched fetched;
    struct error ignored;

    if (!prove_fetch(&fetch, plan, gate->arena, &fetched, &ignored) ||
        !powers_of_plan(&powers, plan, gate->arena, &into->powers, &ignored))
        return false;
    if (!into->has_fetched)
        into->fetched = fetched;
    into->has_fetched = true;
    return into->powers.unread == 0;
}

static bool judge(const struct carry_out_gate *gate, const struct plan *plan,
                  const struct plan_powers *powers, struct gate_holds *holds, struct error *err)
{
    const struct gate_place place = carry_out_place(gate->request, gate->state);
    int64_t *first_us = ARENA_ARRAY(gate->arena, int64_t, plan->change_count);
    struct trust_terms terms;

    if (first_us == NULL)
        return arena_full(gate->arena, err);
    return gate_terms(&place, plan, &powers->powers, gate->arena, &terms, first_us, err) &&
           gate_judge(plan, &terms, first_us, gate->arena, holds, err);
}

/* What is held of this plan and was not before: whoever is there may approve some of it, and then it is judged anew. */
static bool judge_and_ask(const struct carry_out_gate *gate, const struct plan_found *found,
                          struct carry_out_passed *into, struct error *err)
{
    const struct carry_out_request *request = gate->request;
    struct gate_holds held = {0};
    bool approved = false;

    if (!judge(gate, &found->plan, &into->powers, &held, err))
        return false;
    if (held.count > 0 && request->decide != NULL &&
        !request->decide(request->self, found, &into->powers, &held, &approved, err))
        return false;
    return judge(gate, &found->plan, &into->powers, &into->holds, err);
}

static bool refuse_file(const struct gate_holds *holds, struct error *err)
{
    const struct gate_held *held = &holds->at[0];

    return error_set(err, ERROR_TRUST, "%.*s: %s: it %.*s; suture approve %.*s shows it, nothing was changed",
                     TEXT_ARG(held->change->name), trust_gate_name(held->gate), TEXT_ARG(held->why),
                     TEXT_ARG(held->change->name));
}

/* Plans what is left without what is held; with nothing left it is an empty plan. */
static bool plan_rest(const struct carry_out_gate *gate, const struct gate_holds *holds,
                      struct plan_found *found, struct error *err)
{
    struct plan_request wanted = gate->request->plan;
    struct plan_found rest;
    struct text *names;
    size_t count;

    if (!gate_rest(&found->plan, holds, gate->arena, &names, &count, err))
        return false;
    wanted.scope = PLAN_NAMED;
    wanted.names = names;
    wanted.name_count = count;
    if (count == 0) {
        found->plan.change_count = found->plan.group_count = 0;
        found->plan.fetch_bytes = found->plan.delta_bytes = 0;
        found->plan.disk_bytes = 0;
        found->plan.reboot = false;
        return true;
    }
    const struct vendor_plan_programs programs = {gate->request->programs.plan, gate->request->programs.prove,
                                                  gate->request->programs.fetch, gate->request->ca_file};
    if (!vendor_plan_run(&programs, &wanted, gate->arena, &rest, err))
        return false;
    /* What was left for other reasons is known from the first plan, which asked for more. */
    rest.plan.left = found->plan.left;
    rest.plan.left_count = found->plan.left_count;
    rest.refused = found->refused;
    rest.deltas = found->deltas;
    rest.delta_problem = found->delta_problem;
    *found = rest;
    return true;
}

bool carry_out_gate(const struct carry_out_gate *gate, struct plan_found *found, struct carry_out_passed *out,
                    struct error *err)
{
    struct carry_out_passed got = {0};

    for (unsigned turn = 0; found->plan.change_count > 0; turn++) {
        bool any = false;
        if (!look_inside(gate, &found->plan, &got))
            break;
        if (!judge_and_ask(gate, found, &got, err) ||
            !gate_hold_needing(&found->plan, gate->arena, &got.holds, &any, err))
            return false;
        if (!any)
            break;
        if (gate->request->plan_file != NULL)
            return refuse_file(&got.holds, err);
        if (turn == TURNS_MAX)
            return error_set(err, ERROR_LIMIT, "what is held leaves no plan after %u turns", turn);
        if (!plan_rest(gate, &got.holds, found, err))
            return false;
    }
    if (got.holds.count > 0 && !gate_leave(&found->plan, &got.holds, gate->arena, err))
        return false;
    *out = got;
    return true;
}
