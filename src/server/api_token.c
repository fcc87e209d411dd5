#include "server/api_token.h"

#include <stdio.h>

#include "base/digest.h"

static bool hash_text(struct text text, uint8_t out[API_TOKEN_HASH], struct error *err)
{
    struct digest digest;

    if (!digest_bytes(DIGEST_SHA256, bytes_of_text(text), &digest, err))
        return false;
    memcpy(out, digest.at, API_TOKEN_HASH);
    return true;
}

bool api_token_write(const uint8_t secret[API_TOKEN_SECRET], char out[API_TOKEN_TEXT],
                     uint8_t hash[API_TOKEN_HASH], struct error *err)
{
    char made[API_TOKEN_TEXT] = API_TOKEN_START;

    for (size_t i = 0; i < API_TOKEN_SECRET; i++)
        (void)snprintf(made + strlen(API_TOKEN_START) + 2 * i, 3, "%02x", secret[i]);
    if (!hash_text(text_of(made), hash, err))
        return false;
    memcpy(out, made, sizeof(made));
    return true;
}

bool api_token_hash(struct text text, uint8_t hash[API_TOKEN_HASH], struct error *err)
{
    struct text hex = text_part(text, strlen(API_TOKEN_START), SIZE_MAX);
    uint8_t secret[API_TOKEN_SECRET];
    struct error no_hex;

    if (!text_starts(text, TEXT(API_TOKEN_START)) || !text_to_hex(hex, secret, sizeof(secret), &no_hex))
        return error_set(err, ERROR_INPUT, "no token of this API: it begins with " API_TOKEN_START);
    return hash_text(text, hash, err);
}

struct text api_token_of_field(struct text field)
{
    struct text scheme;

    /* RFC 9110, 11.1: the scheme's name is caseless. */
    if (!text_cut_word(&field, &scheme) || !text_equal_caseless(scheme, TEXT("bearer")))
        return TEXT("");
    return text_trim(field);
}
