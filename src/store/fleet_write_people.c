/* Writes of rows that people make: tokens, users, "patch now"; and of what is handed out by generation. */
#include <stdio.h>

#include "base/control.h"
#include "base/limits.h"
#include "store/fleet_inside.h"

/* ---- rows with a revision ---- */

/*
 * A row as two statements: one that inserts it, with its key as ?1, and one that replaces the row whose revision is the
 * last parameter. Both make revision ?1's parameter before the last.
 */
struct put {
    const char *insert, *update;
    const char *types; /* of the row; then come the new revision and, for an update, the old one */
    const struct store_value *values;
    size_t count;
    uint64_t revision; /* of the row that it replaces; 0: new */
};

static bool put_row(struct fleet_batch *batch, const struct put *put, struct fleet_result *result,
                    struct error *err)
{
    struct store_value values[STORE_COLUMNS_MAX];
    char types[STORE_COLUMNS_MAX + 1];
    int64_t changed;

    memcpy(values, put->values, put->count * sizeof(*values));
    values[put->count] = count_value(put->revision + 1);
    values[put->count + 1] = count_value(put->revision);
    (void)snprintf(types, sizeof(types), "%sn%s", put->types, put->revision == 0 ? "" : "n");
    if (!fleet_call(batch->store, put->revision == 0 ? put->insert : put->update, types, values, &changed,
                    err))
        return false;
    if (changed == 0 && put->revision == 0)
        return fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "there is one already");
    if (changed == 0)
        return fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "it is gone, or somebody changed it meanwhile");
    result->outcome = FLEET_OUTCOME_DONE;
    result->revision = put->revision + 1;
    return true;
}

/* ---- enrolment tokens ---- */

static bool enrol_token_one(struct fleet_batch *batch, const struct fleet_enrol_token *token,
                            struct fleet_result *result, struct error *err)
{
    int64_t number = token->revision == 0 ? fleet_new_number(batch->store, token->made_us) : token->number;
    const struct store_value values[] = {
        number_value(number),           hash_value(token->secret, FLEET_SECRET_SIZE),
        text_value(token->label),       text_value(token->by),
        text_value(token->class),       number_value(token->uses_max),
        number_value(token->made_us),   number_value(token->ends_us),
        number_value(token->revoked_us)};
    /* How often it was used is not a person's to say. */
    const struct put put = {
        "INSERT INTO enrol_token (number, secret, label, made_by, class, uses_max, uses, made_us, ends_us, "
        "revoked_us,"
        " revision) SELECT ?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10"
        " WHERE NOT EXISTS (SELECT 1 FROM enrol_token WHERE secret = ?2) ON CONFLICT (number) DO NOTHING",
        "UPDATE enrol_token SET secret = ?2, label = ?3, made_by = ?4, class = ?5, uses_max = ?6, made_us = "
        "?7,"
        " ends_us = ?8, revoked_us = ?9, revision = ?10 WHERE number = ?1 AND revision = ?11",
        "nbtttnnnn",
        values,
        sizeof(values) / sizeof(*values),
        token->revision};

    if (!fleet_text_good(token->label, LIMIT_FLEET_TEXT, "label", result) ||
        !fleet_text_good(token->by, LIMIT_FLEET_TEXT, "by", result) ||
        !fleet_text_good(token->class, LIMIT_FLEET_TEXT, "class", result))
        return true;
    result->number = (uint64_t)number;
    return put_row(batch, &put, result, err);
}

bool fleet_write_enrol_token(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                             struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!enrol_token_one(batch, &writes[i].enrol_token, &results[i], err))
            return false;
    return true;
}

/* ---- API tokens and sessions ---- */

static bool api_token_one(struct fleet_batch *batch, const struct fleet_api_token *token,
                          struct fleet_result *result, struct error *err)
{
    int64_t number = token->revision == 0 ? fleet_new_number(batch->store, token->made_us) : token->number;
    const struct store_value values[] = {
        number_value(number),           hash_value(token->secret, FLEET_SECRET_SIZE),
        text_value(token->user),        text_value(token->label),
        text_value(token->role),        text_value(token->scope),
        number_value(token->session),   number_value(token->made_us),
        number_value(token->ends_us),   number_value(token->used_us),
        number_value(token->revoked_us)};
    const struct put put = {
        "INSERT INTO api_token (number, secret, person, label, role, scope, session, made_us, ends_us, "
        "used_us,"
        " revoked_us, revision) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12"
        " WHERE NOT EXISTS (SELECT 1 FROM api_token WHERE secret = ?2) ON CONFLICT (number) DO NOTHING",
        "UPDATE api_token SET secret = ?2, person = ?3, label = ?4, role = ?5, scope = ?6, session = ?7, "
        "made_us = ?8,"
        " ends_us = ?9, used_us = ?10, revoked_us = ?11, revision = ?12 WHERE number = ?1 AND revision = ?13",
        "nbttttnnnnn",
        values,
        sizeof(values) / sizeof(*values),
        token->revision};

