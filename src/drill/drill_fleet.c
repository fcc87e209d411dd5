/*
 * Drills against a fleet's server that need no network: one that came back from a backup, tokens that were used, an agent that
 * was cloned. They ask the database's own door (store/fleet_write.h), which is where all of it is decided.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "drill/drill.h"
#include "store/fleet_keep.h"
#include "store/fleet_read.h"
#include "store/fleet_write.h"

#define LIE UINT64_C(1000000000000000000)

/* ---- what they share ---- */

static bool make_fleet(struct drill_run *run, const char *name, struct fleet_store **out, struct error *err)
{
    const struct fleet_store_options options = {.make = true, .now_us = run->now_us};
    const char *path = file_path(run->arena, run->folder, name);

    return path == NULL ? arena_full(run->arena, err) : fleet_store_open(path, &options, out, err);
}

/* True when it was done; else the refusal in the words of the database, its outcome in front. */
static bool believed(struct fleet_store *store, const struct fleet_write *write, struct error *refusal)
{
    struct fleet_result result;

    if (!fleet_store_write(store, write, 1, &result, refusal))
        return error_at(refusal, "database");
    return result.outcome == FLEET_OUTCOME_DONE ||
           error_set(refusal, ERROR_TRUST, "%s: %s", fleet_outcome_name(result.outcome), result.why);
}

static struct fleet_write token_of(uint8_t secret, int64_t ends_us)
{
    return (struct fleet_write){.kind = FLEET_WRITE_ENROL_TOKEN,
                                .enrol_token = {.secret = {secret}, .uses_max = 1, .ends_us = ends_us}};
}

static struct fleet_write enrol_of(uint8_t secret, uint8_t id, int64_t now_us)
{
    return (struct fleet_write){.kind = FLEET_WRITE_ENROL,
                                .enrol = {.secret = {secret}, .id = {id}, .at_us = now_us}};
}

/* A machine of the fleet, by a token of its own with the number of its id. */
static bool add_machine(struct drill_run *run, struct fleet_store *store, uint8_t id, int64_t *hid,
                        struct error *err)
{
    const struct fleet_write token = token_of(id, 0), enrol = enrol_of(id, id, run->now_us);
    struct fleet_result result;

    if (!believed(store, &token, err) || !fleet_store_write(store, &enrol, 1, &result, err))
        return false;
    *hid = result.hid;
    return result.outcome == FLEET_OUTCOME_DONE || error_set(err, ERROR_SYSTEM, "%s", result.why);
}

/* ---- a server that came back ---- */

static struct fleet_write generation_of(uint64_t generation)
{
    return (struct fleet_write){.kind = FLEET_WRITE_GENERATION,
                                .generation = {FLEET_GENERATION_PLAN, generation}};
}

static struct fleet_write report_of(struct drill_run *run, int64_t hid, uint64_t counter, uint64_t generation)
{
    return (struct fleet_write){
        .kind = FLEET_WRITE_SEEN,
        .seen = {.hid = hid,
                 .seen = {.counter = counter, .seen_us = run->now_us, .plan_generation = generation}}};
}

/* Yesterday's backup, of a fleet whose plan was 40, in a new database. */
static bool come_back(struct drill_run *run, int64_t *hid, struct fleet_store **out, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *old = NULL;
    const struct fleet_write plan = generation_of(40);
    const char *path = file_path(run->arena, run->folder, "backup");
    struct fleet_copied copied;

    if (path == NULL)
        return arena_full(run->arena, err);
    return make_fleet(run, "before.db", &old, err) && add_machine(run, old, 1, hid, err) &&
           believed(old, &plan, err) &&
           fleet_store_backup(old, path, run->now_us - TIME_DAY_US, &copied, err) &&
           make_fleet(run, "after.db", out, err) &&
           fleet_store_restore(path, *out, run->now_us - TIME_HOUR_US, &copied, err);
}

static bool run_restored(struct drill_run *run, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    const struct fleet_write end = {.kind = FLEET_WRITE_QUARANTINE_END};
    struct fleet_write write = generation_of(41);
    struct error refusal = {0};
    struct fleet_state state;
    int64_t hid;

    drill_attacker(
        run,
        "a backup of yesterday, put in place of the database, so that the server forgets what it said since; "
        "one machine of the fleet");
    if (!come_back(run, &hid, &store, err))
        return false;
    drill_attempt(
        run, "the server gives out its next plan at once: number 41, which machines may have as another one");
    drill_refused(run, believed(store, &write, &refusal), &refusal, "quarantine");
    drill_attempt(run, "the machine says that it holds plan %llu, so that no number is left",
                  (unsigned long long)LIE);
    write = report_of(run, hid, 1, LIE);
    if (!believed(store, &write, err) || !fleet_store_state(store, &state, err))
        return false;
    drill_held(run, state.reported[FLEET_GENERATION_PLAN] < LIE, "what no fleet can reach moved nothing");
    write = report_of(run, hid, 2, 55);
    if (!believed(store, &write, err) || !believed(store, &end, err))
        return false;
    drill_attempt(run, "behind the quarantine, plan 55 is given out, which a machine has reported to hold");
    write = generation_of(55);
    drill_refused(run, believed(store, &write, &refusal), &refusal, "conflict");
    drill_attempt(run, "a machine is enrolled by a token of the backup");
    write = enrol_of(1, 2, run->now_us);
    drill_refused(run, believed(store, &write, &refusal), &refusal, "refused");
    drill_nothing_bad(run, true, "no number was given out twice");
    write = generation_of(56);
    drill_recovered(run, believed(store, &write, &refusal),
                    "plan 56, above all that are known, was given out");
    return true;
}

