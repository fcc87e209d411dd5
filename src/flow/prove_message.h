/*
 * What suture asks suture-prove, and what it answers.
 *
 * suture-prove is the process that verifies lists, or reads the insides of packages, for those that may do neither. Its
 * argument says which; it is asked on its standard input and answers on its standard output. Integers are
 * little-endian, a text is a varint of its size and its bytes, `head` is: u8 1 done, 2 failed, u8 error kind,
 * u8 confined (enum confinement), text problem.
 *
 *     lists      "SVQ2"  i64 now  text root, state (empty: none), publishers (a file; empty: none)
 *                varint count, and for each: text name, arch, version
 *                "SVA2"  head, and when done for each in the same order a varint count of records, and for each:
 *                text name, arch, version, uri, file, suite  u64 size  32 bytes of SHA-256
 *                u8 state  u8 went back  u8 refusal  i64 date  text why, signers
 *     packages   "SCQ1"  varint count, and for each: text path
 *                "SCA1"  head, and when done for each: text name, arch, version
 *
 * Nothing may follow the last item. Each side distrusts the other: counts are checked against the bytes that are left,
 * texts have limits and no control bytes.
 */
#ifndef FLOW_PROVE_MESSAGE_H
#define FLOW_PROVE_MESSAGE_H

#include "base/reader.h"
#include "base/writer.h"
#include "model/vouched.h"

struct prove_lists_question {
    int64_t now_us;
    struct text root, state;
    struct text publishers;                /* a file (flow/vendor.h); empty: the built-in ones alone */
    const struct vouch_question *packages; /* ends in one without a name */
    size_t count;
};

struct prove_packages_question {
    const struct text *paths;
    size_t count;
};

/* Of both answers. */
struct prove_head {
    bool done;
    enum error_kind kind;
    uint8_t confined;
    struct text problem;
};

void prove_lists_question_write(struct writer *w, const struct prove_lists_question *question);
void prove_packages_question_write(struct writer *w, const struct prove_packages_question *question);
void prove_head_write(struct writer *w, const char *magic, const struct prove_head *head);
/* Fails the reader when it is broken. */
void prove_head_read(struct reader *r, const char *magic, struct prove_head *out);
void prove_records_write(struct writer *w, const struct vouched_records *records, size_t count);
void prove_claims_write(struct writer *w, const struct package_claim *claims, size_t count);

/* Texts point into raw; arrays are in the arena. */
bool prove_lists_question_read(struct bytes raw, struct arena *arena, struct prove_lists_question *out,
                               struct error *err) MUST_USE;
bool prove_packages_question_read(struct bytes raw, struct arena *arena, struct prove_packages_question *out,
                                  struct error *err) MUST_USE;
/* `count` is how many were asked for; out has room for so many, filled when head->done. */
bool prove_lists_answer_read(struct bytes raw, size_t count, struct arena *arena, struct prove_head *head,
                             struct vouched_records *out, struct error *err) MUST_USE;
bool prove_packages_answer_read(struct bytes raw, size_t count, struct prove_head *head,
                                struct package_claim *out, struct error *err) MUST_USE;

#endif
