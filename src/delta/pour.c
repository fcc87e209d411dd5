#include "delta/pour.h"

#include <zlib.h>

void pour_begin(struct pour *pour, struct opener_sink to, size_t file_size)
{
    pour->to = to;
    pour->left = file_size;
    pour->sums = false;
    pour->crc = 0;
    pour->held_size = 0;
}

static bool flush(struct pour *pour, struct error *err)
{
    struct bytes held = {pour->held, pour->held_size};

    pour->held_size = 0;
    return held.size == 0 || pour->to.put(pour->to.self, held, err);
}

bool pour_put(struct pour *pour, struct bytes bytes, struct error *err)
{
    if (bytes.size > pour->left)
        return error_set(err, ERROR_INPUT, "closes to more than the bytes announced");
    pour->left -= bytes.size;
    if (pour->sums)
        pour->crc = (uint32_t)crc32_z(pour->crc, bytes.at, bytes.size);
    if (bytes.size > POUR_HELD - pour->held_size && !flush(pour, err))
        return false;
    if (bytes.size > POUR_HELD)
        return pour->to.put(pour->to.self, bytes, err);
    if (bytes.size > 0)
        memcpy(pour->held + pour->held_size, bytes.at, bytes.size);
    pour->held_size += bytes.size;
    return true;
}

bool pour_u16(struct pour *pour, uint16_t value, struct error *err)
{
    const uint8_t at[] = {(uint8_t)value, (uint8_t)(value >> 8)};

    return pour_put(pour, (struct bytes){at, sizeof(at)}, err);
}

bool pour_u32(struct pour *pour, uint32_t value, struct error *err)
{
    return pour_u16(pour, (uint16_t)value, err) && pour_u16(pour, (uint16_t)(value >> 16), err);
}

bool pour_u32_big(struct pour *pour, uint32_t value, struct error *err)
{
    return pour_u32(pour, __builtin_bswap32(value), err);
}

bool pour_end(struct pour *pour, struct error *err)
{
    if (pour->left > 0)
        return error_set(err, ERROR_INPUT, "closes to %zu bytes less than announced", pour->left);
    return flush(pour, err);
}

static bool put(void *self, struct bytes bytes, struct error *err)
{
    return pour_put(self, bytes, err);
}

struct opener_sink pour_sink(struct pour *pour)
{
    return (struct opener_sink){put, pour};
}

struct draw draw_with(struct opener_source from, size_t size, bool sums)
{
    return (struct draw){.from = from, .left = size, .sums = sums};
}

static bool get(void *self, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    struct draw *draw = self;
    size_t wanted = size < draw->left ? size : draw->left;

    *got = 0;
    if (wanted == 0)
        return true;
    if (!draw->from.get(draw->from.self, into, wanted, got, err))
        return false;
    if (*got < wanted)
        return error_set(err, ERROR_INPUT, "the image ends in the middle");
    draw->left -= wanted;
    draw->size += wanted;
    if (draw->sums)
        draw->crc = (uint32_t)crc32_z(draw->crc, into, wanted);
    return true;
}

struct opener_source draw_source(struct draw *draw)
{
    return (struct opener_source){get, draw};
}

bool draw_exactly(struct draw *draw, uint8_t *into, size_t size, struct error *err)
{
    size_t got;

    if (size > draw->left)
        return error_set(err, ERROR_INPUT, "the image ends in the middle");
    return get(draw, into, size, &got, err);
}
