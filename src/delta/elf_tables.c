/* Jump tables, and pointers that no relocation names. */
#include "delta/elf_bytes.h"
#include "delta/elf_reading.h"

/* The index of the first list entry that is at or behind the offset. */
static size_t first_from(const struct elf_offsets *offsets, uint64_t from)
{
    size_t low = 0, high = offsets->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (offsets->at[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/*
 * Compilers write a switch as a table of 4-byte distances from the table's begin to code, and a lea of that begin: so what lea
 * means is a table as far as its numbers lead into code. Numbers that are small, as those of other data are, do not.
 */
void elf_read_jump_tables(struct elf_reading *reading, const struct elf_section *section)
{
    const struct elf_offsets *tables = &reading->tables;
    uint64_t end = section->offset + section->size,
             base = elf_reading_base(reading, section) - section->offset;

    for (size_t i = first_from(tables, section->offset); i < tables->count && tables->at[i] < end; i++) {
        uint64_t begin = tables->at[i],
                 until = i + 1 < tables->count && tables->at[i + 1] < end ? tables->at[i + 1] : end;
        uint64_t at = begin;
        while (until - at >= 4 && elf_reading_code(reading, base + begin + elf_s32(reading->file.at + at)))
            at += 4;
        if (begin % 4 != 0 || at - begin < 8)
            continue;
        elf_offsets_put(&reading->jumps, (uint32_t)begin);
        for (at = begin;
             until - at >= 4 && elf_reading_code(reading, base + begin + elf_s32(reading->file.at + at));
             at += 4)
            elf_reading_put(reading, (uint32_t)at, FIELD_TABLE);
    }
}

/* Aligned words that are addresses of the file: all of a program that does not move, where nothing names them; elsewhere .got. */
void elf_read_pointers(struct elf_reading *reading, const struct elf_section *section)
{
    uint64_t end = section->offset + section->size,
             at = section->offset + (-elf_reading_base(reading, section) & 7);

    for (; at <= end && end - at >= 8; at += 8)
        if (elf_reading_address(reading, elf_u64(reading->file.at + at)))
            elf_reading_put(reading, (uint32_t)at, FIELD_POINTER);
}

/* .eh_frame_hdr, for where it cannot be made anew: its numbers count from its own begin. */
void elf_read_frames_header(struct elf_reading *reading, const struct elf_section *section)
{
    static const uint8_t usual[4] = {1, 0x1b, 3, 0x3b};
    uint64_t end = section->offset + section->size;

    if (section->size < 12 || memcmp(reading->file.at + section->offset, usual, sizeof usual) != 0)
        return;
    elf_offsets_put(&reading->jumps, (uint32_t)section->offset);
    elf_reading_put(reading, (uint32_t)section->offset + 4, FIELD_FRAME);
    for (uint64_t at = section->offset + 12; end - at >= 4; at += 4)
        elf_reading_put(reading, (uint32_t)at, FIELD_TABLE);
}
