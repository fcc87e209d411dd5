/* What a field's bytes mean: the second half of elf_fields.h. */
#include "delta/elf_bytes.h"
#include "delta/elf_fields.h"

#define PROGRAM_SIZE 56
#define SYMBOL_SIZE  24

/* The section whose bytes have the offset, or NULL. */
static const struct elf_section *section_of(const struct elf_fields *fields, uint32_t at)
{
    size_t low = 0, high = fields->ordered_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fields->ordered[middle].offset <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &fields->ordered[low - 1];
}

static uint64_t base_of(const struct elf_fields *fields, uint32_t index)
{
    if (index >= fields->section_count)
        return 0;
    return fields->layout.type == ELF_TYPE_OBJECT ? fields->sections[index].offset
                                                  : fields->sections[index].address;
}

static void from_place(const struct elf_fields *fields, struct elf_field *field, uint64_t value, int64_t bias)
{
    uint64_t address = field->at;

    (void)elf_address_of(&fields->layout, field->at, &address);
    field->from = FIELD_FROM_PLACE;
    field->bias = bias;
    field->origin = address;
    field->target = address + value - (uint64_t)bias;
}

static void from_origin(struct elf_field *field, uint64_t origin, uint64_t value)
{
    field->from = FIELD_FROM_ORIGIN;
    field->origin = origin;
    field->target = origin + value;
}

/* Relative to the begin of the last table that begins at or before it. */
static void from_table(const struct elf_fields *fields, struct elf_field *field, uint64_t value)
{
    size_t low = 0, high = fields->table_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fields->tables[middle] <= field->at)
            low = middle + 1;
        else
            high = middle;
    }
    uint64_t origin = 0;
    if (low > 0)
        (void)elf_address_of(&fields->layout, fields->tables[low - 1], &origin);
    from_origin(field, origin, value);
}

/* Headers: all is said by offsets in the file, so that they can be predicted before the new file's layout is known. */
static void from_header(const struct elf_fields *fields, struct bytes file, struct elf_field *field,
                        uint64_t value)
{
    uint32_t programs = (uint32_t)elf_u64(file.at + 32);
    const uint8_t *at = file.at + field->at;

    field->file_space = true;
    field->target = value;
    if (field->kind == FIELD_OFFSET)
        return;
    bool program = field->at >= programs && field->at < fields->layout.header_size;
    uint64_t offset = 0;
    if (field->kind == FIELD_SIZE) {
        /* p_offset, p_vaddr, p_paddr, p_filesz, p_memsz; sh_offset, sh_size */
        size_t row = program ? (field->at - programs) % PROGRAM_SIZE : 0;
        offset = elf_u64(at - (row == 40 ? 32 : row == 32 ? 24 : 8));
        uint64_t size = row == 40 ? elf_u64(at - 8) : value;
        from_origin(field, offset, size - 1);
        field->bias = (int64_t)(value - size + 1);
        return;
    }
    if (program)
        offset = elf_u64(at - ((field->at - programs) % PROGRAM_SIZE == 16 ? 8 : 16));
    else if (field->at < programs)
        (void)elf_offset_of(&fields->layout, value, &offset); /* the entry */
    else
        offset = elf_u64(at + 8);
    field->bias = (int64_t)(value - offset);
    field->target = offset;
}

/* Of an object, whose numbers count from sections. */
static void from_module(const struct elf_fields *fields, struct bytes file, struct elf_field *field,
                        uint64_t value)
{
    const struct elf_section *section = section_of(fields, field->at);
    const uint8_t *at = file.at + field->at;
    uint32_t index = 0;

    if (section == NULL)
        return;
    if (field->kind == FIELD_MODULE_SYMBOL) {
        index = elf_u16(at - 2);
    } else if (field->kind == FIELD_MODULE_PLACE) {
        index = section->info;
    } else if (section->link < fields->section_count) {
        const struct elf_section *symbols = &fields->sections[section->link];
        uint64_t symbol = elf_u32(at - 4);
        if (symbol < symbols->size / SYMBOL_SIZE)
            index = elf_u16(file.at + symbols->offset + symbol * SYMBOL_SIZE + 6);
        uint32_t type = elf_u32(at - 8);
        bool code = section->info < fields->section_count &&
                    (fields->sections[section->info].flags & ELF_FLAG_EXECUTE) != 0;
        /* R_X86_64_PC32 and PLT32 in code count from the end of their four bytes, as a rule. */
        if (fields->layout.machine == 62 && (type == 2 || type == 4) && code)
            field->bias = -4;
    }
    from_origin(field, base_of(fields, index), value - (uint64_t)field->bias);
}

