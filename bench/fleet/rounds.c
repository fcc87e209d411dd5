#include "rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"

const char *const round_names[ROUND_KIND_COUNT] = {"enrol",  "check-in", "inventory", "chunk",
                                                   "commit", "outbox",   "plan",      "pulse"};

/* While an inventory is being sent. */
struct sending {
    struct short_hash hashes[AGENT_BUCKETS], base, root;
    struct writer changes;
    struct short_hash lacks[AGENT_BUCKETS];
    size_t lack_count, lack_sent;
};

struct seat { /* of an agent, while the simulator runs */
    gnutls_datum_t ticket;
    struct engine_connection *at; /* kept, or at work */
    struct sending *sending;
    uint64_t plan_wanted;
    uint32_t next_s;
    struct short_hash root; /* of what is installed; zeros: not computed yet */
    uint32_t root_level;
};

struct rounds {
    struct rounds_settings settings;
    struct engine *engine;
    struct seat *seats;
    struct round_counts counts[ROUND_KIND_COUNT];
    struct writer message;
    struct agent_enrol enrol;
    size_t enrol_next, enrol_end;
    uint64_t safe_lane;
    char problem[300];
};

struct rounds *rounds_begin(const struct rounds_settings *settings)
{
    struct rounds *rounds = calloc(1, sizeof(*rounds));

    if (rounds == NULL)
        return NULL;
    rounds->settings = *settings;
    rounds->message = writer_with(AGENT_OUTBOX_MAX);
    rounds->seats = calloc(settings->population->count, sizeof(*rounds->seats));
    if (rounds->seats == NULL)
        rounds_end(&rounds);
    return rounds;
}

static void end_sending(struct seat *seat)
{
    if (seat->sending == NULL)
        return;
    writer_end(&seat->sending->changes);
    free(seat->sending);
    seat->sending = NULL;
}

void rounds_end(struct rounds **pointer)
{
    struct rounds *rounds = *pointer;

    if (rounds == NULL)
        return;
    for (size_t i = 0; rounds->seats != NULL && i < rounds->settings.population->count; i++) {
        end_sending(&rounds->seats[i]);
        gnutls_free(rounds->seats[i].ticket.data);
    }
    free(rounds->seats);
    writer_end(&rounds->message);
    free(rounds);
    *pointer = NULL;
}

void rounds_use(struct rounds *rounds, struct engine *engine)
{
    rounds->engine = engine;
}

void rounds_forget(struct rounds *rounds)
{
    memset(rounds->counts, 0, sizeof(rounds->counts));
    rounds->safe_lane = 0;
}

const struct round_counts *rounds_counts(const struct rounds *rounds, enum round_kind kind)
{
    return &rounds->counts[kind];
}

uint64_t rounds_safe_lane(const struct rounds *rounds)
{
    return rounds->safe_lane;
}

const char *rounds_problem(const struct rounds *rounds)
{
    return rounds->problem;
}

/* ---- counting ---- */

static unsigned bin_of(int64_t took_us)
{
    const uint64_t value = took_us < 1 ? 1 : (uint64_t)took_us;
    const unsigned power = 63 - (unsigned)__builtin_clzll(value);
    const unsigned half = power > 0 && (value >> (power - 1) & 1) != 0 ? 1 : 0;
    const unsigned bin = 2 * power + half;

    return bin < ROUND_TOOK_BINS ? bin : ROUND_TOOK_BINS - 1;
}

int64_t round_took_us(const struct round_counts *counts, unsigned of_1000)
{
    uint64_t seen = 0;

    for (unsigned bin = 0; bin < ROUND_TOOK_BINS; bin++) {
        seen += counts->took[bin];
        if (seen * 1000 >= counts->answered * of_1000)
            return (INT64_C(1) << (bin / 2)) * (2 + bin % 2) / 2 * 5 / 4;
    }
    return 0;
}

static bool count_answer(struct rounds *rounds, const struct engine_answer *answer)
{
    struct round_counts *counts = &rounds->counts[answer->kind];
    const bool good = answer->status >= 200 && answer->status < 400;

    if (answer->status == 0)
        counts->failed++;
    else if (!good)
        counts->refused[answer->status == 429 ? 0 : answer->status == 503 ? 1 : 2]++;
    if (good) {
        counts->answered++;
        counts->took[bin_of(answer->took_us)]++;
    } else if (answer->status != 429 && answer->status != 503 && rounds->problem[0] == 0) {
        snprintf(rounds->problem, sizeof(rounds->problem), "%s: %u %.*s", round_names[answer->kind],
                 answer->status,
                 answer->problem != NULL ? (int)strlen(answer->problem) : (int)answer->body.size,
                 answer->problem != NULL ? answer->problem : (const char *)answer->body.at);
    }
    return good;
}

