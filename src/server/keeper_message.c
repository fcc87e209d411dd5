#include "server/keeper_message.h"

static void write_blob(struct writer *w, struct bytes blob)
{
    writer_u32(w, (uint32_t)blob.size);
    writer_put(w, blob);
}

static struct bytes read_blob(struct reader *r)
{
    return reader_take(r, reader_u32(r));
}

void keeper_question_write(struct writer *w, const struct keeper_question *question)
{
    writer_byte(w, (uint8_t)question->kind);
    writer_u64(w, (uint64_t)question->now_us);
    switch (question->kind) {
    case KEEPER_ISSUE:
        writer_put(w, (struct bytes){question->host.at, sizeof(question->host.at)});
        write_blob(w, question->body);
        break;
    case KEEPER_PLAN:
        write_blob(w, question->body);
        break;
    case KEEPER_PULSE:
        writer_put(w, question->body);
        break;
    case KEEPER_AUDIT:
        writer_u64(w, question->count);
        writer_put(w, (struct bytes){question->head, sizeof(question->head)});
        break;
    case KEEPER_UNKNOWN:
    case KEEPER_KIND_COUNT:
        w->failed = true;
        break;
    }
}

static void read_rest(struct reader *r, struct keeper_question *got)
{
    struct bytes part;

    switch (got->kind) {
    case KEEPER_ISSUE:
        part = reader_take(r, sizeof(got->host.at));
        if (part.size > 0)
            memcpy(got->host.at, part.at, part.size);
        got->body = read_blob(r);
        break;
    case KEEPER_PLAN:
        got->body = read_blob(r);
        break;
    case KEEPER_PULSE:
        got->body = reader_take(r, AGENT_PULSE_SIGNED);
        break;
    case KEEPER_AUDIT:
        got->count = reader_u64(r);
        part = reader_take(r, sizeof(got->head));
        if (part.size > 0)
            memcpy(got->head, part.at, part.size);
        break;
    case KEEPER_UNKNOWN:
    case KEEPER_KIND_COUNT:
        reader_fail(r);
        break;
    }
}

bool keeper_question_parse(struct bytes raw, struct keeper_question *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct keeper_question got = {.kind = KEEPER_UNKNOWN};
    uint8_t kind = reader_u8(&r);

    got.kind = kind < KEEPER_KIND_COUNT ? (enum keeper_kind)kind : KEEPER_UNKNOWN;
    got.now_us = (int64_t)reader_u64(&r);
    read_rest(&r, &got);
    if (!reader_ok(&r) || reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "question: broken");
    *out = got;
    return true;
}

void keeper_answer_write(struct writer *w, struct bytes body)
{
    writer_byte(w, 0);
    writer_put(w, body);
}

void keeper_refusal_write(struct writer *w, const struct error *why)
{
    writer_byte(w, (uint8_t)(why->kind == ERROR_NONE ? ERROR_SYSTEM : why->kind));
    write_blob(w, bytes_of_text(text_of(why->text)));
}

bool keeper_answer_parse(struct bytes raw, struct bytes *body, struct error *err)
{
    struct reader r = reader_with(raw);
    uint8_t kind = reader_u8(&r);
    struct text why;

    if (reader_ok(&r) && kind == 0) {
        *body = reader_take(&r, reader_left(&r));
        return true;
    }
    struct bytes blob = read_blob(&r);
    if (!reader_ok(&r) || reader_left(&r) > 0 || kind >= ERROR_COUNT ||
        !text_from_bytes(blob, sizeof(err->text), &why, err))
        return error_set(err, ERROR_INPUT, "keeper: broken answer");
    return error_set(err, (enum error_kind)kind, "keeper: %.*s", TEXT_ARG(why));
}

void keeper_audit_write(struct writer *w, const struct keeper_question *question)
{
    writer_string(w, KEEPER_AUDIT_LABEL);
    writer_u64(w, question->count);
    writer_put(w, (struct bytes){question->head, sizeof(question->head)});
    writer_u64(w, (uint64_t)question->now_us);
}
