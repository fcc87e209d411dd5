#include "delta/elf_fields.h"

#include <stdlib.h>

#include "base/own.h"
#include "delta/elf_bytes.h"
#include "delta/elf_reading.h"
#include "delta/elf_x86_64.h"

enum {
    MACHINE_X86_64 = 62,
    SECTION_GNU_HASH = 0x6ffffff6,
    SECTION_VERSIONS_DEFINED = 0x6ffffffd,
    SECTION_VERSIONS_NEEDED = 0x6ffffffe
};

const uint8_t elf_field_sizes[FIELD_KIND_COUNT] = {
    [FIELD_CALL] = 4,         [FIELD_JUMP] = 4,          [FIELD_DATA] = 4,          [FIELD_DATA_1] = 4,
    [FIELD_DATA_2] = 4,       [FIELD_DATA_4] = 4,        [FIELD_ABSOLUTE] = 4,      [FIELD_POINTER] = 8,
    [FIELD_ADDEND] = 8,       [FIELD_PLACE] = 8,         [FIELD_SYMBOL] = 8,        [FIELD_FRAME] = 4,
    [FIELD_FRAME_CIE] = 4,    [FIELD_TABLE] = 4,         [FIELD_NAME] = 4,          [FIELD_NAME_8] = 8,
    [FIELD_INDEX] = 4,        [FIELD_OFFSET] = 8,        [FIELD_BEGIN] = 8,         [FIELD_SIZE] = 8,
    [FIELD_MODULE_PLACE] = 8, [FIELD_MODULE_ADDEND] = 8, [FIELD_MODULE_SYMBOL] = 8, [FIELD_ID_DIGITS] = 2,
    [FIELD_SLOT] = 8,         [FIELD_EXTENT] = 4,
};

/* The walk through one section of code. */
struct code_walk {
    struct elf_reading *reading;
    const struct elf_section *section;
    bool tables_only; /* of a section behind the tables that it means */
};

static bool code_found(void *self, uint32_t at, enum field_kind kind, uint64_t target, bool loads_address)
{
    const struct code_walk *walk = self;
    struct elf_reading *reading = walk->reading;
    uint64_t offset;

    if (loads_address && !elf_reading_code(reading, target) &&
        elf_offset_of(&reading->fields->layout, target, &offset) && offset < reading->file.size)
        elf_offsets_put(&reading->tables, (uint32_t)offset);
    if (!walk->tables_only)
        elf_reading_put(reading, (uint32_t)walk->section->offset + at, kind);
    return walk->tables_only ? !reading->tables.full : !reading->full;
}

static void read_code(struct elf_reading *reading, const struct elf_section *section, bool tables_only)
{
    struct code_walk self = {reading, section, tables_only};
    const struct x86_walk walk = {
        .code = {reading->file.at + section->offset, (size_t)section->size},
        .address = elf_reading_base(reading, section),
        .code_begin = reading->code_begin,
        .code_end = reading->code_end,
        .all_begin = reading->all_begin,
        .all_end = reading->all_end,
        .absolute = reading->fields->layout.type == ELF_TYPE_PROGRAM,
        .found = code_found,
        .self = &self,
    };

    if (reading->fields->layout.machine == MACHINE_X86_64 && !x86_walk(&walk))
        return; /* full: what was found until then counts */
}

static bool is_code(const struct elf_section *section)
{
    return (section->flags & ELF_FLAG_EXECUTE) != 0 && (section->flags & ELF_FLAG_ALLOC) != 0 &&
           section->type != ELF_SECTION_RELA;
}

static bool starts(struct bytes name, struct bytes start)
{
    return name.size >= start.size && memcmp(name.at, start.at, start.size) == 0;
}

static bool is_frames(struct bytes name)
{
    return starts(name, BYTES(".eh_frame")) && !starts(name, BYTES(".eh_frame_hdr"));
}

static void read_named(struct elf_reading *reading, const struct elf_section *section)
{
    struct bytes name = elf_section_name(reading->file, section);
    bool loaded = (section->flags & ELF_FLAG_ALLOC) != 0, writes = (section->flags & ELF_FLAG_WRITE) != 0;

    if (starts(name, BYTES(".eh_frame_hdr")))
        elf_read_frames_header(reading, section);
    else if (is_frames(name))
        elf_read_frames(reading, section);
    else if (starts(name, BYTES(".gcc_except_table")))
        elf_read_exceptions(reading, section);
    else if (starts(name, BYTES(".gnu_debuglink")))
        elf_read_debug_link(reading, section);
    else if (loaded && reading->fields->layout.type != ELF_TYPE_OBJECT &&
             (reading->fields->layout.type == ELF_TYPE_PROGRAM || (writes && section->entry_size == 8)))
        elf_read_pointers(reading, section);
    else if (loaded && !writes)
        elf_read_jump_tables(reading, section);
}

