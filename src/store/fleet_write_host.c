/* Writes of hosts themselves: enrolled, certified, flagged, seen. */
#include <stdlib.h>

#include "base/control.h"
#include "base/limits.h"
#include "store/fleet_inside.h"

/* ---- enrolment ---- */

struct token {
    int64_t number, uses_max, uses, ends_us, revoked_us;
    struct text class;
};

struct token_taking {
    struct arena *arena;
    struct token *out;
    bool found;
};

static bool take_token(void *self, const struct store_value *columns, struct error *err)
{
    struct token_taking *taking = self;
    const struct text class = {(const char *)columns[5].bytes.at, columns[5].bytes.size};

    *taking->out = (struct token){columns[0].number, columns[1].number, columns[2].number,
                                  columns[3].number, columns[4].number, text_copy(taking->arena, class)};
    taking->found = true;
    return taking->out->class.at != NULL || arena_full(taking->arena, err);
}

static bool find_token(struct fleet_batch *batch, const uint8_t secret[FLEET_SECRET_SIZE], struct token *out,
                       bool *found, struct error *err)
{
    const struct store_value wanted = hash_value(secret, FLEET_SECRET_SIZE);
    struct token_taking taking = {batch->arena, out, false};
    const struct store_call call = {
        .sql = "SELECT number, uses_max, uses, ends_us, revoked_us, class FROM enrol_token WHERE secret = ?1",
        .types = "b",
        .values = &wanted,
        .columns = "nnnnnt",
        .each = take_token,
        .self = &taking};

    if (!batch->store->kind->call(batch->store->handle, &call, err))
        return false;
    *found = taking.found;
    return true;
}

static bool put_host(struct fleet_batch *batch, const struct fleet_enrol *enrol, const struct token *token,
                     int64_t hid, struct error *err)
{
    static const uint8_t none[FLEET_HASH_SIZE];
    struct fleet_store *store = batch->store;
    const struct store_value host[] = {number_value(hid),
                                       hash_value(enrol->id, FLEET_ID_SIZE),
                                       number_value(enrol->at_us),
                                       number_value(token->number),
                                       text_value(token->class),
                                       number_value(enrol->certificate_end_us),
                                       hash_value(enrol->certificate, FLEET_SECRET_SIZE)};
    const struct store_value inventory[] = {number_value(hid), hash_value(none, sizeof(none)),
                                            hash_value(none, 0)};

    return fleet_call(store,
                      "UPDATE enrol_token SET uses = uses + 1, revision = revision + 1 WHERE number = ?1",
                      "n", &host[3], NULL, err) &&
           fleet_call(
               store,
               "INSERT INTO host (hid, id, flags, enrolled_us, token, class, ring, name, facts, scanned_us,"
               " certificate_end_us, certificate, revision)"
               " VALUES (?1, ?2, 0, ?3, ?4, ?5, 0, '', 0, 0, ?6, ?7, 1)",
               "nbnntnb", host, NULL, err) &&
           fleet_call(
               store,
               "INSERT INTO host_seen (hid, counter, random, epoch, seen_us, agent, state, level, plan,"
               " advisories, repository, policy, due, late, open, unknown)"
               " VALUES (?1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
               "n", host, NULL, err) &&
           fleet_call(store, "INSERT INTO host_finding (hid, generation) VALUES (?1, 0)", "n", host, NULL,
                      err) &&
           fleet_call(store, "INSERT INTO inventory (hid, root, committed_us, chunks) VALUES (?1, ?2, 0, ?3)",
                      "nbb", inventory, NULL, err);
}

static bool enrol_one(struct fleet_batch *batch, const struct fleet_enrol *enrol, struct fleet_result *result,
                      struct error *err)
{
    const struct store_value id = hash_value(enrol->id, FLEET_ID_SIZE);
    struct token token = {0};
    int64_t host[2];
    bool known, there;

    if (!find_token(batch, enrol->secret, &token, &known, err) ||
        !fleet_ask_numbers(batch->store, "SELECT hid, token FROM host WHERE id = ?1", "b", &id, "nn", host,
                           &there, err))
        return false;
    if (there && known && host[1] == token.number) {
        *result = (struct fleet_result){.outcome = FLEET_OUTCOME_DONE, .hid = host[0]};
        return true;
    }
    if (there)
        return fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "another machine has that id");
    if (!known)
        return fleet_refuse(result, FLEET_OUTCOME_REFUSED, "no such token");
    if (token.revoked_us != 0 && control_holds(CONTROL_FLEET_TOKEN_REVOKED))
        return fleet_refuse(result, FLEET_OUTCOME_REFUSED, "the token was revoked");
    if (token.ends_us != 0 && token.ends_us <= enrol->at_us && control_holds(CONTROL_FLEET_TOKEN_END))
        return fleet_refuse(result, FLEET_OUTCOME_REFUSED, "the token has ended");
    if (token.uses >= token.uses_max && control_holds(CONTROL_FLEET_TOKEN_USED))
        return fleet_refuse(result, FLEET_OUTCOME_REFUSED,
                            "the token was used %lld times, as often as it may", (long long)token.uses);
    *result = (struct fleet_result){.outcome = FLEET_OUTCOME_DONE,
                                    .hid = fleet_new_number(batch->store, enrol->at_us)};
    return put_host(batch, enrol, &token, result->hid, err);
}