const struct drill drill_restored_server = {
    .name = "restored-server",
    .what =
        "An old backup of the server is put back, so that it says the same numbers again for other things.",
    .alarm = "quarantine, conflict",
    .run = run_restored,
};

/* ---- tokens ---- */

static bool run_tokens(struct drill_run *run, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    const struct fleet_write good = token_of(3, run->now_us + TIME_DAY_US);
    struct fleet_write write = token_of(2, run->now_us - 1);
    struct error refusal = {0};
    int64_t hid;

    drill_attacker(run,
                   "a token that was used, one that has ended, and one that somebody else is about to use");
    if (!make_fleet(run, "fleet.db", &store, err) || !add_machine(run, store, 1, &hid, err) ||
        !believed(store, &write, err) || !believed(store, &good, err))
        return false;
    drill_attempt(run, "another machine is enrolled by the token that was used");
    write = enrol_of(1, 7, run->now_us);
    drill_refused(run, believed(store, &write, &refusal), &refusal, "refused");
    drill_attempt(run, "a machine is enrolled by the token that has ended");
    write = enrol_of(2, 8, run->now_us);
    drill_refused(run, believed(store, &write, &refusal), &refusal, "refused");
    drill_attempt(run, "by a token that is still good, a machine takes the name of one that is there");
    write = enrol_of(3, 1, run->now_us);
    drill_refused(run, believed(store, &write, &refusal), &refusal, "conflict");
    drill_nothing_bad(run, true, "there is one machine");
    write = enrol_of(3, 9, run->now_us);
    drill_recovered(run, believed(store, &write, &refusal),
                    "whom the good token was made for was enrolled by it");
    return true;
}

const struct drill drill_stolen_token = {
    .name = "stolen-token",
    .what = "Tokens for machines are used again, too late, or to take another machine's name.",
    .alarm = "refused, conflict",
    .run = run_tokens,
};

/* ---- a clone ---- */

static struct fleet_write event_of(struct drill_run *run, int64_t hid, const struct fleet_event *event)
{
    return (struct fleet_write){
        .kind = FLEET_WRITE_EVENTS,
        .events = {.hid = hid, .epoch = 5, .received_us = run->now_us, .events = event, .count = 1}};
}

static bool run_clone(struct drill_run *run, struct error *err)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    const struct fleet_event honest = {.seq = 1, .kind = 1, .body = BYTES("{\"state\":\"failed\"}")},
                             forged = {.seq = 1, .kind = 1, .body = BYTES("{\"state\":\"done\"}")},
                             next = {.seq = 2, .kind = 1, .body = BYTES("{\"state\":\"done\"}")};
    struct fleet_event_row row;
    struct fleet_write write;
    struct error refusal = {0};
    int64_t hid;

    drill_attacker(run,
                   "the disk of a machine of the fleet, copied: its key, its certificate and its outbox");
    if (!make_fleet(run, "fleet.db", &store, err) || !add_machine(run, store, 1, &hid, err))
        return false;
    write = event_of(run, hid, &honest);
    if (!believed(store, &write, err))
        return false;
    drill_attempt(run, "he sends a result under the number of one that the machine has sent: it failed, and "
                       "he says it did not");
    write = event_of(run, hid, &forged);
    drill_refused(run, believed(store, &write, &refusal), &refusal, "conflict");
    if (!fleet_store_event(store, hid, 5, 1, run->arena, &row, err))
        return false;
    drill_nothing_bad(run, row.event.body.size == honest.body.size,
                      "what the machine said first is what is stored");
    write = event_of(run, hid, &next);
    drill_recovered(run, believed(store, &write, &refusal), "the machine's next result was taken");
    return true;
}

const struct drill drill_cloned_agent = {
    .name = "cloned-agent",
    .what = "A copy of a machine's disk speaks in its name, and says other things of the same deeds.",
    .alarm = "conflict",
    .run = run_clone,
};
