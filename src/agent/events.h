/*
 * What is told to the server: read from what the work left durably (the journal of runs, sealed evidence, what the
 * repository signed), put into the outbox once, and sent until it is acknowledged.
 *
 * The work itself knows nothing of this. Each source is read from where it was left, and how far is noted in the same
 * transaction as the events: so each step is told once, whatever dies in between.
 */
#ifndef AGENT_EVENTS_H
#define AGENT_EVENTS_H

#include "agent/agent.h"
#include "store/outbox.h"

bool events_open(const struct agent *agent, struct outbox *out, struct error *err) MUST_USE;

/* Appends what is new. A source that cannot be read is told as a notice, and keeps nobody else out. */
bool events_collect(const struct agent *agent, struct outbox *outbox, struct error *err) MUST_USE;

/* One that comes from nowhere durable: name is a word of wire/agent_message.h's alarms. */
bool events_put(const struct agent *agent, struct outbox *outbox, enum agent_event_kind kind,
                const char *name, struct text text, struct error *err) MUST_USE;

/*
 * The name of the attack that this text tells of (model/refusal.h): it stands in it with a colon behind. NULL: of none, such as a network
 * that failed.
 */
const char *events_attack(struct text text);

/* An alarm of something that is found again at every turn: told when it is new, and once a day. Changes memory. */
bool events_alarm(struct agent *agent, struct outbox *outbox, const char *name, struct text text,
                  struct error *err) MUST_USE;

/* Sends what waits, over this link. ERROR_CONFLICT: the server refuses, and the answer says for how long. */
bool events_send(struct agent *agent, struct outbox *outbox, struct link *link, struct link_answer *answer,
                 struct error *err) MUST_USE;

/* Takes the server's word. When it does not fit, ours begins a new epoch, and the server is told. */
bool events_acknowledged(const struct agent *agent, struct outbox *outbox, uint64_t epoch, uint64_t ack,
                         struct error *err) MUST_USE;

#endif
