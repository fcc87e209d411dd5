#include "cli/plan_deltas.h"

#include "base/os.h"
#include "store/state.h"

static bool on_rebuild(void *self, uint64_t done, uint64_t all)
{
    const struct plan_deltas *deltas = self;

    if (deltas->to != NULL && all > 0) {
        fprintf(deltas->to, "\r\033[Krebuilding: %u %%", (unsigned)(done < all ? done * 100 / all : 100));
        (void)fflush(deltas->to);
    }
    return deltas->stop == NULL || !stop_asked(deltas->stop);
}

bool plan_deltas_open(const struct command_call *call, const char *root, struct plan_deltas *out,
                      struct error *err)
{
    *out = (struct plan_deltas){.rebuild = {.root = root, .progress = on_rebuild, .self = out}};
    if (os_is_terminal(fileno(call->errors)))
        out->to = call->errors;
    if (!delta_use_in_force(root, call->arena, &out->use, err))
        return false;
    if (out->use.settings.source.size == 0)
        return true;
    if (!os_helper(call->arena, "suture-rebuild", &out->rebuild.program, err))
        return false;
    out->door = delta_rebuild_door(&out->rebuild);
    out->use.door = &out->door;
    return true;
}

bool plan_deltas_note(const struct plan_deltas *deltas, const struct command_call *call,
                      const struct scan_request *scan, bool ask, struct plan_found *found, struct error *err)
{
    struct delta_offers_request how = {
        .root = scan->root, .state = scan->state, .now_us = scan->now_us, .ask = ask};

    struct state state;

    if (found->plan.change_count == 0)
        return true;
    if (ask && deltas->use.settings.source.size > 0 && !state_open(scan->state, STATE_WRITE, &state, err))
        return false;
    return os_helper(call->arena, "suture-prove", &how.program, err) &&
           os_helper(call->arena, "suture-fetch", &how.fetcher, err) &&
           delta_use_plan(&deltas->use, &how, call->arena, found, err);
}
