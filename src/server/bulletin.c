#include "server/bulletin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"
#include "server/first_start.h"
#include "server/generations.h"
#include "server/keeper_client.h"
#include "server/settings.h"

#define TICK_S   1
#define PULSE_US TIME_HOUR_US /* a machine that hears nothing for longer knows that somebody is between */
#define REPOSITORY_US                                                                                        \
    (6 * TIME_HOUR_US) /* a timestamp that says nothing new: agents call one stale after 24 hours */
#define INTERVAL_S 600 /* when neither the settings nor anybody else says one */
#define FRESH_US   (10 * TIME_MINUTE_US)
#define TEXTS_MAX  (256 * KIB)

struct bulletin {
    pthread_mutex_t lock;
    /* What is to be said. */
    struct bulletin_advisories advisories;
    struct arena texts; /* of now */
    struct fleet_now *now;
    size_t now_count;
    uint64_t repository, snapshot;
    int64_t repository_us; /* when it was last taken over */
    uint32_t interval_s;
    uint8_t urgency;
    bool changed;
    int64_t started_us;
    /* What was said. */
    uint64_t plan_generation, pulse_generation;
    int64_t pulse_us;
    uint8_t *plan; /* malloc'ed; NULL: nothing yet */
    size_t plan_size;
    uint8_t pulses[BULLETIN_RINGS][AGENT_PULSE_SIZE];
    bool said;
};

/* ---- asking ---- */

static bool copy_out(struct bytes bytes, struct arena *arena, struct bytes *out)
{
    uint8_t *copy = arena_take(arena, bytes.size);

    if (copy == NULL)
        return false;
    memcpy(copy, bytes.at, bytes.size);
    *out = (struct bytes){copy, bytes.size};
    return true;
}

void bulletin_state(struct bulletin *bulletin, struct bulletin_state *out)
{
    (void)pthread_mutex_lock(&bulletin->lock);
    *out = (struct bulletin_state){
        .plan = bulletin->plan_generation,
        .advisories = bulletin->advisories.generation,
        .repository = bulletin->repository,
        .interval_s = bulletin->interval_s,
    };
    (void)pthread_mutex_unlock(&bulletin->lock);
}

bool bulletin_plan(struct bulletin *bulletin, struct arena *arena, struct bytes *out, struct error *err)
{
    (void)pthread_mutex_lock(&bulletin->lock);
    bool there = bulletin->plan != NULL;
    bool copied = there && copy_out((struct bytes){bulletin->plan, bulletin->plan_size}, arena, out);
    (void)pthread_mutex_unlock(&bulletin->lock);
    if (!there)
        return error_set(err, ERROR_ABSENT, "there is no plan yet");
    return copied || arena_full(arena, err);
}

bool bulletin_pulse(struct bulletin *bulletin, uint8_t ring, struct arena *arena, struct bytes *out,
                    struct error *err)
{
    (void)pthread_mutex_lock(&bulletin->lock);
    bool there = bulletin->said && ring < BULLETIN_RINGS;
    bool copied = there && copy_out((struct bytes){bulletin->pulses[ring], AGENT_PULSE_SIZE}, arena, out);
    (void)pthread_mutex_unlock(&bulletin->lock);
    if (!there)
        return error_set(err, ERROR_ABSENT, "there is no such pulse");
    return copied || arena_full(arena, err);
}

/* ---- being told ---- */

/* A server that has just started finds all as news: the fleet, which knows most of it, is not woken for that. */
static void raise_urgency(struct bulletin *bulletin, uint8_t urgency)
{
    bulletin->changed = true;
    if (bulletin->urgency < urgency && bulletin->said)
        bulletin->urgency = urgency;
}

bool bulletin_set_advisories(struct bulletin *bulletin, const struct bulletin_advisories *advisories,
                             struct error *err)
{
    (void)pthread_mutex_lock(&bulletin->lock);
    bool newer = advisories->generation > bulletin->advisories.generation;
    if (newer) {
        bulletin->advisories = *advisories;
        raise_urgency(bulletin,
                      AGENT_URGENCY_NONE); /* who checks in next learns of it: no herd for an advisory */
    }
    (void)pthread_mutex_unlock(&bulletin->lock);
    return newer || error_set(err, ERROR_CONFLICT, "advisories: generation %llu is not newer",
                              (unsigned long long)advisories->generation);
}

static bool copy_now(const struct fleet_now *now, size_t count, struct arena *arena, struct fleet_now **out)
{
    struct fleet_now *made = ARENA_ARRAY(arena, struct fleet_now, count);

    for (size_t i = 0; made != NULL && i < count; i++) {
        struct fleet_now *one = &made[i];
        *one = now[i];
        one->id = text_copy(arena, now[i].id);
        one->fix = text_copy(arena, now[i].fix);
        one->class = text_copy(arena, now[i].class);
        one->by = text_copy(arena, now[i].by);
        one->reason = text_copy(arena, now[i].reason);
        if (one->id.at == NULL || one->fix.at == NULL || one->class.at == NULL || one->by.at == NULL ||
            one->reason.at == NULL)
            made = NULL;
    }
    *out = made;
    return made != NULL;
}

