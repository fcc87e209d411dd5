/*
 * Folders that their user alone can write, and files in them: where bytes lie that were or will be proved.
 *
 * What was hashed must be what is used later. So a vault belongs to who runs this, nobody else may write to it, and
 * nobody else could put another folder in its place: that holds for each folder above it too (one that everybody may
 * write, like /tmp, is good enough when it is sticky). Everything is opened by descriptor and without following links.
 */
#ifndef ACQUIRE_VAULT_H
#define ACQUIRE_VAULT_H

#include "base/bytes.h"
#include "base/digest.h"

/* ERROR_TRUST says who else could write there. Close with OWN(own_fd). */
bool vault_open(const char *folder, int *out, struct error *err) MUST_USE;

/* A regular file of ours in it that nobody else may write. name is a plain file name. */
bool vault_open_file(int vault, const char *name, int *out, uint64_t *size, struct error *err) MUST_USE;

/*
 * SHA-256 of `size` bytes from the descriptor's place on, which must be all; each piece is also written to `copy` unless
 * that is -1. ERROR_LIMIT: there is more. ERROR_INPUT: there is less.
 */
bool vault_digest(int fd, uint64_t size, int copy, struct digest *out, struct error *err) MUST_USE;

#endif