bool fleet_write_enrol(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                       struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!enrol_one(batch, &writes[i].enrol, &results[i], err))
            return false;
    return true;
}

/* ---- certificates ---- */

static bool host_there(struct fleet_batch *batch, int64_t hid, bool *there, struct error *err)
{
    const struct store_value wanted = number_value(hid);
    int64_t number;

    return fleet_ask_numbers(batch->store, "SELECT hid FROM host WHERE hid = ?1", "n", &wanted, "n", &number,
                             there, err);
}

static bool certificate_one(struct fleet_batch *batch, const struct fleet_certificate *certificate,
                            struct fleet_result *result, struct error *err)
{
    const struct store_value values[] = {number_value(certificate->hid),
                                         number_value(certificate->certificate_end_us),
                                         hash_value(certificate->certificate, FLEET_SECRET_SIZE)};
    bool there;

    if (!host_there(batch, certificate->hid, &there, err))
        return false;
    if (!there)
        return fleet_refuse(result, FLEET_OUTCOME_ABSENT, "no such host");
    result->outcome = FLEET_OUTCOME_DONE;
    return fleet_call(batch->store,
                      "UPDATE host SET certificate_end_us = ?2, certificate = ?3, revision = revision + 1"
                      " WHERE hid = ?1 AND certificate_end_us < ?2",
                      "nnb", values, NULL, err);
}

bool fleet_write_certificate(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                             struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!certificate_one(batch, &writes[i].certificate, &results[i], err))
            return false;
    return true;
}

/* ---- flags ---- */

static bool change_host(struct fleet_batch *batch, const struct fleet_host_flags *change, struct error *err)
{
    static const uint8_t none[FLEET_HASH_SIZE];
    struct fleet_store *store = batch->store;
    const struct store_value flags[] = {number_value(change->hid), number_value(change->clear),
                                        number_value(change->set)};
    const struct store_value class[] = {flags[0],
                                        text_value(change->class == NULL ? TEXT("") : *change->class)};
    const struct store_value ring[] = {flags[0], number_value(change->ring == NULL ? 0 : *change->ring)};
    const struct store_value inventory[] = {flags[0], hash_value(none, sizeof(none)), hash_value(none, 0)};

    /* The clone's counter may be far ahead or behind; whichever machine the person meant comes with its own next. */
    return fleet_call(store,
                      "UPDATE host SET flags = (flags & ~?2) | ?3, revision = revision + 1 WHERE hid = ?1",
                      "nnn", flags, NULL, err) &&
           (change->class == NULL ||
            fleet_call(store, "UPDATE host SET class = ?2 WHERE hid = ?1", "nt", class, NULL, err)) &&
           (change->ring == NULL ||
            fleet_call(store, "UPDATE host SET ring = ?2 WHERE hid = ?1", "nn", ring, NULL, err)) &&
           (!change->accept ||
            fleet_call(store, "UPDATE host_seen SET counter = 0, random = 0 WHERE hid = ?1", "n", flags, NULL,
                       err)) &&
           ((change->set & FLEET_HOST_REMOVED) == 0 ||
            fleet_call(store, "UPDATE inventory SET root = ?2, chunks = ?3, committed_us = 0 WHERE hid = ?1",
                       "nbb", inventory, NULL, err));
}

bool fleet_write_host_flags(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                            struct fleet_result *results, struct error *err)
{
    bool there;

    for (size_t i = 0; i < count; i++) {
        const struct fleet_host_flags *change = &writes[i].host_flags;
        if (change->class != NULL && !fleet_text_good(*change->class, LIMIT_FLEET_TEXT, "class", &results[i]))
            continue;
        if (!host_there(batch, change->hid, &there, err))
            return false;
        if (!there) {
            (void)fleet_refuse(&results[i], FLEET_OUTCOME_ABSENT, "no such host");
            continue;
        }
        if (!change_host(batch, change, err))
            return false;
        results[i].outcome = FLEET_OUTCOME_DONE;
    }
    return true;
}

