/*
 * Drills against our own repository: its server, its line, and the clock of the machine that asks it.
 */
#include "drill/drill_tuf.h"

#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "drill/drill_data.h"
#include "drill/small_tree.h"
#include "drill/victim.h"
#include "store/floors.h"

#define LINE      "the line to our own repository, or its mirror; no key of ours"
#define ONLINE    "our own server, with the keys of timestamp and snapshot; no person's key"
#define NEVER     "2036-01-01T00:00:00Z"
#define YEAR_US   (365 * TIME_DAY_US)
#define ROTATIONS 40

/* A refresh that must be refused. */
static void try_refresh(struct small_tree *tree, const char *alarm)
{
    struct error refusal = {0};

    drill_refused(tree->run, small_tree_refresh(tree, &refusal), &refusal, alarm);
}

static bool honest_refresh(struct small_tree *tree, unsigned version, struct error *err)
{
    const struct small_issue issue = small_issue_of(version);

    small_tree_publish(tree, &issue);
    return small_tree_refresh(tree, err);
}

/* ---- rollback ---- */

bool tuf_part_rollback(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(1);

    drill_attacker(run, ONLINE);
    if (!small_tree_begin(run, &tree, err) || !honest_refresh(&tree, 3, err))
        return false;
    drill_attempt(run, "our timestamp of version 1 again, to a machine that has seen version 3");
    small_tree_publish(&tree, &issue);
    try_refresh(&tree, "rollback: timestamp version 1, older than 3");
    drill_attempt(run, "a new timestamp, signed with the stolen key, that names the old snapshot");
    issue.timestamp = 4;
    small_tree_publish(&tree, &issue);
    try_refresh(&tree, "rollback: timestamp names snapshot version 1, older than 3");
    drill_attempt(run, "a new timestamp and a new snapshot, that bring the old orders back");
    issue.timestamp = issue.snapshot = 5;
    issue.targets = 3;
    small_tree_publish(&tree, &issue);
    try_refresh(&tree, "rollback: snapshot lists");
    drill_nothing_bad(run, run->broken == 0, "the machine's orders stayed those of version 3");
    small_tree_recover(&tree, 6, SERVER);
    return true;
}

/* ---- freeze ---- */

bool tuf_part_freeze(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(2);

    drill_attacker(run, LINE);
    if (!small_tree_begin(run, &tree, err))
        return false;
    issue.expires = "2026-11-28T00:00:00Z";
    small_tree_publish(&tree, &issue);
    if (!small_tree_refresh(&tree, err))
        return false;
    drill_attempt(run, "our last timestamp for weeks, so that no order and no block comes through");
    tree.now_us += 14 * TIME_DAY_US;
    try_refresh(&tree, "freeze: timestamp version 2 expired at 2026-11-28T00:00:00Z");
    drill_nothing_bad(run, run->broken == 0,
                      "the machine says since when nothing new came; what was in force stays in force");
    small_tree_recover(&tree, 3, SERVER);
    return true;
}

/* ---- mix-and-match ---- */

bool tuf_part_mix(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(2);
    struct error refusal = {0};
    struct bytes got;

    drill_attacker(run, LINE "; documents that we signed, but not to be used together");
    if (!small_tree_begin(run, &tree, err))
        return false;
    drill_attempt(
        run, "a snapshot that our server signed, in place of the one that the timestamp names by its hash");
    small_tree_publish(&tree, &issue);
    struct bytes other =
        small_tree_sign(&tree, small_tree_snapshot(&tree, 2, "2027-02-01T00:00:00Z", "targets=1"), SERVER);
    small_tree_serve(&tree, TEXT("2.snapshot.json"), other);
    try_refresh(&tree, "mix-and-match: snapshot is not the file whose length and hash timestamp has");

    drill_attempt(run, "an order of the right name with other bytes than those that people signed");
    issue = small_issue_of(3);
    issue.role = "crisis";
    issue.signers = ANNA BEN;
    issue.file = small_tree_crisis(&tree, "2026-11-21-0001", 7, &issue.path);
    small_tree_publish(&tree, &issue);
    struct bytes forged = small_tree_crisis(&tree, "2026-11-21-0001", 29, &issue.path);
    for (size_t i = 0; i < tree.file_count; i++)
        if (tree.files[i].content.at == issue.file.at)
            tree.files[i].content = forged;
    drill_refused(run, small_tree_get(&tree, issue.path, &got, &refusal), &refusal, "mix-and-match");
    drill_nothing_bad(run, run->broken == 0, "no order was taken that nobody signed");
    small_tree_recover(&tree, 4, SERVER);
    return true;
}

/* ---- endless-data ---- */