    if (!fleet_text_good(token->user, LIMIT_FLEET_TEXT, "user", result) ||
        !fleet_text_good(token->label, LIMIT_FLEET_TEXT, "label", result) ||
        !fleet_text_good(token->role, LIMIT_FLEET_TEXT, "role", result) ||
        !fleet_text_good(token->scope, LIMIT_FLEET_TEXT, "scope", result))
        return true;
    result->number = (uint64_t)number;
    return put_row(batch, &put, result, err);
}

bool fleet_write_api_token(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                           struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!api_token_one(batch, &writes[i].api_token, &results[i], err))
            return false;
    return true;
}

/* ---- users ---- */

static bool user_one(struct fleet_batch *batch, const struct fleet_user *user, struct fleet_result *result,
                     struct error *err)
{
    const struct store_value values[] = {text_value(user->name),
                                         text_value(user->password),
                                         text_value(user->role),
                                         number_value(user->disabled),
                                         number_value(user->must_change),
                                         number_value(user->failures),
                                         number_value(user->locked_until_us),
                                         number_value(user->made_us),
                                         number_value(user->changed_us)};
    const struct put put = {
        "INSERT INTO person (name, password, role, disabled, must_change, failures, locked_until_us, made_us,"
        " changed_us, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (name) DO "
        "NOTHING",
        "UPDATE person SET password = ?2, role = ?3, disabled = ?4, must_change = ?5, failures = ?6,"
        " locked_until_us = ?7, made_us = ?8, changed_us = ?9, revision = ?10 WHERE name = ?1 AND revision = "
        "?11",
        "tttnnnnnn",
        values,
        sizeof(values) / sizeof(*values),
        user->revision};

    if (!fleet_text_good(user->name, LIMIT_FLEET_TEXT, "name", result) ||
        !fleet_text_good(user->password, 2 * LIMIT_FLEET_TEXT, "password", result) ||
        !fleet_text_good(user->role, LIMIT_FLEET_TEXT, "role", result))
        return true;
    return put_row(batch, &put, result, err);
}

bool fleet_write_user(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                      struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!user_one(batch, &writes[i].user, &results[i], err))
            return false;
    return true;
}

/* ---- "patch now" ---- */

static bool now_item_one(struct fleet_batch *batch, const struct fleet_now_item *item,
                         struct fleet_result *result, struct error *err)
{
    int64_t number = item->revision == 0 ? fleet_new_number(batch->store, item->made_us) : item->number;
    const struct store_value values[] = {number_value(number),        text_value(item->fix),
                                         text_value(item->class),     text_value(item->by),
                                         text_value(item->reason),    number_value(item->made_us),
                                         number_value(item->ends_us), number_value(item->withdrawn_us)};
    const struct put put = {
        "INSERT INTO now_item (number, fix, class, made_by, reason, made_us, ends_us, withdrawn_us, revision)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (number) DO NOTHING",
        "UPDATE now_item SET fix = ?2, class = ?3, made_by = ?4, reason = ?5, made_us = ?6, ends_us = ?7,"
        " withdrawn_us = ?8, revision = ?9 WHERE number = ?1 AND revision = ?10",
        "nttttnnn",
        values,
        sizeof(values) / sizeof(*values),
        item->revision};

    if (!fleet_text_good(item->fix, LIMIT_FLEET_TEXT, "fix", result) ||
        !fleet_text_good(item->class, LIMIT_FLEET_TEXT, "class", result) ||
        !fleet_text_good(item->by, LIMIT_FLEET_TEXT, "by", result) ||
        !fleet_text_good(item->reason, LIMIT_NOTE, "reason", result))
        return true;
    result->number = (uint64_t)number;
    return put_row(batch, &put, result, err);
}

