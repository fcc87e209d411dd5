#include "base/reader.h"

struct reader reader_with(struct bytes bytes)
{
    /* No bytes may have no address, and arithmetic on none is undefined even when it adds nothing. */
    const uint8_t *at = bytes.at != NULL ? bytes.at : (const uint8_t *)"";

    return (struct reader){.at = at, .end = at + bytes.size, .begin = at};
}

void reader_fail(struct reader *r)
{
    r->failed = true;
    r->at = r->end; /* so that nothing is left to read */
}

struct bytes reader_take(struct reader *r, size_t size)
{
    if (r->failed || size > reader_left(r)) {
        reader_fail(r);
        return (struct bytes){NULL, 0};
    }
    struct bytes taken = {r->at, size};
    r->at += size;
    return taken;
}

void reader_skip(struct reader *r, size_t size)
{
    (void)reader_take(r, size);
}

static uint64_t little_endian(struct bytes bytes)
{
    uint64_t value = 0;

    for (size_t i = bytes.size; i > 0; i--)
        value = value << 8 | bytes.at[i - 1];
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)little_endian(reader_take(r, 1));
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)little_endian(reader_take(r, 2));
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)little_endian(reader_take(r, 4));
}

uint64_t reader_u64(struct reader *r)
{
    return little_endian(reader_take(r, 8));
}

uint64_t reader_varint(struct reader *r)
{
    uint64_t value = 0;

    for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
        uint8_t byte = *r->at++;
        if ((shift == 63 && byte > 1) || (byte == 0 && shift > 0))
            break; /* over 64 bits, or not the shortest form */
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    reader_fail(r);
    return 0;
}

uint64_t reader_varint_max(struct reader *r, uint64_t max)
{
    uint64_t value = reader_varint(r);

    if (value <= max)
        return value;
    reader_fail(r);
    return 0;
}
