/*
 * Drills against what a machine obeys: orders of a role that may not give them, a policy with commands, a package that is
 * blocked, and the one key of a tree with one person.
 */
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "drill/small_tree.h"
#include "flow/blocks.h"
#include "flow/level.h"
#include "flow/trust_refresh.h"

#define PACKAGE "lantern"
#define VERSION "2.0"

/* A machine that obeys the small tree: its settings, its state. */
struct obeying {
    struct small_tree *tree;
    const char *server; /* the folder that is served */
    struct state state;
    struct trust_settings settings;
    struct trust_record record;
};

static bool lay_down(const struct obeying *machine, struct error *err)
{
    struct arena *arena = machine->tree->run->arena;

    if (!file_remove_tree(machine->server, err))
        return false;
    for (size_t i = machine->tree->file_count; i > 0; i--) { /* the first with a name counts */
        const struct small_file *file = &machine->tree->files[i - 1];
        const bool target = text_find_byte(file->name, '/') != SIZE_MAX;
        struct text path = text_format(arena, "%s/%s/%.*s", machine->server, target ? "targets" : "metadata",
                                       TEXT_ARG(file->name));
        char *folder = text_string(arena, path);
        if (path.at == NULL || folder == NULL)
            return arena_full(arena, err);
        *strrchr(folder, '/') = 0;
        if (file->content.at != NULL &&
            (!file_make_folders(folder, 0755, err) || !file_replace_cache(path.at, file->content, 0644, err)))
            return false;
    }
    return true;
}

static bool machine_begin(struct small_tree *tree, const char *name, struct obeying *out, struct error *err)
{
    struct arena *arena = tree->run->arena;
    const char *folder = text_format(arena, "%s/%s", tree->run->folder, name).at;
    const char *state = folder == NULL ? NULL : file_path(arena, folder, "state");

    *out = (struct obeying){.tree = tree};
    if (state == NULL)
        return arena_full(arena, err);
    out->server = file_path(arena, folder, "server");
    out->settings.repository = text_format(arena, "file://%s/", out->server);
    out->settings.root = file_path(arena, tree->folder, "root.json");
    if (out->server == NULL || out->settings.repository.at == NULL || out->settings.root == NULL)
        return arena_full(arena, err);
    return file_make_folders(folder, 0755, err) && state_open(state, STATE_WRITE, &out->state, err);
}

static bool obey(struct obeying *machine, struct error *err)
{
    const struct trust_refresh_request request = {
        .state = &machine->state, .settings = &machine->settings, .now_us = machine->tree->now_us};

    return lay_down(machine, err) &&
           trust_refresh(&request, machine->tree->run->arena, &machine->record, err) &&
           (machine->record.problem.size == 0 ||
            error_set(err, ERROR_TRUST, "%.*s", TEXT_ARG(machine->record.problem)));
}

/* Why something of the role was not taken. */
static struct error problem_of(const struct obeying *machine, const char *role)
{
    const struct trust_role *found = trust_record_role(&machine->record, text_of(role));
    struct error problem = {0};

    if (found != NULL && found->problem.size > 0)
        (void)error_set(&problem, ERROR_TRUST, "%.*s", TEXT_ARG(found->problem));
    return problem;
}

/* ---- orders ---- */

static struct bytes written(const struct small_tree *tree, const struct signed_order *order,
                            struct text *path)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_SIGNED_ORDER);
    struct error ignored;

    *path = signed_order_path(order, tree->run->arena);
    if (!signed_order_write(&w, order, &ignored) || !writer_ok(&w))
        return (struct bytes){0};
    const struct bytes raw = writer_bytes(&w);
    return bytes_of_text(text_copy(tree->run->arena, (struct text){(const char *)raw.at, raw.size}));
}

static struct signed_order order_of(const struct small_tree *tree, enum signed_order_kind kind,
                                    const char *id)
{
    const int64_t now_us = tree->run->now_us - tree->run->now_us % TIME_SECOND_US;

    return (struct signed_order){.kind = kind,
                                 .id = text_of(id),
                                 .by = TEXT("eve"),
                                 .reason = TEXT("the update is malicious"),
                                 .made_us = now_us,
                                 .ends_us = now_us + 20 * TIME_DAY_US,
                                 .package = TEXT(PACKAGE)};
}

static bool try_scope(struct obeying *machine, const struct digest *digest, struct error *err)
{
    struct signed_order approval = order_of(machine->tree, SIGNED_ORDER_APPROVAL, "2026-11-21-0bad");
    struct small_issue issue = small_issue_of(2);

    approval.version = TEXT(VERSION);
    approval.arch = TEXT("amd64");
    approval.digests = digest;
    approval.digest_count = 1;
    approval.lifts = SIGNED_ORDER_LIFTS_WAIT;
    issue.role = "block";
    issue.signers = EVE;
    issue.file = written(machine->tree, &approval, &issue.path);
    small_tree_publish(machine->tree, &issue);
    if (!obey(machine, err))
        return false;
    struct error problem = problem_of(machine, "block");
    drill_refused(machine->tree->run, machine->record.order_count > 0, &problem,
                  "scope: the role block may give no order of the kind approval");
    return true;
}

static bool try_commands(struct obeying *machine, struct error *err)
{
    struct small_issue issue = small_issue_of(3);

    issue.role = "policy";
    issue.signers = ANNA BEN;
    issue.path = TEXT("policy/policy.yaml");
    issue.file = BYTES("name: fleet\nversion: 1\nprofiles: [seed-cvss]\nafter:\n  checks:\n"
                       "    - {command: /tmp/backdoor}\n");
    small_tree_publish(machine->tree, &issue);
    if (!obey(machine, err))
        return false;
    struct error problem = problem_of(machine, "policy");
    drill_refused(machine->tree->run, trust_record_policy(&machine->record, machine->tree->now_us) != NULL,
                  &problem, "scope: a policy of a repository names no commands");
    return true;
}

