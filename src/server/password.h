/*
 * Passwords of people, kept as yescrypt (libcrypt), which needs 32 MiB and a tenth of a second for each try: who has
 * stolen the table tries ten a second and processor, not a billion. The same makes a login dear for us: the caller lets few
 * of them work at a time (LIMIT_LOGINS).
 *
 * Whoever asks for a user that is not there waits as long as for one that is.
 */
#ifndef SERVER_PASSWORD_H
#define SERVER_PASSWORD_H

#include "base/bytes.h"

#define PASSWORD_HASH_MAX 128 /* "$y$jAT$" and 66 more, and a zero byte */
#define PASSWORD_SALT     16
#define PASSWORD_MIN      12 /* characters; no other rule: NIST SP 800-63B, 3.1.1.2 */
#define PASSWORD_MAX      256
/* Of a one-time password, with its zero byte: six groups of four, 120 bits, that nobody misreads. */
#define PASSWORD_ONCE       30
#define PASSWORD_ONCE_BYTES 24

/* ERROR_INPUT or ERROR_LIMIT says what is wrong with a new password: too short, the user's name, one character only. */
bool password_check(struct text password, struct text user, struct error *err) MUST_USE;

/* salt is random. ERROR_SYSTEM: libcrypt cannot. */
bool password_hash(struct text password, const uint8_t salt[PASSWORD_SALT], char out[PASSWORD_HASH_MAX],
                   struct error *err) MUST_USE;

/* stored absent: there is no such user; the answer is false and takes as long. */
bool password_holds(struct text password, struct text stored);

/* "mfrg-gzdf-..." of random bytes. */
void password_once(const uint8_t random[PASSWORD_ONCE_BYTES], char out[PASSWORD_ONCE]);

#endif
