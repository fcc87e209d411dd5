/*
 * The ways in which xz files are made, and making them again.
 *
 * liblzma's output depends on its settings alone, not on the machine or the number of threads; versions from 5.2 to 5.8 have been
 * seen to give the same bytes. What the headers of a file do not tell (how hard the encoder searched) is found by trying.
 */
#ifndef DELTA_XZ_WAY_H
#define DELTA_XZ_WAY_H

#include "base/reader.h"
#include "delta/opener.h"

struct xz_way {
    uint8_t check;  /* lzma_check */
    uint8_t branch; /* lzma_vli of a filter for machine code (x86: 4), 0: none */
    bool threaded;  /* in blocks with their sizes, as xz -T2 and, since 5.6, xz itself */
    uint8_t preset; /* 0 to 6; 7 to 9 differ from 6 in the dictionary alone */
    bool extreme;
    uint32_t dictionary_size;
};

/* From the first headers of a file: all but preset and extreme. ERROR_INPUT: no xz file, or other filters; ERROR_LIMIT: of too large a dictionary. */
bool xz_way_read(struct bytes packed, struct xz_way *out, struct error *err) MUST_USE;
/* For encoders: tries what xz_way_read has not told. False: it is none, or memory is out. */
bool xz_way_find(struct bytes plain, struct bytes packed, struct xz_way *way) MUST_USE;

/* Nothing for the kernel modules of Debian 13; else check | threaded << 4 | extreme << 5, branch, preset, dictionary size as a varint. */
void xz_way_put_settings(const struct xz_way *way, struct writer *out);
bool xz_way_from_settings(struct bytes settings, struct xz_way *out, struct error *err) MUST_USE;

/* Appends what the stream holds, at most size_max bytes; *used: the size of the stream. */
bool xz_way_unpack(struct bytes packed, size_t size_max, struct writer *out, size_t *used, struct error *err)
    MUST_USE;
/* Reads all that the source gives. Takes eleven times the dictionary while it runs. */
bool xz_way_pack(const struct xz_way *way, struct opener_source source, struct opener_sink sink,
                 struct error *err) MUST_USE;

#endif
