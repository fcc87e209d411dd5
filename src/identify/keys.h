/*
 * Sorting by a number: values that carry a 64-bit key, in ascending order of keys, equal keys in the order they had.
 *
 * Runs that are already in order are merged, so that what is nearly sorted costs little: lists of ids, names of
 * packages.
 */
#ifndef IDENTIFY_KEYS_H
#define IDENTIFY_KEYS_H

#include "base/bytes.h"

struct keyed {
    uint64_t key;
    uint32_t value;
};

/* scratch has room for count as well. */
void keys_sort(struct keyed *keys, size_t count, struct keyed *scratch);

/* The first eight bytes of a text as a number in the order of bytes: texts whose keys differ are ordered as these. */
static inline uint64_t key_of_text(struct text text)
{
    uint64_t key = 0;

    if (text.size >= sizeof(key)) {
        memcpy(&key, text.at, sizeof(key));
        return __builtin_bswap64(key);
    }
    for (size_t i = 0; i < text.size; i++)
        key |= (uint64_t)(uint8_t)text.at[i] << (56 - 8 * i);
    return key;
}

#endif
