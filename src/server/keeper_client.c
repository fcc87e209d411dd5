#include "server/keeper_client.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/helper.h"
#include "base/own.h"
#include "server/keeper_message.h"

struct keeper_client {
    pthread_mutex_t turn;
    int fd;
};

bool keeper_client_open(int *fd, struct keeper_client **out, struct error *err)
{
    struct keeper_client *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_system(err, "keeper");
    (void)pthread_mutex_init(&made->turn, NULL);
    made->fd = fd_take(fd);
    *out = made;
    return true;
}

void keeper_client_close(struct keeper_client **keeper)
{
    if (*keeper == NULL)
        return;
    own_fd(&(*keeper)->fd);
    (void)pthread_mutex_destroy(&(*keeper)->turn);
    free(*keeper);
    *keeper = NULL;
}

static bool ask(struct keeper_client *keeper, const struct keeper_question *question, struct arena *arena,
                struct bytes *body, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(KEEPER_MESSAGE_MAX);
    struct bytes raw = {0};

    keeper_question_write(&w, question);
    if (!writer_done(&w, &raw, err))
        return false;
    (void)pthread_mutex_lock(&keeper->turn);
    bool heard =
        frame_send(keeper->fd, raw, err) && frame_receive(keeper->fd, KEEPER_MESSAGE_MAX, arena, &raw, err);
    (void)pthread_mutex_unlock(&keeper->turn);
    return heard ? keeper_answer_parse(raw, body, err) : error_at(err, "keeper");
}

static bool ask_signature(struct keeper_client *keeper, const struct keeper_question *question,
                          uint8_t signature[KEEPER_SIGNATURE_SIZE], struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(KEEPER_MESSAGE_MAX * (size_t)2);
    struct bytes body = {0};

    if (!ask(keeper, question, &arena, &body, err))
        return false;
    if (body.size != KEEPER_SIGNATURE_SIZE)
        return error_set(err, ERROR_INPUT, "keeper: broken answer");
    memcpy(signature, body.at, body.size);
    return true;
}

bool keeper_issue(struct keeper_client *keeper, const struct keeper_wish *wish, struct arena *arena,
                  struct bytes *certificate, struct error *err)
{
    const struct keeper_question question = {
        .kind = KEEPER_ISSUE, .now_us = wish->now_us, .host = wish->host, .body = wish->request};

    return ask(keeper, &question, arena, certificate, err);
}

bool keeper_sign_plan(struct keeper_client *keeper, const struct fleet_plan *plan, struct arena *arena,
                      struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer json = writer_with(AGENT_PLAN_MAX), sealed = writer_with(AGENT_PLAN_MAX);
    struct keeper_question question = {.kind = KEEPER_PLAN, .now_us = plan->made_us};
    uint8_t signature[KEEPER_SIGNATURE_SIZE];
    struct bytes whole;

    fleet_plan_write(&json, plan);
    if (!writer_done(&json, &question.body, err) || !ask_signature(keeper, &question, signature, err))
        return false;
    fleet_plan_seal(&sealed, signature, question.body);
    if (!writer_done(&sealed, &whole, err))
        return false;
    uint8_t *copy = arena_take(arena, whole.size);
    if (copy == NULL)
        return arena_full(arena, err);
    memcpy(copy, whole.at, whole.size);
    *out = (struct bytes){copy, whole.size};
    return true;
}

bool keeper_sign_pulse(struct keeper_client *keeper, struct agent_pulse *pulse, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_PULSE_SIZE);
    struct keeper_question question = {.kind = KEEPER_PULSE, .now_us = pulse->made_us};

    agent_pulse_write(&w, pulse);
    if (!writer_done(&w, &question.body, err))
        return false;
    question.body.size = AGENT_PULSE_SIGNED;
    return ask_signature(keeper, &question, pulse->signature, err);
}

bool keeper_sign_audit(struct keeper_client *keeper, const struct keeper_audit *audit, uint8_t signature[64],
                       struct error *err)
{
    struct keeper_question question = {.kind = KEEPER_AUDIT, .now_us = audit->now_us, .count = audit->count};

    memcpy(question.head, audit->head, sizeof(question.head));
    return ask_signature(keeper, &question, signature, err);
}
