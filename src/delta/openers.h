/* The table of all openers, and the choice of one. */
#ifndef DELTA_OPENERS_H
#define DELTA_OPENERS_H

#include "delta/opener.h"

/* NULL for OPENER_NONE and for numbers that this program does not know. */
const struct opener *openers_get(unsigned kind);

/*
 * For the encoder: opens by the first opener that knows the file and closes it again to the bit; OPENER_NONE (and nothing in the
 * writers) where there is none.
 */
bool openers_choose(struct bytes file, size_t image_max, enum opener_kind *kind, struct writer *image,
                    struct writer *settings, struct error *err) MUST_USE;
/*
 * The same of an old file: opened by the first opener that can, whether or not it could be closed again. A decoder, told the
 * kind, calls that opener's open with settings NULL and gets the same image.
 */
bool openers_choose_old(struct bytes file, size_t image_max, enum opener_kind *kind, struct writer *image,
                        struct error *err) MUST_USE;

#endif
