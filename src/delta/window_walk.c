#include "delta/window_parts.h"

#include <stdlib.h>
#include <string.h>

bool walk_begin(struct walk *w, const struct window_image *old, const struct window_image *new, unsigned log,
                struct error *err)
{
    w->old = old;
    w->new = new;
    w->models = calloc(1, sizeof(*w->models));
    w->buffer = calloc(1, WALK_BEFORE + WALK_BUFFER + WALK_BEHIND);
    if (w->models == NULL || w->buffer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: the models of a window");
    for (size_t i = 0; i < FIELD_KIND_COUNT * PREDICT_SOURCE_COUNT; i++)
        mix_start(&w->models->held_mix[i], 4);
    for (size_t i = 0; i < FIELD_KIND_COUNT; i++)
        mix_start(&w->models->block_mix[i], 3);
    log = (unsigned)coder_number(&w->coder, &w->models->partner, log);
    if (log < SPELL_LOG_MIN || log > SPELL_LOG_MAX)
        return error_set(err, ERROR_INPUT, "a window with 2^%u lines", log);
    w->partner_before = UINT32_MAX;
    return spell_begin(&w->spell, log, err);
}

void walk_end(struct walk *w)
{
    free(w->models);
    free(w->buffer);
    spell_end(&w->spell);
    predict_end(&w->predict);
    packed_end(&w->packed);
    w->models = NULL;
    w->buffer = NULL;
}

void walk_count(struct walk *w, enum walk_part part)
{
    if (!w->coder.encoding)
        return;
    uint64_t place = coder_place(&w->coder);
    w->counts[part] += place - w->counted;
    w->counted = place;
}

/* ---- What is made ---- */

bool walk_flush(struct walk *w, struct error *err)
{
    size_t size = w->filled;

    if (size == 0)
        return true;
    if (!w->coder.encoding && !w->sink.put(w->sink.self, (struct bytes){w->buffer + WALK_BEFORE, size}, err))
        return false;
    memmove(w->buffer, w->buffer + size, WALK_BEFORE);
    w->filled = 0;
    return true;
}

bool walk_emit(struct walk *w, const uint8_t *at, size_t size, struct error *err)
{
    while (size > 0) {
        size_t part = WALK_BUFFER - w->filled;
        if (part > size)
            part = size;
        memcpy(w->buffer + WALK_BEFORE + w->filled, at, part);
        if (walk_piece_done(w) < WALK_HEAD_MAX) {
            size_t head = WALK_HEAD_MAX - walk_piece_done(w);
            memcpy(w->head + walk_piece_done(w), at, head < part ? head : part);
        }
        w->filled += part;
        w->done += part;
        at += part;
        size -= part;
        if (w->filled == WALK_BUFFER && !walk_flush(w, err))
            return false;
    }
    return true;
}

static uint64_t bytes_before(const struct walk *w)
{
    uint64_t before;

    memcpy(&before, w->buffer + w->filled + WALK_BEFORE - 8, 8);
    return __builtin_bswap64(before);
}

void walk_header_look(struct walk *w)
{
    const uint8_t *at = w->coder.encoding ? w->new->bytes.at + w->piece->at : w->head;
    uint32_t have = w->coder.encoding ? w->piece->size : walk_piece_done(w);

    if (w->header_read || have < 64)
        return;
    if (have > WALK_HEAD_MAX)
        have = WALK_HEAD_MAX;
    size_t wants = elf_layout_wants((struct bytes){at, have});
    if (wants > 0 && wants > have && have < WALK_HEAD_MAX && !w->coder.encoding)
        return;
    w->header_read = true;
    if (wants > 0 && wants <= have && elf_layout_read((struct bytes){at, wants}, &w->predict.new_layout))
        w->header_end = (uint32_t)wants;
}

/* Whether the next byte is one of code; then the follower stands before it. */
static bool walk_follow(struct walk *w)
{
    uint64_t at = walk_piece_done(w), address;
    size_t segment, back = ELF_FOLLOW_BACK;
    uint64_t beyond;

    walk_header_look(w);
    if (w->header_end == UINT32_MAX || at < w->header_end)
        return false;
    if (w->followed == w->done)
        return true;
    if (w->predict.new_layout.type == ELF_TYPE_OBJECT ||
        !elf_address_of(&w->predict.new_layout, at, &address) ||
        !elf_segment_of(&w->predict.new_layout, address, &segment, &beyond) ||
        !w->predict.new_layout.segments[segment].executes)
        return false;
    if (back > at - w->header_end)
        back = (size_t)(at - w->header_end);
    elf_follow_start(&w->follow, (struct bytes){w->buffer + WALK_BEFORE + w->filled - back, back}, address);
    w->followed = w->done;
    return true;
}

static bool spell_one(struct walk *w, enum spell_kind kind, unsigned expected, uint32_t place,
                      struct error *err)
{
    uint8_t byte = w->coder.encoding ? w->new->bytes.at[place] : 0;
    struct spell_context context = {kind, bytes_before(w), expected, .code.expected = 256};
    bool code = walk_follow(w);

