/*
 * Addresses: where an old address lies in the new file.
 *
 * The copies of a piece are a map from old places to new ones. What a field of the old file means is looked up in it; what lies in
 * no copy is guessed from its neighbours, and once it was told it is remembered. Candidates come in an order,
 * the likeliest first, so that a wrong guess costs as little as can be.
 *
 * All of it is part of the format: a decoder must make the same candidates. In this order, equal ones once:
 *   1. what was told for this very target                                  PREDICT_TOLD
 *   2. the copy that the target's place in the file lies in                 PREDICT_COPY
 *   3. for a target in no copy, the nearest told one below it, where no copy lies between, with the same distance  PREDICT_NEAR
 *   4. the copy below it, continued; the copy above it, continued: the nearer one first   PREDICT_GAP
 *   5. for a target in no segment or in none of the file (.bss), the nearest told one, else
 *      the end of the segment that it lies in, shifted                      PREDICT_SEGMENT
 */
#ifndef DELTA_PREDICT_H
#define DELTA_PREDICT_H

#include "delta/align.h"
#include "delta/elf_fields.h"

enum predict_source {
    PREDICT_NONE,
    PREDICT_TOLD,
    PREDICT_COPY,
    PREDICT_NEAR,
    PREDICT_GAP,
    PREDICT_SEGMENT,
    PREDICT_SOURCE_COUNT
};

#define PREDICT_MAX 4

struct predict_told {
    uint64_t old, new;
};

struct predict_span {
    uint32_t old_at, new_at, size; /* in the files */
};

/* Addresses of the old file that lie in one copy, one segment before and one after: all are moved by the same distance. */
struct predict_range {
    uint32_t begin, end; /* from `ranges_base` on */
    uint64_t moved;
};

#define PREDICT_SEEN 1024 /* words */

struct predict {
    const struct elf_layout *old_layout; /* borrowed */
    struct elf_layout new_layout;
    struct predict_span *spans; /* ascending and apart in old_at */
    size_t span_count;
    uint32_t *buckets; /* for each 2^shift bytes of the old file, the first span that ends behind its begin */
    size_t bucket_count;
    unsigned shift;
    struct predict_told *told; /* open addressing; old + 1 as the key, 0: free */
    size_t told_count, told_capacity;
    struct predict_told *ordered; /* what was told of targets in no copy, ascending */
    size_t ordered_count, ordered_capacity;
    /* What the spans say of addresses, for predict_first: made by predict_settle. */
    struct predict_range *ranges; /* ascending and apart; one more that is beyond all */
    uint32_t
        *range_buckets; /* for each 2^range_shift addresses, the first range that ends behind its begin */
    uint64_t ranges_base, ranges_size;
    unsigned range_shift;
    bool settled;
    uint64_t seen[PREDICT_SEEN]; /* a bit by a hash of each target that was told: most were not */
};

/* copies: of one new piece that begins at new_base; those that lie in the old piece count. */
bool predict_begin(struct predict *p, const struct elf_layout *old_layout, struct window_piece old,
                   uint32_t new_base, const struct copy *copies, size_t count, struct error *err) MUST_USE;
void predict_end(struct predict *p);

/* Up to `max` new addresses (file_space: offsets in the file) for an old one, at most PREDICT_MAX; the source of the first. */
size_t predict_ask(const struct predict *p, uint64_t old, bool file_space, size_t max,
                   uint64_t out[PREDICT_MAX], enum predict_source *source);
/* Once new_layout is there. Without it, predict_first gives the same answers slowly. */
bool predict_settle(struct predict *p, struct error *err) MUST_USE;
/* What predict_ask says first of an address; the address itself where it says nothing. */
uint64_t predict_first(const struct predict *p, uint64_t old);
/* The answer where it was not the first candidate. Beyond LIMIT_DELTA_TOLD nothing more is remembered. */
bool predict_tell(struct predict *p, uint64_t old, bool file_space, uint64_t new, struct error *err) MUST_USE;

#endif
