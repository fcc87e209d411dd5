/*
 * Loading of libarchive, for format/archive (reading) and format/archive_write alone.
 *
 * It brings sixteen libraries that cost more than a whole scan, so it is loaded when the first archive is opened and
 * not before; where it is missing that fails with ERROR_ABSENT.
 */
#ifndef FORMAT_LIBARCHIVE_H
#define FORMAT_LIBARCHIVE_H

#include <stddef.h>

#include "base/error.h"

struct libarchive_symbol {
    const char *name;
    size_t place; /* of the pointer in the caller's table */
};

/* Fills the pointers of `table`. A second call is a look-up; nothing is remembered here. */
bool libarchive_load(const struct libarchive_symbol *symbols, size_t count, void *table, struct error *err)
    MUST_USE;

#endif
