/*
 * Drills in which a vendor's own signature is on the attacker's side: his archive was hacked, or another vendor's.
 */
#include "base/limits.h"
#include "drill/drill_data.h"
#include "drill/victim.h"

#define EVERY_POWER (~UINT32_C(0))

/* Fetches, and is then asked to prove and install: a refusal before the fetch is one too. */
static void try_update(const struct victim *victim, const struct plan_change *change, const char *alarm)
{
    struct error refusal = {0};

    drill_refused(victim->run, victim_update(victim, change, &refusal), &refusal, alarm);
}

/* ---- shadowed-package ---- */

static bool run_shadowed(struct drill_run *run, struct error *err)
{
    struct victim victim;

    drill_attacker(
        run,
        "a small vendor's archive and its key, which this machine believes: for that vendor's own programs");
    if (!victim_make(run, "victim", &victim, err) || !victim_describe_vendor(&victim, 1, false, err) ||
        !victim_add_source(&victim, "shop", "shop.gpg", err) ||
        !victim_serve(&victim, "shop", "shop.inrelease", "shop.packages", err) ||
        !victim_put_deb(&victim, "lantern_3.0_amd64.deb", drill_data("lantern_3.0_bad.deb"), err))
        return false;
    struct plan_change change = victim_change(&victim, "3.0", drill_data("lantern_3.0_bad.deb"));
    change.suite = TEXT("shop");
    drill_attempt(
        run,
        "his own lantern 3.0, higher than the 2.0 of the vendor who makes lantern, well signed in his list");
    try_update(&victim, &change, "scope");
    victim_judge(&victim);
    victim_recover(&victim);
    return true;
}

const struct drill drill_shadowed_package = {
    .name = "shadowed-package",
    .what = "Another vendor's archive has a higher version of a package that is not his.",
    .alarm = "scope",
    .run = run_shadowed,
};

/* ---- solarwinds ---- */

static struct gate_place gate_of(const struct victim *victim)
{
    return (struct gate_place){.state = victim->state,
                               .clock_us = victim->run->now_us,
                               .lanes = {.functional_wait_us = 7 * TIME_DAY_US},
                               .held_powers = EVERY_POWER};
}

/* The honest update brings a script too: a person looks at it, and approves of exactly these bytes. */
static void recover_by_approval(struct victim *victim)
{
    const struct plan_change change = victim_change(victim, "2.0", drill_data("lantern_2.0.deb"));
    struct drill_run *run = victim->run;
    struct trust_gates gates = {0};
    struct error err = {0};
    bool held = victim_serve(victim, VICTIM_SUITE, "honest.inrelease", "honest.packages", &err) &&
                victim_remember(victim, &change, run->now_us - 14 * TIME_DAY_US, run->now_us, &err) &&
                !victim_update(victim, &change, &err) &&
                text_find(text_of(err.text), TEXT("powers")) != SIZE_MAX;

    if (!held || !victim_look_at_gates(victim, &change, &gates, &err) ||
        !gate_approve(victim->state, &gates.subject, SIGNED_ORDER_LIFTS_POWERS, TEXT("anna"), run->now_us,
                      run->arena, &err) ||
        !victim_update(victim, &change, &err)) {
        drill_recovered(run, false, "the honest update could not be approved and installed: %s", err.text);
        return;
    }
    drill_recovered(
        run, victim_ran(victim, "lantern 2.0"),
        "the honest lantern 2.0 was held for its script too, approved by a person, and installed");
}

/* Serves the hacked vendor's list; on a machine of its own, that looks at it so long after it first saw the version. */
static bool begin_hacked(struct drill_run *run, const char *name, const char *list, const char *deb,
                         int64_t after_us, struct victim *victim, struct plan_change *change,
                         struct error *err)
{
    struct text inrelease = text_format(run->arena, "%s.inrelease", list),
                packages = text_format(run->arena, "%s.packages", list);

    if (inrelease.at == NULL || packages.at == NULL)
        return arena_full(run->arena, err);
    if (!victim_make(run, name, victim, err) ||
        !victim_serve(victim, VICTIM_SUITE, inrelease.at, packages.at, err) ||
        !victim_put_deb(victim, "lantern_3.0_amd64.deb", drill_data(deb), err))
        return false;
    *change = victim_change(victim, "3.0", drill_data(deb));
    change->lane = LANE_FUNCTIONAL;
    return victim_remember(victim, change, run->now_us - after_us, run->now_us, err);
}

