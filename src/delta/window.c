#include "delta/window.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "delta/views.h"
#include "delta/window_walk.h"

/* A decoder spells a megabyte in a second, and is to make 150 in that time. */
#define SPELLED_MAX     (512 * KIB)
#define SPELLED_SHARE   256

#define STAYS_DIFFERING 8 /* references that differ, where none moved: they are few bytes then */

#define MAKING_MEMORY   (32 * MIB) /* of an encoder, beside views and suffix array */

static bool image_check(const struct window_image *image, const char *side, struct error *err)
{
    uint64_t size = 0;

    for (size_t i = 0; i < image->piece_count; i++) {
        if (image->pieces[i].at != size)
            return error_set(err, ERROR_INPUT, "%s piece %zu: at %u, expected %llu", side, i,
                             image->pieces[i].at, (unsigned long long)size);
        size += image->pieces[i].size;
        if (size > LIMIT_DELTA_IMAGE)
            return error_set(err, ERROR_LIMIT, "the %s image has more than %zu bytes", side,
                             LIMIT_DELTA_IMAGE);
    }
    if (image->bytes.at != NULL && image->bytes.size != size)
        return error_set(err, ERROR_INPUT, "the %s image has %zu bytes, its pieces %llu", side,
                         image->bytes.size, (unsigned long long)size);
    return true;
}

static struct bytes window_bytes(const struct window_image *image, uint32_t piece)
{
    return (struct bytes){image->bytes.at + image->pieces[piece].at, image->pieces[piece].size};
}

/* ---- Encoder ---- */

struct making {
    const struct window_image *old, *new;
    const struct window_choice *choice;
    struct view old_view, new_view;
    uint32_t *twins;      /* of each piece of the new view, in the old one */
    uint32_t *partners;   /* the same, and where there was no twin, whom most of it comes from */
    struct copies copies; /* between the views */
    unsigned pass, passes;
};

static void making_end(struct making *m)
{
    view_end(&m->old_view);
    view_end(&m->new_view);
    free(m->twins);
    free(m->partners);
    copies_end(&m->copies);
}

static uint32_t twin_of(const struct making *m, size_t piece)
{
    uint32_t twin = m->choice == NULL || m->choice->twins == NULL ? WINDOW_NO_TWIN : m->choice->twins[piece];

    return twin < m->old->piece_count ? twin : WINDOW_NO_TWIN;
}

static bool is_same(const struct making *m, size_t piece)
{
    uint32_t twin = twin_of(m, piece);

    return twin != WINDOW_NO_TWIN &&
           m->old->pieces[twin].size ==
               m->new->pieces[piece].size &&memcmp(m->old->bytes.at + m->old->pieces[twin].at,
                                                   m->new->bytes.at + m->new->pieces[piece].at,
                                                   m->new->pieces[piece].size) == 0;
}

