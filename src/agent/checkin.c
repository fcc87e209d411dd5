#include "agent/checkin.h"

#include <stdio.h>

#include "agent/enroll.h"
#include "agent/events.h"
#include "agent/inventory.h"
#include "agent/machine.h"
#include "agent/orders.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "model/refusal.h"
#include "store/trust_record.h"

#define CLOCK_DOUBT_US (10 * TIME_MINUTE_US)

/* ---- what is said ---- */

static uint64_t timestamp_version(const struct trust_record *record)
{
    const struct trust_role *role = trust_record_role(record, TEXT("timestamp"));

    return role == NULL ? 0 : role->version;
}

static bool describe(struct agent *agent, struct outbox *outbox, struct agent_checkin *out, struct error *err)
{
    const struct agent_memory *memory = &agent->memory;
    struct trust_record record = {0};
    struct outbox_state box;
    struct agent_counter counter;
    struct machine_look look;
    struct error ignored;
    bool found = false;

    if (!outbox_look(outbox, &box, err) || !machine_look(agent, &look, err) ||
        !agent_counter_take(&agent->state, agent->arena, &counter, err))
        return false;
    (void)!trust_record_read(agent->state.folder, agent->arena, &record, &found, &ignored);
    *out = (struct agent_checkin){
        .protocol_min = AGENT_PROTOCOL_MIN,
        .protocol_max = AGENT_PROTOCOL,
        .counter = counter.counter,
        .random = counter.random,
        .epoch = box.epoch,
        .made = box.made,
        .acked = box.acked,
        .plan = memory->plan,
        .advisories = memory->advisories,
        .repository = found ? timestamp_version(&record) : 0,
        .policy = found ? record.policy.version : 0,
        .clock_us = agent->now_us,
        .scanned_us = look.work.scanned_us,
        .flags = look.flags | (box.refused ? AGENT_OUTBOX_DROPPED : 0) |
                 (found && events_attack(record.problem) != NULL ? AGENT_TRUST_ALARM : 0) |
                 (memory->clock_off_us > CLOCK_DOUBT_US || memory->clock_off_us < -CLOCK_DOUBT_US
                      ? AGENT_CLOCK_DOUBTED
                      : 0),
        .level = look.work.level,
        .due = look.work.due,
        .late = look.work.late,
        .open = look.work.open,
        .unknown = look.work.unknown,
    };
    (void)sscanf(SUTURE_VERSION, "%hu.%hu.%hu", &out->major, &out->minor, &out->patch);
    memcpy(out->host.at, agent->enrolled.host, sizeof(out->host.at));
    memcpy(out->inventory.at, memory->inventory_root, sizeof(out->inventory.at));
    return true;
}

/* ---- what is answered ---- */

static void take_pace(struct agent *agent, const struct agent_pace *pace)
{
    struct agent_memory *memory = &agent->memory;

    memory->turned_us = agent->now_us;
    memory->next_s = pace->next_s;
    memory->failures = 0;
    memory->retry_s = 0;
    memory->too_old = 0;
    memory->wishes = pace->flags;
    memory->safe_lane = (pace->flags & AGENT_SAFE_LANE) != 0;
    memory->clock_off_us = pace->time_us - agent->now_us;
    memory->advisories_wanted = pace->advisories;
    if (pace->plan > memory->plan_wanted)
        memory->plan_wanted = pace->plan;
    if (pace->repository > memory->repository_wanted)
        memory->repository_wanted = pace->repository;
    if (pace->ring != agent->enrolled.ring)
        memory->pulse_etag[0] = 0; /* the other ring's pulse is another file */
    agent->enrolled.ring = pace->ring;
}

/* A refusal: how long to wait is the server's to say, and never a reason to go back to anything. */
static bool take_refusal(struct agent *agent, const struct link_answer *answer, struct error *err)
{
    agent->memory.retry_s = answer->retry_after_s;
    if (answer->status == 426) {
        agent->memory.too_old = 1;
        return error_set(
            err, ERROR_CONFLICT,
            "the server no longer speaks protocol %d: this Suture must be updated by its package",
            AGENT_PROTOCOL);
    }
    return link_refused("check-in", answer, err);
}

static bool ask(struct agent *agent, struct outbox *outbox, struct link *link, struct link_answer *answer,
                struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    struct link_request request = {
        .method = LINK_POST, .path = AGENT_PATH_CHECKIN, .answer_max = AGENT_SMALL_MAX};
    struct agent_checkin message;
    struct agent_pace pace;
    uint8_t ring = agent->enrolled.ring;

    if (!describe(agent, outbox, &message, err))
        return false;
    agent_checkin_write(&w, &message);
    if (!writer_done(&w, &request.body, err) || !link_request(link, &request, answer, err))
        return false;
    agent->memory.bytes_up += request.body.size;
    if (answer->status != 200)
        return take_refusal(agent, answer, err);
    if (!agent_pace_parse(answer->body, &pace, err))
        return false;
    if (pace.counter != message.counter)
        return error_set(err, ERROR_TRUST, "the server answers check-in %llu, and %llu was sent",
                         (unsigned long long)pace.counter, (unsigned long long)message.counter);
    if (!agent_counter_answered(&agent->state, agent->arena, err))
        return false;
    take_pace(agent, &pace);
    if (pace.ring != ring && !agent_state_write(&agent->state, agent->arena, &agent->enrolled, err))
        return false;
    return events_acknowledged(agent, outbox, pace.epoch, pace.ack, err);
}

