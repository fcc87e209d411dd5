#include "trust/repo_orders.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "trust/repo_objects.h"

const char *repo_order_state_name(enum repo_order_state state)
{
    static const char *const names[REPO_ORDER_STATE_COUNT] = {
        [REPO_ORDER_UNKNOWN] = "unknown", [REPO_ORDER_WAITS] = "waits", [REPO_ORDER_NOT_BEGUN] = "not-begun",
        [REPO_ORDER_HOLDS] = "in-force",  [REPO_ORDER_ENDED] = "ended",
    };

    return names[state < REPO_ORDER_STATE_COUNT ? state : REPO_ORDER_UNKNOWN];
}

/* ---- staging ---- */

bool repo_orders_stage(struct repo *repo, const struct signed_order *order, struct repo_changed *out,
                       struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_SIGNED_ORDER + KIB);
    struct repo_change change = {.row = tree_role_find(text_of(signed_order_kind_name(order->kind))),
                                 .proposed_by = order->by,
                                 .now_us = order->made_us};

    if (!signed_order_write(&w, order, err) || !writer_done(&w, &change.raw, err))
        return false;
    change.path = signed_order_path(order, repo->arena);
    if (change.path.at == NULL)
        return arena_full(repo->arena, err);
    return repo_change(repo, &change, out, err);
}

/* ---- listing ---- */

static bool read_order(const struct repo *repo, const struct tuf_file *file, struct signed_order *out,
                       struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    return repo_objects_map(repo, file, &map, err) && signed_order_parse(map.bytes, repo->arena, out, err) &&
           signed_order_check_path(out, file->name, err);
}

static enum repo_order_state state_of(const struct repo_order *listed, bool published, int64_t now_us)
{
    if (listed->why.kind != ERROR_NONE)
        return REPO_ORDER_UNKNOWN;
    if (!published)
        return REPO_ORDER_WAITS;
    if (now_us < listed->order.made_us)
        return REPO_ORDER_NOT_BEGUN;
    return now_us < listed->end_us ? REPO_ORDER_HOLDS : REPO_ORDER_ENDED;
}

/* What one role lists: in force, or staged and not in force. `as` has what all of them share. */
static void list_document(const struct repo *repo, const struct repo_order *as, bool published,
                          int64_t now_us, struct repo_orders *into)
{
    const struct tuf_metadata *in_force = repo_in_force(repo, as->row);
    const struct repo_staged *staged = &repo->staged[as->row - tree_roles];
    bool waits = staged->raw.size > 0;
    const struct tuf_metadata *mine = published ? in_force : &staged->metadata;
    const struct tuf_metadata *other = published ? &staged->metadata : in_force;

    if (mine == NULL || mine->files.at == NULL)
        return;
    for (size_t i = 0; i < mine->files.count; i++) {
        const struct tuf_file *file = &mine->files.at[i];
        struct repo_order listed = *as;
        bool in_other = other != NULL && tuf_files_find(&other->files, file->name) != NULL;
        if (!signed_order_is_path(file->name) || (!published && in_other))
            continue;
        listed.path = file->name;
        listed.leaves = published && waits && !in_other;
        if (read_order(repo, file, &listed.order, &listed.why))
            listed.end_us = signed_order_end_us(&listed.order, listed.signers.count);
        listed.state = state_of(&listed, published, now_us);
        into->at[into->count++] = listed;
    }
}

/* Who may sign the version that is in force: as the targets in force say. */
static const struct tuf_role *role_in_force(const struct repo *repo, const struct tree_role *row)
{
    const struct tuf_metadata *targets = repo_in_force(repo, tree_role_find(TEXT("targets")));

    for (size_t i = 0; targets != NULL && i < targets->delegation_count; i++)
        if (text_equal(targets->delegations[i].name, text_of(row->name)))
            return &targets->delegations[i].role;
    return NULL;
}

static bool list_role(const struct repo *repo, const struct tree_role *row, int64_t now_us,
                      struct repo_orders *into, struct error *err)
{
    const struct tuf_metadata *in_force = repo_in_force(repo, row);
    const struct tuf_role *role = role_in_force(repo, row);
    struct repo_order as = {.row = row};
    struct repo_waiting waiting;

    if (in_force != NULL && role != NULL) {
        as.threshold = role->threshold;
        if (!tuf_count(role, in_force, repo->arena, &as.signers, err))
            return error_at(err, "%s", row->name);
        list_document(repo, &as, true, now_us, into);
    }
    if (!repo_weigh(repo, row, &waiting, err))
        return false;
    if (waiting.metadata == NULL)
        return true;
    as.threshold = waiting.asked[0].role.threshold;
    as.signers = waiting.asked[0].signers;
    list_document(repo, &as, false, now_us, into);
    return true;
}

static int by_path(const void *a, const void *b)
{
    const struct repo_order *x = a, *y = b;

    return text_compare(x->path, y->path);
}

bool repo_orders_list(const struct repo *repo, int64_t now_us, struct repo_orders *out, struct error *err)
{
    struct repo_orders orders = {0};
    size_t count = 0;

    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        const struct tuf_metadata *in_force = repo_in_force(repo, &tree_roles[i]);
        count += (in_force == NULL ? 0 : in_force->files.count) + repo->staged[i].metadata.files.count;
    }
    orders.at = ARENA_ARRAY(repo->arena, struct repo_order, count);
    if (orders.at == NULL)
        return arena_full(repo->arena, err);
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (tree_role_is_delegated(&tree_roles[i]) && !tree_roles[i].online &&
            !list_role(repo, &tree_roles[i], now_us, &orders, err))
            return false;
    if (orders.count > 1)
        qsort(orders.at, orders.count, sizeof(*orders.at), by_path);
    *out = orders;
    return true;
}
