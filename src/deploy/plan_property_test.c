/*
 * Made universes by the thousand: what is solved is sound, touches nothing that it must not, has nothing in it that could
 * be left out, and every state between two groups is sound.
 */
#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "deploy/order.h"
#include "deploy/solve.h"
#include "deploy/universe_testing.h"

enum { ROUNDS = 3000, NAMES = 9 };

/* xorshift: the same universes in every run. */
static unsigned draw(uint64_t *seed, unsigned below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (unsigned)(*seed >> 33) % below;
}

/* Any name and version, or a virtual name. */
static void put_relation(struct writer *w, uint64_t *seed)
{
    static const char *const tests[] = {"", " (>= 1)", " (>= 2)", " (= 1)", " (= 2)", " (<< 2)"};

    if (draw(seed, 8) == 0)
        writer_format(w, "v%u", draw(seed, 3));
    else
        writer_format(w, "p%u%s", draw(seed, NAMES), tests[draw(seed, COUNT_OF(tests))]);
}

/* A relation that holds among what is installed, which is all of version 1. */
static void put_sound(struct writer *w, uint64_t *seed, unsigned installed, bool against)
{
    static const char *const tests[] = {"", " (>= 1)", " (= 1)", " (= 1)", " (<< 2)"};
    unsigned name;

    do
        name = draw(seed, NAMES);
    while (!against && !(installed >> name & 1));
    writer_format(w, "p%u%s", name,
                  !against                ? tests[draw(seed, COUNT_OF(tests))]
                  : installed >> name & 1 ? " (>= 2)"
                                          : "");
}

/* installed: 0 for what is offered, which may say anything. */
static void put_fields(struct writer *w, uint64_t *seed, unsigned installed)
{
    static const char *const kinds[] = {"Depends", "Pre-Depends", "Breaks", "Conflicts"};
    static const unsigned odds[] = {2, 6, 7, 12};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (draw(seed, odds[i]) != 0)
            continue;
        writer_format(w, "; %s: ", kinds[i]);
        if (installed != 0) {
            put_sound(w, seed, installed, i >= 2);
            if (i < 2 && draw(seed, 4) == 0) {
                writer_string(w, " | ");
                put_relation(w, seed);
            }
            continue;
        }
        put_relation(w, seed);
        if (i < 2 && draw(seed, 3) == 0) {
            writer_string(w, draw(seed, 2) == 0 ? " | " : ", ");
            put_relation(w, seed);
        }
    }
    if (draw(seed, 6) == 0)
        writer_format(w, "; Provides: v%u", draw(seed, 3));
    writer_string(w, "\n");
}

/* p0 to p8: most installed, of these most with an update, the others new. */
static void put_universe(struct writer *w, uint64_t *seed)
{
    unsigned installed = 1;

    for (unsigned i = 1; i < NAMES; i++)
        installed |= draw(seed, 4) == 0 ? 0 : 1u << i;
    for (unsigned i = 0; i < NAMES; i++) {
        if (!(installed >> i & 1))
            continue;
        writer_format(w, "i p%u 1%s%s%s source=s%u", i, draw(seed, 3) == 0 ? " auto" : "",
                      draw(seed, 12) == 0 ? " held" : "", draw(seed, 12) == 0 ? " essential" : "", i / 2);
        put_fields(w, seed, installed);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        bool there = (installed >> i & 1) != 0;
        if (there && draw(seed, 5) == 0)
            continue;
        writer_format(w, "%s p%u 2 source=s%u", there ? "u" : "n", i, i / 2);
        put_fields(w, seed, 0);
    }
    writer_byte(w, 0);
}

static bool is_met(const struct made_universe *made, const struct relate_group *group, uint32_t package,
                   const bool *present)
{
    uint32_t found;

    for (size_t i = 0; i < group->count; i++) {
        struct relate_walk walk =
            relate_find(&made->relate, &group->alternatives[i], (struct relate_from){package, false});
        while (relate_next(&walk, &found))
            if (present[found])
                return true;
    }
    return false;
}

/* How many relations of the package do not hold in this state. */
static unsigned broken(const struct made_universe *made, uint32_t package, const bool *present)
{
    unsigned count = 0;
    struct relate_group group;
    struct error err;
    uint32_t other;
    bool found;

    for (int kind = RELATION_PRE_DEPENDS; kind <= RELATION_BREAKS; kind++) {
        struct relation_walk walk = relate_walk_field(&made->relate, package, (enum relation_kind)kind);
        while (relate_next_group(&walk, &group, &found, &err) && found) {
            if (kind <= RELATION_DEPENDS) {
                count += !is_met(made, &group, package, present);
                continue;
            }
            struct relate_walk struck =
                relate_find(&made->relate, &group.alternatives[0], (struct relate_from){package, true});
            while (relate_next(&struck, &other))
                count += present[other];
        }
    }
    return count;
}

