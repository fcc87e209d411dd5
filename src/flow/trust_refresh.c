#include "flow/trust_refresh.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/trust_orders.h"
#include "flow/tuf_fetch.h"
#include "store/floors.h"
#include "trust/tree.h"
#include "trust/tuf_count.h"

#define CLOCK_SPARE_US TIME_DAY_US /* a signer's clock may be ahead of ours by as much */

struct refresh {
    const struct trust_refresh_request *request;
    struct arena *arena; /* of what is remembered */
    struct arena work;   /* of metadata */
    struct tuf_client client;
    struct tuf_fetch fetch;
    struct floors *floors;
    const char *folder, *metadata, *floors_path;
    int64_t now_us; /* that expiry is judged by */
    struct trust_record former, record;
    struct trust_role *roles;
};

static void refresh_end(struct refresh *refresh)
{
    tuf_client_end(&refresh->client);
    arena_end(&refresh->work);
}

/* ---- what is there before ---- */

static bool open_folders(struct refresh *refresh, struct error *err)
{
    const struct trust_refresh_request *request = refresh->request;
    const char *made = NULL;

    if (!state_make_folder(request->state, refresh->arena, "trust", &refresh->folder, err) ||
        !state_make_folder(request->state, refresh->arena, "trust/targets", &made, err) ||
        !state_make_folder(request->state, refresh->arena, "trust/spool", &refresh->fetch.spool, err) ||
        !state_make_folder(request->state, refresh->arena, "trust/metadata", &refresh->metadata, err))
        return false;
    refresh->floors_path = state_path(request->state, refresh->arena, "floors");
    return refresh->floors_path != NULL || arena_full(refresh->arena, err);
}

/* A record that is broken is as none: it is written anew, and what it knew of first sight begins again. */
static bool read_former(struct refresh *refresh, struct error *err)
{
    const struct trust_record none = {
        .tried_us = TIME_ABSENT, .refreshed_us = TIME_ABSENT, .solo_until_us = TIME_ABSENT};
    bool found = false;

    if (trust_record_read(refresh->request->state->folder, refresh->arena, &refresh->former, &found, err)) {
        if (!found)
            refresh->former = none;
        return true;
    }
    refresh->former = none;
    if (err->kind == ERROR_TRUST || err->kind == ERROR_SYSTEM)
        return false;
    *err = (struct error){0};
    return true;
}

static bool begin(struct refresh *refresh, struct error *err)
{
    const struct trust_settings *settings = refresh->request->settings;

    if (!open_folders(refresh, err) || !read_former(refresh, err) ||
        !floors_read(refresh->floors_path, refresh->arena, &refresh->floors, err))
        return false;
    refresh->now_us = floors_now(refresh->floors, refresh->request->now_us);
    refresh->fetch.program = refresh->request->fetch_program;
    refresh->fetch.ca_file = settings->ca_file;
    refresh->fetch.metadata_url =
        text_format(refresh->arena, "%.*smetadata/", TEXT_ARG(settings->repository));
    refresh->fetch.targets_url = text_format(refresh->arena, "%.*stargets/", TEXT_ARG(settings->repository));
    refresh->client = (struct tuf_client){.folder = refresh->metadata,
                                          .bringer = tuf_fetch_bringer(&refresh->fetch),
                                          .now_us = refresh->now_us,
                                          .arena = &refresh->work};
    refresh->roles = ARENA_ARRAY(refresh->arena, struct trust_role, LIMIT_TRUST_ROLES);
    if (refresh->fetch.targets_url.at == NULL || refresh->fetch.metadata_url.at == NULL ||
        refresh->roles == NULL)
        return arena_full(refresh->arena, err);
    refresh->record = refresh->former;
    refresh->record.repository = settings->repository;
    refresh->record.tried_us = refresh->request->now_us;
    refresh->record.problem = (struct text){0};
    return true;
}

