#include "server/pacing.h"

#include "base/time.h"

uint32_t pacing_interval_s(uint32_t hosts)
{
    static const struct {
        uint32_t hosts, interval_s;
    } rows[] = {{10000, 300}, {100000, 600}, {1000000, 900}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (hosts <= rows[i].hosts)
            return rows[i].interval_s;
    return 1800;
}

/* The id is random, chosen by the server: any eight of its bytes are a hash of it. */
static uint64_t phase_of(const struct host_id *host, uint64_t interval)
{
    uint64_t bits;

    memcpy(&bits, host->at, sizeof(bits));
    return bits % interval;
}

uint32_t pacing_next_s(const struct pacing *pacing)
{
    uint64_t interval = pacing->interval_s < 4 ? 4 : pacing->interval_s;
    uint64_t now_s = pacing->now_us < 0 ? 0 : (uint64_t)(pacing->now_us / TIME_SECOND_US);
    uint64_t next = (phase_of(&pacing->host, interval) + interval - now_s % interval) % interval;

    if (next < interval / 4)
        next += interval; /* it was a little early: this was its moment */
    next += pacing->random % (interval / 16 + 1);
    if (next > AGENT_NEXT_MAX_S)
        next = AGENT_NEXT_MAX_S - pacing->random % (AGENT_NEXT_MAX_S / 16);
    return (uint32_t)next;
}
