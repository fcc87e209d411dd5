/*
 * Drills against people and their keys: what one stolen key, all online keys, or one dishonest person can do.
 */
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "drill/drill_data.h"
#include "drill/follower.h"

#define NEVER "2036-01-01T00:00:00Z"

/* A role's document is signed by these; must be refused. */
static void try_issue(struct small_tree *tree, const struct small_issue *issue, const char *alarm)
{
    struct error refusal = {0};
    struct bytes got;

    small_tree_publish(tree, issue);
    drill_refused(tree->run, small_tree_get(tree, issue->path, &got, &refusal), &refusal, alarm);
}

/* ---- key-ladder ---- */

static const struct {
    const char *role, *path;
} goals[] = {
    {"crisis", "orders/crisis/2026-11-21-0bad.json"},
    {"approval", "orders/approval/2026-11-21-0bad.json"},
    {"policy", "policy/policy.yaml"},
    {"publishers", "publishers/publishers.yaml"},
    {"release", "release/suture_9.9_amd64.deb"},
    {"local", "local/tool_1.0_amd64.deb"},
};

/* *wrong: what was believed, or refused for another reason than the missing signatures. */
static void judge_step(bool believed, const struct error *refusal, const char *goal, const char **wrong,
                       struct error *last)
{
    if (believed || strstr(refusal->text, "threshold: ") == NULL)
        *wrong = goal;
    *last = *refusal;
}

/* With `keys` and the server's: each goal in turn, then the documents that say who may sign. */
static bool climb(struct small_tree *tree, const char *keys, unsigned *version, size_t *tries,
                  const char **wrong, struct error *last)
{
    struct small_issue issue;
    struct error refusal = {0};
    struct bytes got;

    for (size_t i = 0; i < sizeof(goals) / sizeof(*goals); i++, ++*tries) {
        issue = small_issue_of(++*version);
        issue.role = goals[i].role;
        issue.path = text_of(goals[i].path);
        issue.file = BYTES("what the thief would like it to say");
        issue.signers = keys;
        small_tree_publish(tree, &issue);
        bool believed = small_tree_get(tree, issue.path, &got, &refusal);
        judge_step(believed, &refusal, goals[i].role, wrong, last);
    }
    issue = small_issue_of(++*version);
    issue.targets_signers = keys;
    small_tree_publish(tree, &issue);
    ++*tries;
    judge_step(small_tree_refresh(tree, &refusal), &refusal, "targets", wrong, last);
    small_tree_serve_root(tree, 2, small_tree_sign(tree, small_tree_plain_root(tree, 2, NEVER, THIEF), keys));
    ++*tries;
    judge_step(small_tree_refresh(tree, &refusal), &refusal, "root", wrong, last);
    small_tree_serve_root(tree, 2, (struct bytes){0});
    return *wrong == NULL;
}

static bool run_ladder(struct drill_run *run, struct error *err)
{
    static const struct {
        const char *keys, *what;
    } steps[] = {
        {ANNA, "Anna's key, and all keys of the server"},
        {BEN, "Ben's key, and all keys of the server"},
        {CARLA, "Carla's key, and all keys of the server"},
        {DAN, "Dan's key, and all keys of the server"},
        {EVE, "Eve's key, and all keys of the server"},
        {SERVER, "all online keys, and root on the server"},
        {THIEF, "a key of his own, and all keys of the server"},
    };
    OWN(small_tree_end) struct small_tree tree = {0};
    unsigned version = 1;

    drill_attacker(
        run, "one key of ours after the other, each time with the server and all its online keys besides");
    if (!small_tree_begin(run, &tree, err) || !small_tree_refresh(&tree, err))
        return false;
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        const char *believed = NULL;
        struct error last = {0};
        size_t tries = 0;
        drill_attempt(run,
                      "%s: orders, approvals, the policy, vendors' keys, our own agent, local software, who "
                      "may sign at all",
                      steps[i].what);
        bool held = climb(&tree, steps[i].keys, &version, &tries, &believed, &last);
        drill_held(run, held, "%zu documents%s%s; the last: %s", tries,
                   held ? ", none believed" : "; not refused as it should: ", held ? "" : believed,
                   last.text);
    }
    drill_attempt(
        run,
        "the one thing that one person's key can do: a block, which stops a package and installs nothing");
    struct small_issue issue = small_issue_of(++version);
    struct error refusal = {0};
    struct bytes got;
    issue.role = "block";
    issue.path = TEXT("orders/block/2026-11-21-0bad.json");
    issue.file = BYTES("a block");
    issue.signers = EVE;
    small_tree_publish(&tree, &issue);
    bool stopped = small_tree_get(&tree, issue.path, &got, &refusal);
    drill_held(
        run, stopped, "%s",
        stopped ? "taken: any one operator may stop, and it decays in 72 hours unless a second one confirms"
                : refusal.text);
    drill_nothing_bad(run, run->broken == 0,
                      "no order, policy, key or package was believed that fewer people signed than it needs");
    small_tree_recover(&tree, version + 1, SERVER);
    return true;
}

