#include "delta/deflater_trees.h"

#include <assert.h>

enum { BLOCK_STORED, BLOCK_FIXED, BLOCK_OWN };

#define END_OF_BLOCK    256
#define LENGTH_BITS     7 /* longest code of the code lengths */
#define REPEAT_3_TO_6   16
#define ZEROS_3_TO_10   17
#define ZEROS_11_TO_138 18

static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint8_t distance_extra[TREES_DISTANCES] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                        6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};
static const uint8_t repeat_extra[TREES_LENGTHS] = {
    [REPEAT_3_TO_6] = 2, [ZEROS_3_TO_10] = 3, [ZEROS_11_TO_138] = 7};
static const uint8_t repeat_order[TREES_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                    11, 4,  12, 3, 13, 2, 14, 1, 15};

/* What is known of each of the three codes before its symbols are counted. */
struct alphabet {
    const uint8_t *extra;
    int extra_from;
    int size;
    int length_max;
};

static const struct alphabet literals = {length_extra, END_OF_BLOCK + 1, TREES_LITERALS, TREES_BITS};
static const struct alphabet distances = {distance_extra, 0, TREES_DISTANCES, TREES_BITS};
static const struct alphabet repeats = {repeat_extra, 0, TREES_LENGTHS, LENGTH_BITS};

static bool flush(struct trees *t, struct error *err)
{
    size_t size = t->out_size;

    t->out_size = 0;
    return size == 0 || t->sink.put(t->sink.self, (struct bytes){t->out, size}, err);
}

/* The room for all that goes out between two flushes is the caller's care. */
static void put_bits(struct trees *t, unsigned value, unsigned count)
{
    t->bits |= (uint64_t)value << t->bit_count;
    t->bit_count += count;
    while (t->bit_count >= 8) {
        t->out[t->out_size++] = (uint8_t)t->bits;
        t->bits >>= 8;
        t->bit_count -= 8;
    }
}

static void put_code(struct trees *t, const struct trees_code *code, unsigned symbol)
{
    put_bits(t, code->code[symbol], code->length[symbol]);
}

static void fill_byte(struct trees *t)
{
    if (t->bit_count > 0)
        put_bits(t, 0, 8 - t->bit_count);
}

/* Codes of one length follow one another in the order of symbols; a code is sent from its greatest bit on. */
static void make_codes(struct trees_code *tree, int last, const uint16_t count[TREES_BITS + 1])
{
    uint16_t next[TREES_BITS + 1];
    unsigned code = 0;

    for (int bits = 1; bits <= TREES_BITS; bits++) {
        code = (code + (bits == 1 ? 0U : count[bits - 1])) << 1;
        next[bits] = (uint16_t)code;
    }
    for (int n = 0; n <= last; n++) {
        unsigned value = tree->length[n] == 0 ? 0 : next[tree->length[n]]++, turned = 0;
        for (int bit = 0; bit < tree->length[n]; bit++, value >>= 1)
            turned = turned << 1 | (value & 1);
        tree->code[n] = (uint16_t)turned;
    }
}

static bool before(const struct trees *t, const struct trees_code *tree, int a, int b)
{
    return tree->often[a] < tree->often[b] ||
           (tree->often[a] == tree->often[b] && t->depth[a] <= t->depth[b]);
}

static void sift_down(struct trees *t, const struct trees_code *tree, int at)
{
    int moved = t->heap[at];

    for (int child = at * 2; child <= t->heap_size; child *= 2) {
        if (child < t->heap_size && before(t, tree, t->heap[child + 1], t->heap[child]))
            child++;
        if (before(t, tree, moved, t->heap[child]))
            break;
        t->heap[at] = t->heap[child];
        at = child;
    }
    t->heap[at] = moved;
}

