/*
 * Bits: an adaptive binary range coder, and models that say how likely each bit is.
 *
 * One walk serves both ways: coder_bit gives the bit back that it was given when it encodes, and the bit that was
 * coded when it decodes (what was given is then ignored). So encoder and decoder cannot differ in their models.
 *
 * The coded form: a carry-propagating range coder of 32 bits, big-endian, without the first byte, which would be 0; of a range R and
 * a probability P of 2^-16 that the bit is 1, a 1 takes the lower R * P >> 16. Up to four zero bytes at the end are left out: the
 * decoder reads zeros there. coder_end says whether exactly what was coded has been read.
 *
 * Probabilities are counted, not floating: all arithmetic is on integers and alike everywhere.
 */
#ifndef DELTA_CODER_H
#define DELTA_CODER_H

#include "base/writer.h"

#define CODER_TOP (UINT32_C(1) << 24)

struct coder {
    bool encoding;
    uint32_t range;
    /* encoding */
    uint64_t low;
    uint64_t pending; /* bytes that a carry may still change: `cache`, then 0xff */
    uint8_t cache;
    bool started;
    struct writer *out;
    /* decoding */
    uint32_t code;
    const uint8_t *at, *end;
    size_t beyond; /* bytes read behind the end */
    /* stretch(p) = ln(p / (1 - p)) * 256 for p of 2^-12, and its inverse of 2^-16 */
    int16_t stretch[4096];
    uint16_t squash[4096];
};

void coder_begin_encode(struct coder *c, struct writer *out);
void coder_begin_decode(struct coder *c, struct bytes coded);
/* Encoding: writes what is left. Decoding: ERROR_INPUT unless all was read and nothing more. */
bool coder_end(struct coder *c, struct error *err) MUST_USE;
/* Whether a decoder has read so far behind its end that nothing it says is worth a thing: long loops ask now and then. */
static inline bool coder_spent(const struct coder *c)
{
    return c->beyond > 8;
}

void coder_shift(struct coder *c); /* of coder_bit alone */

/* How far an encoder is, in 2^-8 bits, nearly: what parts take is measured so. */
uint64_t coder_place(const struct coder *c);

/* One more byte for the decoder. */
static inline void coder_next(struct coder *c)
{
    if (c->at < c->end)
        c->code = c->code << 8 | *c->at++;
    else {
        c->code <<= 8;
        c->beyond++;
    }
}

/* one: probability of a 1, 1 to 65535. */
static inline unsigned coder_bit(struct coder *c, uint32_t one, unsigned bit)
{
    uint32_t bound = (uint32_t)((uint64_t)c->range * one >> 16);

    if (c->encoding) {
        if (bit)
            c->range = bound;
        else {
            c->low += bound;
            c->range -= bound;
        }
        while (c->range < CODER_TOP) {
            c->range <<= 8;
            coder_shift(c);
        }
        return bit;
    }
    bit = c->code < bound;
    if (bit)
        c->range = bound;
    else {
        c->code -= bound;
        c->range -= bound;
    }
    while (c->range < CODER_TOP) {
        c->range <<= 8;
        coder_next(c);
    }
    return bit;
}

/* One adaptive probability: fast at first, then slower, down to 1/2^7 or so. Zeroed memory is its start (p = 1/2). */
struct odds {
    uint16_t skew;  /* probability of a 1, xor 0x8000: so zero is one half */
    uint16_t count; /* how often it was asked, up to its limit */
};

#define ODDS_LIMIT 255

extern const uint16_t odds_rates[ODDS_LIMIT + 1];

static inline uint32_t odds_one(const struct odds *o)
{
    uint32_t one = o->skew ^ 0x8000u;

    return one < 24 ? 24 : one > 65512 ? 65512 : one;
}

static inline void odds_learn(struct odds *o, unsigned bit, unsigned limit)
{
    int32_t one = (int32_t)(o->skew ^ 0x8000u);

    one += (((int32_t)(bit ? 65535 : 0) - one) * (int32_t)odds_rates[o->count]) >> 16;
    o->skew = (uint16_t)((uint32_t)one ^ 0x8000u);
    o->count = (uint16_t)(o->count + (o->count < limit));
}

static inline unsigned coder_odds(struct coder *c, struct odds *o, unsigned bit)
{
    bit = coder_bit(c, odds_one(o), bit);
    odds_learn(o, bit, ODDS_LIMIT);
    return bit;
}

/* A number of up to 64 bits: how many bits it has by a tree of odds, the three below the first by odds, the rest as they are. */
struct number_odds {
    struct odds size[128];
    struct odds below[65][8];
};

uint64_t coder_number(struct coder *c, struct number_odds *model, uint64_t value);
/* Signed: 0, -1, 1, -2, ... as 0, 1, 2, 3. */
int64_t coder_signed(struct coder *c, struct number_odds *model, int64_t value);

/* Several predictions of one bit, weighed by how well they did in this set of weights: a mixture of logarithms. */
#define MIX_INPUTS_MAX 16
#define MIX_WEIGHT_MAX (1 << 22) /* sixty-four */

struct mix {
    int32_t weights[MIX_INPUTS_MAX]; /* of 2^-16 */
};

void mix_start(struct mix *mix, size_t inputs);

static inline int32_t mix_stretch(const struct coder *c, uint32_t one)
{
    return c->stretch[one >> 4];
}

/* What the mixture of `count` stretched predictions says, of 2^-16. */
static inline uint32_t mix_one(const struct coder *c, const struct mix *mix, const int32_t *inputs,
                               size_t count)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (int64_t)inputs[i] * mix->weights[i];
    sum >>= 16;
    if (sum > 2047)
        sum = 2047;
    if (sum < -2047)
        sum = -2047;
    return c->squash[sum + 2048];
}

static inline void mix_learn(struct mix *mix, const int32_t *inputs, size_t count, uint32_t one, unsigned bit,
                             int32_t rate)
{
    int32_t miss = ((int32_t)(bit ? 65535 : 0) - (int32_t)one) * rate / 16;

    for (size_t i = 0; i < count; i++) {
        int32_t weight = mix->weights[i] + (inputs[i] * (miss / 4)) / 16384;
        mix->weights[i] = weight > MIX_WEIGHT_MAX    ? MIX_WEIGHT_MAX
                          : weight < -MIX_WEIGHT_MAX ? -MIX_WEIGHT_MAX
                                                     : weight;
    }
}

/* A bit that several odds speak about. */
unsigned coder_mixed(struct coder *c, struct mix *mix, struct odds *const *odds, size_t count, unsigned bit);

#endif