bool tuf_part_endless(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    OWN(writer_end) struct writer w = writer_with(MIB);

    drill_attacker(run, ONLINE);
    if (!small_tree_begin(run, &tree, err))
        return false;
    drill_attempt(run, "a timestamp of 200 kilobytes, signed with the stolen key: a real one has 500 bytes");
    writer_string(&w, "{\"_type\":\"timestamp\",\"expires\":\"" SMALL_TREE_UNTIL
                      "\",\"meta\":{\"snapshot.json\":{\"version\":1}},"
                      "\"spec_version\":\"1.0.34\",\"version\":2,\"x-padding\":\"");
    for (size_t i = 0; i < 200 * KIB; i++)
        writer_byte(&w, 'x');
    writer_string(&w, "\"}");
    struct bytes all = writer_bytes(&w);
    small_tree_serve(&tree, TEXT("timestamp.json"),
                     small_tree_sign(&tree, (struct text){(const char *)all.at, all.size}, SERVER));
    try_refresh(&tree, "endless-data: timestamp.json");
    small_tree_recover(&tree, 3, SERVER);
    return true;
}

/* ---- fast-forward ---- */

static bool run_fast_forward(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(2000000000);
    struct error refusal = {0};

    drill_attacker(run, ONLINE);
    if (!small_tree_begin(run, &tree, err))
        return false;
    drill_attempt(run,
                  "timestamp and snapshot of version 2,000,000,000: whatever we sign later is \"older\"");
    issue.targets = issue.roles = 1;
    small_tree_publish(&tree, &issue);
    bool taken = small_tree_refresh(&tree, &refusal);
    drill_held(
        run, taken,
        "taken, since the stolen key signed it: it says nothing of any package or order, and only that "
        "nothing lower follows%s%s",
        taken ? "" : ": ", refusal.text);
    drill_attempt(run, "so that our next honest version is refused, and the machine hears nothing more");
    issue = small_issue_of(2);
    small_tree_publish(&tree, &issue);
    try_refresh(&tree, "rollback: timestamp version 2, older than 2000000000");
    drill_attempt(run, "a root of version 9, so that versions 2 to 8 can never come");
    small_tree_serve_root(
        &tree, 2, small_tree_sign(&tree, small_tree_plain_root(&tree, 9, NEVER, SERVER), ANNA BEN CARLA));
    try_refresh(&tree, "fast-forward: root is version 9, version 2 comes next");

    drill_note(run, "Three people sign a new root that takes the server's key away; with it the floors of "
                    "that key are forgotten.");
    small_tree_serve_root(
        &tree, 2, small_tree_sign(&tree, small_tree_plain_root(&tree, 2, NEVER, NEW_SERVER), ANNA BEN CARLA));
    drill_nothing_bad(run, run->broken == 0,
                      "no package and no order came by it; the machine was deaf until the key was changed");
    small_tree_recover(&tree, 3, NEW_SERVER);
    return true;
}

const struct drill drill_fast_forward = {
    .name = "fast-forward",
    .what = "Version numbers are driven up, so that honest ones never count again.",
    .alarm = "rollback, fast-forward",
    .run = run_fast_forward,
};

/* ---- root-rotation ---- */

/* Three of a window that moves by one key with each root: two of the old ones know each new root. */
static const char *window_of(struct drill_run *run, unsigned version)
{
    return text_format(run->arena, "%c%c%c", (char)('9' + version), (char)('9' + version + 1),
                       (char)('9' + version + 2))
        .at;
}

static struct bytes root_of(const struct small_tree *tree, unsigned version, const char *signers)
{
    const char *keys = window_of(tree->run, version);
    const struct small_role roles[] = {{"root", keys, 2, NULL},
                                       {"snapshot", SERVER, 1, NULL},
                                       {"targets", ANNA BEN CARLA, 2, NULL},
                                       {"timestamp", SERVER, 1, NULL}};

    return small_tree_sign(tree, small_tree_root(tree, version, NEVER, roles), signers);
}

static bool run_rotation(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct error refusal = {0};

    drill_attacker(
        run, "the keys of all roots but the last ones, bought from people who left; the line to the machine");
    if (!small_tree_begin(run, &tree, err))
        return false;
    /* From the first root, of everybody, into the window; from then on two of three sign with their successors. */
    for (unsigned version = 2; version <= ROTATIONS; version++) {
        const char *before = version == 2 ? EVERYBODY : window_of(run, version - 1);
        struct text signers = text_format(run->arena, "%s%c", before, (char)('9' + version + 2));
        if (version == 2)
            signers = text_format(run->arena, "%s%s", ANNA BEN CARLA, window_of(run, 2));
        small_tree_serve_root(&tree, version, root_of(&tree, version, signers.at));
    }
    drill_attempt(run, "a machine that slept for two years and %d roots is told nothing of them",
                  ROTATIONS - 1);
    bool through = small_tree_refresh(&tree, &refusal);
    drill_held(run, through, "%s%s",
               through ? "it went through all of them, each signed by enough of the one before"
                       : "it stopped: ",
               refusal.text);
    drill_attempt(run, "a root of version %d, signed by all keys of the first twenty roots", ROTATIONS + 1);
    struct bytes forged = small_tree_sign(&tree, small_tree_plain_root(&tree, ROTATIONS + 1, NEVER, THIEF),
                                          EVERYBODY ";<=>?@ABCDEFGHIJKLM");
    small_tree_serve_root(&tree, ROTATIONS + 1, forged);
    try_refresh(&tree, "threshold: root: 0 of 2 needed signatures");
    drill_attempt(run, "a root that leaves one version out, signed by who may");
    small_tree_serve_root(&tree, ROTATIONS + 1, root_of(&tree, ROTATIONS + 2, window_of(run, ROTATIONS)));
    try_refresh(&tree, "threshold: root: 1 of 2 needed signatures");
    small_tree_serve_root(&tree, ROTATIONS + 1, (struct bytes){0});
    drill_nothing_bad(run, run->broken == 0,
                      "no root was taken that the people of the last one had not signed");
    small_tree_recover(&tree, 2, SERVER);
    return true;
}

