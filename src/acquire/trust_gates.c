#include "acquire/trust_gates.h"

#include "base/control.h"

static const struct {
    const char *name;
    unsigned lift;
} gates[TRUST_GATE_COUNT] = {
    [TRUST_GATE_SOAK] = {"soak", SIGNED_ORDER_LIFTS_WAIT},
    [TRUST_GATE_POWERS] = {"powers", SIGNED_ORDER_LIFTS_POWERS},
    [TRUST_GATE_NEW_PACKAGE] = {"new-package", SIGNED_ORDER_LIFTS_NEW_PACKAGE},
};

const char *trust_gate_name(enum trust_gate gate)
{
    return gates[gate].name;
}

unsigned trust_gate_lift(enum trust_gate gate)
{
    return gates[gate].lift;
}

static struct text until_words(int64_t until_us, struct arena *arena)
{
    struct civil civil = time_civil(until_us);

    return text_format(arena, "waits until %04d-%02d-%02dT%02d:%02d:%02dZ", civil.year, civil.month,
                       civil.day, civil.hour, civil.minute, civil.second);
}

/* The first power that is held, and how many more. */
static bool look_at_powers(const struct plan_change *change, const struct trust_terms *terms,
                           struct arena *arena, struct trust_gates *into, struct error *err)
{
    const struct power *first = NULL;
    size_t count = 0;

    for (size_t i = 0; i < terms->powers.count; i++) {
        const struct power *power = &terms->powers.at[i];
        if (power->small || (terms->held_powers >> power->kind & 1) == 0 ||
            !text_equal(power->package, change->name) || !text_equal(power->arch, change->arch))
            continue;
        first = first == NULL ? power : first;
        count++;
    }
    if (first == NULL)
        return true;
    into->shut[TRUST_GATE_POWERS] = true;
    into->why[TRUST_GATE_POWERS] =
        text_format(arena, "%s %s, %.*s", first->is_new ? "brings a new" : "changes a",
                    power_kind_words(first->kind), TEXT_ARG(first->path));
    if (count > 1)
        into->why[TRUST_GATE_POWERS] =
            text_format(arena, "%.*s, and %zu more", TEXT_ARG(into->why[TRUST_GATE_POWERS]), count - 1);
    return into->why[TRUST_GATE_POWERS].at != NULL || arena_full(arena, err);
}

/* In a fleet one person's word does not end a wait: it makes that of an exploited hole shorter (acquire/lanes.h). */
static bool look_at_wait(const struct plan_change *change, const struct lane_seen *seen,
                         const struct trust_terms *terms, struct arena *arena, struct trust_gates *into,
                         struct error *err)
{
    struct text by;
    bool approved = terms->lanes.fleet && lifts_find(&terms->lifts, &into->subject, SIGNED_ORDER_LIFTS_WAIT,
                                                     terms->clock_us, arena, &by) != 0;

    if (!lane_waits(change->lane, &terms->lanes, seen, approved, &into->until_us))
        return true;
    into->shut[TRUST_GATE_SOAK] = true;
    into->why[TRUST_GATE_SOAK] = until_words(into->until_us, arena);
    return into->why[TRUST_GATE_SOAK].at != NULL || arena_full(arena, err);
}

/* Who may open what is shut. */
static unsigned find_lifted(const struct trust_terms *terms, unsigned wanted, struct arena *arena,
                            struct trust_gates *into)
{
    const struct lifts many = lifts_of_many(&terms->lifts);
    unsigned of_many =
        terms->lanes.fleet && control_holds(CONTROL_LANE_TWO_PERSONS) ? wanted & SIGNED_ORDER_LIFTS_WAIT : 0;
    struct text by;
    unsigned lifted =
        lifts_find(&terms->lifts, &into->subject, wanted & ~of_many, terms->clock_us, arena, &into->by);

    if (of_many != 0) {
        lifted |= lifts_find(&many, &into->subject, of_many, terms->clock_us, arena, &by);
        into->by = into->by.size == 0 ? by : into->by;
    }
    return lifted;
}

bool trust_gates_look(const struct plan_change *change, int64_t first_us, const struct trust_terms *terms,
                      struct arena *arena, struct trust_gates *out, struct error *err)
{
    const struct lane_seen seen = {first_us, terms->now_us, terms->clock_us};
    struct trust_gates got = {
        .until_us = TIME_ABSENT,
        .subject = {
            .package = change->name, .arch = change->arch, .version = change->to, .digest = change->digest}};
    unsigned wanted = 0, lifted;

    if (change->kind == CHANGE_REMOVE) {
        *out = got;
        return true;
    }
    if (!powers_digest(&terms->powers, change->name, change->arch, &got.subject.powers, err) ||
        !look_at_powers(change, terms, arena, &got, err) ||
        !look_at_wait(change, &seen, terms, arena, &got, err))
        return false;
    if (change->kind == CHANGE_NEW && change->new_package) {
        got.shut[TRUST_GATE_NEW_PACKAGE] = true;
        got.why[TRUST_GATE_NEW_PACKAGE] =
            text_format(arena, "is new here, and nothing of its source (%.*s) and publisher is",
                        TEXT_ARG(change->source));
    }
    for (enum trust_gate gate = 0; gate < TRUST_GATE_COUNT; gate++) {
        if (got.shut[gate] && got.why[gate].at == NULL)
            return arena_full(arena, err);
        wanted |= got.shut[gate] ? gates[gate].lift : 0;
    }
    lifted = find_lifted(terms, wanted, arena, &got);
    for (enum trust_gate gate = 0; gate < TRUST_GATE_COUNT; gate++)
        got.lifted[gate] = (lifted & gates[gate].lift) != 0;
    *out = got;
    return true;
}

enum trust_gate trust_gates_first(const struct trust_gates *got)
{
    enum trust_gate gate = 0;

    while (gate < TRUST_GATE_COUNT && (!got->shut[gate] || got->lifted[gate]))
        gate++;
    return gate;
}
