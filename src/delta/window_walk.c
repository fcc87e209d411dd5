#include "delta/window_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

bool walk_begin(struct walk *w, const struct window_image *old, const struct window_image *new, unsigned log,
                struct error *err)
{
    w->old = old;
    w->new = new;
    w->models = calloc(1, sizeof(*w->models));
    w->buffer = calloc(1, WALK_BEFORE + WALK_BUFFER);
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

static uint32_t piece_done(const struct walk *w)
{
    return (uint32_t)(w->done - w->piece->at);
}

static bool emit(struct walk *w, const uint8_t *at, size_t size, struct error *err)
{
    while (size > 0) {
        size_t part = WALK_BUFFER - w->filled;
        if (part > size)
            part = size;
        memcpy(w->buffer + WALK_BEFORE + w->filled, at, part);
        if (piece_done(w) < WALK_HEAD_MAX) {
            size_t head = WALK_HEAD_MAX - piece_done(w);
            memcpy(w->head + piece_done(w), at, head < part ? head : part);
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

    memcpy(&before, w->buffer + w->filled, 8);
    return __builtin_bswap64(before);
}

/* The new file's header, once it is there. The encoder knows at once where its end will be. */
static void header_look(struct walk *w)
{
    const uint8_t *at = w->coder.encoding ? w->new->bytes.at + w->piece->at : w->head;
    uint32_t have = w->coder.encoding ? w->piece->size : piece_done(w);

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

/* ---- Plans ---- */

static unsigned number_class(uint64_t value)
{
    unsigned bits = value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);

    return bits > 32 ? 32 : bits;
}

static bool plan_copies(struct walk *w, const struct window_piece *piece, struct walk_plan *plan,
                        struct error *err)
{
    struct walk_models *m = w->models;
    uint32_t at = 0, end = piece->size,
             partner_at = plan->partner < w->old->piece_count ? w->old->pieces[plan->partner].at : 0;
    uint32_t old = partner_at;
    unsigned class = 0, literal_class = 0;

    for (size_t i = 0; at < end; i++) {
        struct copy copy = {0};
        if (w->coder.encoding)
            copy = i < plan->copies.count ? plan->copies.at[i] : (struct copy){.new_at = piece->at + end};
        uint64_t literal =
            coder_number(&w->coder, &m->literal[i > 0][literal_class], copy.new_at - piece->at - at);
        walk_count(w, WALK_LITERAL_SIZES);
        if (literal > end - at || coder_spent(&w->coder))
            return error_set(err, ERROR_INPUT, "copy %zu: literals beyond the piece", i);
        at += (uint32_t)literal;
        literal_class = literal == 0 ? 0 : literal < 4 ? 1 : 2;
        if (at == end)
            break;
        uint64_t size = coder_number(&w->coder, &m->size[class > 0], copy.size - 1) + 1;
        walk_count(w, WALK_COPY_SIZES);
        if (size > end - at || size == 0)
            return error_set(err, ERROR_INPUT, "copy %zu: longer than the piece", i);
        uint64_t place = (uint64_t)coder_signed(&w->coder,
                                                &m->place[i == 0         ? 0
                                                          : literal == 0 ? 1
                                                                         : 2],
                                                (int64_t)copy.old_at - (int64_t)old - (int64_t)literal);
        place += old + literal;
        walk_count(w, WALK_COPIES);
        if (place > w->old->bytes.size || size > w->old->bytes.size - place)
            return error_set(err, ERROR_INPUT, "copy %zu: beyond the old image", i);
        copy = (struct copy){piece->at + at, (uint32_t)place, (uint32_t)size};
        if (!w->coder.encoding &&
            (plan->copies.count >= LIMIT_DELTA_COPIES || !copies_add(&plan->copies, copy, err)))
            return plan->copies.count < LIMIT_DELTA_COPIES
                       ? false
                       : error_set(err, ERROR_LIMIT, "more than %d copies", LIMIT_DELTA_COPIES);
        at += copy.size;
        old = copy.old_at + copy.size;
        class = copy.size < 32;
    }
    return true;
}

bool walk_plan(struct walk *w, const struct window_piece *piece, struct walk_plan *plan, struct error *err)
{
    uint32_t next = w->partner_before + 1;
    int64_t partner = coder_signed(&w->coder, &w->models->partner, (int64_t)plan->partner - next) + next;

    if (partner < 0 || partner > (int64_t)w->old->piece_count)
        return error_set(err, ERROR_INPUT, "no old piece %lld", (long long)partner);
    plan->partner = (uint32_t)partner;
    w->piece = piece;
    w->header_read = false;
    w->header_end = UINT32_MAX;
    w->origin_known = false;
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
    } else
        plan->same = plan->fields = false;
    walk_count(w, WALK_PLAN);
    bool done = plan_copies(w, piece, plan, err);
    walk_count(w, WALK_COPIES);
    return done;
}

/* ---- Bytes ---- */

static bool spell_one(struct walk *w, enum spell_kind kind, unsigned expected, uint32_t place,
                      struct error *err)
{
    uint8_t byte = w->coder.encoding ? w->new->bytes.at[place] : 0;
    struct spell_context context = {kind, bytes_before(w), expected};

    byte = spell_byte(&w->spell, &w->coder, &context, byte);
    walk_count(w, kind == SPELL_LITERAL ? WALK_LITERALS : WALK_RESIDUE);
    return emit(w, &byte, 1, err);
}

static bool walk_literals(struct walk *w, uint32_t from, uint32_t to, uint32_t old, struct error *err)
{
    for (uint32_t i = from; i < to; i++, old++) {
        if (!spell_one(w, SPELL_LITERAL, old < w->old->bytes.size ? w->old->bytes.at[old] : 256, i, err))
            return false;
        if (coder_spent(&w->coder))
            return error_set(err, ERROR_INPUT, "a coded window that ends too soon");
    }
    return true;
}

#define BLOCK_FIELDS 16

/* One copy on the way. */
struct copying {
    struct copy copy;
    size_t field,
        field_end; /* of the partner's fields: the next one that lies in the copy, and behind the last */
    uint64_t gap;  /* plain bytes until one differs */
    unsigned gap_class;
    unsigned misses;
    uint32_t differed; /* where a byte differed last, in the copy */
    unsigned block;    /* fields that are left of the block */
    bool held;         /* all of the block hold */
    uint32_t plain_to; /* behind a field that is not predicted, while its bytes are walked */
};

/* Whether the field is predicted there, in the new piece. */
static bool field_active(const struct walk *w, size_t field, uint32_t new_at)
{
    enum field_kind kind = (enum field_kind)w->fields->kind[field];

    if (kind == FIELD_OFFSET || kind == FIELD_BEGIN || kind == FIELD_SIZE)
        return true;
    return new_at >= w->header_end && (kind != FIELD_ID_DIGITS || new_at >= ELF_START_MAX);
}

static uint32_t field_size(const struct walk *w, size_t field)
{
    return elf_field_size((enum field_kind)w->fields->kind[field]);
}

/* Where the next field begins in the copy, or its end. */
static uint32_t field_place(const struct walk *w, const struct copying *c, size_t field)
{
    if (field >= c->field_end)
        return c->copy.size;
    return w->fields->at[field] - (uint32_t)(c->copy.old_at - (uint32_t)(w->partner.at - w->old->bytes.at));
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
        uint32_t to = field_place(w, c, field);
        for (; at < to; at++, gap++)
            if (old[at] != new[at])
                return gap;
        if (field >= c->field_end)
            return UINT64_MAX;
        if (field_active(w, field, c->copy.new_at + at - w->piece->at)) {
            at += field_size(w, field);
            continue;
        }
        for (to = at + field_size(w, field); at < to; at++, gap++)
            if (old[at] != new[at])
                return gap;
    }
}

static void gap_next(struct walk *w, struct copying *c, uint32_t at, size_t field, bool first)
{
    uint64_t gap = w->coder.encoding ? gap_measure(w, c, at, field) : 0;
    struct number_odds *odds =
        first ? &w->models->first_gap[number_class(c->copy.size)] : &w->models->next_gap[c->gap_class];

    gap = coder_number(&w->coder, odds, gap + 1);
    walk_count(w, WALK_GAPS);
    c->gap = gap - 1;
    c->gap_class = number_class(gap);
}

/* Plain bytes [from, to) of the copy. */
static bool walk_plain(struct walk *w, struct copying *c, uint32_t from, uint32_t to, struct error *err)
{
    const uint8_t *old = w->old->bytes.at + c->copy.old_at;

    while (from < to) {
        uint32_t part = c->gap < to - from ? (uint32_t)c->gap : to - from;
        if (!emit(w, old + from, part, err))
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

/* ---- Fields ---- */

struct asked {
    struct elf_field field;
    uint64_t targets[PREDICT_MAX];
    size_t count;
    enum predict_source source;
    uint64_t values[PREDICT_MAX];
    uint64_t origin; /* in the new file */
    uint64_t value;  /* the right one */
};

static bool same_value(const struct asked *a, uint64_t x, uint64_t y)
{
    return a->field.size == 8   ? x == y
           : a->field.size == 4 ? (uint32_t)x == (uint32_t)y
                                : (uint16_t)x == (uint16_t)y;
}

/* Which candidate it is; count: none. */
static size_t held_code(struct walk *w, const struct copying *c, const struct asked *a, uint32_t at)
{
    struct walk_models *m = w->models;
    size_t set = (size_t)a->field.kind * PREDICT_SOURCE_COUNT + a->source;
    unsigned near = c->differed == UINT32_MAX ? 0 : at - c->differed < 4 ? 3 : at - c->differed < 16 ? 2 : 1;
    unsigned misses = c->misses > 3 ? 3 : c->misses;
    unsigned size = number_class(c->copy.size) / 4 > 3 ? 3 : number_class(c->copy.size) / 4;
    size_t hash = (size_t)((a->field.target * UINT64_C(0x9e3779b97f4a7c15)) >> 48);

    for (size_t i = 0; i < a->count; i++) {
        bool is = w->coder.encoding && same_value(a, a->value, a->values[i]);
        struct odds *odds[4] = {&m->held[i][set * 64], &m->held[i][set * 64 + 1 + w->history % 63],
                                &m->held_place[i][set * 64 + near * 16 + misses * 4 + size],
                                &m->held_target[hash ^ i ^ (size_t)a->source << 4]};
        if (coder_mixed(&w->coder, &m->held_mix[set], odds, i == 0 ? 4 : 3, is))
            return i;
    }
    return a->count;
}

/* Where a field's value counts from, in the new file. */
static uint64_t origin_of(struct walk *w, const struct elf_field *field, uint32_t new_at)
{
    uint64_t got[PREDICT_MAX], address = new_at;
    enum predict_source source;

    if (field->from == FIELD_FROM_PLACE) {
        if (!field->file_space)
            (void)elf_address_of(&w->predict.new_layout, new_at, &address);
        return address;
    }
    if (field->from != FIELD_FROM_ORIGIN)
        return 0;
    if (!w->origin_known || w->origin_old != field->origin || field->file_space) {
        size_t count = predict_ask(&w->predict, field->origin, field->file_space, 1, got, &source);
        w->origin_new = count > 0 ? got[0] : field->origin;
        w->origin_old = field->origin;
        w->origin_known = !field->file_space;
    }
    return w->origin_new;
}

static uint64_t sign_extend(uint64_t value, uint8_t size)
{
    return size == 8 ? value : size == 4 ? (uint64_t)(int32_t)value : (uint64_t)(int16_t)value;
}

/* Digits of the build id: nothing is coded but whether they are. */
static void ask_id(const struct walk *w, struct asked *a)
{
    uint8_t id[ELF_BUILD_ID];
    const uint8_t *head = w->coder.encoding ? w->new->bytes.at + w->piece->at : w->head;

    a->targets[0] = a->field.target;
    if (elf_build_id(&w->predict.new_layout, (struct bytes){head, WALK_HEAD_MAX}, id))
        a->targets[0] = elf_fields_id_digits(w->fields, &a->field, id);
    a->count = 1;
    a->source = PREDICT_COPY;
}

/* What a field may be; max: as many candidates. */
static void ask_field(struct walk *w, const struct copying *c, size_t field, uint32_t at, size_t max,
                      struct asked *a)
{
    a->field = elf_fields_get(w->fields, w->partner, field);
    a->origin = 0;
    if (a->field.from == FIELD_FROM_ID)
        ask_id(w, a);
    else {
        a->count =
            predict_ask(&w->predict, a->field.target, a->field.file_space, max, a->targets, &a->source);
        a->origin = origin_of(w, &a->field, c->copy.new_at + at - w->piece->at);
        if (a->count == 0) {
            a->targets[0] = a->field.target;
            a->count = 1;
        }
    }
    for (size_t i = 0; i < a->count; i++)
        a->values[i] = elf_field_value(&a->field, a->origin, a->targets[i]);
}

/* Of the encoder: whether the first candidates hold for the next fields. */
static bool block_holds(struct walk *w, const struct copying *c)
{
    size_t field = c->field;
    struct asked a;

    for (unsigned left = BLOCK_FIELDS; left > 0 && field < c->field_end; field++) {
        uint32_t at = field_place(w, c, field);
        uint64_t value = 0;
        if (!field_active(w, field, c->copy.new_at + at - w->piece->at))
            continue;
        ask_field(w, c, field, at, 1, &a);
        memcpy(&value, w->new->bytes.at + c->copy.new_at + at, a.field.size);
        if (!same_value(&a, value, a.values[0]))
            return false;
        left--;
    }
    return true;
}

static void block_code(struct walk *w, struct copying *c)
{
    enum field_kind kind = (enum field_kind)w->fields->kind[c->field];
    size_t left = c->field_end - c->field;
    unsigned count = left > 16 ? 5 : left > 8 ? 4 : left > 4 ? 3 : left > 2 ? 2 : left - 1 > 0;
    unsigned misses = c->misses > 3 ? 3 : c->misses, last = w->history == 0   ? 0
                                                            : w->history & 1  ? 3
                                                            : w->history & 14 ? 2
                                                                              : 1;
    struct odds *odds[3] = {&w->models->block[0][kind * 64 + count * 4 + misses],
                            &w->models->block[1][kind * 64 + w->block_history % 64],
                            &w->models->block[2][(c->differed == UINT32_MAX ? 0 : 32) + count * 4 + last]};

    c->held =
        coder_mixed(&w->coder, &w->models->block_mix[kind], odds, 3, w->coder.encoding && block_holds(w, c));
    w->block_history = w->block_history << 1 | !c->held;
    c->block = BLOCK_FIELDS;
    walk_count(w, WALK_HELD);
}

static bool field_right(struct walk *w, struct asked *a, size_t held, struct error *err)
{
    if (held < a->count)
        a->value = a->values[held];
    else {
        int64_t right = (int64_t)sign_extend(a->value - a->values[0], a->field.size);
        right = coder_signed(&w->coder, &w->models->right[a->field.kind], right);
        a->value = a->values[0] + (uint64_t)right;
        walk_count(w, WALK_RIGHT);
    }
    if (held == 0 || a->field.from == FIELD_FROM_ID)
        return true;
    uint64_t told = sign_extend(a->value, a->field.size) - (uint64_t)a->field.bias;
    told = held < a->count ? a->targets[held] : a->origin + (uint64_t)((int64_t)told * a->field.scale);
    w->origin_known = false;
    return predict_tell(&w->predict, a->field.target, a->field.file_space, told, err);
}

static bool walk_field(struct walk *w, struct copying *c, uint32_t at, struct error *err)
{
    struct asked a;

    if (c->block == 0)
        block_code(w, c);
    c->block--;
    ask_field(w, c, c->field, at, c->held ? 1 : PREDICT_MAX, &a);
    size_t held = 0;
    if (c->held)
        a.value = a.values[0];
    else {
        a.value = 0;
        if (w->coder.encoding)
            memcpy(&a.value, w->new->bytes.at + c->copy.new_at + at, a.field.size);
        held = held_code(w, c, &a, at);
        walk_count(w, WALK_HELD);
        if (!field_right(w, &a, held, err))
            return false;
    }
    w->history = (w->history << 1 | (held > 0)) & 0xffff;
    c->misses += held > 0;
    uint8_t bytes[8];
    memcpy(bytes, &a.value, sizeof(bytes));
    return emit(w, bytes, a.field.size, err);
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
    while (c->field_end > c->field && w->fields->at[c->field_end - 1] + field_size(w, c->field_end - 1) > to)
        c->field_end--;
}

static bool walk_copy(struct walk *w, struct copy copy, struct error *err)
{
    struct copying c = {.copy = copy, .differed = UINT32_MAX};

    copying_begin(w, &c);
    if (w->coder.encoding)
        header_look(w);
    gap_next(w, &c, 0, c.field, true);
    for (uint32_t at = 0; at < copy.size;) {
        uint32_t to = field_place(w, &c, c.field);
        if (!walk_plain(w, &c, at, to, err))
            return false;
        at = to;
        if (c.field == c.field_end)
            continue;
        header_look(w);
        if (field_active(w, c.field, piece_done(w))) {
            if (!walk_field(w, &c, at, err))
                return false;
            at += field_size(w, c.field++);
        } else {
            to = at + field_size(w, c.field++);
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
        return emit(w, w->partner.at, w->partner.size, err);
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
