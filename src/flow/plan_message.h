/*
 * What suture asks suture-plan, and what it answers.
 *
 * suture-plan is the process that parses lists, statuses and advisories and solves dependencies. It is asked on its
 * standard input and answers on its standard output, integers little-endian, a text as a varint of its size and its bytes:
 *
 *     "SPQ4"  u64 now  u8 now given  u8 level  u64 due within  u8 scope  u8 flags (1 fleet, 2 ignore waits)
 *             text state, root, index, policy, publishers (empty: none)
 *             varint count of names, and so many texts
 *             varint count of lifted files, and so many times 32 bytes of SHA-256; the same of approved ones
 *
 *     "SPL3"  u8 1 done, 2 failed  u8 error kind  u8 judged  u8 complete  u8 confined (enum confinement)  text problem
 *             when done: u32 size and bytes of the plan (flow/plan_json.h), u32 size and bytes of what was seen
 *             (store/versions_seen.h), then to the end what is to be remembered of
 *             verified lists, each a text, its name, and u32 size and bytes: suture-plan may not write it
 */
#ifndef FLOW_PLAN_MESSAGE_H
#define FLOW_PLAN_MESSAGE_H

#include "base/reader.h"
#include "base/writer.h"
#include "flow/plan.h"

void plan_question_write(struct writer *w, const struct plan_request *request);
/* Texts and strings are in the arena. */
bool plan_question_read(struct bytes raw, struct arena *arena, struct plan_request *out, struct error *err)
    MUST_USE;

struct plan_answer {
    bool done;
    enum error_kind kind; /* of the problem, when it failed */
    bool judged, complete;
    struct text problem; /* or, when it is done, what plan_found calls refused */
    uint8_t confined;
    struct bytes plan;
    struct bytes offered; /* a list of versions, as versions_seen_parse reads it */
    struct bytes memory;
};
/* All but the memory, which follows it. */
void plan_answer_write(struct writer *w, const struct plan_answer *answer);
/* Texts and the plan point into raw; the plan itself is not looked at. */
bool plan_answer_read(struct bytes raw, struct plan_answer *out, struct error *err) MUST_USE;

/* One file of the memory. *found is false at its end; a name is sixteen hexadecimal digits, '.' and letters. */
bool plan_memory_next(struct reader *r, struct text *name, struct bytes *content, bool *found,
                      struct error *err) MUST_USE;
void plan_memory_write(struct writer *w, struct text name, struct bytes content);

#endif
