#include "delta/anchors.h"

#include <stdlib.h>
#include <string.h>

#include "base/own.h"

/* Prices in eighths of a bit, as the coder was measured to take them. */
#define PRICE_DIFFER  104 /* a byte that differs in a copy, and where it is */
#define PRICE_LOOSE   34  /* one byte of a field that was predicted wrong */
#define PRICE_FOREIGN 48  /* one byte of a field that is not predicted */
#define PRICE_LITERAL 40
#define PRICE_COPY    136 /* without its distance */
#define PRICE_DOUBLE  9   /* each doubling of the distance from the copy before */

#define PRICE_BACK    24 /* to say that it is near where we were before */
#define TURN_FAR      4096

#define LANES_MAX     24
#define NODE_NONE     UINT32_MAX
#define ANCHOR_KEEP   48 /* a lane stays open so many bytes behind its anchor */
#define TELL_EVERY    (UINT32_C(1) << 20)
#define NO_LANE       SIZE_MAX

/* A stretch of a way that is chosen: [from, to) of the new view at one diagonal. Shared by ways that begin alike. */
struct node {
    uint32_t parent, uses, from, to, diagonal;
    bool literal;
};

struct lane {
    uint32_t diagonal;  /* of literals: that of the copy before */
    uint32_t low, high; /* new places where the old place is in its piece */
    uint32_t back;      /* the diagonal that was left for a far one, as the coder's lines have it */
    uint32_t until;     /* closed then */
    uint32_t from;      /* where the way came onto it */
    uint32_t parent;    /* node */
    uint32_t cost;
    bool parked;  /* too dear to go on; may come again */
    bool foreign; /* from another piece than the twin: its fields are not predicted */
};

struct walk {
    const struct align *align;
    const struct suffix *suffix;
    struct anchors anchors;
    struct lane lanes[LANES_MAX]; /* the first is that of literals */
    size_t lane_count;
    uint32_t twin; /* of the piece at hand */
    struct node *nodes;
    size_t node_count, node_capacity;
    uint32_t node_free;
};

void copies_end(struct copies *copies)
{
    free(copies->at);
    *copies = (struct copies){0};
}

bool align_grow(void **array, size_t count, size_t *capacity, size_t size, struct error *err)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity * 2 + 256;
    void *more = reallocarray(*array, wanted, size);
    if (more == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu entries of %zu bytes", wanted, size);
    *array = more;
    *capacity = wanted;
    return true;
}

bool copies_add(struct copies *copies, struct copy copy, struct error *err)
{
    void *array = copies->at;

    if (!align_grow(&array, copies->count, &copies->capacity, sizeof(copy), err))
        return false;
    copies->at = array;
    copies->at[copies->count++] = copy;
    return true;
}

static void walk_end(struct walk *walk)
{
    free(walk->anchors.at);
    free(walk->nodes);
}

static void node_drop(struct walk *walk, uint32_t index)
{
    while (index != NODE_NONE && --walk->nodes[index].uses == 0) {
        uint32_t parent = walk->nodes[index].parent;
        walk->nodes[index].parent = walk->node_free;
        walk->node_free = index;
        index = parent;
    }
}

/* The way of a lane up to `at`, as a node with one use. */
static bool node_make(struct walk *walk, const struct lane *lane, uint32_t at, uint32_t *out,
                      struct error *err)
{
    uint32_t index = walk->node_free;

    if (index != NODE_NONE)
        walk->node_free = walk->nodes[index].parent;
    else {
        void *array = walk->nodes;
        if (!align_grow(&array, walk->node_count, &walk->node_capacity, sizeof(struct node), err))
            return false;
        walk->nodes = array;
        index = (uint32_t)walk->node_count++;
    }
    if (lane->parent != NODE_NONE)
        walk->nodes[lane->parent].uses++;
    walk->nodes[index] = (struct node){lane->parent, 1, lane->from, at, lane->diagonal, lane == walk->lanes};
    *out = index;
    return true;
}

static uint32_t price_of_turn(const struct walk *walk, const struct lane *from, const struct lane *to)
{
    uint32_t far = align_distance(from->diagonal, to->diagonal),
             back = align_distance(from->back, to->diagonal);
    uint32_t more = 0;

    if (to == walk->lanes)
        return 0;
    if (back < far / 16) {
        far = back;
        more = PRICE_BACK;
    }
    return PRICE_COPY + more + (far == 0 ? 0 : PRICE_DOUBLE * (32 - (uint32_t)__builtin_clz(far)));
}

static void lane_close(struct walk *walk, size_t index)
{
    node_drop(walk, walk->lanes[index].parent);
    walk->lanes[index] = walk->lanes[--walk->lane_count];
}

