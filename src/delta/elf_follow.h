/*
 * New code, followed byte by byte while it is made: what the next byte is of its instruction.
 *
 * Bytes that no copy gives are spelled by what stands before them (delta/spell.h). In code that says little unless one knows where
 * instructions begin: then the same opcode is met again, whatever displacement came before it, and the bytes of a jump's distance
 * may be those that lead where others led. The follower keeps the instruction that is being made, the shapes of the last ones, and
 * the last targets of calls and jumps.
 *
 * Between copies it is started anew, some bytes back: instructions of x86-64 fall into step within a few. What it says of given
 * bytes is part of the format; where it is wrong it costs bits, nothing else.
 */
#ifndef DELTA_ELF_FOLLOW_H
#define DELTA_ELF_FOLLOW_H

#include "delta/elf_x86_64.h"

#define ELF_FOLLOW_BACK   48 /* bytes before, for a start */
#define ELF_FOLLOW_RECENT 64
#define ELF_FOLLOW_ROLES  16

/* The last targets that were met, a ring; 0: none yet. */
struct elf_recent {
    uint64_t at[ELF_FOLLOW_RECENT];
    unsigned next;
};

static inline void elf_recent_put(struct elf_recent *recent, uint64_t target)
{
    if (recent->at[(recent->next - 1) % ELF_FOLLOW_RECENT] != target)
        recent->at[recent->next++ % ELF_FOLLOW_RECENT] = target;
}

/* The targets, the last first, each once; how many. */
unsigned elf_recent_list(const struct elf_recent *recent, uint64_t out[ELF_FOLLOW_RECENT]);

/* Zeroed memory is its start. */
struct elf_follow {
    uint8_t bytes[2 * X86_AHEAD]; /* of the instruction so far; zeros behind */
    uint8_t have;
    struct x86_instruction
        now; /* what these bytes and zeros would be: nothing of it that is used depends on the zeros */
    uint32_t shapes[3];        /* of the instructions before, the last first */
    uint64_t address;          /* of the instruction */
    struct elf_recent targets; /* of calls and jumps: those that were made otherwise are put here too */
};

/* Contexts for the next byte. */
struct elf_follow_view {
    uint64_t contexts[3];
    unsigned
        role; /* 1 to ELF_FOLLOW_ROLES - 1: what part of an instruction it is, as far as known; how sure `expected` is */
    unsigned expected; /* the byte that the nearest recent target would have; 256: none */
};

/* before: at most ELF_FOLLOW_BACK bytes that stand before the next one; address: of the next one. */
void elf_follow_start(struct elf_follow *follow, struct bytes before, uint64_t address);
struct elf_follow_view elf_follow_look(const struct elf_follow *follow);
/* The byte that came. */
void elf_follow_step(struct elf_follow *follow, uint8_t byte);

#endif
