/*
 * The suffix array of some bytes, and the longest match in them.
 *
 * libdivsufsort sorts; it is loaded when the first array is made and not before, so that who only applies deltas does without.
 */
#ifndef DELTA_SUFFIX_H
#define DELTA_SUFFIX_H

#include "base/bytes.h"

struct suffix {
    struct bytes text; /* borrowed */
    uint32_t base;     /* where the text begins in what its places are told of */
    int32_t *order;    /* places of `text`, less the base, in the order of what begins there */
    uint32_t *
        firsts; /* for each two bytes, the first place in `order` whose text begins so or greater; 65537 of them */
};

/* What suffix_sort takes, beside the text. */
size_t suffix_memory(size_t size);
/* ERROR_ABSENT: no libdivsufsort; ERROR_LIMIT: memory, or 2^31 bytes. OWN(suffix_end). */
bool suffix_sort(struct bytes text, uint32_t base, struct suffix *out, struct error *err) MUST_USE;
void suffix_end(struct suffix *suffix);

struct suffix_match {
    uint32_t at;   /* the base and where it is in the text */
    uint32_t size; /* how many bytes are equal, up to SUFFIX_SIZE_MAX */
    uint32_t row;  /* of `at` in `order`; neighbours are equal for a while too */
};

#define SUFFIX_SIZE_MAX 1024 /* no longer match is measured: sorted zeros would make it quadratic */

struct suffix_match suffix_find(const struct suffix *suffix, struct bytes wanted);

#endif
