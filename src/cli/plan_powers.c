#include "cli/plan_powers.h"

#include <stdio.h>

#include "base/os.h"
#include "flow/prove.h"
#include "store/state.h"

/* Where progress goes: a terminal, or nobody. */
struct watcher {
    FILE *to;
};

static bool show_progress(void *self, const struct mirror_progress *progress)
{
    const struct watcher *watcher = self;

    if (progress->rebuilding)
        fprintf(watcher->to, "\r\033[Krebuilding %.*s", TEXT_ARG(progress->name));
    else
        fprintf(watcher->to, "\r\033[Kfetching: %.1f of %.1f MB", (double)progress->have / 1e6,
                (double)progress->total / 1e6);
    (void)fflush(watcher->to);
    return true;
}

bool plan_powers_fetch(const struct plan_powers_place *place, const struct plan *plan, struct error *err)
{
    struct arena *arena = place->call->arena;
    struct watcher watcher = {place->call->errors};
    bool seen = os_is_terminal(fileno(watcher.to));
    struct prove_request prove = {.root = place->scan->root,
                                  .now_us = place->scan->now_us,
                                  .state = place->scan->state,
                                  .deltas = place->deltas,
                                  .progress = seen ? show_progress : NULL,
                                  .self = &watcher};
    struct prove_fetched fetched;
    struct state state;

    if ((place->rate != NULL && !mirror_parse_rate(text_of(place->rate), &prove.rate_max, err)) ||
        !os_helper(arena, "suture-prove", &prove.program, err) ||
        !os_helper(arena, "suture-fetch", &prove.fetcher, err) ||
        !state_open(prove.state, STATE_WRITE, &state, err))
        return false;
    bool done = prove_fetch(&prove, plan, arena, &fetched, err);
    if (seen)
        fprintf(watcher.to, "\r\033[K");
    for (size_t i = 0; done && i < fetched.deltas.note_count; i++)
        fprintf(watcher.to, "%.*s\n", TEXT_ARG(fetched.deltas.notes[i]));
    return done;
}

bool plan_powers_read(const struct plan_powers_place *place, const struct plan *plan, struct plan_powers *out,
                      struct error *err)
{
    struct powers_request powers = {.root = place->scan->root, .state = place->scan->state};

    *out = (struct plan_powers){0};
    if (os_helper(place->call->arena, "suture-prove", &powers.program, err) &&
        powers_of_plan(&powers, plan, place->call->arena, out, err))
        return true;
    for (size_t i = 0; i < plan->change_count; i++)
        out->unread += plan->changes[i].kind != CHANGE_REMOVE;
    return false;
}
