#include "cli/unattended_plan.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/plan_deltas.h"
#include "cli/plan_powers.h"
#include "flow/plan_json.h"
#include "flow/plan_run.h"
#include "flow/unattended_hold.h"
#include "flow/vendor_plan.h"
#include "store/state.h"

#define FILE_NAME "unattended.plan"
#define TURNS_MAX 16 /* each holds more than the one before; a chain of needs is shorter */

struct planning {
    const struct command_call *call;
    struct vendor_plan_programs programs;
    struct plan_deltas deltas;
    struct plan_request request;
    struct plan_found found;
    struct unattended_holds holds;
};

/* Plans, and holds what the plan's packages newly may. A package whose powers cannot be read is not installed unseen. */
static bool plan_once(struct planning *p, struct error *err)
{
    const struct plan_powers_place place = {p->call, &p->request.scan, NULL, &p->deltas.use};
    struct plan_powers powers;

    if (!vendor_plan_run(&p->programs, &p->request, p->call->arena, &p->found, err))
        return false;
    if (p->found.plan.change_count == 0)
        return true;
    if (!plan_powers_fetch(&place, &p->found.plan, err) ||
        !plan_powers_read(&place, &p->found.plan, &powers, err))
        return false;
    if (powers.unread > 0)
        return error_set(err, ERROR_ABSENT, "what %zu packages may newly do could not be read",
                         powers.unread);
    return unattended_hold_powers(&p->found.plan, &powers.powers, p->call->arena, &p->holds, err);
}

/* Until a plan brings nothing that is held; an empty one when nothing is left. */
static bool plan_rest(struct planning *p, struct error *err)
{
    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        struct text *names;
        size_t count;
        bool any;
        if (!plan_once(p, err) ||
            !unattended_hold_needing(&p->found.plan, p->call->arena, &p->holds, &any, err))
            return false;
        if (!any)
            return true;
        if (!unattended_rest(&p->found.plan, &p->holds, p->call->arena, &names, &count, err))
            return false;
        if (count == 0)
            break;
        p->request.scope = PLAN_NAMED;
        p->request.names = names;
        p->request.name_count = count;
    }
    p->found.plan.change_count = 0;
    return true;
}

static void say_held(const struct planning *p)
{
    for (size_t i = 0; i < p->holds.count; i++)
        fprintf(p->call->out, "(!) held for a person: %.*s %.*s; suture apply %.*s shows it and asks\n",
                TEXT_ARG(p->holds.at[i].name), TEXT_ARG(p->holds.at[i].why), TEXT_ARG(p->holds.at[i].name));
}

static bool keep_plan(const struct planning *p, const char **out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PLAN_FILE);
    struct state state;
    struct bytes raw;

    if (!state_open(p->request.scan.state, STATE_WRITE, &state, err))
        return false;
    const char *path = state_path(&state, p->call->arena, FILE_NAME);
    if (path == NULL)
        return arena_full(p->call->arena, err);
    if (!plan_write_json(&p->found.plan, &w, err) || !writer_done(&w, &raw, err) ||
        !file_replace_cache(path, raw, 0600, err))
        return false;
    *out = path;
    return true;
}

bool unattended_plan_rest(const struct command_call *call, const struct scan_request *scan,
                          const struct unattended_look *look, const char **out, struct error *err)
{
    bool urgent = look->turn == UNATTENDED_URGENT;
    struct planning p = {.call = call,
                         .request = {.scan = *scan,
                                     .scope = urgent ? PLAN_NAMED : PLAN_DUE,
                                     .names = look->names,
                                     .name_count = urgent ? look->name_count : 0}};

    *out = NULL;
    if (!os_helper(call->arena, "suture-plan", &p.programs.plan, err) ||
        !os_helper(call->arena, "suture-prove", &p.programs.prove, err) ||
        !os_helper(call->arena, "suture-fetch", &p.programs.fetch, err) ||
        !plan_deltas_open(call, scan->root, &p.deltas, err) || !plan_rest(&p, err))
        return false;
    say_held(&p);
    return p.found.plan.change_count == 0 || keep_plan(&p, out, err);
}