static void lane_open(struct walk *walk, const struct window_piece *piece, const struct anchor *anchor)
{
    uint32_t low, high;
    size_t victim = NO_LANE;

    for (size_t i = 1; i < walk->lane_count; i++)
        if (walk->lanes[i].diagonal == anchor->diagonal && anchor->from >= walk->lanes[i].low &&
            anchor->from < walk->lanes[i].high) {
            if (walk->lanes[i].until < anchor->to + ANCHOR_KEEP)
                walk->lanes[i].until = anchor->to + ANCHOR_KEEP;
            return;
        }
    if (walk->lane_count == LANES_MAX) {
        for (size_t i = 1; i < walk->lane_count; i++)
            if (walk->lanes[i].parked &&
                (victim == NO_LANE || walk->lanes[i].until < walk->lanes[victim].until))
                victim = i;
        if (victim == NO_LANE)
            return;
        lane_close(walk, victim);
    }
    anchor_bounds(walk->align, piece, *anchor, &low, &high);
    bool foreign =
        walk->twin != WINDOW_NO_TWIN && align_piece_at(&walk->align->old, anchor->from + anchor->diagonal) !=
                                            &walk->align->old.pieces[walk->twin];
    walk->lanes[walk->lane_count++] = (struct lane){.diagonal = anchor->diagonal,
                                                    .low = low,
                                                    .high = high,
                                                    .until = anchor->to + ANCHOR_KEEP,
                                                    .parent = NODE_NONE,
                                                    .parked = true,
                                                    .foreign = foreign};
}

static size_t best_lane(const struct walk *walk)
{
    size_t best = NO_LANE;

    for (size_t i = 0; i < walk->lane_count; i++)
        if (!walk->lanes[i].parked && (best == NO_LANE || walk->lanes[i].cost < walk->lanes[best].cost))
            best = i;
    return best;
}

static bool lane_equal(const struct walk *walk, const struct lane *lane, uint32_t at, uint32_t size)
{
    return at >= lane->low && at < lane->high && lane->high - at >= size &&
           memcmp(walk->align->old.view.at + (uint32_t)(at + lane->diagonal), walk->align->new.view.at + at,
                  size) == 0;
}

/* Parked lanes that would go on well from here come again, from the best one. */
static bool lanes_wake(struct walk *walk, size_t best, uint32_t at, bool literal, struct error *err)
{
    uint32_t tip = NODE_NONE;
    uint32_t cost = walk->lanes[best].cost;

    for (size_t i = 0; i < walk->lane_count; i++) {
        struct lane *lane = &walk->lanes[i];
        if (!lane->parked || (i == 0 ? !literal : !lane_equal(walk, lane, at, 4)))
            continue;
        if (tip == NODE_NONE && !node_make(walk, &walk->lanes[best], at, &tip, err))
            return false;
        node_drop(walk, lane->parent);
        walk->nodes[tip].uses++;
        lane->parent = tip;
        lane->from = at;
        lane->back = walk->lanes[best].back;
        if (i > 0 && align_distance(walk->lanes[best].diagonal, lane->diagonal) > TURN_FAR)
            lane->back = walk->lanes[best].diagonal;
        lane->cost = cost + price_of_turn(walk, &walk->lanes[best], lane);
        lane->parked = false;
        if (i == 0)
            lane->diagonal = walk->lanes[best].diagonal;
    }
    node_drop(walk, tip);
    return true;
}

/* What is too dear is parked, what is over is closed. best: never. */
static size_t lanes_prune(struct walk *walk, size_t best, uint32_t at)
{
    uint32_t cost = walk->lanes[best].cost;

    for (size_t i = walk->lane_count; i-- > 0;) {
        struct lane *lane = &walk->lanes[i];
        if (i == best)
            continue;
        if (!lane->parked && (i == 0 ? lane->cost > cost + PRICE_COPY
                                     : lane->cost > cost + price_of_turn(walk, &walk->lanes[best], lane)))
            lane->parked = true;
        if (i > 0 && lane->parked && (at >= lane->until || at >= lane->high)) {
            if (best == walk->lane_count - 1)
                best = i;
            lane_close(walk, i);
        }
    }
    return best;
}

static uint32_t price_at(const struct walk *walk, size_t index, uint32_t at)
{
    const struct lane *lane = &walk->lanes[index];

    if (index == 0)
        return PRICE_LITERAL;
    if (lane->foreign && align_is_loose(&walk->align->new, at))
        return PRICE_FOREIGN;
    if (walk->align->old.view.at[(uint32_t)(at + lane->diagonal)] == walk->align->new.view.at[at])
        return 0;
    return align_is_loose(&walk->align->new, at) ? PRICE_LOOSE : PRICE_DIFFER;
}

