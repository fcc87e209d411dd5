/* The headers, whose numbers are places in the file itself, and the name of the file with debug symbols. */
#include "delta/elf_bytes.h"
#include "delta/elf_reading.h"

#define PROGRAM_SIZE 56
#define SECTION_SIZE 64

static void put_nonzero(struct elf_reading *reading, uint64_t at, enum field_kind kind)
{
    if (elf_u64(reading->file.at + at) != 0)
        elf_reading_put(reading, (uint32_t)at, kind);
}

/* ELF header: u64 entry at 24, section headers' offset at 40; then the program headers: u64 offset at 8, addresses, sizes. */
void elf_read_file_header(struct elf_reading *reading)
{
    const struct elf_layout *layout = &reading->fields->layout;
    uint64_t at = elf_u64(reading->file.at + 32), offset;

    if (elf_offset_of(layout, elf_u64(reading->file.at + 24), &offset))
        put_nonzero(reading, 24, FIELD_BEGIN);
    put_nonzero(reading, 40, FIELD_OFFSET);
    if (layout->type == ELF_TYPE_OBJECT)
        return;
    for (; at + PROGRAM_SIZE <= layout->header_size; at += PROGRAM_SIZE) {
        put_nonzero(reading, at + 8, FIELD_OFFSET);
        put_nonzero(reading, at + 16, FIELD_BEGIN);
        put_nonzero(reading, at + 24, FIELD_BEGIN);
        put_nonzero(reading, at + 32, FIELD_SIZE);
        if (elf_u64(reading->file.at + at + 32) != 0)
            put_nonzero(reading, at + 40, FIELD_SIZE);
    }
}

/* u64 address at 16, offset at 24, size at 32 */
void elf_read_section_headers(struct elf_reading *reading)
{
    uint64_t at = elf_u64(reading->file.at + 40);

    for (size_t i = 0; i < reading->fields->section_count; i++, at += SECTION_SIZE) {
        put_nonzero(reading, at + 16, FIELD_BEGIN);
        put_nonzero(reading, at + 24, FIELD_OFFSET);
        if (reading->fields->sections[i].type != ELF_SECTION_NOBITS)
            put_nonzero(reading, at + 32, FIELD_SIZE);
    }
}

/* NUL-terminated "DIGITS.debug" where DIGITS are the build id without its first byte, then padding and a CRC. */
void elf_read_debug_link(struct elf_reading *reading, const struct elf_section *section)
{
    static const char hex[] = "0123456789abcdef";
    const size_t digits = 2 * (ELF_BUILD_ID - 1);
    uint8_t id[ELF_BUILD_ID];
    const uint8_t *name = reading->file.at + section->offset;

    if (section->size < digits || !elf_build_id(&reading->fields->layout, reading->file, id))
        return;
    for (size_t i = 0; i < digits; i++)
        if (name[i] != (uint8_t)hex[id[1 + i / 2] >> (i % 2 == 0 ? 4 : 0) & 15])
            return;
    for (size_t i = 0; i < digits; i += 2)
        elf_reading_put(reading, (uint32_t)(section->offset + i), FIELD_ID_DIGITS);
}
