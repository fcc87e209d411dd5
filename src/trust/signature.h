/*
 * Signatures of our own: Ed25519 (RFC 8032), by GnuTLS, loaded at the first use (base/gnutls_load.h).
 *
 * Keys and signatures are their raw bytes, as the RFC has them; in files and records they are lower-case hexadecimal. A
 * key's fingerprint is the SHA-256 of its public bytes. Whoever signs puts into the bytes what they are for, so that a
 * signature made for one purpose never holds for another.
 */
#ifndef TRUST_SIGNATURE_H
#define TRUST_SIGNATURE_H

#include "base/bytes.h"

#define SIGNATURE_ALGORITHM "ed25519"
#define SIGNATURE_KEY_SIZE  32
#define SIGNATURE_SIZE      64
#define SIGNATURE_HEX_SIZE  (2 * SIGNATURE_SIZE)

struct public_key {
    uint8_t at[SIGNATURE_KEY_SIZE];
};

/* OWN(secret_key_end), which overwrites it. */
struct secret_key {
    uint8_t secret[SIGNATURE_KEY_SIZE];
    struct public_key public_key;
};
void secret_key_end(struct secret_key *key);

struct signature {
    uint8_t at[SIGNATURE_SIZE];
};

bool signature_make_key(struct secret_key *out, struct error *err) MUST_USE;
/* ERROR_TRUST when the two halves of the key do not belong together. */
bool signature_check_key(const struct secret_key *key, struct error *err) MUST_USE;
bool signature_sign(const struct secret_key *key, struct bytes bytes, struct signature *out,
                    struct error *err) MUST_USE;
/* ERROR_TRUST when the signature does not hold. */
bool signature_verify(const struct public_key *key, struct bytes bytes, const struct signature *signature,
                      struct error *err) MUST_USE;

bool public_key_equal(const struct public_key *a, const struct public_key *b);
bool public_key_parse(struct text hex, struct public_key *out, struct error *err) MUST_USE;
#define PUBLIC_KEY_HEX_SIZE (2 * SIGNATURE_KEY_SIZE)
/* Lower-case hexadecimal, NUL-terminated. */
void public_key_hex(const struct public_key *key, char out[PUBLIC_KEY_HEX_SIZE + 1]);
/* "sha256:9f86d081..." of the public bytes, NUL-terminated: what people compare. */
#define FINGERPRINT_SIZE 71
bool public_key_fingerprint(const struct public_key *key, char out[FINGERPRINT_SIZE + 1], struct error *err)
    MUST_USE;
void signature_hex(const struct signature *signature, char out[SIGNATURE_HEX_SIZE + 1]);
bool signature_parse(struct text hex, struct signature *out, struct error *err) MUST_USE;

#endif
