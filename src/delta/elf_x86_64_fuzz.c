/* Any bytes as code: each instruction's places lie in it, what is found ascends and lies in the code, the follower goes on. */
#include <assert.h>

#include "delta/elf_follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    size_t size;
    uint64_t end;
};

static bool see(void *self, uint32_t at, enum field_kind kind, uint64_t target, bool loads_address)
{
    struct seen *seen = self;

    (void)target;
    (void)loads_address;
    assert(elf_field_size(kind) == 4 && at >= seen->end && at <= seen->size && seen->size - at >= 4);
    seen->end = (uint64_t)at + 4;
    return true;
}

static void check_follow(const uint8_t *data, size_t size)
{
    struct elf_follow follow = {0};
    size_t back = size < ELF_FOLLOW_BACK ? size : ELF_FOLLOW_BACK;

    elf_follow_start(&follow, (struct bytes){data, back}, 0x400000 + back);
    for (size_t at = back; at < size; at++) {
        struct elf_follow_view view = elf_follow_look(&follow);
        assert(view.role > 0 && view.role < ELF_FOLLOW_ROLES && view.expected <= 256);
        elf_follow_step(&follow, data[at]);
        assert(follow.have < X86_AHEAD && follow.address + follow.have == 0x400000 + at + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_follow(data, size);
    for (size_t at = 0; at + X86_AHEAD <= size; at++) {
        struct x86_instruction found = x86_instruction_at(data + at);
        assert(found.size <= X86_AHEAD);
        assert(found.size == 0 || (found.relative + 4 <= found.size || found.relative == 0));
        assert(found.size == 0 || (found.displacement + 4 <= found.size || found.displacement == 0));
        assert(found.size == 0 || (found.immediate + 4 <= found.size || found.immediate == 0));
    }
    for (int absolute = 0; absolute < 2; absolute++) {
        struct seen seen = {.size = size};
        struct x86_walk walk = {
            .code = {data, size},
            .address = 0x400000,
            .code_begin = 0,
            .code_end = UINT64_MAX,
            .all_begin = 0,
            .all_end = UINT64_MAX,
            .absolute = absolute == 1,
            .found = see,
            .self = &seen,
        };
        assert(x86_walk(&walk));
    }
    return 0;
}
