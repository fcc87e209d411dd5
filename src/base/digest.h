/*
 * SHA-256 and SHA-512, whole or in pieces, by GnuTLS.
 *
 * GnuTLS brings nine libraries that cost more than a whole later scan, so it is loaded at the first digest and not
 * before; where it is missing every digest fails with ERROR_ABSENT and nothing is trusted.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/bytes.h"

/*
 * MD5 is dpkg's, for telling whether somebody edited a conffile, and SHA-1 names OpenPGP keys; nothing is ever trusted by
 * them.
 */
enum digest_kind { DIGEST_UNKNOWN, DIGEST_SHA256, DIGEST_SHA512, DIGEST_MD5, DIGEST_SHA1, DIGEST_COUNT };

#define DIGEST_SIZE_MAX 64
#define DIGEST_HEX_MAX  (2 * DIGEST_SIZE_MAX)

struct digest {
    enum digest_kind kind;
    uint8_t at[DIGEST_SIZE_MAX];
};

size_t digest_size(enum digest_kind kind); /* 32, 64, 16 or 20 */
bool digest_equal(const struct digest *a, const struct digest *b);
/* Exactly digest_size hexadecimal digits pairs. */
bool digest_parse(enum digest_kind kind, struct text hex, struct digest *out, struct error *err) MUST_USE;
/* Lower-case hexadecimal, NUL-terminated. */
void digest_hex(const struct digest *digest, char out[DIGEST_HEX_MAX + 1]);

bool digest_bytes(enum digest_kind kind, struct bytes bytes, struct digest *out, struct error *err) MUST_USE;

/* HMAC-SHA-256 (RFC 2104): a digest that only who has the key can make. */
bool digest_keyed(struct bytes key, struct bytes bytes, struct digest *out, struct error *err) MUST_USE;

/* In pieces. OWN(digester_end). */
struct digester {
    enum digest_kind kind;
    bool open;
    _Alignas(void *) uint8_t state[48]; /* GnuTLS's handle and entry points */
};
bool digester_open(enum digest_kind kind, struct digester *out, struct error *err) MUST_USE;
bool digester_add(struct digester *digester, struct bytes bytes, struct error *err) MUST_USE;
/* The digest of all that was added; the digester begins anew. */
void digester_close(struct digester *digester, struct digest *out);
void digester_end(struct digester *digester);

#endif