/* ---- what follows ---- */

struct burst {
    struct agent *agent;
    struct outbox *outbox;
    struct link *link;
    struct link_answer answer;
};

static bool follow_outbox(struct burst *burst, struct error *err)
{
    return events_send(burst->agent, burst->outbox, burst->link, &burst->answer, err);
}

static bool follow_inventory(struct burst *burst, struct error *err)
{
    return inventory_tell(burst->agent, burst->link,
                          (burst->agent->memory.wishes & AGENT_SEND_INVENTORY) != 0, err);
}

static bool follow_renewal(struct burst *burst, struct error *err)
{
    bool wished = (burst->agent->memory.wishes & AGENT_RENEW) != 0;

    return (!wished && !enroll_renew_is_due(burst->agent)) || enroll_renew(burst->agent, burst->link, err);
}

static bool follow_plan(struct burst *burst, struct error *err)
{
    return orders_fetch_plan(burst->agent, burst->link, err);
}

static bool follow_repository(struct burst *burst, struct error *err)
{
    struct agent *agent = burst->agent;
    struct trust_record record = {0};
    bool found = false;

    if (!enroll_pin(agent, err) ||
        !trust_record_read(agent->state.folder, agent->arena, &record, &found, err))
        return false;
    bool fresh = found && timestamp_version(&record) >= agent->memory.repository_wanted &&
                 record.problem.size == 0 && agent->now_us - record.tried_us < TIME_DAY_US / 4;
    return fresh || orders_refresh(agent, err);
}

static bool follow_advisories(struct burst *burst, struct error *err)
{
    return orders_fetch_advisories(burst->agent, err);
}

static const struct {
    const char *name;
    bool (*follow)(struct burst *burst, struct error *err);
} steps[] = {
    {"outbox", follow_outbox}, {"inventory", follow_inventory},   {"renewal", follow_renewal},
    {"plan", follow_plan},     {"repository", follow_repository}, {"advisories", follow_advisories},
};

static void follow(struct burst *burst)
{
    struct error ignored;

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct error why = {0};
        if (steps[i].follow(burst, &why))
            continue;
        log_line(LOG_WARNING, "agent", "%s: %s", steps[i].name, why.text);
        const char *attack = events_attack(text_of(why.text));
        if (attack == NULL && why.kind == ERROR_TRUST)
            attack = trust_refusal_name(TRUST_WRONG_SIGNATURE);
        if (attack != NULL && !events_alarm(burst->agent, burst->outbox, attack, text_of(why.text), &ignored))
            log_line(LOG_WARNING, "agent", "alarm: %s", ignored.text);
        if (burst->answer.status == 503 || burst->answer.status == 429) {
            burst->agent->memory.retry_s = burst->answer.retry_after_s;
            return;
        }
    }
}

static bool turn(struct agent *agent, struct checkin_result *out, struct error *err)
{
    OWN(outbox_close) struct outbox outbox = {0};
    OWN(link_close) struct link link = {.helper = HELPER_NONE};
    struct burst burst = {.agent = agent, .outbox = &outbox, .link = &link};
    uint64_t plan = agent->memory.plan, advisories = agent->memory.advisories;
    struct error why = {0};

    if (!events_open(agent, &outbox, err))
        return false;
    if (!events_collect(agent, &outbox, &why))
        log_line(LOG_WARNING, "agent", "%s", why.text);
    if (!agent_link(agent, &link, err))
        return false;
    bool done = ask(agent, &outbox, &link, &burst.answer, err);
    /* An expired certificate may do one thing. */
    if (!done && burst.answer.status == 401 && enroll_renew_is_due(agent)) {
        struct error first = *err;
        if (!enroll_renew(agent, &link, err))
            return error_at(err, "%s", first.text);
        link_close(&link);
        link = (struct link){.helper = HELPER_NONE};
        done = agent_link(agent, &link, err) && ask(agent, &outbox, &link, &burst.answer, err);
    }
    if (!done)
        return false;
    out->answered = true;
    follow(&burst);
    out->work = agent->memory.plan != plan || agent->memory.advisories != advisories;
    return true;
}

static void count_day(struct agent *agent)
{
    uint64_t day = (uint64_t)(agent->now_us / TIME_DAY_US);

    if (agent->memory.day != day)
        agent->memory.bytes_down = agent->memory.bytes_up = 0;
    agent->memory.day = day;
}

bool checkin_turn(struct agent *agent, struct checkin_result *out, struct error *err)
{
    struct error kept = {0};

    *out = (struct checkin_result){0};
    count_day(agent);
    agent->memory.tried_us = agent->now_us;
    agent->memory.metered = machine_is_metered(agent);
    bool done = turn(agent, out, err);
    if (!done)
        agent->memory.failures++;
    if (!agent_keep(agent, &kept))
        log_line(LOG_ERROR, "agent", "%s", kept.text);
    return done;
}
