/*
 * Between the parts of the index's builder, for them alone: what was put (index_build.c), what of it counts
 * (index_resolve.c), and the file that says so (index_write.c).
 *
 * Texts are numbers of the build's pool, so that rows are small and compare as integers; 0 is an absent text.
 */
#ifndef IDENTIFY_INDEX_ROWS_H
#define IDENTIFY_INDEX_ROWS_H

#include "identify/index.h"
#include "identify/index_build.h"
#include "identify/text_pool.h"

#define ROW_CHUNK 1024
#define NO_DAY    INT32_MIN

/* One statement of one id. */
struct row {
    uint32_t source; /* text; once resolved: its place among the sources */
    uint32_t id;     /* packed CVE, or ROW_OTHER | text; once resolved: its id number */
    uint32_t fixed, introduced, last_affected, stream, arch, advisory, note;
    uint32_t version_order; /* of `fixed` among the versions of its source; set when the file is written */
    int32_t day;            /* of the fix, or NO_DAY */
    uint8_t status;
    uint8_t severity; /* once resolved: ROW_SAME_SEVERITY when it is what most rows of the id say */
    uint8_t feed;
    uint8_t flags;
};
#define ROW_OTHER         UINT32_C(0x80000000)
#define ROW_SAME_SEVERITY UINT8_MAX
enum {
    ROW_UNIMPORTANT = 1,
    ROW_NOTICE = 2 /* its advisory is a notice, not the vulnerability's own record */
};

struct row_chunk {
    struct row_chunk *next;
    size_t count;
    struct row rows[ROW_CHUNK];
};

struct support_put {
    uint32_t package, version, note;
    int64_t at_us;
    uint8_t kind;
    uint8_t feed;
};

struct release_rows {
    struct release release;
    struct row_chunk *first, *last;
    size_t row_count;
    struct support_put *supports;
    size_t support_count, support_capacity;
};

#define FEEDS_MAX 255
struct feed_put {
    struct text name;
    struct feed_facts facts;
    uint8_t rank;
    bool kept;
};

struct index_build {
    struct arena *arena;
    const char *only;
    struct text_pool texts;
    struct map release_numbers;
    struct release_rows *releases;
    size_t release_count, release_capacity;
    struct feed_put feeds[FEEDS_MAX];
    size_t feed_count;
    uint64_t skipped;
};

/* What one release's file will say; in the arena of index_resolve. */
struct resolved {
    struct row *rows; /* by source, then id */
    size_t row_count;
    uint32_t *sources; /* texts, ascending by bytes */
    size_t source_count;
    uint32_t *cves; /* packed, ascending */
    size_t cve_count;
    uint32_t *others; /* texts, ascending by bytes */
    size_t other_count;
    uint8_t *severities; /* of each id number */
};
bool index_resolve(const struct index_build *build, const struct release_rows *release, struct arena *arena,
                   struct resolved *out, struct error *err) MUST_USE;

#endif