static void from_link(const struct elf_fields *fields, struct elf_field *field, uint64_t value)
{
    const struct elf_section *section = section_of(fields, field->at);
    uint64_t origin = section == NULL ? 0 : base_of(fields, section->link);

    if (field->kind == FIELD_INDEX) {
        field->scale = SYMBOL_SIZE;
        value *= SYMBOL_SIZE;
    }
    from_origin(field, origin, value);
}

/* How far a function reaches: from its begin, which pc_begin before it says, to its last byte. */
static void from_begin(const struct elf_fields *fields, struct bytes file, struct elf_field *field,
                       uint64_t value)
{
    uint64_t begin = 0;

    (void)elf_address_of(&fields->layout, field->at - 4, &begin);
    from_origin(field, begin + elf_s32(file.at + field->at - 4), value - 1);
    field->bias = 1;
}

static uint64_t value_of(struct bytes file, const struct elf_field *field)
{
    const uint8_t *at = file.at + field->at;

    switch (field->size) {
    case 8:
        return elf_u64(at);
    case 4:
        return elf_s32(at);
    default:
        return elf_u16(at);
    }
}

struct elf_field elf_fields_get(const struct elf_fields *fields, struct bytes file, size_t index)
{
    struct elf_field field = {
        .at = fields->at[index], .kind = (enum field_kind)fields->kind[index], .scale = 1};

    field.size = elf_field_size(field.kind);
    uint64_t value = value_of(file, &field);
    switch (field.kind) {
    case FIELD_CALL:
    case FIELD_JUMP:
    case FIELD_DATA:
        from_place(fields, &field, value, -4);
        break;
    case FIELD_DATA_1:
    case FIELD_DATA_2:
        from_place(fields, &field, value, field.kind == FIELD_DATA_1 ? -5 : -6);
        break;
    case FIELD_DATA_4:
        from_place(fields, &field, value, -8);
        break;
    case FIELD_FRAME:
        from_place(fields, &field, value, 0);
        break;
    case FIELD_FRAME_CIE:
        from_place(fields, &field, 0 - value, 0);
        field.scale = -1;
        break;
    case FIELD_TABLE:
        from_table(fields, &field, value);
        break;
    case FIELD_NAME:
    case FIELD_NAME_8:
    case FIELD_INDEX:
        from_link(fields, &field, field.size == 4 ? (uint32_t)value : value);
        break;
    case FIELD_OFFSET:
    case FIELD_BEGIN:
    case FIELD_SIZE:
        from_header(fields, file, &field, value);
        break;
    case FIELD_MODULE_PLACE:
    case FIELD_MODULE_ADDEND:
    case FIELD_MODULE_SYMBOL:
        from_module(fields, file, &field, value);
        break;
    case FIELD_EXTENT:
        from_begin(fields, file, &field, value);
        break;
    case FIELD_ID_DIGITS:
        field.from = FIELD_FROM_ID;
        break;
    case FIELD_ABSOLUTE:
    case FIELD_POINTER:
    case FIELD_ADDEND:
    case FIELD_PLACE:
    case FIELD_SLOT:
    case FIELD_SYMBOL:
    case FIELD_NONE:
    case FIELD_KIND_COUNT:
        field.target = value;
        break;
    }
    return field;
}

uint64_t elf_field_value(const struct elf_field *field, uint64_t origin, uint64_t target)
{
    uint64_t value = target - origin;

    if (field->scale == -1)
        value = 0 - value;
    else if (field->scale == SYMBOL_SIZE)
        value /= SYMBOL_SIZE;
    return value + (uint64_t)field->bias;
}

/* Which of the id's bytes they are: the digits begin where the first field of the section does. */
uint64_t elf_fields_id_digits(const struct elf_fields *fields, const struct elf_field *field,
                              const uint8_t id[ELF_BUILD_ID])
{
    static const char hex[] = "0123456789abcdef";
    const struct elf_section *section = section_of(fields, field->at);
    size_t index = section == NULL ? 0 : 1 + (field->at - section->offset) / 2;

    if (index >= ELF_BUILD_ID)
        return 0;
    return (uint64_t)hex[id[index] >> 4] | (uint64_t)hex[id[index] & 15] << 8;
}

size_t elf_fields_find(const struct elf_fields *fields, uint32_t offset)
{
    size_t low = 0, high = fields->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fields->at[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
