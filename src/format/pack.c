#include "format/pack.h"

#include <zstd.h>

#include "base/limits.h"
#include "base/own.h"

#define LEVEL                                                                                                \
    3 /* statements shrink to a fourteenth at 500 MB/s; higher levels take three times as long for a tenth more */

static void own_context(ZSTD_CCtx **context)
{
    (void)ZSTD_freeCCtx(*context);
    *context = NULL;
}

bool pack_zstd(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err)
{
    OWN(own_context) ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t bound = ZSTD_compressBound(raw.size);
    uint8_t *packed = arena_take(arena, bound);

    if (packed == NULL)
        return arena_full(arena, err);
    if (context == NULL || ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)))
        return error_set(err, ERROR_LIMIT, "out of memory");
    size_t size = ZSTD_compress2(context, packed, bound, raw.at, raw.size);
    if (ZSTD_isError(size))
        return error_set(err, ERROR_SYSTEM, "zstd: %s", ZSTD_getErrorName(size));
    bool worth = size < raw.size && raw.size / (LIMIT_EXPANSION / 2) <= size;
    *out = worth ? (struct bytes){packed, size} : raw;
    return true;
}
