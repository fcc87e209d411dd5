#include "delta/deflater.h"

#include <assert.h>
#include <stdlib.h>

#include "base/own.h"
#include "delta/deflater_trees.h"
#include "delta/opener_memory.h"

#define WINDOW        32768
#define MATCH_MIN     3
#define MATCH_MAX     258
#define LOOKAHEAD_MIN (MATCH_MAX + MATCH_MIN + 1)
#define DISTANCE_MAX  (WINDOW - LOOKAHEAD_MIN)
#define TOO_FAR       4096 /* a match of three bytes from farther costs more than its bytes */
#define HASH_SIZE_MAX (1 << 16)
#define GUESS_EVERY   4096 /* symbols */

struct way {
    unsigned good, lazy, nice,
        chain; /* when the search is content; both programs have the same for a level */
    unsigned hash_bits;
    uint32_t symbols; /* of one block */
    bool gzip;
};

#define LEVEL_6 8, 16, 128, 128
#define LEVEL_9 32, 258, 258, 4096

static const struct way ways[DEFLATER_WAY_COUNT] = {
    [DEFLATER_GZIP_9] = {LEVEL_9, 15, 32767, true},    [DEFLATER_GZIP_6] = {LEVEL_6, 15, 32767, true},
    [DEFLATER_ZLIB_9] = {LEVEL_9, 15, 16383, false},   [DEFLATER_ZLIB_6] = {LEVEL_6, 15, 16383, false},
    [DEFLATER_ZLIB_9_9] = {LEVEL_9, 16, 32767, false}, [DEFLATER_ZLIB_6_9] = {LEVEL_6, 16, 32767, false},
};

/* Places are in the window, which slides; place 0 means none, as in both programs. */
struct deflater {
    const struct way *way;
    struct opener_source source;
    bool ended;
    unsigned at, ahead; /* bytes that are looked at, and how many are there */
    long block_at;      /* negative when the window has slid past it */
    unsigned hash, hash_shift, hash_mask;
    unsigned match_at, match_size, last_at, last_size;
    uint16_t newest[HASH_SIZE_MAX];
    uint16_t older[WINDOW];
    uint8_t
        window[2 * WINDOW +
               MATCH_MIN]; /* at the end of a file the last bytes are hashed with some that are not there */
    struct trees trees;
};

static void slide(struct deflater *d)
{
    memcpy(d->window, d->window + WINDOW, WINDOW);
    d->at -= WINDOW;
    d->match_at -= WINDOW; /* may wrap: then it is not used */
    d->block_at -= WINDOW;
    for (unsigned i = 0; i <= d->hash_mask; i++)
        d->newest[i] = d->newest[i] >= WINDOW ? (uint16_t)(d->newest[i] - WINDOW) : 0;
    for (unsigned i = 0; i < WINDOW; i++)
        d->older[i] = d->older[i] >= WINDOW ? (uint16_t)(d->older[i] - WINDOW) : 0;
}

/*
 * As gzip has it: at the end of the file two bytes are cleared, and behind them its search sees what an earlier part of
 * the file left there. zlib does not look behind the end, but it slides even then.
 */
static bool fill(struct deflater *d, struct error *err)
{
    while (d->ahead < LOOKAHEAD_MIN && (!d->ended || !d->way->gzip)) {
        size_t got = 0;
        if (d->at >= WINDOW + DISTANCE_MAX)
            slide(d);
        uint8_t *end = d->window + d->at + d->ahead;
        if (!d->ended && !d->source.get(d->source.self, end, 2 * WINDOW - d->at - d->ahead, &got, err))
            return false;
        d->ahead += (unsigned)got;
        if (got > 0)
            continue;
        d->ended = true;
        memset(end, 0, MATCH_MIN - 1);
        break;
    }
    return true;
}

static void hash_byte(struct deflater *d, uint8_t byte)
{
    d->hash = ((d->hash << d->hash_shift) ^ byte) & d->hash_mask;
}

/* Notes the three bytes at the place; gives the place of the last ones with the same hash. */
static unsigned note(struct deflater *d)
{
    hash_byte(d, d->window[d->at + MATCH_MIN - 1]);
    unsigned last = d->newest[d->hash];
    d->older[d->at % WINDOW] = (uint16_t)last;
    d->newest[d->hash] = (uint16_t)d->at;
    return last;
}

static unsigned equal_bytes(const uint8_t *a, const uint8_t *b)
{
    unsigned size = 0;

    for (; size + 8 <= MATCH_MAX; size += 8) {
        uint64_t of_a, of_b;
        memcpy(&of_a, a + size, 8);
        memcpy(&of_b, b + size, 8);
        if (of_a != of_b)
            break;
    }
    while (size < MATCH_MAX && a[size] == b[size])
        size++;
    return size;
}