bool bulletin_set_now(struct bulletin *bulletin, const struct fleet_now *now, size_t count, struct error *err)
{
    OWN(arena_end) struct arena texts = arena_with(TEXTS_MAX);
    struct fleet_now *copy;

    if (count > FLEET_PLAN_NOW)
        return error_set(err, ERROR_LIMIT, "more than %d orders in force", FLEET_PLAN_NOW);
    if (!copy_now(now, count, &texts, &copy))
        return arena_full(&texts, err);
    (void)pthread_mutex_lock(&bulletin->lock);
    struct arena before = bulletin->texts;
    bulletin->texts = texts;
    texts = before;
    bulletin->now = copy;
    bulletin->now_count = count;
    raise_urgency(bulletin, count > 0 ? AGENT_URGENCY_NOW : AGENT_URGENCY_SOON);
    for (size_t i = 0; i < count; i++) /* but for an order that the last front may not have come to tell */
        if (now[i].made_us > bulletin->started_us - FRESH_US)
            bulletin->urgency = AGENT_URGENCY_NOW;
    (void)pthread_mutex_unlock(&bulletin->lock);
    return true;
}

void bulletin_set_interval(struct bulletin *bulletin, uint32_t interval_s)
{
    (void)pthread_mutex_lock(&bulletin->lock);
    bulletin->changed = bulletin->changed || bulletin->interval_s != interval_s;
    bulletin->interval_s = interval_s;
    (void)pthread_mutex_unlock(&bulletin->lock);
}

/* ---- the repository ---- */

static bool read_versions(const char *metadata, struct arena *arena, uint64_t *timestamp, uint64_t *snapshot,
                          struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    const char *path = file_path(arena, metadata, "timestamp.json");
    struct bytes raw = {0};

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, MIB, arena, &raw, err) || !json_parse(raw, MIB, &document, err))
        return error_at(err, "repository");
    struct json said = json_member(json_root(&document), "signed");
    struct json meta = json_member(json_member(said, "meta"), "snapshot.json");
    return (json_get_u64(said, "version", true, UINT64_MAX, timestamp, err) &&
            json_get_u64(meta, "version", true, UINT64_MAX, snapshot, err)) ||
           error_at(err, "repository: timestamp.json");
}

/* Every timestamp renewed would send the whole fleet there each hour: told is what says something new, and else now and then. */
static bool look_at_repository(struct server *server, int64_t now_us, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct bulletin *bulletin = server->bulletin;
    uint64_t timestamp = 0, snapshot = 0;

    if (!read_versions(server->paths->metadata, &arena, &timestamp, &snapshot, err))
        return false;
    (void)pthread_mutex_lock(&bulletin->lock);
    bool news = snapshot != bulletin->snapshot;
    if (timestamp > bulletin->repository && (news || now_us - bulletin->repository_us > REPOSITORY_US)) {
        bulletin->repository = timestamp;
        bulletin->snapshot = snapshot;
        bulletin->repository_us = now_us;
        raise_urgency(bulletin, news ? AGENT_URGENCY_SOON : AGENT_URGENCY_NONE);
    }
    (void)pthread_mutex_unlock(&bulletin->lock);
    return true;
}

/* ---- saying ---- */

static uint64_t next_generation(uint64_t last, int64_t now_us)
{
    uint64_t seconds = (uint64_t)(now_us / TIME_SECOND_US);

    return last >= seconds ? last + 1 : seconds;
}

/* What the plan is to say, with texts of its own, so that nothing is locked while the keeper signs. */
static bool draft_plan(struct server *server, int64_t now_us, struct arena *arena, struct fleet_plan *out,
                       uint8_t *urgency, struct error *err)
{
    struct bulletin *bulletin = server->bulletin;
    struct fleet_now *now = NULL;
    uint64_t generation;

    if (!generation_take(server, FLEET_GENERATION_PLAN, next_generation(bulletin->plan_generation, now_us),
                         &generation, err))
        return false;
    (void)pthread_mutex_lock(&bulletin->lock);
    *out = (struct fleet_plan){
        .fleet = server->fleet,
        .generation = generation,
        .made_us = now_us,
        .interval_s = bulletin->interval_s,
        .advisories = bulletin->advisories.generation,
        .advisories_digest = bulletin->advisories.digest,
        .advisories_size = bulletin->advisories.size,
        .repository = bulletin->repository,
        .now_count = bulletin->now_count,
    };
    bool copied = copy_now(bulletin->now, bulletin->now_count, arena, &now);
    *urgency = bulletin->urgency;
    bulletin->changed = false;
    bulletin->urgency = AGENT_URGENCY_NONE;
    (void)pthread_mutex_unlock(&bulletin->lock);
    out->now = now;
    return copied || arena_full(arena, err);
}

