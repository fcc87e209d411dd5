/*
 * What one kind of compression must give; only compress.c and the four compress_KIND.c know this header.
 *
 * A codec unpacks one member (gzip's word; the others say frame or stream) after the other. It sees pieces of input
 * and room for output as they come and never asks for a limit: compress.c counts.
 */
#ifndef FORMAT_COMPRESS_CODEC_H
#define FORMAT_COMPRESS_CODEC_H

#include "base/bytes.h"

/* The largest window that is taken memory for: xz and zstd files may ask for more. */
#define COMPRESS_WINDOW_MAX_LOG2 27

enum compress_answer {
    COMPRESS_GOES_ON,     /* wants more input or more room */
    COMPRESS_MEMBER_ENDS, /* all of it was given out, and its checksum holds */
    COMPRESS_BROKEN,
    COMPRESS_WINDOW, /* wants a larger window than 1 << COMPRESS_WINDOW_MAX_LOG2 */
    COMPRESS_NO_MEMORY
};

struct compress_room {
    uint8_t *at;
    size_t size;
};

struct compress_codec {
    const char *name;
    struct bytes magic;
    void *(*open)(void); /* NULL: no memory */
    /* Before each member, the first too. */
    enum compress_answer (*begin)(void *state);
    /* Takes what it reads off *in and what it writes off *out. */
    enum compress_answer (*step)(void *state, struct bytes *in, struct compress_room *out);
    void (*end)(void *state);
};

extern const struct compress_codec compress_gzip, compress_xz, compress_lz4, compress_zstd;

static inline void compress_took(struct bytes *in, size_t size)
{
    *in = (struct bytes){in->at + size, in->size - size};
}

static inline void compress_gave(struct compress_room *out, size_t size)
{
    *out = (struct compress_room){out->at + size, out->size - size};
}

#endif