bool fleet_write_now_item(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                          struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!now_item_one(batch, &writes[i].now_item, &results[i], err))
            return false;
    return true;
}

/* ---- generations ---- */

/* The number is this one's from now on, or the result says why not. */
static bool raise(struct fleet_batch *batch, enum fleet_generation of, uint64_t generation,
                  struct fleet_result *result, bool *raised, struct error *err)
{
    const struct store_value values[] = {number_value(of), count_value(generation)};
    int64_t changed;

    *raised = false;
    if (of <= FLEET_GENERATION_UNKNOWN || of >= FLEET_GENERATION_COUNT || generation > INT64_MAX)
        return fleet_refuse(result, FLEET_OUTCOME_LIMIT, "no such generation");
    if (batch->quarantine && control_holds(CONTROL_FLEET_QUARANTINE))
        return fleet_refuse(
            result, FLEET_OUTCOME_QUARANTINE,
            "the database was restored from a backup: nothing is handed out until that is ended");
    if (!fleet_call(
            batch->store,
            "UPDATE generation SET highest = ?2 WHERE generation = ?1 AND highest < ?2 AND reported < ?2",
            "nn", values, &changed, err))
        return false;
    if (changed == 0 && control_holds(CONTROL_FLEET_GENERATION))
        return fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "a generation as high as %llu is known already",
                            (unsigned long long)generation);
    result->outcome = FLEET_OUTCOME_DONE;
    *raised = true;
    return true;
}

bool fleet_write_generation(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                            struct fleet_result *results, struct error *err)
{
    bool raised;

    for (size_t i = 0; i < count; i++)
        if (!raise(batch, writes[i].generation.of, writes[i].generation.generation, &results[i], &raised,
                   err))
            return false;
    return true;
}

static bool plan_one(struct fleet_batch *batch, const struct fleet_plan_row *plan,
                     struct fleet_result *result, struct error *err)
{
    const struct store_value values[] = {count_value(plan->generation), number_value(plan->made_us),
                                         bytes_value(plan->body), bytes_value(plan->signature)};
    const struct store_value keep = number_value(LIMIT_FLEET_PLANS);
    bool raised;

    if (!fleet_size_good(plan->body, LIMIT_FLEET_PLAN, "plan", result) ||
        !fleet_size_good(plan->signature, LIMIT_FLEET_TEXT, "signature", result))
        return true;
    if (!raise(batch, FLEET_GENERATION_PLAN, plan->generation, result, &raised, err))
        return false;
    return !raised ||
           (fleet_call(batch->store,
                       "INSERT INTO plan (generation, made_us, body, signature) VALUES (?1, ?2, ?3, ?4)",
                       "nnbb", values, NULL, err) &&
            fleet_call(batch->store,
                       "DELETE FROM plan WHERE generation NOT IN"
                       " (SELECT generation FROM plan ORDER BY generation DESC LIMIT ?1)",
                       "n", &keep, NULL, err));
}

bool fleet_write_plan(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                      struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!plan_one(batch, &writes[i].plan, &results[i], err))
            return false;
    return true;
}

/* ---- the database itself ---- */

bool fleet_write_fleet(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                       struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct store_value id = hash_value(writes[i].fleet, sizeof(writes[i].fleet));
        int64_t same;
        bool found;
        if (!fleet_call(batch->store,
                        "INSERT INTO meta (name, number, value) VALUES ('fleet', 0, ?1) ON CONFLICT (name) "
                        "DO NOTHING",
                        "b", &id, NULL, err) ||
            !fleet_ask_numbers(batch->store, "SELECT number FROM meta WHERE name = 'fleet' AND value = ?1",
                               "b", &id, "n", &same, &found, err))
            return false;
        results[i].outcome = FLEET_OUTCOME_DONE;
        if (!found)
            (void)fleet_refuse(&results[i], FLEET_OUTCOME_CONFLICT, "this is the database of another fleet");
    }
    return true;
}

bool fleet_write_quarantine_end(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                                struct fleet_result *results, struct error *err)
{
    (void)writes;
    for (size_t i = 0; i < count; i++)
        results[i].outcome = FLEET_OUTCOME_DONE;
    batch->quarantine = false;
    return fleet_call(batch->store, "DELETE FROM meta WHERE name = 'quarantine'", NULL, NULL, NULL, err);
}
