#include "delta/align.h"

#include <assert.h>
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
#define NO_LANE       SIZE_MAX

/* A run of new bytes that come from `diagonal`: old place less new place, of 2^32. */
struct anchor {
    uint32_t from, to, diagonal;
};

struct anchors {
    struct anchor *at;
    size_t count, capacity;
};

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

/* Room for one more. */
static bool grow(void **array, size_t count, size_t *capacity, size_t size, struct error *err)
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

    if (!grow(&array, copies->count, &copies->capacity, sizeof(copy), err))
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

static const struct window_piece *piece_at(const struct align_side *side, uint32_t at)
{
    size_t low = 0, high = side->piece_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (side->pieces[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return &side->pieces[low];
}

static bool is_loose(const struct align_side *side, uint32_t at)
{
    return side->loose[at / 64] >> at % 64 & 1;
}

/* How many bytes are equal from there on, at most `size`. */
static uint32_t equal_run(const uint8_t *a, const uint8_t *b, uint32_t size)
{
    uint32_t i = 0;

    for (; i + 8 <= size; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x != y)
            return i + (uint32_t)__builtin_ctzll(x ^ y) / 8;
    }
    while (i < size && a[i] == b[i])
        i++;
    return i;
}

/* ---- Anchors ---- */

#define SEARCH_ENOUGH 24 /* equal bytes on the way we are on: nothing better is looked for */
#define SEARCH_MIN    6
#define EXTEND_BACK   512
#define EXTEND_DROP   20
#define NEIGHBOURS    12

struct search {
    const struct window_piece *piece; /* of the new view */
    const struct window_piece *twin;  /* of the old view, or NULL */
    bool foreign;                     /* the way is not in the twin */
    uint32_t diagonal, low, high;     /* the way we are on */
};

static void search_turn(const struct walk *walk, struct search *s, uint32_t at, uint32_t diagonal)
{
    const struct window_piece *old = piece_at(&walk->align->old, at + diagonal);
    int64_t low = (int64_t)old->at - (int64_t)(at + diagonal) + at, high = low + old->size;

    s->diagonal = diagonal;
    s->foreign = s->twin != NULL && old != s->twin;
    s->low = low < s->piece->at ? s->piece->at : (uint32_t)low;
    s->high = high > s->piece->at + s->piece->size ? s->piece->at + s->piece->size : (uint32_t)high;
}

static uint32_t run_on(const struct walk *walk, const struct search *s, uint32_t at)
{
    if (at < s->low || at >= s->high)
        return 0;
    return equal_run(walk->align->old.view.at + (uint32_t)(at + s->diagonal), walk->align->new.view.at + at,
                     s->high - at);
}

/* How many of the next bytes are equal on the way we are on. */
static unsigned equal_ahead(const struct walk *walk, const struct search *s, uint32_t at, uint32_t size)
{
    unsigned equal = 0;

    if (at < s->low || at >= s->high)
        return 0;
    if (size > s->high - at)
        size = s->high - at;
    const uint8_t *old = walk->align->old.view.at + (uint32_t)(at + s->diagonal),
                  *new = walk->align->new.view.at + at;
    for (uint32_t i = 0; i < size; i++)
        equal += old[i] == new[i];
    return equal;
}

static uint32_t extend_back(const struct walk *walk, const struct search *s, uint32_t at)
{
    const uint8_t *old = walk->align->old.view.at, *new = walk->align->new.view.at;
    uint32_t best = at;
    int score = 0, best_score = 0;

    for (uint32_t i = at; i > s->low && at - i < EXTEND_BACK;) {
        i--;
        score += old[(uint32_t)(i + s->diagonal)] == new[i] ? 1 : is_loose(&walk->align->new, i) ? -1 : -3;
        if (score > best_score) {
            best_score = score;
            best = i;
        }
        if (score < best_score - EXTEND_DROP)
            break;
    }
    return best;
}

static bool anchor_add(struct walk *walk, struct search *s, uint32_t at, uint32_t size, struct error *err)
{
    void *array = walk->anchors.at;
    uint32_t from = extend_back(walk, s, at);

    if (!grow(&array, walk->anchors.count, &walk->anchors.capacity, sizeof(struct anchor), err))
        return false;
    walk->anchors.at = array;
    walk->anchors.at[walk->anchors.count++] = (struct anchor){from, at + size, s->diagonal};
    return true;
}

/* Bytes of a match that say something: those of fields say little before their targets are known. */
static uint32_t weight_of(const struct walk *walk, uint32_t at, uint32_t size)
{
    uint32_t loose = 0;

    if (size > 128)
        return size;
    for (uint32_t i = 0; i < size; i++)
        loose += is_loose(&walk->align->new, at + i);
    return size - loose + loose / 4;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a - b < b - a ? a - b : b - a;
}

static bool is_foreign(const struct search *s, uint32_t old_at)
{
    return s->twin != NULL && (old_at < s->twin->at || old_at - s->twin->at >= s->twin->size);
}

/* Of the matches as long as the best, the one in the twin and nearest to the way we are on. */
static uint32_t nearest_match(const struct walk *walk, const struct search *s, uint32_t at,
                              struct suffix_match found)
{
    const uint8_t *old = walk->align->old.view.at, *new = walk->align->new.view.at;
    uint32_t best = found.at - at, size = (uint32_t)walk->align->old.view.size;

    for (int way = -1; way <= 1; way += 2) {
        int64_t row = found.row;
        for (int i = 0; i < NEIGHBOURS; i++) {
            row += way;
            if (row < 0 || row >= size)
                break;
            uint32_t place = (uint32_t)walk->suffix->order[row];
            if (size - place < found.size || equal_run(old + place, new + at, found.size) < found.size)
                break;
            bool better = is_foreign(s, place) != is_foreign(s, best + at)
                              ? is_foreign(s, best + at)
                              : distance(place - at, s->diagonal) < distance(best, s->diagonal);
            if (better)
                best = place - at;
        }
    }
    return best;
}

static bool search_at(struct walk *walk, struct search *s, uint32_t *at, uint32_t run, uint32_t *misses,
                      struct error *err)
{
    uint32_t end = s->piece->at + s->piece->size;
    struct suffix_match found =
        suffix_find(walk->suffix, (struct bytes){walk->align->new.view.at + *at, end - *at});
    struct search next = *s;

    if (s->foreign && run >= SEARCH_ENOUGH && found.size <= run) {
        uint32_t turned = nearest_match(walk, s, *at, found);
        if (!is_foreign(s, turned + *at))
            search_turn(walk, s, *at, turned);
        run = run_on(walk, s, *at);
        if (!anchor_add(walk, s, *at, run, err))
            return false;
        *at += run;
        return true;
    }
    if (found.size < SEARCH_MIN || found.size < run + 4 || weight_of(walk, *at, found.size) < SEARCH_MIN) {
        *at += 1 + *misses / 64;
        if (*misses < 64 * 16)
            ++*misses;
        return true;
    }
    search_turn(walk, &next, *at, nearest_match(walk, s, *at, found));
    uint32_t size = run_on(walk, &next, *at);
    if (!anchor_add(walk, &next, *at, size, err))
        return false;
    *misses = 0;
    if (size >= 16 || equal_ahead(walk, s, *at, 64) < equal_ahead(walk, &next, *at, 64)) {
        *s = next;
        *at += size;
    } else
        *at += 1;
    return true;
}

static bool anchors_find(struct walk *walk, const struct window_piece *piece, uint32_t twin,
                         struct error *err)
{
    uint32_t end = piece->at + piece->size, misses = 0;
    struct search s = {.piece = piece};

    walk->anchors.count = 0;
    s.twin = twin != WINDOW_NO_TWIN ? &walk->align->old.pieces[twin] : NULL;
    if (twin != WINDOW_NO_TWIN && walk->align->old.pieces[twin].size > 0) {
        search_turn(walk, &s, piece->at, walk->align->old.pieces[twin].at - piece->at);
        if (!anchor_add(walk, &s, piece->at, 0, err))
            return false;
    }
    for (uint32_t at = piece->at; at < end;) {
        uint32_t run = run_on(walk, &s, at);
        if (run >= SEARCH_ENOUGH && !s.foreign) {
            if (!anchor_add(walk, &s, at, run, err))
                return false;
            misses = 0;
            at += run;
        } else if (!s.foreign && equal_ahead(walk, &s, at, 32) >= 27)
            at += run + 1;
        else if (!search_at(walk, &s, &at, run, &misses, err))
            return false;
    }
    return true;
}

static int anchor_order(const void *a, const void *b)
{
    const struct anchor *x = a, *y = b;

    return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->to < y->to ? -1 : x->to > y->to;
}

/* ---- The cheapest way ---- */

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
        if (!grow(&array, walk->node_count, &walk->node_capacity, sizeof(struct node), err))
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
    uint32_t far = distance(from->diagonal, to->diagonal), back = distance(from->back, to->diagonal);
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
    struct search s = {.piece = piece};
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
    search_turn(walk, &s, anchor->from, anchor->diagonal);
    bool foreign =
        walk->twin != WINDOW_NO_TWIN &&
        piece_at(&walk->align->old, anchor->from + anchor->diagonal) != &walk->align->old.pieces[walk->twin];
    walk->lanes[walk->lane_count++] = (struct lane){.diagonal = anchor->diagonal,
                                                    .low = s.low,
                                                    .high = s.high,
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
        if (i > 0 && distance(walk->lanes[best].diagonal, lane->diagonal) > TURN_FAR)
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
    if (lane->foreign && is_loose(&walk->align->new, at))
        return PRICE_FOREIGN;
    if (walk->align->old.view.at[(uint32_t)(at + lane->diagonal)] == walk->align->new.view.at[at])
        return 0;
    return is_loose(&walk->align->new, at) ? PRICE_LOOSE : PRICE_DIFFER;
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
    uint32_t run = equal_run(walk->align->old.view.at + (uint32_t)(at + on->diagonal),
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

static bool walk_piece(struct walk *walk, const struct window_piece *piece, uint32_t twin, struct copies *out,
                       struct error *err)
{
    uint32_t end = piece->at + piece->size;
    size_t next = 0;

    if (!anchors_find(walk, piece, twin, err))
        return false;
    qsort(walk->anchors.at, walk->anchors.count, sizeof(struct anchor), anchor_order);
    walk->twin = twin;
    walk->node_count = 0;
    walk->node_free = NODE_NONE;
    uint32_t diagonal = twin == WINDOW_NO_TWIN ? 0 : walk->align->old.pieces[twin].at - piece->at;
    walk->lanes[0] = (struct lane){
        .diagonal = diagonal, .low = piece->at, .high = end, .from = piece->at, .parent = NODE_NONE};
    walk->lane_count = 1;
    for (uint32_t at = piece->at; at < end;) {
        for (; next < walk->anchors.count && walk->anchors.at[next].from <= at; next++)
            lane_open(walk, piece, &walk->anchors.at[next]);
        uint32_t stop = next < walk->anchors.count && walk->anchors.at[next].from < end
                            ? walk->anchors.at[next].from
                            : end;
        uint32_t run = walk_run(walk, at, stop);
        if (run == 0) {
            if (!walk_step(walk, at, err))
                return false;
            run = 1;
        }
        at += run;
    }
    return way_out(walk, end, out, err);
}

bool align_find(const struct align *align, const struct suffix *suffix, struct copies *out, struct error *err)
{
    OWN(walk_end) struct walk walk = {.align = align, .suffix = suffix};

    for (size_t i = 0; i < align->new.piece_count; i++) {
        const struct window_piece *piece = &align->new.pieces[i];
        if (piece->size > 0 && !walk_piece(&walk, piece, align->twins[i], out, err))
            return false;
        if (align->progress != NULL && !align->progress(align->self, piece->at + piece->size))
            return error_set(err, ERROR_CONFLICT, "stopped");
    }
    return true;
}
