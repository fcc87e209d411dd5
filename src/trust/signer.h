/*
 * A signer: somebody's private key, in a file or in a token, that makes signatures and never shows itself.
 *
 *     FILE.key               Ed25519 (or P-256), in PEM, PKCS #8 encrypted with a passphrase (PBES2, AES-256); an online
 *                            key of a server has none and is refused unless it is 0600 and the owner's
 *     pkcs11:token=...;object=...   P-256 in a token (few make Ed25519); the PIN is asked for
 *
 * What it signs is what tuf_key_verify holds: the raw 64 bytes of Ed25519, the DER of ECDSA.
 */
#ifndef TRUST_SIGNER_H
#define TRUST_SIGNER_H

#include "trust/tuf_key.h"

/* Asks for a passphrase or PIN; what comes is overwritten by the signer when it is used. False: nobody answered. */
struct signer_asker {
    bool (*ask)(void *self, const char *what, char *secret, size_t size, struct error *err);
    void *self;
};

struct signer {
    struct tuf_key key; /* the public half, with its id; person and duty as its file has them */
    void *state;        /* GnuTLS's handles */
};

/* where: a file's path or a "pkcs11:" URI. In the arena; OWN(signer_close). */
bool signer_open(const char *where, const struct signer_asker *asker, struct arena *arena, struct signer *out,
                 struct error *err) MUST_USE;
bool signer_sign(const struct signer *signer, struct bytes message, struct arena *arena,
                 struct bytes *signature, struct error *err) MUST_USE;
void signer_close(struct signer *signer);

#endif