/* ---- check-ins ---- */

#define SEEN_COLUMNS 16

static void put_seen(const struct fleet_seen_write *write, struct store_value *out)
{
    const struct fleet_seen *seen = &write->seen;
    const struct store_value row[SEEN_COLUMNS] = {number_value(write->hid),
                                                  count_value(seen->counter),
                                                  count_value(seen->random),
                                                  count_value(seen->epoch),
                                                  number_value(seen->seen_us),
                                                  number_value(seen->agent_version),
                                                  number_value(seen->state),
                                                  number_value(seen->level),
                                                  count_value(seen->plan_generation),
                                                  count_value(seen->index_generation),
                                                  count_value(seen->repository),
                                                  count_value(seen->policy),
                                                  number_value(seen->due),
                                                  number_value(seen->late),
                                                  number_value(seen->open),
                                                  number_value(seen->unknown)};

    memcpy(out, row, sizeof(row));
}

/* By host, the highest counter first. */
static int compare_seen(const void *a, const void *b)
{
    const struct fleet_seen_write *const *first = a, *const *second = b;

    if ((*first)->hid != (*second)->hid)
        return (*first)->hid < (*second)->hid ? -1 : 1;
    return (*first)->seen.counter == (*second)->seen.counter  ? 0
           : (*first)->seen.counter > (*second)->seen.counter ? -1
                                                              : 1;
}

/* What agents say they hold can be higher than anything here only when this database is older than they are. */
static bool raise_reported(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                           struct error *err)
{
    const int64_t leap = control_holds(CONTROL_FLEET_LEAP) ? LIMIT_FLEET_LEAP : INT64_MAX / 2;
    uint64_t plan = 0, index = 0;

    if (!batch->restored)
        return true;
    for (size_t i = 0; i < count; i++) {
        const struct fleet_seen *seen = &writes[i].seen.seen;
        if (seen->plan_generation > plan && seen->plan_generation <= INT64_MAX)
            plan = seen->plan_generation;
        if (seen->index_generation > index && seen->index_generation <= INT64_MAX)
            index = seen->index_generation;
    }
    /* A machine that lies cannot use the numbers up: it is believed as far as a real fleet could have come. */
    const struct store_value values[] = {number_value(FLEET_GENERATION_PLAN), count_value(plan),
                                         number_value(leap), number_value(FLEET_GENERATION_INDEX),
                                         count_value(index)};
    const struct store_value second[] = {values[3], values[4], values[2]};
    static const char sql[] = "UPDATE generation SET reported = ?2 WHERE generation = ?1 AND reported < ?2"
                              " AND ?2 <= highest + ?3";
    return fleet_call(batch->store, sql, "nnn", values, NULL, err) &&
           fleet_call(batch->store, sql, "nnn", second, NULL, err);
}

bool fleet_write_seen(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                      struct fleet_result *results, struct error *err)
{
    const struct fleet_seen_write **order = ARENA_ARRAY(batch->arena, const struct fleet_seen_write *, count);
    struct store_value *rows = ARENA_ARRAY(batch->arena, struct store_value, count * SEEN_COLUMNS);
    size_t good = 0, used = 0;

    if (order == NULL || rows == NULL)
        return arena_full(batch->arena, err);
    for (size_t i = 0; i < count; i++) {
        if (writes[i].seen.seen.counter > INT64_MAX) {
            (void)fleet_refuse(&results[i], FLEET_OUTCOME_LIMIT, "no counter comes that far");
            continue;
        }
        order[good++] = &writes[i].seen;
        results[i].outcome = FLEET_OUTCOME_DONE;
    }
    qsort(order, good, sizeof(const struct fleet_seen_write *), compare_seen);
    for (size_t i = 0; i < good; i++)
        if (i == 0 || order[i]->hid != order[i - 1]->hid)
            put_seen(order[i], rows + used++ * SEEN_COLUMNS);
    return raise_reported(batch, writes, count, err) &&
           fleet_call_rows(
               batch->store,
               "WITH r (hid, counter, random, epoch, seen_us, agent, state, level, plan, advisories,"
               " repository, policy, due, late, open, unknown) AS ({rows})"
               " UPDATE host_seen SET counter = r.counter, random = r.random, epoch = r.epoch,"
               " seen_us = r.seen_us, agent = r.agent, state = r.state, level = r.level, plan = r.plan,"
               " advisories = r.advisories, repository = r.repository, policy = r.policy, due = r.due,"
               " late = r.late, open = r.open, unknown = r.unknown"
               " FROM r WHERE host_seen.hid = r.hid AND host_seen.counter < r.counter",
               "nnnnnnnnnnnnnnnn", rows, used, err);
}
