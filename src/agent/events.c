#include "agent/events.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"
#include "model/refusal.h"
#include "store/evidence.h"
#include "store/journal.h"
#include "store/trust_record.h"

#define BATCH_EVENTS  200
#define BATCH_SIZE    (1024 * KIB)
#define BATCHES_MAX   32 /* of one turn: the rest goes with the next */
#define BODY_MAX      (64 * KIB)
#define SOURCE_MAX    96
#define EVIDENCE_TURN 16 /* records put at once */

bool events_open(const struct agent *agent, struct outbox *out, struct error *err)
{
    const char *path;

    return agent_path(agent, OUTBOX_FILE, &path, err) && outbox_open(path, out, err);
}

/* ---- bodies ---- */

/* The JSON that was written, in the arena. */
static bool body_of(const struct writer *w, struct arena *arena, struct bytes *out, struct error *err)
{
    struct bytes raw;

    if (!writer_done(w, &raw, err))
        return false;
    uint8_t *copy = arena_take(arena, raw.size + 1);
    if (copy == NULL)
        return arena_full(arena, err);
    memcpy(copy, raw.at, raw.size);
    *out = (struct bytes){copy, raw.size};
    return true;
}

static void put_text(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

static bool write_began(const struct run *run, struct arena *arena, struct outbox_event *out,
                        struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(BODY_MAX);
    struct json_writer j = json_writer_with(&w, false);

    json_open_object(&j);
    put_text(&j, "kind", text_of(run_kind_name(run->kind)));
    put_text(&j, "plan", text_of(run->plan));
    put_text(&j, "run", text_of(run->id));
    json_close_object(&j);
    *out = (struct outbox_event){.kind = AGENT_EVENT_RUN_BEGAN, .made_us = run->begun_us};
    return body_of(&w, arena, &out->body, err);
}

static bool write_step(const struct run *run, const struct run_step *step, struct arena *arena,
                       struct outbox_event *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(BODY_MAX);
    struct json_writer j = json_writer_with(&w, false);

    json_open_object(&j);
    json_name(&j, "group");
    json_put_u64(&j, step->group);
    put_text(&j, "note", step->note);
    put_text(&j, "run", text_of(run->id));
    put_text(&j, "state", text_of(step_state_name(step->state)));
    put_text(&j, "step", text_of(step_kind_name(step->kind)));
    json_close_object(&j);
    *out = (struct outbox_event){.kind = AGENT_EVENT_RUN_STEP, .made_us = step->ended_us};
    return body_of(&w, arena, &out->body, err);
}

static bool write_ended(const struct run *run, struct arena *arena, struct outbox_event *out,
                        struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(BODY_MAX);
    struct json_writer j = json_writer_with(&w, false);

    json_open_object(&j);
    put_text(&j, "run", text_of(run->id));
    put_text(&j, "state", text_of(run_state_name(run->state)));
    put_text(&j, "why", run->why);
    json_close_object(&j);
    *out = (struct outbox_event){.kind = AGENT_EVENT_RUN_ENDED, .made_us = run->ended_us};
    return body_of(&w, arena, &out->body, err);
}

bool events_put(const struct agent *agent, struct outbox *outbox, enum agent_event_kind kind,
                const char *name, struct text text, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(BODY_MAX);
    struct json_writer j = json_writer_with(&w, false);
    struct outbox_event event = {.kind = (uint8_t)kind, .made_us = agent->now_us};

    json_open_object(&j);
    put_text(&j, "name", text_of(name));
    put_text(&j, "text", text);
    json_close_object(&j);
    return body_of(&w, agent->arena, &event.body, err) && outbox_append(outbox, &event, 1, NULL, 0, err);
}

/* ---- alarms ---- */

const char *events_attack(struct text text)
{
    static const enum trust_refusal attacks[] = {TRUST_VENDOR_SIGNATURE, TRUST_WRONG_SIGNATURE, TRUST_FREEZE,
                                                 TRUST_MIX_AND_MATCH,    TRUST_ROLLBACK,        TRUST_SCOPE,
                                                 TRUST_ENDLESS_DATA};

    for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
        const char *name = trust_refusal_name(attacks[i]);
        size_t at = text_find(text, text_of(name));
        if (at != SIZE_MAX && text_starts(text_part(text, at + strlen(name), SIZE_MAX), TEXT(":")))
            return name;
    }
    return NULL;
}

bool events_alarm(struct agent *agent, struct outbox *outbox, const char *name, struct text text,
                  struct error *err)
{
    uint64_t hash = text_hash(text, text_hash(text_of(name), 1));
    int64_t age_us = agent->now_us - agent->memory.alarmed_us;

