/*
 * A drill against waiting times in a fleet: whoever can say that an update is urgent, and is not those who may.
 */
#include "base/file.h"
#include "base/limits.h"
#include "drill/drill_data.h"
#include "drill/victim.h"
#include "evaluate/policy.h"
#include "flow/plan_lanes.h"
#include "store/state.h"

/* One attempt: what is said of lantern 2.0, and how long it has been here. */
struct hurry {
    const char *victim, *what;
    unsigned exploited_by; /* 0: nobody calls its hole exploited */
    bool approved;         /* by one person, on the machine */
    uint32_t crisis;       /* so many persons signed an order; 0: there is none, and the level is normal */
    int64_t age_us;
};

static const struct hurry hurries[] = {
    {"at-once", "an update that closes a hole, an hour after it was first seen on a machine of a fleet", 0,
     false, 0, TIME_HOUR_US},
    {"one-feed",
     "one feed calls the hole exploited, and no other source does; somebody let himself be hurried "
     "into an approval; five hours after it was first seen",
     EXPLOITED_BY_CATALOGUE, true, 0, 5 * TIME_HOUR_US},
    {"nobody", "two sources call it exploited, and no person has looked; five hours after it was first seen",
     EXPLOITED_BY_CATALOGUE | EXPLOITED_BY_RECORD, false, 0, 5 * TIME_HOUR_US},
    {"one-person", "one person says that it need not wait at all, an hour after it was first seen", 0, true,
     0, TIME_HOUR_US},
    {"one-signature", "a level of crisis that one person signed, an hour after it was first seen", 0, false,
     1, TIME_HOUR_US},
};

/* As a refresh remembers an order that so many persons signed. */
static bool put_crisis(const struct victim *victim, uint32_t persons, struct error *err)
{
    const int64_t now_us = victim->run->now_us;
    const struct trust_order order = {.order = {.kind = SIGNED_ORDER_CRISIS,
                                                .id = TEXT("2026-11-21-00000001"),
                                                .by = TEXT("mallory"),
                                                .reason = TEXT("everything burns"),
                                                .made_us = now_us - TIME_HOUR_US,
                                                .ends_us = now_us + TIME_DAY_US,
                                                .level = LEVEL_ESSENTIAL},
                                      .role = TEXT("crisis"),
                                      .persons = persons,
                                      .seen_us = now_us - TIME_HOUR_US,
                                      .begins_us = now_us - TIME_HOUR_US};
    const struct trust_record record = {.repository = TEXT("https://updates.example/"),
                                        .solo_until_us = TIME_ABSENT,
                                        .tried_us = now_us,
                                        .refreshed_us = now_us,
                                        .orders = &order,
                                        .order_count = persons > 0};
    const char *folder = file_path(victim->run->arena, victim->state, "trust");
    struct state state;

    if (folder == NULL)
        return arena_full(victim->run->arena, err);
    return state_open(victim->state, STATE_WRITE, &state, err) && file_make_folders(folder, 0700, err) &&
           trust_record_write(victim->state, &record, err);
}

/* The lane that a plan would give it, by what a scan found. */
static bool find_lane(const struct victim *victim, const struct hurry *hurry, bool fleet, enum lane *out,
                      struct error *err)
{
    const uint32_t finding = 0;
    const struct policy policy = {.minimum_age = {7, DURATION_DAYS}};
    struct update update = {.kind = UPDATE_SECURITY, .findings = &finding, .finding_count = 1};
    struct decision decision = {.exploitation =
                                    hurry->exploited_by != 0 ? EXPLOITATION_ACTIVE : EXPLOITATION_NONE,
                                .exploited_by = hurry->exploited_by & 3};
    struct update_decision taken = {.standing = STANDING_TAKEN};
    const struct scan scan = {.now_us = victim->run->now_us,
                              .policy = &policy,
                              .level = hurry->crisis > 0 ? LEVEL_ESSENTIAL : LEVEL_NORMAL,
                              .match = {.updates = &update, .update_count = 1},
                              .decisions = &decision,
                              .update_decisions = &taken};
    const struct plan_request request = {.scan = {.state = victim->state}, .fleet = fleet};
    struct plan_waits waits;

