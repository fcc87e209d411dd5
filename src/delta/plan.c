#include "delta/plan.h"

#include "base/limits.h"

struct planner {
    const struct plan_request *request;
    struct arena *arena;
    struct delta_window *windows;
    size_t count, capacity;
    uint64_t at; /* where the window that is being filled begins */
    uint64_t new_size, old_size;
    struct delta_old *olds;
    size_t old_count, old_capacity;
    uint32_t *in_window; /* for each part of the base: number of the last window that has it, from 1 */
};

static uint64_t bytes_added(const struct planner *planner, const struct plan_piece *piece)
{
    uint64_t size = 0;

    for (size_t i = 0; i < piece->old_count; i++)
        if (planner->in_window[piece->olds[i].part] != planner->count + 1)
            size += planner->request->old_sizes[piece->olds[i].part];
    return size;
}

static bool add_olds(struct planner *planner, const struct plan_piece *piece, struct error *err)
{
    for (size_t i = 0; i < piece->old_count; i++) {
        uint32_t part = piece->olds[i].part;
        if (planner->in_window[part] == planner->count + 1)
            continue;
        planner->in_window[part] = (uint32_t)planner->count + 1;
        planner->olds = arena_grow(planner->arena, planner->olds, planner->old_count, &planner->old_capacity,
                                   planner->old_count + 1, sizeof(*planner->olds));
        if (planner->olds == NULL)
            return arena_full(planner->arena, err);
        planner->olds[planner->old_count++] = piece->olds[i];
        planner->old_size += planner->request->old_sizes[part];
    }
    return true;
}

static bool put_window(struct planner *planner, uint64_t size, struct error *err)
{
    if (planner->count == LIMIT_DELTA_WINDOWS)
        return error_set(err, ERROR_LIMIT, "more than %d windows", LIMIT_DELTA_WINDOWS);
    planner->windows = arena_grow(planner->arena, planner->windows, planner->count, &planner->capacity,
                                  planner->count + 1, sizeof(*planner->windows));
    if (planner->windows == NULL)
        return arena_full(planner->arena, err);
    planner->windows[planner->count++] = (struct delta_window){
        .new_at = planner->at,
        .new_size = size,
        .olds = planner->olds,
        .old_count = (uint32_t)planner->old_count,
        .old_size = planner->old_size,
    };
    planner->at += size;
    return true;
}

/* Ends the window that is being filled, in as many as its size asks for: only one large piece makes more than one. */
static bool end_window(struct planner *planner, struct error *err)
{
    while (planner->new_size > 0) {
        uint64_t size =
            planner->new_size < planner->request->piece_max ? planner->new_size : planner->request->piece_max;
        if (!put_window(planner, size, err))
            return false;
        planner->new_size -= size;
    }
    planner->old_size = 0;
    planner->olds = NULL; /* the window has them */
    planner->old_count = planner->old_capacity = 0;
    return true;
}

bool plan_windows(const struct plan_request *request, struct arena *arena, struct delta_window **out,
                  size_t *count, struct error *err)
{
    struct planner planner = {.request = request, .arena = arena};

    planner.in_window = ARENA_ARRAY(arena, uint32_t, request->base_count);
    if (planner.in_window == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < request->piece_count; i++) {
        const struct plan_piece *piece = &request->pieces[i];
        bool fits = planner.new_size + piece->size <= request->new_max &&
                    planner.old_size + bytes_added(&planner, piece) <= request->old_max;
        if (!fits && planner.new_size > 0 && !end_window(&planner, err))
            return false;
        if (!add_olds(&planner, piece, err))
            return false;
        planner.new_size += piece->size;
    }
    if (!end_window(&planner, err))
        return false;
    *out = planner.windows;
    *count = planner.count;
    return true;
}
