#include <lzma.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/deb_pack_codec.h"

/* What the head of the first block says: xz's file-format.txt, 3.1. */
enum {
    STREAM_FLAGS_AT = 7,
    BLOCK_AT = 12,
    BLOCK_FLAGS_AT = BLOCK_AT + 1,
    HAS_PACKED_SIZE = 0x40,
    HAS_SIZE = 0x80
};
#define FILTER_LZMA2   0x21
#define BLOCK_SIZE_MAX (256 * MIB)
#define PROBE_SIZE     (4 * MIB) /* a chunk of LZMA2 holds at most 2 MiB: one at least is out by then */
#define PROBE_MIN      KIB

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
static uint32_t preset_of(const struct deb_packing *packing)
{
    return packing->level | (packing->extreme ? LZMA_PRESET_EXTREME : 0);
}

/* What the head of the first block says. */
struct block {
    size_t data_at; /* in the file */
    uint64_t size;  /* unpacked; 0: it is not said */
    uint32_t dictionary;
    bool threaded; /* both sizes are said */
};

static bool take_block(struct bytes packed, struct block *out)
{
    uint64_t packed_size, filter, properties;
    size_t at = BLOCK_AT + 2;

    *out = (struct block){0};
    if (packed.size < BLOCK_AT + 16 || packed.at[BLOCK_AT] == 0) /* or an empty stream, which nobody makes */
        return false;
    out->data_at = BLOCK_AT + ((size_t)packed.at[BLOCK_AT] + 1) * 4;
    uint8_t flags = packed.at[BLOCK_FLAGS_AT];
    out->threaded = (flags & (HAS_PACKED_SIZE | HAS_SIZE)) == (HAS_PACKED_SIZE | HAS_SIZE);
    if (((flags & HAS_PACKED_SIZE) != 0 && !take_varint(packed, &at, &packed_size)) ||
        ((flags & HAS_SIZE) != 0 && !take_varint(packed, &at, &out->size)))
        return false;
    if ((flags & 3) != 0 || !take_varint(packed, &at, &filter) || filter != FILTER_LZMA2 ||
        !take_varint(packed, &at, &properties) || properties != 1 || at >= packed.size || packed.at[at] >= 40)
        return false;
    out->dictionary = (UINT32_C(2) | (packed.at[at] & 1)) << (packed.at[at] / 2 + 11);
    return out->data_at < packed.size;
}

/* The presets whose dictionary is the one in the block's head, the usual ones first. */
static size_t candidates(struct bytes packed, struct deb_packing *out)
{
    static const uint8_t levels[] = {6, 9, 5, 8, 7, 4, 3, 2, 1, 0};
    struct deb_packing packing = {.kind = DEB_PACK_XZ};
    struct block block;
    size_t count = 0;

    if (!take_block(packed, &block))
        return 0;
    packing.check = packed.at[STREAM_FLAGS_AT];
    packing.threaded = block.threaded;
    for (size_t i = 0; i < sizeof(levels); i++) {
        packing.level = levels[i];
        if (dictionary_of(levels[i]) != block.dictionary)
            continue;
        packing.extreme = false;
        out[count++] = packing;
        packing.extreme = true;
        out[count++] = packing;
    }
    /* A block size that somebody asked for: tried last, where the first block is as long as that. */
    size_t own = count;
    bool asked = block.threaded && block.size != UINT64_C(3) * block.dictionary;
    for (size_t i = 0; i < own && asked && block.size >= MIB && block.size <= BLOCK_SIZE_MAX; i++) {
        out[count] = out[i];
        out[count++].block_size = (uint32_t)block.size;
    }
    return count;
}

/* What one thread packs is what stands in the first block, whoever packed that: the sizes in its head come later. */
static enum deb_pack_probe probe(const struct deb_packing *packing, struct bytes packed, struct bytes raw)
{
    OWN(lzma_end) lzma_stream xz = LZMA_STREAM_INIT;
    OWN(own_memory) uint8_t *made = malloc(PROBE_SIZE);
    uint64_t block_size =
        packing->block_size > 0 ? packing->block_size : UINT64_C(3) * dictionary_of(packing->level);
    struct block theirs, ours;

    if (made == NULL || raw.size < PROBE_SIZE || !take_block(packed, &theirs))
        return DEB_PACK_PROBE_UNKNOWN;
    if (packing->threaded && theirs.size != (raw.size < block_size ? raw.size : block_size))
        return DEB_PACK_PROBE_OTHER;
    if (lzma_easy_encoder(&xz, preset_of(packing), (lzma_check)packing->check) != LZMA_OK)
        return DEB_PACK_PROBE_UNKNOWN;
    xz.next_in = raw.at;
    xz.avail_in = PROBE_SIZE;
    xz.next_out = made;
    xz.avail_out = PROBE_SIZE;
    if (lzma_code(&xz, LZMA_RUN) != LZMA_OK ||
        !take_block((struct bytes){made, PROBE_SIZE - xz.avail_out}, &ours))
        return DEB_PACK_PROBE_UNKNOWN;
    size_t size = PROBE_SIZE - xz.avail_out - ours.data_at, left = packed.size - theirs.data_at;
    if (memcmp(made + ours.data_at, packed.at + theirs.data_at, size < left ? size : left) != 0)
        return DEB_PACK_PROBE_OTHER;
    return size < PROBE_MIN || size > left ? DEB_PACK_PROBE_UNKNOWN : DEB_PACK_PROBE_LIKELY;
}

static bool allows(const struct deb_packing *packing)
{
    return packing->level <= 9 && packing->check <= LZMA_CHECK_ID_MAX &&
           lzma_check_is_supported((lzma_check)packing->check) && !packing->sized &&
           (packing->block_size == 0 ||
            (packing->threaded && packing->block_size >= MIB && packing->block_size <= BLOCK_SIZE_MAX));
}

static void *xz_open(const struct deb_packing *packing, uint64_t size, struct deb_budget budget,
                     struct error *err)
{
    lzma_mt options = {.threads = budget.threads,
                       .block_size = packing->block_size,
                       .preset = preset_of(packing),
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
    .probe = probe,
    .allows = allows,
    .open = xz_open,
    .step = xz_step,
    .end = xz_end,
};
