#include "delta/elf_follow.h"

#include <assert.h>

#include "delta/elf_bytes.h"

#define UNKNOWN_SIZE 3     /* bytes that no instruction begins with: then the next one is tried */
#define NO_OPCODE    0x1ff /* none is known yet, or none that we know */

enum role {
    ROLE_NONE,
    ROLE_OPCODE,
    ROLE_MODRM,
    ROLE_SIB,
    ROLE_DISPLACEMENT,
    ROLE_IMMEDIATE,
    ROLE_RELATIVE,
    ROLE_AIMED = 8
};

static uint64_t mixed(uint64_t a, uint64_t b)
{
    return (a ^ b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93) + (a >> 29);
}

unsigned elf_recent_list(const struct elf_recent *recent, uint64_t out[ELF_FOLLOW_RECENT])
{
    uint64_t seen[4] = {0}; /* by a hash: most are new, and need no comparison */
    unsigned count = 0;

    for (unsigned i = 1; i <= ELF_FOLLOW_RECENT; i++) {
        uint64_t target = recent->at[(recent->next - i) % ELF_FOLLOW_RECENT];
        uint64_t hash = (target * UINT64_C(0x9e3779b97f4a7c15)) >> 56, bit = UINT64_C(1) << hash % 64;
        bool met = false;
        if (target == 0)
            break;
        for (unsigned j = 0; (seen[hash / 64] & bit) != 0 && j < count && !met; j++)
            met = out[j] == target;
        seen[hash / 64] |= bit;
        if (!met)
            out[count++] = target;
    }
    return count;
}

/* The opcode with the map it is of, NO_OPCODE before it is there. */
static uint32_t opcode_of(const struct elf_follow *f)
{
    if (f->now.size == 0 || f->have <= f->now.opcode)
        return NO_OPCODE;
    return f->bytes[f->now.opcode] | (f->now.opcode > 0 && f->bytes[f->now.opcode - 1] == 0x0f ? 0x100u : 0);
}

static uint32_t modrm_of(const struct elf_follow *f)
{
    return f->now.size != 0 && f->now.modrm != 0 && f->have > f->now.modrm ? f->bytes[f->now.modrm] : 0;
}

static bool is_branch(const struct x86_instruction *now)
{
    return now->size != 0 && now->relative != 0 && (now->kind == FIELD_CALL || now->kind == FIELD_JUMP);
}

/* The instruction is there: the next one begins. */
static void turn(struct elf_follow *f)
{
    memmove(f->shapes + 1, f->shapes, sizeof(f->shapes) - sizeof(*f->shapes));
    f->shapes[0] = opcode_of(f) | (modrm_of(f) & 0xf8u) << 9;
    f->address += f->have;
    memset(f->bytes, 0, f->have);
    f->have = 0;
    f->now = x86_instruction_at(f->bytes);
}

void elf_follow_step(struct elf_follow *f, uint8_t byte)
{
    f->bytes[f->have++] = byte;
    f->now = x86_instruction_at(f->bytes);
    if (f->have < (f->now.size == 0 ? UNKNOWN_SIZE : f->now.size))
        return;
    if (is_branch(&f->now))
        elf_recent_put(&f->targets, f->address + f->now.size + elf_s32(f->bytes + f->now.relative));
    turn(f);
}

void elf_follow_start(struct elf_follow *f, struct bytes before, uint64_t address)
{
    uint8_t bytes[ELF_FOLLOW_BACK + X86_AHEAD] = {0};
    size_t at = 0;

    assert(before.size <= ELF_FOLLOW_BACK);
    if (before.size > 0)
        memcpy(bytes, before.at, before.size);
    memset(f->bytes, 0, sizeof(f->bytes));
    f->address = address - before.size;
    for (;;) {
        f->now = x86_instruction_at(bytes + at);
        size_t size = f->now.size == 0 ? 1 : f->now.size;
        f->have = (uint8_t)(size > before.size - at ? before.size - at : size);
        memcpy(f->bytes, bytes + at, f->have);
        if (size > before.size - at)
            break;
        at += size;
        turn(f);
    }
    f->now = x86_instruction_at(f->bytes);
}

/* What the next byte is, and the how-manieth of its kind. */
static enum role role_of(const struct elf_follow *f, unsigned *place)
{
    const struct x86_instruction *now = &f->now;
    uint8_t modrm = (uint8_t)modrm_of(f);

    *place = 0;
    if (opcode_of(f) == NO_OPCODE)
        return ROLE_OPCODE;
    if (now->relative != 0 && f->have >= now->relative && f->have < now->relative + 4) {
        *place = (unsigned)(f->have - now->relative);
        return ROLE_RELATIVE;
    }
    if (now->modrm == 0 || f->have < now->modrm) {
        *place = (unsigned)(f->have - now->opcode);
        return ROLE_IMMEDIATE;
    }
    if (f->have == now->modrm)
        return ROLE_MODRM;
    bool sib = modrm >> 6 != 3 && (modrm & 7) == 4;
    if (sib && f->have == now->modrm + 1)
        return ROLE_SIB;
    *place = (unsigned)(f->have - now->modrm - 1 - sib);
    return ROLE_DISPLACEMENT;
}

/* The nearest recent target whose distance begins with the bytes that are there. */
static void aim(const struct elf_follow *f, unsigned place, struct elf_follow_view *view)
{
    uint64_t from = f->address + f->now.size;
    uint32_t known = elf_u32(f->bytes + f->now.relative), mask = (UINT32_C(1) << 8 * place) - 1;

    for (unsigned i = 1; i <= ELF_FOLLOW_RECENT; i++) {
        uint64_t target = f->targets.at[(f->targets.next - i) % ELF_FOLLOW_RECENT];
        uint32_t distance = (uint32_t)(target - from);
        if (target == 0)
            return;
        if (((distance ^ known) & mask) != 0)
            continue;
        view->expected = distance >> 8 * place & 0xff;
        view->role = ROLE_AIMED + place + (i > 8 ? 4 : 0);
        return;
    }
}

struct elf_follow_view elf_follow_look(const struct elf_follow *f)
{
    unsigned place;
    enum role role = role_of(f, &place);
    struct elf_follow_view view = {.role = role, .expected = 256};
    uint64_t bytes = 0;

    memcpy(&bytes, f->bytes, f->have < 8 ? f->have : 8);
    bytes = le64toh(bytes);
    view.contexts[0] = mixed(bytes, f->have + 16u);
    view.contexts[1] = mixed(role * 8u + place, opcode_of(f) | modrm_of(f) << 9);
    view.contexts[2] = mixed(mixed(bytes, f->shapes[0]), mixed(f->shapes[1], f->shapes[2]));
    if (role == ROLE_RELATIVE && is_branch(&f->now))
        aim(f, place, &view);
    return view;
}
