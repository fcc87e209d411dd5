/*
 * Drills against the chain from the vendor's signature to a package's bytes: the attacker has a mirror, or sits between.
 */
#include "base/file.h"
#include "drill/drill_data.h"
#include "drill/drill_tuf.h"
#include "drill/victim.h"

#define MIRROR                                                                                               \
    "the mirror, or the line to it: every byte that comes from there is his; no key of the vendor's"

/* Serves a list and tries to have a package of it installed; what the operator reads of the list stands above. */
static bool try_list(const struct victim *victim, const char *inrelease, const char *packages,
                     const struct plan_change *change, const char *alarm, struct error *err)
{
    struct error refusal = {0};
    struct text why;

    if (!victim_serve(victim, VICTIM_SUITE, inrelease, packages, err) ||
        !victim_look(victim, VICTIM_SUITE, &why, err))
        return false;
    bool believed = victim_update(victim, change, &refusal);
    if (why.size > 0)
        drill_note(victim->run, "the list: %.*s", TEXT_ARG(why));
    drill_refused(victim->run, believed, &refusal, alarm);
    return true;
}

/* ---- forged-inrelease ---- */

static const struct {
    const char *inrelease;
    const char *what;
    const char *why; /* what must be said of the list */
} forgeries[] = {
    {"forged-unsigned.inrelease", "his own list, not signed at all", "is not signed"},
    {"forged-empty.inrelease", "an empty InRelease", "is not signed"},
    {"forged-stranger.inrelease", "his own list, signed with a key of his own",
     "the key is not in the keyring"},
    {"forged-changed.inrelease",
     "the vendor's signature under another text: gpgv says 1, and writes the forged text out all the same",
     "the text is not what was signed"},
    {"forged-revoked.inrelease", "a stolen key that the vendor took back: gpgv says VALIDSIG, and 0",
     "the key is revoked"},
    {"forged-expired-key.inrelease", "a stolen key that has expired: gpgv says VALIDSIG, and 0",
     "the key has expired"},
    {"forged-expired-signature.inrelease", "a signature that has expired: gpgv says VALIDSIG",
     "the signature has expired"},
    {"forged-sha1.inrelease", "a signature over SHA-1, for which other texts can be made",
     "the signature's digest is weaker than SHA-256"},
    {"forged-in-front.inrelease", "his list in front of the vendor's signed one", "hash"},
    {"forged-behind.inrelease", "his list behind the vendor's signed one", "hash"},
    {"forged-first-text.inrelease", "two signed texts in one file, his own first",
     "more than one signed text"},
    {"forged-second-text.inrelease", "two signed texts in one file, his own last",
     "more than one signed text"},
    {"forged-not-clear.inrelease", "a signed message that is no clear-signed list",
     "is not exactly one clear-signed text"},
    {"forged-detached.inrelease", "a signature without its text", "is not signed"},
};

/* One key of those in the keyring is named by the source: no other may sign for it. */
static bool try_other_keys(const struct victim *victim, const struct plan_change *change, struct error *err)
{
    static const struct {
        const char *inrelease, *what;
    } rows[] = {
        {"forged-partner.inrelease", "another key that the machine has too, but not for this source"},
        {"forged-stranger-and-partner.inrelease", "two signatures, of his own key and of that other one"},
    };
    struct bytes fingerprint = drill_data("vendor.fingerprint");
    struct text named =
        text_format(victim->run->arena, "%.*s", (int)fingerprint.size, (const char *)fingerprint.at);

    if (named.at == NULL)
        return arena_full(victim->run->arena, err);
    if (!victim_sign_by(victim, named.at, err))
        return false;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        drill_attempt(victim->run, "%s", rows[i].what);
        if (!try_list(victim, rows[i].inrelease, "forged.packages", change, "vendor-signature", err))
            return false;
    }
    return true;
}