/* ---- messages ---- */

static struct sim_agent *agent_of(const struct rounds *rounds, uint64_t number)
{
    return &rounds->settings.population->agents[number];
}

static bool call(struct rounds *rounds, uint64_t number, const struct engine_call *made, struct error *err)
{
    struct seat *seat = &rounds->seats[number];
    const struct sim_agent *agent = agent_of(rounds, number);
    const struct engine_identity identity = {.certificate = {agent->certificate, agent->certificate_size},
                                             .ticket = &seat->ticket};

    if (!writer_ok(&rounds->message))
        return error_set(err, ERROR_LIMIT, "a message is too long");
    rounds->counts[made->kind].sent++;
    if (seat->at != NULL)
        return engine_call(seat->at, made, err);
    seat->at = engine_open(rounds->engine, &identity, false, made, err);
    return seat->at != NULL;
}

static struct engine_call post(struct rounds *rounds, uint64_t number, enum round_kind kind, const char *path)
{
    return (struct engine_call){.method = "POST",
                                .path = path,
                                .body = writer_bytes(&rounds->message),
                                .agent = number,
                                .kind = kind};
}

static bool find_root(struct rounds *rounds, uint64_t number, struct error *err)
{
    struct seat *seat = &rounds->seats[number];
    const struct sim_agent *agent = agent_of(rounds, number);
    struct short_hash hashes[AGENT_BUCKETS];

    if (!rounds->settings.inventories ||
        (seat->root_level == agent->level + 1 && !short_hash_is_zero(&seat->root)))
        return true;
    seat->root_level = agent->level + 1;
    return population_inventory(rounds->settings.population, number, hashes, &seat->root, err);
}

bool rounds_start(struct rounds *rounds, uint64_t number, struct error *err)
{
    struct sim_agent *agent = agent_of(rounds, number);

    if (!find_root(rounds, number, err))
        return false;
    agent->counter++;
    agent->random = population_mix(agent->counter, number);
    agent->made += rounds->settings.events;
    const struct agent_checkin checkin = {
        .protocol_min = AGENT_PROTOCOL_MIN,
        .protocol_max = AGENT_PROTOCOL,
        .major = 0,
        .minor = 1,
        .host = agent->host,
        .counter = agent->counter,
        .random = agent->random,
        .epoch = agent->epoch,
        .made = agent->made,
        .acked = agent->acked,
        .inventory = rounds->settings.inventories ? rounds->seats[number].root : agent->committed,
        .plan = agent->plan,
        .advisories = agent->advisories,
        .clock_us = time_now_us(),
        .scanned_us = time_now_us(),
        .level = AGENT_LEVEL_NORMAL,
        .due = 3,
        .open = 40};
    writer_clear(&rounds->message);
    agent_checkin_write(&rounds->message, &checkin);
    const struct engine_call made = post(rounds, number, ROUND_CHECKIN, AGENT_PATH_CHECKIN);
    return call(rounds, number, &made, err);
}

/* What the server has, if it was reported one level of patching ago; else from the beginning. */
static bool find_before(struct rounds *rounds, uint64_t number, struct short_hash before[AGENT_BUCKETS],
                        struct short_hash *base, struct error *err)
{
    struct sim_agent *agent = agent_of(rounds, number);
    const uint32_t level = agent->level;

    agent->level = level + 1 < POPULATION_LEVELS ? level + 1 : level;
    const bool found = population_inventory(rounds->settings.population, number, before, base, err);
    agent->level = level;
    if (!found)
        return false;
    if (!short_hash_equal(base, &agent->committed)) {
        memset(before, 0, AGENT_BUCKETS * sizeof(*before));
        *base = (struct short_hash){{0}};
    }
    return true;
}

