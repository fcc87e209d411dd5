#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/agent_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted is written again to the same bytes: a message has one spelling. */
static void expect_same(struct writer *w, struct bytes raw)
{
    struct bytes written = writer_bytes(w);

    if (!writer_ok(w) || written.size != raw.size || memcmp(written.at, raw.at, raw.size) != 0)
        abort();
    writer_clear(w);
}

#define TRY(name)                                                                                            \
    do {                                                                                                     \
        struct agent_##name message;                                                                         \
        if (agent_##name##_parse(raw, &message, &err)) {                                                     \
            agent_##name##_write(w, &message);                                                               \
            expect_same(w, raw);                                                                             \
        }                                                                                                    \
    } while (0)

static void try_fixed(struct bytes raw, struct writer *w)
{
    struct error err;

    TRY(enrol);
    TRY(identity);
    TRY(renew);
    TRY(checkin);
    TRY(pace);
    TRY(inventory);
    TRY(lacks);
    TRY(commit);
    TRY(ack);
    TRY(pulse);
}

static void try_outbox(struct bytes raw, struct writer *w)
{
    struct agent_outbox outbox;
    struct agent_event event;
    struct error err;
    uint16_t count = 0;

    if (!agent_outbox_parse(raw, &outbox, &err))
        return;
    struct agent_outbox_walk walk = agent_outbox_walk_with(&outbox);
    size_t place = agent_outbox_begin(w, outbox.epoch, outbox.first);
    while (agent_outbox_next(&walk, &event)) {
        if (event.number != outbox.first + count)
            abort();
        agent_outbox_put(w, event.kind, event.made_us, event.body);
        count++;
    }
    if (count != outbox.count)
        abort();
    agent_outbox_end(w, place, count);
    expect_same(w, raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = {data, size};
    struct writer w = writer_with(4 * AGENT_OUTBOX_MAX);

    try_fixed(raw, &w);
    try_outbox(raw, &w);
    writer_end(&w);
    return 0;
}
