#include "delta/spell.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/os.h"

#define MATCH_MAX    63
#define WEIGHT_START 2730 /* a third for each */
#define WEIGHT_RATE  5
#define WEIGHT_MAX   32000 /* one step more is still of sixteen bits */
#define ODDS_QUICK   40    /* contexts of bytes change: no slower than that */
#define ASKED        ((1u << SPELL_ASKED) - 1)
#define SAID_LOG_MAX 20
#define LARGE_PAGE   (2 * MIB)

static void mix_begin(struct spell_mix *mix)
{
    for (size_t i = 0; i < SPELL_CONTEXTS + 1; i++)
        mix->weights[i] = WEIGHT_START;
}

bool spell_begin(struct spell *s, unsigned log, struct error *err)
{
    *s = (struct spell){.mask = (UINT32_C(1) << log) - 1};
    unsigned said_log = log < SPELL_LOG_MAX ? log : SAID_LOG_MAX;

    s->said_mask = (UINT32_C(1) << said_log) - 1;
    size_t lines = ((size_t)s->mask + 1) * sizeof(*s->lines), said = (size_t)s->said_mask + 1;
    size_t size = lines + said * (sizeof(*s->seen) + 1);
    /* From the begin of a large page, if it is that large: what is looked up in all places of it should have no small ones. */
    size_t align = size < LARGE_PAGE ? 2 * sizeof(*s->lines) : LARGE_PAGE;
    s->memory = calloc(1, size + align);
    if (s->memory == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %u lines of odds", s->mask + 1);
    uint8_t *begin = (uint8_t *)s->memory + (-(uintptr_t)s->memory & (align - 1));
    os_expect_filling(begin, size);
    s->lines = (struct spell_line *)begin;
    s->seen = (uint32_t *)(begin + lines);
    s->said = begin + lines + said * sizeof(*s->seen);
    for (size_t i = 0; i < SPELL_KIND_COUNT; i++) {
        for (size_t j = 0; j < (size_t)SPELL_ROLES * SPELL_SETS; j++)
            mix_begin(&s->mixes[i][j / SPELL_SETS][j % SPELL_SETS]);
    }
    return true;
}

void spell_end(struct spell *s)
{
    free(s->memory);
    s->memory = NULL;
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

static inline uint32_t line_place(const struct spell *s, uint32_t hash)
{
    return (hash * 0x2c1b3c6du >> 8) & s->mask;
}

/* The line of a context: its own, or the less used of two, taken over. */
static inline struct spell_line *line_of(struct spell *s, uint32_t hash)
{
    unsigned mark = (hash >> 16 | 1u << SPELL_ASKED) & 0xffffu & ~ASKED;
    struct spell_line *first = &s->lines[line_place(s, hash)], *second = &s->lines[line_place(s, hash) ^ 1];

    if ((first->mark & ~ASKED) == mark)
        return first;
    if ((second->mark & ~ASKED) == mark)
        return second;
    if ((second->mark & ASKED) < (first->mark & ASKED))
        first = second;
    *first = (struct spell_line){.mark = (uint16_t)mark};
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

static inline uint32_t match_slot(const struct spell *s, uint64_t before)
{
    return mixed_hash(before & 0xffffffffff, 77) & s->said_mask;
}

static void match_find(struct spell *s, uint64_t before)
{
    if (s->match_size > 0)
        return;
    uint32_t slot = match_slot(s, before);
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
    s->seen[match_slot(s, before)] = s->said_count;
    s->said[s->said_count & s->said_mask] = byte;
    __builtin_prefetch(&s->seen[match_slot(s, before << 8 | byte)], 1);
}

typedef int16_t spell_vector __attribute__((vector_size(2 * SPELL_INPUTS)));

/* Products of sixteen by sixteen bits: compilers make vectors of these two. */
static int32_t mix_sum(const struct spell_mix *mix, const int16_t *inputs)
{
    int32_t sum = 0;

    for (size_t i = 0; i < SPELL_INPUTS; i++)
        sum += (int32_t)inputs[i] * mix->weights[i];
    return sum >> 13;
}

static void mix_move(struct spell_mix *mix, const int16_t *inputs, int16_t miss)
{
    int16_t misses[SPELL_INPUTS] = {0};

    for (size_t i = 0; i < SPELL_INPUTS; i++)
        misses[i] = miss;
    for (size_t i = 0; i < SPELL_INPUTS; i++) {
        int16_t moved = (int16_t)((inputs[i] * misses[i]) >> 16),
                rest = (int16_t)((uint16_t)(inputs[i] * misses[i]) >> 15);
        int16_t weight = mix->weights[i];
        weight = weight > WEIGHT_MAX ? WEIGHT_MAX : weight;
        weight = weight < -WEIGHT_MAX ? -WEIGHT_MAX : weight;
        mix->weights[i] = (int16_t)(weight + moved + rest);
    }
}

static uint32_t mix_squash(const struct coder *coder, int32_t sum)
{
    return coder->squash[(sum > 2047 ? 2047 : sum < -2047 ? -2047 : sum) + 2048];
}

/* All at once: each is waited for as long as for all of them. */
static inline void lines_fetch(const struct spell *s, const uint32_t hashes[SPELL_CONTEXTS])
{
    for (size_t i = 0; i < SPELL_CONTEXTS; i++)
        __builtin_prefetch(&s->lines[line_place(s, hashes[i])], 1);
}

/* What speaks about one bit. */
struct spelling {
    struct spell_line *lines[SPELL_CONTEXTS];
    int32_t rates[SPELL_CONTEXTS]; /* by which they learn now */
    unsigned known;                /* how many of the longer contexts have been seen: how far to trust them */
    struct odds *repeated;         /* or NULL */
    bool repeats;                  /* the bit that a repetition would have */
    struct spell_mix *mix;
};

static inline uint32_t line_one(const struct spell_line *line, unsigned node)
{
    return line->odds[node - 1] ^ 0x8000u;
}

/* right: 0 or 65535. What was not asked before learns at once, however often its line was. */
static inline void line_learn(struct spell_line *line, unsigned node, int32_t right, int32_t rate)
{
    int32_t one = (int32_t)line_one(line, node);

    rate = line->odds[node - 1] == 0 ? odds_rates[0] : rate;
    one += ((right - one) * rate) >> 16;
    line->odds[node - 1] = (uint16_t)((uint32_t)one ^ 0x8000u);
}

/* The lines for half a byte, and how fast they learn. */
static void lines_take(struct spell *s, const uint32_t hashes[SPELL_CONTEXTS], struct spelling *out)
{
    out->known = 0;
    lines_fetch(s, hashes);
    for (size_t i = 0; i < SPELL_CONTEXTS; i++) {
        struct spell_line *line = line_of(s, hashes[i]);
        unsigned asked = line->mark & ASKED;
        out->lines[i] = line;
        out->rates[i] = odds_rates[asked];
        out->known += i > 0 && asked > 0;
        line->mark = (uint16_t)(line->mark + (asked < ODDS_QUICK));
    }
}

static unsigned spell_bit(struct coder *coder, struct spelling *s, unsigned node, unsigned bit)
{
    _Alignas(16) int16_t inputs[SPELL_INPUTS];
    int32_t repeated = 0;

    if (s->repeated != NULL)
        repeated = mix_stretch(coder, odds_one(s->repeated)) * (s->repeats ? 1 : -1);
    /* At once, not one by one: a vector that was just stored in parts is waited for. */
    const spell_vector vector = {
        (int16_t)mix_stretch(coder, line_one(s->lines[0], node)),
        (int16_t)mix_stretch(coder, line_one(s->lines[1], node)),
        (int16_t)mix_stretch(coder, line_one(s->lines[2], node)),
        (int16_t)mix_stretch(coder, line_one(s->lines[3], node)),
        (int16_t)repeated,
        256,
    };
    memcpy(inputs, &vector, sizeof(inputs));
    uint32_t one = mix_squash(coder, mix_sum(s->mix, inputs));
    bit = coder_bit(coder, one, bit);
    int32_t right = bit ? 65535 : 0;
    mix_move(s->mix, inputs, (int16_t)((right - (int32_t)one) * WEIGHT_RATE / 32));
    for (size_t i = 0; i < SPELL_CONTEXTS; i++)
        line_learn(s->lines[i], node, right, s->rates[i]);
    if (s->repeated != NULL)
        odds_learn(s->repeated, bit == s->repeats, ODDS_LIMIT);
    return bit;
}

uint8_t spell_byte(struct spell *s, struct coder *coder, const struct spell_context *context, uint8_t byte)
{
    uint32_t hashes[SPELL_CONTEXTS];
    struct spelling now = {0};
    unsigned got = 1;

    contexts_hash(context, hashes);
    lines_fetch(s, hashes);
    match_find(s, context->before);
    unsigned said = s->match_size > 0 ? s->said[s->match & s->said_mask] | 0x100u : 0;
    for (unsigned i = 0; i < 8; i++) {
        if (i % 4 == 0) {
            for (size_t j = 0; i > 0 && j < SPELL_CONTEXTS; j++)
                hashes[j] = (hashes[j] + got) * 0x9e3779b1u;
            lines_take(s, hashes, &now);
        }
        unsigned node = i < 4 ? got : (got & ((1u << (i - 4)) - 1)) | 1u << (i - 4);
        now.repeated = said >> (8 - i) == got ? &s->match_odds[s->match_size] : NULL;
        now.repeats = said >> (7 - i) & 1;
        now.mix = &s->mixes[context->kind][context->code.role][(now.repeated == NULL ? 0u
                                                                : s->match_size < 16 ? 1u
                                                                                     : 2u) *
                                                                   5 +
                                                               now.known];
        got = got << 1 | spell_bit(coder, &now, node, byte >> (7 - i) & 1);
    }
    match_learn(s, context->before, (uint8_t)got);
    return (uint8_t)got;
}
