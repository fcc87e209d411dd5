#include "wire/link_message.h"

#include "base/limits.h"
#include "wire/message_fields.h"

static const struct message_field order_fields[] = {
    NUMBER_FIELD(struct link_order, method),
    NUMBER_FIELD(struct link_order, learn),
    NUMBER_FIELD(struct link_order, time_ms),
    NUMBER_FIELD(struct link_order, connect_ms),
    NUMBER_FIELD(struct link_order, answer_max),
    TEXT_FIELD(struct link_order, url, LIMIT_URL),
    TEXT_FIELD(struct link_order, connect_to, LIMIT_URL),
    TEXT_FIELD(struct link_order, if_none_match, LIMIT_HTTP_FIELD),
    TEXT_FIELD(struct link_order, authorization, LIMIT_HTTP_FIELD),
    {"body", FIELD_BLOB_OR_NONE, LINK_MESSAGE_MAX, offsetof(struct link_order, body)},
};
static const struct message_form order_form = {"order", "SLQ2", order_fields,
                                               sizeof(order_fields) / sizeof(*order_fields)};

static const struct message_field answer_fields[] = {
    NUMBER_FIELD(struct link_answer, kind),
    NUMBER_FIELD(struct link_answer, confined),
    NUMBER_FIELD(struct link_answer, status),
    NUMBER_FIELD(struct link_answer, protocol),
    NUMBER_FIELD(struct link_answer, retry_after_s),
    TEXT_FIELD(struct link_answer, etag, LIMIT_HTTP_FIELD),
    TEXT_FIELD(struct link_answer, problem, sizeof(((struct error *)0)->text)),
    {"body", FIELD_BLOB_OR_NONE, LINK_ANSWER_MAX, offsetof(struct link_answer, body)},
};
static const struct message_form answer_form = {"answer", "SLA1", answer_fields,
                                                sizeof(answer_fields) / sizeof(*answer_fields)};

void link_order_write(struct writer *w, const struct link_order *order)
{
    message_write(w, &order_form, order);
}

void link_answer_write(struct writer *w, const struct link_answer *answer)
{
    message_write(w, &answer_form, answer);
}

bool link_order_parse(struct bytes raw, struct link_order *out, struct error *err)
{
    struct link_order got = {0};

    if (!message_parse(raw, &order_form, &got, err))
        return false;
    if (got.method == LINK_METHOD_UNKNOWN || got.method >= LINK_METHOD_COUNT || got.learn > 1)
        return error_set(err, ERROR_INPUT, "order: method %u is unknown", got.method);
    if (got.url.size == 0 || got.time_ms == 0 || got.connect_ms == 0 || got.answer_max > LINK_ANSWER_MAX)
        return error_set(err, ERROR_INPUT, "order: a limit or the address is missing");
    *out = got;
    return true;
}

bool link_answer_parse(struct bytes raw, struct link_answer *out, struct error *err)
{
    struct link_answer got = {0};

    if (!message_parse(raw, &answer_form, &got, err))
        return false;
    if (got.kind >= ERROR_COUNT || (got.kind == ERROR_NONE && got.problem.size > 0))
        return error_set(err, ERROR_INPUT, "answer: error %u does not fit", got.kind);
    *out = got;
    return true;
}
