#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "deploy/solve.h"
#include "deploy/universe_testing.h"

/*
 * "app 1.1" wanted, "+lib 1.1 (app)" needed by app, "-old (app)" removed for app, "~lib 1.1 (app)" changed because the
 * version before stands against app; "!app: why" refused.
 */
static void spell(const struct solution *solution, const struct made_universe *made, struct arena *arena,
                  struct writer *w)
{
    const struct universe *universe = &made->universe;

    for (size_t i = 0; i < solution->change_count; i++) {
        const struct solve_change *change = &solution->changes[i];
        uint32_t shown = change->to != SOLVE_NONE ? change->to : change->from;
        const char *mark = change->wanted               ? ""
                           : change->to == SOLVE_NONE   ? "-"
                           : change->from == SOLVE_NONE ? "*"
                           : change->conflicts          ? "~"
                                                        : "+";
        writer_format(w, "%s%s%.*s", i > 0 ? ", " : "", mark,
                      TEXT_ARG(universe_spell(universe, shown, arena)));
        if (!change->wanted)
            writer_format(
                w, " (%.*s)",
                TEXT_ARG(change->by == SOLVE_NONE ? TEXT("?") : universe->packages[change->by].name));
    }
    for (size_t i = 0; i < solution->refused_count; i++)
        writer_format(w, "\n!%.*s", TEXT_ARG(solution->refused[i].why));
}