/* The longest match better than the last one. */
static void search(struct deflater *d, unsigned candidate)
{
    const uint8_t *here = d->window + d->at;
    unsigned chain = d->last_size >= d->way->good ? d->way->chain / 4 : d->way->chain;
    unsigned nice = !d->way->gzip && d->way->nice > d->ahead ? d->ahead : d->way->nice;
    unsigned best = d->last_size, limit = d->at > DISTANCE_MAX ? d->at - DISTANCE_MAX : 0;

    do {
        const uint8_t *there = d->window + candidate;
        if (there[best] != here[best] || there[best - 1] != here[best - 1] || there[0] != here[0] ||
            there[1] != here[1])
            continue;
        unsigned size = equal_bytes(here, there);
        if (size > best) {
            d->match_at = candidate;
            best = size;
            if (size >= nice)
                break;
        }
    } while ((candidate = d->older[candidate % WINDOW]) > limit && --chain != 0);
    d->match_size = best < d->ahead ? best : d->ahead;
    if (d->match_size == MATCH_MIN && d->at - d->match_at > TOO_FAR)
        d->match_size--;
}

static bool end_block(struct deflater *d, bool last, struct error *err)
{
    size_t size = (size_t)((long)d->at - d->block_at);
    struct bytes plain = {d->block_at < 0 ? NULL : d->window + d->block_at, size};

    d->block_at = (long)d->at;
    return trees_end_block(&d->trees, plain, last, err);
}

/* Whether the block is full, or gzip thinks that a new one would do better. */
static bool block_is_full(const struct deflater *d)
{
    const struct trees *trees = &d->trees;

    if (d->way->gzip && trees->symbol_count % GUESS_EVERY == 0 &&
        trees->match_count < trees->symbol_count / 2) {
        uint64_t size = (uint64_t)((long)d->at - d->block_at);
        if (trees_guess(trees) / 8 < size / 2)
            return true;
    }
    return trees->symbol_count == d->way->symbols;
}

/* The match that began one byte before is taken. */
static bool take_match(struct deflater *d, struct error *err)
{
    unsigned insert_max = d->way->gzip ? 2 * WINDOW : d->at + d->ahead - MATCH_MIN;

    trees_add(&d->trees, d->at - 1 - d->last_at, d->last_size - MATCH_MIN);
    bool full = block_is_full(d);
    d->ahead -= d->last_size - 1;
    for (unsigned left = d->last_size - 2; left > 0; left--) {
        d->at++;
        if (d->at <= insert_max)
            (void)note(d);
    }
    d->at++;
    d->match_size = MATCH_MIN - 1;
    return !full || end_block(d, false, err);
}

/* Each match is held back one byte, in case a longer one begins there. */
static bool run(struct deflater *d, struct error *err)
{
    bool held = false;

    if (!fill(d, err))
        return false;
    hash_byte(d, d->window[0]);
    hash_byte(d, d->window[1]);
    while (d->ahead > 0) {
        unsigned candidate = d->way->gzip || d->ahead >= MATCH_MIN ? note(d) : 0;
        d->last_size = d->match_size;
        d->last_at = d->match_at;
        d->match_size = MATCH_MIN - 1;
        if (candidate != 0 && d->last_size < d->way->lazy && d->at - candidate <= DISTANCE_MAX &&
            d->at <= 2 * WINDOW - LOOKAHEAD_MIN)
            search(d, candidate);
        if (d->last_size >= MATCH_MIN && d->match_size <= d->last_size) {
            held = false;
            if (!take_match(d, err))
                return false;
        } else {
            if (held) {
                trees_add(&d->trees, 0, d->window[d->at - 1]);
                if (block_is_full(d) && !end_block(d, false, err))
                    return false;
            }
            held = true;
            d->at++;
            d->ahead--;
        }
        if (!fill(d, err))
            return false;
    }
    if (held)
        trees_add(&d->trees, 0, d->window[d->at - 1]);
    return end_block(d, true, err);
}

bool deflater_run(enum deflater_way way, struct opener_source source, struct opener_sink sink,
                  struct error *err)
{
    OWN(own_memory) struct deflater *d = calloc(1, sizeof(*d));

    assert((unsigned)way < DEFLATER_WAY_COUNT);
    if (d == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for packing");
    d->way = &ways[way];
    d->source = source;
    d->hash_mask = (1U << d->way->hash_bits) - 1;
    d->hash_shift = (d->way->hash_bits + MATCH_MIN - 1) / MATCH_MIN;
    d->match_size = MATCH_MIN - 1;
    trees_begin(&d->trees, sink);
    return run(d, err);
}

static bool gives(enum deflater_way way, struct bytes plain, struct bytes packed)
{
    struct error ignored; /* that it is not this way is an answer */

    return deflater_run(way, memory_source(&plain), memory_compare(&packed), &ignored) && packed.size == 0;
}

bool deflater_find(struct bytes plain, struct bytes packed, enum deflater_way first, enum deflater_way *out)
{
    for (unsigned i = 0; i <= DEFLATER_WAY_COUNT; i++) {
        enum deflater_way way = i == 0 ? first : (enum deflater_way)(i - 1);
        if ((i == 0 || way != first) && gives(way, plain, packed)) {
            *out = way;
            return true;
        }
    }
    return false;
}