/* Who signs which suite is known, and that two keys do: one stolen key is one. */
static bool try_one_of_two(struct drill_run *run, struct error *err)
{
    struct victim victim;

    if (!victim_make(run, "described", &victim, err) || !victim_describe_vendor(&victim, 2, true, err) ||
        !victim_put_deb(&victim, "lantern_3.0_amd64.deb", drill_data("lantern_3.0_bad.deb"), err))
        return false;
    const struct plan_change change = victim_change(&victim, "3.0", drill_data("lantern_3.0_bad.deb"));
    drill_attempt(run,
                  "one of the vendor's two keys, stolen: his list is well signed with it, and with no other");
    if (!try_list(&victim, "hacked.inrelease", "hacked.packages", &change, "vendor-signature: ", err))
        return false;
    victim_judge(&victim);
    return victim_forget_vendor(&victim, err);
}

static bool run_forged(struct drill_run *run, struct error *err)
{
    struct victim victim;
    struct text why;

    drill_attacker(run, MIRROR);
    if (!victim_make(run, "victim", &victim, err) ||
        !victim_put_deb(&victim, "lantern_2.0_amd64.deb", drill_data("lantern_2.0_bad.deb"), err))
        return false;
    const struct plan_change change = victim_change(&victim, "2.0", drill_data("lantern_2.0_bad.deb"));
    for (size_t i = 0; i < sizeof(forgeries) / sizeof(*forgeries); i++) {
        drill_attempt(run, "%s", forgeries[i].what);
        if (!try_list(&victim, forgeries[i].inrelease, "forged.packages", &change, "vendor-signature", err) ||
            !victim_look(&victim, VICTIM_SUITE, &why, err))
            return false;
        if (text_find(why, text_of(forgeries[i].why)) == SIZE_MAX)
            drill_held(run, false, "the list should have been refused with \"%s\"", forgeries[i].why);
    }
    if (!try_other_keys(&victim, &change, err))
        return false;
    if (!try_one_of_two(run, err))
        return false;
    victim_judge(&victim);
    victim_recover(&victim);
    return true;
}

const struct drill drill_forged_inrelease = {
    .name = "forged-inrelease",
    .what = "A list of packages is forged in every way that gpgv's exit status does not tell.",
    .alarm = "vendor-signature",
    .run = run_forged,
};

/* ---- rollback ---- */

static bool run_rollback(struct drill_run *run, struct error *err)
{
    struct victim victim;
    struct text why;

    drill_attacker(run,
                   MIRROR "; lists and packages that the vendor signed in earlier weeks, with known holes");
    if (!victim_make(run, "victim", &victim, err) || !victim_look(&victim, VICTIM_SUITE, &why, err) ||
        !victim_put_deb(&victim, "lantern_1.5_amd64.deb", drill_data("lantern_1.5.deb"), err))
        return false;
    struct plan_change change = victim_change(&victim, "1.5", drill_data("lantern_1.5.deb"));
    drill_attempt(run,
                  "the vendor's list of three weeks ago, well signed, in which lantern 1.5 is the newest");
    if (!try_list(&victim, "older.inrelease", "older.packages", &change, "rollback: its list is older", err))
        return false;
    struct victim fresh;
    if (!victim_make(run, "fresh", &fresh, err) ||
        !victim_put_deb(&fresh, "lantern_1.5_amd64.deb", drill_data("lantern_1.5.deb"), err))
        return false;
    change = victim_change(&fresh, "1.5", drill_data("lantern_1.5.deb"));
    change.from = TEXT("2.0");
    drill_attempt(run, "a machine that never saw a newer list: an \"upgrade\" from 2.0 to 1.5");
    if (!try_list(&fresh, "older.inrelease", "older.packages", &change, "rollback: upgrade from", err))
        return false;
    drill_nothing_bad(run, !victim_ran(&victim, "lantern 1.5") && !victim_ran(&fresh, "lantern 1.5"),
                      "lantern 1.5, the one with the hole, was not installed");
    victim_recover(&victim);
    if (!victim_look(&victim, VICTIM_SUITE, &why, err))
        return false;
    const char *memory = file_path(run->arena, victim.state, "verified");
    if (memory == NULL)
        return arena_full(run->arena, err);
    change = victim_change(&victim, "1.5", drill_data("lantern_1.5.deb"));
    drill_attempt(
        run, "the old list again, to a machine that has lost its memory of lists (a full disk, a cleaner)");
    if (!file_remove_tree(memory, err) ||
        !try_list(&victim, "older.inrelease", "older.packages", &change, "rollback: its list is older", err))
        return false;
    return tuf_part_rollback(run, err);
}

