#include "delta/spell.h"

#include <stdlib.h>

#include "base/os.h"

#define MATCH_MAX    63
#define WEIGHT_START 2730 /* a third for each */
#define WEIGHT_RATE  5
#define ODDS_QUICK   40 /* contexts of bytes change: no slower than that */
#define SAID_LOG_MAX 22

static void mix_begin(struct spell_mix *mix)
{
    for (size_t i = 0; i < SPELL_CONTEXTS + 1; i++)
        mix->weights[i] = WEIGHT_START;
}

bool spell_begin(struct spell *s, unsigned log, struct error *err)
{
    *s = (struct spell){.mask = (UINT32_C(1) << log) - 1};
    unsigned said_log = log + 2 > SAID_LOG_MAX ? SAID_LOG_MAX : log + 2;

    s->said_mask = (UINT32_C(1) << said_log) - 1;
    s->lines = calloc((size_t)s->mask + 1, sizeof(*s->lines));
    s->said = calloc((size_t)s->said_mask + 1, 1);
    s->seen = calloc((size_t)s->said_mask + 1, sizeof(*s->seen));
    os_expect_filling(s->lines, ((size_t)s->mask + 1) * sizeof(*s->lines));
    os_expect_filling(s->seen, ((size_t)s->said_mask + 1) * sizeof(*s->seen));
    if (s->lines == NULL || s->said == NULL || s->seen == NULL) {
        spell_end(s);
        return error_set(err, ERROR_LIMIT, "out of memory: %u lines of odds", s->mask + 1);
    }
    for (size_t i = 0; i < SPELL_KIND_COUNT; i++) {
        for (size_t j = 0; j < (size_t)SPELL_ROLES * SPELL_SETS; j++)
            mix_begin(&s->mixes[i][j / SPELL_SETS][j % SPELL_SETS]);
    }
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

/* In code, contexts that count from where an instruction begins stand for some that count bytes. */
static void contexts_hash(const struct spell_context *c, uint32_t hashes[SPELL_CONTEXTS])
{
    uint64_t before = c->before;
    bool code = c->code.role != 0;
    const uint64_t values[SPELL_CONTEXTS] = {
        (uint64_t)c->expected << 8 | (before & 0xff),
        code ? UINT64_C(1) << 60 | (uint64_t)c->code.role << 9 | c->code.expected : before & 0xffff,
        code ? c->code.contexts[1] : before & 0xffffff,
        code ? c->code.contexts[0] : before & 0xffffffff,
    };

    for (unsigned i = 0; i < SPELL_CONTEXTS; i++)
        hashes[i] = mixed_hash(values[i], i);
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

/* Products of sixteen by sixteen bits: compilers make vectors of these two. */
static int32_t mix_sum(const struct spell_mix *mix, const int16_t *inputs)
{
    int32_t sum = 0;

    for (size_t i = 0; i < SPELL_INPUTS; i++)
        sum += (int32_t)inputs[i] * mix->weights[i];
    return sum >> 13;
}

static void mix_move(struct spell_mix *mix, const int16_t *inputs, int32_t miss)
{
    for (size_t i = 0; i < SPELL_INPUTS; i++) {
        int32_t weight = mix->weights[i] + ((inputs[i] * miss + 0x8000) >> 16);
        mix->weights[i] = (int16_t)(weight > INT16_MAX ? INT16_MAX : weight < INT16_MIN ? INT16_MIN : weight);
    }
}

static uint32_t mix_squash(const struct coder *coder, int32_t sum)
{
    return coder->squash[(sum > 2047 ? 2047 : sum < -2047 ? -2047 : sum) + 2048];
}

/* What speaks about one bit. */
struct spelling {
    struct spell_line *lines[SPELL_CONTEXTS];
    struct odds *repeated; /* or NULL */
    bool repeats;          /* the bit that a repetition would have */
    struct spell_mix *mix;
};

static unsigned spell_bit(struct coder *coder, struct spelling *s, unsigned node, unsigned bit)
{
    _Alignas(32) int16_t inputs[SPELL_INPUTS] = {0};

    for (size_t i = 0; i < SPELL_CONTEXTS; i++)
        inputs[i] = (int16_t)mix_stretch(coder, odds_one(&s->lines[i]->odds[node]));
    if (s->repeated != NULL)
        inputs[SPELL_CONTEXTS] = (int16_t)(mix_stretch(coder, odds_one(s->repeated)) * (s->repeats ? 1 : -1));
    inputs[SPELL_CONTEXTS + 1] = 256;
    uint32_t one = mix_squash(coder, mix_sum(s->mix, inputs));
    bit = coder_bit(coder, one, bit);
    int32_t right = bit ? 65535 : 0;
    mix_move(s->mix, inputs, (right - (int32_t)one) * WEIGHT_RATE / 32);
    for (size_t i = 0; i < SPELL_CONTEXTS; i++)
        odds_learn(&s->lines[i]->odds[node], bit, ODDS_QUICK);
    if (s->repeated != NULL)
        odds_learn(s->repeated, bit == s->repeats, ODDS_LIMIT);
    return bit;
}

/* How many of the longer contexts have been seen: how far to trust them. */
static unsigned contexts_known(const struct spelling *s)
{
    unsigned known = 0;

    for (size_t i = 1; i < 4; i++)
        known += s->lines[i]->odds[1].count > 0;
    return known;
}

uint8_t spell_byte(struct spell *s, struct coder *coder, const struct spell_context *context, uint8_t byte)
{
    uint32_t hashes[SPELL_CONTEXTS];
    struct spelling now = {0};
    unsigned got = 1, known = 0;

    contexts_hash(context, hashes);
    match_find(s, context->before);
    unsigned said = s->match_size > 0 ? s->said[s->match & s->said_mask] | 0x100u : 0;
    for (unsigned i = 0; i < 8; i++) {
        if (i % 4 == 0) {
            for (size_t j = 0; j < SPELL_CONTEXTS; j++)
                now.lines[j] = line_of(s, i == 0 ? hashes[j] : (hashes[j] + got) * 0x9e3779b1u);
            known = contexts_known(&now);
        }
        unsigned node = i < 4 ? got : (got & ((1u << (i - 4)) - 1)) | 1u << (i - 4);
        now.repeated = said >> (8 - i) == got ? &s->match_odds[s->match_size] : NULL;
        now.repeats = said >> (7 - i) & 1;
        now.mix = &s->mixes[context->kind][context->code.role][(now.repeated == NULL ? 0u
                                                                : s->match_size < 16 ? 1u
                                                                                     : 2u) *
                                                                   5 +
                                                               known];
        got = got << 1 | spell_bit(coder, &now, node, byte >> (7 - i) & 1);
    }
    match_learn(s, context->before, (uint8_t)got);
    return (uint8_t)got;
}
