#include "delta/elf_x86_64.h"

#include "delta/elf_bytes.h"

/* How the bytes behind an opcode are counted (Intel SDM volume 2, appendix A; 64-bit mode only). */
enum {
    o = 0,          /* nothing follows */
    M = 1,          /* ModRM, and what it asks for */
    B1 = 2,         /* one byte of immediate */
    B2 = 4,         /* two */
    B4 = 8,         /* four, or two behind a prefix 66 */
    MB = M | B1,    /* ModRM and a byte */
    MZ = M | B4,    /* ModRM and four */
    SPECIAL = 0x80, /* one of these: */
    X = SPECIAL,    /* no instruction */
    CALL,
    JUMP,  /* rel32 */
    MOVE,  /* an immediate of four, two, or eight bytes behind REX.W */
    FAR,   /* eight bytes of address */
    ENTER, /* two bytes and one */
    TEST1,
    TEST4, /* ModRM, and an immediate where its reg is 0 or 1 */
    VEX2,
    VEX3,
    EVEX /* prefixes that say the map and bring the opcode themselves */
};

/* Prefixes have no row: they are gone when the opcode is looked up. */
static const uint8_t one_byte[256] = {
    M,     M,    M,    M,    B1,   B4,   X,     X,
    M,     M,    M,    M,    B1,   B4,   X,     X, /* 00 add, or */
    M,     M,    M,    M,    B1,   B4,   X,     X,
    M,     M,    M,    M,    B1,   B4,   X,     X, /* 10 adc, sbb */
    M,     M,    M,    M,    B1,   B4,   X,     X,
    M,     M,    M,    M,    B1,   B4,   X,     X, /* 20 and, sub */
    M,     M,    M,    M,    B1,   B4,   X,     X,
    M,     M,    M,    M,    B1,   B4,   X,     X, /* 30 xor, cmp */
    X,     X,    X,    X,    X,    X,    X,     X,
    X,     X,    X,    X,    X,    X,    X,     X, /* 40 a second REX */
    o,     o,    o,    o,    o,    o,    o,     o,
    o,     o,    o,    o,    o,    o,    o,     o, /* 50 push, pop */
    X,     X,    EVEX, M,    X,    X,    X,     X,
    B4,    MZ,   B1,   MB,   o,    o,    o,     o, /* 60 movslq, push, imul */
    B1,    B1,   B1,   B1,   B1,   B1,   B1,    B1,
    B1,    B1,   B1,   B1,   B1,   B1,   B1,    B1, /* 70 jcc */
    MB,    MZ,   X,    MB,   M,    M,    M,     M,
    M,     M,    M,    M,    M,    M,    M,     M, /* 80 groups, test, mov, lea */
    o,     o,    o,    o,    o,    o,    o,     o,
    o,     o,    X,    o,    o,    o,    o,     o, /* 90 xchg */
    FAR,   FAR,  FAR,  FAR,  o,    o,    o,     o,
    B1,    B4,   o,    o,    o,    o,    o,     o, /* a0 mov, strings */
    B1,    B1,   B1,   B1,   B1,   B1,   B1,    B1,
    MOVE,  MOVE, MOVE, MOVE, MOVE, MOVE, MOVE,  MOVE, /* b0 mov */
    MB,    MB,   B2,   o,    VEX3, VEX2, MB,    MZ,
    ENTER, o,    B2,   o,    o,    B1,   X,     o, /* c0 shifts, ret, mov */
    M,     M,    M,    M,    X,    X,    X,     o,
    M,     M,    M,    M,    M,    M,    M,     M, /* d0 shifts, x87 */
    B1,    B1,   B1,   B1,   B1,   B1,   B1,    B1,
    CALL,  JUMP, X,    B1,   o,    o,    o,     o, /* e0 loop, call, jmp */
    X,     o,    X,    X,    o,    o,    TEST1, TEST4,
    o,     o,    o,    o,    o,    o,    M,     M, /* f0 groups */
};

