#include "wire/enrol_token.h"

#include <assert.h>
#include <gnutls/gnutls.h>

#include "base/gnutls_load.h"

#define CONTENT_SIZE (32 + 32 + 16)
#define CODE_SIZE    (ENROL_TOKEN_SIZE - (sizeof(ENROL_TOKEN_START) - 1))

struct base64 {
    __typeof__(&gnutls_base64_encode2) encode;
    __typeof__(&gnutls_base64_decode2) decode;
    gnutls_free_function *free; /* GnuTLS's own variable */
};

static bool load(struct base64 *out, struct error *err)
{
    static const struct gnutls_symbol symbols[] = {
        {"gnutls_base64_encode2", offsetof(struct base64, encode)},
        {"gnutls_base64_decode2", offsetof(struct base64, decode)},
        {"gnutls_free", offsetof(struct base64, free)},
    };

    return gnutls_load(symbols, sizeof(symbols) / sizeof(*symbols), out, err);
}

/* RFC 4648, section 5: the other alphabet's two characters. */
static char exchange(char c, const char from[2], const char to[2])
{
    return c == from[0] ? to[0] : c == from[1] ? to[1] : c;
}

static bool decode(struct text code, uint8_t out[CONTENT_SIZE], struct error *err)
{
    char padded[CODE_SIZE + 1];
    struct base64 base64;
    gnutls_datum_t got = {0};
    bool done;

    if (!load(&base64, err))
        return false;
    for (size_t i = 0; i < CODE_SIZE; i++)
        padded[i] = exchange(code.at[i], "-_", "+/");
    padded[CODE_SIZE] = '=';
    gnutls_datum_t coded = {(unsigned char *)padded, sizeof(padded)};
    done = base64.decode(&coded, &got) == 0 && got.size == CONTENT_SIZE;
    if (done)
        memcpy(out, got.data, CONTENT_SIZE);
    (*base64.free)(got.data);
    return done || error_set(err, ERROR_INPUT, "the token is not whole: copy all of it, from %s on",
                             ENROL_TOKEN_START);
}

bool enrol_token_write(const struct enrol_token *token, char out[ENROL_TOKEN_SIZE + 1], struct error *err)
{
    uint8_t content[CONTENT_SIZE];
    gnutls_datum_t plain = {content, sizeof(content)}, coded = {0};
    struct base64 base64;

    if (!load(&base64, err))
        return false;
    memcpy(content, token->ca, 32);
    memcpy(content + 32, token->fleet.at, 32);
    memcpy(content + 64, token->secret, 16);
    if (base64.encode(&plain, &coded) != 0 || coded.size < CODE_SIZE)
        return error_set(err, ERROR_SYSTEM, "GnuTLS refuses to write a token");
    memcpy(out, ENROL_TOKEN_START, ENROL_TOKEN_SIZE - CODE_SIZE);
    for (size_t i = 0; i < CODE_SIZE; i++)
        out[ENROL_TOKEN_SIZE - CODE_SIZE + i] = exchange((char)coded.data[i], "+/", "-_");
    out[ENROL_TOKEN_SIZE] = 0;
    (*base64.free)(coded.data);
    return true;
}

bool enrol_token_parse(struct text text, struct enrol_token *out, struct error *err)
{
    uint8_t content[CONTENT_SIZE];
    char again[ENROL_TOKEN_SIZE + 1];
    struct enrol_token got;

    if (!text_starts(text, TEXT(ENROL_TOKEN_START)))
        return error_set(err, ERROR_INPUT, "a token begins with %s", ENROL_TOKEN_START);
    if (text.size != ENROL_TOKEN_SIZE)
        return error_set(err, ERROR_INPUT, "a token has %zu characters, this one %zu",
                         (size_t)ENROL_TOKEN_SIZE, text.size);
    if (!decode(text_part(text, ENROL_TOKEN_SIZE - CODE_SIZE, CODE_SIZE), content, err))
        return false;
    memcpy(got.ca, content, 32);
    memcpy(got.fleet.at, content + 32, 32);
    memcpy(got.secret, content + 64, 16);
    if (!enrol_token_write(&got, again, err))
        return false;
    if (memcmp(again, text.at, ENROL_TOKEN_SIZE) != 0)
        return error_set(err, ERROR_INPUT, "the token is not as it was made");
    *out = got;
    return true;
}
