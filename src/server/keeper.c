#include "server/keeper.h"

#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/fleet_plan.h"

#define STATE_MAGIC "SKS1"
#define STATE_SIZE  28

/* ---- keys ---- */

#define KEY_FILE_SIZE (2 * 2 * SIGNATURE_KEY_SIZE)

bool keeper_key_make(const char *path, struct public_key *out, struct error *err)
{
    OWN(secret_key_end) struct secret_key key;
    char hex[KEY_FILE_SIZE + 1];

    if (!signature_make_key(&key, err))
        return false;
    for (size_t i = 0; i < SIGNATURE_KEY_SIZE; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", key.secret[i]);
    public_key_hex(&key.public_key, hex + (size_t)2 * SIGNATURE_KEY_SIZE);
    bool made = file_create(path, (struct bytes){(const uint8_t *)hex, KEY_FILE_SIZE}, 0600, err);
    explicit_bzero(hex, sizeof(hex));
    if (made)
        *out = key.public_key;
    return made;
}

static bool read_key(const char *path, struct arena *arena, struct secret_key *out, struct error *err)
{
    struct bytes raw = {0};

    if (!file_read(path, KEY_FILE_SIZE, arena, &raw, err))
        return error_at(err, "%s", path);
    struct text hex = {(const char *)raw.at, raw.size};
    return (text_to_hex(text_part(hex, 0, KEY_FILE_SIZE / 2), out->secret, SIGNATURE_KEY_SIZE, err) &&
            public_key_parse(text_part(hex, KEY_FILE_SIZE / 2, SIZE_MAX), &out->public_key, err) &&
            signature_check_key(out, err)) ||
           error_at(err, "%s", path);
}

/* ---- what was signed last ---- */

static bool write_state(const struct keeper *keeper, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(STATE_SIZE);

    writer_string(&w, STATE_MAGIC);
    writer_u64(&w, keeper->last.plan);
    writer_u64(&w, keeper->last.pulse);
    writer_u64(&w, keeper->last.audit);
    return file_replace(keeper->state_path, writer_bytes(&w), 0600, err);
}

static bool read_state(struct keeper *keeper, struct arena *arena, struct error *err)
{
    struct bytes raw = {0};

    if (!file_exists(keeper->state_path))
        return true; /* nothing was signed yet */
    if (!file_read(keeper->state_path, STATE_SIZE, arena, &raw, err))
        return false;
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, sizeof(STATE_MAGIC) - 1);
    keeper->last.plan = reader_u64(&r);
    keeper->last.pulse = reader_u64(&r);
    keeper->last.audit = reader_u64(&r);
    if (!reader_ok(&r) || reader_left(&r) > 0 || memcmp(magic.at, STATE_MAGIC, magic.size) != 0)
        return error_set(err, ERROR_INPUT, "%s: broken", keeper->state_path);
    return true;
}

/* ---- open and close ---- */

bool keeper_open(const char *keys, struct bytes authority_der, struct arena *arena, struct keeper *out,
                 struct error *err)
{
    OWN(keeper_close) struct keeper keeper = {.authority = {NULL}};
    OWN(certificate_judge_end) struct certificate_judge judge = {.state = NULL};
    const char *authority_path = file_path(arena, keys, "ca.key"),
               *key_path = file_path(arena, keys, "plan.key");
    struct bytes pem = {0};

    keeper.state_path = file_path(arena, keys, "keeper.state");
    if (authority_path == NULL || key_path == NULL || keeper.state_path == NULL)
        return arena_full(arena, err);
    if (!file_read(authority_path, CERTIFICATE_PEM_MAX, arena, &pem, err) ||
        !certificate_authority_open(pem, authority_der, &keeper.authority, err) ||
        !certificate_judge_open(authority_der, &judge, err) || !read_key(key_path, arena, &keeper.key, err) ||
        !read_state(&keeper, arena, err))
        return false;
    memcpy(keeper.fleet.at, judge.fleet, sizeof(keeper.fleet.at));
    *out = keeper;
    keeper.authority.state = NULL;
    return true;
}

void keeper_close(struct keeper *keeper)
{
    certificate_authority_end(&keeper->authority);
    secret_key_end(&keeper->key);
}

/* ---- the four deeds ---- */

static bool sign(struct keeper *keeper, struct bytes message, struct arena *arena, struct bytes *out,
                 struct error *err)
{
    struct signature *signature = ARENA_NEW(arena, struct signature);

    if (signature == NULL)
        return arena_full(arena, err);
    *out = (struct bytes){signature->at, sizeof(signature->at)};
    return signature_sign(&keeper->key, message, signature, err);
}

/* Durable first: a signature that was given must never be forgotten. */
static bool remember(struct keeper *keeper, uint64_t *last, uint64_t now, struct error *err)
{
    uint64_t before = *last;

    if (now == before)
        return true;
    *last = now;
    if (write_state(keeper, err))
        return true;
    *last = before;
    return false;
}

