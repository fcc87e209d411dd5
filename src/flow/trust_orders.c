#include "flow/trust_orders.h"

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "evaluate/policy.h"
#include "trust/tree.h"
#include "trust/tuf_path.h"

#define POLICY_ROLE TEXT("policy")
#define POLICY_PATH TEXT("policy/policy.yaml")

/* In a solo tree, what needs two people needs one and a day in which he can notice that it was not he. */
static int64_t begin_of(const struct trust_orders *orders, struct text role, int64_t made_us, int64_t seen_us)
{
    const struct tree_role *known = tree_role_find(role);
    const bool delayed = known != NULL && known->delayed_when_solo;

    return orders->record->solo && delayed && control_holds(CONTROL_SOLO_DELAY) ? seen_us + TREE_SOLO_DELAY_US
                                                                                : made_us;
}

/* ---- orders ---- */

static bool print(const struct signed_order *order, struct writer *w)
{
    struct error ignored;

    return signed_order_write(w, order, &ignored) && writer_ok(w);
}

/* The same order to the byte. */
static bool same_order(const struct signed_order *a, const struct signed_order *b)
{
    OWN(writer_end) struct writer first = writer_with(LIMIT_SIGNED_ORDER);
    OWN(writer_end) struct writer second = writer_with(LIMIT_SIGNED_ORDER);

    return text_equal(a->id, b->id) && print(a, &first) && print(b, &second) && first.size == second.size &&
           memcmp(first.at, second.at, first.size) == 0;
}

static const struct trust_order *find_former(const struct trust_orders *orders, struct text role,
                                             const struct signed_order *order)
{
    for (size_t i = 0; i < orders->former->order_count; i++) {
        const struct trust_order *former = &orders->former->orders[i];
        if (text_equal(former->role, role) && same_order(&former->order, order))
            return former;
    }
    return NULL;
}

static bool add(struct trust_orders *orders, const struct trust_order *order, struct error *err)
{
    if (orders->record->order_count == LIMIT_TRUST_ORDERS)
        return error_set(err, ERROR_LIMIT, "more than %d orders", LIMIT_TRUST_ORDERS);
    orders->orders[orders->record->order_count++] = *order;
    return true;
}

/* The verified bytes, in the arena of what is remembered. */
static bool fetch(const struct trust_orders *orders, const struct tuf_file *file, size_t limit,
                  struct bytes *out, struct error *err)
{
    const char *dir = file_path(orders->client->arena, orders->folder, "targets"), *path = NULL;

    if (dir == NULL)
        return arena_full(orders->client->arena, err);
    if (file->length > limit)
        return error_set(err, ERROR_LIMIT, "%llu bytes, more than %zu", (unsigned long long)file->length,
                         limit);
    return tuf_client_download(orders->client, file, dir, &path, err) &&
           file_read(path, limit, orders->arena, out, err);
}

static bool take_order(struct trust_orders *orders, const struct tuf_delegation *delegation,
                       const struct tuf_file *file, uint32_t persons, struct error *err)
{
    struct trust_order got = {.persons = persons, .seen_us = orders->now_us};
    struct bytes raw;
    bool speaks = false;

    if (!tuf_path_delegated(delegation, file->name, &speaks, err) ||
        !fetch(orders, file, LIMIT_SIGNED_ORDER, &raw, err) ||
        !signed_order_parse(raw, orders->arena, &got.order, err) ||
        !signed_order_check_path(&got.order, file->name, err))
        return false;
    const struct text kind = text_of(signed_order_kind_name(got.order.kind));
    if ((!speaks || !text_equal(delegation->name, kind)) && control_holds(CONTROL_ORDER_ROLE))
        return error_set(err, ERROR_TRUST, "scope: the role %.*s may give no order of the kind %.*s",
                         TEXT_ARG(delegation->name), TEXT_ARG(kind));
    got.role = text_copy(orders->arena, delegation->name);
    if (got.role.at == NULL)
        return arena_full(orders->arena, err);
    const struct trust_order *former = find_former(orders, got.role, &got.order);
    if (former != NULL) {
        got.seen_us = former->seen_us;
        /* Who confirmed it once has: the next document of the role may be about another order. */
        got.persons = former->persons > persons ? former->persons : persons;
    }
    got.begins_us = begin_of(orders, got.role, got.order.made_us, got.seen_us);
    return add(orders, &got, err);
}

