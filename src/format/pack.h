/*
 * Packing with zstd, for files of our own: the counterpart of format/compress, which unpacks them.
 */
#ifndef FORMAT_PACK_H
#define FORMAT_PACK_H

#include "base/bytes.h"

/*
 * One zstd frame with checksum, in the arena. What shrinks more than LIMIT_EXPANSION allows to unpack again is given
 * back as it is; so is what does not shrink at all.
 */
bool pack_zstd(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err) MUST_USE;

#endif