static const uint8_t two_byte[256] = {
    M,    M,    M,    M,    X,    o,    o,    o,
    o,    o,    X,    o,    X,    M,    o,    MB, /* 0f 00 system */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f 10 moves, nop, endbr */
    M,    M,    M,    M,    X,    X,    X,    X,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f 20 */
    o,    o,    o,    o,    o,    o,    X,    o,
    M,    X,    MB,   X,    X,    X,    X,    X, /* 0f 30; 38 and 3a bring another byte */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f 40 cmov */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f 50 */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f 60 */
    MB,   MB,   MB,   MB,   M,    M,    M,    o,
    M,    M,    X,    X,    M,    M,    M,    M, /* 0f 70 */
    JUMP, JUMP, JUMP, JUMP, JUMP, JUMP, JUMP, JUMP,
    JUMP, JUMP, JUMP, JUMP, JUMP, JUMP, JUMP, JUMP, /* 0f 80 jcc */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f 90 setcc */
    o,    o,    o,    M,    MB,   M,    X,    X,
    o,    o,    o,    M,    MB,   M,    M,    M, /* 0f a0 */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    MB,   M,    M,    M,    M,    M, /* 0f b0 */
    M,    M,    MB,   M,    MB,   MB,   MB,   M,
    o,    o,    o,    o,    o,    o,    o,    o, /* 0f c0 */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f d0 */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f e0 */
    M,    M,    M,    M,    M,    M,    M,    M,
    M,    M,    M,    M,    M,    M,    M,    M, /* 0f f0 */
};

enum { NARROW = 1, OTHER = 2 };
static const uint8_t prefixes[256] = {
    [0x26] = OTHER,  [0x2e] = OTHER, [0x36] = OTHER, [0x3e] = OTHER, [0x64] = OTHER, [0x65] = OTHER,
    [0x66] = NARROW, [0x67] = OTHER, [0xf0] = OTHER, [0xf2] = OTHER, [0xf3] = OTHER,
};
#define PREFIXES_MAX 8 /* real ones have at most six: the assembler's long nops */

/* ModRM's own bytes with SIB and displacement, all but the one that depends on the SIB. */
static inline size_t modrm_size(const uint8_t *modrm, struct x86_instruction *out, size_t place)
{
    uint8_t mode = *modrm >> 6, operand = *modrm & 7;

    if (mode == 3)
        return 1;
    size_t size = operand == 4 ? 2 : 1;
    if (mode == 1)
        return size + 1;
    if (mode == 0 && operand == 5) {
        out->relative = (uint8_t)(place + 1);
        return 5;
    }
    if (mode == 2 || (operand == 4 && (modrm[1] & 7) == 5)) {
        out->displacement = (uint8_t)(place + size);
        return size + 4;
    }
    return size;
}

/* VEX and EVEX: the map says what follows an opcode; *at is moved to the opcode. */
static uint8_t vector_shape(const uint8_t **at, uint8_t prefix)
{
    const uint8_t *q = *at;
    unsigned map = prefix == VEX2 ? 1 : prefix == VEX3 ? q[1] & 0x1f : q[1] & 7;

    *at = q + (prefix == VEX2 ? 2 : prefix == VEX3 ? 3 : 4);
    if (map == 1)
        return (two_byte[**at] & SPECIAL) != 0 ? M
                                               : two_byte[**at]; /* kortest and others stand where jcc does */
    return map == 3 ? MB : map == 0 || map == 4 || map == 7 ? X : M;
}

/* The rest of an instruction whose opcode stands at q and has one of the special shapes. 0: none. */
static size_t special_size(const uint8_t *at, const uint8_t *q, uint8_t shape, unsigned narrow, bool wide,
                           struct x86_instruction *out)
{
    size_t place = (size_t)(q - at) + 1;

    switch (shape) {
    case CALL:
    case JUMP:
        out->relative = (uint8_t)place;
        out->kind = shape == CALL ? FIELD_CALL : FIELD_JUMP;
        return place + 4;
    case MOVE:
        if (!wide && narrow == 0)
            out->immediate = (uint8_t)place;
        return place + (wide ? 8 : narrow != 0 ? 2 : 4);
    case FAR:
        return place + 8;
    case ENTER:
        return place + 3;
    case TEST1:
    case TEST4: {
        size_t size = place + modrm_size(q + 1, out, place);
        size_t immediate = (q[1] >> 3 & 7) > 1 ? 0 : shape == TEST1 ? 1 : narrow != 0 ? 2 : 4;
        out->kind = immediate == 0   ? FIELD_DATA
                    : immediate == 1 ? FIELD_DATA_1
                    : immediate == 2 ? FIELD_DATA_2
                                     : FIELD_DATA_4;
        return size + immediate;
    }
    default:
        return 0;
    }
}

