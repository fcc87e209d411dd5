#include "delta/plan.h"

#include "base/limits.h"

/* Of small parts that stand beside a large one: of the memory that a decoder may take over its largest file, little. */
#define SLACK(max) ((max) / 64)

struct planner {
    const struct plan_request *request;
    struct arena *arena;
    struct delta_window *windows;
    size_t count, capacity;
    uint64_t at; /* where the window that is being filled begins */
    uint64_t new_size, old_size;
    uint64_t new_largest, old_largest; /* piece, and part of the base */
    struct delta_old *olds;
    size_t old_count, old_capacity;
    uint32_t *in_window; /* for each part of the base: number of the last window that has it, from 1 */
};

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A window may hold what a bound allows or what its largest part takes, and in both cases some small ones beside. */
static bool fits(const struct planner *planner, const struct plan_piece *piece)
{
    const struct plan_request *request = planner->request;
    uint64_t old_size = planner->old_size, old_largest = planner->old_largest;
    uint64_t new_largest = larger(planner->new_largest, piece->size);

    for (size_t i = 0; i < piece->old_count; i++) {
        uint64_t size = request->old_sizes[piece->olds[i].part];
        if (planner->in_window[piece->olds[i].part] == planner->count + 1)
            continue;
        old_size += size;
        old_largest = larger(old_largest, size);
    }
    return old_size <= larger(request->old_max, old_largest + SLACK(request->old_max)) &&
           planner->new_size + piece->size <= larger(request->new_max, new_largest + SLACK(request->new_max));
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
        planner->old_largest = larger(planner->old_largest, planner->request->old_sizes[part]);
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
    planner->old_size = planner->old_largest = planner->new_largest = 0;
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
        if (planner.new_size > 0 && !fits(&planner, piece) && !end_window(&planner, err))
            return false;
        if (!add_olds(&planner, piece, err))
            return false;
        planner.new_size += piece->size;
        planner.new_largest = larger(planner.new_largest, piece->size);
    }
    if (!end_window(&planner, err))
        return false;
    *out = planner.windows;
    *count = planner.count;
    return true;
}
