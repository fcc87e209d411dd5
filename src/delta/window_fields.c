#include "delta/window_parts.h"

#define BLOCK_FIELDS 16 /* as many are asked for at once whether all hold */

bool walk_field_active(const struct walk *w, size_t field, uint32_t new_at)
{
    enum field_kind kind = (enum field_kind)w->fields->kind[field];

    if (kind == FIELD_OFFSET || kind == FIELD_BEGIN || kind == FIELD_SIZE)
        return true;
    return new_at >= w->header_end && (kind != FIELD_ID_DIGITS || new_at >= ELF_START_MAX);
}

uint32_t walk_field_place(const struct walk *w, const struct copying *c, size_t field)
{
    if (field >= c->field_end)
        return c->copy.size;
    return w->fields->at[field] - (uint32_t)(c->copy.old_at - (uint32_t)(w->partner.at - w->old->bytes.at));
}

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
    unsigned size = walk_size_class(c->copy.size) / 4 > 3 ? 3 : walk_size_class(c->copy.size) / 4;
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
        if (!field->file_space)
            w->origin_new = predict_first(&w->predict, field->origin);
        else
            w->origin_new =
                predict_ask(&w->predict, field->origin, true, 1, got, &source) > 0 ? got[0] : field->origin;
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

/* A function reaches as far as its last byte went, or else as far as before: the second candidate. */
static void ask_extent(struct asked *a)
{
    uint64_t same = a->origin + (a->field.target - a->field.origin);

    for (size_t i = 0; i < a->count; i++)
        if (a->targets[i] == same)
            return;
    if (a->count == PREDICT_MAX)
        a->count--;
    memmove(a->targets + 2, a->targets + 1, (a->count - 1) * sizeof(*a->targets));
    a->targets[1] = same;
    a->count++;
}

/* What a field may be; max: as many candidates. */
static void ask_field(struct walk *w, const struct copying *c, size_t field, uint32_t at, size_t max,
                      struct asked *a)
{
    a->field = elf_fields_get(w->fields, w->partner, field);
    a->origin = 0;
    if (a->field.from == FIELD_FROM_ID)
        ask_id(w, a);
    else if (max == 1 && !a->field.file_space) {
        a->targets[0] = predict_first(&w->predict, a->field.target);
        a->count = 1;
        a->origin = origin_of(w, &a->field, c->copy.new_at + at - w->piece->at);
    } else {
        a->count =
            predict_ask(&w->predict, a->field.target, a->field.file_space, max, a->targets, &a->source);
        a->origin = origin_of(w, &a->field, c->copy.new_at + at - w->piece->at);
        if (a->count == 0) {
            a->targets[0] = a->field.target;
            a->count = 1;
        }
    }
    if (a->field.kind == FIELD_EXTENT && max > 1)
        ask_extent(a);
    for (size_t i = 0; i < a->count; i++)
        a->values[i] = elf_field_value(&a->field, a->origin, a->targets[i]);
}

