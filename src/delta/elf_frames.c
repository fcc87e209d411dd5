#include "delta/elf_frames.h"

#include <stdlib.h>

#include "base/own.h"
#include "base/reader.h"
#include "delta/elf_bytes.h"
#include "delta/elf_reading.h"

enum { POINTER_RELATIVE_4 = 0x1b, POINTER_INDIRECT = 0x80, POINTER_NONE = 0xff };

/* What a CIE says of its FDEs. */
struct frame_common {
    uint64_t at;     /* of the CIE in the file; 0: none read */
    bool relative;   /* pc_begin is 4 bytes relative to itself */
    bool augmented;  /* a size of augmentation data follows pc_range */
    bool exceptions; /* that data begins with 4 bytes relative to themselves: the way to .gcc_except_table */
    uint32_t personality; /* place of 4 such bytes in the CIE; 0: none */
};

/* u32 size, u32 0, u8 version, text augmentation, varint code and data factors, return register, varint size, data */
#define CIE_MAX 256 /* real ones have 24 to 40 bytes; each FDE may name another one */
static struct frame_common common_read(const uint8_t *file, uint64_t at, uint64_t size)
{
    struct frame_common common = {.at = at};
    uint64_t whole = (uint64_t)elf_u32(file + at) + 4, least = whole < size ? whole : size;
    struct reader r = reader_with((struct bytes){file + at, least < CIE_MAX ? least : CIE_MAX});

    reader_skip(&r, 8);
    uint8_t version = reader_u8(&r);
    const uint8_t *augmentation = r.at;
    while (reader_u8(&r) != 0 && reader_ok(&r))
        ;
    if (!reader_ok(&r) || version != 1 || *augmentation != 'z')
        return common;
    (void)reader_varint(&r);
    while ((reader_u8(&r) & 0x80) != 0) /* signed */
        ;
    reader_u8(&r);
    (void)reader_varint(&r);
    common.augmented = true;
    for (augmentation++; *augmentation != 0; augmentation++) {
        uint8_t encoding = *augmentation == 'S' || *augmentation == 'B' ? 0 : reader_u8(&r);
        if (*augmentation == 'R')
            common.relative = encoding == POINTER_RELATIVE_4;
        if (*augmentation == 'L')
            common.exceptions = encoding == POINTER_RELATIVE_4;
        if (*augmentation == 'P') {
            if ((encoding & 0x7f) != POINTER_RELATIVE_4)
                return common;
            common.personality = (uint32_t)(at + reader_place(&r));
            reader_skip(&r, 4);
        }
    }
    if (!reader_ok(&r))
        return (struct frame_common){.at = at};
    return common;
}

static void put_frame(struct elf_reading *reading, uint64_t at)
{
    if (elf_u32(reading->file.at + at) != 0)
        elf_reading_put(reading, (uint32_t)at, FIELD_FRAME);
}

/* u32 size, u32 distance to the CIE, u32 pc_begin, u32 pc_range, varint size, data */
static void read_frame(struct elf_reading *reading, const struct elf_section *section,
                       const struct frame_common *common, uint64_t at, uint64_t size)
{
    const uint8_t *file = reading->file.at;

    elf_reading_put(reading, (uint32_t)at + 4, FIELD_FRAME_CIE);
    if (!common->relative || size < 16)
        return;
    put_frame(reading, at + 8);
    if (elf_u32(file + at + 8) != 0 && elf_u32(file + at + 12) != 0)
        elf_reading_put(reading, (uint32_t)at + 12, FIELD_EXTENT);
    /* The data's size is one byte: it holds a pointer at most. */
    if (!common->augmented || !common->exceptions || size < 21 || file[at + 16] < 4 || file[at + 16] > 0x7f ||
        elf_u32(file + at + 17) == 0)
        return;
    elf_reading_put(reading, (uint32_t)at + 17, FIELD_FRAME);
    uint64_t address =
                 elf_reading_base(reading, section) + (at - section->offset) + 17 + elf_s32(file + at + 17),
             offset;
    if (elf_offset_of(&reading->fields->layout, address, &offset) && offset < reading->file.size)
        elf_offsets_put(&reading->exceptions, (uint32_t)offset);
}

void elf_read_frames(struct elf_reading *reading, const struct elf_section *section)
{
    const uint8_t *file = reading->file.at;
    uint64_t end = section->offset + section->size, size;
    struct frame_common common = {0};

    for (uint64_t at = section->offset; end - at >= 8; at += size) {
        size = (uint64_t)elf_u32(file + at) + 4;
        if (size < 8 || size > end - at)
            return; /* the end, or the 64-bit form that nobody writes */
        uint32_t back = elf_u32(file + at + 4);
        if (back == 0) {
            common = common_read(file, at, size);
            if (common.personality != 0)
                put_frame(reading, common.personality);
            continue;
        }
        uint64_t cie = at + 4 - back;
        if (back > at + 4 - section->offset)
            continue;
        if (cie != common.at)
            common = common_read(file, cie, at - cie);
        read_frame(reading, section, &common, at, size);
    }
}

