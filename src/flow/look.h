/*
 * Looking at the machine before, after, and at the end of a run, by the helper program suture-look.
 *
 * Whoever carries a plan out has given up running programs and looking into other processes by the time when it is to be
 * known what is well and what still runs old code. So suture-look is started before that, and is asked three things:
 *
 *     LOOK_BEFORE    health checks, asked before the change          what they are asked for, as commands of the policy,
 *     LOOK_AFTER     the same, asked again                           needs all rights
 *     LOOK_EVIDENCE  the facts and the three verdicts (verify.h)     it gives all but reading up first, for good
 *
 * Answers are evidence as JSON (verify/seal.h): what BEFORE answered is handed to AFTER, and what that answered to EVIDENCE,
 * so nothing is lost with an interruption as long as whoever asks keeps it. In frames (base/helper.h), integers
 * little-endian, a text or JSON document as u32 of its size and its bytes:
 *
 *     question   "SLQ1"  u8 what  u8 run kind  u8 outcome  i64 begun  u32 groups  text state, root, policy (empty: the configured), run
 *                text plan, former
 *     answer     "SLA1"  u8 error kind  text problem  u8 broke  text note  text evidence
 */
#ifndef FLOW_LOOK_H
#define FLOW_LOOK_H

#include "base/helper.h"
#include "model/evidence.h"
#include "model/plan.h"

enum look_what { LOOK_UNKNOWN, LOOK_BEFORE, LOOK_AFTER, LOOK_EVIDENCE, LOOK_WHAT_COUNT };

struct look_question {
    enum look_what what;
    enum run_kind kind;     /* of the run */
    enum run_state outcome; /* EVIDENCE */
    int64_t begun_us;
    uint32_t
        groups; /* EVIDENCE of a run that was stopped: how many of the plan's it made; no others are looked at */
    struct text state, root, policy, run;
    struct bytes plan;   /* flow/plan_json.h */
    struct bytes former; /* AFTER, EVIDENCE: the evidence so far; empty: no check was asked */
};

struct look_answer {
    enum error_kind kind; /* of the problem; ERROR_NONE: it was looked */
    struct text problem;
    bool broke;       /* AFTER: what was well before is ill */
    struct text note; /* one line */
    struct bytes evidence;
};

void look_question_write(struct writer *w, const struct look_question *question);
void look_answer_write(struct writer *w, const struct look_answer *answer);
/* All points into raw. */
bool look_question_read(struct bytes raw, struct look_question *out, struct error *err) MUST_USE;
bool look_answer_read(struct bytes raw, struct look_answer *out, struct error *err) MUST_USE;

/* program: suture-look. Close with OWN(helper_end). */
bool look_start(const char *program, struct helper *out, struct error *err) MUST_USE;
/* The answer is in the arena; its problem is the failure. */
bool look_ask(const struct helper *helper, const struct look_question *question, struct arena *arena,
              struct look_answer *out, struct error *err) MUST_USE;

#endif
