/*
 * Bytes, spelled by what stands before them.
 *
 * A byte of the new image that no copy gives is coded bit by bit, from the highest. Several contexts (the bytes before it, the old
 * byte in its place, what came behind the same bytes earlier) each say how likely a 1 is; a mixture of them is coded.
 *
 * A context's odds lie in lines of fifteen: one line for the first half of a byte, one for the second. Lines are found by a
 * hash in one table, whose size is coded, so that few bytes need little memory; a line that another context has is
 * taken over from the less used of two. What takes time is waiting for these lines: so both that a context may have are next to
 * each other, all contexts' lines are fetched at once, and how often odds were asked is counted for the line, not for each.
 */
#ifndef DELTA_SPELL_H
#define DELTA_SPELL_H

#include "delta/coder.h"

#define SPELL_CONTEXTS 4
#define SPELL_INPUTS   8 /* the contexts, a repetition and a constant: one vector */
#define SPELL_SETS     15
#define SPELL_ROLES    16
#define SPELL_LOG_MIN  8
#define SPELL_LOG_MAX  18 /* lines of 32 bytes: 8 MB */

enum spell_kind { SPELL_LITERAL, SPELL_RESIDUE, SPELL_KIND_COUNT };

/* Two of them are one line of a processor's cache, and stand there where a context may have either. */
struct spell_line {
    uint16_t mark;     /* of its context, and how often it was asked: SPELL_ASKED lowest bits */
    uint16_t odds[15]; /* as `skew` of struct odds; 0 also where nothing was learnt */
};
#define SPELL_ASKED 6

/* As struct mix of coder.h, in sixteen bits: a weight is of 2^-13. */
struct spell_mix {
    int16_t weights[SPELL_INPUTS];
};

struct spell {
    void *memory; /* that lines, `seen` and `said` lie in */
    struct spell_line *lines;
    uint32_t mask;
    struct spell_mix mixes[SPELL_KIND_COUNT][SPELL_ROLES][SPELL_SETS];
    /* What was spelled, for repetitions; a ring. */
    uint8_t *said;
    uint32_t said_mask, said_count;
    uint32_t *seen; /* by a hash of five bytes: where in `said` the next byte is */
    uint32_t match, match_size;
    struct odds match_odds[64];
};

/* log: of the number of lines, SPELL_LOG_MIN to SPELL_LOG_MAX. OWN(spell_end). */
bool spell_begin(struct spell *spell, unsigned log, struct error *err) MUST_USE;
void spell_end(struct spell *spell);
/* A good log for so many bytes. */
unsigned spell_log(uint64_t bytes);

struct spell_context {
    enum spell_kind kind;
    uint64_t before;   /* the eight bytes before, the last one lowest */
    unsigned expected; /* the old byte in its place, 256: none */
    struct {
        uint64_t contexts[3];
        unsigned role;     /* 0: no code */
        unsigned expected; /* 256: none */
    } code;                /* as delta/elf_follow.h has them */
};

uint8_t spell_byte(struct spell *spell, struct coder *coder, const struct spell_context *context,
                   uint8_t byte);

#endif
