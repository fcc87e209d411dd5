#include "delta/opener_memory.h"

static void take(struct bytes *left, size_t size)
{
    *left = (struct bytes){size == 0 ? left->at : left->at + size, left->size - size};
}

static bool get(void *self, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    struct bytes *left = self;
    (void)err;

    *got = size < left->size ? size : left->size;
    if (*got > 0)
        memcpy(into, left->at, *got);
    take(left, *got);
    return true;
}

struct opener_source memory_source(struct bytes *left)
{
    return (struct opener_source){get, left};
}

static bool compare(void *self, struct bytes bytes, struct error *err)
{
    struct bytes *left = self;

    if (bytes.size > left->size || (bytes.size > 0 && memcmp(bytes.at, left->at, bytes.size) != 0))
        return error_set(err, ERROR_INPUT, "other bytes than expected");
    take(left, bytes.size);
    return true;
}

struct opener_sink memory_compare(struct bytes *left)
{
    return (struct opener_sink){compare, left};
}

static bool put(void *self, struct bytes bytes, struct error *err)
{
    struct writer *out = self;

    writer_put(out, bytes);
    return writer_done(out, &(struct bytes){0}, err);
}

struct opener_sink memory_sink(struct writer *out)
{
    return (struct opener_sink){put, out};
}

struct bytes memory_since(const struct writer *writer, size_t begin)
{
    size_t size = writer->size - begin;

    return (struct bytes){size == 0 ? NULL : writer->at + begin, size};
}
