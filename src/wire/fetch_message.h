/*
 * What suture and suture-fetch say to each other, and what suture-fetch notes for its next run.
 *
 * Orders go in on standard input, ended by the end of the pipe; for each, in their order, an answer comes out on
 * standard output, and while it is worked on, progress. Each is a frame: u32 size, then so many bytes. Integers are
 * little-endian, a text is a varint of its size and then its bytes.
 *
 *   order    "SFQ2"  u64 size_limit  u32 time_ms  u32 stall_ms  u32 connect_ms  u32 rate_min  u64 rate_max
 *            text url, etag, last_modified, ca_file, part, note
 *   answer   "SFA1"  u8 outcome  u8 confined  u16 status  u8 error kind  u64 size
 *            text etag, last_modified, url, problem
 *   progress "SFP1"  u64 have                          bytes of the document under way
 *   note     "SFN1"  text url, validator, etag, last_modified        beside a part that is not complete yet
 *
 * The last byte of the magic is the version; both programs come from one build, so another one is refused. Each side
 * distrusts the other: every text has a limit and holds no control bytes, nothing may follow the last one.
 */
#ifndef WIRE_FETCH_MESSAGE_H
#define WIRE_FETCH_MESSAGE_H

#include "base/bytes.h"
#include "base/writer.h"

#define FETCH_MESSAGE_MAX (32 * 1024)
#define FETCH_ORDERS_MAX  64 /* of one process: each holds two files open */

enum fetch_outcome {
    FETCH_UNKNOWN,
    FETCH_COMPLETE,  /* the bytes are in the part file, all of them */
    FETCH_UNCHANGED, /* the server says: what you have is still what I have */
    FETCH_FAILED,    /* `problem` says why; what came so far may be gone on with */
    FETCH_OUTCOME_COUNT
};

struct fetch_order {
    struct text url;           /* http: or https: */
    struct text etag;          /* of what is held already; absent: nothing is held */
    struct text last_modified; /* the same, for servers without ETag */
    struct text ca_file;       /* certificates to trust instead of the system's; absent: the system's */
    struct text part;          /* path of the file to fill; what is in it is gone on with */
    struct text note;          /* path of the note beside it */
    uint64_t size_limit;
    uint32_t time_ms;    /* for all of it */
    uint32_t stall_ms;   /* in every span of this length rate_min must be kept */
    uint32_t connect_ms; /* for one connection */
    uint32_t rate_min;   /* bytes a second */
    uint64_t
        rate_max; /* bytes a second, over all orders of a process: the first order's counts; 0: as fast as it goes */
};

struct fetch_answer {
    enum fetch_outcome outcome;
    uint8_t confined; /* enum confinement */
    uint16_t status;  /* HTTP's; 0: there was none */
    enum error_kind kind;
    uint64_t size; /* of the part file */
    struct text etag, last_modified;
    struct text url; /* where redirects led; absent when there were none */
    struct text problem;
};

struct fetch_note {
    struct text url;       /* that was asked for */
    struct text validator; /* for If-Range */
    struct text etag, last_modified;
};

void fetch_order_write(struct writer *w, const struct fetch_order *order);
void fetch_answer_write(struct writer *w, const struct fetch_answer *answer);
void fetch_note_write(struct writer *w, const struct fetch_note *note);

void fetch_progress_write(struct writer *w, uint64_t have);

/* The size of a frame, in front of it; it is filled in by fetch_frame_end. */
size_t fetch_frame_begin(struct writer *w);
void fetch_frame_end(struct writer *w, size_t place);
/* The first frame of the bytes, if all of it is there (*found), and how many bytes it took. ERROR_INPUT: none can be so long. */
bool fetch_frame_next(struct bytes raw, struct bytes *frame, size_t *taken, bool *found, struct error *err)
    MUST_USE;
bool fetch_progress_is(struct bytes raw);
bool fetch_progress_parse(struct bytes raw, uint64_t *have, struct error *err) MUST_USE;

/* Texts point into `raw`. */
bool fetch_order_parse(struct bytes raw, struct fetch_order *out, struct error *err) MUST_USE;
bool fetch_answer_parse(struct bytes raw, struct fetch_answer *out, struct error *err) MUST_USE;
bool fetch_note_parse(struct bytes raw, struct fetch_note *out, struct error *err) MUST_USE;

#endif