/*
 * An area for exceptions: u8 encoding (varint begin), u8 encoding of types (varint distance to the types' end), u8 encoding of calls, varint
 * their size, calls, actions; then types of 4 bytes, relative to themselves, from their end downwards; how many is not said.
 */
static void read_area(struct elf_reading *reading, const struct elf_section *section, uint64_t at,
                      uint64_t end)
{
    struct reader r = reader_with((struct bytes){reading->file.at + at, end - at});

    if (reader_u8(&r) != POINTER_NONE)
        return;
    uint8_t types = reader_u8(&r);
    if ((types & 0x7f) != POINTER_RELATIVE_4)
        return;
    uint64_t distance = reader_varint(&r), types_end = at + reader_place(&r);
    if (!reader_ok(&r) || distance > end - types_end)
        return;
    types_end += distance;
    (void)reader_u8(&r);
    uint64_t calls = reader_varint(&r), first = types_end, begin = at + reader_place(&r);
    if (!reader_ok(&r) || calls > end - begin)
        return;
    begin += calls;
    uint64_t base = elf_reading_base(reading, section) - section->offset;
    while (first - begin >= 4 && first > begin) {
        uint32_t value = elf_u32(reading->file.at + first - 4);
        if (value != 0 &&
            !elf_reading_address(reading, base + first - 4 + elf_s32(reading->file.at + first - 4)))
            break;
        first -= 4;
    }
    for (; first < types_end; first += 4)
        put_frame(reading, first);
}

void elf_read_exceptions(struct elf_reading *reading, const struct elf_section *section)
{
    uint64_t end = section->offset + section->size;

    for (size_t i = 0; i < reading->exceptions.count; i++) {
        uint64_t at = reading->exceptions.at[i];
        if (at < section->offset || at >= end)
            continue;
        uint64_t next = i + 1 < reading->exceptions.count ? reading->exceptions.at[i + 1] : end;
        read_area(reading, section, at, next < end ? next : end);
    }
}

uint64_t elf_frames_begin(const struct elf_layout *layout)
{
    uint64_t end = layout->frames_at + layout->frames_size;

    return end + (-(layout->frames_address + layout->frames_size) & 7);
}

static size_t header_count(const struct elf_layout *layout)
{
    return layout->frames_size < 12 ? 0 : (size_t)(layout->frames_size - 12) / 8;
}

size_t elf_frames_wants(struct elf_frames_walk *walk, const struct elf_layout *layout, struct bytes frames,
                        size_t size_max)
{
    while (!walk->done) {
        if (size_max - walk->at < 8)
            break;
        if (frames.size < walk->at + 8)
            return walk->at + 8;
        size_t size = (size_t)elf_u32(frames.at + walk->at) + 4;
        if (size < 12 || size > size_max - walk->at)
            break;
        if (frames.size < walk->at + size)
            return walk->at + size;
        if (elf_u32(frames.at + walk->at + 4) != 0)
            walk->count++;
        walk->at += size;
        if (walk->count >= header_count(layout))
            break;
    }
    walk->done = true;
    return 0;
}

struct frame_row {
    int32_t begin, frame; /* relative to the header, as they are written */
};

static int compare_rows(const void *a, const void *b)
{
    const struct frame_row *x = a, *y = b;

    return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin)
                                : (x->frame > y->frame) - (x->frame < y->frame);
}

static void put_u32(uint8_t *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}

bool elf_frames_header(const struct elf_layout *layout, struct bytes frames, uint8_t *out, struct error *err)
{
    size_t count = header_count(layout), found = 0;
    uint64_t address =
        elf_frames_begin(layout) - layout->frames_at; /* of .eh_frame, relative to the header */

    if (count == 0 || layout->frames_size != 12 + 8 * count || frames.size > INT32_MAX ||
        address > INT32_MAX || count > frames.size / 12)
        return error_set(err, ERROR_INPUT, "elf: no index of frames can be made");
    OWN(own_memory) struct frame_row *rows = calloc(count, sizeof *rows);
    if (rows == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for %zu frames", count);
    for (size_t at = 0, size; found < count && frames.size - at >= 12; at += size) {
        size = (size_t)elf_u32(frames.at + at) + 4;
        if (size < 12 || size > frames.size - at)
            break;
        if (elf_u32(frames.at + at + 4) == 0)
            continue;
        rows[found++] = (struct frame_row){
            .begin = (int32_t)(uint32_t)(address + at + 8 + elf_u32(frames.at + at + 8)),
            .frame = (int32_t)(uint32_t)(address + at),
        };
    }
    if (found != count)
        return error_set(err, ERROR_INPUT, "elf: %zu frames instead of %zu", found, count);
    qsort(rows, count, sizeof *rows, compare_rows);
    memcpy(out, "\x01\x1b\x03\x3b", 4);
    put_u32(out + 4, (uint32_t)(address - 4));
    put_u32(out + 8, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        put_u32(out + 12 + 8 * i, (uint32_t)rows[i].begin);
        put_u32(out + 16 + 8 * i, (uint32_t)rows[i].frame);
    }
    return true;
}
