/*
 * Who vouches for an archive: a clear-signed InRelease that gpgv has judged (trust/gpgv.h), and the hashes it lists.
 *
 *     InRelease --gpgv, by the keys of its source--> text --parsed here--> name, size and SHA-256 of each list
 *
 * Only the text that gpgv wrote is parsed, never the file itself. All texts live in the arena.
 */
#ifndef TRUST_INRELEASE_H
#define TRUST_INRELEASE_H

#include "base/time.h"
#include "trust/gpgv.h"
#include "trust/keyring.h"

struct inrelease_keys {
    const char *gpgv; /* GPGV_PATH, but in tests */
    const char *const
        *keyrings; /* files, absolute paths. One that cannot be used is passed over as long as another can */
    size_t keyring_count;
    struct bytes inline_keyring; /* a key that stands in the source itself, or none */
    struct gpgv_rule rule;
    /*
     * Where a publisher is described: all keyrings are trimmed to its keys before gpgv sees them, and nobody else's
     * signature counts. The first own_count keyrings and the inline one are the source's own: one of their keys at least
     * must have signed. No keys: all that is in the keyrings counts.
     */
    struct keyring_wanted only;
    size_t own_count;
};

struct inrelease_file {
    struct text name; /* "main/binary-amd64/Packages" */
    uint64_t size;
    struct digest digest;
};

struct inrelease {
    struct text origin, label, suite, codename, version;
    struct text architectures; /* words; absent: not said */
    bool not_automatic, but_automatic_upgrades;
    bool
        packages_without_all; /* its lists of an architecture hold those of "all" too: binary-all is not used */
    int64_t date_us;
    int64_t valid_until_us;             /* TIME_ABSENT: none */
    const struct inrelease_file *files; /* SHA256 section, sorted by name; SHA512 when only that is there */
    size_t file_count;

    /* What it was judged by; inrelease_parse leaves these alone. */
    struct gpgv_signers signers;
    struct file_identity identity; /* of the InRelease that was judged */
    const struct keyring *keyrings;
    size_t keyring_count;
    uint64_t own_keys; /* with `only`: a bit for each of its keys that the source's own keyrings have */
};

/*
 * ERROR_TRUST: no signature that counts. ERROR_ABSENT: gpgv, every keyring or the file is missing; or, with `only`, the
 * source's own keyrings have none of its keys. ERROR_INPUT: it
 * was signed, but is no Release.
 */
bool inrelease_verify(const char *path, const struct inrelease_keys *keys, struct arena *arena,
                      struct inrelease *out, struct error *err) MUST_USE;

/* NULL when it does not list that name. */
const struct inrelease_file *inrelease_find(const struct inrelease *inrelease, struct text name);

/* The parse of a verified Release text alone, for inrelease_verify, its tests and the fuzzer. */
bool inrelease_parse(struct bytes release, struct arena *arena, struct inrelease *out, struct error *err)
    MUST_USE;

#endif