static bool pin(struct refresh *refresh, struct error *err)
{
    struct bytes root;

    return file_read(refresh->request->settings->root, LIMIT_TUF_ROOT, &refresh->work, &root, err) &&
           tuf_client_init(refresh->metadata, root, &refresh->work, err);
}

/* ---- roles ---- */

/* A signed time that the clock has not reached says more of a clock than of now. */
static bool note_made(struct refresh *refresh, int64_t made_us, struct error *err)
{
    if (made_us == TIME_ABSENT || made_us > refresh->request->now_us + CLOCK_SPARE_US)
        return true;
    if (made_us > refresh->request->now_us)
        made_us = refresh->request->now_us;
    return floors_raise(refresh->floors, FLOORS_SIGNED_TIME, (struct text){0}, made_us, err);
}

static struct trust_role *next_role(struct refresh *refresh, struct text name)
{
    struct trust_role *role = &refresh->roles[refresh->record.role_count];

    if (refresh->record.role_count == LIMIT_TRUST_ROLES)
        return NULL;
    *role = (struct trust_role){
        .name = text_copy(refresh->arena, name), .made_us = TIME_ABSENT, .expires_us = TIME_ABSENT};
    refresh->record.role_count++;
    refresh->record.roles = refresh->roles;
    return role->name.at == NULL ? NULL : role;
}

/* Indexes of deltas are signed as they stand, with Ed25519: keys of other schemes are of no use there. */
static void take_keys(struct trust_role *role, const struct tuf_role *asked)
{
    for (size_t i = 0; i < asked->key_count && role->key_count < TRUST_ROLE_KEYS_MAX; i++) {
        const struct tuf_key *key = asked->keys[i];
        if (key->scheme == TUF_ED25519 && key->material.size == SIGNATURE_KEY_SIZE)
            memcpy(role->keys[role->key_count++].at, key->material.at, SIGNATURE_KEY_SIZE);
    }
}

/* metadata NULL: none is held. */
static bool describe(struct refresh *refresh, struct trust_role *role, const struct tuf_metadata *metadata,
                     struct error *err)
{
    const struct tuf_role asked = tuf_trusted_role(refresh->client.trusted, role->name);
    struct tuf_signers signers = {0};

    role->threshold = asked.threshold;
    if (metadata == NULL)
        return true;
    if (!tuf_count(&asked, metadata, &refresh->work, &signers, err))
        return false;
    role->version = metadata->version;
    role->made_us = tree_made_us(metadata);
    role->expires_us = metadata->expires_us;
    role->persons = (uint32_t)signers.count;
    if (text_equal(role->name, TEXT("deltas")))
        take_keys(role, &asked);
    return true;
}

/*
 * Whoever has the one key of a solo tree can make it a tree of several, all of them himself: so it counts as solo for a day
 * more, in which its owner can notice.
 */
static void note_solo(struct refresh *refresh)
{
    const struct trust_record *former = &refresh->former;
    struct trust_record *record = &refresh->record;

    record->solo = tree_is_solo(tuf_trusted_get(refresh->client.trusted, TEXT("root")));
    record->solo_until_us = TIME_ABSENT;
    if (record->solo || !former->solo)
        return;
    record->solo_until_us =
        former->solo_until_us != TIME_ABSENT ? former->solo_until_us : refresh->now_us + TREE_SOLO_DELAY_US;
    record->solo = record->solo_until_us > refresh->now_us;
    if (!record->solo)
        record->solo_until_us = TIME_ABSENT;
}

static bool add_top_level(struct refresh *refresh, struct error *err)
{
    static const enum tuf_type types[] = {TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS};

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        const struct text name = text_of(tuf_type_name(types[i]));
        const struct tuf_metadata *metadata = tuf_trusted_get(refresh->client.trusted, name);
        struct trust_role *role = next_role(refresh, name);
        if (role == NULL)
            return arena_full(refresh->arena, err);
        if (!describe(refresh, role, metadata, err))
            return false;
    }
    note_solo(refresh);
    return true;
}

