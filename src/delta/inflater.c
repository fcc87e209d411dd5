#include "delta/inflater.h"

#define ZLIB_CONST /* its input is only read */
#include <zlib.h>

#include "base/limits.h"
#include "base/own.h"

#define PIECE (64 * KIB)

static void own_inflate(z_stream *stream)
{
    (void)inflateEnd(stream);
}

bool inflater_run(struct bytes packed, size_t size_max, struct writer *out, size_t *used, struct error *err)
{
    uint8_t piece[PIECE];
    size_t fed = 0, size = 0;

    OWN(own_inflate) z_stream stream = {0};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return error_set(err, ERROR_LIMIT, "no memory for unpacking");
    for (int answer = Z_OK; answer != Z_STREAM_END;) {
        if (stream.avail_in == 0) {
            size_t more = packed.size - fed < UINT32_MAX ? packed.size - fed : UINT32_MAX;
            stream.next_in = packed.at + fed;
            stream.avail_in = (uInt)more;
            fed += more;
        }
        stream.next_out = piece;
        stream.avail_out = PIECE;
        answer = inflate(&stream, Z_NO_FLUSH);
        size_t got = PIECE - stream.avail_out;
        if (answer == Z_BUF_ERROR ||
            (answer == Z_OK && got == 0 && stream.avail_in == 0 && fed == packed.size))
            return error_set(err, ERROR_INPUT, "deflate: ends in the middle");
        if (answer == Z_MEM_ERROR)
            return error_set(err, ERROR_LIMIT, "no memory for unpacking");
        if (answer != Z_OK && answer != Z_STREAM_END)
            return error_set(err, ERROR_INPUT, "deflate: broken after %zu bytes", fed - stream.avail_in);
        if (got > size_max - size)
            return error_set(err, ERROR_LIMIT, "unpacks to more than the %zu bytes allowed", size_max);
        size += got;
        writer_put(out, (struct bytes){piece, got});
        if (!writer_ok(out))
            return writer_done(out, &(struct bytes){0}, err);
    }
    *used = fed - stream.avail_in;
    return true;
}
