#include "flow/look.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "base/writer.h"
#include "manager/dpkg_words.h"

static void write_sized(struct writer *w, struct bytes bytes)
{
    writer_u32(w, (uint32_t)bytes.size);
    writer_put(w, bytes);
}

void look_question_write(struct writer *w, const struct look_question *question)
{
    const struct text texts[] = {question->state, question->root, question->policy, question->run};

    writer_string(w, "SLQ1");
    writer_byte(w, (uint8_t)question->what);
    writer_byte(w, (uint8_t)question->kind);
    writer_byte(w, (uint8_t)question->outcome);
    writer_u64(w, (uint64_t)question->begun_us);
    writer_u32(w, question->groups);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        write_sized(w, bytes_of_text(texts[i]));
    write_sized(w, question->plan);
    write_sized(w, question->former);
}

void look_answer_write(struct writer *w, const struct look_answer *answer)
{
    writer_string(w, "SLA1");
    writer_byte(w, (uint8_t)answer->kind);
    write_sized(w, bytes_of_text(answer->problem));
    writer_byte(w, answer->broke);
    write_sized(w, bytes_of_text(answer->note));
    write_sized(w, answer->evidence);
}

static bool read_magic(struct reader *r, const char *magic, struct error *err)
{
    struct bytes got = reader_take(r, 4);

    return (reader_ok(r) && memcmp(got.at, magic, 4) == 0) ||
           error_set(err, ERROR_INPUT, "does not begin with %s", magic);
}

static bool read_text(struct reader *r, size_t limit, struct text *out, struct error *err)
{
    struct bytes raw = reader_take(r, reader_u32(r));

    return (reader_ok(r) || error_set(err, ERROR_INPUT, "ends in the middle")) &&
           text_from_bytes(raw, limit, out, err);
}

static bool read_end(const struct reader *r, struct error *err)
{
    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "ends in the middle");
    return reader_left(r) == 0 || error_set(err, ERROR_INPUT, "%zu bytes behind the end", reader_left(r));
}

bool look_question_read(struct bytes raw, struct look_question *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct look_question got = {0};

    if (!read_magic(&r, "SLQ1", err))
        return false;
    uint8_t what = reader_u8(&r), kind = reader_u8(&r), outcome = reader_u8(&r);
    got.begun_us = (int64_t)reader_u64(&r);
    got.groups = reader_u32(&r);
    if (!read_text(&r, LIMIT_PATH, &got.state, err) || !read_text(&r, LIMIT_PATH, &got.root, err) ||
        !read_text(&r, LIMIT_PATH, &got.policy, err) || !read_text(&r, RUN_ID_SIZE, &got.run, err))
        return false;
    got.plan = reader_take(&r, reader_u32(&r));
    got.former = reader_take(&r, reader_u32(&r));
    if (!read_end(&r, err))
        return false;
    if (what == LOOK_UNKNOWN || what >= LOOK_WHAT_COUNT || kind >= RUN_KIND_COUNT ||
        outcome >= RUN_STATE_COUNT || !dpkg_word_is_run(got.run) || !text_starts(got.root, TEXT("/")) ||
        !text_starts(got.state, TEXT("/")))
        return error_set(err, ERROR_INPUT, "asks for what there is not");
    got.what = (enum look_what)what;
    got.kind = (enum run_kind)kind;
    got.outcome = (enum run_state)outcome;
    *out = got;
    return true;
}

bool look_answer_read(struct bytes raw, struct look_answer *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct look_answer got = {0};

    if (!read_magic(&r, "SLA1", err))
        return false;
    uint8_t kind = reader_u8(&r);
    if (!read_text(&r, sizeof(err->text), &got.problem, err))
        return false;
    uint8_t broke = reader_u8(&r);
    if (!read_text(&r, LIMIT_NOTE, &got.note, err))
        return false;
    got.evidence = reader_take(&r, reader_u32(&r));
    if (!read_end(&r, err))
        return false;
    if (kind >= ERROR_COUNT || broke > 1 || (kind == ERROR_NONE) != (got.problem.size == 0))
        return error_set(err, ERROR_INPUT, "error %u does not fit its text", kind);
    got.kind = (enum error_kind)kind;
    got.broke = broke == 1;
    *out = got;
    return true;
}

bool look_start(const char *program, struct helper *out, struct error *err)
{
    static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", NULL};
    const char *const argv[] = {program, NULL};

    return helper_start(argv, environment, out, err);
}

bool look_ask(const struct helper *helper, const struct look_question *question, struct arena *arena,
              struct look_answer *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_LOOK_MESSAGE);
    struct look_answer got;
    struct bytes raw;

    look_question_write(&w, question);
    if (!writer_done(&w, &raw, err) || !frame_send(helper->fd, raw, err) ||
        !frame_receive(helper->fd, LIMIT_LOOK_MESSAGE, arena, &raw, err) || !look_answer_read(raw, &got, err))
        return error_at(err, "suture-look");
    if (got.kind != ERROR_NONE)
        return error_set(err, got.kind, "%.*s", TEXT_ARG(got.problem));
    *out = got;
    return true;
}