    if (code) {
        struct elf_follow_view view = elf_follow_look(&w->follow);
        memcpy(context.code.contexts, view.contexts, sizeof(view.contexts));
        context.code.role = view.role;
        context.code.expected = view.expected;
    }
    byte = spell_byte(&w->spell, &w->coder, &context, byte);
    walk_count(w, kind == SPELL_LITERAL ? WALK_LITERALS : WALK_RESIDUE);
    if (code) {
        elf_follow_step(&w->follow, byte);
        w->followed++;
    }
    return walk_emit(w, &byte, 1, err);
}

/* Literals that were packed before the walk. */
static bool take_literals(struct walk *w, uint32_t from, uint32_t to, struct error *err)
{
    uint8_t step[4096];

    if (w->coder.encoding)
        return walk_emit(w, w->new->bytes.at + from, to - from, err);
    while (from < to) {
        uint32_t size = to - from < sizeof(step) ? to - from : (uint32_t)sizeof(step);
        if (!packed_take(&w->packed, step, size, err) || !walk_emit(w, step, size, err))
            return false;
        from += size;
    }
    return true;
}

static bool walk_literals(struct walk *w, uint32_t from, uint32_t to, uint32_t old, struct error *err)
{
    if (w->is_packed)
        return take_literals(w, from, to, err);
    for (uint32_t i = from; i < to; i++, old++) {
        if (!spell_one(w, SPELL_LITERAL, old < w->old->bytes.size ? w->old->bytes.at[old] : 256, i, err))
            return false;
        if (coder_spent(&w->coder))
            return error_set(err, ERROR_INPUT, "a coded window that ends too soon");
    }
    return true;
}

/* How many plain bytes from `at` on are equal, then one that is not: for the encoder. UINT64_MAX: none is left. */
static uint64_t gap_measure(const struct walk *w, const struct copying *c, uint32_t at, size_t field)
{
    const uint8_t *old = w->old->bytes.at + c->copy.old_at, *new = w->new->bytes.at + c->copy.new_at;
    uint64_t gap = 0;

    for (; at < c->plain_to; at++, gap++)
        if (old[at] != new[at])
            return gap;
    for (;; field++) {
        uint32_t to = walk_field_place(w, c, field);
        for (; at < to; at++, gap++)
            if (old[at] != new[at])
                return gap;
        if (field >= c->field_end)
            return UINT64_MAX;
        if (walk_field_active(w, field, c->copy.new_at + at - w->piece->at)) {
            at += walk_field_size(w, field);
            continue;
        }
        for (to = at + walk_field_size(w, field); at < to; at++, gap++)
            if (old[at] != new[at])
                return gap;
    }
}

static void gap_next(struct walk *w, struct copying *c, uint32_t at, size_t field, bool first)
{
    uint64_t gap = w->coder.encoding ? gap_measure(w, c, at, field) : 0;
    struct number_odds *odds =
        first ? &w->models->first_gap[walk_size_class(c->copy.size)] : &w->models->next_gap[c->gap_class];

    gap = coder_number(&w->coder, odds, gap + 1);
    walk_count(w, WALK_GAPS);
    c->gap = gap - 1;
    c->gap_class = walk_size_class(gap);
}

/* Plain bytes [from, to) of the copy. */
static bool walk_plain(struct walk *w, struct copying *c, uint32_t from, uint32_t to, struct error *err)
{
    const uint8_t *old = w->old->bytes.at + c->copy.old_at;

    while (from < to) {
        uint32_t part = c->gap < to - from ? (uint32_t)c->gap : to - from;
        if (!walk_emit(w, old + from, part, err))
            return false;
        from += part;
        c->gap -= part;
        if (from == to)
            break;
        if (!spell_one(w, SPELL_RESIDUE, old[from], c->copy.new_at + from, err))
            return false;
        c->differed = from++;
        gap_next(w, c, from, c->field, false);
        if (coder_spent(&w->coder))
            return error_set(err, ERROR_INPUT, "a coded window that ends too soon");
    }
    return true;
}

static void copying_begin(const struct walk *w, struct copying *c)
{
    uint32_t partner_at = (uint32_t)(w->partner.at - w->old->bytes.at);

    if (w->fields == NULL || c->copy.old_at < partner_at || c->copy.old_at - partner_at >= w->partner.size)
        return;
    uint32_t from = c->copy.old_at - partner_at;
    uint32_t to = c->copy.size < w->partner.size - from ? from + c->copy.size : (uint32_t)w->partner.size;
    c->field = elf_fields_find(w->fields, from);
    c->field_end = elf_fields_find(w->fields, to);
    while (c->field_end > c->field &&
           w->fields->at[c->field_end - 1] + walk_field_size(w, c->field_end - 1) > to)
        c->field_end--;
}

static bool walk_copy(struct walk *w, struct copy copy, struct error *err)
{
    struct copying c = {.copy = copy, .differed = UINT32_MAX};

    copying_begin(w, &c);
    if (w->coder.encoding)
        walk_header_look(w);
    gap_next(w, &c, 0, c.field, true);
    for (uint32_t at = 0; at < copy.size;) {
        if (c.held && c.block > 0 && !walk_held(w, &c, &at, err))
            return false;
        uint32_t to = walk_field_place(w, &c, c.field);
        if (!walk_plain(w, &c, at, to, err))
            return false;
        at = to;
        if (c.field == c.field_end)
            continue;
        walk_header_look(w);
        if (walk_field_active(w, c.field, walk_piece_done(w))) {
            if (!walk_field(w, &c, at, err))
                return false;
            at += walk_field_size(w, c.field++);
        } else {
            to = at + walk_field_size(w, c.field++);
            c.plain_to = to;
            if (!walk_plain(w, &c, at, to, err))
                return false;
            at = to;
        }
        if (coder_spent(&w->coder))
            return error_set(err, ERROR_INPUT, "a coded window that ends too soon");
    }
    return true;
}

bool walk_piece(struct walk *w, const struct walk_plan *plan, const struct elf_fields *fields,
                struct error *err)
{
    const struct window_piece *piece = w->piece;
    uint32_t at = piece->at, old = (uint32_t)w->old->bytes.size;

    if (plan->same)
        return walk_emit(w, w->partner.at, w->partner.size, err);
    predict_end(&w->predict);
    if (plan->fields && fields->count > 0) {
        struct window_piece partner = w->old->pieces[plan->partner];
        if (!predict_begin(&w->predict, &fields->layout, partner, piece->at, plan->copies.at,
                           plan->copies.count, err))
            return false;
        w->fields = fields;
    }
    for (size_t i = 0; i < plan->copies.count; i++) {
        struct copy copy = plan->copies.at[i];
        if (!walk_literals(w, at, copy.new_at, old, err) || !walk_copy(w, copy, err))
            return false;
        at = copy.new_at + copy.size;
        old = copy.old_at + copy.size;
    }
    return walk_literals(w, at, piece->at + piece->size, old, err);
}