const struct drill drill_key_ladder = {
    .name = "key-ladder",
    .what = "Each key stolen alone, then all keys of the server.",
    .alarm = "threshold",
    .run = run_ladder,
};

/* ---- thresholds ---- */

#define APPROVAL "orders/approval/2026-11-21-0bad.json"

static struct small_issue forged_approval(unsigned version, const struct small_role *delegations,
                                          const char *signers)
{
    struct small_issue issue = small_issue_of(version);

    issue.delegations = delegations;
    issue.role = "approval";
    issue.path = TEXT(APPROVAL);
    issue.file = BYTES("an approval that nobody gave");
    issue.signers = signers;
    return issue;
}

/* The same delegation with something else in its text: what our own writer never writes. */
static void publish_edited(struct small_tree *tree, const struct small_issue *issue, const char *from,
                           const char *to)
{
    struct arena *arena = tree->run->arena;

    small_tree_publish(tree, issue);
    struct text document =
        small_tree_targets(tree, issue->targets, NEVER, issue->delegations, TEXT(""), (struct bytes){0});
    size_t at = document.at == NULL ? SIZE_MAX : text_find(document, text_of(from));
    if (at == SIZE_MAX)
        return;
    struct text edited =
        text_format(arena, "%.*s%s%s", (int)at, document.at, to, document.at + at + strlen(from));
    small_tree_serve(tree, text_format(arena, "%u.targets.json", issue->targets),
                     small_tree_sign(tree, edited, issue->targets_signers));
}

static void try_edited(struct small_tree *tree, const struct small_issue *issue, const char *from,
                       const char *to, const char *alarm)
{
    struct error refusal = {0};
    struct bytes got;

    publish_edited(tree, issue, from, to);
    drill_refused(tree->run, small_tree_get(tree, issue->path, &got, &refusal), &refusal, alarm);
}

/* Two roles delegate to a third with different keys: whoever comes first would decide. */
static bool try_diamond(struct small_tree *tree, unsigned version, struct error *err)
{
    static const struct small_role top[] = {
        {"left", ANNA, 1, "orders/*"}, {"right", BEN, 1, "orders/*/*"}, {0}};
    static const struct small_role left[] = {{"both", ANNA, 1, "orders/*"}, {0}};
    static const struct small_role right[] = {{"both", THIEF, 1, "orders/*/*"}, {0}};
    struct arena *arena = tree->run->arena;
    struct small_issue issue = small_issue_of(version);
    struct error refusal = {0};
    struct bytes got, file = BYTES("an approval that nobody gave");
    struct text path = TEXT(APPROVAL), name;
    struct digest digest;

    issue.delegations = top;
    small_tree_publish(tree, &issue);
    struct text names =
        text_format(arena, "both=%u left=%u right=%u targets=%u", version, version, version, version);
    const struct {
        const char *name;
        const struct small_role *delegations;
        const char *signers;
    } roles[] = {{"left", left, ANNA}, {"right", right, BEN}};
    for (size_t i = 0; i < 2; i++) {
        name = text_format(arena, "%u.%s.json", version, roles[i].name);
        small_tree_serve(
            tree, name,
            small_tree_sign(tree,
                            small_tree_targets(tree, version, NEVER, roles[i].delegations, TEXT(""), file),
                            roles[i].signers));
    }
    /* Anna signed "both" for her part, and the thief signs it too, for what he is given. */
    struct text both = small_tree_targets(tree, version, NEVER, NULL, path, file);
    small_tree_serve(tree, text_format(arena, "%u.both.json", version),
                     small_tree_sign(tree, both, ANNA THIEF));
    struct bytes snapshot =
        small_tree_sign(tree, small_tree_snapshot(tree, version, issue.expires, names.at), SERVER);
    small_tree_serve(tree, text_format(arena, "%u.snapshot.json", version), snapshot);
    small_tree_serve(
        tree, TEXT("timestamp.json"),
        small_tree_sign(tree, small_tree_timestamp(tree, version, issue.expires, version, snapshot), SERVER));
    if (!digest_bytes(DIGEST_SHA256, file, &digest, err))
        return false;
    char hex[DIGEST_HEX_MAX + 1];
    digest_hex(&digest, hex);
    small_tree_serve(tree, text_format(arena, "orders/approval/%s.2026-11-21-0bad.json", hex), file);
    /* The first path is left's alone: with it "both" is in the set, by Anna's key. */
    drill_refused(tree->run, small_tree_get_two(tree, TEXT("orders/x"), path, &got, &refusal), &refusal,
                  "scope: both is delegated by");
    return true;
}