/* Views of the pieces that changed. A new piece without a twin may come from anywhere: then all old ones are looked at. */
static bool making_views(struct making *m, struct error *err)
{
    OWN(own_memory) bool *old_wanted = calloc(m->old->piece_count + 1, sizeof(bool));
    OWN(own_memory) bool *new_wanted = calloc(m->new->piece_count + 1, sizeof(bool));
    bool orphans = false;

    if (old_wanted == NULL || new_wanted == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu pieces", m->new->piece_count);
    for (size_t i = 0; i < m->new->piece_count; i++) {
        new_wanted[i] = m->new->pieces[i].size > 0 && !is_same(m, i);
        orphans = orphans || (new_wanted[i] && twin_of(m, i) == WINDOW_NO_TWIN);
    }
    for (size_t i = 0; i < m->old->piece_count; i++)
        old_wanted[i] = m->old->pieces[i].size > 0;
    for (size_t i = 0; !orphans && i < m->new->piece_count; i++)
        if (!new_wanted[i] && twin_of(m, i) != WINDOW_NO_TWIN)
            old_wanted[twin_of(m, i)] = false;
    for (size_t i = 0; i < m->new->piece_count; i++)
        if (new_wanted[i] && twin_of(m, i) != WINDOW_NO_TWIN && m->old->pieces[twin_of(m, i)].size > 0)
            old_wanted[twin_of(m, i)] = true;
    return view_begin(&m->old_view, m->old, old_wanted, err) &&
           view_begin(&m->new_view, m->new, new_wanted, err);
}

static bool making_twins(struct making *m, struct error *err)
{
    m->twins = calloc(m->new_view.piece_count + 1, sizeof(*m->twins));
    m->partners = calloc(m->new_view.piece_count + 1, sizeof(*m->partners));
    if (m->twins == NULL || m->partners == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu pieces", m->new_view.piece_count);
    for (size_t i = 0; i < m->new_view.piece_count; i++) {
        uint32_t twin = twin_of(m, m->new_view.index[i]);
        size_t found = twin == WINDOW_NO_TWIN ? m->old_view.piece_count : view_find(&m->old_view, twin);
        m->twins[i] = found < m->old_view.piece_count ? (uint32_t)found : WINDOW_NO_TWIN;
        m->partners[i] = m->twins[i];
    }
    return true;
}

static size_t old_piece_at(const struct view *view, uint32_t at)
{
    size_t low = 0, high = view->piece_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (view->pieces[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* For those without a twin: the old piece that gives most bytes. */
static bool making_partners(struct making *m, struct error *err)
{
    OWN(own_memory) uint64_t *given = calloc(m->old_view.piece_count + 1, sizeof(*given));
    size_t next = 0;

    if (given == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu pieces", m->old_view.piece_count);
    for (size_t i = 0; i < m->new_view.piece_count; i++) {
        uint32_t end = m->new_view.pieces[i].at + m->new_view.pieces[i].size;
        size_t first = next, best = m->old_view.piece_count;
        for (; next < m->copies.count && m->copies.at[next].new_at < end; next++) {
            size_t from = old_piece_at(&m->old_view, m->copies.at[next].old_at);
            given[from] += m->copies.at[next].size;
            if (best == m->old_view.piece_count || given[from] > given[best])
                best = from;
        }
        if (m->twins[i] == WINDOW_NO_TWIN && best < m->old_view.piece_count)
            m->partners[i] = (uint32_t)best;
        for (size_t j = first; j < next; j++)
            given[old_piece_at(&m->old_view, m->copies.at[j].old_at)] = 0;
    }
    return true;
}

/* Progress over all passes, in bytes of the new image. */
static bool making_tell(void *self, uint64_t done)
{
    const struct making *m = self;
    uint64_t all = m->new_view.size * m->passes, whole = m->new->bytes.size;

    done += m->new_view.size * m->pass;
    return m->choice->progress(m->choice->self, all == 0 ? 0 : done * (whole >> 10) / all << 10);
}

/* What is left for a suffix array, beside views, copies and models. */
static size_t making_spare(const struct making *m)
{
    size_t taken = (m->old_view.size + m->new_view.size) / 4 * 5 + MAKING_MEMORY;

    if (m->choice == NULL || m->choice->memory_max == 0)
        return SIZE_MAX;
    return m->choice->memory_max > taken ? m->choice->memory_max - taken : 0;
}

/* The longest of the copies from `first` on, or `begin` where they give less than an eighth of the step. */
static struct copy align_longest(const struct copies *copies, size_t first, uint32_t step, struct copy begin)
{
    struct copy longest = {0};
    uint32_t given = 0;

    for (size_t i = first; i < copies->count; i++) {
        given += copies->at[i].size;
        if (copies->at[i].size > longest.size)
            longest = copies->at[i];
    }
    return given < step / 8 ? begin : longest;
}

/* One new piece with `size_max` bytes of its partner, a quarter of them before the place where it is expected. */
static bool align_step(struct making *m, const struct align *align, struct window_piece partner,
                       uint32_t size_max, int64_t expected, struct error *err)
{
    OWN(suffix_end) struct suffix suffix = {0};
    int64_t from = expected - size_max / 4, last = (int64_t)partner.at + partner.size - size_max;

    from = from > last ? last : from;
    from = from < partner.at ? partner.at : from;
    return suffix_sort((struct bytes){align->old.view.at + from, size_max}, (uint32_t)from, &suffix, err) &&
           align_find(align, &suffix, 0, 1, &m->copies, err);
}

/*
 * A piece whose partner is too large to be sorted whole: step by step, each where the last one led. Where nothing is found there
 * something may have been put in: then the old place stands still.
 */
static bool align_in_steps(struct making *m, const struct align *align, size_t index,
                           struct window_piece partner, uint32_t size_max, struct error *err)
{
    struct window_piece whole = align->new.pieces[index], piece;
    struct align part = *align;
    struct copy last = {whole.at, partner.at, 0};

    part.new.pieces = &piece;
    part.new.piece_count = 1;
    part.twins = &m->partners[index];
    for (uint32_t done = 0; done < whole.size; done += piece.size) {
        size_t first = m->copies.count;
        piece = (struct window_piece){whole.at + done, whole.size - done};
        if (piece.size > size_max / 2)
            piece.size = size_max / 2;
        if (!align_step(m, &part, partner, size_max, (int64_t)last.old_at + piece.at - last.new_at, err))
            return false;
        struct copy found = align_longest(&m->copies, first, piece.size, last);
        if (found.new_at == last.new_at) {
            m->copies.count = first;
            if (!align_step(m, &part, partner, size_max, (int64_t)last.old_at + last.size, err))
                return false;
            found = align_longest(&m->copies, first, piece.size, last);
        }
        last = found;
    }
    return true;
}

/* Where memory does not suffice for all: each new piece with its partner alone, or in steps with parts of it. */
static bool align_apart(struct making *m, const struct align *align, struct error *err)
{
    size_t spare = making_spare(m), size_max = spare < MAKING_MEMORY ? MAKING_MEMORY / 8 : spare / 8;

    for (size_t i = 0; i < m->new_view.piece_count; i++) {
        OWN(suffix_end) struct suffix suffix = {0};
        uint32_t partner = m->partners[i];
        struct window_piece part = {0, (uint32_t)m->old_view.size};
        if (partner != WINDOW_NO_TWIN)
            part = m->old_view.pieces[partner];
        if (part.size > size_max) {
            if (!align_in_steps(m, align, i, part, (uint32_t)size_max, err))
                return false;
            continue;
        }
        struct bytes text = {align->old.view.at + part.at, part.size};
        if (!suffix_sort(text, part.at, &suffix, err) || !align_find(align, &suffix, i, 1, &m->copies, err))
            return false;
    }
    return true;
}

static bool making_align(struct making *m, struct error *err)
{
    OWN(suffix_end) struct suffix suffix = {0};
    struct align align = {view_side(&m->old_view), view_side(&m->new_view), m->partners, NULL, m};

    if (m->choice != NULL && m->choice->progress != NULL)
        align.progress = making_tell;
    m->copies.count = 0;
    if (m->old_view.size == 0)
        return true;
    bool done = suffix_memory(m->old_view.size) > making_spare(m)
                    ? align_apart(m, &align, err)
                    : suffix_sort(align.old.view, 0, &suffix, err) &&
                          align_find(&align, &suffix, 0, m->new_view.piece_count, &m->copies, err);
    m->pass++;
    return done && making_partners(m, err);
}

static bool making_match(struct making *m, struct error *err)
{
    if (!making_views(m, err) || !making_twins(m, err))
        return false;
    m->passes = m->old_view.field_count == 0 || m->new_view.field_count == 0 ? 1 : 3;
    view_kinds(&m->old_view);
    view_kinds(&m->new_view);
    if (!making_align(m, err))
        return false;
    /* The second time the map is better, and so are the tokens; a third time gave nothing. */
    for (unsigned i = 1; i < m->passes; i++)
        if (!views_targets(&m->old_view, &m->new_view, &m->copies, m->partners, err) || !making_align(m, err))
            return false;
    return true;
}

/*
 * Whether no address of the piece moved: then each prediction would be what stands there already, and reading all references of the old
 * file would be for nothing. Rebuilt libraries are so, and there are more of them than of others.
 */
static bool plan_stays(const struct making *m, size_t here, const struct walk_plan *plan)
{
    const struct window_piece *old = &m->old->pieces[plan->partner],
                              *new = &m->new->pieces[m->new_view.index[here]];
    const struct elf_fields *fields = &m->old_view.fields[m->partners[here]];
    const uint8_t *was = m->old->bytes.at + old->at, *is = m->new->bytes.at + new->at;
    unsigned differing = 0;

    if (old->size != new->size)
        return false;
    for (size_t i = 0; i < plan->copies.count; i++)
        if (plan->copies.at[i].old_at - old->at != plan->copies.at[i].new_at - new->at)
            return false;
    for (size_t i = 0; i < fields->count && differing <= STAYS_DIFFERING; i++)
        differing += fields->kind[i] != FIELD_ID_DIGITS &&
                     memcmp(was + fields->at[i], is + fields->at[i], elf_field_sizes[fields->kind[i]]) != 0;
    return differing <= STAYS_DIFFERING;
}

/* The plan of a piece of the new image; here: of the new view. */
static bool plan_make(const struct making *m, size_t here, size_t *next, struct walk_plan *plan,
                      struct error *err)
{
    const struct view *old = &m->old_view, *new = &m->new_view;
    uint32_t end = new->pieces[here].at + new->pieces[here].size, base = m->new->pieces[new->index[here]].at;
    uint32_t partner = m->partners[here];

    plan->partner = partner == WINDOW_NO_TWIN ? (uint32_t)m->old->piece_count : old->index[partner];
    plan->fields = partner != WINDOW_NO_TWIN && old->fields[partner].count > 0 &&
                   new->fields[here].count > 0 &&
                   old->pieces[partner].size / WALK_PARTNER_MAX <= new->pieces[here].size;
    for (; *next < m->copies.count && m->copies.at[*next].new_at < end; ++*next) {
        struct copy copy = m->copies.at[*next];
        size_t from = old_piece_at(old, copy.old_at);
        copy.old_at = copy.old_at - old->pieces[from].at + m->old->pieces[old->index[from]].at;
        copy.new_at = copy.new_at - new->pieces[here].at + base;
        if (plan->copies.count < LIMIT_DELTA_COPIES && !copies_add(&plan->copies, copy, err))
            return false;
    }
    plan->digits = plan->fields && plan_stays(m, here, plan);
    return true;
}

static bool making_piece(struct making *m, struct walk *walk, size_t index, struct walk_plan *plan,
                         struct error *err)
{
    OWN(elf_fields_end) struct elf_fields digits = {0};
    const struct elf_fields *fields = NULL;

    if (plan->digits) {
        if (!elf_fields_read_digits(window_bytes(m->old, plan->partner), &digits, err))
            return false;
        fields = &digits;
    } else if (plan->fields)
        fields = &m->old_view.fields[view_find(&m->old_view, plan->partner)];
    return walk_plan(walk, &m->new->pieces[index], plan, err) && walk_piece(walk, plan, fields, err);
}

static bool making_walk(struct making *m, struct walk *walk, struct error *err)
{
    size_t next = 0, here = 0;

    for (size_t i = 0; i < m->new->piece_count; i++) {
        struct walk_plan plan = {0};
        if (m->new->pieces[i].size == 0)
            continue;
        bool changed = here < m->new_view.piece_count && m->new_view.index[here] == i;
        if (!changed)
            plan = (struct walk_plan){.partner = twin_of(m, i), .same = true};
        else if (!plan_make(m, here++, &next, &plan, err))
            return false;
        bool done = making_piece(m, walk, i, &plan, err);
        copies_end(&plan.copies);
        if (!done)
            return false;
    }
    return walk_flush(walk, err);
}

static uint64_t making_copied(const struct making *m)
{
    uint64_t copied = 0;

    for (size_t i = 0; i < m->copies.count; i++)
        copied += m->copies.at[i].size;
    return copied;
}

/* All literals, in the order of the walk. */
static void gather_literals(const struct making *m, struct writer *out)
{
    const struct view *new = &m->new_view;
    size_t next = 0;

    for (size_t i = 0; i < new->piece_count; i++) {
        struct bytes piece = view_piece(new, i);
        uint32_t at = 0, base = new->pieces[i].at;
        for (; next < m->copies.count && m->copies.at[next].new_at - base < piece.size; next++) {
            const struct copy *copy = &m->copies.at[next];
            writer_put(out, (struct bytes){piece.at + at, copy->new_at - base - at});
            at = copy->new_at - base + copy->size;
        }
        writer_put(out, (struct bytes){piece.at + at, piece.size - at});
    }
}

/* Bytes of copies that will be spelled, nearly: those of the views that differ, where tokens stand for references. */
static uint64_t making_residue(const struct making *m)
{
    uint64_t residue = 0;

    for (size_t i = 0; i < m->copies.count; i++) {
        const struct copy *copy = &m->copies.at[i];
        const uint8_t *old = m->old_view.bytes + copy->old_at, *new = m->new_view.bytes + copy->new_at;
        for (uint32_t j = 0; j < copy->size; j++)
            residue += old[j] != new[j];
    }
    return residue;
}

/* The begin of a window: literals are spelled, unless there are so many that a decoder would take too long. */
static bool making_begin(const struct making *m, struct walk *walk, struct writer *out, struct error *err)
{
    uint64_t literals = m->new_view.size - making_copied(m);

    walk->is_packed = literals > SPELLED_MAX + m->new_view.size / SPELLED_SHARE;
    writer_byte(out, walk->is_packed);
    if (walk->is_packed) {
        OWN(writer_end)
        struct writer gathered = writer_with(literals + 1), packed = writer_with(literals * 2 + MIB);
        gather_literals(m, &gathered);
        struct bytes all, coded;
        if (!writer_done(&gathered, &all, err) || !packed_write(all, &packed, err) ||
            !writer_done(&packed, &coded, err))
            return false;
        writer_varint(out, coded.size);
        writer_put(out, coded);
        literals = 0;
    }
    coder_begin_encode(&walk->coder, out);
    return walk_begin(walk, m->old, m->new, spell_log(literals + making_residue(m)), err);
}

static bool walk_new(struct walk **out, struct error *err)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL || error_set(err, ERROR_LIMIT, "out of memory: a window");
}

static void walk_drop(struct walk **walk)
{
    if (*walk != NULL)
        walk_end(*walk);
    free(*walk);
}

bool window_encode(const struct window_image *old, const struct window_image *new,
                   const struct window_choice *choice, struct writer *out, struct error *err)
{
    OWN(making_end) struct making making = {.old = old, .new = new, .choice = choice};
    OWN(walk_drop) struct walk *walk = NULL;

    if (!image_check(old, "old", err) || !image_check(new, "new", err) || !walk_new(&walk, err) ||
        !making_match(&making, err))
        return false;
    if (!making_begin(&making, walk, out, err) || !making_walk(&making, walk, err))
        return false;
    return coder_end(&walk->coder, err);
}

/* ---- Decoder ---- */

/* The fields of the partner at hand; those of the last one are kept, since pieces may share one. */
struct partner {
    uint32_t index;
    bool digits;
    struct elf_fields fields;
};

static void partner_end(struct partner *partner)
{
    elf_fields_end(&partner->fields);
}

static bool partner_turn(struct partner *partner, const struct window_image *old,
                         const struct walk_plan *plan, struct error *err)
{
    if (partner->index == plan->partner && partner->digits == plan->digits)
        return true;
    elf_fields_end(&partner->fields);
    partner->fields = (struct elf_fields){0};
    partner->index = UINT32_MAX;
    struct bytes file = window_bytes(old, plan->partner);
    if (plan->digits ? !elf_fields_read_digits(file, &partner->fields, err)
                     : !elf_fields_read(file, &partner->fields, err))
        return false;
    partner->index = plan->partner;
    partner->digits = plan->digits;
    return true;
}

static void plan_end(struct walk_plan *plan)
{
    copies_end(&plan->copies);
}

static bool decode_piece(struct walk *walk, const struct window_piece *piece, struct partner *partner,
                         struct error *err)
{
    OWN(plan_end) struct walk_plan plan = {0};

    if (!walk_plan(walk, piece, &plan, err) || (plan.fields && !partner_turn(partner, walk->old, &plan, err)))
        return false;
    return walk_piece(walk, &plan, plan.fields ? &partner->fields : NULL, err);
}

static bool decode_begin(struct walk *walk, const struct window_image *old, const struct window_image *new,
                         struct bytes coded, struct error *err)
{
    struct reader r = reader_with(coded);
    uint8_t layout = reader_u8(&r);
    struct bytes packed =
        layout == 1 ? reader_take(&r, reader_varint_max(&r, reader_left(&r))) : (struct bytes){0};

    if (!reader_ok(&r) || layout > 1)
        return error_set(err, ERROR_INPUT, "not a window, or one of a later layout");
    walk->is_packed = layout == 1;
    if (walk->is_packed && !packed_open(packed, &walk->packed, err))
        return false;
    coder_begin_decode(&walk->coder, reader_take(&r, reader_left(&r)));
    return walk_begin(walk, old, new, 0, err);
}

bool window_decode(const struct window_image *old, const struct window_image *new, struct bytes coded,
                   struct window_sink sink, struct error *err)
{
    OWN(walk_drop) struct walk *walk = NULL;
    OWN(partner_end) struct partner partner = {.index = UINT32_MAX};

    if (!image_check(old, "old", err) || !image_check(new, "new", err) || !walk_new(&walk, err))
        return false;
    if (!decode_begin(walk, old, new, coded, err))
        return false;
    walk->sink = sink;
    for (size_t i = 0; i < new->piece_count; i++)
        if (new->pieces[i].size > 0 && !decode_piece(walk, &new->pieces[i], &partner, err))
            return error_at(err, "piece %zu", i);
    return walk_flush(walk, err) && coder_end(&walk->coder, err);
}