static bool run_solarwinds(struct drill_run *run, struct error *err)
{
    struct victim first, later, quiet;
    struct gate_place gate;
    struct plan_change change;
    struct error refusal = {0};

    drill_attacker(
        run, "the vendor himself: his build machine and his key. What he signs is what the vendor signs");
    if (!begin_hacked(run, "first", "hacked", "lantern_3.0_bad.deb", TIME_HOUR_US, &first, &change, err))
        return false;
    gate = gate_of(&first);
    gate.held_powers = 0; /* on a machine that takes new powers: the wait alone is looked at */
    first.gate = &gate;
    drill_attempt(run, "lantern 3.0, an hour after the vendor's archive first had it");
    try_update(&first, &change, "soak: it waits until");

    if (!begin_hacked(run, "later", "hacked", "lantern_3.0_bad.deb", 14 * TIME_DAY_US, &later, &change, err))
        return false;
    gate = gate_of(&later);
    later.gate = &gate;
    drill_attempt(
        run, "the same two weeks later, and nobody has found it out: it brings a script that runs as root");
    try_update(&later, &change, "powers: it brings a new maintainer script");

    if (!begin_hacked(run, "quiet", "quiet", "lantern_3.0_quiet.deb", 14 * TIME_DAY_US, &quiet, &change, err))
        return false;
    gate = gate_of(&quiet);
    quiet.gate = &gate;
    drill_attempt(run, "two weeks later, and without a file that looks new: what it does is inside a program "
                       "that was there before");
    bool taken = victim_update(&quiet, &change, &refusal);
    drill_note(
        run, "%s",
        taken
            ? "It is installed: nobody outside the vendor can tell it from a good one. This is what is not "
              "promised "
              "(doc/threats.md): it was bounded to two weeks in which others could find it, any one operator "
              "stops it with a block, and there is a way back."
            : refusal.text);
    drill_held(run, taken, "%s",
               taken ? "as said, and no more than said" : "something else stood in its way");

    bool ran = victim_ran(&first, "bad") || victim_ran(&later, "bad");
    drill_nothing_bad(run, !ran, "no script of his ran, neither at once nor after two weeks");
    gate = gate_of(&later);
    later.gate = &gate;
    recover_by_approval(&later);
    return true;
}

const struct drill drill_solarwinds = {
    .name = "solarwinds",
    .what = "A malicious update with the vendor's own valid signature (SolarWinds).",
    .alarm = "soak, powers",
    .run = run_solarwinds,
};

/* ---- medoc ---- */

static bool run_medoc(struct drill_run *run, struct error *err)
{
    struct victim victim;
    struct gate_place gate;

    drill_attacker(
        run, "the server of a small vendor whose program everybody in the country must have, and its key");
    if (!victim_make(run, "victim", &victim, err) || !victim_describe_vendor(&victim, 1, false, err) ||
        !victim_add_source(&victim, "shop", "shop.gpg", err) ||
        !victim_serve(&victim, "shop", "shop.inrelease", "shop.packages", err) ||
        !victim_put_deb(&victim, "till_1.1_amd64.deb", drill_data("till_1.1_bad.deb"), err))
        return false;
    gate = gate_of(&victim);
    victim.gate = &gate;
    struct plan_change change = victim_change(&victim, "1.1", drill_data("till_1.1_bad.deb"));
    change.name = change.source = TEXT("till");
    change.file = TEXT("pool/till_1.1_amd64.deb");
    change.suite = TEXT("shop");
    change.from = TEXT("1.0");
    change.lane = LANE_SECURITY;
    drill_attempt(
        run, "a till 1.1 that calls itself a security fix, so that it need not wait, and brings a script");
    try_update(&victim, &change, "powers: it brings a new maintainer script");

    change.kind = CHANGE_NEW;
    change.from = TEXT("");
    change.new_package = true;
    gate.held_powers = 0;
    drill_attempt(
        run,
        "the same as a new package, which nobody here has asked for, on a machine that takes new powers");
    try_update(&victim, &change, "new-package: it is new here");
    victim_judge(&victim);
    gate = gate_of(&victim);
    recover_by_approval(&victim);
    return true;
}

const struct drill drill_medoc = {
    .name = "medoc",
    .what = "A small vendor's update server is hacked, and with it everybody who must have his program "
            "(M.E.Doc).",
    .alarm = "powers, new-package",
    .run = run_medoc,
};