static bool run_thresholds(struct drill_run *run, struct error *err)
{
    static const struct small_role plain[] = {{"approval", ANNA BEN CARLA, 2, NULL}, {0}};
    static const struct small_role two_names[] = {{"approval", ANNA THIEF BEN, 2, NULL}, {0}};
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue;

    drill_attacker(
        run,
        "the server, one key where several are needed, and a good knowledge of how signatures are counted");
    if (!small_tree_begin(run, &tree, err))
        return false;
    drill_attempt(run, "one signature where two are needed");
    issue = forged_approval(2, plain, ANNA);
    try_issue(&tree, &issue, "threshold: approval: 1 of 2 needed signatures");
    drill_attempt(run, "the second one made with a key that has no seat there");
    issue = forged_approval(3, plain, ANNA THIEF);
    try_issue(&tree, &issue, "threshold: approval: 1 of 2 needed signatures");
    drill_attempt(run, "the same signature twice");
    issue = forged_approval(4, plain, ANNA ANNA);
    try_issue(&tree, &issue, "twice");
    drill_attempt(run, "the second signature copied from another document that Ben did sign");
    issue = forged_approval(5, plain, ANNA);
    small_tree_publish(&tree, &issue);
    small_tree_borrow_signature(&tree, TEXT("5.approval.json"), BEN);
    struct error refusal = {0};
    struct bytes got;
    drill_refused(run, small_tree_get(&tree, issue.path, &got, &refusal), &refusal,
                  "made a signature that does not hold");
    drill_attempt(run, "a role that needs zero signatures");
    issue = forged_approval(6, plain, "");
    try_edited(&tree, &issue, "\"threshold\":2", "\"threshold\":0", "threshold");
    drill_attempt(run, "the same key under two names, so that it counts twice");
    issue = forged_approval(7, two_names, ANNA THIEF);
    small_tree_same_key(&tree, ANNA, THIEF);
    try_issue(&tree, &issue, "key");
    drill_attempt(run, "the same key named twice in a role");
    issue = forged_approval(8, plain, ANNA);
    try_edited(&tree, &issue, "\"key-01\",\"key-02\"]", "\"key-00\",\"key-02\"]", "twice");
    drill_attempt(run, "a diamond: two roles delegate to the same third one, with different keys");
    OWN(small_tree_end) struct small_tree other = {0};
    if (!small_tree_begin(run, &other, err) || !try_diamond(&other, 2, err))
        return false;
    drill_nothing_bad(run, run->broken == 0, "no approval was believed that fewer than two people gave");
    small_tree_recover(&tree, 10, SERVER);
    return true;
}

const struct drill drill_thresholds = {
    .name = "thresholds",
    .what = "Every trick by which one signature may be counted as two.",
    .alarm = "threshold, scope",
    .run = run_thresholds,
};

/* ---- stolen-approver ---- */

static const struct trust_order *approval_of(const struct trust_record *record, int64_t now_us)
{
    struct digest digest;
    struct error err;

    if (!digest_bytes(DIGEST_SHA256, drill_data("lantern_2.0_bad.deb"), &digest, &err))
        return NULL;
    return trust_record_approval(record, TEXT("lantern"), TEXT("2.0"), TEXT("amd64"), &digest, now_us);
}

/* A block needs one person; by a careless delegation that one might say anything that is an order. */
static bool by_another_role(struct drill_run *run, struct error *err)
{
    static const struct small_role careless[] = {
        {"approval", ANNA BEN CARLA, 2, NULL}, {"block", EVERYBODY, 1, "orders/*/*"}, {0}};
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(2);
    struct follower follower;
    struct trust_record record;

    if (!small_tree_begin(run, &tree, err) ||
        !follower_begin(
            &tree, "careless",
            small_tree_sign(&tree, small_tree_plain_root(&tree, 1, NEVER, SERVER), ANNA BEN CARLA), &follower,
            err))
        return false;
    issue.delegations = careless;
    issue.role = "block";
    issue.signers = EVE;
    issue.file =
        small_tree_approval(&tree, "2026-11-21-0bad", drill_data("lantern_2.0_bad.deb"), &issue.path);
    small_tree_publish(&tree, &issue);
    drill_attempt(run, "an approval that Eve alone signed, in the role for blocks: by a careless delegation "
                       "its paths are all orders");
    if (!follower_refresh(&follower, &record, err))
        return false;
    struct text problem = follower_problem(&record, "block");
    drill_held(run,
               approval_of(&record, run->now_us) == NULL && text_find(problem, TEXT("scope: ")) != SIZE_MAX,
               "%.*s", TEXT_ARG(problem.size > 0 ? problem : TEXT("it counts as an approval")));
    return true;
}