static bool send_inventory(struct rounds *rounds, uint64_t number, bool whole, struct error *err)
{
    struct seat *seat = &rounds->seats[number];
    struct short_hash before[AGENT_BUCKETS] = {0};

    end_sending(seat);
    seat->sending = calloc(1, sizeof(*seat->sending));
    if (seat->sending == NULL)
        return error_set(err, ERROR_SYSTEM, "out of memory");
    struct sending *sending = seat->sending;
    sending->changes = writer_with(AGENT_BUCKETS * AGENT_CHANGE_SIZE);
    if (!population_inventory(rounds->settings.population, number, sending->hashes, &sending->root, err) ||
        (!whole && !find_before(rounds, number, before, &sending->base, err)))
        return false;
    for (unsigned bucket = 0; bucket < AGENT_BUCKETS; bucket++)
        if (!short_hash_equal(&before[bucket], &sending->hashes[bucket])) {
            const struct agent_change change = {(uint8_t)bucket, sending->hashes[bucket]};
            agent_change_put(&sending->changes, &change);
        }
    const struct agent_inventory inventory = {
        .base = sending->base, .root = sending->root, .changes = writer_bytes(&sending->changes)};
    writer_clear(&rounds->message);
    agent_inventory_write(&rounds->message, &inventory);
    const struct engine_call made = post(rounds, number, ROUND_INVENTORY, AGENT_PATH_INVENTORY);
    return call(rounds, number, &made, err);
}

static bool send_commit(struct rounds *rounds, uint64_t number, struct error *err)
{
    const struct sending *sending = rounds->seats[number].sending;
    char name[32];

    snprintf(name, sizeof(name), "host-%06u", (unsigned)number);
    const struct agent_commit commit = {.inventory = {.base = sending->base,
                                                      .root = sending->root,
                                                      .changes = writer_bytes(&sending->changes)},
                                        .scanned_us = time_now_us(),
                                        .os = TEXT("debian"),
                                        .release = TEXT("bookworm"),
                                        .arch = TEXT("amd64"),
                                        .host_name = text_of(name),
                                        .kernel = TEXT("6.1.0-40-amd64")};
    writer_clear(&rounds->message);
    agent_commit_write(&rounds->message, &commit);
    const struct engine_call made = post(rounds, number, ROUND_COMMIT, AGENT_PATH_COMMIT);
    return call(rounds, number, &made, err);
}

static bool send_chunk(struct rounds *rounds, uint64_t number, struct error *err)
{
    struct sending *sending = rounds->seats[number].sending;
    const struct short_hash *lack = &sending->lacks[sending->lack_sent++];
    char path[sizeof(AGENT_PATH_CHUNK) + SHORT_HASH_HEX], hex[SHORT_HASH_HEX + 1];
    unsigned bucket = 0;

    while (bucket < AGENT_BUCKETS && !short_hash_equal(&sending->hashes[bucket], lack))
        bucket++;
    if (bucket == AGENT_BUCKETS)
        return error_set(err, ERROR_INPUT, "the server lacks a chunk that was never offered");
    short_hash_hex(lack, hex);
    snprintf(path, sizeof(path), "%s%s", AGENT_PATH_CHUNK, hex);
    population_chunk(rounds->settings.population, number, (uint8_t)bucket, &rounds->message);
    struct engine_call made = post(rounds, number, ROUND_CHUNK, path);
    made.method = "PUT";
    return call(rounds, number, &made, err);
}

static bool send_events(struct rounds *rounds, uint64_t number, struct error *err)
{
    const struct sim_agent *agent = agent_of(rounds, number);
    uint16_t count = 0;

    writer_clear(&rounds->message);
    const size_t place = agent_outbox_begin(&rounds->message, agent->epoch, agent->acked + 1);
    for (uint64_t at = agent->acked + 1; at <= agent->made && count < 100; at++, count++) {
        char body[160];
        const int size = snprintf(body, sizeof(body),
                                  "{\"group\":\"g%u\",\"note\":\"\",\"run\":\"2026-11-21-%08u\",\"state\":"
                                  "\"done\",\"step\":\"%u\"}",
                                  (unsigned)(at % 5), (unsigned)number, (unsigned)at);
        /* The time belongs to the number: an event that is sent again is the same. */
        agent_outbox_put(&rounds->message, AGENT_EVENT_RUN_STEP, INT64_C(1795305600000000) + (int64_t)at,
                         (struct bytes){(const uint8_t *)body, (size_t)size});
    }
    agent_outbox_end(&rounds->message, place, count);
    const struct engine_call made = post(rounds, number, ROUND_OUTBOX, AGENT_PATH_OUTBOX);
    return call(rounds, number, &made, err);
}

static bool ask_plan(struct rounds *rounds, uint64_t number, struct error *err)
{
    char path[64];

    snprintf(path, sizeof(path), "%s%llu", AGENT_PATH_PLAN,
             (unsigned long long)rounds->seats[number].plan_wanted);
    writer_clear(&rounds->message);
    const struct engine_call made = {.method = "GET", .path = path, .agent = number, .kind = ROUND_PLAN};
    return call(rounds, number, &made, err);
}