struct x86_instruction x86_instruction_at(const uint8_t *at)
{
    static const uint8_t immediates[16] = {[B1] = 1, [B2] = 2, [B4] = 4};
    static const uint8_t kinds[5] = {FIELD_DATA, FIELD_DATA_1, FIELD_DATA_2, FIELD_NONE, FIELD_DATA_4};
    struct x86_instruction out = {0};
    const uint8_t *q = at;
    unsigned narrow = 0;
    bool wide = false;

    for (; prefixes[*q] != 0; q++) {
        if (q - at == PREFIXES_MAX)
            return out;
        narrow |= prefixes[*q] & NARROW;
    }
    if ((*q & 0xf0) == 0x40)
        wide = (*q++ & 8) != 0;
    uint8_t shape = one_byte[*q];
    if (*q == 0x0f) {
        q++;
        shape = two_byte[*q];
        if (*q == 0x38 || *q == 0x3a)
            q++;
    } else if (shape >= VEX2) {
        shape = vector_shape(&q, shape);
        narrow = 0;
    } else {
        out.loads_address = *q == 0x8d;
    }
    out.opcode = (uint8_t)(q - at);
    if (shape < SPECIAL ? (shape & M) != 0 : shape == TEST1 || shape == TEST4)
        out.modrm = (uint8_t)(out.opcode + 1);
    if (shape >= SPECIAL) {
        out.size = (uint8_t)special_size(at, q, shape, narrow, wide, &out);
        return out;
    }
    size_t size = (size_t)(q - at) + 1;
    if ((shape & M) != 0)
        size += modrm_size(q + 1, &out, size);
    size_t immediate = immediates[shape & ~M];
    if (immediate == 4 && narrow != 0 && !wide)
        immediate = 2;
    if (immediate == 4)
        out.immediate = (uint8_t)size;
    out.kind = kinds[immediate];
    out.size = (uint8_t)(size + immediate);
    return out;
}

static bool walk_operand(const struct x86_walk *walk, const uint8_t *at, uint8_t place, uint32_t offset)
{
    if (place == 0)
        return true;
    uint64_t target = elf_s32(at + place);
    if (target - walk->all_begin >= walk->all_end - walk->all_begin)
        return true;
    return walk->found(walk->self, offset + place, FIELD_ABSOLUTE, target, false);
}

/* The instruction's fields; at: its bytes, which are at `offset` of the code. */
static inline bool walk_instruction(const struct x86_walk *walk, const struct x86_instruction *found,
                                    const uint8_t *at, uint32_t offset)
{
    if (found->relative != 0) {
        uint64_t value = elf_s32(at + found->relative), target = walk->address + offset + found->size + value;
        bool code = found->kind == FIELD_CALL || found->kind == FIELD_JUMP;
        uint64_t begin = code ? walk->code_begin : walk->all_begin,
                 end = code ? walk->code_end : walk->all_end;
        /* 0 is what a relocation will fill in. */
        if (value != 0 && target - begin < end - begin &&
            !walk->found(walk->self, offset + found->relative, (enum field_kind)found->kind, target,
                         found->loads_address))
            return false;
    }
    if (!walk->absolute)
        return true;
    return walk_operand(walk, at, found->displacement, offset) &&
           walk_operand(walk, at, found->immediate, offset);
}

/*
 * The same for the usual instructions, of which a library has a million, without a branch but the one to what is rare: a wrong guess
 * of the processor at each of them took longer than all else that is read of a file.
 */
enum {
    USUAL_IMMEDIATE = 7, /* bytes of immediate */
    USUAL_MODRM = 8,
    USUAL_BRANCH = 16, /* call, jmp, jcc of four bytes */
    USUAL_NONE = 32,   /* x86_instruction_at is asked */

    MODRM_SIZE = 7,      /* with displacement and SIB */
    MODRM_SIB = 8,       /* four more if the SIB has no base */
    MODRM_RELATIVE = 16, /* to the instruction's end */
};

struct usual {
    uint8_t opcode[512]; /* of one byte; behind 0f */
    uint8_t modrm[256];
};

static uint8_t usual_opcode(uint8_t shape)
{
    static const uint8_t immediates[16] = {[B1] = 1, [B2] = 2, [B4] = 4};

    if (shape == CALL || shape == JUMP)
        return USUAL_BRANCH | 4;
    if (shape >= SPECIAL)
        return USUAL_NONE;
    return (uint8_t)(immediates[shape & ~M] | ((shape & M) != 0 ? USUAL_MODRM : 0));
}

