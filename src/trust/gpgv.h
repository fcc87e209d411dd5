/*
 * gpgv, and the judgement of what it says.
 *
 * gpgv runs as a child in a cage (base/confine_cage.h), on a keyring of exactly the keys that are given: it has no network,
 * opens no other file, runs and makes no other process. Its exit status is not enough: it is 2 with a good signature when the keyring lacks another signer, and
 * with 1 it has still written out a forged text; a revoked or an expired key still gives VALIDSIG. So its status
 * lines (doc/DETAILS of GnuPG) are judged, signature by signature. A signature counts when
 *
 *     - GOODSIG and then VALIDSIG came for it, for the same key, and none of EXPSIG, EXPKEYSIG, REVKEYSIG, BADSIG,
 *       ERRSIG,
 *     - its digest is SHA-256, SHA-384 or SHA-512,
 *     - its primary key is one of those that are allowed, where some are named.
 *
 * The answer holds when as many such signatures as are needed came from distinct primary keys, over the one clear-
 * signed text of the file. Only then that text is handed out, as gpgv wrote it: what stands before, between and behind
 * signed texts never gets through.
 */
#ifndef TRUST_GPGV_H
#define TRUST_GPGV_H

#include "base/bytes.h"

#define GPGV_PATH           "/usr/bin/gpgv"
#define GPGV_SIGNERS_MAX    16
#define FINGERPRINT_HEX_MAX 64

/* Whose signatures count. */
struct gpgv_rule {
    const struct text *
        fingerprints; /* when not empty only these primary keys; one that ends in '!' names exactly the signing (sub)key */
    size_t fingerprint_count;
    size_t threshold; /* signatures by distinct primary keys that are needed; at least 1 */
};

struct gpgv_signers {
    char primary[GPGV_SIGNERS_MAX]
                [FINGERPRINT_HEX_MAX + 1]; /* fingerprints of those that counted, NUL-terminated */
    size_t count;
    uint8_t confined; /* what held gpgv (enum confinement); gpgv_judge leaves it 0 */
};

struct gpgv_command {
    const char *program;  /* GPGV_PATH, but in tests */
    struct bytes keyring; /* OpenPGP packets */
    int signed_fd;        /* the clear-signed file, open for reading */
    size_t text_limit;
};

/*
 * ERROR_TRUST: not enough signatures count, with what is wrong with those that came. ERROR_ABSENT: there is no gpgv,
 * so nothing is known and nothing trusted. The text lives in the arena.
 */
bool gpgv_verify(const struct gpgv_command *command, const struct gpgv_rule *rule, struct arena *arena,
                 struct bytes *text, struct gpgv_signers *out, struct error *err) MUST_USE;

/* The judgement of the status lines alone, for gpgv_verify, its tests and the fuzzer. */
bool gpgv_judge(struct bytes status, const struct gpgv_rule *rule, struct gpgv_signers *out,
                struct error *err) MUST_USE;

#endif
