/*
 * The file of a public key, FILE.pub: what its owner gives to whoever adds keys to a repository, and nothing secret.
 *
 *     {"keyid": "64 hexadecimal digits", "keytype": "ed25519", "keyval": {"public": "..."}, "scheme": "ed25519",
 *      "x-suture-person": "anna", "x-suture-duty": "release"}
 *
 * So it is a member of "keys" of TUF metadata (trust/tuf_key.h) with its id beside. The id is the one that
 * tuf_key_make_id gives, or the file is refused.
 */
#ifndef TRUST_PUBLIC_FILE_H
#define TRUST_PUBLIC_FILE_H

#include "trust/tuf_key.h"

bool public_file_parse(struct bytes raw, struct arena *arena, struct tuf_key *out, struct error *err)
    MUST_USE;
bool public_file_read(const char *path, struct arena *arena, struct tuf_key *out, struct error *err) MUST_USE;
bool public_file_write(struct writer *w, const struct tuf_key *key, struct error *err) MUST_USE;
/* ERROR_CONFLICT: something is there already. */
bool public_file_create(const char *path, const struct tuf_key *key, struct error *err) MUST_USE;

#endif
