/* Reads of what people made: users, tokens, "patch now", plans, the audit log; and of the database's own state. */
#include <assert.h>

#include "base/limits.h"
#include "base/time.h"
#include "store/fleet_inside.h"
#include "store/fleet_read.h"
#include "store/fleet_schema.h"

/* ---- the state ---- */

static bool take_generation(void *self, const struct store_value *columns, struct error *err)
{
    struct fleet_state *state = self;
    int64_t of = columns[0].number;

    if (of <= FLEET_GENERATION_UNKNOWN || of >= FLEET_GENERATION_COUNT)
        return error_set(err, ERROR_INPUT, "generation %lld in the database is none", (long long)of);
    state->highest[of] = (uint64_t)columns[1].number;
    state->reported[of] = (uint64_t)columns[2].number;
    return true;
}

static bool take_meta(void *self, const struct store_value *columns, struct error *err)
{
    struct fleet_state *state = self;
    const struct bytes raw = columns[0].bytes;
    const struct text name = {(const char *)raw.at, raw.size};

    if (text_equal(name, TEXT("schema")))
        state->schema = (uint32_t)columns[1].number;
    else if (text_equal(name, TEXT("fleet")))
        return fleet_take_exact(&columns[2], state->fleet, sizeof(state->fleet), err);
    else if (text_equal(name, TEXT("restored")))
        state->restored_us = columns[1].number;
    else if (text_equal(name, TEXT("backup")))
        state->backup_us = columns[1].number;
    else if (text_equal(name, TEXT("quarantine")))
        state->quarantine = columns[1].number != 0;
    return true;
}

bool fleet_store_state(struct fleet_store *store, struct fleet_state *out, struct error *err)
{
    struct fleet_state state = {0};
    const struct store_call meta = {
        .sql = "SELECT name, number, value FROM meta", .columns = "tnb", .each = take_meta, .self = &state};
    const struct store_call generations = {.sql = "SELECT generation, highest, reported FROM generation",
                                           .columns = "nnn",
                                           .each = take_generation,
                                           .self = &state};

    if (!fleet_read(store, &meta, err) || !fleet_read(store, &generations, err))
        return false;
    *out = state;
    return true;
}

bool fleet_store_awaited(struct fleet_store *store, struct fleet_awaited *out, struct error *err)
{
    struct fleet_state state;
    int64_t numbers[2] = {0};
    bool found;

    if (!fleet_store_state(store, &state, err))
        return false;
    const struct store_value values[] = {number_value(FLEET_HOST_REVOKED | FLEET_HOST_REMOVED),
                                         number_value(state.backup_us - 7 * TIME_DAY_US),
                                         number_value(state.restored_us)};
    if (!fleet_ask_numbers(
            store,
            "SELECT CAST(COALESCE(SUM(CASE WHEN s.seen_us >= ?3 THEN 1 ELSE 0 END), 0) AS BIGINT),"
            " CAST(COALESCE(SUM(CASE WHEN s.seen_us < ?3 THEN 1 ELSE 0 END), 0) AS BIGINT)"
            " FROM host h JOIN host_seen s ON s.hid = h.hid"
            " WHERE (h.flags & ?1) = 0 AND s.seen_us >= ?2",
            "nnn", values, "nn", numbers, &found, err))
        return false;
    *out = (struct fleet_awaited){(uint64_t)numbers[0], (uint64_t)numbers[1]};
    return true;
}

/* ---- users ---- */

#define USER_COLUMNS                                                                                         \
    "name, password, role, disabled, must_change, failures, locked_until_us, made_us, changed_us, revision"
#define USER_TYPES "tttnnnnnnn"

static bool read_user(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    struct fleet_user user = {
        .disabled = columns[3].number != 0,
        .must_change = columns[4].number != 0,
        .failures = (uint32_t)columns[5].number,
        .locked_until_us = columns[6].number,
        .made_us = columns[7].number,
        .changed_us = columns[8].number,
        .revision = (uint64_t)columns[9].number,
    };

    if (!fleet_take_text(&columns[0], arena, &user.name, err) ||
        !fleet_take_text(&columns[1], arena, &user.password, err) ||
        !fleet_take_text(&columns[2], arena, &user.role, err))
        return false;
    *(struct fleet_user *)out = user;
    return true;
}

