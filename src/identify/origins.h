/*
 * The feeds that went into a compiled file (index, facts), and how old their data was: for display, and to know how
 * far the file may be believed.
 *
 * Layout: for each feed a varint of the size of its name and its bytes, the same of its version; eight bytes of the
 * time it was generated (microseconds since 1970, two's complement; INT64_MIN: not said); a varint of its records; a
 * byte of flags: bit 0 complete.
 */
#ifndef IDENTIFY_ORIGINS_H
#define IDENTIFY_ORIGINS_H

#include "base/reader.h"
#include "base/writer.h"
#include "identify/feed.h"

#define ORIGIN_SIZE_MIN 12

struct origin {
    struct text name, version; /* in the file */
    int64_t generated_us;
    uint64_t record_count;
    bool complete;
};

void origin_write(struct writer *w, struct text name, const struct feed_facts *facts);

/* `struct origins walk = origins_with(segment, count); while (origins_next(&walk, &origin)) ...` */
struct origins {
    struct reader reader;
    uint32_t left;
};
struct origins origins_with(struct bytes segment, uint32_t count);
bool origins_next(struct origins *walk, struct origin *out);
/* After a walk to the end: true when all of it could be read and nothing was left over. */
bool origins_ok(const struct origins *walk);

#endif