static const struct row {
    const char *name, *universe, *wanted, *expected;
} rows[] = {
    {"an update alone", "i a 1\nu a 2", "a", "a 2"},
    {"nothing is wanted", "i a 1\nu a 2", "", ""},
    {"what is not wanted stays", "i a 1\ni b 1\nu a 2\nu b 2", "a", "a 2"},
    {"a need that is there is no change", "i a 1\ni b 1\nu a 2; Depends: b (>= 1)\nu b 2", "a", "a 2"},
    {"a need takes along", "i a 1\ni b 1\nu a 2; Depends: b (>= 2)\nu b 2", "a", "a 2, +b 2 (a)"},
    {"a pre-dependency too", "i a 1\ni b 1\nu a 2; Pre-Depends: b (>= 2)\nu b 2", "a", "a 2, +b 2 (a)"},
    {"the dependent goes with what it needs in one version",
     "i app 1; Depends: lib (= 1)\ni lib 1\nu app 2; Depends: lib (= 2)\nu lib 2", "lib",
     "~app 2 (lib), lib 2"},
    {"a break takes along", "i a 1\ni b 1\nu a 2; Breaks: b (<< 2)\nu b 2", "a", "a 2, ~b 2 (a)"},
    {"a new package where it is unavoidable", "i a 1\nu a 2; Depends: n\nn n 5", "a", "a 2, *n 5 (a)"},
    {"no new package where another will do", "i a 1\ni b 1\nu a 2; Depends: n | b\nn n 5", "a", "a 2"},
    {"no new package where an update will do", "i a 1\ni b 1\nu a 2; Depends: n | b (>= 2)\nu b 2\nn n 5",
     "a", "a 2, +b 2 (a)"},
    {"a chain of new ones", "i a 1\nu a 2; Depends: n\nn m 1\nn n 5; Depends: m", "a",
     "a 2, *m 1 (n), *n 5 (a)"},
    {"a virtual package", "i a 1\nu a 2; Depends: v\nn n 5; Provides: v", "a", "a 2, *n 5 (a)"},
    {"a version is not provided by a name alone", "i a 1\nu a 2; Depends: v (>= 1)\nn n 5; Provides: v", "a",
     "\n!a 2 needs v (>= 1), which no archive here offers"},
    {"a version that is provided", "i a 1\nu a 2; Depends: v (>= 1)\nn n 5; Provides: v (= 1)", "a",
     "a 2, *n 5 (a)"},
    {"the first alternative is preferred", "i a 1\nu a 2; Depends: z | n\nn n 5\nn z 1", "a",
     "a 2, *z 1 (a)"},
    {"what nobody has", "i a 1\nu a 2; Depends: n (>= 3)", "a",
     "\n!a 2 needs n (>= 3), which no archive here offers"},
    {"the rest is still solved", "i a 1\ni b 1\nu a 2; Depends: n (>= 3)\nu b 2", "a b",
     "b 2\n!a 2 needs n (>= 3), which no archive here offers"},
    {"a held package stays", "i a 1\ni b 1 held\nu a 2; Depends: b (>= 2)\nu b 2", "a",
     "\n!a 2 needs b (>= 2), and b is held"},
    {"a package that was asked for is not removed", "i a 1\ni b 1\nu a 2; Conflicts: b", "a",
     "\n!a 2 stands against b 1, which is installed"},
    {"one that was installed for others is", "i a 1\ni b 1 auto\nu a 2; Conflicts: b", "a", "a 2, -b 1 (a)"},
    {"an essential one never", "i a 1\ni b 1 auto essential\nu a 2; Conflicts: b", "a",
     "\n!a 2 stands against b 1, which is installed"},
    {"a held one neither", "i a 1\ni b 1 auto held\nu a 2; Conflicts: b", "a",
     "\n!a 2 stands against b 1, which is held"},
    {"what needs it keeps it", "i a 1\ni b 1 auto\ni c 1; Depends: b\nu a 2; Conflicts: b", "a",
     "\n!c 1, which is installed, needs b"},
    {"of two that exclude each other the first is taken", "i a 1\ni b 1\nu a 2; Breaks: b (>= 2)\nu b 2",
     "a b", "a 2\n!a 2 stands against b 2"},
    {"a replacement for what is removed",
     "i a 1\ni old 1 auto\ni user 1; Depends: old\nu a 2; Breaks: old (<< 2)\n"
     "n new 2; Provides: old",
     "a", "a 2, *new 2 (user), -old 1 (a)"},
    {"an update whose relations cannot be read", "i a 1\nu a 2; Depends: (b", "a",
     "\n!a 2 needs relations that cannot be read, which no archive here offers"},
    {"no conflict with oneself", "i a 1\nu a 2; Provides: v; Conflicts: v", "a", "a 2"},
    {"what is broken already stands in nobody's way", "i a 1\ni b 1; Depends: gone\nu a 2", "a", "a 2"},
    {"nor what is held and broken", "i a 1\ni b 1 held; Depends: gone\nu a 2", "a", "a 2"},
    {"nor two that stand against each other already", "i a 1\ni b 1; Conflicts: c\ni c 1 held\nu a 2", "a",
     "a 2"},
    {"what is broken is mended on the way, when an update does it",
     "i a 1; Depends: b (>= 2)\ni b 1\nu a 2; Depends: b (>= 2)\nu b 2", "a", "a 2, +b 2 (a)"},
    {"another architecture does not satisfy", "i a 1\ni b 2 arch=i386\nu a 2; Depends: b (>= 2)", "a",
     "\n!a 2 needs b (>= 2), which no archive here offers"},
    {"a foreign one does", "i a 1\ni b 2 arch=i386 multi=foreign\nu a 2; Depends: b (>= 2)", "a", "a 2"},
    {"an allowed one where any is asked for", "i a 1\ni b 2 arch=i386 multi=allowed\nu a 2; Depends: b:any",
     "a", "a 2"},
    {"siblings change together",
     "i lib 1 multi=same\ni lib 1 arch=i386 multi=same\nu lib 2 multi=same\nu lib 2 arch=i386 multi=same",
     "lib", "lib 2, ~lib:i386 2 (lib)"},
    {"a package becomes one of all architectures", "i a 1\nu a 2 arch=all", "a", "a 2"},
};

static void solve_row(const struct row *row)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct made_universe made;
    struct solution solution;
    uint32_t wanted[8];
    size_t count = 0;
    struct text names = text_of(row->wanted), name;
    struct error err;

    universe_make(row->universe, &arena, &made);
    while (text_cut_word(&names, &name))
        wanted[count++] = universe_offered(&made.universe, text_string(&arena, name));
    struct solve_request request = {&made.relate, &made.host, wanted, count};
    assert_done(row->name, solve(&request, &arena, &solution, &err), &err);
    spell(&solution, &made, &arena, &w);
    struct bytes got = writer_bytes(&w);
    assert_text(row->name, (struct text){(const char *)got.at, got.size}, row->expected);
}

static void test_rows(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        solve_row(&rows[i]);
}

static void test_installed_packages_that_cannot_be_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct made_universe made;
    struct solution solution;
    struct error err;
    (void)state;

    universe_make("i a 1\ni b 1; Depends: (x\nu a 2", &arena, &made);
    uint32_t wanted = universe_offered(&made.universe, "a");
    struct solve_request request = {&made.relate, &made.host, &wanted, 1};
    assert_false(solve(&request, &arena, &solution, &err));
    assert_failed("broken", &err, ERROR_INPUT, "b: Depends: \"(x\" begins with no package's name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_installed_packages_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