/* ---- the policy ---- */

/* What stands in a policy of one's own machine may run programs; what comes from a server never does (trust.md 4). */
static bool check_policy(const struct policy *policy, struct error *err)
{
    bool commands = policy->before.hook_count > 0 || policy->before.backup != BACKUP_NONE;

    for (size_t i = 0; i < policy->check_count; i++)
        commands = commands || policy->checks[i].kind == CHECK_COMMAND;
    return !commands || !control_holds(CONTROL_POLICY_COMMANDS) ||
           error_set(err, ERROR_TRUST, "scope: a policy of a repository names no commands; this one does");
}

static const char *policy_file(const struct trust_orders *orders, const struct digest *digest)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(digest, hex);
    return text_format(orders->client->arena, "%s/policy/%s.yaml", orders->folder, hex).at;
}

static bool is_file(const struct trust_file *file, const struct digest *digest)
{
    return file->digest.kind == digest->kind && digest_equal(&file->digest, digest);
}

static bool take_policy(struct trust_orders *orders, const struct tuf_file *file,
                        const struct tuf_metadata *role, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_TUF_MEMORY);
    struct trust_file next = {.version = role->version, .seen_us = orders->now_us};
    struct policy policy;
    struct bytes raw;

    if (!fetch(orders, file, LIMIT_YAML_FILE, &raw, err) ||
        !digest_bytes(DIGEST_SHA256, raw, &next.digest, err))
        return false;
    const char *path = policy_file(orders, &next.digest);
    const bool known =
        is_file(&orders->record->policy, &next.digest) || is_file(&orders->record->next_policy, &next.digest);
    if (known && path != NULL && file_exists(path))
        return true;
    const char *folder = file_path(orders->client->arena, orders->folder, "policy");
    if (path == NULL || folder == NULL)
        return arena_full(orders->client->arena, err);
    const struct policy_place place = {.folder = folder, .zone_folder = ZONE_FOLDER};
    if (!policy_parse(raw, TEXT("policy.yaml"), &place, &arena, &policy, err) ||
        !check_policy(&policy, err) || !file_make_folders(folder, 0700, err) ||
        !file_replace(path, raw, 0600, err))
        return false;
    if (known)
        return true;
    const int64_t made_us = tree_made_us(role);
    next.begins_us =
        begin_of(orders, POLICY_ROLE, made_us == TIME_ABSENT ? orders->now_us : made_us, orders->now_us);
    orders->record->next_policy = next;
    return true;
}

void trust_orders_end(struct trust_orders *orders)
{
    struct trust_record *record = orders->record;

    record->orders = orders->orders;
    if (trust_record_policy(record, orders->now_us) != &record->next_policy)
        return;
    record->policy = record->next_policy;
    record->next_policy = (struct trust_file){0};
}

/* ---- a role ---- */

bool trust_orders_take(struct trust_orders *orders, const struct tuf_delegation *delegation,
                       const struct tuf_metadata *role, uint32_t persons, struct text *problem,
                       struct error *err)
{
    for (size_t i = 0; i < role->files.count; i++) {
        const struct tuf_file *file = &role->files.at[i];
        const bool policy = text_equal(file->name, POLICY_PATH) && text_equal(delegation->name, POLICY_ROLE);
        struct error why = {0};
        if (!policy && !signed_order_is_path(file->name))
            continue;
        if (policy ? take_policy(orders, file, role, &why)
                   : take_order(orders, delegation, file, persons, &why))
            continue;
        if (why.kind == ERROR_SYSTEM && problem->size > 0)
            continue;
        *problem = text_format(orders->arena, "%.*s: %s", TEXT_ARG(file->name), why.text);
        if (problem->at == NULL)
            return arena_full(orders->arena, err);
    }
    return true;
}

bool trust_orders_keep(struct trust_orders *orders, struct text role, struct error *err)
{
    for (size_t i = 0; i < orders->former->order_count; i++) {
        const struct trust_order *former = &orders->former->orders[i];
        if (text_equal(former->role, role) && former->order.kind != SIGNED_ORDER_APPROVAL &&
            !add(orders, former, err))
            return false;
    }
    return true;
}