const struct drill drill_root_rotation = {
    .name = "root-rotation",
    .what = "Forty changes of the people who may sign, and thieves among those who left.",
    .alarm = "threshold",
    .run = run_rotation,
};

/* ---- expired-root ---- */

static bool run_expired(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};

    drill_attacker(
        run, LINE
        "; a root of ours that has expired, because people forgot it, or because he keeps the next one back");
    if (!small_tree_begin(run, &tree, err) || !small_tree_refresh(&tree, err))
        return false;
    tree.now_us += 2 * YEAR_US;
    drill_attempt(run, "the old root, two years on, with a timestamp that is still good");
    struct small_issue issue = small_issue_of(2);
    issue.expires = NEVER;
    small_tree_publish(&tree, &issue);
    try_refresh(&tree, "freeze: root version 1 expired");
    drill_note(run, "The machine goes on with what it has, and says so; the next root, signed by the people "
                    "of the expired one, mends it.");
    small_tree_serve_root(
        &tree, 2, small_tree_sign(&tree, small_tree_plain_root(&tree, 2, NEVER, SERVER), ANNA BEN CARLA));
    tree.now_us = run->now_us;
    drill_nothing_bad(run, run->broken == 0, "nothing was believed on the word of an expired root");
    small_tree_recover(&tree, 3, SERVER);
    return true;
}

const struct drill drill_expired_root = {
    .name = "expired-root",
    .what = "The root of trust has expired, and whoever holds the line likes it so.",
    .alarm = "freeze",
    .run = run_expired,
};

/* ---- clock-off ---- */

static bool vendor_by_clock(struct drill_run *run, struct error *err)
{
    struct victim victim;
    struct text why;
    struct error refusal = {0};

    if (!victim_make(run, "victim", &victim, err))
        return false;
    const struct plan_change change = victim_change(&victim, "2.0", drill_data("lantern_2.0.deb"));
    const int64_t right_us = run->now_us;
    drill_attempt(run, "five years ahead: the vendor's list seems to have ended long ago");
    run->now_us = right_us + 5 * YEAR_US;
    bool looked = victim_look(&victim, VICTIM_SUITE, &why, err);
    drill_refused(run, !looked || victim_update(&victim, &change, &refusal), &refusal, "freeze");
    run->now_us = right_us;
    if (!looked)
        return false;
    drill_note(run, "The clock is set right: what was seen with the wrong one locks nothing out.");
    victim_recover(&victim);
    return true;
}

static bool ours_by_clock(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    const char *path = file_path(run->arena, run->folder, "floors");
    struct floors *floors = NULL;
    int64_t signed_us = run->now_us - TIME_HOUR_US;

    if (path == NULL)
        return arena_full(run->arena, err);
    if (!small_tree_begin(run, &tree, err) || !small_tree_refresh(&tree, err))
        return false;
    drill_attempt(run, "five years ahead: our own metadata seems to have expired");
    tree.now_us = run->now_us + 5 * YEAR_US;
    try_refresh(&tree, "freeze: root version 1 expired");

    if (!floors_read(path, run->arena, &floors, err) ||
        !floors_raise(floors, FLOORS_SIGNED_TIME, TEXT(""), signed_us, err) ||
        !floors_write(floors, path, err) || !floors_read(path, run->arena, &floors, err))
        return false;
    drill_attempt(
        run,
        "five years back, with a timestamp of last week that has expired since: to that clock it is new");
    struct small_issue issue = small_issue_of(2);
    issue.expires = "2026-11-20T00:00:00Z";
    small_tree_publish(&tree, &issue);
    tree.now_us = floors_now(floors, run->now_us - 5 * YEAR_US);
    try_refresh(&tree, "freeze: timestamp version 2 expired");
    drill_note(run, "What was signed last is a floor under the clock: the machine judges by that, whatever "
                    "the clock says.");
    drill_nothing_bad(
        run, run->broken == 0,
        "nothing was installed or obeyed that was too old, and nothing was locked out for ever");
    tree.now_us = run->now_us;
    small_tree_recover(&tree, 3, SERVER);
    return true;
}

static bool run_clock(struct drill_run *run, struct error *err)
{
    drill_attacker(run, "the machine's clock: its battery, or the time that its network tells it");
    return vendor_by_clock(run, err) && ours_by_clock(run, err);
}

const struct drill drill_clock_off = {
    .name = "clock-off",
    .what = "The clock is five years ahead, and five years back.",
    .alarm = "freeze",
    .run = run_clock,
};
