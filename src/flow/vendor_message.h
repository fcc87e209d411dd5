/*
 * What suture asks suture-prove of the vendors' own security archives, and what it answers (prove_message.h).
 *
 *     vendor     "SNQ1"  i64 now  i64 after (microseconds)  text root, state, publishers, folder (of own lists)
 *                "SNA1"  head, and when done a varint count of suites, and for each: text publisher, uri, suite, why
 *                u8 silent  i64 date of the newest list here that the machine's own sources brought
 *                varint count of lists, and for each: text component, arch, why  u8 state  i64 date
 *
 * A suite is one that this machine has a source for, of a described publisher that names an archive of its own. It is
 * silent when no source of it is believed, or the newest is older than `after`; why says it. A list is the one in the
 * folder, as it was verified under the same publisher's rules; TIME_ABSENT is a date that is not known.
 */
#ifndef FLOW_VENDOR_MESSAGE_H
#define FLOW_VENDOR_MESSAGE_H

#include "flow/prove_message.h"

struct vendor_question {
    int64_t now_us, after_us;
    struct text root, state, publishers;
    struct text folder;
};

struct vendor_list {
    struct text component, arch;
    enum archive_state state;
    int64_t date_us;
    struct text why;
};

#define VENDOR_SUITES_MAX 8
#define VENDOR_LISTS_MAX  64

struct vendor_suite {
    struct text publisher, uri, suite;
    bool silent;
    struct text why;
    int64_t date_us;
    const struct vendor_list *lists;
    size_t list_count;
};

struct vendor_suites {
    const struct vendor_suite *at;
    size_t count;
};

void vendor_question_write(struct writer *w, const struct vendor_question *question);
void vendor_suites_write(struct writer *w, const struct vendor_suites *suites);

/* Texts point into raw; arrays are in the arena. */
bool vendor_question_read(struct bytes raw, struct vendor_question *out, struct error *err) MUST_USE;
bool vendor_answer_read(struct bytes raw, struct arena *arena, struct prove_head *head,
                        struct vendor_suites *out, struct error *err) MUST_USE;

#endif
