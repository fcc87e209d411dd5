/*
 * Who vouches for an archive: a clear-signed InRelease judged by gpgv, and the hashes that it lists.
 *
 * gpgv runs as a child without network on a keyring of exactly the source's keys. Its --status-fd is judged signature by signature, because its
 * exit status is not enough (2 with a good signature when the keyring lacks another signer, 1 with the forged text written
 * out): a signature counts when GOODSIG and then VALIDSIG came for it, with SHA-256 or better, and its primary fingerprint is allowed. EXPSIG, EXPKEYSIG,
 * REVKEYSIG, BADSIG and ERRSIG never count. Only then the text that gpgv wrote (--output) is parsed, never the file itself.
 */
#ifndef TRUST_INRELEASE_H
#define TRUST_INRELEASE_H

#include "base/digest.h"
#include "base/time.h"

#define INRELEASE_SIGNERS_MAX 16
#define FINGERPRINT_HEX_MAX   64

struct inrelease_keys {
    const char *const *keyrings; /* files, .gpg or .asc (de-armoured here); absolute paths */
    size_t keyring_count;
    struct bytes inline_keyring;     /* Signed-By with the armoured key in it, or none */
    const struct text *fingerprints; /* when not empty only these primary fingerprints count */
    size_t fingerprint_count;
    size_t threshold; /* signatures by distinct primary keys that are needed; at least 1 */
};

struct inrelease_file {
    struct text name; /* "main/binary-amd64/Packages" */
    uint64_t size;
    struct digest digest;
};

struct inrelease {
    struct text origin, label, suite, codename, version, not_automatic, but_automatic_upgrades;
    int64_t date_us;
    int64_t valid_until_us;                                       /* TIME_ABSENT: none */
    char signers[INRELEASE_SIGNERS_MAX][FINGERPRINT_HEX_MAX + 1]; /* primary fingerprints that counted */
    size_t signer_count;
    const struct inrelease_file *files; /* SHA256 section, sorted by name; SHA512 when only that is there */
    size_t file_count;
};

/* ERROR_TRUST: no signature that counts (with what gpgv said); ERROR_ABSENT: gpgv or a keyring is missing. All texts live in the arena. */
bool inrelease_verify(const char *path, const struct inrelease_keys *keys, struct arena *arena,
                      struct inrelease *out, struct error *err) MUST_USE;

/* NULL when the list does not name it. */
const struct inrelease_file *inrelease_find(const struct inrelease *inrelease, struct text name);

/* The judgement of gpgv's status lines alone, for tests and the fuzzer. */
bool inrelease_judge(struct bytes status, const struct inrelease_keys *keys, struct inrelease *into,
                     struct error *err) MUST_USE;
/* The parse of a verified Release text alone, for tests and the fuzzer. */
bool inrelease_parse(struct bytes release, struct arena *arena, struct inrelease *into, struct error *err)
    MUST_USE;

#endif