static void usual_fill(struct usual *usual)
{
    for (size_t i = 0; i < 256; i++) {
        struct x86_instruction found = {0};
        const uint8_t bytes[2] = {(uint8_t)i, 0};
        size_t size = modrm_size(bytes, &found, 1);
        bool sib = i >> 6 == 0 && (i & 7) == 4;
        usual->opcode[i] = usual_opcode(one_byte[i]);
        usual->opcode[256 + i] = i == 0x38 || i == 0x3a ? USUAL_NONE : usual_opcode(two_byte[i]);
        usual->modrm[i] =
            (uint8_t)(size | (found.relative != 0 ? MODRM_RELATIVE : 0u) | (sib ? MODRM_SIB : 0u));
    }
}

/* The size of the instruction, 0 when it is not a usual one; its field in *out when it has one (relative is not 0). */
static inline size_t usual_at(const struct usual *usual, const uint8_t *at, struct x86_instruction *out)
{
    static const uint8_t kinds[5] = {FIELD_DATA, FIELD_DATA_1, FIELD_DATA_2, FIELD_NONE, FIELD_DATA_4};
    uint64_t bytes = elf_u64(at);
    unsigned first = bytes & 0xff, narrow = first == 0x66, place = narrow | (first == 0xf2) | (first == 0xf3);

    bytes >>= place * 8;
    unsigned rex = (bytes & 0xf0) == 0x40, wide = rex & (unsigned)(bytes >> 3);
    bytes >>= rex * 8;
    unsigned two = (bytes & 0xff) == 0x0f;
    bytes >>= two * 8;
    place += rex + two + 1;
    unsigned opcode = (unsigned)usual->opcode[two << 8 | (bytes & 0xff)];
    unsigned modrm = usual->modrm[bytes >> 8 & 0xff] & (0u - (opcode >> 3 & 1));
    unsigned sib = (modrm >> 3 & 1) & ((bytes >> 16 & 7) == 5);
    unsigned immediate = opcode & USUAL_IMMEDIATE;
    if ((opcode & USUAL_NONE) != 0)
        return 0;
    if ((opcode & USUAL_BRANCH) != 0) {
        out->relative = (uint8_t)place;
        out->kind = (bytes & 0xff) == 0xe8 && two == 0 ? FIELD_CALL : FIELD_JUMP;
        return place + 4;
    }
    immediate -= (immediate >> 2 & narrow & ~wide) * 2;
    if ((modrm & MODRM_RELATIVE) != 0) {
        out->relative = (uint8_t)(place + 1);
        out->kind = kinds[immediate];
        out->loads_address = two == 0 && (bytes & 0xff) == 0x8d;
    }
    return place + (modrm & MODRM_SIZE) + 4 * sib + immediate;
}

static bool walk_whole(const struct x86_walk *walk, size_t whole, size_t *out)
{
    struct usual usual;
    size_t at = 0;

    usual_fill(&usual);
    for (; at < whole;) {
        struct x86_instruction found = {0};
        size_t size = walk->absolute ? 0 : usual_at(&usual, walk->code.at + at, &found);
        found.size = (uint8_t)size;
        if (size == 0)
            found = x86_instruction_at(walk->code.at + at);
        if ((found.relative != 0 || walk->absolute) &&
            !walk_instruction(walk, &found, walk->code.at + at, (uint32_t)at))
            return false;
        at += found.size == 0 ? 1 : found.size;
    }
    *out = at;
    return true;
}

bool x86_walk(const struct x86_walk *walk)
{
    uint8_t tail[2 * X86_AHEAD] = {0};
    size_t at, size = walk->code.size;

    if (!walk_whole(walk, size > X86_AHEAD ? size - X86_AHEAD : 0, &at))
        return false;
    if (at >= size)
        return true;
    size_t begin = at;
    memcpy(tail, walk->code.at + begin, size - begin);
    while (at < size) {
        struct x86_instruction found = x86_instruction_at(tail + (at - begin));
        if (found.size > size - at)
            return true;
        if (!walk_instruction(walk, &found, tail + (at - begin), (uint32_t)at))
            return false;
        at += found.size == 0 ? 1 : found.size;
    }
    return true;
}
