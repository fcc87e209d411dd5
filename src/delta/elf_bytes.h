/* Little-endian numbers at any place, for the ELF readers: the caller has checked that the bytes are there. */
#ifndef DELTA_ELF_BYTES_H
#define DELTA_ELF_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t elf_u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return le16toh(value);
}

static inline uint32_t elf_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline uint64_t elf_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

/* Sign-extended to 64 bits, for sums modulo 2^64. */
static inline uint64_t elf_s32(const uint8_t *at)
{
    return (uint64_t)(int64_t)(int32_t)elf_u32(at);
}

#endif
