/*
 * References in x86-64 code: a linear walk that knows how long instructions are and which of their bytes are addresses.
 *
 * It is no disassembler: what an instruction does is of no interest, and where data lies between functions the walk is wrong for some
 * instructions and finds its way again. What it finds in given bytes is part of the format (delta/elf_fields.h).
 */
#ifndef DELTA_ELF_X86_64_H
#define DELTA_ELF_X86_64_H

#include "delta/elf_fields.h"

/* One instruction: its size (0: none that we know) and where in it addresses are. */
struct x86_instruction {
    uint8_t size;
    uint8_t relative;     /* place of 4 bytes that count from the instruction's end; 0: none */
    uint8_t displacement; /* place of 4 bytes of an operand that is not relative; 0: none */
    uint8_t immediate;    /* place of a 4-byte immediate; 0: none */
    uint8_t kind;         /* enum field_kind of `relative` */
    bool loads_address;   /* lea */
    uint8_t opcode;       /* place of the opcode's last byte */
    uint8_t modrm;        /* place of ModRM; 0: none */
};

#define X86_AHEAD 24 /* bytes that are looked at from an instruction's begin; they must be there */

/* at: X86_AHEAD readable bytes. */
struct x86_instruction x86_instruction_at(const uint8_t *at);

/* What a walk is told and what it says; addresses are those of the file. */
struct x86_walk {
    struct bytes code;
    uint64_t address;              /* of the code's first byte */
    uint64_t code_begin, code_end; /* where calls and jumps may go */
    uint64_t all_begin, all_end;   /* where data may be */
    bool absolute;                 /* a program that does not move: operands may be addresses */
    /* Called for each field, ascending; false ends the walk. at: within code. */
    bool (*found)(void *self, uint32_t at, enum field_kind kind, uint64_t target, bool loads_address);
    void *self;
};

bool x86_walk(const struct x86_walk *walk) MUST_USE;

#endif
