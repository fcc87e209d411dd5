/*
 * Which old part each new part comes from.
 *
 * A part whose bytes the base has is a copy. For another one its *twin* is looked for: the old part of the same name; else of a name that
 * differs in numbers alone (libfoo.so.1.2.3, /lib/modules/6.1.0-18-amd64), in the merged /usr, or in how it is packed; else the one of
 * the same last name. A twin is a guess: a wrong one costs bytes. This is the encoder's; a delta says what came of it.
 */
#ifndef DELTA_PAIRING_H
#define DELTA_PAIRING_H

#include "delta/base.h"
#include "delta/deb_layout.h"

#define PAIRING_NONE UINT32_MAX

struct pairing {
    uint32_t same; /* part of the base with these bytes */
    uint32_t twin;
};

/* One for each part, in the arena. */
bool pairing_find(const struct base *base, const struct deb_layout_part *parts, size_t part_count,
                  struct arena *arena, const struct pairing **out, struct error *err) MUST_USE;

#endif