static bool issue(struct keeper *keeper, const struct keeper_question *question, struct arena *arena,
                  struct bytes *out, struct error *err)
{
    struct certificate_issue wish = {.request = question->body, .now_us = question->now_us};

    memcpy(wish.host, question->host.at, sizeof(wish.host));
    return certificate_issue_host(&keeper->authority, &wish, arena, out, err);
}

static bool is_near(int64_t a_us, int64_t b_us)
{
    return a_us > b_us - KEEPER_CLOCK_US && a_us < b_us + KEEPER_CLOCK_US;
}

static bool sign_plan(struct keeper *keeper, const struct keeper_question *question, struct arena *arena,
                      struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer again = writer_with(AGENT_PLAN_MAX);
    struct fleet_plan plan;
    struct bytes canonical;

    if (!fleet_plan_parse(question->body, arena, &plan, err))
        return false;
    fleet_plan_write(&again, &plan);
    if (!writer_done(&again, &canonical, err))
        return false;
    if (canonical.size != question->body.size || memcmp(canonical.at, question->body.at, canonical.size) != 0)
        return error_set(err, ERROR_INPUT, "plan: not in its one form");
    if (memcmp(plan.fleet.at, keeper->fleet.at, sizeof(plan.fleet.at)) != 0)
        return error_set(err, ERROR_TRUST, "plan: of another fleet");
    if (!is_near(plan.made_us, question->now_us))
        return error_set(err, ERROR_TRUST, "plan: not of now");
    if (plan.generation <= keeper->last.plan)
        return error_set(err, ERROR_CONFLICT, "plan: generation %llu is not above %llu",
                         (unsigned long long)plan.generation, (unsigned long long)keeper->last.plan);
    return remember(keeper, &keeper->last.plan, plan.generation, err) &&
           sign(keeper, question->body, arena, out, err);
}

static bool sign_pulse(struct keeper *keeper, const struct keeper_question *question, struct arena *arena,
                       struct bytes *out, struct error *err)
{
    uint8_t whole[AGENT_PULSE_SIZE] = {0};
    struct agent_pulse pulse;

    memcpy(whole, question->body.at, AGENT_PULSE_SIGNED);
    if (!agent_pulse_parse((struct bytes){whole, sizeof(whole)}, &pulse, err))
        return false;
    if (memcmp(pulse.fleet.at, keeper->fleet.at, sizeof(pulse.fleet.at)) != 0)
        return error_set(err, ERROR_TRUST, "pulse: of another fleet");
    if (!is_near(pulse.made_us, question->now_us))
        return error_set(err, ERROR_TRUST, "pulse: not of now");
    if (pulse.generation < keeper->last.pulse)
        return error_set(err, ERROR_CONFLICT, "pulse: generation %llu is below %llu",
                         (unsigned long long)pulse.generation, (unsigned long long)keeper->last.pulse);
    return remember(keeper, &keeper->last.pulse, pulse.generation, err) &&
           sign(keeper, question->body, arena, out, err);
}

static bool sign_audit(struct keeper *keeper, const struct keeper_question *question, struct arena *arena,
                       struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(KIB);

    if (question->count < keeper->last.audit)
        return error_set(err, ERROR_CONFLICT, "audit: %llu entries, there were %llu",
                         (unsigned long long)question->count, (unsigned long long)keeper->last.audit);
    keeper_audit_write(&w, question);
    return remember(keeper, &keeper->last.audit, question->count, err) &&
           sign(keeper, writer_bytes(&w), arena, out, err);
}

static bool act(struct keeper *keeper, struct bytes raw, int64_t now_us, struct arena *arena,
                struct bytes *out, struct error *err)
{
    static bool (*const deeds[KEEPER_KIND_COUNT])(struct keeper *, const struct keeper_question *,
                                                  struct arena *, struct bytes *, struct error *) = {
        [KEEPER_ISSUE] = issue,
        [KEEPER_PLAN] = sign_plan,
        [KEEPER_PULSE] = sign_pulse,
        [KEEPER_AUDIT] = sign_audit,
    };
    struct keeper_question question;

    if (!keeper_question_parse(raw, &question, err))
        return false;
    if (!is_near(question.now_us, now_us))
        return error_set(err, ERROR_TRUST, "the front's clock is another one");
    return deeds[question.kind](keeper, &question, arena, out, err);
}

void keeper_answer(struct keeper *keeper, struct bytes raw, int64_t now_us, struct writer *answer)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct error err = {.kind = ERROR_NONE};
    struct bytes body = {0};

    if (act(keeper, raw, now_us, &arena, &body, &err))
        keeper_answer_write(answer, body);
    else
        keeper_refusal_write(answer, &err);
}
