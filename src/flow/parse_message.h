/*
 * What suture-parse answers to suture, and how the files of a folder are handed to it.
 *
 * suture-parse is the process that reads documents from outside: no network, no files, no privilege (base/confine.h).
 * The document is its standard input, and it is told on its command line
 *
 *     suture-parse FEED|- document|members NAME        "-": recognise the feed; NAME for messages and recognising
 *
 * and answers on standard output, integers little-endian, a text as a varint of its size and its bytes:
 *
 *     "SPA1"  u8 1 done, 2 failed  u8 error kind  u8 confined  text feed  text problem
 *     u64 generated (INT64_MIN: not said)  u64 records  u64 skipped  u8 complete  text version
 *     when done: the statements (identify/statements.h), to the end
 *
 * "members" is several files in one, as they lie in a folder: "SPM1", then for each a text with its name below the
 * folder, a varint of its size and its bytes.
 */
#ifndef FLOW_PARSE_MESSAGE_H
#define FLOW_PARSE_MESSAGE_H

#include "base/reader.h"
#include "base/writer.h"
#include "identify/feed.h"

struct parse_answer {
    bool done;
    enum error_kind kind; /* of the problem, when it failed */
    uint8_t confined;     /* enum confinement */
    struct text feed;     /* absent: it was not recognised */
    struct text problem;
    struct feed_facts facts;
    struct bytes statements;
};

/* All but the statements, which follow it. */
void parse_answer_write(struct writer *w, const struct parse_answer *answer);
/* Texts and statements point into raw; the statements themselves are not looked at. */
bool parse_answer_read(struct bytes raw, struct parse_answer *out, struct error *err) MUST_USE;

#define PARSE_MEMBERS_START BYTES("SPM1")

/* What stands before a member's bytes. */
void parse_member_write(struct writer *w, struct text name, uint64_t size);
/* The walk begins behind PARSE_MEMBERS_START. *found is false at the end. */
bool parse_member_next(struct reader *r, struct text *name, struct bytes *bytes, bool *found,
                       struct error *err) MUST_USE;

#endif
