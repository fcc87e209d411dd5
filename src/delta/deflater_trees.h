/*
 * The second half of deflate (RFC 1951): literals and matches become blocks of Huffman codes.
 *
 * gzip and zlib share this half bit by bit: how ties are broken in the heap, how lengths over the maximum are
 * shortened, when a block is stored or takes the fixed codes. All of that is the encoders' choice, not the format's; another
 * choice would give a good stream of other bytes. So this follows them and must never be "improved".
 */
#ifndef DELTA_DEFLATER_TREES_H
#define DELTA_DEFLATER_TREES_H

#include "delta/opener.h"

#define TREES_LITERALS  286 /* bytes, end of block, lengths */
#define TREES_DISTANCES 30
#define TREES_LENGTHS   19 /* codes of code lengths */
#define TREES_NODES     (2 * TREES_LITERALS + 1)
#define TREES_BITS      15    /* longest code */
#define TREES_SYMBOLS   32768 /* of one block, at most */
#define TREES_OUT       16384

struct trees_code {
    uint32_t often[TREES_NODES];
    uint16_t parent[TREES_NODES];
    uint16_t code[TREES_LITERALS + 2]; /* the fixed code has two more, never sent */
    uint8_t length[TREES_NODES];
    int last; /* greatest symbol that occurs */
};

struct trees {
    struct trees_code literals, distances, lengths, fixed_literals, fixed_distances;
    uint8_t length_code[256];   /* of a match's length - 3 */
    uint8_t distance_code[512]; /* of distance - 1 below 256, then of its upper bits */
    uint16_t length_base[29], distance_base[TREES_DISTANCES];
    int heap[TREES_NODES];
    int heap_size, heap_max;
    uint8_t depth[TREES_NODES];
    uint16_t count[TREES_BITS + 1];
    uint64_t own_bits, fixed_bits; /* size of the block either way */

    uint16_t symbol_distance[TREES_SYMBOLS]; /* 0: a literal */
    uint8_t symbol_value[TREES_SYMBOLS];     /* the literal, or length - 3 */
    uint32_t symbol_count, match_count;

    uint64_t bits;
    unsigned bit_count;
    size_t out_size;
    uint8_t out[TREES_OUT];
    struct opener_sink sink;
};

void trees_begin(struct trees *trees, struct opener_sink sink);
/* distance 0: the literal `value`; else a match of value + 3 bytes. At most TREES_SYMBOLS in a block. */
void trees_add(struct trees *trees, unsigned distance, unsigned value);
/* gzip's guess at the size of what was added: bits, with 8 for each symbol. */
uint64_t trees_guess(const struct trees *trees);
/* The block ends. plain: the bytes that it stands for (at == NULL: not at hand any more). The last one also ends the stream. */
bool trees_end_block(struct trees *trees, struct bytes plain, bool last, struct error *err) MUST_USE;

#endif
