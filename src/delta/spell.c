#include "delta/spell.h"

#include <stdlib.h>

#define INPUTS       (SPELL_CONTEXTS + 2)
#define MATCH_MAX    63
#define SAID_LOG_MAX 22

bool spell_begin(struct spell *s, unsigned log, struct error *err)
{
    *s = (struct spell){.mask = (UINT32_C(1) << log) - 1};
    unsigned said_log = log + 2 > SAID_LOG_MAX ? SAID_LOG_MAX : log + 2;

    s->said_mask = (UINT32_C(1) << said_log) - 1;
    s->lines = calloc((size_t)s->mask + 1, sizeof(*s->lines));
    s->said = calloc((size_t)s->said_mask + 1, 1);
    s->seen = calloc((size_t)s->said_mask + 1, sizeof(*s->seen));
    if (s->lines == NULL || s->said == NULL || s->seen == NULL) {
        spell_end(s);
        return error_set(err, ERROR_LIMIT, "out of memory: %u lines of odds", s->mask + 1);
    }
    for (size_t i = 0; i < SPELL_KIND_COUNT * SPELL_SETS; i++)
        mix_start(&s->mixes[i], INPUTS);
    for (size_t i = 0; i < SPELL_KIND_COUNT * 256 * 3; i++)
        mix_start(&s->second[i], INPUTS);
    return true;
}

void spell_end(struct spell *s)
{
    free(s->lines);
    free(s->said);
    free(s->seen);
    s->lines = NULL;
    s->said = NULL;
    s->seen = NULL;
}

unsigned spell_log(uint64_t bytes)
{
    unsigned log = SPELL_LOG_MIN;

    while (log < SPELL_LOG_MAX && (UINT64_C(1) << log) < bytes * SPELL_CONTEXTS)
        log++;
    return log;
}

static uint32_t mixed_hash(uint64_t value, unsigned context)
{
    return (uint32_t)(((value + context * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93)) >>
                      32);
}

/* The line of a context: its own, or the less used of two, taken over. */
static struct spell_line *line_of(struct spell *s, uint32_t hash)
{
    uint16_t mark = (uint16_t)(hash >> 16 | 1);
    struct spell_line *first = &s->lines[(hash * 0x2c1b3c6du >> 8) & s->mask],
                      *second = &s->lines[((hash * 0x2c1b3c6du >> 8) ^ 1) & s->mask];

    if (first->odds[0].skew == mark)
        return first;
    if (second->odds[0].skew == mark)
        return second;
    if (second->odds[1].count < first->odds[1].count)
        first = second;
    *first = (struct spell_line){.odds[0].skew = mark};
    return first;
}

static void contexts_hash(const struct spell_context *c, uint32_t hashes[SPELL_CONTEXTS])
{
    uint64_t before = c->before;
    unsigned i = 0;

    hashes[i] = mixed_hash(c->kind, i), i++;
    hashes[i] = mixed_hash(before & 0xff, i), i++;
    hashes[i] = mixed_hash(before & 0xffff, i), i++;
    hashes[i] = mixed_hash(before & 0xffffff, i), i++;
    hashes[i] = mixed_hash(before & 0xffffffff, i), i++;
    hashes[i] = mixed_hash(before & 0xffffffffffff, i), i++;
    hashes[i] = mixed_hash((uint64_t)c->kind << 9 | c->expected, i), i++;
    hashes[i] = mixed_hash((uint64_t)c->expected << 8 | (before & 0xff), i), i++;
    hashes[i] = mixed_hash(before & 0xffff00, i), i++;
}

static void match_find(struct spell *s, uint64_t before)
{
    if (s->match_size > 0)
        return;
    uint32_t slot = mixed_hash(before & 0xffffffffff, 77) & s->said_mask;
    s->match = s->seen[slot];
    if (s->match > 0)
        s->match_size = 1;
}

static void match_learn(struct spell *s, uint64_t before, uint8_t byte)
{
    if (s->match_size > 0) {
        if (s->said[s->match & s->said_mask] == byte) {
            s->match_size += s->match_size < MATCH_MAX;
            s->match++;
        } else
            s->match_size = 0;
    }
    s->said_count++;
    s->seen[mixed_hash(before & 0xffffffffff, 77) & s->said_mask] = s->said_count;
    s->said[s->said_count & s->said_mask] = byte;
}

/* One bit: all contexts' odds and what a repetition says, mixed. */
static unsigned spell_bit(struct spell *s, struct coder *coder, struct odds **odds, struct odds *match,
                          bool expected, struct mix *mix, struct mix *second, unsigned bit)
{
    int32_t inputs[INPUTS];

    for (size_t i = 0; i < SPELL_CONTEXTS; i++)
        inputs[i] = mix_stretch(coder, odds_one(odds[i]));
    inputs[SPELL_CONTEXTS] = match == NULL ? 0 : mix_stretch(coder, odds_one(match)) * (expected ? 1 : -1);
    inputs[SPELL_CONTEXTS + 1] = 256;
    uint32_t one = mix_one(coder, mix, inputs, INPUTS), other = mix_one(coder, second, inputs, INPUTS);
    uint32_t both = (one + other) / 2;
    (void)s;
    bit = coder_bit(coder, both, bit);
    mix_learn(mix, inputs, INPUTS, one, bit, 20);
    mix_learn(second, inputs, INPUTS, other, bit, 20);
    for (size_t i = 0; i < SPELL_CONTEXTS; i++)
        odds_learn(odds[i], bit, 40);
    if (match != NULL)
        odds_learn(match, bit == expected, ODDS_LIMIT);
    return bit;
}

uint8_t spell_byte(struct spell *s, struct coder *coder, const struct spell_context *context, uint8_t byte)
{
    uint32_t hashes[SPELL_CONTEXTS];
    struct spell_line *lines[SPELL_CONTEXTS];
    struct odds *odds[SPELL_CONTEXTS];
    unsigned got = 1;

    contexts_hash(context, hashes);
    match_find(s, context->before);
    for (unsigned i = 0; i < 8; i++) {
        if (i % 4 == 0)
            for (size_t j = 0; j < SPELL_CONTEXTS; j++)
                lines[j] = line_of(s, i == 0 ? hashes[j] : (hashes[j] + got) * 0x9e3779b1u);
        unsigned node = i < 4 ? got : (got & ((1u << (i - 4)) - 1)) | 1u << (i - 4);
        for (size_t j = 0; j < SPELL_CONTEXTS; j++)
            odds[j] = &lines[j]->odds[node];
        struct odds *match = NULL;
        bool expected = false;
        if (s->match_size > 0) {
            unsigned said = s->said[s->match & s->said_mask] | 0x100u;
            if (said >> (8 - i) == got) {
                expected = said >> (7 - i) & 1;
                match = &s->match_odds[s->match_size][0];
            }
        }
        struct mix *mix = &s->mixes[context->kind * SPELL_SETS +
                                    (match == NULL        ? 0u
                                     : s->match_size < 16 ? 1u
                                                          : 2u) *
                                        8 +
                                    i];
        struct mix *second = &s->second[(size_t)context->kind * 768 + got];
        got = got << 1 | spell_bit(s, coder, odds, match, expected, mix, second, byte >> (7 - i) & 1);
    }
    match_learn(s, context->before, (uint8_t)got);
    return (uint8_t)got;
}
