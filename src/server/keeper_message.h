/*
 * What the front asks its keeper, and what the keeper says: frames (base/helper.h), one question at a time, each with its answer.
 * Integers as in base/reader.h; `blob` is u32 size and so many bytes.
 *
 *     question   u8 kind   i64 time (the front's)   then of
 *       issue    u8[16] host   blob request (PKCS #10, DER)      -> blob certificate (DER)
 *       plan     blob canonical JSON (wire/fleet_plan.h)         -> u8[64]
 *       pulse    70 bytes of a pulse (wire/agent_message.h)      -> u8[64]
 *       audit    u64 count   u8[32] head                         -> u8[64]
 *     answer     u8 0, then as above; or u8 kind of error (base/error.h), blob text
 *
 * An audit head is signed as "suture-audit-1", u64 count, u8[32] head, i64 time.
 */
#ifndef SERVER_KEEPER_MESSAGE_H
#define SERVER_KEEPER_MESSAGE_H

#include "wire/agent_message.h"

#define KEEPER_MESSAGE_MAX    (AGENT_PLAN_MAX + 1024) /* a plan is the largest */
#define KEEPER_SIGNATURE_SIZE 64
#define KEEPER_AUDIT_LABEL    "suture-audit-1"

enum keeper_kind { KEEPER_UNKNOWN, KEEPER_ISSUE, KEEPER_PLAN, KEEPER_PULSE, KEEPER_AUDIT, KEEPER_KIND_COUNT };

struct keeper_question {
    enum keeper_kind kind;
    int64_t now_us;
    struct host_id host; /* issue */
    struct bytes body;   /* request, plan, pulse */
    uint64_t count;      /* audit */
    uint8_t head[32];
};

void keeper_question_write(struct writer *w, const struct keeper_question *question);
/* Its form; ERROR_INPUT. Views point into raw. */
bool keeper_question_parse(struct bytes raw, struct keeper_question *out, struct error *err) MUST_USE;

void keeper_answer_write(struct writer *w, struct bytes body);
void keeper_refusal_write(struct writer *w, const struct error *why);
/* False with the keeper's own error when it refused. */
bool keeper_answer_parse(struct bytes raw, struct bytes *body, struct error *err) MUST_USE;

/* What is signed of an audit head. */
void keeper_audit_write(struct writer *w, const struct keeper_question *question);

#endif