bool fleet_store_user(struct fleet_store *store, struct text name, struct arena *arena,
                      struct fleet_user *out, struct error *err)
{
    const struct store_value wanted = text_value(name);
    const struct store_call call = {.sql = "SELECT " USER_COLUMNS " FROM person WHERE name = ?1",
                                    .types = "t",
                                    .values = &wanted,
                                    .columns = USER_TYPES};
    struct fleet_collect collect = {.arena = arena, .read = read_user, .size = sizeof(*out), .limit = 1};

    return fleet_one(store, &call, &collect, "user", out, err);
}

bool fleet_store_users(struct fleet_store *store, struct arena *arena, struct fleet_users *out,
                       struct error *err)
{
    const struct store_call call = {.sql = "SELECT " USER_COLUMNS " FROM person ORDER BY name",
                                    .columns = USER_TYPES};
    struct fleet_collect collect = {
        .arena = arena, .read = read_user, .size = sizeof(struct fleet_user), .limit = LIMIT_FLEET_USERS};

    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_users){collect.at, collect.count};
    return true;
}

/* ---- API tokens ---- */

#define API_COLUMNS                                                                                          \
    "number, secret, person, label, role, scope, session, made_us, ends_us, used_us, revoked_us, revision"
#define API_TYPES "nbttttnnnnnn"

static bool read_api_token(const struct store_value *columns, struct arena *arena, void *out,
                           struct error *err)
{
    struct fleet_api_token token = {
        .number = columns[0].number,
        .session = columns[6].number != 0,
        .made_us = columns[7].number,
        .ends_us = columns[8].number,
        .used_us = columns[9].number,
        .revoked_us = columns[10].number,
        .revision = (uint64_t)columns[11].number,
    };

    if (!fleet_take_exact(&columns[1], token.secret, FLEET_SECRET_SIZE, err) ||
        !fleet_take_text(&columns[2], arena, &token.user, err) ||
        !fleet_take_text(&columns[3], arena, &token.label, err) ||
        !fleet_take_text(&columns[4], arena, &token.role, err) ||
        !fleet_take_text(&columns[5], arena, &token.scope, err))
        return false;
    *(struct fleet_api_token *)out = token;
    return true;
}

bool fleet_store_api_token(struct fleet_store *store, const uint8_t secret[FLEET_SECRET_SIZE],
                           struct arena *arena, struct fleet_api_token *out, struct error *err)
{
    const struct store_value wanted = hash_value(secret, FLEET_SECRET_SIZE);
    const struct store_call call = {.sql = "SELECT " API_COLUMNS " FROM api_token WHERE secret = ?1",
                                    .types = "b",
                                    .values = &wanted,
                                    .columns = API_TYPES};
    struct fleet_collect collect = {.arena = arena, .read = read_api_token, .size = sizeof(*out), .limit = 1};

    return fleet_one(store, &call, &collect, "token", out, err);
}

bool fleet_store_api_tokens(struct fleet_store *store, struct text user, bool sessions, int64_t after_number,
                            struct arena *arena, struct fleet_api_tokens *out, struct error *err)
{
    const struct store_value values[] = {text_value(user), number_value(sessions), number_value(after_number),
                                         number_value(LIMIT_FLEET_PAGE)};
    const struct store_call call = {.sql =
                                        "SELECT " API_COLUMNS " FROM api_token WHERE (person = ?1 OR ?1 = '')"
                                        " AND session <= ?2 AND number > ?3 ORDER BY number LIMIT ?4",
                                    .types = "tnnn",
                                    .values = values,
                                    .columns = API_TYPES};
    struct fleet_collect collect = {.arena = arena,
                                    .read = read_api_token,
                                    .size = sizeof(struct fleet_api_token),
                                    .limit = LIMIT_FLEET_PAGE};

    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_api_tokens){collect.at, collect.count};
    return true;
}

