/*
 * How the parts of the index's reader read numbers, for them alone: inline, since a look-up reads thousands.
 */
#ifndef IDENTIFY_INDEX_READ_H
#define IDENTIFY_INDEX_READ_H

#include <assert.h>

#include "identify/index.h"

/* A varint is one byte nearly always: that case is read without a call. */
static inline uint64_t take_varint(struct reader *r)
{
    return r->at < r->end && *r->at < 0x80 ? *r->at++ : reader_varint(r);
}

static inline uint8_t take_byte(struct reader *r)
{
    if (r->at < r->end)
        return *r->at++;
    reader_fail(r);
    return 0;
}

static inline struct bytes take_bytes(struct reader *r, uint64_t size)
{
    if (size > reader_left(r)) {
        reader_fail(r);
        return (struct bytes){NULL, 0};
    }
    struct bytes taken = {r->at, (size_t)size};
    r->at += size;
    return taken;
}

/* A number of at most 32 bits; more fails the reader. */
static inline uint32_t take_u32(struct reader *r)
{
    uint64_t value = take_varint(r);

    if (value <= UINT32_MAX)
        return (uint32_t)value;
    reader_fail(r);
    return 0;
}

static inline uint32_t u32_at(struct bytes bytes, size_t place)
{
    const uint8_t *at = bytes.at + place;

    assert(place + 4 <= bytes.size);
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline size_t blocks_of(uint32_t count, uint32_t block)
{
    return ((size_t)count + block - 1) / block;
}

static inline uint32_t text_or_none(uint32_t number_and_1)
{
    return number_and_1 - 1; /* 0 becomes INDEX_NO_TEXT */
}

#endif
