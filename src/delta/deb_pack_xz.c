#include <lzma.h>
#include <stdlib.h>

#include "base/limits.h"
#include "delta/deb_pack_codec.h"

/* What the head of the first block says: xz's file-format.txt, 3.1. */
enum {
    STREAM_FLAGS_AT = 7,
    BLOCK_AT = 12,
    BLOCK_FLAGS_AT = BLOCK_AT + 1,
    HAS_PACKED_SIZE = 0x40,
    HAS_SIZE = 0x80
};
#define FILTER_LZMA2 0x21

static bool take_varint(struct bytes packed, size_t *at, uint64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < 9 && *at < packed.size; i++) {
        uint8_t byte = packed.at[(*at)++];
        *out |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

static uint32_t dictionary_of(unsigned level)
{
    lzma_options_lzma options;

    return lzma_lzma_preset(&options, level) ? 0 : options.dict_size;
}

/* The presets whose dictionary is the one in the block's head, the usual ones first. */
static size_t candidates(struct bytes packed, struct deb_packing *out)
{
    static const uint8_t levels[] = {6, 9, 5, 8, 7, 4, 3, 2, 1, 0};
    struct deb_packing packing = {.kind = DEB_PACK_XZ};
    uint64_t packed_size, block_size = 0, filter, properties;
    size_t at = BLOCK_AT + 2, count = 0;

    if (packed.size < BLOCK_AT + 16 || packed.at[BLOCK_AT] == 0) /* or an empty stream, which nobody makes */
        return 0;
    packing.check = packed.at[STREAM_FLAGS_AT];
    uint8_t flags = packed.at[BLOCK_FLAGS_AT];
    packing.threaded = (flags & (HAS_PACKED_SIZE | HAS_SIZE)) == (HAS_PACKED_SIZE | HAS_SIZE);
    if ((flags & HAS_PACKED_SIZE) != 0 && !take_varint(packed, &at, &packed_size))
        return 0;
    if ((flags & HAS_SIZE) != 0 && !take_varint(packed, &at, &block_size))
        return 0;
    if ((flags & 3) != 0 || !take_varint(packed, &at, &filter) || filter != FILTER_LZMA2 ||
        !take_varint(packed, &at, &properties) || properties != 1 || at >= packed.size || packed.at[at] >= 40)
        return 0;
    uint32_t dictionary = (UINT32_C(2) | (packed.at[at] & 1)) << (packed.at[at] / 2 + 11);
    for (size_t i = 0; i < sizeof(levels); i++) {
        packing.level = levels[i];
        if (dictionary_of(levels[i]) != dictionary)
            continue;
        packing.extreme = false;
        out[count++] = packing;
        packing.extreme = true;
        out[count++] = packing;
    }
    /* A block size that somebody asked for: tried last, where the first block is as long as that. */
    size_t own = count;
    for (size_t i = 0; i < own && packing.threaded && block_size > 0 && block_size <= UINT32_MAX; i++)
        if (block_size != UINT64_C(3) * dictionary) {
            out[count] = out[i];
            out[count++].block_size = (uint32_t)block_size;
        }
    return count;
}

static bool allows(const struct deb_packing *packing)
{
    return packing->level <= 9 && packing->check <= LZMA_CHECK_ID_MAX &&
           lzma_check_is_supported((lzma_check)packing->check) && !packing->sized &&
           (packing->block_size == 0 ||
            (packing->threaded && packing->block_size >= MIB && packing->block_size <= 256 * MIB));
}

static void *xz_open(const struct deb_packing *packing, uint64_t size, struct deb_budget budget,
                     struct error *err)
{
    lzma_mt options = {.threads = budget.threads,
                       .block_size = packing->block_size,
                       .preset = packing->level | (packing->extreme ? LZMA_PRESET_EXTREME : 0),
                       .check = (lzma_check)packing->check};
    lzma_stream *xz = calloc(1, sizeof(*xz));
    lzma_ret answer;

    if (xz == NULL) {
        (void)error_set(err, ERROR_LIMIT, "no memory for packing");
        return NULL;
    }
    /* A thread that has no block to pack costs memory alone. */
    uint64_t block_size =
        packing->block_size > 0 ? packing->block_size : UINT64_C(3) * dictionary_of(packing->level);
    if (block_size > 0 && options.threads > size / block_size + 1)
        options.threads = (uint32_t)(size / block_size + 1);
    while (options.threads > 1 && lzma_stream_encoder_mt_memusage(&options) > budget.memory_max)
        options.threads--;
    answer = packing->threaded ? lzma_stream_encoder_mt(xz, &options)
                               : lzma_easy_encoder(xz, options.preset, options.check);
    if (answer == LZMA_OK)
        return xz;
    (void)error_set(err, answer == LZMA_MEM_ERROR ? ERROR_LIMIT : ERROR_SYSTEM,
                    "xz cannot pack: liblzma says %d", (int)answer);
    lzma_end(xz);
    free(xz);
    return NULL;
}

static bool xz_step(void *state, struct bytes *in, struct deb_pack_room *out, bool last, bool *ended,
                    struct error *err)
{
    lzma_stream *xz = state;

    xz->next_in = in->at;
    xz->avail_in = in->size;
    xz->next_out = out->at;
    xz->avail_out = out->size;
    lzma_ret answer = lzma_code(xz, last ? LZMA_FINISH : LZMA_RUN);
    *in = (struct bytes){xz->next_in, xz->avail_in};
    *out = (struct deb_pack_room){xz->next_out, xz->avail_out};
    *ended = answer == LZMA_STREAM_END;
    if (answer == LZMA_OK || answer == LZMA_STREAM_END)
        return true;
    return error_set(err, answer == LZMA_MEM_ERROR ? ERROR_LIMIT : ERROR_SYSTEM,
                     "packing with xz failed: liblzma says %d", (int)answer);
}

static void xz_end(void *state)
{
    lzma_end(state);
    free(state);
}

const struct deb_pack_codec deb_pack_xz = {
    .suffix = TEXT(".xz"),
    .magic = BYTES("\xfd"
                   "7zXZ\0"),
    .candidates = candidates,
    .allows = allows,
    .open = xz_open,
    .step = xz_step,
    .end = xz_end,
};
