/* Tables of rows of one size: symbols, relocations, the dynamic section, hashes and versions of symbols. */
#include "delta/elf_bytes.h"
#include "delta/elf_reading.h"

#define SYMBOL_SIZE  24
#define RELA_SIZE    24
#define DYNAMIC_SIZE 16

enum {
    SYMBOL_THREAD_LOCAL = 6,
    SYMBOL_FUNCTION = 2,
    SYMBOL_SECTION = 3,
    SECTION_ABSOLUTE = 0xfff1,
    SECTION_RESERVED = 0xff00
};

static bool is_object(const struct elf_reading *reading)
{
    return reading->fields->layout.type == ELF_TYPE_OBJECT;
}

/* Whether the section that the other one names lies where addresses can be mapped. */
static bool linked(const struct elf_reading *reading, const struct elf_section *section)
{
    if (section->link == 0 || section->link >= reading->fields->section_count)
        return false;
    return is_object(reading) || (reading->fields->sections[section->link].flags & ELF_FLAG_ALLOC) != 0;
}

/* u32 name, u8 info, u8 other, u16 section, u64 value, u64 size */
void elf_read_symbols(struct elf_reading *reading, const struct elf_section *section)
{
    bool names = linked(reading, section);
    uint32_t at = (uint32_t)section->offset;

    for (uint64_t i = 0; i < section->size / SYMBOL_SIZE; i++, at += SYMBOL_SIZE) {
        const uint8_t *row = reading->file.at + at;
        uint16_t place = elf_u16(row + 6);
        if (names && elf_u32(row) != 0)
            elf_reading_put(reading, at, FIELD_NAME);
        if (elf_u64(row + 8) == 0 || place == 0 || (row[4] & 15) == SYMBOL_THREAD_LOCAL)
            continue;
        if (!is_object(reading) && place != SECTION_ABSOLUTE)
            elf_reading_put(reading, at + 8, FIELD_SYMBOL);
        else if (is_object(reading) && place < reading->fields->section_count && place < SECTION_RESERVED)
            elf_reading_put(reading, at + 8, FIELD_MODULE_SYMBOL);
    }
}

static bool is_slot(const struct elf_reading *reading, uint32_t type)
{
    return reading->fields->layout.machine == 62 ? type == 7
                                                 : type == 1026; /* R_X86_64_JUMP_SLOT, R_AARCH64_JUMP_SLOT */
}

static bool is_relative(const struct elf_reading *reading, uint32_t type)
{
    switch (reading->fields->layout.machine) {
    case 62: /* x86-64: R_X86_64_RELATIVE, R_X86_64_IRELATIVE */
        return type == 8 || type == 37;
    case 183: /* AArch64: R_AARCH64_RELATIVE, R_AARCH64_IRELATIVE */
        return type == 1027 || type == 1032;
    default:
        return false;
    }
}

/* Of an object's relocation: whether its addend is relative to the section of its symbol (the symbol is the section itself). */
static bool addend_in_section(const struct elf_reading *reading, const struct elf_section *section,
                              uint32_t index)
{
    if (section->link >= reading->fields->section_count)
        return false;
    const struct elf_section *symbols = &reading->fields->sections[section->link];
    if (symbols->type != ELF_SECTION_SYMBOLS || index >= symbols->size / SYMBOL_SIZE)
        return false;
    const uint8_t *row = reading->file.at + symbols->offset + (uint64_t)index * SYMBOL_SIZE;
    return (row[4] & 15) == SYMBOL_SECTION && elf_u16(row + 6) < reading->fields->section_count;
}

/* u64 offset, u32 type, u32 symbol, s64 addend */
void elf_read_rela(struct elf_reading *reading, const struct elf_section *section)
{
    bool object = is_object(reading), symbols = linked(reading, section);
    uint32_t at = (uint32_t)section->offset;

    if (object && section->info >= reading->fields->section_count)
        return;
    for (uint64_t i = 0; i < section->size / RELA_SIZE; i++, at += RELA_SIZE) {
        const uint8_t *row = reading->file.at + at;
        uint32_t type = elf_u32(row + 8), symbol = elf_u32(row + 12);
        elf_reading_put(reading, at,
                        object                   ? FIELD_MODULE_PLACE
                        : is_slot(reading, type) ? FIELD_SLOT
                                                 : FIELD_PLACE);
        if (symbol != 0 && symbols)
            elf_reading_put(reading, at + 12, FIELD_INDEX);
        if (object && addend_in_section(reading, section, symbol))
            elf_reading_put(reading, at + 16, FIELD_MODULE_ADDEND);
        else if (!object && is_relative(reading, type))
            elf_reading_put(reading, at + 16, FIELD_ADDEND);
    }
}

