#include "base/testing.h"

#include "delta/elf_follow.h"

/* What is expected of each byte, as two digits, ".." for none; the roles beside it as letters. */
static void test_looks(void **state)
{
    static const struct {
        const char *name;
        struct bytes before, code;
        const char *roles, *expected;
    } rows[] = {
        {"no operand", BYTES(""), BYTES("\x90\xc3"), "oo", "...."},
        {"a register", BYTES(""), BYTES("\x48\x89\xe5"), "oom", "......"},
        {"the stack", BYTES(""), BYTES("\x8b\x44\x24\x10"), "omsd", "........"},
        {"relative data", BYTES(""), BYTES("\x8b\x05\1\2\3\4"), "omrrrr", "............"},
        {"with an immediate", BYTES(""), BYTES("\xc7\x45\xf8\1\2\3\4"), "omddddd", ".............."},
        {"an immediate alone", BYTES(""), BYTES("\xb8\1\2\3\4"), "oiiii", ".........."},
        /* Two calls of one function, the second 5 bytes on. */
        {"a target again", BYTES(""), BYTES("\xe8\x10\x01\0\0\xe8\x0b\x01\0\0"), "orrrroaaaa",
         "............0b010000"},
        {"a target of the first byte alone", BYTES(""), BYTES("\xe8\x10\x01\0\0\xe8\x0b\x02\0\0"),
         "orrrroaarr", "............0b01...."},
        {"started before", BYTES("\xe8\0\0"), BYTES("\0\0\x90"), "rro", "......"},
        {"started in step again", BYTES("\x06\x48\x89\xe5\xe8"), BYTES("\1\2\3\4\xc3"), "rrrro",
         ".........."},
        {"bytes that are no code", BYTES(""), BYTES("\x06\x06\x06\x90"), "oooo", "........"},
    };
    static const char letters[ELF_FOLLOW_ROLES + 1] = "?omsdir?aaaaaaaa";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct elf_follow follow = {0};
        char roles[16] = "", expected[64] = "";
        elf_follow_start(&follow, rows[i].before, 0x1000 + rows[i].before.size);
        for (size_t j = 0; j < rows[i].code.size; j++) {
            struct elf_follow_view view = elf_follow_look(&follow);
            assert_true(view.role > 0 && view.role < ELF_FOLLOW_ROLES);
            roles[j] = letters[view.role];
            if (view.expected < 256)
                (void)snprintf(expected + 2 * j, 3, "%02x", view.expected);
            else
                (void)snprintf(expected + 2 * j, 3, "..");
            elf_follow_step(&follow, rows[i].code.at[j]);
        }
        if (strcmp(roles, rows[i].roles) != 0 || strcmp(expected, rows[i].expected) != 0)
            fail_msg("%s: %s %s, expected %s %s", rows[i].name, roles, expected, rows[i].roles,
                     rows[i].expected);
    }
}

/* A target that was made otherwise is known too, and the nearest one of several is meant. */
static void test_targets(void **state)
{
    struct elf_follow follow = {0};

    (void)state;
    elf_follow_start(&follow, BYTES(""), 0x1000);
    elf_recent_put(&follow.targets, 0x2005);
    elf_recent_put(&follow.targets, 0x3005);
    elf_follow_step(&follow, 0xe9);
    assert_int_equal(elf_follow_look(&follow).expected, 0);
    elf_follow_step(&follow, 0);
    assert_int_equal(elf_follow_look(&follow).expected, 0x20);
    elf_follow_step(&follow, 0x10);
    assert_int_equal(elf_follow_look(&follow).expected, 0);
}

static void test_recent(void **state)
{
    struct elf_recent recent = {0};
    uint64_t targets[ELF_FOLLOW_RECENT];

    (void)state;
    assert_int_equal(elf_recent_list(&recent, targets), 0);
    for (uint64_t i = 0; i < 1000; i++) {
        elf_recent_put(&recent, 0x1000 + i % 3);
        elf_recent_put(&recent, 0x1000 + i % 3);
    }
    assert_int_equal(elf_recent_list(&recent, targets), 3);
    assert_true(targets[0] == 0x1000 && targets[1] == 0x1002 && targets[2] == 0x1001);
    for (uint64_t i = 0; i < 1000; i++)
        elf_recent_put(&recent, 0x2000 + i);
    assert_int_equal(elf_recent_list(&recent, targets), ELF_FOLLOW_RECENT);
    assert_true(targets[0] == 0x2000 + 999 && targets[63] == 0x2000 + 936);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_looks), cmocka_unit_test(test_targets),
                                       cmocka_unit_test(test_recent)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