const struct drill drill_rollback = {
    .name = "rollback",
    .what = "Old lists and versions with known holes are served again, all of them well signed.",
    .alarm = "rollback",
    .run = run_rollback,
};

/* ---- freeze ---- */

static bool run_freeze(struct drill_run *run, struct error *err)
{
    struct victim victim;

    drill_attacker(run, MIRROR "; he keeps the vendor's newer lists back, so that a hole stays open");
    if (!victim_make(run, "victim", &victim, err) ||
        !victim_put_deb(&victim, "lantern_1.5_amd64.deb", drill_data("lantern_1.5.deb"), err))
        return false;
    const struct plan_change change = victim_change(&victim, "1.5", drill_data("lantern_1.5.deb"));
    drill_attempt(run, "the vendor's last list but one, two weeks past its own end");
    if (!try_list(&victim, "week.inrelease", "older.packages", &change, "freeze", err))
        return false;
    drill_nothing_bad(run, !victim_ran(&victim, "lantern 1.5"), "nothing was installed from the old list");
    victim_recover(&victim);
    if (!victim_describe_vendor(&victim, 1, true, err))
        return false;
    drill_attempt(
        run, "a list that never had an end of its own, from a vendor who is known to make one every week");
    if (!try_list(&victim, "no-end.inrelease", "older.packages", &change, "freeze", err))
        return false;
    return tuf_part_freeze(run, err);
}

const struct drill drill_freeze = {
    .name = "freeze",
    .what = "Newer lists are kept back, so that the machine goes on believing an old one.",
    .alarm = "freeze",
    .run = run_freeze,
};

/* ---- mix-and-match ---- */

static bool run_mix(struct drill_run *run, struct error *err)
{
    struct victim victim;
    struct error refusal = {0};

    drill_attacker(run, MIRROR "; or our own server, and writes its plans");
    if (!victim_make(run, "victim", &victim, err) ||
        !victim_put_deb(&victim, "lantern_2.0_amd64.deb", drill_data("lantern_2.0_bad.deb"), err))
        return false;
    struct plan_change bad = victim_change(&victim, "2.0", drill_data("lantern_2.0_bad.deb"));
    drill_attempt(run, "the vendor's newest InRelease, with a list of packages that it does not name");
    if (!try_list(&victim, "honest.inrelease", "forged.packages", &bad, "vendor-signature", err))
        return false;
    drill_attempt(run, "an honest list, and a plan that names other bytes than the list does");
    if (!try_list(&victim, "honest.inrelease", "honest.packages", &bad, "vendor-signature", err))
        return false;
    struct trusted_artifact artifact;
    drill_attempt(
        run, "the same, and his package lies among the fetched ones already: whoever fetches is his too");
    if (!victim_plant(&victim, &bad, drill_data("lantern_2.0_bad.deb"), err))
        return false;
    bool believed =
        victim_prove(&victim, &bad, &artifact, &refusal) && victim_install(&victim, &artifact, err);
    drill_refused(run, believed, &refusal, "mix-and-match: the plan's");
    struct plan_change honest = victim_change(&victim, "2.0", drill_data("lantern_2.0.deb"));
    drill_attempt(run,
                  "an honest list, an honest plan, and other bytes under the package's name on the mirror");
    drill_refused(run, victim_update(&victim, &honest, &refusal), &refusal,
                  "sent something else than what was signed");
    victim_judge(&victim);
    victim_recover(&victim);
    return tuf_part_mix(run, err);
}

