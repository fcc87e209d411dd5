#include "identify/origins.h"

#include "base/limits.h"

static void put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

void origin_write(struct writer *w, struct text name, const struct feed_facts *facts)
{
    put_text(w, name);
    put_text(w, text_of(facts->version));
    writer_u64(w, (uint64_t)facts->generated_us);
    writer_varint(w, facts->record_count);
    writer_byte(w, facts->complete);
}

struct origins origins_with(struct bytes segment, uint32_t count)
{
    return (struct origins){.reader = reader_with(segment), .left = count};
}

static struct text take_text(struct reader *r)
{
    struct bytes bytes = reader_take(r, reader_varint_max(r, LIMIT_ADVISORY_ID));
    struct text text = {NULL, 0};
    struct error err;

    if (!text_from_bytes(bytes, LIMIT_ADVISORY_ID, &text, &err))
        reader_fail(r);
    return text;
}

bool origins_next(struct origins *walk, struct origin *out)
{
    struct reader *r = &walk->reader;
    struct origin origin;

    if (walk->left == 0)
        return false;
    walk->left--;
    origin.name = take_text(r);
    origin.version = take_text(r);
    origin.generated_us = (int64_t)reader_u64(r);
    origin.record_count = reader_varint(r);
    uint8_t flags = reader_u8(r);
    origin.complete = flags & 1;
    if (flags > 1)
        reader_fail(r);
    if (!reader_ok(r))
        return false;
    *out = origin;
    return true;
}

bool origins_ok(const struct origins *walk)
{
    return reader_ok(&walk->reader) && walk->left == 0 && reader_left(&walk->reader) == 0;
}