static void read_section(struct elf_reading *reading, const struct elf_section *section)
{
    switch (section->type) {
    case ELF_SECTION_SYMBOLS:
    case ELF_SECTION_DYNAMIC_SYMBOLS:
        elf_read_symbols(reading, section);
        break;
    case ELF_SECTION_STRINGS:
    case ELF_SECTION_NOBITS:
        break;
    case ELF_SECTION_RELA:
        elf_read_rela(reading, section);
        break;
    case ELF_SECTION_DYNAMIC:
        elf_read_dynamic(reading, section);
        break;
    case SECTION_GNU_HASH:
        elf_read_hash(reading, section);
        break;
    case SECTION_VERSIONS_NEEDED:
        elf_read_needed_versions(reading, section);
        break;
    case SECTION_VERSIONS_DEFINED:
        elf_read_defined_versions(reading, section);
        break;
    default:
        if (is_code(section))
            read_code(reading, section, false);
        else
            read_named(reading, section);
    }
}

static int compare_places(const void *a, const void *b)
{
    const struct elf_section *x = a, *y = b;

    return x->offset != y->offset ? (x->offset < y->offset ? -1 : 1)
                                  : (x->size > y->size) - (x->size < y->size);
}

/*
 * The sections that have bytes, in their order in the file. Of two that share bytes the later one is left out, so that nothing is read
 * twice, however many sections a broken file has. A file without sections has its executable segments.
 */
static void order_sections(struct elf_reading *reading)
{
    struct elf_fields *fields = reading->fields;
    struct elf_section *order = fields->ordered;
    size_t found = 0, kept = 0;
    uint64_t end = fields->layout.header_size;

    for (size_t i = 0; i < fields->section_count; i++)
        if (fields->sections[i].size > 0 && fields->sections[i].type != ELF_SECTION_NOBITS &&
            fields->sections[i].type != 0)
            order[found++] = fields->sections[i];
    for (size_t i = 0; fields->section_count == 0 && i < fields->layout.segment_count; i++) {
        const struct elf_segment *segment = &fields->layout.segments[i];
        if (!segment->executes || segment->offset >= reading->file.size)
            continue;
        uint64_t left = reading->file.size - segment->offset,
                 size = segment->file_size < left ? segment->file_size : left;
        uint64_t skip = segment->offset < end ? end - segment->offset : 0;
        if (skip < size)
            order[found++] = (struct elf_section){
                .type = 1,
                .flags = ELF_FLAG_ALLOC | ELF_FLAG_EXECUTE,
                .address = segment->address + skip,
                .offset = segment->offset + skip,
                .size = size - skip,
            };
    }
    qsort(order, found, sizeof *order, compare_places);
    for (size_t i = 0; i < found; i++) {
        if (order[i].offset < end)
            continue;
        end = order[i].offset + order[i].size;
        order[kept++] = order[i];
    }
    fields->ordered_count = kept;
}

static void widen(uint64_t *begin, uint64_t *end, uint64_t address, uint64_t size)
{
    bool none = *begin == *end;

    if (none || address < *begin)
        *begin = address;
    if (none || address + size > *end)
        *end = address + size;
}

/* What references may mean: code, and segments within reach of it (a kernel has one elsewhere). */
static void find_ranges(struct elf_reading *reading)
{
    const struct elf_fields *fields = reading->fields;
    const struct elf_layout *layout = &fields->layout;

    /* A segment of code may have data in it, so sections are asked first. */
    for (size_t i = 0; i < fields->ordered_count; i++)
        if (is_code(&fields->ordered[i]) &&
            fields->ordered[i].size <= UINT64_MAX - fields->ordered[i].address)
            widen(&reading->code_begin, &reading->code_end, elf_reading_base(reading, &fields->ordered[i]),
                  fields->ordered[i].size);
    reading->all_begin = reading->code_begin;
    reading->all_end = reading->code_end;
    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *segment = &layout->segments[i];
        if (segment->address - reading->code_begin + INT32_MAX <= 2 * (uint64_t)INT32_MAX)
            widen(&reading->all_begin, &reading->all_end, segment->address, segment->memory_size);
    }
}

