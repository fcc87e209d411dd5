#include <stdlib.h>
#include <zlib.h>

#include "delta/deb_pack_codec.h"

/* RFC 1952, 2.3. */
enum { FLAGS_AT = 3, TIME_AT = 4, OS_AT = 9, HEAD_SIZE = 10, OS_UNIX = 3 };
#define WINDOW_BITS (15 + 16) /* with gzip's head and trailer */

struct gzip {
    z_stream stream;
    gz_header head;
};

static size_t candidates(struct bytes packed, struct deb_packing *out)
{
    static const uint8_t levels[] = {9, 6, 1, 8, 7, 5, 4, 3, 2};
    struct deb_packing packing = {.kind = DEB_PACK_GZIP};
    size_t count = 0;

    if (packed.size < HEAD_SIZE || packed.at[FLAGS_AT] != 0 || packed.at[OS_AT] != OS_UNIX)
        return 0;
    for (unsigned i = 0; i < 4; i++)
        packing.block_size |= (uint32_t)packed.at[TIME_AT + i] << (8 * i);
    for (size_t i = 0; i < sizeof(levels); i++) {
        packing.level = levels[i];
        for (uint8_t memory = 8; memory <= 9; memory++) { /* zlib's own choice, and gzip's */
            packing.check = memory;
            out[count++] = packing;
        }
    }
    return count;
}

static bool allows(const struct deb_packing *packing)
{
    return packing->level >= 1 && packing->level <= 9 && packing->check >= 1 && packing->check <= 9 &&
           !packing->threaded && !packing->extreme && !packing->sized;
}

static void *gzip_open(const struct deb_packing *packing, uint64_t size, struct deb_budget budget,
                       struct error *err)
{
    struct gzip *gzip = calloc(1, sizeof(*gzip));
    (void)size, (void)budget;

    if (gzip != NULL && deflateInit2(&gzip->stream, packing->level, Z_DEFLATED, WINDOW_BITS, packing->check,
                                     Z_DEFAULT_STRATEGY) == Z_OK) {
        gzip->head = (gz_header){.time = packing->block_size, .os = OS_UNIX};
        (void)deflateSetHeader(&gzip->stream, &gzip->head); /* fails only before deflateInit2 */
        return gzip;
    }
    free(gzip);
    (void)error_set(err, ERROR_LIMIT, "no memory for packing");
    return NULL;
}

static bool gzip_step(void *state, struct bytes *in, struct deb_pack_room *out, bool last, bool *ended,
                      struct error *err)
{
    z_stream *stream = &((struct gzip *)state)->stream;
    uInt size = in->size > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)in->size;

    stream->next_in = (z_const Bytef *)(uintptr_t)in->at; /* zlib only reads it */
    stream->avail_in = size;
    stream->next_out = out->at;
    stream->avail_out = (uInt)out->size;
    int answer = deflate(stream, last ? Z_FINISH : Z_NO_FLUSH);
    size -= stream->avail_in;
    *in = (struct bytes){in->at + size, in->size - size};
    *out = (struct deb_pack_room){stream->next_out, stream->avail_out};
    *ended = answer == Z_STREAM_END;
    if (answer == Z_OK || answer == Z_STREAM_END || answer == Z_BUF_ERROR)
        return true;
    return error_set(err, ERROR_SYSTEM, "packing with gzip failed: zlib says %d", answer);
}

static void gzip_end(void *state)
{
    (void)deflateEnd(&((struct gzip *)state)->stream);
    free(state);
}

const struct deb_pack_codec deb_pack_gzip = {
    .suffix = TEXT(".gz"),
    .magic = BYTES("\x1f\x8b\x08"),
    .candidates = candidates,
    .allows = allows,
    .open = gzip_open,
    .step = gzip_step,
    .end = gzip_end,
};
