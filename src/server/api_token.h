/*
 * What a person's program shows instead of a password: a random secret that is told once.
 *
 *     "suture-api-1." and 64 hexadecimal digits: 256 random bits
 *
 * Kept is its SHA-256 alone. A plain hash is enough: what is drawn from 2^256 cannot be guessed, and it is looked up by
 * the hash, so that no time tells how near a guess was. The beginning is there to be found by those who scan for secrets.
 */
#ifndef SERVER_API_TOKEN_H
#define SERVER_API_TOKEN_H

#include "base/bytes.h"

#define API_TOKEN_START  "suture-api-1."
#define API_TOKEN_SECRET 32
#define API_TOKEN_TEXT   (sizeof(API_TOKEN_START) + (size_t)2 * API_TOKEN_SECRET) /* with its zero byte */
#define API_TOKEN_HASH   32

/* secret is random. */
bool api_token_write(const uint8_t secret[API_TOKEN_SECRET], char out[API_TOKEN_TEXT],
                     uint8_t hash[API_TOKEN_HASH], struct error *err) MUST_USE;

/* The hash to look up; ERROR_INPUT: no such text is a token. `text` is from outside. */
bool api_token_hash(struct text text, uint8_t hash[API_TOKEN_HASH], struct error *err) MUST_USE;

/* The token of "Bearer TOKEN", an Authorization field; absent when it is another kind of it. */
struct text api_token_of_field(struct text field);

#endif