    if (hash == agent->memory.alarm && age_us >= 0 && age_us < TIME_DAY_US)
        return true;
    if (!events_put(agent, outbox, AGENT_EVENT_ALARM, name, text, err))
        return false;
    agent->memory.alarm = hash;
    agent->memory.alarmed_us = agent->now_us;
    return true;
}

/* ---- runs ---- */

/*
 * What a run has to tell, in its order: that it began, each step that has ended, that it ended. A run that was asked to stop goes
 * on later: its end is not told before it is one.
 */
static bool tell_run(const struct agent *agent, struct outbox *outbox, const struct run *run,
                     struct error *err)
{
    struct outbox_event *events = ARENA_ARRAY(agent->arena, struct outbox_event, run->step_count + 2);
    bool over = run->state != RUN_OPEN && run->state != RUN_STOPPED;
    char source[SOURCE_MAX];
    uint64_t told;
    size_t count = 0;

    (void)snprintf(source, sizeof(source), "run %s", run->id);
    if (events == NULL)
        return arena_full(agent->arena, err);
    if (!outbox_source(outbox, source, &told, err) || !write_began(run, agent->arena, &events[count++], err))
        return false;
    for (size_t i = 0; i < run->step_count && (over || run->steps[i].state != STEP_BEGUN); i++)
        if (run->steps[i].state != STEP_BEGUN &&
            !write_step(run, &run->steps[i], agent->arena, &events[count++], err))
            return false;
    if (over && !write_ended(run, agent->arena, &events[count++], err))
        return false;
    return count <= told || outbox_append(outbox, &events[told], count - told, source, count, err);
}

static bool collect_runs(const struct agent *agent, struct outbox *outbox, struct error *err)
{
    OWN(journal_close) struct journal journal = {0};
    const char *path = state_path(&agent->state, agent->arena, JOURNAL_FILE);
    struct journal_runs runs;

    if (path == NULL)
        return arena_full(agent->arena, err);
    if (!journal_open(path, JOURNAL_READ, &journal, err) || !journal_list(&journal, agent->arena, &runs, err))
        return err->kind == ERROR_ABSENT;
    for (size_t i = runs.count; i > 0; i--) {
        /* What was run before this machine was in a fleet is nobody's business there. */
        if (runs.at[i - 1].begun_us >= agent->enrolled.since_us &&
            !tell_run(agent, outbox, &runs.at[i - 1], err))
            return false;
    }
    return true;
}

/* ---- evidence ---- */

static bool tell_evidence(const struct agent *agent, struct outbox *outbox, uint64_t number,
                          struct error *err)
{
    struct outbox_event event = {.kind = AGENT_EVENT_EVIDENCE, .made_us = agent->now_us};

    if (!evidence_read(&agent->state, number, agent->arena, &event.body, err))
        return false;
    if (event.body.size > AGENT_EVENT_MAX) {
        struct text text = text_format(agent->arena, "evidence %llu has %zu bytes: it stays on the machine",
                                       (unsigned long long)number, event.body.size);
        if (text.at == NULL)
            return arena_full(agent->arena, err);
        event.kind = AGENT_EVENT_NOTICE;
        return events_put(agent, outbox, AGENT_EVENT_NOTICE, "evidence-too-large", text, err) &&
               outbox_append(outbox, &event, 0, "evidence", number, err);
    }
    return outbox_append(outbox, &event, 1, "evidence", number, err);
}

static bool collect_evidence(const struct agent *agent, struct outbox *outbox, struct error *err)
{
    struct evidence_head head;
    uint64_t told;

    if (!evidence_head_read(&agent->state, agent->arena, &head, err))
        return err->kind == ERROR_ABSENT;
    if (!outbox_source(outbox, "evidence", &told, err))
        return false;
    for (uint64_t number = told + 1; number <= head.number && number <= told + EVIDENCE_TURN; number++)
        if (!tell_evidence(agent, outbox, number, err))
            return false;
    return true;
}

/* ---- orders ---- */

static bool tell_order(const struct agent *agent, struct outbox *outbox, const struct trust_record *record,
                       const struct trust_order *order, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(BODY_MAX);
    struct json_writer j = json_writer_with(&w, false);
    struct outbox_event event = {.kind = AGENT_EVENT_ORDER_SEEN, .made_us = agent->now_us};
    bool holds = trust_order_holds(record, order, agent->now_us);
    char source[SOURCE_MAX];
    uint64_t told, now = holds ? 2 : 1;

    (void)snprintf(source, sizeof(source), "order %.*s", TEXT_ARG(text_part(order->order.id, 0, 64)));
    if (!outbox_source(outbox, source, &told, err) || told >= now)
        return told >= now;
    json_open_object(&j);
    put_text(&j, "id", order->order.id);
    put_text(&j, "role", order->role);
    put_text(&j, "state", holds ? TEXT("in-force") : TEXT("waits"));
    json_close_object(&j);
    return body_of(&w, agent->arena, &event.body, err) && outbox_append(outbox, &event, 1, source, now, err);
}