    if (!plan_waits_open(&request, &scan, victim->run->arena, &waits, err))
        return false;
    *out = plan_lane_of_update(&waits, 0);
    return true;
}

static bool approve(const struct victim *victim, const struct plan_change *change, struct error *err)
{
    const struct lift_subject subject = {
        .package = change->name, .arch = change->arch, .version = change->to, .digest = change->digest};

    return gate_approve(victim->state, &subject, SIGNED_ORDER_LIFTS_WAIT, TEXT("mallory"),
                        victim->run->now_us, victim->run->arena, err);
}

static bool enrol(const struct victim *victim, struct error *err)
{
    const char *path = file_path(victim->run->arena, victim->state, "agent/enrolled");
    const char *folder = file_path(victim->run->arena, victim->state, "agent");

    if (path == NULL || folder == NULL)
        return arena_full(victim->run->arena, err);
    return file_make_folders(folder, 0700, err) && file_replace(path, BYTES(""), 0600, err);
}

/* A machine of the fleet on which all this is so; *gate lives in the caller. */
static bool prepare(struct drill_run *run, const struct hurry *hurry, struct victim *victim,
                    struct plan_change *change, struct gate_place *gate, struct error *err)
{
    const struct policy policy = {.minimum_age = {7, DURATION_DAYS}};
    if (!victim_make(run, hurry->victim, victim, err) || !enrol(victim, err) ||
        !put_crisis(victim, hurry->crisis, err))
        return false;
    *change = victim_change(victim, "2.0", drill_data("lantern_2.0.deb"));
    const bool fleet = gate_fleet(victim->state, run->arena);
    if (!find_lane(victim, hurry, fleet, &change->lane, err) ||
        !victim_remember(victim, change, run->now_us - hurry->age_us, run->now_us, err) ||
        (hurry->approved && !approve(victim, change, err)))
        return false;
    *gate = (struct gate_place){
        .state = victim->state, .clock_us = run->now_us, .lanes = gate_lanes(&policy, fleet)};
    victim->gate = gate;
    return true;
}

static bool run_lanes(struct drill_run *run, struct error *err)
{
    static const struct hurry right = {"two-signatures", "", 0, false, 2, TIME_HOUR_US};
    struct plan_change change;
    struct gate_place gate;
    struct victim victim;
    struct error refusal = {0};
    bool ran = false;

    drill_attacker(run, "the vendor's key, and one of: a feed, one person of the fleet, one signature: "
                        "his update is to be everywhere before anybody looks at it");
    for (size_t i = 0; i < sizeof(hurries) / sizeof(*hurries); i++) {
        drill_attempt(run, "%s", hurries[i].what);
        if (!prepare(run, &hurries[i], &victim, &change, &gate, err))
            return false;
        drill_refused(run, victim_update(&victim, &change, &refusal), &refusal, "soak: it waits until");
        ran = ran || victim_ran(&victim, "lantern 2.0");
    }
    drill_nothing_bad(run, !ran, "what was to be hurried waits its day");
    if (!prepare(run, &right, &victim, &change, &gate, err))
        return false;
    bool taken = victim_update(&victim, &change, &refusal);
    drill_recovered(run, taken && victim_ran(&victim, "lantern 2.0"), "%s",
                    taken ? "in a crisis that two people signed, the fix was installed at once"
                          : refusal.text);
    return true;
}

const struct drill drill_hurried_lane = {
    .name = "hurried-lane",
    .what = "One feed, one person or one signature calls an update urgent, so that a whole fleet takes it at "
            "once.",
    .alarm = "soak",
    .run = run_lanes,
};