/* Also as files, which any mirror can hold. */
static bool write_pulse(const struct server *server, uint8_t ring, struct bytes pulse, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    struct text path = text_format(&arena, "%s/%u", server->paths->pulse, ring);

    return path.at != NULL ? file_replace_cache(path.at, pulse, 0644, err) : arena_full(&arena, err);
}

static bool say_pulses(struct server *server, int64_t now_us, uint8_t urgency, struct error *err)
{
    struct bulletin *bulletin = server->bulletin;
    uint8_t made[BULLETIN_RINGS][AGENT_PULSE_SIZE];
    uint64_t generation;

    if (!generation_take(server, FLEET_GENERATION_PULSE, next_generation(bulletin->pulse_generation, now_us),
                         &generation, err))
        return false;
    for (uint8_t ring = 0; ring < BULLETIN_RINGS; ring++) {
        OWN(writer_end) struct writer w = writer_with(AGENT_PULSE_SIZE);
        struct agent_pulse pulse = {.fleet = server->fleet,
                                    .ring = ring,
                                    .generation = generation,
                                    .plan = bulletin->plan_generation,
                                    .repository = bulletin->repository,
                                    .made_us = now_us,
                                    .urgency = urgency};
        if (!keeper_sign_pulse(server->keeper, &pulse, err))
            return false;
        agent_pulse_write(&w, &pulse);
        if (!writer_ok(&w) || w.size != AGENT_PULSE_SIZE)
            return error_set(err, ERROR_LIMIT, "pulse: not %d bytes", AGENT_PULSE_SIZE);
        memcpy(made[ring], w.at, AGENT_PULSE_SIZE);
        if (!write_pulse(server, ring, writer_bytes(&w), err))
            return false;
    }
    (void)pthread_mutex_lock(&bulletin->lock);
    memcpy(bulletin->pulses, made, sizeof(made));
    bulletin->pulse_generation = generation;
    bulletin->pulse_us = now_us;
    bulletin->said = true;
    (void)pthread_mutex_unlock(&bulletin->lock);
    return true;
}

static bool say_plan(struct server *server, int64_t now_us, uint8_t *urgency, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct bulletin *bulletin = server->bulletin;
    struct fleet_plan plan;
    struct bytes sealed;

    if (!draft_plan(server, now_us, &arena, &plan, urgency, err) ||
        !keeper_sign_plan(server->keeper, &plan, &arena, &sealed, err))
        return false;
    uint8_t *copy = malloc(sealed.size);
    if (copy == NULL)
        return error_system(err, "plan");
    memcpy(copy, sealed.at, sealed.size);
    (void)pthread_mutex_lock(&bulletin->lock);
    free(bulletin->plan);
    bulletin->plan = copy;
    bulletin->plan_size = sealed.size;
    bulletin->plan_generation = plan.generation;
    (void)pthread_mutex_unlock(&bulletin->lock);
    return true;
}

static void say_again(struct bulletin *bulletin, uint8_t urgency)
{
    (void)pthread_mutex_lock(&bulletin->lock);
    raise_urgency(bulletin, urgency);
    (void)pthread_mutex_unlock(&bulletin->lock);
}

/* The one thread that says anything. */
static bool tick(struct server *server, struct error *err)
{
    struct bulletin *bulletin = server->bulletin;
    int64_t now_us = server_now_us(server);
    uint8_t urgency = AGENT_URGENCY_NONE;
    bool quarantined = false;

    if (!look_at_repository(server, now_us, err))
        return false;
    (void)pthread_mutex_lock(&bulletin->lock);
    bool plan_due = bulletin->changed || bulletin->plan == NULL;
    bool pulse_due = plan_due || now_us - bulletin->pulse_us > PULSE_US || now_us < bulletin->pulse_us;
    (void)pthread_mutex_unlock(&bulletin->lock);
    if (!pulse_due)
        return true;
    if (!generations_quarantined(server, &quarantined, err) || quarantined)
        return quarantined;
    if ((plan_due && !say_plan(server, now_us, &urgency, err)) ||
        (pulse_due && !say_pulses(server, now_us, urgency, err))) {
        say_again(bulletin, urgency);
        return false;
    }
    return true;
}

/* ---- the part ---- */

static bool start(struct server *server, struct error *err)
{
    struct bulletin *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_system(err, "bulletin");
    (void)pthread_mutex_init(&made->lock, NULL);
    made->texts = arena_with(TEXTS_MAX);
    made->started_us = server_now_us(server);
    made->interval_s = server->settings->interval_s > 0 ? server->settings->interval_s : INTERVAL_S;
    server->bulletin = made;
    return true;
}

static void stop(struct server *server)
{
    struct bulletin *bulletin = server->bulletin;

    if (bulletin == NULL)
        return;
    arena_end(&bulletin->texts);
    free(bulletin->plan);
    (void)pthread_mutex_destroy(&bulletin->lock);
    free(bulletin);
    server->bulletin = NULL;
}

const struct server_part bulletin_part = {
    .name = "bulletin", .start = start, .stop = stop, .tick_s = TICK_S, .tick = tick};
