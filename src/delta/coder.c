#include "delta/coder.h"

#include <assert.h>

#define TAIL_MAX 4 /* bytes that the decoder takes for zeros */

/* 65536 / (n + 1.5): the n-th answer moves a probability by that share. */
const uint16_t odds_rates[ODDS_LIMIT + 1] = {
    43690, 26214, 18724, 14563, 11915, 10082, 8738, 7710, 6898, 6241, 5698, 5242, 4854, 4519, 4228, 3971,
    3744,  3542,  3360,  3196,  3048,  2912,  2788, 2674, 2570, 2473, 2383, 2299, 2221, 2148, 2080, 2016,
    1956,  1899,  1846,  1795,  1747,  1702,  1659, 1618, 1579, 1542, 1506, 1472, 1440, 1409, 1379, 1351,
    1323,  1297,  1272,  1248,  1224,  1202,  1180, 1159, 1139, 1120, 1101, 1083, 1065, 1048, 1032, 1016,
    1000,  985,   970,   956,   942,   929,   916,  903,  891,  879,  868,  856,  845,  834,  824,  814,
    804,   794,   784,   775,   766,   757,   748,  740,  732,  724,  716,  708,  700,  693,  686,  679,
    672,   665,   658,   652,   645,   639,   633,  627,  621,  615,  609,  604,  598,  593,  587,  582,
    577,   572,   567,   562,   557,   553,   548,  543,  539,  534,  530,  526,  522,  518,  514,  510,
    506,   502,   498,   494,   490,   487,   483,  480,  476,  473,  469,  466,  463,  459,  456,  453,
    450,   447,   444,   441,   438,   435,   432,  429,  426,  424,  421,  418,  416,  413,  410,  408,
    405,   403,   400,   398,   395,   393,   391,  388,  386,  384,  382,  379,  377,  375,  373,  371,
    369,   367,   365,   363,   361,   359,   357,  355,  353,  351,  349,  347,  345,  344,  342,  340,
    338,   336,   335,   333,   331,   330,   328,  326,  325,  323,  322,  320,  318,  317,  315,  314,
    312,   311,   309,   308,   306,   305,   304,  302,  301,  299,  298,  297,  295,  294,  293,  291,
    290,   289,   288,   286,   285,   284,   283,  281,  280,  279,  278,  277,  275,  274,  273,  272,
    271,   270,   269,   268,   266,   265,   264,  263,  262,  261,  260,  259,  258,  257,  256,  255,
};

/* 65536 / (1 + e^-x) for x = -8, -7.5, ... 8. */
static const uint16_t squash_points[33] = {
    22,    36,    60,    98,    162,   267,   439,   720,   1179,  1921,  3108,
    4971,  7812,  11955, 17625, 24743, 32768, 40793, 47911, 53581, 57724, 60565,
    62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
};

static void tables_fill(struct coder *c)
{
    size_t filled = 0;

    for (int x = -2048; x < 2048; x++) {
        size_t point = (size_t)(x + 2048) / 128;
        uint32_t part = (uint32_t)(x + 2048) % 128;
        uint32_t one =
            ((uint32_t)squash_points[point] * (128 - part) + (uint32_t)squash_points[point + 1] * part) / 128;
        c->squash[x + 2048] = (uint16_t)(one < 16 ? 16 : one > 65520 ? 65520 : one);
        /* The inverse: the first x that reaches a probability. */
        for (; filled <= one >> 4; filled++)
            c->stretch[filled] = (int16_t)x;
    }
    for (; filled < 4096; filled++)
        c->stretch[filled] = 2047;
}

void coder_begin_encode(struct coder *c, struct writer *out)
{
    *c = (struct coder){.encoding = true, .range = UINT32_MAX, .pending = 1, .out = out};
    tables_fill(c);
}

void coder_begin_decode(struct coder *c, struct bytes coded)
{
    *c = (struct coder){.range = UINT32_MAX, .at = coded.at, .end = coded.at + coded.size};
    for (int i = 0; i < 4; i++)
        coder_next(c);
    tables_fill(c);
}

