/*
 * The machine's key: what this machine signs its own records with. It says which machine made a record; it gives
 * nobody else's bytes any authority.
 *
 * One file, "machine.key" in the state folder, mode 0600, made when it is first needed and never replaced:
 *
 *     suture-key 1
 *     algorithm ed25519
 *     public 8f40c5ad...      64 hexadecimal digits
 *     secret 833fe624...
 *
 * A key that somebody else owns or that others may read is refused and not used: what it signed could be anybody's.
 */
#ifndef TRUST_MACHINE_KEY_H
#define TRUST_MACHINE_KEY_H

#include "trust/signature.h"

#define MACHINE_KEY_NAME "machine.key"

/* ERROR_ABSENT: there is none. ERROR_TRUST: not only its owner can have read it, or its halves do not fit. ERROR_INPUT: broken. */
bool machine_key_read(const char *path, struct secret_key *out, struct error *err) MUST_USE;
/* The same, and makes it when there is none. Two who do so at once end with the same key. */
bool machine_key_need(const char *path, struct secret_key *out, struct error *err) MUST_USE;

/* The file's grammar, for tests and fuzzing. */
bool machine_key_parse(struct bytes raw, struct secret_key *out, struct error *err) MUST_USE;

#endif
