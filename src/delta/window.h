/*
 * One window of a delta: old bytes in, new bytes out.
 *
 * A window has an old image and a new image, each the pieces of one side one behind the other. A piece is one opened file
 * (delta/opener.h): an ELF file is found by its first bytes, where a piece begins. Windows know nothing of each other:
 * a decoder can begin at any of them, go on behind one that is done, or do several at once.
 *
 * What is coded: a list of copies from the old image and of literals; for the bytes of a copy that are an address, whether the
 * prediction from the list itself held, else the right target, once; the other bytes of a copy that differ; the
 * literals. The layout stands in window.c, and below each of its parts: match.h (copies), predict.h (addresses),
 * coder.h (bits).
 *
 * The encoder is free: whatever it chooses, one decoder reads. The decoder believes nothing: bytes from outside can make it
 * fail or give other bytes of exactly the announced size, never write beyond it, take more memory than window_memory says,
 * or run on. No floating point decides a byte.
 */
#ifndef DELTA_WINDOW_H
#define DELTA_WINDOW_H

#include "base/bytes.h"
#include "base/writer.h"

struct window_piece {
    uint32_t at; /* in the image; pieces follow one another without gaps */
    uint32_t size;
};

struct window_image {
    struct bytes bytes; /* at most LIMIT_DELTA_IMAGE; NULL for the new image of a decoder */
    const struct window_piece *pieces;
    size_t piece_count;
};

#define WINDOW_NO_TWIN UINT32_MAX

struct window_choice {
    /* For each new piece the old one that was its predecessor (same name), or WINDOW_NO_TWIN: a hint, for speed and for ties. NULL: none. */
    const uint32_t *twins;
    size_t memory_max; /* of the encoder, beside both images */
    /* Called now and then with bytes of the new image that are done; false stops (ERROR_CONFLICT). NULL: none. */
    bool (*progress)(void *self, uint64_t done);
    void *self;
};

/* Appends the coded window to *out. Does not decode it: delta/encode.c proves each window by the decoder. */
bool window_encode(const struct window_image *old, const struct window_image *new,
                   const struct window_choice *choice, struct writer *out, struct error *err) MUST_USE;

/* What takes the new bytes, in order, in pieces of any size. */
struct window_sink {
    bool (*put)(void *self, struct bytes bytes, struct error *err);
    void *self;
};

/*
 * coded: exactly one window. new->bytes is not read; its pieces say how many bytes there will be. ERROR_INPUT: not a window; ERROR_LIMIT.
 * Whether the bytes are the right ones the caller learns from their hash.
 */
bool window_decode(const struct window_image *old, const struct window_image *new, struct bytes coded,
                   struct window_sink sink, struct error *err) MUST_USE;

#endif