static bool collect_orders(const struct agent *agent, struct outbox *outbox, struct error *err)
{
    struct trust_record record;
    bool found;

    if (!trust_record_read(agent->state.folder, agent->arena, &record, &found, err))
        return false;
    for (size_t i = 0; found && i < record.order_count; i++)
        if (!tell_order(agent, outbox, &record, &record.orders[i], err))
            return false;
    return true;
}

bool events_collect(const struct agent *agent, struct outbox *outbox, struct error *err)
{
    static const struct {
        const char *name;
        bool (*collect)(const struct agent *agent, struct outbox *outbox, struct error *err);
    } sources[] = {{"journal", collect_runs}, {"evidence", collect_evidence}, {"orders", collect_orders}};
    bool full = false;

    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        struct error why = {0};
        if (!sources[i].collect(agent, outbox, &why) && !error_at(&why, "%s", sources[i].name)) {
            full = full || why.kind == ERROR_LIMIT;
            *err = why;
        }
    }
    return !full && err->kind == ERROR_NONE;
}

/* ---- sending ---- */

static bool write_batch(struct writer *w, uint64_t epoch, const struct outbox_batch *batch, struct bytes *out,
                        struct error *err)
{
    size_t place = agent_outbox_begin(w, epoch, batch->events[0].number);

    for (size_t i = 0; i < batch->count; i++)
        agent_outbox_put(w, (enum agent_event_kind)batch->events[i].kind, batch->events[i].made_us,
                         batch->events[i].body);
    agent_outbox_end(w, place, (uint16_t)batch->count);
    return writer_done(w, out, err);
}

bool events_acknowledged(const struct agent *agent, struct outbox *outbox, uint64_t epoch, uint64_t ack,
                         struct error *err)
{
    if (outbox_acknowledge(outbox, epoch, ack, agent->now_us, err))
        return true;
    if (err->kind != ERROR_CONFLICT)
        return false;
    /* The server has more of this epoch than was ever made here: this disk went back, or another machine has a copy of it. */
    struct text why = text_copy(agent->arena, text_of(err->text));
    *err = (struct error){0};
    return outbox_renew(outbox, err) && events_put(agent, outbox, AGENT_EVENT_ALARM, "went-back", why, err);
}

/* *more: there was something, and the server took it. */
static bool send_batch(struct agent *agent, struct outbox *outbox, struct link *link,
                       struct link_answer *answer, bool *more, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * AGENT_OUTBOX_MAX);
    OWN(writer_end) struct writer w = writer_with(AGENT_OUTBOX_MAX);
    struct link_request request = {
        .method = LINK_POST, .path = AGENT_PATH_OUTBOX, .answer_max = AGENT_SMALL_MAX};
    struct outbox_state state;
    struct outbox_batch batch;
    struct agent_ack ack;

    *more = false;
    if (!outbox_look(outbox, &state, err) ||
        !outbox_read(outbox, BATCH_EVENTS, BATCH_SIZE, &arena, &batch, err))
        return false;
    if (batch.count == 0)
        return true;
    if (!write_batch(&w, state.epoch, &batch, &request.body, err))
        return false;
    agent->memory.bytes_up += request.body.size;
    if (!link_request(link, &request, answer, err))
        return false;
    if (answer->status ==
        409) { /* a number of ours has another body there: a copy of this machine has spoken */
        *more = true;
        return outbox_renew(outbox, err) &&
               events_put(agent, outbox, AGENT_EVENT_ALARM, "clone",
                          TEXT("another machine speaks with this one's name"), err);
    }
    if (answer->status != 200)
        return link_refused("outbox", answer, err);
    if (!agent_ack_parse(answer->body, &ack, err))
        return false;
    *more = ack.ack > state.acked;
    return events_acknowledged(agent, outbox, ack.epoch, ack.ack, err);
}

bool events_send(struct agent *agent, struct outbox *outbox, struct link *link, struct link_answer *answer,
                 struct error *err)
{
    bool more = true;

    for (unsigned i = 0; more && i < BATCHES_MAX; i++)
        if (!send_batch(agent, outbox, link, answer, &more, err))
            return false;
    return true;
}
