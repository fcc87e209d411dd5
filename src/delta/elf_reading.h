/*
 * One ELF file while its fields are found: what the readers of its parts share. For the ELF readers of this folder only.
 *
 * Sections are read in the order of their bytes, so that fields come ascending and need no sorting. The places that relocations name lie
 * all over the file: they are collected first, and woven in.
 */
#ifndef DELTA_ELF_READING_H
#define DELTA_ELF_READING_H

#include "delta/elf_fields.h"

/* A growing list of offsets in the file. */
struct elf_offsets {
    uint32_t *at;
    size_t count, capacity;
    bool full; /* memory, or the limit: nothing more is taken */
};
void elf_offsets_put(struct elf_offsets *offsets, uint32_t at);
/* Ascending, each once. */
void elf_offsets_sort(struct elf_offsets *offsets);
void elf_offsets_end(struct elf_offsets *offsets);

struct elf_reading {
    struct bytes file;
    struct elf_fields *fields; /* what is made; layout and sections are there before the readers begin */
    size_t capacity;
    uint32_t end; /* of the newest field: nothing before it is taken */
    bool full, no_memory;
    uint64_t code_begin, code_end; /* addresses that calls and jumps may mean */
    uint64_t all_begin, all_end;   /* that data may mean: segments within reach of the code */
    struct elf_offsets places;     /* of 8-byte pointers that relocations name, sorted */
    size_t next_place;             /* the first of them that is not among the fields yet */
    struct elf_offsets tables;     /* where jump tables may begin: what lea means outside of code */
    struct elf_offsets jumps;      /* jump tables that were found: fields->tables at the end */
    struct elf_offsets exceptions; /* what frames say of .gcc_except_table */
};

void elf_reading_grow(struct elf_reading *reading);
/* Takes the places before `until` over. */
void elf_reading_weave(struct elf_reading *reading, uint32_t until);

static inline void elf_reading_append(struct elf_reading *reading, uint32_t at, enum field_kind kind)
{
    struct elf_fields *fields = reading->fields;

    if (at < reading->end)
        return;
    if (fields->count == reading->capacity)
        elf_reading_grow(reading);
    if (reading->full)
        return;
    fields->at[fields->count] = at;
    fields->kind[fields->count++] = (uint8_t)kind;
    reading->end = at + elf_field_size(kind);
}

/* One more field. One that begins before the last one's end is dropped. The caller has checked that its bytes are there. */
static inline void elf_reading_put(struct elf_reading *reading, uint32_t at, enum field_kind kind)
{
    if (reading->next_place < reading->places.count && reading->places.at[reading->next_place] < at)
        elf_reading_weave(reading, at);
    elf_reading_append(reading, at, kind);
}

static inline bool elf_reading_address(const struct elf_reading *reading, uint64_t address)
{
    return address - reading->all_begin < reading->all_end - reading->all_begin;
}

static inline bool elf_reading_code(const struct elf_reading *reading, uint64_t address)
{
    return address - reading->code_begin < reading->code_end - reading->code_begin;
}

/* The address of a byte of the section: what its header says, or its offset in a file that has no addresses yet. */
static inline uint64_t elf_reading_base(const struct elf_reading *reading, const struct elf_section *section)
{
    return reading->fields->layout.type == ELF_TYPE_OBJECT ? section->offset : section->address;
}

/* The readers, each for one kind of section: elf_headers.c, elf_rows.c, elf_frames.c, elf_tables.c. */
void elf_read_file_header(struct elf_reading *reading);
void elf_read_section_headers(struct elf_reading *reading);
void elf_read_symbols(struct elf_reading *reading, const struct elf_section *section);
void elf_read_rela(struct elf_reading *reading, const struct elf_section *section);
void elf_read_rela_places(struct elf_reading *reading, const struct elf_section *section);
void elf_read_dynamic(struct elf_reading *reading, const struct elf_section *section);
void elf_read_hash(struct elf_reading *reading, const struct elf_section *section);
void elf_read_needed_versions(struct elf_reading *reading, const struct elf_section *section);
void elf_read_defined_versions(struct elf_reading *reading, const struct elf_section *section);
void elf_read_frames(struct elf_reading *reading, const struct elf_section *section);
void elf_read_frames_header(struct elf_reading *reading, const struct elf_section *section);
void elf_read_exceptions(struct elf_reading *reading, const struct elf_section *section);
void elf_read_jump_tables(struct elf_reading *reading, const struct elf_section *section);
void elf_read_pointers(struct elf_reading *reading, const struct elf_section *section);
void elf_read_debug_link(struct elf_reading *reading, const struct elf_section *section);

#endif