/* Too long codes are cut to the maximum, and others made longer until the code is complete again. */
static void shorten(struct trees *t, struct trees_code *tree, int length_max, int too_many)
{
    int at = TREES_NODES;

    do {
        int bits = length_max - 1;
        while (t->count[bits] == 0)
            bits--;
        t->count[bits]--;
        t->count[bits + 1] = (uint16_t)(t->count[bits + 1] + 2);
        t->count[length_max]--;
        too_many -= 2;
    } while (too_many > 0);
    for (int bits = length_max; bits > 0; bits--) {
        for (int left = t->count[bits]; left > 0;) {
            int n = t->heap[--at];
            if (n > tree->last)
                continue;
            t->own_bits += ((uint64_t)bits - tree->length[n]) * tree->often[n];
            tree->length[n] = (uint8_t)bits;
            left--;
        }
    }
}

static void make_lengths(struct trees *t, struct trees_code *tree, const struct alphabet *alphabet,
                         const struct trees_code *fixed)
{
    int too_many = 0;

    memset(t->count, 0, sizeof(t->count));
    tree->length[t->heap[t->heap_max]] = 0;
    for (int at = t->heap_max + 1; at < TREES_NODES; at++) {
        int n = t->heap[at], bits = tree->length[tree->parent[n]] + 1;
        if (bits > alphabet->length_max) {
            bits = alphabet->length_max;
            too_many++;
        }
        tree->length[n] = (uint8_t)bits;
        if (n > tree->last)
            continue;
        unsigned extra = n >= alphabet->extra_from ? alphabet->extra[n - alphabet->extra_from] : 0;
        t->count[bits]++;
        t->own_bits += (uint64_t)tree->often[n] * ((unsigned)bits + extra);
        if (fixed != NULL)
            t->fixed_bits += (uint64_t)tree->often[n] * (fixed->length[n] + extra);
    }
    if (too_many > 0)
        shorten(t, tree, alphabet->length_max, too_many);
}

/* Symbols that occur, into the heap: at least two, since a code of one symbol would have no bits. */
static void fill_heap(struct trees *t, struct trees_code *tree, int size, const struct trees_code *fixed)
{
    tree->last = -1;
    t->heap_size = 0;
    t->heap_max = TREES_NODES;
    for (int n = 0; n < size; n++) {
        tree->length[n] = 0;
        if (tree->often[n] == 0)
            continue;
        t->heap[++t->heap_size] = tree->last = n;
        t->depth[n] = 0;
    }
    while (t->heap_size < 2) {
        int n = tree->last < 2 ? ++tree->last : 0;
        t->heap[++t->heap_size] = n;
        tree->often[n] = 1;
        t->depth[n] = 0;
        t->own_bits--;
        if (fixed != NULL)
            t->fixed_bits -= fixed->length[n];
    }
}

static void make_tree(struct trees *t, struct trees_code *tree, const struct alphabet *alphabet,
                      const struct trees_code *fixed)
{
    int node = alphabet->size;

    fill_heap(t, tree, alphabet->size, fixed);
    for (int at = t->heap_size / 2; at >= 1; at--)
        sift_down(t, tree, at);
    do {
        int least = t->heap[1];
        t->heap[1] = t->heap[t->heap_size--];
        sift_down(t, tree, 1);
        int next = t->heap[1];
        t->heap[--t->heap_max] = least;
        t->heap[--t->heap_max] = next;
        tree->often[node] = tree->often[least] + tree->often[next];
        t->depth[node] =
            (uint8_t)((t->depth[least] >= t->depth[next] ? t->depth[least] : t->depth[next]) + 1);
        tree->parent[least] = tree->parent[next] = (uint16_t)node;
        t->heap[1] = node++;
        sift_down(t, tree, 1);
    } while (t->heap_size >= 2);
    t->heap[--t->heap_max] = t->heap[1];
    make_lengths(t, tree, alphabet, fixed);
    make_codes(tree, tree->last, t->count);
}

/* A symbol of the code lengths' own code: into the stream, or counted first. */
static void put_length(struct trees *t, bool send, unsigned symbol, unsigned extra)
{
    if (!send) {
        t->lengths.often[symbol]++;
        return;
    }
    put_code(t, &t->lengths, symbol);
    put_bits(t, extra, symbol < REPEAT_3_TO_6 ? 0 : repeat_extra[symbol]);
}

