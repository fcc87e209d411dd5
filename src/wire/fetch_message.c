#include "wire/fetch_message.h"

#include "base/limits.h"
#include "base/reader.h"

static void write_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

void fetch_order_write(struct writer *w, const struct fetch_order *order)
{
    writer_string(w, "SFQ2");
    writer_u64(w, order->size_limit);
    writer_u32(w, order->time_ms);
    writer_u32(w, order->stall_ms);
    writer_u32(w, order->connect_ms);
    writer_u32(w, order->rate_min);
    writer_u64(w, order->rate_max);
    write_text(w, order->url);
    write_text(w, order->etag);
    write_text(w, order->last_modified);
    write_text(w, order->ca_file);
    write_text(w, order->part);
    write_text(w, order->note);
}

void fetch_answer_write(struct writer *w, const struct fetch_answer *answer)
{
    writer_string(w, "SFA1");
    writer_byte(w, (uint8_t)answer->outcome);
    writer_byte(w, answer->confined);
    writer_u16(w, answer->status);
    writer_byte(w, (uint8_t)answer->kind);
    writer_u64(w, answer->size);
    write_text(w, answer->etag);
    write_text(w, answer->last_modified);
    write_text(w, answer->url);
    write_text(w, answer->problem);
}

void fetch_note_write(struct writer *w, const struct fetch_note *note)
{
    writer_string(w, "SFN1");
    write_text(w, note->url);
    write_text(w, note->validator);
    write_text(w, note->etag);
    write_text(w, note->last_modified);
}

void fetch_progress_write(struct writer *w, uint64_t have)
{
    writer_string(w, "SFP1");
    writer_u64(w, have);
}

/* ---- frames ---- */

size_t fetch_frame_begin(struct writer *w)
{
    size_t place = w->size;

    writer_u32(w, 0);
    return place;
}

void fetch_frame_end(struct writer *w, size_t place)
{
    if (writer_ok(w))
        writer_patch_u32(w, place, (uint32_t)(w->size - place - sizeof(uint32_t)));
}

bool fetch_frame_next(struct bytes raw, struct bytes *frame, size_t *taken, bool *found, struct error *err)
{
    struct reader r = reader_with(raw);
    uint32_t size = reader_u32(&r);

    *found = false;
    if (!reader_ok(&r))
        return true;
    if (size > FETCH_MESSAGE_MAX)
        return error_set(err, ERROR_INPUT, "a message of %u bytes, more than %d", size, FETCH_MESSAGE_MAX);
    *frame = reader_take(&r, size);
    *found = reader_ok(&r);
    *taken = reader_place(&r);
    return true;
}

/* One text of a message: where it goes, and what it is called when it is wrong. */
struct text_field {
    const char *name;
    struct text *out;
    size_t limit;
};

static bool read_texts(struct reader *r, const struct text_field *fields, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, LIMIT_PATH));
        if (!reader_ok(r))
            return error_set(err, ERROR_INPUT, "%s: ends in the middle", fields[i].name);
        if (!text_from_bytes(raw, fields[i].limit, fields[i].out, err))
            return error_at(err, "%s", fields[i].name);
    }
    return reader_left(r) == 0 || error_set(err, ERROR_INPUT, "%zu bytes behind the end", reader_left(r));
}

static bool read_magic(struct reader *r, struct bytes magic, struct error *err)
{
    struct bytes got = reader_take(r, magic.size);

    return (reader_ok(r) && memcmp(got.at, magic.at, magic.size) == 0) ||
           error_set(err, ERROR_INPUT, "does not begin with %.*s", (int)magic.size, (const char *)magic.at);
}

#define FIELDS_COUNT(fields) (sizeof(fields) / sizeof(*(fields)))

bool fetch_order_parse(struct bytes raw, struct fetch_order *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct fetch_order got = {0};
    const struct text_field texts[] = {
        {"url", &got.url, LIMIT_URL},
        {"etag", &got.etag, LIMIT_HTTP_FIELD},
        {"last_modified", &got.last_modified, LIMIT_HTTP_FIELD},
        {"ca_file", &got.ca_file, LIMIT_PATH},
        {"part", &got.part, LIMIT_PATH},
        {"note", &got.note, LIMIT_PATH},
    };

    if (!read_magic(&r, BYTES("SFQ2"), err))
        return error_at(err, "order");
    got.size_limit = reader_u64(&r);
    got.time_ms = reader_u32(&r);
    got.stall_ms = reader_u32(&r);
    got.connect_ms = reader_u32(&r);
    got.rate_min = reader_u32(&r);
    got.rate_max = reader_u64(&r);
    if (!read_texts(&r, texts, FIELDS_COUNT(texts), err))
        return error_at(err, "order");
    if (got.size_limit == 0 || got.size_limit > LIMIT_FETCH_SIZE || got.time_ms == 0 || got.stall_ms == 0 ||
        got.connect_ms == 0 || got.url.size == 0 || got.part.size == 0 || got.note.size == 0)
        return error_set(err, ERROR_INPUT, "order: a limit, the address or a path is missing");
    *out = got;
    return true;
}

bool fetch_answer_parse(struct bytes raw, struct fetch_answer *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct fetch_answer got = {0};
    const struct text_field texts[] = {
        {"etag", &got.etag, LIMIT_HTTP_FIELD},
        {"last_modified", &got.last_modified, LIMIT_HTTP_FIELD},
        {"url", &got.url, LIMIT_URL},
        {"problem", &got.problem, sizeof(err->text)},
    };

    if (!read_magic(&r, BYTES("SFA1"), err))
        return error_at(err, "answer");
    uint8_t outcome = reader_u8(&r);
    got.confined = reader_u8(&r);
    got.status = reader_u16(&r);
    uint8_t kind = reader_u8(&r);
    got.size = reader_u64(&r);
    if (!read_texts(&r, texts, FIELDS_COUNT(texts), err))
        return error_at(err, "answer");
    if (outcome == FETCH_UNKNOWN || outcome >= FETCH_OUTCOME_COUNT)
        return error_set(err, ERROR_INPUT, "answer: outcome %u is unknown", outcome);
    if (kind >= ERROR_COUNT || (kind == ERROR_NONE) != (outcome != FETCH_FAILED))
        return error_set(err, ERROR_INPUT, "answer: error %u does not fit outcome %u", kind, outcome);
    got.outcome = (enum fetch_outcome)outcome;
    got.kind = (enum error_kind)kind;
    *out = got;
    return true;
}

bool fetch_progress_is(struct bytes raw)
{
    return raw.size >= 4 && memcmp(raw.at, "SFP1", 4) == 0;
}

bool fetch_progress_parse(struct bytes raw, uint64_t *have, struct error *err)
{
    struct reader r = reader_with(raw);

    if (!read_magic(&r, BYTES("SFP1"), err))
        return error_at(err, "progress");
    uint64_t got = reader_u64(&r);
    if (!reader_ok(&r) || reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "progress: %zu bytes, not 12", raw.size);
    *have = got;
    return true;
}

bool fetch_note_parse(struct bytes raw, struct fetch_note *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct fetch_note got = {0};
    const struct text_field texts[] = {
        {"url", &got.url, LIMIT_URL},
        {"validator", &got.validator, LIMIT_HTTP_FIELD},
        {"etag", &got.etag, LIMIT_HTTP_FIELD},
        {"last_modified", &got.last_modified, LIMIT_HTTP_FIELD},
    };

    if (!read_magic(&r, BYTES("SFN1"), err) || !read_texts(&r, texts, FIELDS_COUNT(texts), err))
        return error_at(err, "note");
    *out = got;
    return true;
}
