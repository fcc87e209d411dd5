/*
 * GnuTLS, loaded when it is first needed.
 *
 * It brings nine libraries that cost more than a whole later scan, so nothing is linked with it: a module that uses it
 * declares pointers with the types of GnuTLS's own headers, so that the compiler checks them, lists their names in a
 * table, and has them filled here. dlopen counts and keeps the library, so a later call is only a look-up.
 */
#ifndef BASE_GNUTLS_LOAD_H
#define BASE_GNUTLS_LOAD_H

#include <stddef.h>

#include "base/error.h"

struct gnutls_symbol {
    const char *name;
    size_t offset; /* of the pointer in the struct that is filled */
};

/* ERROR_ABSENT: the library is missing, or lacks a symbol; then nothing can be verified, and *out is not to be used. */
bool gnutls_load(const struct gnutls_symbol *symbols, size_t count, void *out, struct error *err) MUST_USE;

#endif