/* What the readers must know before they come to the section that asks for it. */
static void read_ahead(struct elf_reading *reading)
{
    const struct elf_section *order = reading->fields->ordered;
    size_t count = reading->fields->ordered_count;
    bool data = false, exceptions = false;

    reading->full = true; /* fields come later */
    for (size_t i = 0; i < count; i++) {
        struct bytes name = elf_section_name(reading->file, &order[i]);
        if (order[i].type == ELF_SECTION_RELA && reading->fields->layout.type != ELF_TYPE_OBJECT)
            elf_read_rela_places(reading, &order[i]);
        /* GNU's linker puts code and frames in front of what they mean, others behind it. */
        if (is_code(&order[i]) && data)
            read_code(reading, &order[i], true);
        if (is_frames(name) && exceptions)
            elf_read_frames(reading, &order[i]);
        data = data || starts(name, BYTES(".rodata"));
        exceptions = exceptions || starts(name, BYTES(".gcc_except_table"));
    }
    reading->full = false;
    elf_offsets_sort(&reading->places);
}

static void read_all(struct elf_reading *reading)
{
    const struct elf_section *order = reading->fields->ordered;
    size_t count = reading->fields->ordered_count, i = 0;
    uint64_t headers = elf_u64(reading->file.at + 40);

    elf_read_file_header(reading);
    for (; i < count && order[i].offset < headers; i++) {
        if (!is_code(&order[i])) {
            elf_offsets_sort(&reading->tables);
            elf_offsets_sort(&reading->exceptions);
        }
        read_section(reading, &order[i]);
    }
    elf_reading_weave(reading, (uint32_t)(headers < reading->file.size ? headers : reading->file.size));
    elf_read_section_headers(reading);
    for (; i < count; i++)
        read_section(reading, &order[i]);
    elf_reading_weave(reading, (uint32_t)reading->file.size);
}

static bool take_sections(struct elf_reading *reading, struct error *err)
{
    size_t count = elf_section_count(reading->file),
           room = count > ELF_SEGMENTS_MAX ? count : ELF_SEGMENTS_MAX;
    struct elf_fields *fields = reading->fields;

    fields->sections = calloc(room, sizeof *fields->sections);
    fields->ordered = calloc(room, sizeof *fields->ordered);
    if (fields->sections == NULL || fields->ordered == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for %zu sections", count);
    for (size_t i = 0; i < count; i++)
        fields->sections[i] = elf_section_get(reading->file, i);
    fields->section_count = count;
    return true;
}

static void reading_end(struct elf_reading *reading)
{
    elf_offsets_end(&reading->places);
    elf_offsets_end(&reading->tables);
    elf_offsets_end(&reading->jumps);
    elf_offsets_end(&reading->exceptions);
}

static void read_digits(struct elf_reading *reading)
{
    const struct elf_section *order = reading->fields->ordered;

    for (size_t i = 0; i < reading->fields->ordered_count; i++)
        if (starts(elf_section_name(reading->file, &order[i]), BYTES(".gnu_debuglink")))
            elf_read_debug_link(reading, &order[i]);
}

static void read_everything(struct elf_reading *reading)
{
    find_ranges(reading);
    read_ahead(reading);
    read_all(reading);
}

static bool read_fields(struct bytes file, void (*read)(struct elf_reading *reading), struct elf_fields *out,
                        struct error *err)
{
    OWN(elf_fields_end) struct elf_fields fields = {0};
    OWN(reading_end) struct elf_reading reading = {.file = file, .fields = &fields};

    if (file.size > UINT32_MAX - 64 || !elf_layout_read(file, &fields.layout)) {
        *out = (struct elf_fields){0};
        return true;
    }
    if (!take_sections(&reading, err))
        return false;
    order_sections(&reading);
    read(&reading);
    if (reading.no_memory)
        return error_set(err, ERROR_LIMIT, "out of memory for the references of a file of %zu bytes",
                         file.size);
    fields.tables = reading.jumps.at;
    fields.table_count = reading.jumps.count;
    reading.jumps = (struct elf_offsets){0};
    *out = fields;
    fields = (struct elf_fields){0};
    return true;
}

bool elf_fields_read(struct bytes file, struct elf_fields *out, struct error *err)
{
    return read_fields(file, read_everything, out, err);
}

bool elf_fields_read_digits(struct bytes file, struct elf_fields *out, struct error *err)
{
    return read_fields(file, read_digits, out, err);
}

void elf_fields_end(struct elf_fields *fields)
{
    free(fields->at);
    free(fields->kind);
    free(fields->tables);
    free(fields->sections);
    free(fields->ordered);
    *fields = (struct elf_fields){0};
}