/* Of the encoder: whether the first candidates hold for the next fields. */
static bool block_holds(struct walk *w, const struct copying *c)
{
    size_t field = c->field;
    struct asked a;

    for (unsigned left = BLOCK_FIELDS; left > 0 && field < c->field_end; field++) {
        uint32_t at = walk_field_place(w, c, field);
        uint64_t value = 0;
        if (!walk_field_active(w, field, c->copy.new_at + at - w->piece->at))
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

static bool is_operand(enum field_kind kind)
{
    return kind >= FIELD_CALL && kind <= FIELD_ABSOLUTE;
}

static struct elf_recent *recent_of(struct walk *w, enum field_kind kind)
{
    return kind == FIELD_CALL || kind == FIELD_JUMP ? &w->follow.targets : &w->operands;
}

/* The values that recent targets would give, the last first; how many. */
static unsigned recent_values(struct walk *w, const struct asked *a, uint64_t out[ELF_FOLLOW_RECENT])
{
    unsigned count = is_operand(a->field.kind) ? elf_recent_list(recent_of(w, a->field.kind), out) : 0;

    for (unsigned i = 0; i < count; i++)
        out[i] = elf_field_value(&a->field, a->origin, out[i]);
    return count;
}

/* Which of them it is: six bits. */
static bool recent_code(struct walk *w, struct asked *a, struct error *err)
{
    struct odds *odds = w->models->recent[recent_of(w, a->field.kind) == &w->operands];
    uint64_t values[ELF_FOLLOW_RECENT];
    unsigned count = recent_values(w, a, values), which = 0, node = 1;

    if (w->coder.encoding)
        while (which + 1 < count && !same_value(a, a->value, values[which]))
            which++;
    for (unsigned bit = ELF_FOLLOW_RECENT / 2; bit > 0; bit /= 2)
        node = node << 1 | coder_odds(&w->coder, &odds[node], (which & bit) != 0);
    which = node - ELF_FOLLOW_RECENT;
    if (which >= count)
        return error_set(err, ERROR_INPUT, "an address as the %u. before, of %u", which, count);
    a->value = values[which];
    return true;
}

static uint64_t base_value(const struct walk *w, const struct asked *a, enum walk_base base)
{
    switch (base) {
    case WALK_BASE_SAME:
        return a->values[0] + w->told[a->field.kind].misses[0];
    case WALK_BASE_BEFORE:
        return a->values[0] + w->told[a->field.kind].misses[1];
    case WALK_BASE_FAR:
        return w->told[a->field.kind].far - a->origin;
    case WALK_BASE_ZERO:
        return 0;
    case WALK_BASE_GUESS:
    case WALK_BASE_RECENT:
    case WALK_BASE_COUNT:
        break;
    }
    return a->values[0];
}

#define RECENT_BITS 5 /* what one of the recent targets costs, about */

static bool base_exact(enum walk_base base)
{
    return base == WALK_BASE_SAME || base == WALK_BASE_BEFORE;
}

/* Of the encoder: the base that needs the fewest bits. */
static enum walk_base base_choose(struct walk *w, const struct asked *a)
{
    uint64_t values[ELF_FOLLOW_RECENT];
    enum walk_base best = WALK_BASE_GUESS;
    unsigned best_bits = UINT32_MAX;

    for (unsigned i = 0; i < WALK_BASE_RECENT; i++) {
        int64_t right = (int64_t)sign_extend(a->value - base_value(w, a, i), a->field.size);
        if (base_exact(i) && right != 0)
            continue;
        unsigned bits = base_exact(i) ? 0 : walk_bits_of(right) + 2 + (i != WALK_BASE_GUESS ? 3u : 0u);
        if (bits < best_bits) {
            best = i;
            best_bits = bits;
        }
    }
    if (best_bits < RECENT_BITS)
        return best;
    unsigned count = recent_values(w, a, values);
    for (unsigned i = 0; i < count; i++)
        if (same_value(a, a->value, values[i]))
            return WALK_BASE_RECENT;
    return best;
}

/* Codes the value that no candidate gave. */
static bool right_code(struct walk *w, struct asked *a, struct error *err)
{
    struct odds *odds = w->models->base[a->field.kind][w->told[a->field.kind].base];
    unsigned base = w->coder.encoding ? base_choose(w, a) : 0, node = 1;

    for (unsigned i = 3; i-- > 0;)
        node = node << 1 | coder_odds(&w->coder, &odds[node], base >> i & 1);
    base = node & 7;
    if (base >= WALK_BASE_COUNT)
        return error_set(err, ERROR_INPUT, "an address of base %u", base);
    if (base == WALK_BASE_RECENT) {
        if (!recent_code(w, a, err))
            return false;
    } else {
        uint64_t from = base_value(w, a, base);
        int64_t right = base_exact(base) ? 0 : (int64_t)sign_extend(a->value - from, a->field.size);
        if (!base_exact(base))
            right = coder_signed(&w->coder, &w->models->right[a->field.kind][base], right);
        a->value = from + (uint64_t)right;
    }
    w->told[a->field.kind].base = base;
    if (base != WALK_BASE_SAME) {
        w->told[a->field.kind].misses[1] = w->told[a->field.kind].misses[0];
        w->told[a->field.kind].misses[0] = a->value - a->values[0];
    }
    walk_count(w, WALK_RIGHT);
    return true;
}

static bool field_right(struct walk *w, struct asked *a, size_t held, struct error *err)
{
    if (held < a->count)
        a->value = a->values[held];
    else if (!right_code(w, a, err))
        return false;
    if (held == 0 || a->field.from == FIELD_FROM_ID)
        return true;
    uint64_t told = sign_extend(a->value, a->field.size) - (uint64_t)a->field.bias;
    told = held < a->count ? a->targets[held] : a->origin + (uint64_t)((int64_t)told * a->field.scale);
    w->origin_known = false;
    return predict_tell(&w->predict, a->field.target, a->field.file_space, told, err);
}

/* ---- Fields that hold ---- */

/* How the usual kinds tell what they mean, without asking what else they could be. */
enum held_way { HELD_OTHER, HELD_PLACE, HELD_BACK, HELD_ADDRESS };
static const struct {
    uint8_t way;
    int8_t bias;
} held_ways[FIELD_KIND_COUNT] = {
    [FIELD_CALL] = {HELD_PLACE, -4},      [FIELD_JUMP] = {HELD_PLACE, -4},
    [FIELD_DATA] = {HELD_PLACE, -4},      [FIELD_DATA_1] = {HELD_PLACE, -5},
    [FIELD_DATA_2] = {HELD_PLACE, -6},    [FIELD_DATA_4] = {HELD_PLACE, -8},
    [FIELD_FRAME] = {HELD_PLACE, 0},      [FIELD_FRAME_CIE] = {HELD_BACK, 0},
    [FIELD_ABSOLUTE] = {HELD_ADDRESS, 0}, [FIELD_POINTER] = {HELD_ADDRESS, 0},
    [FIELD_ADDEND] = {HELD_ADDRESS, 0},   [FIELD_PLACE] = {HELD_ADDRESS, 0},
    [FIELD_SYMBOL] = {HELD_ADDRESS, 0},   [FIELD_SLOT] = {HELD_ADDRESS, 0},
};

/* As elf_address_of, which says it for all of the segment; a place in no segment is its own address. */
static uint64_t address_at(struct walk_place *known, const struct elf_layout *layout, uint64_t place)
{
    if (place - known->begin < known->size)
        return place + known->more;
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *segment = &layout->segments[i];
        if (place < segment->offset || place - segment->offset >= segment->file_size)
            continue;
        *known = (struct walk_place){place, segment->offset + segment->file_size - place,
                                     segment->address - segment->offset};
        /* The first segment that has a place is meant: of a broken file an earlier one may begin in this one. */
        for (size_t j = 0; j < i; j++)
            if (layout->segments[j].offset - place < known->size)
                known->size = layout->segments[j].offset - place;
        return place + known->more;
    }
    return place;
}

static uint64_t held_value(struct walk *w, const struct copying *c, uint32_t at, uint64_t *origin)
{
    enum field_kind kind = (enum field_kind)w->fields->kind[c->field];
    uint8_t size = elf_field_size(kind);
    uint64_t value = 0, bias = (uint64_t)(int64_t)held_ways[kind].bias;
    struct asked a;

    memcpy(&value, w->old->bytes.at + c->copy.old_at + at, size);
    value = sign_extend(value, size);
    *origin = 0;
    if (held_ways[kind].way == HELD_ADDRESS)
        return predict_first(&w->predict, value);
    if (held_ways[kind].way == HELD_OTHER) {
        ask_field(w, c, c->field, at, 1, &a);
        *origin = a.origin;
        return a.values[0];
    }
    uint64_t place = address_at(&w->old_place, w->predict.old_layout, w->fields->at[c->field]);
    *origin = address_at(&w->new_place, &w->predict.new_layout, c->copy.new_at + at - w->piece->at);
    if (held_ways[kind].way == HELD_BACK)
        return *origin - predict_first(&w->predict, place - value);
    return predict_first(&w->predict, place + value - bias) - *origin + bias;
}

static void held_note(struct walk *w, enum field_kind kind, uint64_t value, uint64_t origin)
{
    value = sign_extend(value, elf_field_size(kind));
    if (value + (1u << 16) >= 1u << 17)
        w->told[kind].far = origin + value;
    if (is_operand(kind))
        elf_recent_put(recent_of(w, kind), origin + value - (uint64_t)(int64_t)held_ways[kind].bias);
}

/* Few bytes as a rule: what is behind them is overwritten after. */
static inline void copy_plain(uint8_t *to, const uint8_t *from, size_t size, size_t left)
{
    if (size <= 32 && left >= 32)
        memcpy(to, from, 32);
    else
        memcpy(to, from, size);
}

bool walk_held(struct walk *w, struct copying *c, uint32_t *at, struct error *err)
{
    const uint8_t *old = w->old->bytes.at + c->copy.old_at;
    size_t left = w->old->bytes.size - c->copy.old_at;
    uint32_t done = *at;

    if (walk_piece_done(w) < WALK_HEAD_MAX || w->header_end == UINT32_MAX)
        return true;
    if (!predict_settle(&w->predict, err))
        return false;
    uint8_t *out = w->buffer + WALK_BEFORE + w->filled, *begin = out,
            *end = w->buffer + WALK_BEFORE + WALK_BUFFER;
    for (; c->block > 0 && c->field < c->field_end; c->field++, c->block--) {
        uint32_t place = walk_field_place(w, c, c->field), plain = place - done;
        enum field_kind kind = (enum field_kind)w->fields->kind[c->field];
        uint8_t size = elf_field_size(kind);
        uint64_t origin;
        if (plain > c->gap || (size_t)(end - out) <= (size_t)plain + size)
            break;
        copy_plain(out, old + done, plain, left - done);
        uint64_t value = held_value(w, c, place, &origin);
        held_note(w, kind, value, origin);
        memcpy(out + plain, &value, sizeof(value));
        out += plain + size;
        done = place + size;
        c->gap -= plain;
        w->history = w->history << 1 & 0xffff;
    }
    w->filled += (size_t)(out - begin);
    w->done += (size_t)(out - begin);
    *at = done;
    return true;
}

bool walk_field(struct walk *w, struct copying *c, uint32_t at, struct error *err)
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
    if (sign_extend(a.value, a.field.size) + (1u << 16) >= 1u << 17)
        w->told[a.field.kind].far = a.origin + sign_extend(a.value, a.field.size);
    w->history = (w->history << 1 | (held > 0)) & 0xffff;
    c->misses += held > 0;
    if (is_operand(a.field.kind))
        elf_recent_put(recent_of(w, a.field.kind),
                       a.origin + sign_extend(a.value, a.field.size) - (uint64_t)a.field.bias);
    uint8_t bytes[8];
    memcpy(bytes, &a.value, sizeof(bytes));
    return walk_emit(w, bytes, a.field.size, err);
}
