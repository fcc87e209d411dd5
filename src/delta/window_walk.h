/*
 * The walk over one piece of a window: the same for the encoder, who knows the bytes, and the decoder, who learns them.
 *
 * Everything that is coded goes through here, so this is where the layout of a window stands:
 *
 *     u8            0: literals are spelled; 1: they are packed (another number is another layout)
 *     varint        if packed: the size of
 *     bytes         all literals of the window, packed (delta/packed.h)
 *     the rest is one run of a range coder (delta/coder.h); "number" and "signed" are its numbers, each with odds of its own; "bit" is
 *     one bit with odds:
 *
 *     log             number: of the lines of spell.h
 *     for each new piece that is not empty:
 *       partner       signed: the old piece that it is made from, less (the partner before) - 1; piece_count: none
 *       same          bit: it is the partner, byte for byte; nothing else follows. Only where the sizes are equal
 *       fields        bit: addresses are predicted (predict.h). Only where the partner is no more than 8 times as large
 *       digits        bit: only those of its build id are (FIELD_ID_DIGITS), for its addresses stay. Only of one with fields
 *       until the piece is full:
 *         literal     number: of bytes that are spelled, at most what is left
 *         if something is left:
 *           line      two bits, the highest first: which of four old places the copy's is near. Line 0 is where the copy before ended,
 *                     and as far on as the literal is long; the others where copies ended that were left for a far one
 *           place     signed: the old place less that of the line. Farther than WALK_LINE_FAR is a line of its own, which must be told by
 *                     line 0. Where the copy ends becomes line 0, in front of the others, less the one that it was near
 *           size      number less 1, at most what is left: a copy
 *       then, in order, the literals' bytes unless they are packed (spell.h), and each copy:
 *         gap         number: 0: all its plain bytes are as the old ones; else 1 + how many are before the next that differs. Then
 *                     that byte, spelled, and the next gap
 *         a field that lies whole in the copy, of a partner with fields, once the header of the new file is complete:
 *           block     bit, before the first and after each 16 such fields of a copy: the next 16, or all that the copy still
 *                     has, are the first candidates of predict_ask; else for each of them:
 *           held      bits: is it the first candidate of predict_ask, the second, ...: until a 1 or none is left
 *           only when none held:
 *           base      three bits, the highest first: what the right value is told by (enum walk_base)
 *           right     signed: the right value less what the base gives; not for the first two, which are exact; for the last
 *                     one six bits: which of the targets met before it is, of an instruction's operand (elf_follow.h)
 *
 * Plain bytes are those in no such field.
 */
#ifndef DELTA_WINDOW_WALK_H
#define DELTA_WINDOW_WALK_H

#include "delta/elf_follow.h"
#include "delta/packed.h"
#include "delta/predict.h"
#include "delta/spell.h"

#define WALK_HEAD_MAX 4096 /* where a header of ELF must be complete */
#define WALK_BUFFER   (256 * 1024)
#define WALK_BEFORE   64
#define WALK_BEHIND   64 /* bytes that may be written behind what the buffer holds */
#define WALK_LINES    4
#define WALK_LINE_FAR 4096
#define WALK_PARTNER_MAX                                                                                     \
    8 /* the fields of a partner so many times as large are not read: it would cost more than the piece */

/* What the encoder decided for one piece, what the decoder reads. */
struct walk_plan {
    uint32_t partner; /* old piece; piece_count: none */
    bool same, fields, digits;
    struct copies copies;
};

/* By what a value is told that no candidate gave: all of 2^64, and of fields of the same kind. */
enum walk_base {
    WALK_BASE_SAME,   /* as far from the first candidate as the last one that was told */
    WALK_BASE_BEFORE, /* as the one before that */
    WALK_BASE_GUESS,  /* the first candidate */
    WALK_BASE_ZERO,   /* the place itself: targets near by */
    WALK_BASE_FAR,    /* the target of the last field whose value was 2^16 or more, either way */
    WALK_BASE_RECENT, /* a target that was met a little before, of the same group: calls and jumps, other operands */
    WALK_BASE_COUNT
};