static void put_lengths(struct trees *t, const struct trees_code *tree, bool send)
{
    int before_it = -1, next = tree->length[0];
    unsigned run = 0, run_max = next == 0 ? 138 : 7, run_min = next == 0 ? 3 : 4;

    for (int n = 0; n <= tree->last; n++) {
        int length = next;
        next = n < tree->last ? tree->length[n + 1] : -1;
        if (++run < run_max && length == next)
            continue;
        if (run < run_min) {
            for (; run > 0; run--)
                put_length(t, send, (unsigned)length, 0);
        } else if (length != 0) {
            if (length != before_it) {
                put_length(t, send, (unsigned)length, 0);
                run--;
            }
            put_length(t, send, REPEAT_3_TO_6, run - 3);
        } else if (run <= 10) {
            put_length(t, send, ZEROS_3_TO_10, run - 3);
        } else {
            put_length(t, send, ZEROS_11_TO_138, run - 11);
        }
        run = 0;
        before_it = length;
        run_max = next == 0 ? 138 : length == next ? 6 : 7;
        run_min = next == 0 || length == next ? 3 : 4;
    }
}

/* How many of the code lengths' lengths are sent. */
static int make_length_code(struct trees *t)
{
    int last = TREES_LENGTHS - 1;

    put_lengths(t, &t->literals, false);
    put_lengths(t, &t->distances, false);
    make_tree(t, &t->lengths, &repeats, NULL);
    while (last >= 3 && t->lengths.length[repeat_order[last]] == 0)
        last--;
    t->own_bits += 3 * ((uint64_t)last + 1) + 5 + 5 + 4;
    return last + 1;
}

static void put_own_codes(struct trees *t, int length_count)
{
    put_bits(t, (unsigned)t->literals.last - END_OF_BLOCK, 5);
    put_bits(t, (unsigned)t->distances.last, 5);
    put_bits(t, (unsigned)length_count - 4, 4);
    for (int i = 0; i < length_count; i++)
        put_bits(t, t->lengths.length[repeat_order[i]], 3);
    put_lengths(t, &t->literals, true);
    put_lengths(t, &t->distances, true);
}

static unsigned code_of_distance(const struct trees *t, unsigned distance)
{
    unsigned from_zero = distance - 1;

    return t->distance_code[from_zero < 256 ? from_zero : 256 + (from_zero >> 7)];
}

static bool put_symbols(struct trees *t, const struct trees_code *of_literals,
                        const struct trees_code *of_distances, struct error *err)
{
    for (uint32_t i = 0; i < t->symbol_count; i++) {
        unsigned distance = t->symbol_distance[i], value = t->symbol_value[i];
        if (t->out_size > TREES_OUT - 16 && !flush(t, err))
            return false;
        if (distance == 0) {
            put_code(t, of_literals, value);
            continue;
        }
        unsigned code = t->length_code[value];
        put_code(t, of_literals, END_OF_BLOCK + 1 + code);
        put_bits(t, value - t->length_base[code], length_extra[code]);
        code = code_of_distance(t, distance);
        put_code(t, of_distances, code);
        put_bits(t, distance - 1 - t->distance_base[code], distance_extra[code]);
    }
    put_code(t, of_literals, END_OF_BLOCK);
    return true;
}

static bool put_stored(struct trees *t, struct bytes plain, struct error *err)
{
    fill_byte(t);
    put_bits(t, (unsigned)plain.size, 16);
    put_bits(t, ~(unsigned)plain.size & 0xffff, 16);
    return flush(t, err) && (plain.size == 0 || t->sink.put(t->sink.self, plain, err));
}

static void begin_block(struct trees *t)
{
    memset(t->literals.often, 0, sizeof(t->literals.often));
    memset(t->distances.often, 0, sizeof(t->distances.often));
    memset(t->lengths.often, 0, sizeof(t->lengths.often));
    t->literals.often[END_OF_BLOCK] = 1;
    t->own_bits = t->fixed_bits = 0;
    t->symbol_count = t->match_count = 0;
}

