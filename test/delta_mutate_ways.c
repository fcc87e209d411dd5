#include "delta_mutate_ways.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"

/* ---- chance ---- */

static uint64_t chance_state;

static uint64_t chance(void)
{
    uint64_t z = (chance_state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint64_t mutate_below(uint64_t bound)
{
    return bound == 0 ? 0 : chance() % bound;
}

/* Numbers that break things. */
static uint64_t number_near(uint64_t value)
{
    static const uint64_t odd[] = {0,          1,          2,          127,       128,
                                   255,        65535,      65536,      1 << 24,   0x7fffffff,
                                   0x80000000, 0xffffffff, 1ULL << 32, INT64_MAX, UINT64_MAX};

    switch (mutate_below(6)) {
    case 0:
        return value + 1;
    case 1:
        return value - 1;
    case 2:
        return value * 2;
    case 3:
        return value / 2;
    case 4:
        return mutate_below(value + 2);
    default:
        return odd[mutate_below(sizeof(odd) / sizeof(odd[0]))];
    }
}

void mutate_begin(uint64_t seed)
{
    chance_state = seed * 0x2545f4914f6cdd1dU;
}

/* ---- what is used by more than one ---- */

bool mutate_keep_bytes(void *self, struct bytes bytes, struct error *err)
{
    struct writer *into = self;
    struct bytes all;

    writer_put(into, bytes);
    return writer_done(into, &all, err);
}

bool mutate_pieces(const struct subject *s, size_t window, struct arena *arena, struct window_image *out,
                   struct error *err)
{
    struct delta_pieces pieces;

    if (!delta_pieces(&s->delta, window, arena, &pieces, err))
        return false;
    *out = (struct window_image){.pieces = pieces.at, .piece_count = pieces.count};
    return true;
}

/* ---- ways ---- */

static void put_whole(const struct subject *s, struct writer *out)
{
    writer_put(out, s->file);
}

static bool flip_bits(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    put_whole(s, out);
    for (uint64_t left = 1 + mutate_below(8); left > 0; left--)
        out->at[mutate_below(out->size)] ^= (uint8_t)(1U << mutate_below(8));
    return true;
}

/* The front decides most: header and table. */
static bool flip_front(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    put_whole(s, out);
    for (uint64_t left = 1 + mutate_below(4); left > 0; left--)
        out->at[4 + mutate_below((out->size < 160 ? out->size : 160) - 4)] ^=
            (uint8_t)(1U << mutate_below(8));
    return true;
}

static bool set_bytes(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    put_whole(s, out);
    for (uint64_t left = 1 + mutate_below(4); left > 0; left--)
        out->at[mutate_below(out->size)] = (uint8_t)number_near(out->at[mutate_below(out->size)]);
    return true;
}

static bool cut(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    writer_put(out, (struct bytes){s->file.at, (size_t)mutate_below(s->file.size)});
    return true;
}

static bool lengthen(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    put_whole(s, out);
    for (uint64_t left = 1 + mutate_below(64); left > 0; left--)
        writer_byte(out, (uint8_t)chance());
    return true;
}

/* A piece of this one or another, put over or between. */
static bool splice_pieces(const struct subjects *all, const struct subject *s, struct writer *out)
{
    const struct subject *other = mutate_below(2) == 0 ? s : &all->at[mutate_below(all->count)];
    size_t from = (size_t)mutate_below(other->file.size),
           size = (size_t)mutate_below(other->file.size - from + 1);
    size_t at = (size_t)mutate_below(s->file.size + 1);
    size_t behind = mutate_below(2) == 0 ? at : at + size;

    writer_put(out, (struct bytes){s->file.at, at});
    writer_put(out, (struct bytes){other->file.at + from, size});
    if (behind < s->file.size)
        writer_put(out, (struct bytes){s->file.at + behind, s->file.size - behind});
    return true;
}

/* A delta of one's own: header and table are written anew, so what is asked for are the meanings, not the bytes. */
struct making {
    struct delta delta;
    struct delta_part *parts;
    struct delta_window *windows;
    struct bytes *coded; /* of each window */
    struct arena *arena;
};

static bool make_own(const struct subject *s, struct arena *arena, struct making *m)
{
    *m = (struct making){.delta = s->delta, .arena = arena};
    m->parts = arena_take_array(arena, s->delta.part_count + 1, sizeof(*m->parts));
    m->windows = arena_take_array(arena, s->delta.window_count + 1, sizeof(*m->windows));
    m->coded = arena_take_array(arena, s->delta.window_count + 1, sizeof(*m->coded));
    if (m->parts == NULL || m->windows == NULL || m->coded == NULL)
        return false;
    if (s->delta.part_count > 0)
        memcpy(m->parts, s->delta.parts, s->delta.part_count * sizeof(*m->parts));
    for (size_t i = 0; i < s->delta.window_count; i++) {
        m->windows[i] = s->delta.windows[i];
        m->coded[i] = (struct bytes){s->file.at + m->windows[i].coded_at, (size_t)m->windows[i].coded_size};
    }
    m->delta.parts = m->parts;
    m->delta.windows = m->windows;
    return true;
}

static bool write_own(struct making *m, struct writer *out)
{
    struct error err;

    for (size_t i = 0; i < m->delta.window_count; i++)
        m->windows[i].coded_size = m->coded[i].size;
    if (!delta_write(&m->delta, out, &err))
        return false;
    for (size_t i = 0; i < m->delta.window_count; i++)
        writer_put(out, m->coded[i]);
    return true;
}

static void change_part(struct making *m)
{
    struct delta_part *part = &m->parts[mutate_below(m->delta.part_count)];

    switch (mutate_below(6)) {
    case 0:
        part->same = mutate_below(3) == 0 ? DELTA_NEW : (uint32_t)number_near(part->same);
        break;
    case 1:
        part->opener = (uint32_t)mutate_below(OPENER_KIND_COUNT + 2);
        break;
    case 2: {
        size_t size = (size_t)mutate_below(32);
        uint8_t *settings = arena_take(m->arena, size + 1);
        for (size_t i = 0; i < size; i++)
            settings[i] =
                i < part->settings.size && mutate_below(4) > 0 ? part->settings.at[i] : (uint8_t)chance();
        part->settings = (struct bytes){settings, size};
        break;
    }
    case 3:
        part->file_size = number_near(part->file_size);
        break;
    case 4:
        part->image_size = number_near(part->image_size);
        break;
    default: {
        struct delta_part *other = &m->parts[mutate_below(m->delta.part_count)], kept = *other;
        *other = *part;
        *part = kept;
    }
    }
}

static void change_window(struct making *m)
{
    size_t index = (size_t)mutate_below(m->delta.window_count);
    struct delta_window *window = &m->windows[index];

    switch (mutate_below(6)) {
    case 0:
        window->new_size = number_near(window->new_size);
        break;
    case 1:
        window->old_size = number_near(window->old_size);
        break;
    case 2:
        window->old_count = (uint32_t)mutate_below(window->old_count + 1);
        break;
    case 3: {
        struct delta_old *olds = arena_take_array(m->arena, window->old_count + 1, sizeof(*olds));
        if (olds == NULL || window->old_count == 0)
            return;
        memcpy(olds, window->olds, window->old_count * sizeof(*olds));
        struct delta_old *old = &olds[mutate_below(window->old_count)];
        if (mutate_below(2) == 0)
            old->part = (uint32_t)number_near(old->part);
        else
            old->opener = (uint32_t)mutate_below(OPENER_KIND_COUNT + 2);
        window->olds = olds;
        break;
    }
    case 4:
        m->coded[index] = m->coded[mutate_below(m->delta.window_count)];
        break;
    default:
        window->hash[mutate_below(DELTA_HASH_SIZE)] ^= 1;
    }
}

static bool change_fields(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct making m;

    if (!make_own(s, &arena, &m))
        return false;
    for (uint64_t left = 1 + mutate_below(3); left > 0; left--)
        switch (mutate_below(8)) {
        case 0:
            m.delta.output_size = number_near(m.delta.output_size);
            break;
        case 1:
            m.delta.structure_size = number_near(m.delta.structure_size);
            break;
        case 2:
            m.delta.part_count = (size_t)mutate_below(m.delta.part_count + 1);
            break;
        case 3:
            m.delta.kind = (enum delta_kind)(1 + mutate_below(DELTA_KIND_COUNT - 1));
            break;
        case 4:
        case 5:
            if (m.delta.part_count > 0)
                change_part(&m);
            break;
        default:
            if (m.delta.window_count > 0)
                change_window(&m);
        }
    return write_own(&m, out);
}

static void hash_window(struct delta_window *window, struct bytes bytes)
{
    struct digest digest;
    struct error err;

    if (digest_bytes(DIGEST_SHA256, bytes, &digest, &err))
        memcpy(window->hash, digest.at, DELTA_HASH_SIZE);
}

/* Broken codes whose window's hash is right all the same, as one makes them who means ill. */
static bool change_codes(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer made = writer_with((size_t)s->delta.image_size + 1);
    struct window_image new;
    struct making m;
    struct error err;

    if (s->delta.window_count == 0 || !make_own(s, &arena, &m))
        return false;
    size_t index = (size_t)mutate_below(s->delta.window_count);
    if (m.coded[index].size == 0)
        return false;
    uint8_t *coded = arena_take(&arena, m.coded[index].size);
    memcpy(coded, m.coded[index].at, m.coded[index].size);
    for (uint64_t left = 1 + mutate_below(3); left > 0; left--)
        coded[mutate_below(m.coded[index].size)] ^= (uint8_t)(1U << mutate_below(8));
    m.coded[index].at = coded;
    struct window_image old = old_image_view(&s->olds[index]);
    if (!mutate_pieces(s, index, &arena, &new, &err))
        return false;
    if (window_decode(&old, &new, m.coded[index], (struct window_sink){mutate_keep_bytes, &made}, &err))
        hash_window(&m.windows[index], writer_bytes(&made));
    return write_own(&m, out);
}

/* Another new image, coded rightly: what comes behind the windows is to believe none of it. */
static bool change_image(const struct subjects *all, const struct subject *s, struct writer *out)
{
    (void)all;
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    uint64_t bound =
        s->delta.structure_size > 0 && mutate_below(2) == 0 ? s->delta.structure_size : s->delta.image_size;
    struct making m;
    struct error err;

    if (bound == 0 || !make_own(s, &arena, &m))
        return false;
    uint8_t *image = arena_take(&arena, (size_t)s->delta.image_size);
    memcpy(image, s->image, (size_t)s->delta.image_size);
    for (uint64_t left = 1 + mutate_below(6); left > 0; left--) {
        uint64_t at = mutate_below(bound);
        image[at] = mutate_below(2) == 0 ? image[at] ^ (uint8_t)(1U << mutate_below(8))
                                         : (uint8_t)number_near(image[at]);
    }
    for (size_t i = 0; i < s->delta.window_count; i++) {
        OWN(writer_end) struct writer coded = writer_with(64 * MIB);
        const struct window_choice choice = {.memory_max = 256 * MIB};
        struct bytes part = {image + m.windows[i].new_at, (size_t)m.windows[i].new_size};
        struct window_image new, old = old_image_view(&s->olds[i]);
        if (memcmp(part.at, s->image + m.windows[i].new_at, part.size) == 0)
            continue;
        if (!mutate_pieces(s, i, &arena, &new, &err))
            return false;
        new.bytes = part;
        if (!window_encode(&old, &new, &choice, &coded, &err))
            return false;
        uint8_t *kept = arena_take(&arena, coded.size + 1);
        memcpy(kept, coded.at, coded.size);
        m.coded[i] = (struct bytes){kept, coded.size};
        hash_window(&m.windows[i], part);
    }
    return write_own(&m, out);
}

const struct way mutate_ways[] = {
    {"bits", flip_bits, 250},       {"front", flip_front, 200},
    {"bytes", set_bytes, 100},      {"cut", cut, 50},
    {"longer", lengthen, 20},       {"splice", splice_pieces, 100},
    {"fields", change_fields, 180}, {"codes", change_codes, 90},
    {"image", change_image, 10},
};
const size_t mutate_way_count = sizeof(mutate_ways) / sizeof(mutate_ways[0]);
