/*
 * A public key of TUF metadata (The Update Framework 1.0.34, section 4.2), and one signature held against it.
 *
 *     keytype "ed25519"  scheme "ed25519"                 public: 64 hexadecimal digits
 *     keytype "ecdsa"    scheme "ecdsa-sha2-nistp256"     public: PEM (SubjectPublicKeyInfo); signature: DER
 *     keytype "rsa"      scheme "rsassa-pss-sha256"       public: PEM; MGF1 with SHA-256, a salt of 32 bytes
 *
 * The older keytype "ecdsa-sha2-nistp256" is read as "ecdsa". A key of any other type, scheme or curve is kept by its id
 * and verifies nothing: it is not an error that others use what this client does not know, it only never counts.
 *
 * The id of a key is a text that its metadata gives it, not believed to be a hash of anything. Two ids with the same key
 * material are one key: tuf_key_same compares material, whatever the id, the order of members or the PEM's line ends.
 *
 * A key may name its person: the member "x-suture-person" (and "x-suture-duty", what that person answers for). Clients
 * that do not know these ignore them, as the specification has it; ours counts persons (trust/tuf_count.h).
 *
 * All by GnuTLS, loaded at the first use (base/gnutls_load.h).
 */
#ifndef TRUST_TUF_KEY_H
#define TRUST_TUF_KEY_H

#include "base/digest.h"
#include "format/json.h"

enum tuf_scheme { TUF_SCHEME_UNKNOWN, TUF_ED25519, TUF_ECDSA_P256, TUF_RSA_PSS, TUF_SCHEME_COUNT };
const char *tuf_scheme_name(enum tuf_scheme scheme); /* "rsassa-pss-sha256" */

struct tuf_key {
    struct text id;
    enum tuf_scheme scheme;
    struct bytes
        material; /* ed25519: 32 bytes; others: the DER of the SubjectPublicKeyInfo. Empty: unknown scheme */
    struct text person, duty; /* absent: not said */
    bool online;              /* "x-suture-online": held by a server, not by a person */
};

/* One member of "keys". ERROR_INPUT: not of the shape that its type asks for; ERROR_LIMIT: longer than it may be. */
bool tuf_key_parse(struct text id, struct json value, struct arena *arena, struct tuf_key *out,
                   struct error *err) MUST_USE;
/* As it stands in metadata, for the one who writes it (trust/tuf_write.h). */
void tuf_key_write(struct json_writer *j, const struct tuf_key *key);
/* The id that securesystemslib gives a key: SHA-256 of the canonical JSON of its type, scheme and public value. */
bool tuf_key_make_id(const struct tuf_key *key, struct arena *arena, struct text *out, struct error *err)
    MUST_USE;
bool tuf_key_same(const struct tuf_key *a, const struct tuf_key *b);

/* ERROR_TRUST: does not hold, or the key is of an unknown scheme. */
bool tuf_key_verify(const struct tuf_key *key, struct bytes message, struct bytes signature,
                    struct error *err) MUST_USE;

#endif
