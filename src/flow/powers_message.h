/*
 * What suture asks "suture-prove powers", and what it answers (flow/prove_message.h says how they speak).
 *
 *     "SWQ2"  text root  varint count, and for each: text name, arch, from, to, follows, path of the package file
 *     "SWA1"  head, and when done: varint count of powers, and for each: u8 kind  u8 flags (1 new, 2 small)
 *             varint files  text package, arch, path, what, change (this one of lines)
 */
#ifndef FLOW_POWERS_MESSAGE_H
#define FLOW_POWERS_MESSAGE_H

#include "acquire/powers.h"
#include "flow/prove_message.h"

struct powers_item {
    struct text name, arch, from, to, follows, path;
};

struct powers_question {
    struct text root;
    const struct powers_item *items;
    size_t count;
};

void powers_question_write(struct writer *w, const struct powers_question *question);
void powers_items_write(struct writer *w, const struct powers *powers);

/* Texts point into raw; arrays are in the arena. */
bool powers_question_read(struct bytes raw, struct arena *arena, struct powers_question *out,
                          struct error *err) MUST_USE;
bool powers_answer_read(struct bytes raw, struct arena *arena, struct prove_head *head, struct powers *out,
                        struct error *err) MUST_USE;

#endif