const struct drill drill_mix_and_match = {
    .name = "mix-and-match",
    .what = "Parts that were signed, but never together, are put together.",
    .alarm = "vendor-signature, mix-and-match",
    .run = run_mix,
};

/* ---- suite-swap ---- */

static bool run_swap(struct drill_run *run, struct error *err)
{
    struct victim victim;
    struct error refusal = {0};

    drill_attacker(run, "our own server, and writes its plans; the vendor's archive has other suites, where "
                        "other rules hold");
    if (!victim_make(run, "victim", &victim, err) ||
        !victim_add_source(&victim, "testing", VICTIM_VENDOR, err) ||
        !victim_serve(&victim, "testing", "testing.inrelease", "hacked.packages", err) ||
        !victim_put_deb(&victim, "lantern_3.0_amd64.deb", drill_data("lantern_3.0_bad.deb"), err))
        return false;
    const struct plan_change change = victim_change(&victim, "3.0", drill_data("lantern_3.0_bad.deb"));
    drill_attempt(
        run,
        "lantern 3.0, which the vendor signed for testing alone, in a plan that calls it a security update");
    drill_refused(run, victim_update(&victim, &change, &refusal), &refusal, "scope: the plan's suite");
    struct victim described;
    if (!victim_make(run, "described", &described, err) ||
        !victim_describe_vendor(&described, 1, true, err) ||
        !victim_put_deb(&described, "lantern_3.0_amd64.deb", drill_data("lantern_3.0_bad.deb"), err))
        return false;
    const struct plan_change swapped = victim_change(&described, "3.0", drill_data("lantern_3.0_bad.deb"));
    drill_attempt(run, "the whole signed list of testing, sent where the security updates were asked for");
    if (!try_list(&described, "testing.inrelease", "hacked.packages", &swapped, "mix-and-match", err))
        return false;
    victim_judge(&described);
    victim_judge(&victim);
    victim_recover(&victim);
    return true;
}

const struct drill drill_suite_swap = {
    .name = "suite-swap",
    .what = "A package of one suite is passed off as another's.",
    .alarm = "scope, mix-and-match",
    .run = run_swap,
};

/* ---- wsuspect ---- */

static bool run_wsuspect(struct drill_run *run, struct error *err)
{
    struct victim victim;

    drill_attacker(run,
                   MIRROR "; a program that the vendor signed for another purpose and that opens a door");
    if (!victim_make(run, "victim", &victim, err) ||
        !victim_put_deb(&victim, "lantern_2.0_amd64.deb", drill_data("opener_1.0.deb"), err) ||
        !victim_put_deb(&victim, "lantern_2.1_amd64.deb", drill_data("opener_1.0.deb"), err))
        return false;
    struct plan_change change = victim_change(&victim, "2.0", drill_data("opener_1.0.deb"));
    drill_attempt(
        run,
        "the signed opener as an update of lantern: the plan names its bytes, which are in a signed list");
    if (!try_list(&victim, "honest.inrelease", "honest.packages", &change, "vendor-signature", err))
        return false;
    change = victim_change(&victim, "2.1", drill_data("opener_1.0.deb"));
    drill_attempt(run, "the same in a list where the vendor himself has mistaken it for lantern 2.1");
    if (!try_list(&victim, "mislabelled.inrelease", "mislabelled.packages", &change, "mix-and-match", err))
        return false;
    victim_judge(&victim);
    struct victim other;
    if (!victim_make(run, "other", &other, err))
        return false;
    victim_recover(&other);
    return true;
}

const struct drill drill_wsuspect = {
    .name = "wsuspect",
    .what = "A binary that is well signed, but another one than the update (WSUSpect).",
    .alarm = "vendor-signature, mix-and-match",
    .run = run_wsuspect,
};