/* ---- enrolment tokens ---- */

#define ENROL_COLUMNS                                                                                        \
    "number, secret, label, made_by, class, uses_max, uses, made_us, ends_us, revoked_us, revision"
#define ENROL_TYPES "nbtttnnnnnn"

static bool read_enrol_token(const struct store_value *columns, struct arena *arena, void *out,
                             struct error *err)
{
    struct fleet_enrol_token token = {
        .number = columns[0].number,
        .uses_max = (uint32_t)columns[5].number,
        .uses = (uint32_t)columns[6].number,
        .made_us = columns[7].number,
        .ends_us = columns[8].number,
        .revoked_us = columns[9].number,
        .revision = (uint64_t)columns[10].number,
    };

    if (!fleet_take_exact(&columns[1], token.secret, FLEET_SECRET_SIZE, err) ||
        !fleet_take_text(&columns[2], arena, &token.label, err) ||
        !fleet_take_text(&columns[3], arena, &token.by, err) ||
        !fleet_take_text(&columns[4], arena, &token.class, err))
        return false;
    *(struct fleet_enrol_token *)out = token;
    return true;
}

bool fleet_store_enrol_token(struct fleet_store *store, const uint8_t secret[FLEET_SECRET_SIZE],
                             struct arena *arena, struct fleet_enrol_token *out, struct error *err)
{
    const struct store_value wanted = hash_value(secret, FLEET_SECRET_SIZE);
    const struct store_call call = {.sql = "SELECT " ENROL_COLUMNS " FROM enrol_token WHERE secret = ?1",
                                    .types = "b",
                                    .values = &wanted,
                                    .columns = ENROL_TYPES};
    struct fleet_collect collect = {
        .arena = arena, .read = read_enrol_token, .size = sizeof(*out), .limit = 1};

    return fleet_one(store, &call, &collect, "token", out, err);
}

bool fleet_store_enrol_tokens(struct fleet_store *store, int64_t after_number, struct arena *arena,
                              struct fleet_enrol_tokens *out, struct error *err)
{
    const struct store_value values[] = {number_value(after_number), number_value(LIMIT_FLEET_PAGE)};
    const struct store_call call = {.sql = "SELECT " ENROL_COLUMNS " FROM enrol_token WHERE number > ?1"
                                           " ORDER BY number LIMIT ?2",
                                    .types = "nn",
                                    .values = values,
                                    .columns = ENROL_TYPES};
    struct fleet_collect collect = {.arena = arena,
                                    .read = read_enrol_token,
                                    .size = sizeof(struct fleet_enrol_token),
                                    .limit = LIMIT_FLEET_PAGE};

    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_enrol_tokens){collect.at, collect.count};
    return true;
}

/* ---- what is handed out ---- */

static bool read_plan(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    struct fleet_plan_row plan = {.generation = (uint64_t)columns[0].number, .made_us = columns[1].number};

    if (!fleet_take_bytes(&columns[2], arena, &plan.body, err) ||
        !fleet_take_bytes(&columns[3], arena, &plan.signature, err))
        return false;
    *(struct fleet_plan_row *)out = plan;
    return true;
}

bool fleet_store_plan(struct fleet_store *store, uint64_t generation, struct arena *arena,
                      struct fleet_plan_row *out, struct error *err)
{
    const struct store_value wanted = count_value(generation);
    const struct store_call call = {.sql =
                                        "SELECT generation, made_us, body, signature FROM plan"
                                        " WHERE generation = ?1 OR ?1 = 0 ORDER BY generation DESC LIMIT 1",
                                    .types = "n",
                                    .values = &wanted,
                                    .columns = "nnbb"};
    struct fleet_collect collect = {.arena = arena, .read = read_plan, .size = sizeof(*out), .limit = 1};

    return fleet_one(store, &call, &collect, "plan", out, err);
}

