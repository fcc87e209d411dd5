#include "base/checked.h"
#include "base/limits.h"
#include "delta/window_parts.h"

/* Where copies come from: the old places that they went on from, the last one first. */
struct lines {
    uint32_t at[WALK_LINES];
    unsigned last; /* which one the last copy was near, WALK_LINES: none */
    unsigned literal_class, size_class;
};

/* Of the encoder: the line that the place is near, 0 when it is near none. */
static unsigned line_choose(const struct lines *lines, uint32_t place, uint32_t literal)
{
    unsigned best = 0, best_bits = UINT32_MAX;

    for (unsigned i = 0; i < WALK_LINES; i++) {
        int64_t far = (int64_t)place - (int64_t)lines->at[i] - (i == 0 ? (int64_t)literal : 0);
        if (i > 0 && (far > WALK_LINE_FAR || far < -WALK_LINE_FAR))
            continue;
        unsigned bits = walk_bits_of(far) * 2 + 3 * i;
        if (bits < best_bits) {
            best = i;
            best_bits = bits;
        }
    }
    return best;
}

/* The copy's place, from the nearest line. */
static uint64_t place_code(struct walk *w, struct lines *lines, uint32_t place, uint32_t literal)
{
    struct walk_models *m = w->models;
    unsigned line = w->coder.encoding ? line_choose(lines, place, literal) : 0, before = lines->last > 0;

    unsigned high = coder_odds(&w->coder, &m->line[lines->last % WALK_LINES][0], line >> 1);
    line = high << 1 | coder_odds(&w->coder, &m->line[lines->last % WALK_LINES][1 + high], line & 1);
    uint64_t from = (uint64_t)lines->at[line] + (line == 0 ? literal : 0);
    int64_t far = coder_signed(&w->coder, &m->place[line == 0 && literal > 0 ? WALK_LINES : line][before],
                               (int64_t)((uint64_t)place - from));
    uint64_t got = from + (uint64_t)far;
    walk_count(w, WALK_COPIES);
    lines->last = line;
    if (far > WALK_LINE_FAR || far < -WALK_LINE_FAR) {
        lines->last = WALK_LINES;
        line = WALK_LINES - 1;
    }
    memmove(lines->at + 1, lines->at, line * sizeof(*lines->at));
    return got;
}

/* One literal's size and one copy; its size is 0 when the piece is full. */
static bool copy_code(struct walk *w, struct lines *lines, uint32_t left, uint32_t literal, struct copy *copy,
                      struct error *err)
{
    struct walk_models *m = w->models;
    uint64_t got = coder_number(
        &w->coder, &m->literal[lines->size_class > 0][lines->literal_class + (lines->last > 0 ? 3u : 0u)],
        literal);

    walk_count(w, WALK_LITERAL_SIZES);
    if (got > left || coder_spent(&w->coder))
        return error_set(err, ERROR_INPUT, "literals beyond the piece");
    lines->literal_class = got == 0 ? 0 : got < 4 ? 1 : 2;
    copy->new_at = (uint32_t)got;
    left -= (uint32_t)got;
    if (left == 0) {
        copy->size = 0;
        return true;
    }
    uint64_t place = place_code(w, lines, copy->old_at, (uint32_t)got);
    uint64_t size = coder_number(&w->coder,
                                 &m->size[lines->last == 0           ? 0
                                          : lines->last < WALK_LINES ? 1
                                                                     : 2][lines->size_class],
                                 copy->size - 1) +
                    1;
    walk_count(w, WALK_COPY_SIZES);
    if (size > left || size == 0)
        return error_set(err, ERROR_INPUT, "longer than the piece");
    if (place > w->old->bytes.size || size > w->old->bytes.size - place)
        return error_set(err, ERROR_INPUT, "beyond the old image");
    copy->old_at = (uint32_t)place;
    copy->size = (uint32_t)size;
    lines->at[0] = copy->old_at + copy->size;
    lines->size_class = size < 16 ? 0 : size < 32 ? 1 : size < 256 ? 2 : 3;
    return true;
}

static bool plan_copies(struct walk *w, const struct window_piece *piece, struct walk_plan *plan,
                        struct error *err)
{
    uint32_t at = 0, partner_at = plan->partner < w->old->piece_count ? w->old->pieces[plan->partner].at : 0;
    struct lines lines = {.at = {partner_at, partner_at, partner_at, partner_at}};

    for (size_t i = 0; at < piece->size; i++) {
        struct copy copy = {.new_at = piece->at + piece->size};
        if (i < plan->copies.count && w->coder.encoding)
            copy = plan->copies.at[i];
        if (!copy_code(w, &lines, piece->size - at, copy.new_at - piece->at - at, &copy, err))
            return error_at(err, "copy %zu", i);
        at += copy.new_at;
        copy.new_at = piece->at + at;
        at += copy.size;
        if (copy.size == 0 || w->coder.encoding)
            continue;
        if (plan->copies.count >= LIMIT_DELTA_COPIES)
            return error_set(err, ERROR_LIMIT, "more than %d copies", LIMIT_DELTA_COPIES);
        if (!copies_add(&plan->copies, copy, err))
            return false;
    }
    return true;
}

bool walk_plan(struct walk *w, const struct window_piece *piece, struct walk_plan *plan, struct error *err)
{
    uint32_t next = w->partner_before + 1;
    int64_t partner = coder_signed(&w->coder, &w->models->partner, (int64_t)plan->partner - next);

    if (ckd_add(&partner, partner, (int64_t)next) || partner < 0 || partner > (int64_t)w->old->piece_count)
        return error_set(err, ERROR_INPUT, "no old piece %lld", (long long)partner);
    plan->partner = (uint32_t)partner;
    w->piece = piece;
    w->header_read = false;
    w->header_end = UINT32_MAX;
    w->origin_known = false;
    w->old_place = w->new_place = (struct walk_place){0};
    memset(w->told, 0, sizeof(w->told));
    w->follow = (struct elf_follow){0};
    w->operands = (struct elf_recent){0};
    w->followed = UINT64_MAX;
    w->fields = NULL;
    w->partner = (struct bytes){0};
    if (plan->partner < w->old->piece_count) {
        const struct window_piece *old = &w->old->pieces[plan->partner];
        w->partner_before = plan->partner;
        w->partner = (struct bytes){w->old->bytes.at + old->at, old->size};
        plan->same = coder_odds(&w->coder, &w->models->same[0], plan->same);
        if (plan->same)
            return old->size == piece->size ||
                   error_set(err, ERROR_INPUT, "a piece that is another, of another size");
        plan->fields = coder_odds(&w->coder, &w->models->fields[0], plan->fields);
        if (plan->fields && old->size / WALK_PARTNER_MAX > piece->size)
            return error_set(err, ERROR_INPUT, "a piece of %u bytes with the fields of %u", piece->size,
                             old->size);
        plan->digits = plan->fields && coder_odds(&w->coder, &w->models->digits[0], plan->digits);
    } else
        plan->same = plan->fields = plan->digits = false;
    walk_count(w, WALK_PLAN);
    bool done = plan_copies(w, piece, plan, err);
    walk_count(w, WALK_COPIES);
    return done;
}
