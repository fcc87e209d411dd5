/*
 * Keyrings: the public keys whose signatures a source's publisher may make.
 *
 * A keyring is a file of OpenPGP packets (`.gpg`) or the same in ASCII armour (`.asc`), told apart by what is in it,
 * not by its name. GnuPG's keybox ("KBXf") and anything else is refused with a text that says so. Nothing is judged
 * here: which keys are revoked or expired is gpgv's to say.
 */
#ifndef TRUST_KEYRING_H
#define TRUST_KEYRING_H

#include "base/digest.h"
#include "base/file.h"

/* One keyring as it was read. */
struct keyring {
    struct text path; /* absent for a key that stands in the source itself */
    struct file_identity identity;
    struct digest digest; /* SHA-256 of the file as it is on disk */
    struct bytes packets; /* in the arena, or in what was given */
};

bool keyring_read(const char *path, struct arena *arena, struct keyring *out, struct error *err) MUST_USE;

/* The packets of a keyring's bytes: as they are, or out of their armour. */
bool keyring_packets(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err) MUST_USE;

/* Primary fingerprints (40 hexadecimal digits, of version 4 keys), at most 64. */
struct keyring_wanted {
    const char *const *fingerprints;
    size_t count;
};
/*
 * Only the wanted keys of these packets, each with all that belongs to it; *found has a bit for each that is there, and
 * when none is *out is empty. Nothing is trusted by it: it keeps from gpgv what it need not read. ERROR_INPUT: the
 * packets cannot be told apart.
 */
bool keyring_trim(struct bytes packets, const struct keyring_wanted *wanted, struct arena *arena,
                  struct bytes *out, uint64_t *found, struct error *err) MUST_USE;

#endif
