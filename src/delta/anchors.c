#include "delta/anchors.h"

#include <stdlib.h>

#define SEARCH_ENOUGH 24 /* equal bytes on the way we are on: nothing better is looked for */
#define SEARCH_MIN    6
#define EXTEND_BACK   512
#define EXTEND_DROP   20
#define NEIGHBOURS    12

struct search {
    const struct align *align;
    const struct suffix *suffix;
    struct anchors *anchors;
    const struct window_piece *piece; /* of the new view */
    const struct window_piece *twin;  /* of the old view, or NULL */
    bool foreign;                     /* the way is not in the twin */
    uint32_t diagonal, low, high;     /* the way we are on */
};

void anchor_bounds(const struct align *align, const struct window_piece *piece, struct anchor anchor,
                   uint32_t *low, uint32_t *high)
{
    uint32_t place = anchor.from + anchor.diagonal;
    const struct window_piece *old = align_piece_at(&align->old, place);
    int64_t from = (int64_t)old->at - (int64_t)place + anchor.from, to = from + old->size;

    *low = from < piece->at ? piece->at : (uint32_t)from;
    *high = to > piece->at + piece->size ? piece->at + piece->size : (uint32_t)to;
}

static void search_turn(struct search *s, uint32_t at, uint32_t diagonal)
{
    s->diagonal = diagonal;
    s->foreign = s->twin != NULL && align_piece_at(&s->align->old, at + diagonal) != s->twin;
    anchor_bounds(s->align, s->piece, (struct anchor){.from = at, .diagonal = diagonal}, &s->low, &s->high);
}

static uint32_t run_on(const struct search *s, uint32_t at)
{
    if (at < s->low || at >= s->high)
        return 0;
    return align_run(s->align->old.view.at + (uint32_t)(at + s->diagonal), s->align->new.view.at + at,
                     s->high - at);
}

/* How many of the next bytes are equal on the way we are on. */
static unsigned equal_ahead(const struct search *s, uint32_t at, uint32_t size)
{
    unsigned equal = 0;

    if (at < s->low || at >= s->high)
        return 0;
    if (size > s->high - at)
        size = s->high - at;
    const uint8_t *old = s->align->old.view.at + (uint32_t)(at + s->diagonal),
                  *new = s->align->new.view.at + at;
    for (uint32_t i = 0; i < size; i++)
        equal += old[i] == new[i];
    return equal;
}

static uint32_t extend_back(const struct search *s, uint32_t at)
{
    const uint8_t *old = s->align->old.view.at, *new = s->align->new.view.at;
    uint32_t best = at;
    int score = 0, best_score = 0;

    for (uint32_t i = at; i > s->low && at - i < EXTEND_BACK;) {
        i--;
        score += old[(uint32_t)(i + s->diagonal)] == new[i] ? 1 : align_is_loose(&s->align->new, i) ? -1 : -3;
        if (score > best_score) {
            best_score = score;
            best = i;
        }
        if (score < best_score - EXTEND_DROP)
            break;
    }
    return best;
}

static bool anchor_add(struct search *s, uint32_t at, uint32_t size, struct error *err)
{
    void *array = s->anchors->at;
    uint32_t from = extend_back(s, at);

    if (!align_grow(&array, s->anchors->count, &s->anchors->capacity, sizeof(struct anchor), err))
        return false;
    s->anchors->at = array;
    s->anchors->at[s->anchors->count++] = (struct anchor){from, at + size, s->diagonal};
    return true;
}

/* Bytes of a match that say something: those of fields say little before their targets are known. */
static uint32_t weight_of(const struct search *s, uint32_t at, uint32_t size)
{
    uint32_t loose = 0;

    if (size > 128)
        return size;
    for (uint32_t i = 0; i < size; i++)
        loose += align_is_loose(&s->align->new, at + i);
    return size - loose + loose / 4;
}

static bool is_foreign(const struct search *s, uint32_t old_at)
{
    return s->twin != NULL && (old_at < s->twin->at || old_at - s->twin->at >= s->twin->size);
}