struct walk_models {
    struct odds same[4], fields[4], digits[4];
    struct number_odds partner, literal[2][6], size[3][4], place[WALK_LINES + 1][2], first_gap[33],
        next_gap[33];
    struct odds line[WALK_LINES][4];
    struct odds held[PREDICT_MAX][FIELD_KIND_COUNT * PREDICT_SOURCE_COUNT * 64];
    struct odds held_place[PREDICT_MAX][FIELD_KIND_COUNT * PREDICT_SOURCE_COUNT * 64];
    struct odds held_target[65536];
    struct mix held_mix[FIELD_KIND_COUNT * PREDICT_SOURCE_COUNT];
    struct odds block[3][FIELD_KIND_COUNT * 64];
    struct mix block_mix[FIELD_KIND_COUNT];
    struct odds base[FIELD_KIND_COUNT][8][8]; /* by the base before and the bits before */
    struct number_odds right[FIELD_KIND_COUNT][WALK_BASE_COUNT];
    struct odds recent[2][ELF_FOLLOW_RECENT];
};

/* How many bytes of the coded window went where; for benches. */
enum walk_part {
    WALK_PLAN,
    WALK_LITERAL_SIZES,
    WALK_COPY_SIZES,
    WALK_COPIES,
    WALK_LITERALS,
    WALK_GAPS,
    WALK_RESIDUE,
    WALK_HELD,
    WALK_RIGHT,
    WALK_PART_COUNT
};

/* Places of a file that lie in one segment: their addresses are that much more. */
struct walk_place {
    uint64_t begin, size, more;
};

struct walk {
    struct coder coder;
    struct spell spell;
    struct packed packed; /* the literals, where they are not spelled; of the decoder */
    bool is_packed;
    struct walk_models *models;
    const struct window_image *old, *new;
    struct window_sink sink; /* of the decoder */
    uint8_t *buffer;         /* WALK_BEFORE bytes that were, then what is new */
    size_t filled;           /* behind those */
    uint8_t head[WALK_HEAD_MAX];
    uint32_t partner_before;
    uint64_t done; /* bytes of the new image */
    /* Of the piece at hand. */
    const struct window_piece *piece;
    struct bytes partner;
    const struct elf_fields *fields; /* of the partner, or NULL */
    struct predict predict;
    uint64_t origin_old, origin_new; /* the last one that was mapped */
    bool origin_known;
    struct walk_place old_place, new_place; /* of the partner and of the piece */
    uint32_t
        header_end; /* of the new file, in it: from there on its addresses are known; UINT32_MAX: never or not yet */
    bool header_read;
    struct elf_follow follow;
    struct elf_recent operands; /* targets of instructions that are no calls and jumps */
    uint64_t followed;          /* the place that the follower stands at, as `done` */
    unsigned history;           /* of predictions, newest lowest */
    unsigned block_history;
    struct {
        uint64_t misses[2]; /* right value less first candidate, the last first */
        uint64_t far;       /* target less bias, as WALK_BASE_FAR counts */
        unsigned base;
    } told[FIELD_KIND_COUNT];         /* of this piece */
    uint64_t counts[WALK_PART_COUNT]; /* 2^-8 bits; of the encoder */
    uint64_t counted;
};

/* coder must have begun. */
bool walk_begin(struct walk *walk, const struct window_image *old, const struct window_image *new,
                unsigned log, struct error *err) MUST_USE;
void walk_end(struct walk *walk);

/* Reads or writes the plan of a piece. ERROR_INPUT, ERROR_LIMIT. */
bool walk_plan(struct walk *walk, const struct window_piece *piece, struct walk_plan *plan, struct error *err)
    MUST_USE;
/* Then its bytes. fields: of the partner, where the plan says so. */
bool walk_piece(struct walk *walk, const struct walk_plan *plan, const struct elf_fields *fields,
                struct error *err) MUST_USE;
/* Charges what was coded since the last call to a part. */
void walk_count(struct walk *walk, enum walk_part part);
/* What is still in the buffer goes to the sink. */
bool walk_flush(struct walk *walk, struct error *err) MUST_USE;

#endif