/* `orders` NULL: only ages are wanted. */
static bool add_delegated(struct refresh *refresh, const struct tuf_delegation *delegation,
                          struct trust_orders *orders, struct error *err)
{
    const struct tuf_metadata *metadata = NULL;
    struct trust_role *role = next_role(refresh, delegation->name);
    struct error why = {0};

    if (role == NULL)
        return error_set(err, ERROR_LIMIT, "more than %d roles", LIMIT_TRUST_ROLES);
    const bool believed =
        tuf_client_role(&refresh->client, delegation->name, TEXT("targets"), &metadata, &why);
    if (!believed) {
        role->problem = text_format(refresh->arena, "%s", why.text);
        metadata = NULL;
    }
    if (!describe(refresh, role, metadata, err))
        return false;
    if (orders == NULL)
        return true;
    return believed && metadata != NULL
               ? trust_orders_take(orders, delegation, metadata, role->persons, &role->problem, err)
               : trust_orders_keep(orders, role->name, err);
}

static bool add_roles(struct refresh *refresh, struct trust_orders *orders, struct error *err)
{
    const struct tuf_metadata *targets;

    refresh->record.role_count = 0;
    if (!add_top_level(refresh, err))
        return false;
    targets = tuf_trusted_get(refresh->client.trusted, TEXT("targets"));
    for (size_t i = 0; targets != NULL && i < targets->delegation_count; i++)
        if (!add_delegated(refresh, &targets->delegations[i], orders, err))
            return false;
    return true;
}

/* ---- the two ends ---- */

static bool end_well(struct refresh *refresh, struct error *err)
{
    struct trust_orders orders = {.client = &refresh->client,
                                  .folder = refresh->folder,
                                  .arena = refresh->arena,
                                  .now_us = refresh->now_us,
                                  .former = &refresh->former,
                                  .record = &refresh->record,
                                  .orders =
                                      ARENA_ARRAY(refresh->arena, struct trust_order, LIMIT_TRUST_ORDERS)};

    if (orders.orders == NULL)
        return arena_full(refresh->arena, err);
    refresh->record.order_count = 0;
    if (!add_roles(refresh, &orders, err))
        return false;
    trust_orders_end(&orders);
    refresh->record.refreshed_us = refresh->request->now_us;
    for (size_t i = 0; i < refresh->record.role_count; i++)
        if (!note_made(refresh, refresh->record.roles[i].made_us, err))
            return false;
    return true;
}

/* Nothing is taken back; only the ages are those of what is held now. */
static bool end_badly(struct refresh *refresh, const struct error *why, struct error *err)
{
    struct trust_record kept = refresh->record;
    struct error ignored;

    kept.problem = text_format(refresh->arena, "%s", why->text);
    if (kept.problem.at == NULL)
        return arena_full(refresh->arena, err);
    tuf_client_end(&refresh->client);
    if (tuf_client_open(&refresh->client, &ignored) && add_roles(refresh, NULL, &ignored)) {
        kept.roles = refresh->record.roles;
        kept.role_count = refresh->record.role_count;
        kept.solo = refresh->record.solo;
        kept.solo_until_us = refresh->record.solo_until_us;
    }
    refresh->record = kept;
    return true;
}

bool trust_refresh(const struct trust_refresh_request *request, struct arena *arena, struct trust_record *out,
                   struct error *err)
{
    OWN(refresh_end)
    struct refresh refresh = {.request = request, .arena = arena, .work = arena_with(LIMIT_TUF_MEMORY)};
    struct error why = {0};

    if (!begin(&refresh, err) || !pin(&refresh, err))
        return false;
    const bool done = tuf_client_refresh(&refresh.client, &why);
    if (!done && why.kind == ERROR_CONFLICT) { /* another does it just now, and writes the record */
        *err = why;
        return false;
    }
    if (done ? !end_well(&refresh, err) : !end_badly(&refresh, &why, err))
        return false;
    if (!trust_record_write(request->state->folder, &refresh.record, err) ||
        !floors_write(refresh.floors, refresh.floors_path, err))
        return false;
    *out = refresh.record;
    return true;
}