/* Of the matches as long as the best, the one in the twin and nearest to the way we are on. */
static uint32_t nearest_match(const struct search *s, uint32_t at, struct suffix_match found)
{
    const uint8_t *old = s->align->old.view.at, *new = s->align->new.view.at;
    uint32_t best = found.at - at, size = (uint32_t)s->suffix->text.size, base = s->suffix->base;

    for (int way = -1; way <= 1; way += 2) {
        int64_t row = found.row;
        for (int i = 0; i < NEIGHBOURS; i++) {
            row += way;
            if (row < 0 || row >= size)
                break;
            uint32_t place = base + (uint32_t)s->suffix->order[row];
            if (size - (place - base) < found.size ||
                align_run(old + place, new + at, found.size) < found.size)
                break;
            bool better = is_foreign(s, place) != is_foreign(s, best + at)
                              ? is_foreign(s, best + at)
                              : align_distance(place - at, s->diagonal) < align_distance(best, s->diagonal);
            if (better)
                best = place - at;
        }
    }
    return best;
}

static bool search_at(struct search *s, uint32_t *at, uint32_t run, uint32_t *misses, struct error *err)
{
    uint32_t end = s->piece->at + s->piece->size;
    struct suffix_match found =
        suffix_find(s->suffix, (struct bytes){s->align->new.view.at + *at, end - *at});
    struct search next = *s;

    if (s->foreign && run >= SEARCH_ENOUGH && found.size <= run) {
        uint32_t turned = nearest_match(s, *at, found);
        if (!is_foreign(s, turned + *at))
            search_turn(s, *at, turned);
        run = run_on(s, *at);
        if (!anchor_add(s, *at, run, err))
            return false;
        *at += run;
        return true;
    }
    if (found.size < SEARCH_MIN || found.size < run + 4 || weight_of(s, *at, found.size) < SEARCH_MIN) {
        *at += 1 + *misses / 64;
        if (*misses < 64 * 16)
            ++*misses;
        return true;
    }
    search_turn(&next, *at, nearest_match(s, *at, found));
    uint32_t size = run_on(&next, *at);
    if (!anchor_add(&next, *at, size, err))
        return false;
    *misses = 0;
    if (size >= 16 || equal_ahead(s, *at, 64) < equal_ahead(&next, *at, 64)) {
        *s = next;
        *at += size;
    } else
        *at += 1;
    return true;
}

static int anchor_order(const void *a, const void *b)
{
    const struct anchor *x = a, *y = b;

    return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->to < y->to ? -1 : x->to > y->to;
}

bool anchors_find(const struct align *align, const struct suffix *suffix, size_t index,
                  struct anchors *anchors, struct error *err)
{
    const struct window_piece *piece = &align->new.pieces[index];
    uint32_t twin = align->twins[index];
    uint32_t end = piece->at + piece->size, misses = 0;
    struct search s = {.align = align, .suffix = suffix, .anchors = anchors, .piece = piece};

    anchors->count = 0;
    s.twin = twin != WINDOW_NO_TWIN ? &align->old.pieces[twin] : NULL;
    if (twin != WINDOW_NO_TWIN && align->old.pieces[twin].size > 0) {
        search_turn(&s, piece->at, align->old.pieces[twin].at - piece->at);
        if (!anchor_add(&s, piece->at, 0, err))
            return false;
    }
    for (uint32_t at = piece->at; at < end;) {
        uint32_t run = run_on(&s, at);
        if (run >= SEARCH_ENOUGH && !s.foreign) {
            if (!anchor_add(&s, at, run, err))
                return false;
            misses = 0;
            at += run;
        } else if (!s.foreign && equal_ahead(&s, at, 32) >= 27)
            at += run + 1;
        else if (!search_at(&s, &at, run, &misses, err))
            return false;
    }
    if (anchors->count > 0)
        qsort(anchors->at, anchors->count, sizeof(*anchors->at), anchor_order);
    return true;
}
