/*
 * How an ELF file lies in memory: what a delta needs of the new file too, read from its first bytes alone.
 *
 * Only 64-bit little-endian files; another word size would be another reader. Everything is bounded by the bytes given.
 * A relocatable file (ET_REL, a kernel module) has no addresses yet: there its file offsets serve as addresses, so that all its
 * values can be mapped by one rule.
 */
#ifndef DELTA_ELF_LAYOUT_H
#define DELTA_ELF_LAYOUT_H

#include "base/bytes.h"

struct elf_segment { /* PT_LOAD */
    uint64_t offset, file_size, address, memory_size;
    bool executes;
};

#define ELF_SEGMENTS_MAX 16
#define ELF_BUILD_ID     20   /* bytes: SHA-1, as binutils and lld make it */
#define ELF_START_MAX    4096 /* more is never asked for */

enum elf_type { ELF_TYPE_UNKNOWN, ELF_TYPE_OBJECT, ELF_TYPE_PROGRAM, ELF_TYPE_SHARED, ELF_TYPE_COUNT };

struct elf_layout {
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    size_t segment_count;
    size_t header_size; /* bytes of the file that this was read from: ELF header and program headers */
    enum elf_type type;
    uint16_t machine; /* e_machine: 62 is x86-64 */
    /* Where .eh_frame_hdr is (PT_GNU_EH_FRAME); size 0: none. See delta/elf_frames.h. */
    uint64_t frames_at, frames_size, frames_address;
    /* Bytes from the file's begin that elf_build_id wants; 0: it has none there. */
    size_t notes_end;
    uint32_t notes_at[4], notes_size[4]; /* PT_NOTE within ELF_START_MAX */
};

/* Bytes that elf_layout_read wants for a file that begins so (at least 64 given), at most ELF_START_MAX; 0: no ELF file that we know. */
size_t elf_layout_wants(struct bytes start);
/* False: none that we know. */
bool elf_layout_read(struct bytes start, struct elf_layout *out);
bool elf_address_of(const struct elf_layout *layout, uint64_t offset, uint64_t *address);
bool elf_offset_of(const struct elf_layout *layout, uint64_t address,
                   uint64_t *offset); /* false for .bss and beyond */
/*
 * Whether the address lies in a segment's memory. *segment says in which; *beyond how far behind its file bytes (0: within), which
 * is how .bss is named on both sides: the same segment's end and as far behind it.
 */
bool elf_segment_of(const struct elf_layout *layout, uint64_t address, size_t *segment, uint64_t *beyond);

/* The build id from the first layout->notes_end bytes of the file; false: none of that size. */
bool elf_build_id(const struct elf_layout *layout, struct bytes start, uint8_t id[ELF_BUILD_ID]);

/* A section, from the section headers at the file's end: of old files only. */
struct elf_section {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t entry_size;
};

enum {
    ELF_SECTION_SYMBOLS = 2,
    ELF_SECTION_STRINGS = 3,
    ELF_SECTION_RELA = 4,
    ELF_SECTION_DYNAMIC = 6,
    ELF_SECTION_NOBITS = 8,
    ELF_SECTION_DYNAMIC_SYMBOLS = 11,
};
#define ELF_FLAG_WRITE   1
#define ELF_FLAG_ALLOC   2
#define ELF_FLAG_EXECUTE 4

/* How many there are; 0 when the table does not lie in the file whole. */
size_t elf_section_count(struct bytes file);
/* The section; one that does not lie in the file whole has size 0. index < elf_section_count(). */
struct elf_section elf_section_get(struct bytes file, size_t index);
/* Its name in the table of names; empty when it has none. */
struct bytes elf_section_name(struct bytes file, const struct elf_section *section);

#endif
