/*
 * What suture asks suture-rebuild, and what it answers.
 *
 * It is asked once, on its standard input, and answers on its standard output in frames, u32 size and so many bytes:
 * progress as often as it likes, and at the end one of the others. Integers are little-endian, a text is a varint of its
 * size and its bytes. Files come as open descriptors: 3 the delta; to make also 4 the spool and 5 the output; then the
 * supplements.
 *
 *     question   "SRQ1"  u8 what  u8 1 if it shall yield to all others  u32 threads  u64 memory  u64 file size (of spool and
 *                output)  u8 count of supplements  text root, package, arch (empty: whom the delta names)
 *     answer     "SRP1"  u64 done  u64 all
 *                "SRV1"  u8 confined  view
 *                "SRF1"  u8 confined  u8 error kind  text problem
 *     view       text package, version, arch (of the base), package, version, arch (of what is made)
 *                u64 size of the output  32 bytes SHA-256 of it  u64 size of the spool  u64 memory
 *                for each class of the base but the first: u32 how many of its files are missing here; text why the first one is
 *
 * Each side distrusts the other: a helper that has met a bad delta may say anything.
 */
#ifndef FLOW_REBUILD_MESSAGE_H
#define FLOW_REBUILD_MESSAGE_H

#include "base/reader.h"
#include "base/writer.h"
#include "delta/base.h"

#define REBUILD_SUPPLEMENTS_MAX 5 /* one for each class of a base */

enum rebuild_what { REBUILD_UNKNOWN, REBUILD_LOOK, REBUILD_MAKE, REBUILD_WHAT_COUNT };

struct rebuild_question {
    enum rebuild_what what;
    bool yields; /* to all other processes, for processor and disk */
    uint32_t threads;
    uint64_t memory_max, file_size_max;
    size_t supplement_count;
    struct text root, package, arch;
};

/* A delta, looked at on this machine. */
struct rebuild_view {
    struct text package, version, arch; /* of the base that it wants */
    struct text made_name, made_version, made_arch;
    uint64_t size;               /* of what it makes */
    struct digest digest;        /* SHA-256 of that, as the delta says */
    uint64_t spool_size, memory; /* that making takes on disk, and beside packing */
    uint32_t missing
        [BASE_CLASS_COUNT];    /* files of the base that it reads and that are not here as they should be */
    struct text missing_first; /* why the first one is not */
};

enum rebuild_answer_kind { REBUILD_ANSWER_UNKNOWN, REBUILD_PROGRESS, REBUILD_VIEWED, REBUILD_FAILED };

struct rebuild_answer {
    enum rebuild_answer_kind kind;
    uint64_t done, all;       /* PROGRESS */
    uint8_t confined;         /* VIEWED, FAILED: enum confinement */
    struct rebuild_view view; /* VIEWED, also when it was made */
    enum error_kind error;    /* FAILED */
    struct text problem;
};

void rebuild_question_write(struct writer *w, const struct rebuild_question *question);
/* One frame's bytes, without its size. */
void rebuild_answer_write(struct writer *w, const struct rebuild_answer *answer);

/* Texts point into raw. */
bool rebuild_question_read(struct bytes raw, struct rebuild_question *out, struct error *err) MUST_USE;
bool rebuild_answer_read(struct bytes raw, struct rebuild_answer *out, struct error *err) MUST_USE;

#endif
