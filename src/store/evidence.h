/*
 * The folder of evidence: sealed records, only ever added to.
 *
 *     evidence/head             the last record, and the chain's name
 *     evidence/00000001.json    the first record (verify/seal.h says what is in it)
 *     evidence/00000002.json    ...
 *     evidence/lock             held while one is added
 *
 * Each record names the SHA-256 of the one before it; that is the business of who makes them. Here they are numbered,
 * kept and found again, and a power cut is survived: a record is synced before the head that names it is replaced. So
 * a record one beyond the head was being added when the power went: whole, it is taken in; torn, it is put aside
 * as "00000003.torn", and its number is used again. A record that the head names is never taken for torn: when it is
 * missing or other than it was, somebody did that.
 *
 * Who can write here can also take away the whole folder, or end the chain at an earlier record and make the head agree:
 * against that helps only that somebody else has the later records.
 *
 * The head, exactly:
 *
 *     suture-evidence 1
 *     chain 5d41402abc4b2a76b9719d911017c592
 *     number 2
 *     sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08      of record 2; zeros: there is none yet
 */
#ifndef STORE_EVIDENCE_H
#define STORE_EVIDENCE_H

#include "base/digest.h"
#include "store/state.h"

#define EVIDENCE_CHAIN_SIZE 33 /* 32 digits and a NUL */

struct evidence_head {
    char chain[EVIDENCE_CHAIN_SIZE];
    uint64_t number;      /* of the last record; 0: there is none */
    struct digest digest; /* of its bytes without the newline behind them */
};

/* ERROR_ABSENT: nothing was ever recorded here. ERROR_INPUT: the head is broken. */
bool evidence_head_read(const struct state *state, struct arena *arena, struct evidence_head *out,
                        struct error *err) MUST_USE;
/* The bytes of one record, without the newline behind them, in the arena. ERROR_ABSENT: it is not there. */
bool evidence_read(const struct state *state, uint64_t number, struct arena *arena, struct bytes *out,
                   struct error *err) MUST_USE;
/* Where it lies, in the arena; NULL when memory is out. */
char *evidence_path(const struct state *state, uint64_t number, struct arena *arena);
/* The highest number that any record here has, whatever the head says; 0: there is none. */
bool evidence_last(const struct state *state, struct arena *arena, uint64_t *out, struct error *err) MUST_USE;

/* One addition. OWN(evidence_add_end). */
struct evidence_add {
    const struct state *state;
    struct arena *arena;
    int lock;
    struct evidence_head head;
    struct bytes unfinished; /* what stands at the next number, not named by the head; at == NULL: nothing */
};
/* Makes folder and chain when there are none. Waits a little for somebody else who adds; then ERROR_CONFLICT. */
bool evidence_add_begin(const struct state *state, struct arena *arena, struct evidence_add *out,
                        struct error *err) MUST_USE;
/* The unfinished record is whole: the head names it from now on. */
bool evidence_add_adopt(struct evidence_add *add, struct error *err) MUST_USE;
/* It is torn: put aside. */
bool evidence_add_set_aside(struct evidence_add *add, struct error *err) MUST_USE;
/* Adds the next record, durably; the bytes end without a newline. Nothing may be unfinished. */
bool evidence_add_commit(struct evidence_add *add, struct bytes record, struct error *err) MUST_USE;
void evidence_add_end(struct evidence_add *add);

/* The head's grammar, for tests and fuzzing. */
bool evidence_head_parse(struct bytes raw, struct evidence_head *out, struct error *err) MUST_USE;

#endif