void coder_shift(struct coder *c)
{
    if (c->low < 0xff000000u || c->low > UINT32_MAX) {
        uint8_t carry = (uint8_t)(c->low >> 32), byte = c->cache;
        for (; c->pending > 0; c->pending--) {
            /* What would be the first byte is 0 always: all that is coded is less than one. */
            if (c->started)
                writer_byte(c->out, (uint8_t)(byte + carry));
            c->started = true;
            byte = 0xff;
        }
        c->cache = (uint8_t)(c->low >> 24);
    }
    c->pending++;
    c->low = (c->low & 0x00ffffffu) << 8;
}

uint64_t coder_place(const struct coder *c)
{
    unsigned zeros = (unsigned)__builtin_clz(c->range);
    uint64_t mantissa = ((uint64_t)c->range << zeros >> 23) & 255; /* log2(1 + x), nearly x */

    return (c->out->size + c->pending) * 8 * 256 + ((uint64_t)zeros + 1) * 256 - mantissa;
}

bool coder_end(struct coder *c, struct error *err)
{
    struct bytes done;

    if (!c->encoding) {
        if (c->beyond > TAIL_MAX || c->at != c->end)
            return error_set(err, ERROR_INPUT, "a coded window of another size");
        return true;
    }
    /* Of the numbers that say the same, the one with the most zeros at its end, which need not be written. */
    uint64_t last = c->low + c->range - 1, chosen = last;
    for (unsigned bits = 1; bits < 32 && last >> bits << bits >= c->low; bits++)
        chosen = last >> bits << bits;
    c->low = chosen;
    for (int i = 0; i < 5; i++)
        coder_shift(c);
    if (!writer_done(c->out, &done, err))
        return false;
    for (int i = 0; i < TAIL_MAX && c->out->at[c->out->size - 1] == 0; i++)
        c->out->size--;
    return true;
}

/* Bits that nothing is known of. */
static uint64_t coder_plain(struct coder *c, uint64_t value, unsigned bits)
{
    uint64_t got = 0;

    while (bits-- > 0)
        got = got << 1 | coder_bit(c, 1u << 15, (unsigned)(value >> bits) & 1);
    return got;
}

uint64_t coder_number(struct coder *c, struct number_odds *model, uint64_t value)
{
    unsigned size = value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value), node = 1;

    for (int i = 6; i >= 0; i--)
        node = node << 1 | coder_odds(c, &model->size[node], size >> i & 1);
    size = node & 127;
    if (size > 64)
        size = 64; /* of broken bytes alone */
    if (size <= 1)
        return size;
    unsigned below = size - 1, top = 1;
    uint64_t got = 1;
    for (int i = 0; i < 3 && below > 0; i++) {
        below--;
        unsigned bit = coder_odds(c, &model->below[size][top], (unsigned)(value >> below) & 1);
        top = top << 1 | bit;
        got = got << 1 | bit;
    }
    return got << below | coder_plain(c, value, below);
}

int64_t coder_signed(struct coder *c, struct number_odds *model, int64_t value)
{
    uint64_t folded = value < 0 ? ~(uint64_t)value << 1 | 1 : (uint64_t)value << 1;

    folded = coder_number(c, model, folded);
    return (int64_t)(folded & 1 ? ~(folded >> 1) : folded >> 1);
}

void mix_start(struct mix *mix, size_t inputs)
{
    assert(inputs <= MIX_INPUTS_MAX);
    for (size_t i = 0; i < inputs; i++)
        mix->weights[i] = (int32_t)(65536 * 5 / 4 / inputs);
}

unsigned coder_mixed(struct coder *c, struct mix *mix, struct odds *const *odds, size_t count, unsigned bit)
{
    int32_t inputs[MIX_INPUTS_MAX];

    for (size_t i = 0; i < count; i++)
        inputs[i] = mix_stretch(c, odds_one(odds[i]));
    uint32_t one = mix_one(c, mix, inputs, count);
    bit = coder_bit(c, one, bit);
    mix_learn(mix, inputs, count, one, bit, 6);
    for (size_t i = 0; i < count; i++)
        odds_learn(odds[i], bit, ODDS_LIMIT);
    return bit;
}
