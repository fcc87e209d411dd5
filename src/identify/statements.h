/*
 * Statements: what a feed's document said, kept in a form that costs little to keep and to read again.
 *
 * A document is parsed once, in a process that can do nothing else; what comes out is written down as statements, and
 * indexes are built from those: of all feeds, whenever one of them has changed. The document itself is not kept (its
 * digest is). Debian's tracker is 75 MB as JSON and 10 MB as statements, all years of the NVD 2 GB and 30 MB.
 *
 * The file, integers little-endian:
 *
 *   0  "SST1"
 *   4  u32 STATEMENTS_READING of the writer
 *   8  u32 size of the whole file
 *  12  u32 count of advisories, u32 of vulnerabilities, u32 of supports
 *  24  the statements in the order they were made, each: u8 kind (1 advisory, 2 vulnerability, 3 support), its fields
 *
 *   advisory       texts id release package stream arch introduced fixed last_affected, note; u8 version order, u8
 *                  status, u8 severity, u8 unimportant; time published; varint count of CVEs, a text each
 *   vulnerability  text id; times published kev_added kev_due; u32 EPSS, u32 percentile; u8 of 1 kev + 2 ransomware +
 *                  4 rejected; u8 exploitation, automatable, technical impact; u8 count of scores, each: u8 version, u8
 *                  source, u16 tenths, text vector
 *   support        texts release package version, note; u8 version order, u8 kind; time at
 *
 *   text  varint 0: the same as the last one of this field (a CVE: as the last CVE or id), else its size + 1 and its bytes
 *   time  u8 0: the same as the last one of this field; 1: u64
 *
 * Who reads trusts nothing: every count, kind and text is checked as if it came from the document's publisher.
 */
#ifndef IDENTIFY_STATEMENTS_H
#define IDENTIFY_STATEMENTS_H

#include "base/writer.h"
#include "identify/feed.h"

/* Raised when a feed reads more, or otherwise, than before: documents of an older reading are fetched anew. */
#define STATEMENTS_READING 1

enum statement_kind {
    STATEMENT_UNKNOWN,
    STATEMENT_ADVISORY,
    STATEMENT_VULNERABILITY,
    STATEMENT_SUPPORT,
    STATEMENT_KIND_COUNT
};

/* The fields of which "the same as the last one" can be said. */
enum statement_text {
    STATED_ID,
    STATED_RELEASE,
    STATED_PACKAGE,
    STATED_STREAM,
    STATED_ARCH,
    STATED_INTRODUCED,
    STATED_FIXED,
    STATED_LAST_AFFECTED,
    STATED_NOTE,
    STATED_VECTOR,
    STATED_VERSION,
    STATEMENT_TEXT_COUNT
};
enum statement_time {
    STATED_PUBLISHED,
    STATED_KEV_ADDED,
    STATED_KEV_DUE,
    STATED_SUPPORT_AT,
    STATEMENT_TIME_COUNT
};

struct statements_writer {
    struct writer out;
    uint32_t counts[STATEMENT_KIND_COUNT];
    struct {
        size_t place, size; /* in out */
    } texts[STATEMENT_TEXT_COUNT];
    int64_t times[STATEMENT_TIME_COUNT];
};

/* OWN(statements_end). */
struct statements_writer statements_begin(void);
void statements_end(struct statements_writer *writer);
/* Takes what a feed says. Fails with ERROR_LIMIT when it becomes more than LIMIT_STATEMENTS. */
struct feed_sink statements_sink(struct statements_writer *writer);
/* The file's bytes; they live until statements_end. */
bool statements_done(struct statements_writer *writer, struct bytes *out, struct error *err) MUST_USE;

struct statements_head {
    uint32_t reading;
    uint32_t counts[STATEMENT_KIND_COUNT];
};
/* The reading alone, from the first STATEMENTS_START bytes of a file that may go on. False: it is no such file. */
#define STATEMENTS_START 8
bool statements_reading(struct bytes start, uint32_t *out);
/* The head alone, checked against the size of the whole. */
bool statements_look(struct bytes raw, struct statements_head *out, struct error *err) MUST_USE;

/*
 * Gives each statement to the sink, in order; texts point into `raw` or the arena. Errors name the statement's number and its
 * place in the file.
 */
bool statements_replay(struct bytes raw, const struct feed_sink *sink, struct arena *arena, struct error *err)
    MUST_USE;

#endif
