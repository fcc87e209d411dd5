#include <zstd.h>

#include "base/limits.h"
#include "delta/deb_pack_codec.h"

/* A head's flags: RFC 8878, 3.1.1.1.1. */
enum { FLAGS_AT = 4, WINDOW_AT = 5, SINGLE_SEGMENT = 0x20, HAS_CHECKSUM = 4 };
#define LEVEL_MAX 22
/* What a worker of level 19 takes: its tables, a window and a job's input. Measured: 170 MB. */
#define WORKER_MEMORY (192 * MIB)

/* The window of each level for large input: those of zstd 1.4 and 1.5 alike. */
static const uint8_t windows[LEVEL_MAX + 1] = {0,  19, 20, 21, 21, 21, 21, 21, 21, 22, 22, 22,
                                               22, 22, 22, 22, 22, 23, 23, 23, 25, 26, 27};

static void add(const struct deb_packing *packing, struct deb_packing *out, size_t *count)
{
    if (*count + 2 > DEB_PACK_CANDIDATES_MAX)
        return;
    out[*count] = *packing;
    out[(*count)++].threaded = true;
    out[*count] = *packing;
    out[(*count)++].threaded = false;
}

static size_t candidates(struct bytes packed, struct deb_packing *out)
{
    static const uint8_t levels[] = {19, 3, 22, 9, 15, 18, 17, 12, 6, 1};
    struct deb_packing packing = {.kind = DEB_PACK_ZSTD};
    size_t count = 0;

    if (packed.size <= WINDOW_AT)
        return 0;
    uint8_t flags = packed.at[FLAGS_AT];
    bool single = (flags & SINGLE_SEGMENT) != 0;
    packing.sized = single || flags >> 6 != 0;
    packing.check = (flags & HAS_CHECKSUM) != 0;
    for (size_t i = 0; i < sizeof(levels); i++) {
        packing.level = levels[i];
        if (single || windows[levels[i]] == 10 + (packed.at[WINDOW_AT] >> 3))
            add(&packing, out, &count);
    }
    return count;
}

static bool allows(const struct deb_packing *packing)
{
    return packing->level >= 1 && packing->level <= LEVEL_MAX && packing->check <= 1 && !packing->extreme &&
           packing->block_size == 0;
}

static bool set(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value));
}

static void *zstd_open(const struct deb_packing *packing, uint64_t size, struct deb_budget budget,
                       struct error *err)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t workers = budget.memory_max / WORKER_MEMORY;

    workers = workers > budget.threads ? budget.threads : workers;
    workers = packing->threaded ? (workers > 0 ? workers : 1) : 0;
    if (context != NULL && set(context, ZSTD_c_compressionLevel, packing->level) &&
        set(context, ZSTD_c_checksumFlag, packing->check) && set(context, ZSTD_c_nbWorkers, (int)workers) &&
        (!packing->sized || !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context, size))))
        return context;
    (void)ZSTD_freeCCtx(context);
    (void)error_set(err, ERROR_SYSTEM, "zstd cannot pack in this way here");
    return NULL;
}

static bool zstd_step(void *state, struct bytes *in, struct deb_pack_room *out, bool last, bool *ended,
                      struct error *err)
{
    ZSTD_inBuffer input = {in->at, in->size, 0};
    ZSTD_outBuffer output = {out->at, out->size, 0};
    size_t left = ZSTD_compressStream2(state, &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);

    if (ZSTD_isError(left))
        return error_set(err, ERROR_SYSTEM, "packing with zstd failed: %s", ZSTD_getErrorName(left));
    *in = (struct bytes){in->at + input.pos, in->size - input.pos};
    *out = (struct deb_pack_room){out->at + output.pos, out->size - output.pos};
    *ended = last && left == 0;
    return true;
}

static void zstd_end(void *state)
{
    (void)ZSTD_freeCCtx(state);
}

const struct deb_pack_codec deb_pack_zstd = {
    .suffix = TEXT(".zst"),
    .magic = BYTES("\x28\xb5\x2f\xfd"),
    .candidates = candidates,
    .allows = allows,
    .open = zstd_open,
    .step = zstd_step,
    .end = zstd_end,
};