/* ---- answers: each says what comes next ---- */

static void finish(struct rounds *rounds, uint64_t number, bool done, unsigned after_s)
{
    struct seat *seat = &rounds->seats[number];
    struct engine_connection *at = seat->at;

    end_sending(seat);
    if (at != NULL && (!rounds->settings.keep || !done)) {
        seat->at = NULL;
        engine_close(at);
    }
    rounds->settings.ended(rounds->settings.self, number, done, done ? seat->next_s : 0, after_s);
}

/* Whatever is left of the round. */
static bool go_on(struct rounds *rounds, uint64_t number, struct error *err)
{
    struct seat *seat = &rounds->seats[number];
    struct sim_agent *agent = agent_of(rounds, number);

    if (agent->made > agent->acked)
        return send_events(rounds, number, err);
    if (rounds->settings.inventories && !short_hash_equal(&seat->root, &agent->committed))
        return send_inventory(rounds, number, false, err);
    if (seat->plan_wanted > agent->plan)
        return ask_plan(rounds, number, err);
    finish(rounds, number, true, 0);
    return true;
}

static bool on_pace(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    struct sim_agent *agent = agent_of(rounds, answer->agent);
    struct seat *seat = &rounds->seats[answer->agent];
    struct agent_pace pace;

    if (!agent_pace_parse(answer->body, &pace, err))
        return false;
    if (pace.counter != agent->counter)
        return error_set(err, ERROR_INPUT, "the answer is to another check-in");
    seat->next_s = pace.next_s;
    agent->acked = pace.epoch == agent->epoch ? pace.ack : 0;
    agent->safe_lane = (pace.flags & AGENT_SAFE_LANE) != 0;
    rounds->safe_lane += agent->safe_lane;
    seat->plan_wanted = pace.plan;
    if ((pace.flags & AGENT_SEND_INVENTORY) != 0)
        agent->committed = (struct short_hash){{0}};
    return go_on(rounds, answer->agent, err);
}

static bool on_lacks(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    struct sending *sending = rounds->seats[answer->agent].sending;
    struct agent_lacks lacks;

    if (!agent_lacks_parse(answer->body, &lacks, err))
        return false;
    sending->lack_count = lacks.hashes.size / sizeof(*sending->lacks);
    sending->lack_sent = 0;
    if (sending->lack_count > AGENT_BUCKETS)
        return error_set(err, ERROR_LIMIT, "more chunks are lacking than there are");
    memcpy(sending->lacks, lacks.hashes.at, lacks.hashes.size);
    return sending->lack_count > 0 ? send_chunk(rounds, answer->agent, err)
                                   : send_commit(rounds, answer->agent, err);
}

static bool on_chunk(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    const struct sending *sending = rounds->seats[answer->agent].sending;

    return sending->lack_sent < sending->lack_count ? send_chunk(rounds, answer->agent, err)
                                                    : send_commit(rounds, answer->agent, err);
}

static bool on_commit(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    agent_of(rounds, answer->agent)->committed = rounds->seats[answer->agent].sending->root;
    return go_on(rounds, answer->agent, err);
}

static bool on_ack(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    struct sim_agent *agent = agent_of(rounds, answer->agent);
    struct agent_ack ack;

    if (!agent_ack_parse(answer->body, &ack, err))
        return false;
    if (ack.epoch != agent->epoch || ack.ack <= agent->acked)
        return error_set(err, ERROR_INPUT, "the outbox was taken and nothing acknowledged");
    agent->acked = ack.ack;
    return go_on(rounds, answer->agent, err);
}

static bool on_plan(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    agent_of(rounds, answer->agent)->plan = rounds->seats[answer->agent].plan_wanted;
    return go_on(rounds, answer->agent, err);
}

static bool on_pulse(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    struct agent_pulse pulse;

    if (answer->status != 304 && !agent_pulse_parse(answer->body, &pulse, err))
        return false;
    finish(rounds, answer->agent, true, 0);
    return true;
}

static bool enrol_next(struct rounds *rounds, struct error *err);

