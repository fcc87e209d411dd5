#include "base/testing.h"

#include "delta/elf_x86_64.h"

static void test_instructions(void **state)
{
    static const struct {
        const char *name;
        struct bytes bytes;
        struct x86_instruction expected;
    } rows[] = {
        {"ret", BYTES("\xc3"), {.size = 1, .kind = FIELD_DATA}},
        {"push rbp", BYTES("\x41\x55"), {.size = 2, .kind = FIELD_DATA}},
        {"call", BYTES("\xe8\x01\x02\x03\x04"), {.size = 5, .relative = 1, .kind = FIELD_CALL}},
        {"call of thread-local data",
         BYTES("\x66\x66\x48\xe8\1\2\3\4"),
         {.size = 8, .relative = 4, .kind = FIELD_CALL}},
        {"call, relaxed", BYTES("\x67\xe8\1\2\3\4"), {.size = 6, .relative = 2, .kind = FIELD_CALL}},
        {"jmp", BYTES("\xe9\1\2\3\4"), {.size = 5, .relative = 1, .kind = FIELD_JUMP}},
        {"bnd jmp", BYTES("\xf2\xe9\1\2\3\4"), {.size = 6, .relative = 2, .kind = FIELD_JUMP}},
        {"jmp short", BYTES("\xeb\1"), {.size = 2, .kind = FIELD_DATA_1}},
        {"jne", BYTES("\x0f\x85\1\2\3\4"), {.size = 6, .relative = 2, .kind = FIELD_JUMP}},
        {"lea",
         BYTES("\x48\x8d\x3d\1\2\3\4"),
         {.size = 7, .relative = 3, .kind = FIELD_DATA, .loads_address = true}},
        {"mov from memory", BYTES("\x8b\x05\1\2\3\4"), {.size = 6, .relative = 2, .kind = FIELD_DATA}},
        {"call through .got", BYTES("\xff\x15\1\2\3\4"), {.size = 6, .relative = 2, .kind = FIELD_DATA}},
        {"jmp through .got", BYTES("\xff\x25\1\2\3\4"), {.size = 6, .relative = 2, .kind = FIELD_DATA}},
        {"cmp byte", BYTES("\x80\x3d\1\2\3\4\x7f"), {.size = 7, .relative = 2, .kind = FIELD_DATA_1}},
        {"cmp with a small number",
         BYTES("\x48\x83\x3d\1\2\3\4\0"),
         {.size = 8, .relative = 3, .kind = FIELD_DATA_1}},
        {"mov of 16 bits",
         BYTES("\x66\xc7\x05\1\2\3\4\5\6"),
         {.size = 9, .relative = 3, .kind = FIELD_DATA_2}},
        {"mov of 32 bits",
         BYTES("\xc7\x05\1\2\3\4\5\6\7\1"),
         {.size = 10, .relative = 2, .immediate = 6, .kind = FIELD_DATA_4}},
        {"mov of 64 bits",
         BYTES("\x48\xc7\x05\1\2\3\4\5\6\7\1"),
         {.size = 11, .relative = 3, .immediate = 7, .kind = FIELD_DATA_4}},
        {"test byte", BYTES("\xf6\x05\1\2\3\4\1"), {.size = 7, .relative = 2, .kind = FIELD_DATA_1}},
        {"test long", BYTES("\xf7\x05\1\2\3\4\1\2\3\4"), {.size = 10, .relative = 2, .kind = FIELD_DATA_4}},
        {"not, of the same opcode",
         BYTES("\xf7\x15\1\2\3\4"),
         {.size = 6, .relative = 2, .kind = FIELD_DATA}},
        {"neg of a register", BYTES("\xf7\xd8"), {.size = 2, .kind = FIELD_DATA}},
        {"movss", BYTES("\xf3\x0f\x10\x05\1\2\3\4"), {.size = 8, .relative = 4, .kind = FIELD_DATA}},
        {"pshufb", BYTES("\x66\x0f\x38\0\x05\1\2\3\4"), {.size = 9, .relative = 5, .kind = FIELD_DATA}},
        {"roundss",
         BYTES("\x66\x0f\x3a\x0a\x05\1\2\3\4\1"),
         {.size = 10, .relative = 5, .kind = FIELD_DATA_1}},
        {"pshufd", BYTES("\x66\x0f\x70\x05\1\2\3\4\1"), {.size = 9, .relative = 4, .kind = FIELD_DATA_1}},
        {"vmovdqa", BYTES("\xc5\xf9\x6f\x05\1\2\3\4"), {.size = 8, .relative = 4, .kind = FIELD_DATA}},
        {"vzeroupper", BYTES("\xc5\xf8\x77"), {.size = 3, .kind = FIELD_DATA}},
        {"vpalignr",
         BYTES("\xc4\xe3\x79\x0f\x05\1\2\3\4\1"),
         {.size = 10, .relative = 5, .kind = FIELD_DATA_1}},
        {"vpshufb", BYTES("\xc4\xe2\x79\0\x05\1\2\3\4"), {.size = 9, .relative = 5, .kind = FIELD_DATA}},
        {"kortest stands where a jump does", BYTES("\xc5\xf8\x98\xc0"), {.size = 4, .kind = FIELD_DATA}},
        {"evex vmovdqu64",
         BYTES("\x62\xf1\xfe\x48\x6f\x05\1\2\3\4"),
         {.size = 10, .relative = 6, .kind = FIELD_DATA}},
        {"evex vpternlog",
         BYTES("\x62\xf3\x75\x48\x25\x05\1\2\3\4\1"),
         {.size = 11, .relative = 6, .kind = FIELD_DATA_1}},
        {"movabs", BYTES("\x48\xb8\1\2\3\4\5\6\7\x8"), {.size = 10, .kind = FIELD_NONE}},
        {"mov of an address", BYTES("\xbf\1\2\3\4"), {.size = 5, .immediate = 1, .kind = FIELD_NONE}},
        {"mov of 16 bits to a register", BYTES("\x66\xbf\1\2"), {.size = 4, .kind = FIELD_NONE}},
        {"movabs to al", BYTES("\xa0\1\2\3\4\5\6\7\x8"), {.size = 9, .kind = FIELD_NONE}},
        {"jmp through a table",
         BYTES("\xff\x24\xc5\1\2\3\4"),
         {.size = 7, .displacement = 3, .kind = FIELD_DATA}},
        {"absolute operand",
         BYTES("\x8b\x04\x25\1\2\3\4"),
         {.size = 7, .displacement = 3, .kind = FIELD_DATA}},
        {"a large displacement",
         BYTES("\x8b\x80\1\2\3\4"),
         {.size = 6, .displacement = 2, .kind = FIELD_DATA}},
        {"that and a scaled index",
         BYTES("\x8b\x84\x88\1\2\3\4"),
         {.size = 7, .displacement = 3, .kind = FIELD_DATA}},
        {"a small displacement", BYTES("\x8b\x44\x24\x10"), {.size = 4, .kind = FIELD_DATA}},
        {"the stack", BYTES("\x8b\x04\x24"), {.size = 3, .kind = FIELD_DATA}},
        {"enter", BYTES("\xc8\1\2\3"), {.size = 4, .kind = FIELD_NONE}},
        {"ret of bytes", BYTES("\xc2\1\2"), {.size = 3, .kind = FIELD_DATA_2}},
        {"imul",
         BYTES("\x69\x05\1\2\3\4\5\6\7\1"),
         {.size = 10, .relative = 2, .immediate = 6, .kind = FIELD_DATA_4}},
        {"push of an address", BYTES("\x68\1\2\3\4"), {.size = 5, .immediate = 1, .kind = FIELD_DATA_4}},
        {"endbr64", BYTES("\xf3\x0f\x1e\xfa"), {.size = 4, .kind = FIELD_DATA}},
        {"a long nop",
         BYTES("\x66\x66\x2e\x0f\x1f\x84\0\1\2\3\4"),
         {.size = 11, .displacement = 7, .kind = FIELD_DATA}},
        {"lock cmpxchg",
         BYTES("\xf0\x48\x0f\xb1\x0d\1\2\3\4"),
         {.size = 9, .relative = 5, .kind = FIELD_DATA}},
        {"no instruction of 64 bits", BYTES("\x06"), {0}},
        {"ud2", BYTES("\x0f\x0b"), {.size = 2, .kind = FIELD_DATA}},
        {"two REX", BYTES("\x48\x48\x89\xc3"), {0}},
        {"prefixes without end", BYTES("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"), {0}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t bytes[X86_AHEAD] = {0};
        memcpy(bytes, rows[i].bytes.at, rows[i].bytes.size);
        struct x86_instruction got = x86_instruction_at(bytes), expected = rows[i].expected;
        if (got.size != expected.size || (got.size != 0 && got.size != rows[i].bytes.size))
            fail_msg("%s: %u bytes, expected %u", rows[i].name, got.size, expected.size);
        if (got.size == 0)
            continue;
        if (got.relative != expected.relative || got.displacement != expected.displacement)
            fail_msg("%s: at %u and %u, expected %u and %u", rows[i].name, got.relative, got.displacement,
                     expected.relative, expected.displacement);
        if (expected.relative != 0 && got.kind != expected.kind)
            fail_msg("%s: kind %u, expected %u", rows[i].name, got.kind, expected.kind);
        if (expected.immediate != 0 && got.immediate != expected.immediate)
            fail_msg("%s: immediate at %u, expected %u", rows[i].name, got.immediate, expected.immediate);
        if (got.loads_address != expected.loads_address)
            fail_msg("%s: lea or not", rows[i].name);
    }
}

struct found {
    char text[512];
    size_t left; /* fields until the walk is ended */
};

static bool found_one(void *self, uint32_t at, enum field_kind kind, uint64_t target, bool loads_address)
{
    struct found *found = self;
    size_t size = strlen(found->text);

    (void)snprintf(found->text + size, sizeof(found->text) - size, "%u:%d->%llx%s ", at, (int)kind,
                   (unsigned long long)target, loads_address ? "!" : "");
    return --found->left > 0;
}

/* Targets outside of the file are none; data between functions ends; the last bytes are read without a step beyond them. */
static void test_walks(void **state)
{
    static const struct {
        const char *name;
        struct bytes code;
        bool absolute;
        size_t fields;
        const char *expected;
    } rows[] = {
        {"nothing", BYTES(""), false, 9, ""},
        {"call and jump", BYTES("\x90\xe8\x0a\0\0\0\x0f\x84\xf4\xff\xff\xff"), false, 9,
         "2:1->1010 8:2->1000 "},
        {"ended by who is told", BYTES("\x90\xe8\x0a\0\0\0\x0f\x84\xf4\xff\xff\xff"), false, 1, "2:1->1010 "},
        {"call beyond code", BYTES("\xe8\0\x10\0\0"), false, 9, ""},
        {"to be filled in", BYTES("\xe8\0\0\0\0"), false, 9, ""},
        {"data where data is", BYTES("\x48\x8d\x3d\0\x10\0\0\x8b\x05\0\x20\0\0"), false, 9,
         "3:3->2007! 9:3->300d "},
        {"data beyond all", BYTES("\x48\x8d\x3d\0\x50\0\0"), false, 9, ""},
        {"cut short", BYTES("\x90\xe8\x0a\0\0"), false, 9, ""},
        {"behind bytes that are none", BYTES("\x06\x06\x06\xe8\x01\0\0\0"), false, 9, "4:1->1009 "},
        {"an address that may move", BYTES("\xbf\0\x20\0\0"), false, 9, ""},
        {"an address that may not", BYTES("\xbf\0\x20\0\0\xff\x24\xc5\x08\x30\0\0"), true, 9,
         "1:7->2000 8:7->3008 "},
        {"two of one instruction", BYTES("\xc7\x04\x25\0\x20\0\0\0\x30\0\0"), true, 9,
         "3:7->2000 7:7->3000 "},
        {"a number", BYTES("\xbf\0\x01\0\0"), true, 9, ""},
        {"longer than what is looked at",
         BYTES("\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90"
               "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\xe8\xdb\xff\xff\xff\xc3"),
         false, 9, "31:1->ffe "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        /* Of the exact size, so that a step beyond it is seen. */
        uint8_t *code = malloc(rows[i].code.size + (rows[i].code.size == 0));
        assert_non_null(code);
        memcpy(code, rows[i].code.at, rows[i].code.size);
        struct found found = {.left = rows[i].fields};
        const struct x86_walk walk = {
            .code = {code, rows[i].code.size},
            .address = 0x1000,
            .code_begin = 0xf00,
            .code_end = 0x2000,
            .all_begin = 0xf00,
            .all_end = 0x4000,
            .absolute = rows[i].absolute,
            .found = found_one,
            .self = &found,
        };
        bool whole = x86_walk(&walk);
        free(code);
        if (strcmp(found.text, rows[i].expected) != 0 || whole != (found.left > 0))
            fail_msg("%s: \"%s\", expected \"%s\"", rows[i].name, found.text, rows[i].expected);
    }
}

/* ---- The walk has a quick way for usual instructions: it must find what the slow one finds ---- */

#define LIKELY_SIZE 200000

struct trace {
    uint64_t hash;
    size_t count;
};

static void trace_add(struct trace *trace, uint32_t at, enum field_kind kind, uint64_t target,
                      bool loads_address)
{
    trace->hash = (trace->hash ^ at ^ (uint64_t)kind << 32 ^ (uint64_t)loads_address << 40 ^ target << 24) *
                  UINT64_C(0x9e3779b97f4a7c15);
    trace->count++;
}

static bool trace_found(void *self, uint32_t at, enum field_kind kind, uint64_t target, bool loads_address)
{
    trace_add(self, at, kind, target, loads_address);
    return true;
}

/* Bytes as of code: prefixes, opcodes and ModRM that are frequent, among others. */
static void likely_fill(uint8_t *code, uint32_t seed)
{
    static const uint8_t likely[16] = {0x66, 0xf2, 0xf3, 0x48, 0x4c, 0x41, 0x0f, 0x8b,
                                       0x8d, 0x05, 0x15, 0x25, 0x81, 0xc7, 0xe8, 0xf6};

    for (size_t i = 0; i < LIKELY_SIZE; i++) {
        seed = seed * 1664525 + 1013904223;
        code[i] = (seed >> 28) < 9 ? likely[seed >> 20 & 15] : (uint8_t)(seed >> 12);
    }
    memset(code + LIKELY_SIZE - 2 * X86_AHEAD, 0x90, 2 * X86_AHEAD); /* the end is walked otherwise */
}

static void test_usual_ones(void **state)
{
    (void)state;
    uint8_t *code = malloc(LIKELY_SIZE);
    assert_non_null(code);
    for (uint32_t seed = 1; seed <= 8; seed++) {
        struct trace quick = {0}, slow = {0};
        const struct x86_walk walk = {
            .code = {code, LIKELY_SIZE},
            .address = UINT64_C(1) << 40,
            .code_end = UINT64_MAX,
            .all_end = UINT64_MAX,
            .found = trace_found,
            .self = &quick,
        };
        likely_fill(code, seed);
        assert_true(x86_walk(&walk));
        for (size_t at = 0; at < LIKELY_SIZE - X86_AHEAD;) {
            struct x86_instruction found = x86_instruction_at(code + at);
            uint32_t value = 0;
            if (found.relative != 0)
                memcpy(&value, code + at + found.relative, sizeof(value));
            if (value != 0)
                trace_add(&slow, (uint32_t)at + found.relative, (enum field_kind)found.kind,
                          walk.address + at + found.size + (uint64_t)(int64_t)(int32_t)value,
                          found.loads_address);
            at += found.size == 0 ? 1 : found.size;
        }
        assert_true(slow.count > LIKELY_SIZE / 50);
        assert_int_equal(quick.count, slow.count);
        assert_true(quick.hash == slow.hash);
    }
    free(code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_instructions), cmocka_unit_test(test_walks),
                                       cmocka_unit_test(test_usual_ones)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
