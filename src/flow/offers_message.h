/*
 * What suture asks suture-prove about deltas, and what it answers: `suture-prove offers`.
 *
 * An index of deltas comes from the network, so it is looked at by the process that can do nothing else. It also looks
 * which of the bases is installed. Integers are little-endian, a text is a varint of its size and its bytes, a digest is its 32
 * bytes of SHA-256, a file is a digest and u64 size; `head` is that of flow/prove_message.h.
 *
 *     "SOQ2"  text root, folder (of the indexes)  u8 count of public keys, and so many times 32 bytes
 *             varint count, and for each: text name, arch, file (in the folder)  file deb
 *     "SOA1"  head, and when done for each in the same order: u8 state (enum offers_state)  u64 serial  text problem
 *             u8 found, and when it is 1: text package, arch, version  digest identity  file delta  u64 packed, memory
 *             varint count of supplements, and for each: u8 class  file
 *
 * Nothing may follow the last item. Each side distrusts the other.
 */
#ifndef FLOW_OFFERS_MESSAGE_H
#define FLOW_OFFERS_MESSAGE_H

#include "acquire/delta_index.h"
#include "flow/prove_message.h"

/* What there is for one package: a delta from what is installed here. */
struct delta_offer {
    bool found;
    struct delta_base base;
    uint64_t packed;
};

enum offers_state {
    OFFERS_ABSENT, /* there is no index */
    OFFERS_BROKEN, /* it is not believed, or none; `problem` says why */
    OFFERS_READ,
    OFFERS_STATE_COUNT
};

#define OFFERS_KEYS_MAX 5 /* the one that is pinned, and those of a repository's role */

struct offers_item {
    struct text name, arch; /* of the new package */
    struct text file;
    struct delta_file deb;
};

struct offers_question {
    struct text root, folder;
    struct public_key keys[OFFERS_KEYS_MAX]; /* an index is believed that one of them signed */
    size_t key_count;
    const struct offers_item *items;
    size_t count;
};

struct offers_answer {
    enum offers_state state;
    uint64_t serial;
    struct text problem;
    struct delta_offer offer;
};

void offers_question_write(struct writer *w, const struct offers_question *question);
void offers_answers_write(struct writer *w, const struct offers_answer *answers, size_t count);

/* Texts point into raw; arrays are in the arena. */
bool offers_question_read(struct bytes raw, struct arena *arena, struct offers_question *out,
                          struct error *err) MUST_USE;
/* `count` is how many were asked for; out has room for so many, filled when head->done. */
bool offers_answer_read(struct bytes raw, size_t count, struct arena *arena, struct prove_head *head,
                        struct offers_answer *out, struct error *err) MUST_USE;

#endif