static bool on_identity(struct rounds *rounds, const struct engine_answer *answer, struct error *err)
{
    struct sim_agent *agent = agent_of(rounds, answer->agent);
    struct agent_identity identity;

    if (!agent_identity_parse(answer->body, &identity, err))
        return false;
    if (identity.certificate.size > sizeof(agent->certificate))
        return error_set(err, ERROR_LIMIT, "a certificate of %zu bytes", identity.certificate.size);
    *agent = (struct sim_agent){.host = identity.host,
                                .epoch = population_mix(answer->agent, 77),
                                .level = population_first_level(answer->agent),
                                .certificate_size = (uint16_t)identity.certificate.size};
    memcpy(agent->certificate, identity.certificate.at, identity.certificate.size);
    memcpy(rounds->settings.population->chunk_key, identity.chunk_key, sizeof(identity.chunk_key));
    if (rounds->enrol_next < rounds->enrol_end) {
        struct engine_connection *at = rounds->seats[answer->agent].at;
        rounds->seats[answer->agent].at = NULL;
        rounds->seats[rounds->enrol_next].at = at;
        rounds->settings.ended(rounds->settings.self, answer->agent, true, 0, 0);
        return enrol_next(rounds, err);
    }
    finish(rounds, answer->agent, true, 0);
    return true;
}

void rounds_answered(void *self, struct engine_connection *at, const struct engine_answer *answer)
{
    static bool (*const on[ROUND_KIND_COUNT])(struct rounds *, const struct engine_answer *,
                                              struct error *) = {
        [ROUND_ENROL] = on_identity, [ROUND_CHECKIN] = on_pace,  [ROUND_INVENTORY] = on_lacks,
        [ROUND_CHUNK] = on_chunk,    [ROUND_COMMIT] = on_commit, [ROUND_OUTBOX] = on_ack,
        [ROUND_PLAN] = on_plan,      [ROUND_PULSE] = on_pulse};
    struct rounds *rounds = self;
    struct seat *seat = &rounds->seats[answer->agent];
    struct error err = {0};

    (void)at;
    if (answer->status == 0)
        seat->at = NULL; /* the engine has closed it */
    if (answer->kind == ENGINE_DROPPED)
        return;
    if (!count_answer(rounds, answer)) {
        /* 409: the server has another base. All of it, once. */
        if (answer->status == 409 && (answer->kind == ROUND_INVENTORY || answer->kind == ROUND_COMMIT) &&
            !short_hash_is_zero(&seat->sending->base) && send_inventory(rounds, answer->agent, true, &err))
            return;
        finish(rounds, answer->agent, false, answer->retry_after_s);
        return;
    }
    if (!on[answer->kind](rounds, answer, &err)) {
        if (rounds->problem[0] == 0)
            snprintf(rounds->problem, sizeof(rounds->problem), "%s: %s", round_names[answer->kind], err.text);
        finish(rounds, answer->agent, false, 0);
    }
}

/* ---- enrolling, and the pulse ---- */

bool rounds_enrol(struct rounds *rounds, uint64_t number, struct error *err)
{
    char name[32];

    snprintf(name, sizeof(name), "host-%06u", (unsigned)number);
    rounds->enrol.host_name = text_of(name);
    for (size_t i = 0; i < sizeof(rounds->enrol.nonce); i++)
        rounds->enrol.nonce[i] = (uint8_t)population_mix(number, i);
    rounds->enrol.csr = rounds->settings.request(rounds->settings.self, number);
    writer_clear(&rounds->message);
    agent_enrol_write(&rounds->message, &rounds->enrol);
    gnutls_free((void *)(uintptr_t)rounds->enrol.csr.at);
    rounds->enrol.csr = (struct bytes){0};
    const struct engine_call made = post(rounds, number, ROUND_ENROL, AGENT_PATH_ENROLL);
    agent_of(rounds, number)->certificate_size = 0;
    return call(rounds, number, &made, err);
}

static bool enrol_next(struct rounds *rounds, struct error *err)
{
    return rounds_enrol(rounds, rounds->enrol_next++, err);
}

bool rounds_start_enrolling(struct rounds *rounds, const struct agent_enrol *enrol, size_t end,
                            struct error *err)
{
    rounds->enrol = *enrol;
    rounds->enrol_end = end;
    return rounds->enrol_next >= end || enrol_next(rounds, err);
}

bool rounds_start_pulse(struct rounds *rounds, uint64_t number, uint8_t ring, struct error *err)
{
    const struct engine_identity nobody = {0};
    char path[32];

    snprintf(path, sizeof(path), "%s%u", AGENT_PATH_PULSE, ring);
    const struct engine_call made = {.method = "GET", .path = path, .agent = number, .kind = ROUND_PULSE};
    rounds->counts[ROUND_PULSE].sent++;
    rounds->seats[number].at = engine_open(rounds->engine, &nobody, true, &made, err);
    return rounds->seats[number].at != NULL;
}
