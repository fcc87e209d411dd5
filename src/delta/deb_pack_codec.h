/*
 * What one way of packing must give; only deb_pack.c and the three deb_pack_KIND.c know this header.
 */
#ifndef DELTA_DEB_PACK_CODEC_H
#define DELTA_DEB_PACK_CODEC_H

#include "delta/deb_pack.h"

#define DEB_PACK_CANDIDATES_MAX 32

struct deb_pack_room {
    uint8_t *at;
    size_t size;
};

enum deb_pack_probe {
    DEB_PACK_PROBE_UNKNOWN, /* too little to say */
    DEB_PACK_PROBE_OTHER,
    DEB_PACK_PROBE_LIKELY
};

struct deb_pack_codec {
    struct text suffix;
    struct bytes magic;
    /* Packings that may have made a stream that begins so, likeliest first; how many. */
    size_t (*candidates)(struct bytes packed, struct deb_packing *out);
    /* Whether the first bytes come out alike; cheap. NULL: cannot be told. */
    enum deb_pack_probe (*probe)(const struct deb_packing *packing, struct bytes packed, struct bytes raw);
    /* Whether settings from outside are within what the library takes. */
    bool (*allows)(const struct deb_packing *packing);
    void *(*open)(const struct deb_packing *packing, uint64_t size, struct deb_budget budget,
                  struct error *err);
    /* Takes what it reads off *in and what it writes off *out; with `last`, *ended at the end of all. */
    bool (*step)(void *state, struct bytes *in, struct deb_pack_room *out, bool last, bool *ended,
                 struct error *err);
    void (*end)(void *state);
};

extern const struct deb_pack_codec deb_pack_xz, deb_pack_zstd, deb_pack_gzip;

#endif
