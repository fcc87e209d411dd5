/*
 * Deflate as its encoders make it, to the bit.
 *
 * Any deflate stream can be inflated, but only its own encoder makes it again. GNU gzip's differs from zlib's (it ends blocks
 * early by a guess, and at the end of a file its search compares with what was left over in its window), and nobody
 * offers it as a library; that zlib of tomorrow or of another distribution gives the bytes of yesterday's nobody promises.
 * So both are here: one search, one table of what differs.
 */
#ifndef DELTA_DEFLATER_H
#define DELTA_DEFLATER_H

#include "delta/opener.h"

/* Numbers are part of the format of settings. */
enum deflater_way {
    DEFLATER_ZLIB_9, /* deflateInit2(9), memLevel 8: jar, zip, most programs */
    DEFLATER_ZLIB_6,
    DEFLATER_ZLIB_9_9, /* memLevel 9: Python's and Perl's gzip */
    DEFLATER_ZLIB_6_9,
    DEFLATER_GZIP_9, /* gzip -9 */
    DEFLATER_GZIP_6,
    DEFLATER_WAY_COUNT
};

/* Reads all that the source gives, and puts the raw stream. Takes 700 KB while it runs. */
bool deflater_run(enum deflater_way way, struct opener_source source, struct opener_sink sink,
                  struct error *err) MUST_USE;

/* For encoders: the way that makes `packed` of `plain`, `first` before the others; false: none does, or memory is out. */
bool deflater_find(struct bytes plain, struct bytes packed, enum deflater_way first, enum deflater_way *out)
    MUST_USE;

#endif
