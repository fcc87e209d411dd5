#include "store/trust_record.h"

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/state.h"
#include "trust/tree.h"

#define SCHEMA "suture.trust-record/1"

/* ---- ages ---- */

const char *trust_age_name(enum trust_age age)
{
    static const char *const names[TRUST_AGE_COUNT] = {[TRUST_AGE_UNKNOWN] = "unknown",
                                                       [TRUST_FRESH] = "fresh",
                                                       [TRUST_STALE] = "stale",
                                                       [TRUST_EXPIRED] = "expired",
                                                       [TRUST_ABSENT] = "absent"};

    return names[(unsigned)age < TRUST_AGE_COUNT ? age : TRUST_AGE_UNKNOWN];
}

/* A role that must be signed often and does not say when it was is not called fresh. */
enum trust_age trust_role_age(const struct trust_role *role, int64_t now_us)
{
    const struct tree_role *known = tree_role_find(role->name);

    if (role->version == 0)
        return TRUST_ABSENT;
    if (role->expires_us <= now_us)
        return TRUST_EXPIRED;
    if (known == NULL || known->stale_us == 0)
        return TRUST_FRESH;
    if (role->made_us == TIME_ABSENT)
        return TRUST_AGE_UNKNOWN;
    return now_us - role->made_us >= known->stale_us ? TRUST_STALE : TRUST_FRESH;
}

const struct trust_role *trust_record_role(const struct trust_record *record, struct text name)
{
    for (size_t i = 0; i < record->role_count; i++)
        if (text_equal(record->roles[i].name, name))
            return &record->roles[i];
    return NULL;
}

const struct public_key *trust_record_keys(const struct trust_record *record, struct text name,
                                           int64_t now_us, size_t *count)
{
    const struct trust_role *role = trust_record_role(record, name);
    bool believed = role != NULL && role->problem.size == 0 && role->expires_us != TIME_ABSENT &&
                    role->expires_us > now_us;

    *count = role != NULL && (believed || !control_holds(CONTROL_INDEX_ROLE)) ? role->key_count : 0;
    return *count > 0 ? role->keys : NULL;
}

/* ---- orders ---- */

bool trust_order_holds(const struct trust_record *record, const struct trust_order *order, int64_t now_us)
{
    const struct trust_role *role = trust_record_role(record, order->role);

    if (now_us < order->begins_us || !signed_order_holds(&order->order, order->persons, now_us))
        return false;
    /* What lets something in is asked of a role that still speaks. */
    return order->order.kind != SIGNED_ORDER_APPROVAL || (role != NULL && role->expires_us > now_us);
}

const struct trust_file *trust_record_policy(const struct trust_record *record, int64_t now_us)
{
    const struct trust_file *next = &record->next_policy, *now = &record->policy;

    if (next->digest.kind != DIGEST_UNKNOWN && next->begins_us <= now_us)
        return next;
    return now->digest.kind != DIGEST_UNKNOWN && now->begins_us <= now_us ? now : NULL;
}

static bool names_version(const struct signed_order *order, struct text version)
{
    for (size_t i = 0; i < order->version_count; i++)
        if (version.size > 0 && text_equal(order->versions[i], version))
            return true;
    return false;
}

static bool names_digest(const struct signed_order *order, const struct digest *sha256)
{
    for (size_t i = 0; i < order->digest_count; i++)
        if (sha256 != NULL && sha256->kind == order->digests[i].kind &&
            digest_equal(sha256, &order->digests[i]))
            return true;
    return false;
}

/* A package that is named with neither versions nor files is blocked as a whole. */
static bool blocks(const struct signed_order *order, struct text package, struct text version,
                   const struct digest *sha256)
{
    if (order->kind != SIGNED_ORDER_BLOCK)
        return false;
    if (order->everything)
        return true;
    if (order->digest_count > 0 && names_digest(order, sha256))
        return true;
    return order->package.size > 0 && text_equal(order->package, package) &&
           (names_version(order, version) || (order->version_count == 0 && order->digest_count == 0));
}

