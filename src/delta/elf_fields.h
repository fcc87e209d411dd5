/*
 * The places of an ELF file that hold addresses: where they are, what they point to.
 *
 * Both sides of a delta run this over the OLD file and must find the same: it is part of the format, and what it finds in given bytes
 * never changes (a better reader is a new number, ELF_FIELDS_VERSION). A wrong guess (data taken for code) costs
 * bytes, never correctness. x86-64 first; another machine is another elf_MACHINE.c behind the same table.
 *
 * Everything is bounded by the bytes given: a broken file has fewer fields, it does not fail.
 */
#ifndef DELTA_ELF_FIELDS_H
#define DELTA_ELF_FIELDS_H

#include "base/bytes.h"

#define ELF_FIELDS_VERSION 1

enum field_kind {
    FIELD_NONE,
    FIELD_CALL,    /* 4 bytes, relative to behind the instruction: call */
    FIELD_JUMP,    /* the same of jmp and jcc */
    FIELD_DATA,    /* 4 bytes, RIP-relative operand */
    FIELD_POINTER, /* 8 bytes, absolute address (.data.rel.ro, .init_array, .got, ...) */
    FIELD_ADDEND,  /* 8 bytes, of a RELATIVE or IRELATIVE relocation */
    FIELD_PLACE,   /* 8 bytes, r_offset of a relocation */
    FIELD_SYMBOL,  /* 8 bytes, st_value */
    FIELD_FRAME,   /* 4 bytes, relative to itself: pc_begin and others in .eh_frame */
    FIELD_TABLE,   /* 4 bytes, relative to the begin of its jump table */
    FIELD_KIND_COUNT
};

struct elf_segment { /* PT_LOAD */
    uint64_t offset, file_size, address, memory_size;
};

#define ELF_SEGMENTS_MAX 16

/* What is needed of the new file too: where its addresses lie. Read from its first bytes alone. */
struct elf_layout {
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    size_t segment_count;
    size_t header_size; /* bytes of the file that this was read from: ELF header and program headers */
};

/* Bytes that elf_layout_read wants for a file that begins so (at least 64 given); 0: no ELF file that we know. */
size_t elf_layout_wants(struct bytes start);
/* False: none that we know. */
bool elf_layout_read(struct bytes start, struct elf_layout *out);
bool elf_address_of(const struct elf_layout *layout, uint64_t offset, uint64_t *address);
bool elf_offset_of(const struct elf_layout *layout, uint64_t address,
                   uint64_t *offset); /* false for .bss and beyond */

/* The fields of one file, ascending, not overlapping. Five bytes each: a browser's library of 130 MB has four million. */
struct elf_fields {
    uint32_t *at;  /* in the file */
    uint8_t *kind; /* enum field_kind */
    size_t count;
    struct elf_layout layout;
    uint32_t *tables; /* begins of jump tables, ascending, for FIELD_TABLE */
    size_t table_count;
};

/* An empty answer for what is no ELF file that we know. Owns its memory: OWN(elf_fields_end). */
bool elf_fields_read(struct bytes file, struct elf_fields *out, struct error *err) MUST_USE;
void elf_fields_end(struct elf_fields *fields);

/* What a field with these bytes says: the address it means. at: of the field in its file. */
struct elf_field {
    uint32_t at;
    uint8_t size; /* 4 or 8 */
    enum field_kind kind;
    uint64_t origin; /* the address that the value counts from; 0 for absolute ones */
    uint64_t target; /* origin + value */
};
struct elf_field elf_fields_get(const struct elf_fields *fields, struct bytes file, size_t index);

#endif
