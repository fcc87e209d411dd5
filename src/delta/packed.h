/*
 * Many literals: packed by liblzma in one piece, where spelling each (delta/spell.h) would take longer than all the rest.
 *
 *     u8        dictionary: 2^that bytes, PACKED_LOG_MIN to PACKED_LOG_MAX
 *     LZMA2     raw, to its end marker
 */
#ifndef DELTA_PACKED_H
#define DELTA_PACKED_H

#include "base/writer.h"

#define PACKED_LOG_MIN 16
#define PACKED_LOG_MAX 23 /* 8 MB: of a decoder's spare memory */

bool packed_write(struct bytes literals, struct writer *out, struct error *err) MUST_USE;

struct packed_state;
struct packed {
    struct packed_state *state; /* NULL: nothing is packed */
};

/* packed: borrowed until the end. OWN(packed_end). */
bool packed_open(struct bytes packed, struct packed *out, struct error *err) MUST_USE;
void packed_end(struct packed *packed);
/* The next `size` bytes. ERROR_INPUT: there are fewer. */
bool packed_take(struct packed *packed, uint8_t *into, size_t size, struct error *err) MUST_USE;

#endif
