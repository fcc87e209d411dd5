/*
 * The old image of a window: parts of a base, opened, one behind the other. Encoder and decoder make it here, alike.
 *
 * Owns its memory: OWN(old_image_end).
 */
#ifndef DELTA_OLD_IMAGE_H
#define DELTA_OLD_IMAGE_H

#include "delta/delta.h"

struct old_image {
    struct writer bytes;
    struct window_piece *pieces; /* those that are not empty */
    uint32_t *parts;             /* of the base, of each piece */
    size_t piece_count;
};

/* At most size_max bytes; checked: each part against its MD5 (delta/base.h). ERROR_INPUT: a part is not what the opener opens, or the base has no such part. */
bool old_image_take(const struct base *base, const struct delta_old *olds, size_t count, size_t size_max,
                    bool checked, struct old_image *out, struct error *err) MUST_USE;
void old_image_end(struct old_image *image);
struct window_image old_image_view(const struct old_image *image);

#endif
