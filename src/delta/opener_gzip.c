/*
 * gzip files of one member (RFC 1952). The image is what was packed.
 *
 *     settings: nothing for what `gzip -9n` makes, nearly all of a distribution's; else
 *     varint    the way of packing (enum deflater_way)
 *     ...       the header behind its first three bytes: flags, time, extra flags, system, and the fields that the flags name
 *
 * The sum and the size behind the packed bytes are made anew.
 */
#include "base/reader.h"
#include "delta/deflater.h"
#include "delta/inflater.h"
#include "delta/opener_memory.h"
#include "delta/pour.h"

#include <zlib.h>

#define HEADER_SIZE  10
#define TRAILER_SIZE 8
#define SETTLED_SIZE 3 /* the magic and the method */

#define HAS_SUM      0x02
#define HAS_EXTRA    0x04
#define HAS_NAME     0x08
#define HAS_COMMENT  0x10
#define HAS_RESERVED 0xe0

static const uint8_t usual[HEADER_SIZE] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3};

static bool gzip_knows(struct bytes file)
{
    return file.size >= HEADER_SIZE + TRAILER_SIZE && memcmp(file.at, usual, SETTLED_SIZE) == 0;
}

static void skip_string(struct reader *r)
{
    while (reader_ok(r) && reader_u8(r) != 0)
        ;
}

static bool read_header(struct reader *r, struct bytes *out, struct error *err)
{
    const uint8_t *begin = r->at;

    reader_skip(r, SETTLED_SIZE);
    uint8_t flags = reader_u8(r);
    reader_skip(r, HEADER_SIZE - SETTLED_SIZE - 1);
    if (flags & HAS_RESERVED)
        return error_set(err, ERROR_INPUT, "gzip: flags 0x%02x that nobody has defined", flags);
    if (flags & HAS_EXTRA)
        reader_skip(r, reader_u16(r));
    if (flags & HAS_NAME)
        skip_string(r);
    if (flags & HAS_COMMENT)
        skip_string(r);
    if (flags & HAS_SUM)
        reader_skip(r, 2);
    if (!reader_ok(r) || reader_left(r) < TRAILER_SIZE)
        return error_set(err, ERROR_INPUT, "gzip: ends in the header");
    *out = (struct bytes){begin, (size_t)(r->at - begin)};
    return true;
}

static bool put_settings(struct bytes header, struct bytes plain, struct bytes packed, struct reader *trailer,
                         struct writer *settings, struct error *err)
{
    enum deflater_way first = header.at[8] == 2 ? DEFLATER_GZIP_9 : DEFLATER_GZIP_6, way;
    uint32_t sum = reader_u32(trailer), size = reader_u32(trailer);

    if (sum != (uint32_t)crc32_z(0, plain.at, plain.size) || size != (uint32_t)plain.size)
        return error_set(err, ERROR_INPUT, "gzip: the sum or size behind it is not of what was packed");
    if (!deflater_find(plain, packed, first, &way))
        return error_set(err, ERROR_INPUT, "gzip: packed in a way that is not known");
    if (way == DEFLATER_GZIP_9 && header.size == HEADER_SIZE && memcmp(header.at, usual, HEADER_SIZE) == 0)
        return true;
    writer_varint(settings, way);
    writer_put(settings, (struct bytes){header.at + SETTLED_SIZE, header.size - SETTLED_SIZE});
    return writer_done(settings, &(struct bytes){0}, err);
}

static bool gzip_open(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                      struct error *err)
{
    struct reader r = reader_with(file);
    size_t begin = image->size, used;
    struct bytes header;

    if (!gzip_knows(file))
        return error_set(err, ERROR_INPUT, "gzip: no such file");
    if (!read_header(&r, &header, err))
        return false;
    struct bytes packed = {r.at, reader_left(&r) - TRAILER_SIZE};
    if (!inflater_run(packed, image_max, image, &used, err))
        return error_at(err, "gzip");
    if (used != packed.size)
        return error_set(err, ERROR_INPUT, "gzip: more than one member, or something else behind it");
    if (settings == NULL)
        return true;
    reader_skip(&r, packed.size);
    return put_settings(header, memory_since(image, begin), packed, &r, settings,
                        err);
}

static bool put_header(struct pour *pour, struct bytes settings, enum deflater_way *way, struct error *err)
{
    struct reader r = reader_with(settings);

    *way = DEFLATER_GZIP_9;
    if (settings.size == 0)
        return pour_put(pour, (struct bytes){usual, sizeof(usual)}, err);
    *way = (enum deflater_way)reader_varint_max(&r, DEFLATER_WAY_COUNT - 1);
    if (!reader_ok(&r) || reader_left(&r) < HEADER_SIZE - SETTLED_SIZE)
        return error_set(err, ERROR_INPUT, "gzip: settings that are none");
    return pour_put(pour, (struct bytes){usual, SETTLED_SIZE}, err) &&
           pour_put(pour, reader_take(&r, reader_left(&r)), err);
}

static bool gzip_close(struct bytes settings, struct opener_source source, size_t image_size,
                       size_t file_size, struct opener_sink sink, struct error *err)
{
    struct draw draw = draw_with(source, image_size, true);
    enum deflater_way way;
    struct pour pour;

    pour_begin(&pour, sink, file_size);
    return put_header(&pour, settings, &way, err) &&
           deflater_run(way, draw_source(&draw), pour_sink(&pour), err) && pour_u32(&pour, draw.crc, err) &&
           pour_u32(&pour, (uint32_t)draw.size, err) && pour_end(&pour, err);
}

const struct opener opener_gzip = {"gzip", gzip_knows, gzip_open, gzip_close};
