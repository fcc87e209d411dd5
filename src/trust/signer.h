/*
 * A signer: somebody's private key, in a file or in a token, that makes signatures and never shows itself.
 *
 *     FILE                   Ed25519 or P-256, in PEM, PKCS #8 encrypted with a passphrase (PBES2, AES-256, PBKDF2 of 600,000
 *                            rounds: `openssl pkey` reads it too). An online key of a server has none. Others may not read it.
 *     FILE.pub               its public half (trust/public_file.h): whose it is. Believed only when it fits the private one
 *     pkcs11:token=...;object=...   P-256 in a token (few make Ed25519); the PIN is asked for
 *
 * What it signs is what tuf_key_verify holds: the raw 64 bytes of Ed25519, the DER of ECDSA; and each signature was
 * verified before it is given. From the first signer on this process leaves no core dump. Passphrases and PINs are
 * overwritten when they were used, a PIN when its signer is closed; a wrong PIN is never tried twice, for tokens lock.
 */
#ifndef TRUST_SIGNER_H
#define TRUST_SIGNER_H

#include "trust/signature.h"
#include "trust/tuf_key.h"

#define SIGNER_SECRET_MAX     256 /* with its NUL; no token takes a longer PIN */
#define SIGNER_PASSPHRASE_MIN 12  /* bytes, of a new key */
#define SIGNER_PUBLIC_SUFFIX  ".pub"

/*
 * Asks for a passphrase or PIN; what comes, a string, is overwritten by the signer when it is used. False: nobody answered.
 * again: it is for a new key, and is to be typed twice.
 */
struct signer_asker {
    bool (*ask)(void *self, const char *what, bool again, char *secret, size_t size, struct error *err);
    void *self;
};

struct signer {
    struct tuf_key key; /* the public half, with its id; person and duty as FILE.pub has them */
    void *state;        /* GnuTLS's handles */
};

/* True of a "pkcs11:" URI. */
bool signer_is_token(const char *where);

/*
 * where: a file's path or a "pkcs11:" URI. In the arena; OWN(signer_close). ERROR_TRUST: wrong passphrase or PIN, a file that
 * others may read, or whose public half is another's. ERROR_ABSENT: no such file, token or key.
 */
bool signer_open(const char *where, const struct signer_asker *asker, struct arena *arena, struct signer *out,
                 struct error *err) MUST_USE;
bool signer_sign(const struct signer *signer, struct bytes message, struct arena *arena,
                 struct bytes *signature, struct error *err) MUST_USE;
void signer_close(struct signer *signer);

/* Whether the file is of this form at all: it begins as PEM does. */
bool signer_is_file(const char *path);
/*
 * The two halves of a server's Ed25519 key, for what signs without TUF's envelope (an index of deltas). ERROR_TRUST: it is a
 * person's, or of another scheme. OWN(secret_key_end) what came.
 */
bool signer_read_online(const char *path, struct secret_key *out, struct error *err) MUST_USE;

/* A key in a token: its public half, which tells no person, and the URI of its private one. */
struct signer_listed {
    struct tuf_key key;
    const char *uri;
};
#define SIGNER_LISTED_MAX 256
/*
 * The keys in the tokens that a URI names ("pkcs11:": all that p11-kit knows), as far as their public halves are to be seen
 * without a PIN; those of kinds that sign nothing here are passed over, and a token that is not there has none.
 */
bool signer_list_token(const char *uri, struct arena *arena, struct signer_listed **out, size_t *count,
                       struct error *err) MUST_USE;

/* What a new key is to be. */
struct signer_wish {
    enum tuf_scheme scheme; /* ED25519 or ECDSA_P256; in a token P-256 alone */
    struct text person, duty;
    bool online; /* a server's: it has no passphrase */
};

/*
 * Makes FILE and FILE.pub. ERROR_CONFLICT: one of them is there; nothing is replaced. The asker is asked for the new
 * passphrase, with again, unless it is online.
 */
bool signer_make_file(const char *path, const struct signer_wish *wish, const struct signer_asker *asker,
                      struct arena *arena, struct signer *out, struct error *err) MUST_USE;
/* Makes a P-256 key in the token that the URI names, or takes the one that is there (*made tells). No file is written. */
bool signer_make_token(const char *uri, const struct signer_wish *wish, const struct signer_asker *asker,
                       struct arena *arena, bool *made, struct signer *out, struct error *err) MUST_USE;

/* The grammar of FILE, for tests and fuzzing: what can be known of it without its passphrase. */
struct signer_file {
    bool encrypted;
    unsigned rounds; /* of PBKDF2, when it is encrypted */
};
bool signer_file_check(struct bytes raw, struct signer_file *out, struct error *err) MUST_USE;

#endif