/* One byte on all lanes. */
static bool walk_step(struct walk *walk, uint32_t at, struct error *err)
{
    size_t best = best_lane(walk);
    bool differs = best == 0 || at >= walk->lanes[best].high || price_at(walk, best, at) > 0;

    if ((differs || walk->lane_count > 2) && !lanes_wake(walk, best, at, differs, err))
        return false;
    for (size_t i = 0; i < walk->lane_count; i++) {
        struct lane *lane = &walk->lanes[i];
        if (lane->parked)
            continue;
        if (i > 0 && at >= lane->high)
            lane->parked = true;
        else
            lane->cost += price_at(walk, i, at);
    }
    best = best_lane(walk);
    if (walk->lanes[best].cost > UINT32_MAX / 2) {
        uint32_t less = walk->lanes[best].cost;
        for (size_t i = 0; i < walk->lane_count; i++)
            if (!walk->lanes[i].parked)
                walk->lanes[i].cost -= less;
    }
    (void)lanes_prune(walk, best, at + 1);
    return true;
}

/* Many equal bytes on the best lane: the others are parked unless they are as good. Returns how many were passed. */
static uint32_t walk_run(struct walk *walk, uint32_t at, uint32_t end)
{
    size_t best = best_lane(walk);
    struct lane *on = &walk->lanes[best];

    if (best == 0 || at >= on->high || on->foreign)
        return 0;
    if (end > on->high)
        end = on->high;
    uint32_t run = align_run(walk->align->old.view.at + (uint32_t)(at + on->diagonal),
                             walk->align->new.view.at + at, end - at);
    if (run < 8)
        return 0;
    for (size_t i = 0; i < walk->lane_count; i++) {
        struct lane *lane = &walk->lanes[i];
        if (i == best || lane->parked)
            continue;
        for (uint32_t j = at; j < at + run && !lane->parked; j++) {
            if (i > 0 && j >= lane->high)
                lane->parked = true;
            else
                lane->cost += price_at(walk, i, j);
            if (lane->cost > on->cost + PRICE_COPY + 32 * PRICE_DOUBLE)
                lane->parked = true;
        }
    }
    (void)lanes_prune(walk, best, at + run);
    return run;
}

static bool way_out(struct walk *walk, uint32_t end, struct copies *out, struct error *err)
{
    size_t first = out->count;
    uint32_t tip;

    if (!node_make(walk, &walk->lanes[best_lane(walk)], end, &tip, err))
        return false;
    for (uint32_t i = tip; i != NODE_NONE; i = walk->nodes[i].parent) {
        const struct node *node = &walk->nodes[i];
        if (node->literal || node->from == node->to)
            continue;
        if (!copies_add(out, (struct copy){node->from, node->from + node->diagonal, node->to - node->from},
                        err))
            return false;
    }
    for (size_t low = first, high = out->count; low + 1 < high; low++) {
        struct copy swapped = out->at[low];
        out->at[low] = out->at[--high];
        out->at[high] = swapped;
    }
    return true;
}

/* Tells how far it is, now and then; false: it was stopped. */
static bool walk_tell(const struct walk *walk, uint32_t at, struct error *err)
{
    if (walk->align->progress == NULL || walk->align->progress(walk->align->self, at))
        return true;
    return error_set(err, ERROR_CONFLICT, "stopped");
}

static bool walk_piece(struct walk *walk, size_t index, struct copies *out, struct error *err)
{
    const struct window_piece *piece = &walk->align->new.pieces[index];
    uint32_t end = piece->at + piece->size, told = piece->at, twin = walk->align->twins[index];
    size_t next = 0;

    if (!anchors_find(walk->align, walk->suffix, index, &walk->anchors, err))
        return false;
    uint32_t diagonal = twin == WINDOW_NO_TWIN ? 0 : walk->align->old.pieces[twin].at - piece->at;
    walk->twin = twin;
    walk->node_count = 0;
    walk->node_free = NODE_NONE;
    walk->lanes[0] = (struct lane){.diagonal = diagonal,
                                   .back = diagonal,
                                   .low = piece->at,
                                   .high = end,
                                   .from = piece->at,
                                   .parent = NODE_NONE};
    walk->lane_count = 1;
    for (uint32_t at = piece->at; at < end;) {
        for (; next < walk->anchors.count && walk->anchors.at[next].from <= at; next++)
            lane_open(walk, piece, &walk->anchors.at[next]);
        uint32_t stop = next < walk->anchors.count && walk->anchors.at[next].from < end
                            ? walk->anchors.at[next].from
                            : end;
        uint32_t run = walk_run(walk, at, stop);
        if (run == 0 && !walk_step(walk, at, err))
            return false;
        at += run == 0 ? 1 : run;
        if (at - told >= TELL_EVERY && !walk_tell(walk, told = at, err))
            return false;
    }
    return way_out(walk, end, out, err);
}

bool align_find(const struct align *align, const struct suffix *suffix, size_t first, size_t count,
                struct copies *out, struct error *err)
{
    OWN(walk_end) struct walk walk = {.align = align, .suffix = suffix};

    for (size_t i = first; i < first + count; i++) {
        const struct window_piece *piece = &align->new.pieces[i];
        if (piece->size > 0 &&
            (!walk_piece(&walk, i, out, err) || !walk_tell(&walk, piece->at + piece->size, err)))
            return false;
    }
    return true;
}
