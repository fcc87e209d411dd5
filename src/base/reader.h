/*
 * A sticky reader over bytes from outside.
 *
 * The first read that does not fit fails the reader; after that every read gives zero or nothing. So a parser is a
 * straight line with one question, reader_ok(), before the values are believed. Integers are little-endian. Nothing
 * is copied: texts and bytes point into what was given.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    const uint8_t *begin;
    bool failed;
};

struct reader reader_with(struct bytes bytes);
static inline bool reader_ok(const struct reader *r)
{
    return !r->failed;
}
static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}
/* Bytes read so far: the place to name in an error. */
static inline size_t reader_place(const struct reader *r)
{
    return (size_t)(r->at - r->begin);
}
/* Fails the reader by hand, for a value that fits but is not allowed. */
void reader_fail(struct reader *r);

/* The next `size` bytes, or none. */
struct bytes reader_take(struct reader *r, size_t size);
void reader_skip(struct reader *r, size_t size);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* Unsigned LEB128, at most ten bytes, shortest form only (one value has one spelling). */
uint64_t reader_varint(struct reader *r);
/* A varint that must be at most `max`. */
uint64_t reader_varint_max(struct reader *r, uint64_t max);

#endif
