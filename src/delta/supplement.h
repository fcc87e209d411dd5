/*
 * A supplement: old files of one class (delta/base.h) for machines that lack them.
 *
 * A delta takes for granted that the old package's files are there. Some machines keep no documentation (path-exclude), on
 * others somebody edited a conffile. Whoever rebuilds knows from the delta which parts it reads, looks which of them
 * are not as they should be (base_find_gaps), and fetches the supplements of their classes: that is little beside the
 * whole new package, and nobody else pays for it.
 *
 *     "SDS1"                 magic and version
 *     u8                     letter of the class
 *     32 bytes               identity of the base (SHA-256, base_identity)
 *     varint                 count of parts, and for each, by index:
 *         varint             index in the base, less that of the part before and 1
 *         varint             size
 *         varint             packed size: 0 to size; size: not packed
 *     the packed parts, one behind the other: one zstd frame each, or the bytes as they are
 *
 * Nothing stands behind the last part. There is no hash in it: the identity stands for the MD5 of every part, what is read is
 * compared with that, and the file as a whole is known by its SHA-256 to whoever fetched it.
 */
#ifndef DELTA_SUPPLEMENT_H
#define DELTA_SUPPLEMENT_H

#include "delta/base.h"

struct supplement_part {
    uint32_t index; /* in the base */
    uint64_t size;
    struct bytes packed;
};

struct supplement {
    enum base_class class;
    const struct supplement_part *parts; /* by index */
    size_t count;
};

/* All parts of the class, read from a base that has them; a class without parts gives a supplement without parts. */
bool supplement_write(const struct base *base, enum base_class class, struct writer *out, struct error *err)
    MUST_USE;

/* Points into raw, which must outlive it. ERROR_CONFLICT: it is of another base. */
bool supplement_read(struct bytes raw, const struct base *base, struct arena *arena, struct supplement *out,
                     struct error *err) MUST_USE;

/*
 * *out is `base`, but what it answers with ERROR_ABSENT or ERROR_CONFLICT comes from a supplement, if one has it. All
 * that is given must outlive *out.
 */
bool base_with_supplements(const struct base *base, const struct supplement *supplements, size_t count,
                           struct arena *arena, struct base *out, struct error *err) MUST_USE;

/* Which of the parts that somebody wants cannot be read. */
struct base_gaps {
    size_t count;
    size_t of_class[BASE_CLASS_COUNT];
    struct error first; /* why the first one cannot */
};
/* wanted: whether each part of the base is. Reads these; part_max bounds one. Fails only for what is neither ERROR_ABSENT nor ERROR_CONFLICT. */
bool base_find_gaps(const struct base *base, const bool *wanted, size_t part_max, struct base_gaps *out,
                    struct error *err) MUST_USE;

#endif
