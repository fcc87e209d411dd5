/*
 * What the parts of the walk share: window_walk.c (bytes and copies), window_plan.c (plans), window_fields.c (addresses). For
 * them alone.
 */
#ifndef DELTA_WINDOW_PARTS_H
#define DELTA_WINDOW_PARTS_H

#include "delta/window_walk.h"

static inline unsigned walk_size_class(uint64_t value)
{
    unsigned bits = value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);

    return bits > 32 ? 32 : bits;
}

static inline unsigned walk_bits_of(int64_t value)
{
    uint64_t positive = value < 0 ? ~(uint64_t)value : (uint64_t)value;

    return positive == 0 ? 0 : 64 - (unsigned)__builtin_clzll(positive);
}

static inline uint32_t walk_piece_done(const struct walk *w)
{
    return (uint32_t)(w->done - w->piece->at);
}

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

static inline uint32_t walk_field_size(const struct walk *w, size_t field)
{
    return elf_field_size((enum field_kind)w->fields->kind[field]);
}

/* New bytes of the piece. */
bool walk_emit(struct walk *w, const uint8_t *at, size_t size, struct error *err) MUST_USE;
/* The new file's header, once it is there. The encoder knows at once where its end will be. */
void walk_header_look(struct walk *w);
/* Whether the field is predicted there, in the new piece. */
bool walk_field_active(const struct walk *w, size_t field, uint32_t new_at);
/* Where the field begins in the copy; the copy's end for the one behind the last. */
uint32_t walk_field_place(const struct walk *w, const struct copying *c, size_t field);
/* Fields that hold, one behind the other, with the plain bytes before them: those from *at of the copy on that can be made at once. */
bool walk_held(struct walk *w, struct copying *c, uint32_t *at, struct error *err) MUST_USE;
/* The field c->field, at `at` of the copy. */
bool walk_field(struct walk *w, struct copying *c, uint32_t at, struct error *err) MUST_USE;

#endif
