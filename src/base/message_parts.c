#include "base/message_parts.h"

void message_put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

static struct text take(struct reader *r, size_t limit, bool lines)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, limit));
    struct text text = {0};
    struct error ignored;

    if (reader_ok(r) && !(lines ? text_from_lines(raw, limit, &text, &ignored)
                                : text_from_bytes(raw, limit, &text, &ignored)))
        reader_fail(r);
    return text;
}

struct text message_take_text(struct reader *r, size_t limit)
{
    return take(r, limit, false);
}

struct text message_take_lines(struct reader *r, size_t limit)
{
    return take(r, limit, true);
}

size_t message_take_count(struct reader *r, size_t most, size_t size_min)
{
    size_t count = (size_t)reader_varint_max(r, most);

    if (reader_ok(r) && count > reader_left(r) / size_min)
        reader_fail(r);
    return reader_ok(r) ? count : 0;
}

bool message_whole(const struct reader *r, const char *what, struct error *err)
{
    return (reader_ok(r) && reader_left(r) == 0) ||
           error_set(err, ERROR_INPUT, "%s: is broken at byte %zu", what, reader_place(r));
}
