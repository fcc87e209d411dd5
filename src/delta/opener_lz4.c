/*
 * lz4's legacy form, in which kernels are packed by `lz4 -l -9`:
 *
 *     file: magic; for each 8 MiB of what was packed (less only at the end) the size of a block and the block
 *
 * The image is what was packed; no settings. It is read and packed block by block: 18 MB and no more.
 */
#include <lz4.h>
#include <lz4hc.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "delta/opener_memory.h"
#include "delta/pour.h"

#define MAGIC         UINT32_C(0x184c2102)
#define BLOCK_SIZE    (8 * MIB)
#define LEVEL         9
#define EXPANSION_MAX 255

static bool lz4_knows(struct bytes file)
{
    struct reader r = reader_with(file);

    return reader_u32(&r) == MAGIC;
}

static bool lz4_open(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                     struct error *err)
{
    /* A byte of a block unpacks to at most 255. */
    size_t room = file.size < BLOCK_SIZE / EXPANSION_MAX ? file.size * EXPANSION_MAX : BLOCK_SIZE;
    OWN(own_memory) char *block = malloc(room + 1);
    struct reader r = reader_with(file);
    size_t left = image_max;
    (void)settings;

    if (block == NULL)
        return error_set(err, ERROR_LIMIT, "lz4: no memory");
    if (!lz4_knows(file))
        return error_set(err, ERROR_INPUT, "lz4: no such file");
    if (file.size == sizeof(uint32_t))
        return error_set(err, ERROR_INPUT, "lz4: no block");
    reader_skip(&r, sizeof(uint32_t));
    for (bool last = false; reader_left(&r) > 0;) {
        struct bytes packed = reader_take(&r, reader_u32(&r));
        if (!reader_ok(&r) || packed.size > INT32_MAX)
            return error_set(err, ERROR_INPUT, "lz4: ends in the middle");
        int size = LZ4_decompress_safe((const char *)packed.at, block, (int)packed.size, (int)room);
        if (size < 0 || last)
            return error_set(err, ERROR_INPUT, "lz4: broken before byte %zu", reader_place(&r));
        if ((size_t)size > left)
            return error_set(err, ERROR_LIMIT, "lz4: unpacks to more than the %zu bytes allowed", image_max);
        left -= (size_t)size;
        last = (size_t)size < BLOCK_SIZE;
        writer_put(image, (struct bytes){(const uint8_t *)block, (size_t)size});
        if (!writer_ok(image))
            break;
    }
    return writer_done(image, &(struct bytes){0}, err);
}

static bool lz4_close(struct bytes settings, struct opener_source source, size_t image_size, size_t file_size,
                      struct opener_sink sink, struct error *err)
{
    size_t block_size = image_size < BLOCK_SIZE ? image_size : BLOCK_SIZE;
    size_t room = LZ4_COMPRESSBOUND(block_size);
    OWN(own_memory) uint8_t *block = malloc(block_size + 1);
    OWN(own_memory) char *packed = malloc(room);
    struct draw draw = draw_with(source, image_size, false);
    struct pour pour;

    if (settings.size > 0)
        return error_set(err, ERROR_INPUT, "lz4: settings that are none");
    if (block == NULL || packed == NULL)
        return error_set(err, ERROR_LIMIT, "lz4: no memory");
    pour_begin(&pour, sink, file_size);
    if (!pour_u32(&pour, MAGIC, err))
        return false;
    while (draw.left > 0) {
        size_t part = draw.left < block_size ? draw.left : block_size;
        if (!draw_exactly(&draw, block, part, err))
            return false;
        int size = LZ4_compress_HC((const char *)block, packed, (int)part, (int)room, LEVEL);
        if (size <= 0)
            return error_set(err, ERROR_LIMIT, "lz4: cannot pack");
        if (!pour_u32(&pour, (uint32_t)size, err) ||
            !pour_put(&pour, (struct bytes){(const uint8_t *)packed, (size_t)size}, err))
            return false;
    }
    return pour_end(&pour, err);
}

const struct opener opener_lz4 = {"lz4", lz4_knows, lz4_open, lz4_close};