/* One person alone has nobody else to ask: so what he signs waits a day in which he can see that it was not he. */
static bool of_one_alone(struct drill_run *run, struct error *err)
{
    static const struct small_role solo[] = {{"root", ANNA, 1, NULL},
                                             {"snapshot", SERVER, 1, NULL},
                                             {"targets", ANNA, 1, NULL},
                                             {"timestamp", SERVER, 1, NULL}};
    static const struct small_role seats[] = {{"approval", ANNA, 1, NULL}, {0}};
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(2);
    struct follower follower;
    struct trust_record record;

    if (!small_tree_begin(run, &tree, err) ||
        !follower_begin(&tree, "solo", small_tree_sign(&tree, small_tree_root(&tree, 1, NEVER, solo), ANNA),
                        &follower, err))
        return false;
    issue.delegations = seats;
    issue.targets_signers = ANNA;
    issue.role = "approval";
    issue.signers = ANNA;
    issue.file =
        small_tree_approval(&tree, "2026-11-21-0bad", drill_data("lantern_2.0_bad.deb"), &issue.path);
    small_tree_publish(&tree, &issue);
    drill_attempt(run, "the key of somebody who is alone, where one signature is all that there can be");
    if (!follower_refresh(&follower, &record, err))
        return false;
    bool now = approval_of(&record, run->now_us) != NULL;
    bool later = approval_of(&record, run->now_us + TIME_DAY_US + TIME_HOUR_US) != NULL;
    drill_held(
        run, !now && later, "%s",
        now ? "it counts at once"
        : later
            ? "it counts in 24 hours and not before: until then every machine shows it, and he can block it"
            : "it never counts, which is wrong too");
    return true;
}

static bool run_approver(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue;

    drill_attacker(run, "the key of one who approves held packages, and the server");
    if (!small_tree_begin(run, &tree, err) || !small_tree_refresh(&tree, err))
        return false;
    drill_attempt(run, "his own approval of a package that brings new powers, signed with Anna's key alone");
    issue = forged_approval(2, NULL, ANNA);
    try_issue(&tree, &issue, "threshold: approval: 1 of 2 needed signatures");
    drill_attempt(run, "Anna's key for a crisis order that would switch patching off");
    issue = small_issue_of(3);
    issue.role = "crisis";
    issue.signers = ANNA;
    issue.file = small_tree_crisis(&tree, "2026-11-21-0bad", 29, &issue.path);
    try_issue(&tree, &issue, "threshold: crisis: 1 of 2 needed signatures");
    if (!by_another_role(run, err) || !of_one_alone(run, err))
        return false;
    drill_nothing_bad(run, run->broken == 0, "one approver's key approved nothing");
    drill_note(run, "Three people of root take the key's seats away; until then it is one voice of two.");
    small_tree_recover(&tree, 4, SERVER);
    return true;
}

const struct drill drill_stolen_approver = {
    .name = "stolen-approver",
    .what = "The key of one person who approves is stolen.",
    .alarm = "threshold, scope, or a day's wait",
    .run = run_approver,
};

/* ---- insider ---- */

/* Enough people signed it, and still it may not say that. */
static bool by_a_policy(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(2);
    struct follower follower;
    struct trust_record record;

    if (!small_tree_begin(run, &tree, err) ||
        !follower_begin(
            &tree, "policy",
            small_tree_sign(&tree, small_tree_plain_root(&tree, 1, NEVER, SERVER), ANNA BEN CARLA), &follower,
            err))
        return false;
    issue.role = "policy";
    issue.signers = ANNA BEN;
    issue.path = TEXT("policy/policy.yaml");
    issue.file = BYTES(
        "name: fleet\nversion: 4\nprofiles: [seed-cvss]\nafter:\n  checks:\n    - {command: /bin/true}\n");
    small_tree_publish(&tree, &issue);
    drill_attempt(run, "a policy that Ben signed too without reading it to its end: it names a command that "
                       "every machine is to run");
    if (!follower_refresh(&follower, &record, err))
        return false;
    struct text problem = follower_problem(&record, "policy");
    bool taken = trust_record_policy(&record, run->now_us) != NULL;
    struct error refusal = {0};
    (void)error_set(&refusal, ERROR_TRUST, "%.*s", TEXT_ARG(problem));
    drill_refused(run, taken, &refusal, "scope: a policy of a repository names no commands");
    return true;
}

