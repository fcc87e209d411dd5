/*
 * OpenPGP's ASCII armour (RFC 9580, section 6): keys as lines of base64, as `.asc` keyrings hold them.
 *
 *     -----BEGIN PGP PUBLIC KEY BLOCK-----
 *     Comment: head lines, passed over
 *
 *     mQINBGPL0BUBEADmW5NdOOHwPIJlgPu6JDcKw/NZJPR8lsD3K87ZM18gzyQZJD+w
 *     =olYC                                       CRC-24 of the bytes; may be missing, must be right
 *     -----END PGP PUBLIC KEY BLOCK-----
 *
 * Only public keys are read: another kind of block is refused. Several blocks follow each other; text between them is
 * passed over. Blanks at the ends of a line and a carriage return before its newline are allowed.
 */
#ifndef FORMAT_ARMOR_H
#define FORMAT_ARMOR_H

#include "base/bytes.h"

/* True when the first line that is not blank begins an armoured block. */
bool armor_is(struct bytes raw);

/* The bytes of all blocks, one behind the other, in the arena. ERROR_INPUT names the line. */
bool armor_decode(struct bytes raw, struct arena *arena, struct bytes *out, struct error *err) MUST_USE;

#endif