/* Places whose bytes are an address before the loader has come by: linkers write the addend, or the lazy way into .plt, there too. */
void elf_read_rela_places(struct elf_reading *reading, const struct elf_section *section)
{
    for (uint64_t i = 0; i < section->size / RELA_SIZE; i++) {
        const uint8_t *row = reading->file.at + section->offset + i * RELA_SIZE;
        uint64_t at;
        if (!elf_offset_of(&reading->fields->layout, elf_u64(row), &at) || at > reading->file.size ||
            reading->file.size - at < 8)
            continue;
        uint64_t value = elf_u64(reading->file.at + at);
        if (value != 0 && elf_reading_address(reading, value))
            elf_offsets_put(&reading->places, (uint32_t)at);
    }
}

/* s64 tag, u64 value */
void elf_read_dynamic(struct elf_reading *reading, const struct elf_section *section)
{
    uint32_t at = (uint32_t)section->offset;

    for (uint64_t i = 0; i < section->size / DYNAMIC_SIZE; i++, at += DYNAMIC_SIZE) {
        uint64_t tag = elf_u64(reading->file.at + at), value = elf_u64(reading->file.at + at + 8);
        /* NEEDED, SONAME, RPATH, RUNPATH are names; what else lies in the file's memory is an address, whatever the tag. */
        if (tag == 1 || tag == 14 || tag == 15 || tag == 29) {
            if (linked(reading, section))
                elf_reading_put(reading, at + 8, FIELD_NAME_8);
        } else if ((tag == 3 || tag == 4 || tag == 5 || tag == 6 || tag == 7 || tag == 12 || tag == 13 ||
                    tag == 23 || tag == 25 || tag == 26 || tag == 32 || tag == 36 || tag >= 0x6ffffe00) &&
                   value > 0xff && elf_reading_address(reading, value) &&
                   !(tag >= 0x6ffffff9 && tag <= 0x6ffffffb)) {
            elf_reading_put(reading, at + 8, FIELD_POINTER);
        }
    }
}

/* .gnu.hash: u32 buckets, u32 first symbol, u32 blooms, u32 shift, u64 blooms, u32 buckets (a symbol's index each), u32 hashes */
void elf_read_hash(struct elf_reading *reading, const struct elf_section *section)
{
    if (section->size < 16 || !linked(reading, section))
        return;
    const uint8_t *head = reading->file.at + section->offset;
    uint64_t buckets = elf_u32(head), begin = 16 + 8 * (uint64_t)elf_u32(head + 8);
    if (begin > section->size || buckets > (section->size - begin) / 4)
        return;
    uint32_t at = (uint32_t)(section->offset + begin);
    for (; buckets > 0; buckets--, at += 4)
        if (elf_u32(reading->file.at + at) != 0)
            elf_reading_put(reading, at, FIELD_INDEX);
}

/*
 * Entries that are chained, each with a chain of its own: version, count, file (a name), first of the chain, next entry; of the
 * chain hash, flags, other, name, next. A chain is only followed forward of all that was read, so each byte is looked at once.
 */
void elf_read_needed_versions(struct elf_reading *reading, const struct elf_section *section)
{
    const uint8_t *file = reading->file.at;
    uint64_t end = section->offset + section->size, reached = 0;

    if (!linked(reading, section))
        return;
    for (uint64_t at = section->offset; at <= end && end - at >= 16;) {
        uint32_t next = elf_u32(file + at + 12), chain = elf_u32(file + at + 8);
        elf_reading_put(reading, (uint32_t)at + 4, FIELD_NAME);
        for (uint64_t row = at + chain; chain != 0 && row > reached && row <= end && end - row >= 16;) {
            elf_reading_put(reading, (uint32_t)row + 8, FIELD_NAME);
            reached = row;
            uint32_t step = elf_u32(file + row + 12);
            if (step == 0)
                break;
            row += step;
        }
        if (next == 0)
            return;
        at += next;
    }
}

/* As above: version, flags, index, count, hash (20 bytes in all), first of the chain; of the chain name, next. */
void elf_read_defined_versions(struct elf_reading *reading, const struct elf_section *section)
{
    const uint8_t *file = reading->file.at;
    uint64_t end = section->offset + section->size, reached = 0;

    if (!linked(reading, section))
        return;
    for (uint64_t at = section->offset; at <= end && end - at >= 20;) {
        uint32_t next = elf_u32(file + at + 16), chain = elf_u32(file + at + 12);
        for (uint64_t row = at + chain; chain != 0 && row > reached && row <= end && end - row >= 8;) {
            elf_reading_put(reading, (uint32_t)row, FIELD_NAME);
            reached = row;
            uint32_t step = elf_u32(file + row + 4);
            if (step == 0)
                break;
            row += step;
        }
        if (next == 0)
            return;
        at += next;
    }
}
