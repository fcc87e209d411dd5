/*
 * Drills in which a vendor's own signature is on the attacker's side: his archive was hacked, or another vendor's.
 */
#include "base/limits.h"
#include "drill/drill_data.h"
#include "drill/victim.h"

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
