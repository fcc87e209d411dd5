#include "flow/parse_message.h"

#include "base/limits.h"

enum { ANSWER_DONE = 1, ANSWER_FAILED = 2 };

static void write_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

static bool read_text(struct reader *r, const char *name, size_t limit, struct text *out, struct error *err)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, limit));

    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "answer: %s: ends in the middle", name);
    return text_from_bytes(raw, limit, out, err) || error_at(err, "answer: %s", name);
}

void parse_answer_write(struct writer *w, const struct parse_answer *answer)
{
    writer_string(w, "SPA1");
    writer_byte(w, answer->done ? ANSWER_DONE : ANSWER_FAILED);
    writer_byte(w, (uint8_t)answer->kind);
    writer_byte(w, answer->confined);
    write_text(w, answer->feed);
    write_text(w, answer->problem);
    writer_u64(w, (uint64_t)answer->facts.generated_us);
    writer_u64(w, answer->facts.record_count);
    writer_u64(w, answer->facts.skipped_count);
    writer_byte(w, answer->facts.complete);
    write_text(w, text_of(answer->facts.version));
}

bool parse_answer_read(struct bytes raw, struct parse_answer *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);
    struct parse_answer got = {0};
    struct text version;

    if (!reader_ok(&r) || memcmp(magic.at, "SPA1", 4) != 0)
        return error_set(err, ERROR_INPUT, "answer: does not begin with SPA1");
    uint8_t outcome = reader_u8(&r), kind = reader_u8(&r);
    got.confined = reader_u8(&r);
    if (!read_text(&r, "feed", LIMIT_RELEASE_NAME, &got.feed, err) ||
        !read_text(&r, "problem", sizeof(err->text), &got.problem, err))
        return false;
    got.facts.generated_us = (int64_t)reader_u64(&r);
    got.facts.record_count = reader_u64(&r);
    got.facts.skipped_count = reader_u64(&r);
    got.facts.complete = reader_u8(&r) == 1;
    if (!read_text(&r, "version", sizeof(got.facts.version) - 1, &version, err))
        return false;
    got.done = outcome == ANSWER_DONE;
    got.kind = (enum error_kind)(kind < ERROR_COUNT ? kind : ERROR_NONE);
    if ((outcome != ANSWER_DONE && outcome != ANSWER_FAILED) || got.done != (got.kind == ERROR_NONE) ||
        (got.done && got.feed.size == 0))
        return error_set(err, ERROR_INPUT, "answer: outcome %u with error %u", outcome, kind);
    if (version.size > 0)
        memcpy(got.facts.version, version.at, version.size);
    got.statements = reader_take(&r, reader_left(&r));
    *out = got;
    return true;
}

void parse_member_write(struct writer *w, struct text name, uint64_t size)
{
    write_text(w, name);
    writer_varint(w, size);
}

bool parse_member_next(struct reader *r, struct text *name, struct bytes *bytes, bool *found,
                       struct error *err)
{
    *found = reader_left(r) > 0;
    if (!*found)
        return true;
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, LIMIT_PATH));
    uint64_t size = reader_varint_max(r, LIMIT_ARCHIVE_MEMBER);
    *bytes = reader_take(r, (size_t)size);
    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "members: broken at byte %zu", reader_place(r));
    return text_from_bytes(raw, LIMIT_PATH, name, err) || error_at(err, "members");
}