static bool put_block(struct trees *t, struct bytes plain, bool last, struct error *err)
{
    make_tree(t, &t->literals, &literals, &t->fixed_literals);
    make_tree(t, &t->distances, &distances, &t->fixed_distances);
    int length_count = make_length_code(t);
    uint64_t own = (t->own_bits + 3 + 7) / 8, fixed = (t->fixed_bits + 3 + 7) / 8,
             least = fixed <= own ? fixed : own;

    if (!flush(t, err)) /* the head of a block is shorter than the buffer */
        return false;
    if (plain.at != NULL && plain.size <= UINT16_MAX && plain.size + 4 <= least) {
        put_bits(t, BLOCK_STORED << 1 | last, 3);
        return put_stored(t, plain, err);
    }
    if (fixed == least) {
        put_bits(t, BLOCK_FIXED << 1 | last, 3);
        return put_symbols(t, &t->fixed_literals, &t->fixed_distances, err);
    }
    put_bits(t, BLOCK_OWN << 1 | last, 3);
    put_own_codes(t, length_count);
    return put_symbols(t, &t->literals, &t->distances, err);
}

bool trees_end_block(struct trees *t, struct bytes plain, bool last, struct error *err)
{
    if (!put_block(t, plain, last, err))
        return false;
    begin_block(t);
    if (!last)
        return true;
    fill_byte(t);
    return flush(t, err);
}

void trees_add(struct trees *t, unsigned distance, unsigned value)
{
    assert(t->symbol_count < TREES_SYMBOLS);
    t->symbol_distance[t->symbol_count] = (uint16_t)distance;
    t->symbol_value[t->symbol_count++] = (uint8_t)value;
    if (distance == 0) {
        t->literals.often[value]++;
        return;
    }
    t->match_count++;
    t->literals.often[END_OF_BLOCK + 1 + t->length_code[value]]++;
    t->distances.often[code_of_distance(t, distance)]++;
}

uint64_t trees_guess(const struct trees *t)
{
    uint64_t bits = t->symbol_count * UINT64_C(8);

    for (int n = 0; n < TREES_DISTANCES; n++)
        bits += t->distances.often[n] * (5 + (uint64_t)distance_extra[n]);
    return bits;
}

static void make_tables(struct trees *t)
{
    unsigned value = 0, distance = 0;

    for (uint8_t code = 0; code < 28; code++) {
        t->length_base[code] = (uint16_t)value;
        for (unsigned n = 0; n < 1U << length_extra[code]; n++)
            t->length_code[value++] = code;
    }
    t->length_code[255] = 28; /* 258 has a code of its own, though the one before could say it */
    t->length_base[28] = 255;
    for (uint8_t code = 0; code < TREES_DISTANCES; code++) {
        t->distance_base[code] = (uint16_t)distance;
        for (unsigned n = 0; n < 1U << distance_extra[code]; n++, distance++)
            t->distance_code[distance < 256 ? distance : 256 + (distance >> 7)] = code;
    }
}

static void make_fixed_codes(struct trees *t)
{
    static const uint16_t counts[TREES_BITS + 1] = {[7] = 24, [8] = 152, [9] = 112};

    for (int n = 0; n < TREES_LITERALS + 2; n++)
        t->fixed_literals.length[n] = n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8;
    make_codes(&t->fixed_literals, TREES_LITERALS + 1, counts);
    for (int n = 0; n < TREES_DISTANCES; n++)
        t->fixed_distances.length[n] = 5;
    make_codes(&t->fixed_distances, TREES_DISTANCES - 1,
               (const uint16_t[TREES_BITS + 1]){[5] = TREES_DISTANCES});
}

void trees_begin(struct trees *t, struct opener_sink sink)
{
    make_tables(t);
    make_fixed_codes(t);
    begin_block(t);
    t->bits = 0;
    t->bit_count = 0;
    t->out_size = 0;
    t->sink = sink;
}