const struct trust_order *trust_record_block(const struct trust_record *record, struct text package,
                                             struct text version, const struct digest *sha256, int64_t now_us)
{
    for (size_t i = 0; i < record->order_count; i++) {
        const struct trust_order *order = &record->orders[i];
        /* A clock that went back takes no block away: it was seen, so it has begun. */
        const int64_t at_us = now_us > order->seen_us ? now_us : order->seen_us;
        if (blocks(&order->order, package, version, sha256) && trust_order_holds(record, order, at_us) &&
            control_holds(CONTROL_ORDER_BLOCK))
            return order;
    }
    return NULL;
}

const struct trust_order *trust_record_approval(const struct trust_record *record, struct text package,
                                                struct text version, struct text arch,
                                                const struct digest *sha256, int64_t now_us)
{
    for (size_t i = 0; i < record->order_count; i++) {
        const struct signed_order *order = &record->orders[i].order;
        if (order->kind == SIGNED_ORDER_APPROVAL && text_equal(order->package, package) &&
            text_equal(order->version, version) && text_equal(order->arch, arch) &&
            names_digest(order, sha256) && trust_order_holds(record, &record->orders[i], now_us))
            return &record->orders[i];
    }
    return NULL;
}

/* ---- writing ---- */

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_put_text(j, text);
}

static void put_u64(struct json_writer *j, const char *name, uint64_t number)
{
    json_name(j, name);
    json_put_u64(j, number);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_keys(struct json_writer *j, const struct trust_role *role)
{
    char hex[PUBLIC_KEY_HEX_SIZE + 1];

    if (role->key_count == 0)
        return;
    json_name(j, "keys");
    json_open_array(j);
    for (size_t i = 0; i < role->key_count; i++) {
        public_key_hex(&role->keys[i], hex);
        json_put_string(j, hex);
    }
    json_close_array(j);
}

static void put_role(struct json_writer *j, const struct trust_role *role)
{
    json_open_object(j);
    put_text(j, "name", role->name);
    put_u64(j, "version", role->version);
    put_time(j, "made", role->made_us);
    put_time(j, "expires", role->expires_us);
    put_u64(j, "threshold", role->threshold);
    put_u64(j, "persons", role->persons);
    put_text(j, "problem", role->problem);
    put_keys(j, role);
    json_close_object(j);
}

/* The order itself stands there as it was signed, as a text. */
static bool put_order(struct json_writer *j, const struct trust_order *order, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_SIGNED_ORDER);
    struct bytes raw;

    if (!signed_order_write(&w, &order->order, err) || !writer_done(&w, &raw, err))
        return false;
    json_open_object(j);
    put_text(j, "order", (struct text){(const char *)raw.at, raw.size});
    put_text(j, "role", order->role);
    put_u64(j, "persons", order->persons);
    put_time(j, "seen", order->seen_us);
    put_time(j, "begins", order->begins_us);
    json_close_object(j);
    return true;
}

static void put_file(struct json_writer *j, const char *name, const struct trust_file *file)
{
    char hex[DIGEST_HEX_MAX + 1];

    json_name(j, name);
    if (file->digest.kind == DIGEST_UNKNOWN) {
        json_put_null(j);
        return;
    }
    digest_hex(&file->digest, hex);
    json_open_object(j);
    put_text(j, "sha256", text_of(hex));
    put_u64(j, "version", file->version);
    put_time(j, "seen", file->seen_us);
    put_time(j, "begins", file->begins_us);
    json_close_object(j);
}

bool trust_record_print(struct writer *w, const struct trust_record *record, struct error *err)
{
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    put_text(&j, "schema", TEXT(SCHEMA));
    put_text(&j, "repository", record->repository);
    json_name(&j, "solo");
    json_put_bool(&j, record->solo);
    put_time(&j, "solo_until", record->solo_until_us);
    put_time(&j, "tried", record->tried_us);
    put_time(&j, "refreshed", record->refreshed_us);
    put_text(&j, "problem", record->problem);
    json_name(&j, "roles");
    json_open_array(&j);
    for (size_t i = 0; i < record->role_count; i++)
        put_role(&j, &record->roles[i]);
    json_close_array(&j);
    json_name(&j, "orders");
    json_open_array(&j);
    for (size_t i = 0; i < record->order_count; i++)
        if (!put_order(&j, &record->orders[i], err))
            return false;
    json_close_array(&j);
    put_file(&j, "policy", &record->policy);
    put_file(&j, "next_policy", &record->next_policy);
    json_close_object(&j);
    writer_byte(w, '\n');
    return true;
}