/* A package that was there at first may be as broken as it was; one that came holds. */
static bool is_sound(const struct made_universe *made, const bool *start, const bool *present)
{
    for (uint32_t i = 0; i < made->universe.count; i++)
        if (present[i] && broken(made, i, present) > (start[i] ? broken(made, i, start) : 0))
            return false;
    return true;
}

static void apply(const struct order_change *change, bool *present)
{
    if (change->from != SOLVE_NONE)
        present[change->from] = false;
    if (change->to != SOLVE_NONE)
        present[change->to] = true;
}

static void check_changes(const struct made_universe *made, const struct solution *solution,
                          const char *lines)
{
    for (size_t i = 0; i < solution->change_count; i++) {
        const struct solve_change *change = &solution->changes[i];
        const struct package *package =
            change->from == SOLVE_NONE ? NULL : &made->host.packages[change->from];
        if (package != NULL && package->held)
            fail_msg("a held package is changed:\n%s", lines);
        if (change->to == SOLVE_NONE &&
            (!package->automatic || made->universe.packages[change->from].essential))
            fail_msg("a package is removed that must stay:\n%s", lines);
    }
}

/* Sound at the end; and no change that nobody asked for can be left out alone. */
static void check_end(const struct made_universe *made, const struct order_change *order,
                      const struct solution *solution, const bool *start, const char *lines)
{
    bool end[64], without[64];

    memcpy(end, start, sizeof(end));
    for (size_t i = 0; i < solution->change_count; i++)
        apply(&order[i], end);
    if (!is_sound(made, start, end))
        fail_msg("the end is not sound:\n%s", lines);
    for (size_t i = 0; i < solution->change_count; i++) {
        if (solution->changes[i].wanted)
            continue;
        memcpy(without, start, sizeof(without));
        for (size_t k = 0; k < solution->change_count; k++)
            if (k != i)
                apply(&order[k], without);
        if (is_sound(made, start, without))
            fail_msg(
                "%.*s need not change:\n%s",
                TEXT_ARG(
                    made->universe.packages[order[i].to != SOLVE_NONE ? order[i].to : order[i].from].name),
                lines);
    }
}

static void check_between(const struct made_universe *made, const struct order_change *order, size_t count,
                          uint32_t group_count, const bool *start, const char *lines)
{
    bool present[64];

    memcpy(present, start, sizeof(present));
    for (uint32_t group = 0; group < group_count; group++) {
        for (size_t i = 0; i < count; i++)
            if (order[i].group == group)
                apply(&order[i], present);
        if (!is_sound(made, start, present))
            fail_msg("behind group %u of %u it is not sound:\n%s", group, group_count, lines);
    }
}

static void check_round(uint64_t *seed, unsigned *solved, unsigned *refused, unsigned *taken_along)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct made_universe made;
    struct solution solution;
    struct order_change order[64];
    uint32_t wanted[NAMES], group_count;
    bool start[64] = {false};
    size_t count = 0;
    struct error err;

    put_universe(&w, seed);
    const char *lines = (const char *)writer_bytes(&w).at;
    universe_make(lines, &arena, &made);
    for (uint32_t i = 0; i < made.universe.count; i++) {
        const struct universe_package *package = &made.universe.packages[i];
        start[i] = package->installed;
        if (!package->installed && package->package != PACKAGE_NONE &&
            !made.host.packages[package->package].held && draw(seed, 2) == 0)
            wanted[count++] = i;
    }
    struct solve_request request = {&made.relate, &made.host, wanted, count};
    if (!solve(&request, &arena, &solution, &err))
        fail_msg("%s:\n%s", err.text, lines);
    for (size_t i = 0; i < solution.change_count; i++) {
        order[i] = (struct order_change){solution.changes[i].from, solution.changes[i].to, 0};
        *taken_along += !solution.changes[i].wanted;
    }
    assert_done(lines, order_groups(&made.relate, order, solution.change_count, &arena, &group_count, &err),
                &err);
    check_changes(&made, &solution, lines);
    check_end(&made, order, &solution, start, lines);
    check_between(&made, order, solution.change_count, group_count, start, lines);
    *solved += (unsigned)(count - solution.refused_count);
    *refused += (unsigned)solution.refused_count;
}

static void test_made_universes(void **state)
{
    uint64_t seed = 88172645463325252u;
    unsigned solved = 0, refused = 0, taken_along = 0;
    (void)state;

    for (unsigned i = 0; i < ROUNDS; i++)
        check_round(&seed, &solved, &refused, &taken_along);
    /* The universes are such that all of it happens often. */
    if (solved < ROUNDS / 2 || refused < ROUNDS / 10 || taken_along < ROUNDS / 10)
        fail_msg("%u solved, %u refused, %u taken along", solved, refused, taken_along);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_universes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
