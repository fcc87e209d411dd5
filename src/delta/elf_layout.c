#include "delta/elf_layout.h"

#include "delta/elf_bytes.h"

#define HEADER_SIZE  64
#define PROGRAM_SIZE 56
#define SECTION_SIZE 64

enum { PT_LOAD = 1, PT_NOTE = 4, PT_GNU_EH_FRAME = 0x6474e550, NT_GNU_BUILD_ID = 3 };

static enum elf_type elf_type_of(const uint8_t *header)
{
    static const uint8_t ident[6] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */};
    static const enum elf_type types[] = {ELF_TYPE_UNKNOWN, ELF_TYPE_OBJECT, ELF_TYPE_PROGRAM,
                                          ELF_TYPE_SHARED};

    uint16_t type = elf_u16(header + 16);
    if (memcmp(header, ident, sizeof ident) != 0 || type >= sizeof types / sizeof *types)
        return ELF_TYPE_UNKNOWN;
    return types[type];
}

size_t elf_layout_wants(struct bytes start)
{
    if (start.size < HEADER_SIZE)
        return 0;
    enum elf_type type = elf_type_of(start.at);
    if (type == ELF_TYPE_UNKNOWN || type == ELF_TYPE_OBJECT)
        return type == ELF_TYPE_OBJECT ? HEADER_SIZE : 0;
    uint64_t at = elf_u64(start.at + 32);
    size_t size = elf_u16(start.at + 54), count = elf_u16(start.at + 56);
    if (size != PROGRAM_SIZE || count == 0 || at < HEADER_SIZE || at > ELF_START_MAX ||
        count > (ELF_START_MAX - at) / PROGRAM_SIZE)
        return 0;
    return (size_t)at + count * PROGRAM_SIZE;
}

static void layout_note(struct elf_layout *layout, uint64_t offset, uint64_t size, size_t *notes)
{
    if (*notes == sizeof layout->notes_at / sizeof *layout->notes_at || offset > ELF_START_MAX ||
        size > ELF_START_MAX - offset)
        return;
    layout->notes_at[*notes] = (uint32_t)offset;
    layout->notes_size[*notes] = (uint32_t)size;
    (*notes)++;
    if (layout->notes_end < offset + size)
        layout->notes_end = (size_t)(offset + size);
}

static void layout_program(struct elf_layout *layout, const uint8_t *header, size_t *notes)
{
    uint32_t type = elf_u32(header);
    uint64_t offset = elf_u64(header + 8), address = elf_u64(header + 16), size = elf_u64(header + 32);

    if (type == PT_NOTE)
        layout_note(layout, offset, size, notes);
    if (type == PT_GNU_EH_FRAME && size <= UINT32_MAX && offset <= UINT32_MAX) {
        layout->frames_at = offset;
        layout->frames_size = size;
        layout->frames_address = address;
    }
    uint64_t memory_size = elf_u64(header + 40);
    /* Sums of what is kept here never overflow: segments that would are left out. */
    if (type != PT_LOAD || layout->segment_count == ELF_SEGMENTS_MAX || size > memory_size ||
        offset > INT64_MAX || size > INT64_MAX || memory_size > UINT64_MAX - address)
        return;
    layout->segments[layout->segment_count++] = (struct elf_segment){
        .offset = offset,
        .file_size = size,
        .address = address,
        .memory_size = memory_size,
        .executes = (elf_u32(header + 4) & 1) != 0,
    };
}

bool elf_layout_read(struct bytes start, struct elf_layout *out)
{
    size_t wanted = elf_layout_wants(start), notes = 0;

    if (wanted == 0 || wanted > start.size)
        return false;
    struct elf_layout layout = {
        .header_size = wanted,
        .type = elf_type_of(start.at),
        .machine = elf_u16(start.at + 18),
    };
    if (layout.type == ELF_TYPE_OBJECT) {
        layout.segments[0] = (struct elf_segment){.file_size = UINT32_MAX, .memory_size = UINT32_MAX};
        layout.segment_count = 1;
    } else {
        for (size_t at = (size_t)elf_u64(start.at + 32); at < wanted; at += PROGRAM_SIZE)
            layout_program(&layout, start.at + at, &notes);
    }
    *out = layout;
    return true;
}

