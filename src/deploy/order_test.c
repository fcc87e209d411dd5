#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "deploy/order.h"
#include "deploy/universe_testing.h"

/* Every offered package is taken; installed ones named in `removed` go. Groups in order: "lib 2 | a 2, b 2". */
static const struct row {
    const char *name, *universe, *removed, *expected;
} rows[] = {
    {"nothing", "i a 1", "", ""},
    {"apart and by name", "i a 1\ni b 1\nu a 2\nu b 2", "", "a 2 | b 2"},
    {"what is needed goes first", "i a 1\ni b 1\nu a 2; Depends: b (>= 2)\nu b 2", "", "b 2 | a 2"},
    {"what satisfies before and after needs no order", "i a 1\ni b 1\nu a 2; Depends: b\nu b 2", "",
     "a 2 | b 2"},
    {"the new one goes first", "i a 1\nu a 2; Depends: n\nn n 1", "", "n 1 | a 2"},
    {"in one version, together", "i app 1; Depends: lib (= 1)\ni lib 1\nu app 2; Depends: lib (= 2)\nu lib 2",
     "", "app 2, lib 2"},
    {"a break waits for the broken one", "i a 1\ni b 1\nu a 2; Breaks: b (<< 2)\nu b 2", "", "b 2 | a 2"},
    {"the broken one that needs the breaker goes with it",
     "i a 1\ni b 1\nu a 2; Breaks: b (<< 2)\nu b 2; Depends: a (>= 2)", "", "a 2, b 2"},
    {"what is removed goes before what it stands against", "i a 1\ni b 1\nu a 2; Conflicts: b", "b",
     "-b 1 | a 2"},
    {"the old one stood against the new one", "i a 1; Conflicts: n\nu a 2\nn n 1", "", "a 2 | n 1"},
    {"what stays changes its provider without a gap",
     "i old 1\ni stays 1; Depends: v | old\nn new 1; Provides: v", "old", "new 1 | -old 1"},
    {"a circle",
     "i a 1\ni b 1\ni c 1\nu a 2; Depends: b (>= 2)\nu b 2; Depends: c (>= 2)\nu c 2; Depends: a (>= 2)", "",
     "a 2, b 2, c 2"},
    {"a chain", "i a 1\ni b 1\ni c 1\nu a 2; Depends: b (>= 2)\nu b 2; Depends: c (>= 2)\nu c 2", "",
     "c 2 | b 2 | a 2"},
    {"one source together", "i a 1\ni b 1\nu a 2 source=s\nu b 2 source=s", "", "a 2, b 2"},
    {"unless one pre-depends on the other",
     "i a 1\ni b 1\nu a 2 source=s; Pre-Depends: b (>= 2)\nu b 2 source=s", "", "b 2 | a 2"},
    {"what needs the removed one as it was", "i a 1; Depends: old\ni old 1\nu a 2", "old", "a 2 | -old 1"},
};

static void order_row(const struct row *row)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct made_universe made;
    struct order_change changes[32];
    size_t count = 0;
    uint32_t group_count;
    struct error err;

    universe_make(row->universe, &arena, &made);
    const struct universe *universe = &made.universe;
    for (uint32_t i = 0; i < universe->installed_count; i++)
        if (text_equal(universe->packages[i].name, text_of(row->removed)))
            changes[count++] = (struct order_change){i, UINT32_MAX, 0};
    for (uint32_t i = (uint32_t)universe->installed_count; i < universe->count; i++)
        changes[count++] = (struct order_change){
            universe->packages[i].package == PACKAGE_NONE ? UINT32_MAX : universe->packages[i].package, i, 0};
    assert_done(row->name, order_groups(&made.relate, changes, count, &arena, &group_count, &err), &err);
    for (uint32_t group = 0; group < group_count; group++) {
        bool first = true;
        for (size_t i = 0; i < count; i++) {
            if (changes[i].group != group)
                continue;
            bool gone = changes[i].to == UINT32_MAX;
            struct text name = universe_spell(universe, gone ? changes[i].from : changes[i].to, &arena);
            writer_format(&w, "%s%s%.*s",
                          !first      ? ", "
                          : group > 0 ? " | "
                                      : "",
                          gone ? "-" : "", TEXT_ARG(name));
            first = false;
        }
        assert_false(first); /* no group is empty */
    }
    struct bytes got = writer_bytes(&w);
    assert_text(row->name, (struct text){(const char *)got.at, got.size}, row->expected);
}

static void test_rows(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        order_row(&rows[i]);
}

/* A chain of thousands must not need as deep a stack. */
static void test_a_long_chain(void **state)
{
    enum { LENGTH = 20000 };
    OWN(arena_end) struct arena arena = arena_with(512 * MIB);
    OWN(writer_end) struct writer lines = writer_with(8 * MIB);
    struct made_universe made;
    uint32_t group_count;
    struct error err;
    (void)state;

    for (int i = 0; i < LENGTH; i++)
        writer_format(&lines, "n p%05d 1; Depends: p%05d\n", i, i + 1);
    writer_format(&lines, "n p%05d 1", LENGTH);
    writer_byte(&lines, 0);
    universe_make((const char *)writer_bytes(&lines).at, &arena, &made);
    struct order_change *changes = ARENA_ARRAY(&arena, struct order_change, LENGTH + 1);
    assert_non_null(changes);
    for (uint32_t i = 0; i <= LENGTH; i++)
        changes[i] = (struct order_change){UINT32_MAX, i, 0};
    assert_done("chain", order_groups(&made.relate, changes, LENGTH + 1, &arena, &group_count, &err), &err);
    assert_int_equal(group_count, LENGTH + 1);
    assert_int_equal(changes[0].group, LENGTH);
    assert_int_equal(changes[LENGTH].group, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_a_long_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