/* A plan was made before Eve blocked the update. */
static bool try_blocked(struct obeying *machine, const struct digest *digest, struct error *err)
{
    const struct plan_change change = {
        .name = TEXT(PACKAGE), .arch = TEXT("amd64"), .to = TEXT(VERSION), .digest = *digest};
    const struct plan plan = {.changes = &change, .change_count = 1};
    struct signed_order block = order_of(machine->tree, SIGNED_ORDER_BLOCK, "2026-11-21-0001");
    struct small_issue issue = small_issue_of(4);
    struct error refusal = {0};

    block.digests = digest;
    block.digest_count = 1;
    issue.role = "block";
    issue.signers = EVE;
    issue.file = written(machine->tree, &block, &issue.path);
    small_tree_publish(machine->tree, &issue);
    if (!obey(machine, err))
        return false;
    const bool let = blocks_check_plan(machine->state.folder, &plan, machine->tree->now_us,
                                       machine->tree->run->arena, &refusal);
    drill_refused(machine->tree->run, let, &refusal, "block: " PACKAGE " " VERSION " must not be installed");

    /* It was installed here once, and lies in what a run kept. */
    const struct kept_change kept = {.name = TEXT(PACKAGE), .from = TEXT(VERSION), .deb.digest = *digest};
    const struct rollback_step back = {.change = &kept, .now = TEXT("2.0")};
    drill_attempt(machine->tree->run, "the way back to the blocked update, on a machine that had it");
    const bool went = blocks_check_back(machine->state.folder, &back, 1, machine->tree->now_us,
                                        machine->tree->run->arena, &refusal);
    drill_refused(machine->tree->run, went, &refusal, "block: " PACKAGE " " VERSION " must not be installed");
    return true;
}

static bool run_orders(struct drill_run *run, struct error *err)
{
    OWN(small_tree_end) struct small_tree tree = {0};
    struct obeying machine;
    struct digest digest;

    drill_attacker(run, "in turn: the key that may block, two dishonest people of the policy, and a vendor");
    if (!digest_bytes(DIGEST_SHA256, BYTES("the malicious package"), &digest, err) ||
        !small_tree_begin(run, &tree, err) || !machine_begin(&tree, "orders", &machine, err))
        return false;
    drill_attempt(run, "an approval of a package, listed by the role that may only block");
    if (!try_scope(&machine, &digest, err))
        return false;
    drill_attempt(run, "a policy, properly signed by two, whose health check is a program to run as root");
    if (!try_commands(&machine, err))
        return false;
    drill_attempt(run, "a vendor's signed update that Eve has blocked, by a plan that was made before");
    if (!try_blocked(&machine, &digest, err))
        return false;
    drill_nothing_bad(run, run->broken == 0, "no order lifted anything, nothing was to be run or installed");
    small_tree_recover(&tree, 5, SERVER);
    return true;
}

const struct drill drill_wrong_orders = {
    .name = "wrong-orders",
    .what = "Orders of those who may not give them, and one that stops an update.",
    .alarm = "scope, block",
    .run = run_orders,
};

/* ---- solo-thief ---- */

static bool run_solo(struct drill_run *run, struct error *err)
{
    static const struct small_role roles[4] = {{"root", ANNA, 1, NULL},
                                               {"snapshot", SERVER, 1, NULL},
                                               {"targets", ANNA, 1, NULL},
                                               {"timestamp", SERVER, 1, NULL}};
    static const struct small_role delegated[] = {{"crisis", ANNA, 1, NULL}, {0}};
    OWN(small_tree_end) struct small_tree tree = {0}, honest = {0};
    struct small_issue issue = small_issue_of(2);
    const struct order *order = NULL;
    struct obeying machine;

    drill_attacker(run, "the one key of a tree with one person, and the server");
    if (!small_tree_begin(run, &tree, err) || !machine_begin(&tree, "solo", &machine, err))
        return false;
    tree.file_count = 0;
    machine.settings.root = text_format(run->arena, "%s/metadata/1.root.json", machine.server).at;
    if (machine.settings.root == NULL)
        return arena_full(run->arena, err);
    small_tree_serve_root(
        &tree, 1, small_tree_sign(&tree, small_tree_root(&tree, 1, "2036-01-01T00:00:00Z", roles), ANNA));
    issue.targets_signers = ANNA;
    issue.delegations = delegated;
    issue.role = "crisis";
    issue.signers = ANNA;
    issue.file = small_tree_crisis(&tree, "2026-11-21-0bad", 20, &issue.path);
    small_tree_publish(&tree, &issue);
    drill_attempt(run, "a crisis order that switches patching off, at once");
    if (!obey(&machine, err) || !level_in_force(machine.state.folder, tree.now_us, run->arena, &order, err))
        return false;
    drill_held(run, order == NULL && machine.record.order_count == 1, "%s",
               order != NULL ? "it was obeyed"
                             : "it waits for 24 hours after this machine saw it; until then every suture "
                               "status shows it to the one who can take the key away");
    drill_nothing_bad(run, run->broken == 0,
                      "no order of a single person took effect before he could notice it");
    if (!small_tree_begin(run, &honest, err))
        return false;
    small_tree_recover(&honest, 2, SERVER);
    return true;
}

const struct drill drill_solo_thief = {
    .name = "solo-thief",
    .what = "The one key of a tree with one person is stolen.",
    .alarm = "a notice, and a day's delay",
    .run = run_solo,
};
