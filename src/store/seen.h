/*
 * When a finding was first seen on this machine.
 *
 * Where an advisory has no date the clock of its finding starts when it was first seen, so that date is an input of a
 * decision and has to be kept. Only scans of this machine itself write it. A finding is (place, source package,
 * vulnerability); the place is "/" for the machine, later an image.
 *
 * A finding that is gone is kept for SEEN_KEEP_US with the date it went: when it comes back (a rollback) its old date
 * counts. Then it is dropped, so the file is bounded by what a machine has had wrong in two years.
 *
 * The file is replaced whole and mapped for reading. Integers are little-endian.
 *
 *     0  "SUTSEEN" and a zero byte
 *     8  u32 version of this layout, 1
 *    12  u32 count of entries
 *    16  u32 size of the texts
 *    20  u32 zero
 *    24  entries of 32 bytes, ascending by place, source, CVE number, id:
 *           u32 place, u32 source: where the text begins in the texts
 *           u32 CVE as model/cve.h packs it, or 0
 *           u32 id: where the text begins, when the CVE is 0
 *           i64 first seen, i64 gone (INT64_MIN: it is not)
 *        texts: each u16 size, then its bytes; the file ends with them
 */
#ifndef STORE_SEEN_H
#define STORE_SEEN_H

#include "base/file.h"
#include "base/time.h"

#define SEEN_KEEP_US (730 * TIME_DAY_US)

/* An opened memory; empty when there is no file yet. OWN(seen_close). */
struct seen {
    struct file_map map;
    struct bytes entries;
    struct bytes texts;
    uint32_t count;
};

struct seen_item {
    struct text source;
    struct text id;
    int64_t first_us; /* seen_look: filled; TIME_ABSENT: never seen before */
};

/* No file: empty, no error. ERROR_INPUT: broken or of a newer version; the text begins with the path. */
bool seen_open(const char *path, struct seen *out, struct error *err) MUST_USE;
void seen_close(struct seen *seen);
/* The same from bytes that the caller holds; for tests and the fuzzer. */
bool seen_parse(struct bytes raw, struct seen *out, struct error *err) MUST_USE;

/*
 * Fills first_us of every item. Fastest when they come ascending by source, then by CVE number; any order will do, each
 * (source, id) once. A date after now_us (the clock was ahead) counts as now_us.
 */
bool seen_look(const struct seen *seen, struct text place, struct seen_item *items, size_t count,
               int64_t now_us, struct arena *arena, struct error *err) MUST_USE;

/*
 * Those of this place and source that are not gone, or were gone at since_us or later, with the ids and first dates in the
 * arena.
 */
bool seen_since(const struct seen *seen, struct text place, struct text source, int64_t since_us,
                struct arena *arena, struct seen_item **out, size_t *count, struct error *err) MUST_USE;

/*
 * These are all findings of the place now: new ones are first seen now, missing ones are gone now. Writes a new file
 * when something changed, which *changed tells; `seen` stays as it was opened.
 */
bool seen_update(const struct seen *seen, const char *path, struct text place, const struct seen_item *items,
                 size_t count, int64_t now_us, bool *changed, struct error *err) MUST_USE;

#endif