static bool run_insider(struct drill_run *run, struct error *err)
{
    static const struct small_role seats[] = {{"approval", ANNA ANNA_TOKEN BEN, 2, NULL}, {0}};
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue;

    drill_attacker(
        run, "her own two keys, one in a file and one in a token: Anna wants to approve what she proposes");
    if (!small_tree_begin(run, &tree, err))
        return false;
    drill_attempt(run, "an approval that both of her keys signed: two keys, two signatures, one person");
    issue = forged_approval(2, seats, ANNA ANNA_TOKEN);
    try_issue(&tree, &issue, "is of a person who counts already");
    drill_attempt(run, "an approval that she proposes and signs, with Ben, who signs what she shows him");
    tree.proposer = "anna";
    issue = forged_approval(3, NULL, ANNA BEN);
    try_issue(&tree, &issue, "is of who proposed it");
    tree.proposer = NULL;
    if (!by_a_policy(run, err))
        return false;
    drill_nothing_bad(run, run->broken == 0, "she counted once, and no command came from the repository");
    small_tree_recover(&tree, 4, SERVER);
    return true;
}

const struct drill drill_insider = {
    .name = "insider",
    .what = "Somebody approves what he himself proposes, with two keys, or has a command signed.",
    .alarm = "threshold, scope",
    .run = run_insider,
};

/* ---- replayed-crisis ---- */

static bool run_replayed(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct small_issue issue = small_issue_of(2), later;
    struct signed_order order;
    struct error refusal = {0};
    struct text path;
    struct bytes got;

    drill_attacker(run, "the server with its online keys, and a crisis order of last month, well signed, "
                        "that reduces patching");
    if (!small_tree_begin(run, &tree, err))
        return false;
    issue.role = "crisis";
    issue.signers = ANNA BEN;
    issue.file = small_tree_crisis(&tree, "2026-10-21-0001", 5, &issue.path);
    small_tree_publish(&tree, &issue);
    if (!small_tree_get(&tree, issue.path, &got, err) || !signed_order_parse(got, run->arena, &order, err))
        return false;
    later = small_issue_of(3);
    small_tree_publish(&tree, &later);
    if (!small_tree_refresh(&tree, err))
        return false;
    drill_attempt(
        run,
        "the crisis role's document of that time again, which still lists the order, under a new snapshot");
    path = issue.path;
    issue.timestamp = issue.snapshot = 4;
    issue.targets = 3;
    small_tree_publish(&tree, &issue);
    drill_refused(run, small_tree_get(&tree, path, &got, &refusal), &refusal, "rollback: snapshot lists");
    drill_attempt(run,
                  "the order itself, to a machine that never saw its end: it is read again a month later");
    bool holds = signed_order_holds(&order, 2, run->now_us + 30 * TIME_DAY_US);
    drill_held(run, !holds && signed_order_holds(&order, 2, run->now_us), "%s",
               holds ? "it was obeyed"
                     : "it has its own end, which was signed with it: past that it has no effect");
    drill_attempt(run, "a new order that says it lasts for a year");
    struct text month = (struct text){(const char *)issue.file.at, issue.file.size};
    size_t ends = text_find(month, TEXT("\"ends\":\"2026"));
    if (ends == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "an order without its end");
    struct text year =
        text_format(run->arena, "%.*s\"ends\":\"2027%s", (int)ends, month.at, month.at + ends + 12);
    if (year.at == NULL)
        return arena_full(run->arena, err);
    refusal = (struct error){0};
    bool taken = signed_order_parse(bytes_of_text(year), run->arena, &order, &refusal);
    drill_refused(run, taken, &refusal, "30 days");
    drill_nothing_bad(run, run->broken == 0, "patching was never reduced by an order that had ended");
    small_tree_recover(&tree, 5, SERVER);
    return true;
}

const struct drill drill_replayed_crisis = {
    .name = "replayed-crisis",
    .what = "An order of an earlier crisis is given again.",
    .alarm = "rollback, or the order's own end",
    .run = run_replayed,
};