/* ---- reading ---- */

static bool get_text(struct json value, const char *name, size_t limit, struct arena *arena, struct text *out,
                     struct error *err)
{
    struct text got = {0};

    if (!json_get_text(value, name, true, limit, &got, err))
        return false;
    *out = got.size == 0 ? (struct text){0} : text_copy(arena, got);
    return got.size == 0 || out->at != NULL || arena_full(arena, err);
}

/* null: TIME_ABSENT. */
static bool get_time(struct json value, const char *name, int64_t *out, struct error *err)
{
    struct text got = {0};

    if (!json_get_text(value, name, false, 64, &got, err))
        return false;
    *out = TIME_ABSENT;
    return got.size == 0 || time_parse(got, out, err) || error_at(err, "%s", name);
}

static bool get_u32(struct json value, const char *name, uint32_t *out, struct error *err)
{
    uint64_t got = 0;

    if (!json_get_u64(value, name, true, UINT32_MAX, &got, err))
        return false;
    *out = (uint32_t)got;
    return true;
}

/* Records of before have none. */
static bool parse_keys(struct json value, struct trust_role *out, struct error *err)
{
    struct json list = {0};
    struct text hex;

    if (!json_get_array(value, "keys", false, &list, err))
        return false;
    if (json_is_absent(list))
        return true;
    if (json_count(list) > TRUST_ROLE_KEYS_MAX)
        return error_set(err, ERROR_LIMIT, "keys: more than %d", TRUST_ROLE_KEYS_MAX);
    for (struct json_walk walk = json_walk_with(list); json_walk_next(&walk);)
        if (!json_as_text(walk.value, PUBLIC_KEY_HEX_SIZE, &hex, err) ||
            !public_key_parse(hex, &out->keys[out->key_count++], err))
            return error_at(err, "keys");
    return true;
}

static bool parse_role(struct json value, struct arena *arena, struct trust_role *out, struct error *err)
{
    return get_text(value, "name", LIMIT_TUF_ROLE_NAME, arena, &out->name, err) &&
           json_get_u64(value, "version", true, UINT64_MAX, &out->version, err) &&
           get_time(value, "made", &out->made_us, err) && get_time(value, "expires", &out->expires_us, err) &&
           get_u32(value, "threshold", &out->threshold, err) &&
           get_u32(value, "persons", &out->persons, err) &&
           get_text(value, "problem", LIMIT_TRUST_TEXT, arena, &out->problem, err) &&
           parse_keys(value, out, err);
}

static bool parse_order(struct json value, struct arena *arena, struct trust_order *out, struct error *err)
{
    struct text raw;

    return get_text(value, "order", LIMIT_SIGNED_ORDER, arena, &raw, err) &&
           (signed_order_parse(bytes_of_text(raw), arena, &out->order, err) || error_at(err, "order")) &&
           get_text(value, "role", LIMIT_TUF_ROLE_NAME, arena, &out->role, err) &&
           get_u32(value, "persons", &out->persons, err) && get_time(value, "seen", &out->seen_us, err) &&
           get_time(value, "begins", &out->begins_us, err);
}

static bool parse_file(struct json root, const char *name, struct trust_file *out, struct error *err)
{
    struct json value = {0};
    struct text hex = {0};

    if (!json_get_object(root, name, false, &value, err))
        return false;
    if (json_is_absent(value))
        return true;
    return (json_get_text(value, "sha256", true, DIGEST_HEX_MAX, &hex, err) &&
            digest_parse(DIGEST_SHA256, hex, &out->digest, err) &&
            json_get_u64(value, "version", true, UINT64_MAX, &out->version, err) &&
            get_time(value, "seen", &out->seen_us, err) && get_time(value, "begins", &out->begins_us, err)) ||
           error_at(err, "%s", name);
}