bool elf_address_of(const struct elf_layout *layout, uint64_t offset, uint64_t *address)
{
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *segment = &layout->segments[i];
        if (offset - segment->offset < segment->file_size && offset >= segment->offset) {
            *address = segment->address + (offset - segment->offset);
            return true;
        }
    }
    return false;
}

bool elf_segment_of(const struct elf_layout *layout, uint64_t address, size_t *segment, uint64_t *beyond)
{
    for (size_t i = 0; i < layout->segment_count; i++) {
        uint64_t within = address - layout->segments[i].address;
        if (address < layout->segments[i].address || within >= layout->segments[i].memory_size)
            continue;
        *segment = i;
        *beyond = within < layout->segments[i].file_size ? 0 : within - layout->segments[i].file_size + 1;
        return true;
    }
    return false;
}

bool elf_offset_of(const struct elf_layout *layout, uint64_t address, uint64_t *offset)
{
    size_t segment;
    uint64_t beyond;

    if (!elf_segment_of(layout, address, &segment, &beyond) || beyond != 0)
        return false;
    *offset = layout->segments[segment].offset + (address - layout->segments[segment].address);
    return true;
}

/* note: u32 name size, u32 size, u32 type, name and content each filled up to a multiple of 4. */
static bool note_build_id(struct bytes notes, uint8_t id[ELF_BUILD_ID])
{
    for (size_t at = 0; notes.size - at >= 12;) {
        const uint8_t *note = notes.at + at;
        uint64_t name = ((uint64_t)elf_u32(note) + 3) & ~UINT64_C(3), size = elf_u32(note + 4);
        if (name > notes.size - at - 12 || size > notes.size - at - 12 - name)
            return false;
        if (elf_u32(note + 8) == NT_GNU_BUILD_ID && name == 4 && memcmp(note + 12, "GNU", 4) == 0 &&
            size == ELF_BUILD_ID) {
            memcpy(id, note + 16, ELF_BUILD_ID);
            return true;
        }
        uint64_t whole = 12 + name + ((size + 3) & ~UINT64_C(3));
        if (whole > notes.size - at)
            return false;
        at += (size_t)whole;
    }
    return false;
}

bool elf_build_id(const struct elf_layout *layout, struct bytes start, uint8_t id[ELF_BUILD_ID])
{
    for (size_t i = 0; i < sizeof layout->notes_at / sizeof *layout->notes_at; i++) {
        uint32_t at = layout->notes_at[i], size = layout->notes_size[i];
        if (size != 0 && at <= start.size && size <= start.size - at &&
            note_build_id((struct bytes){start.at + at, size}, id))
            return true;
    }
    return false;
}

size_t elf_section_count(struct bytes file)
{
    if (file.size < HEADER_SIZE || elf_type_of(file.at) == ELF_TYPE_UNKNOWN)
        return 0;
    uint64_t at = elf_u64(file.at + 40);
    size_t size = elf_u16(file.at + 58), count = elf_u16(file.at + 60);
    if (size != SECTION_SIZE || at < HEADER_SIZE || at > file.size || count > (file.size - at) / SECTION_SIZE)
        return 0;
    return count;
}

struct elf_section elf_section_get(struct bytes file, size_t index)
{
    const uint8_t *header = file.at + elf_u64(file.at + 40) + index * SECTION_SIZE;
    struct elf_section section = {
        .name = elf_u32(header),
        .type = elf_u32(header + 4),
        .flags = elf_u64(header + 8),
        .address = elf_u64(header + 16),
        .offset = elf_u64(header + 24),
        .size = elf_u64(header + 32),
        .link = elf_u32(header + 40),
        .info = elf_u32(header + 44),
        .entry_size = elf_u64(header + 56),
    };

    if (section.type != ELF_SECTION_NOBITS &&
        (section.offset > file.size || section.size > file.size - section.offset))
        section.size = 0;
    return section;
}

struct bytes elf_section_name(struct bytes file, const struct elf_section *section)
{
    size_t index = elf_u16(file.at + 62);

    if (index >= elf_section_count(file))
        return (struct bytes){0};
    struct elf_section names = elf_section_get(file, index);
    if (names.type != ELF_SECTION_STRINGS || section->name >= names.size)
        return (struct bytes){0};
    const uint8_t *name = file.at + names.offset + section->name;
    const uint8_t *end = memchr(name, 0, (size_t)names.size - section->name);
    return end == NULL ? (struct bytes){0} : (struct bytes){name, (size_t)(end - name)};
}
