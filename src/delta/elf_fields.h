/*
 * The places of an ELF file that hold addresses: where they are, what they point to.
 *
 * Both sides of a delta run this over the OLD file and must find the same: it is part of the format, and what it finds in given bytes
 * never changes (a better reader is a new number, ELF_FIELDS_VERSION). A wrong guess (data taken for code) costs
 * bytes, never correctness. x86-64 first; another machine is another elf_MACHINE.c behind the same table.
 *
 * Everything is bounded by the bytes given: a broken file has fewer fields, it does not fail.
 *
 * How a field is predicted in the new file, where a copy put it at another place:
 *
 *     struct elf_field f = elf_fields_get(old_fields, old_file, i);
 *     origin = f.from == FIELD_FROM_NOTHING ? 0
 *            : f.from == FIELD_FROM_PLACE   ? address (kind FIELD_OFFSET..: offset) of the new place
 *                                           : map(f.origin);
 *     value  = elf_field_value(&f, origin, map(f.target));      put in f.size bytes, little-endian
 *
 * map: the address in the new file of what was at an address of the old one: old address -> old offset -> copies -> new offset -> new
 * address. Fields of file_space map offsets to offsets and need no layout, so that they work for the headers too.
 * Some fields are derived, not mapped (f.from == FIELD_FROM_ID): see elf_fields_id_digits.
 */
#ifndef DELTA_ELF_FIELDS_H
#define DELTA_ELF_FIELDS_H

#include "base/bytes.h"
#include "delta/elf_layout.h"

#define ELF_FIELDS_VERSION 1

/* For ever: they are part of the format, as contexts of what is coded. */
enum field_kind {
    FIELD_NONE,
    FIELD_CALL,   /* 4 bytes, relative to behind the instruction: call */
    FIELD_JUMP,   /* the same of jmp and jcc */
    FIELD_DATA,   /* 4 bytes, RIP-relative operand that ends its instruction */
    FIELD_DATA_1, /* the same, one byte of an immediate follows */
    FIELD_DATA_2,
    FIELD_DATA_4,
    FIELD_ABSOLUTE, /* 4 bytes, an address: operands of programs that do not move (ET_EXEC) */
    FIELD_POINTER,  /* 8 bytes, absolute address (.data.rel.ro, .init_array, .got, .dynamic, ...) */
    FIELD_ADDEND,   /* 8 bytes, of a RELATIVE or IRELATIVE relocation */
    FIELD_PLACE,    /* 8 bytes, r_offset of a relocation */
    FIELD_SYMBOL,   /* 8 bytes, st_value */
    FIELD_FRAME, /* 4 bytes, relative to itself: pc_begin and others in .eh_frame, .gcc_except_table and .eh_frame_hdr */
    FIELD_FRAME_CIE, /* 4 bytes: how far before itself its CIE is */
    FIELD_TABLE,     /* 4 bytes, relative to the begin of its jump table */
    FIELD_NAME,      /* 4 bytes, relative to the begin of the string table: st_name and others */
    FIELD_NAME_8,    /* 8 bytes: DT_NEEDED, DT_SONAME */
    FIELD_INDEX, /* 4 bytes, index of a symbol: in r_info and .gnu.hash; relative to the symbol table, by 24 */
    FIELD_OFFSET, /* 8 bytes, in file space: p_offset, sh_offset, e_shoff */
    FIELD_BEGIN,  /* 8 bytes, an address in a header, predicted in file space: p_vaddr, p_paddr, sh_addr */
    FIELD_SIZE,   /* 8 bytes, in file space: p_filesz, p_memsz, sh_size: from its begin to its last byte */
    FIELD_MODULE_PLACE,  /* ET_REL: r_offset, relative to the section that is relocated */
    FIELD_MODULE_ADDEND, /* ET_REL: r_addend, relative to the section of its symbol */
    FIELD_MODULE_SYMBOL, /* ET_REL: st_value, relative to its section */
    FIELD_ID_DIGITS,     /* 2 bytes: two digits of the build id in the name of the file with debug symbols */
    FIELD_SLOT, /* 8 bytes, r_offset of a function's slot in .got: one behind the other, whatever the symbols are */
    FIELD_EXTENT, /* 4 bytes: from a function's begin to its last byte: pc_range in .eh_frame */
    FIELD_KIND_COUNT
};

enum field_from { FIELD_FROM_NOTHING, FIELD_FROM_PLACE, FIELD_FROM_ORIGIN, FIELD_FROM_ID, FIELD_FROM_COUNT };

/* The fields of one file, ascending, not overlapping. Five bytes each: a browser's library of 130 MB has four million. */
struct elf_fields {
    uint32_t *at;  /* in the file */
    uint8_t *kind; /* enum field_kind */
    size_t count;
    struct elf_layout layout;
    uint32_t *tables; /* offsets of jump tables, ascending, for FIELD_TABLE */
    size_t table_count;
    struct elf_section *sections; /* as the file numbers them */
    size_t section_count;
    struct elf_section *ordered; /* those that have bytes, ascending by offset, not overlapping */
    size_t ordered_count;
};

/* An empty answer for what is no ELF file that we know. ERROR_LIMIT: memory. Owns its memory: OWN(elf_fields_end). */
bool elf_fields_read(struct bytes file, struct elf_fields *out, struct error *err) MUST_USE;
/* The same with FIELD_ID_DIGITS alone, which takes no time: all that changes in a file whose addresses stayed. */
bool elf_fields_read_digits(struct bytes file, struct elf_fields *out, struct error *err) MUST_USE;
void elf_fields_end(struct elf_fields *fields);

/* What a field's bytes say: value = (target - origin) / scale + bias. */
struct elf_field {
    uint32_t at;
    uint8_t size; /* 2, 4 or 8 */
    enum field_kind kind;
    enum field_from from;
    bool file_space; /* origin and target are offsets in the file, not addresses */
    int8_t scale;    /* 1, -1 or 24 */
    int64_t bias;
    uint64_t
        origin; /* what the value counts from; of FIELD_FROM_PLACE the field's own address; 0 for absolute ones */
    uint64_t target; /* what it means */
};
/* file: the one that was read. index < fields->count. */
struct elf_field elf_fields_get(const struct elf_fields *fields, struct bytes file, size_t index);
/* The value of such a field whose origin and target are there now: its low `size` bytes count. */
uint64_t elf_field_value(const struct elf_field *field, uint64_t origin, uint64_t target);
/*
 * FIELD_FROM_ID: the value (two hexadecimal digits as they stand, little-endian) for a new file with this build id. Such fields are only
 * found where the old file's name of its debug symbols is made of its own build id, as Debian's debhelper does it.
 */
uint64_t elf_fields_id_digits(const struct elf_fields *fields, const struct elf_field *field,
                              const uint8_t id[ELF_BUILD_ID]);
/* The first field at or behind the offset; fields->count when there is none. */
size_t elf_fields_find(const struct elf_fields *fields, uint32_t offset);

extern const uint8_t elf_field_sizes[FIELD_KIND_COUNT];
static inline uint8_t elf_field_size(enum field_kind kind)
{
    return elf_field_sizes[kind];
}

#endif