static bool parse_roles(struct json root, struct arena *arena, struct trust_record *out, struct error *err)
{
    struct json list = {0};

    if (!json_get_array(root, "roles", true, &list, err))
        return false;
    if (json_count(list) > LIMIT_TRUST_ROLES)
        return error_set(err, ERROR_LIMIT, "%zu roles, more than %d", json_count(list), LIMIT_TRUST_ROLES);
    struct trust_role *roles = ARENA_ARRAY(arena, struct trust_role, json_count(list));
    if (roles == NULL)
        return arena_full(arena, err);
    for (struct json_walk walk = json_walk_with(list); json_walk_next(&walk);)
        if (!parse_role(walk.value, arena, &roles[out->role_count++], err))
            return error_at(err, "role %zu", walk.index);
    out->roles = roles;
    return true;
}

static bool parse_orders(struct json root, struct arena *arena, struct trust_record *out, struct error *err)
{
    struct json list = {0};

    if (!json_get_array(root, "orders", true, &list, err))
        return false;
    if (json_count(list) > LIMIT_TRUST_ORDERS)
        return error_set(err, ERROR_LIMIT, "%zu orders, more than %d", json_count(list), LIMIT_TRUST_ORDERS);
    struct trust_order *orders = ARENA_ARRAY(arena, struct trust_order, json_count(list));
    if (orders == NULL)
        return arena_full(arena, err);
    for (struct json_walk walk = json_walk_with(list); json_walk_next(&walk);)
        if (!parse_order(walk.value, arena, &orders[out->order_count++], err))
            return error_at(err, "order %zu", walk.index);
    out->orders = orders;
    return true;
}

bool trust_record_parse(struct bytes raw, struct arena *arena, struct trust_record *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct trust_record record = {0};
    struct text schema = {0};

    if (!json_parse(raw, LIMIT_TRUST_RECORD, &document, err))
        return false;
    const struct json root = json_root(&document);
    if (!json_get_text(root, "schema", true, 64, &schema, err))
        return false;
    if (!text_equal(schema, TEXT(SCHEMA)))
        return error_set(err, ERROR_INPUT, "is \"%.*s\", this version of Suture knows " SCHEMA,
                         TEXT_ARG(schema));
    if (!get_text(root, "repository", LIMIT_URL, arena, &record.repository, err) ||
        !json_get_bool(root, "solo", true, &record.solo, err) ||
        !get_time(root, "solo_until", &record.solo_until_us, err) ||
        !get_time(root, "tried", &record.tried_us, err) ||
        !get_time(root, "refreshed", &record.refreshed_us, err) ||
        !get_text(root, "problem", LIMIT_TRUST_TEXT, arena, &record.problem, err) ||
        !parse_roles(root, arena, &record, err) || !parse_orders(root, arena, &record, err) ||
        !parse_file(root, "policy", &record.policy, err) ||
        !parse_file(root, "next_policy", &record.next_policy, err))
        return false;
    *out = record;
    return true;
}

/* ---- the file ---- */

/* *out NULL: there is no state folder. */
static bool find_file(const char *folder, struct arena *arena, const char **out, struct error *err)
{
    struct state state;

    *out = NULL;
    if (folder == NULL)
        return true;
    if (!state_open(folder, STATE_READ, &state, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        return true;
    }
    *out = state_path(&state, arena, "trust/record");
    return *out != NULL || arena_full(arena, err);
}

bool trust_record_read(const char *state, struct arena *arena, struct trust_record *out, bool *found,
                       struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    const char *path;

    *found = false;
    if (!find_file(state, arena, &path, err))
        return false;
    if (path == NULL)
        return true;
    if (!file_map_own(path, LIMIT_TRUST_RECORD, &map, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        return true;
    }
    *found = trust_record_parse(map.bytes, arena, out, err);
    return *found || error_at(err, "%s", path);
}

bool trust_record_write(const char *state, const struct trust_record *record, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    OWN(writer_end) struct writer w = writer_with(LIMIT_TRUST_RECORD);
    const char *path = file_path(&arena, state, "trust/record");
    struct bytes raw;

    if (path == NULL)
        return arena_full(&arena, err);
    return trust_record_print(&w, record, err) && writer_done(&w, &raw, err) &&
           file_replace(path, raw, 0600, err);
}