static bool read_now_item(const struct store_value *columns, struct arena *arena, void *out,
                          struct error *err)
{
    struct fleet_now_item item = {
        .number = columns[0].number,
        .made_us = columns[5].number,
        .ends_us = columns[6].number,
        .withdrawn_us = columns[7].number,
        .revision = (uint64_t)columns[8].number,
    };

    if (!fleet_take_text(&columns[1], arena, &item.fix, err) ||
        !fleet_take_text(&columns[2], arena, &item.class, err) ||
        !fleet_take_text(&columns[3], arena, &item.by, err) ||
        !fleet_take_text(&columns[4], arena, &item.reason, err))
        return false;
    *(struct fleet_now_item *)out = item;
    return true;
}

bool fleet_store_now_items(struct fleet_store *store, int64_t now_us, struct arena *arena,
                           struct fleet_now_items *out, struct error *err)
{
    const struct store_value values[] = {number_value(now_us), number_value(LIMIT_FLEET_PAGE)};
    const struct store_call call = {
        .sql = "SELECT number, fix, class, made_by, reason, made_us, ends_us, withdrawn_us, revision FROM "
               "now_item"
               " WHERE ?1 = 0 OR (withdrawn_us = 0 AND (ends_us = 0 OR ends_us > ?1))"
               " ORDER BY made_us DESC, number DESC LIMIT ?2",
        .types = "nn",
        .values = values,
        .columns = "nttttnnnn"};
    struct fleet_collect collect = {.arena = arena,
                                    .read = read_now_item,
                                    .size = sizeof(struct fleet_now_item),
                                    .limit = LIMIT_FLEET_PAGE};

    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_now_items){collect.at, collect.count};
    return true;
}

/* ---- the audit log ---- */

#define AUDIT_COLUMNS "seq, at_us, actor, address, deed, object, detail, chain"
#define AUDIT_TYPES   "nntttttb"

static bool read_audit(const struct store_value *columns, struct arena *arena, void *out, struct error *err)
{
    struct fleet_audit row = {.seq = (uint64_t)columns[0].number, .at_us = columns[1].number};

    if (!fleet_take_text(&columns[2], arena, &row.actor, err) ||
        !fleet_take_text(&columns[3], arena, &row.from, err) ||
        !fleet_take_text(&columns[4], arena, &row.deed, err) ||
        !fleet_take_text(&columns[5], arena, &row.object, err) ||
        !fleet_take_text(&columns[6], arena, &row.detail, err) ||
        !fleet_take_exact(&columns[7], row.chain, sizeof(row.chain), err))
        return error_at(err, "audit row %llu", (unsigned long long)row.seq);
    *(struct fleet_audit *)out = row;
    return true;
}

bool fleet_store_audits(struct fleet_store *store, uint64_t from, size_t limit, struct arena *arena,
                        struct fleet_audits *out, struct error *err)
{
    const struct store_value values[] = {count_value(from), number_value((int64_t)limit)};
    const struct store_call call = {.sql = "SELECT " AUDIT_COLUMNS
                                           " FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
                                    .types = "nn",
                                    .values = values,
                                    .columns = AUDIT_TYPES};
    struct fleet_collect collect = {
        .arena = arena, .read = read_audit, .size = sizeof(struct fleet_audit), .limit = limit};

    assert(limit > 0 && limit <= LIMIT_FLEET_PAGE);
    if (!fleet_collect(store, &call, &collect, err))
        return false;
    *out = (struct fleet_audits){collect.at, collect.count};
    return true;
}

bool fleet_store_audit_head(struct fleet_store *store, struct arena *arena, struct fleet_audit *out,
                            struct error *err)
{
    const struct store_call call = {.sql = "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY seq DESC LIMIT 1",
                                    .columns = AUDIT_TYPES};
    struct fleet_collect collect = {.arena = arena, .read = read_audit, .size = sizeof(*out), .limit = 1};

    return fleet_one(store, &call, &collect, "row of the audit log", out, err);
}
