#include "trust/signature.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/abstract.h>

#include "base/digest.h"
#include "base/gnutls_load.h"
#include "base/own.h"

struct gnutls {
    __typeof__(&gnutls_privkey_init) privkey_init;
    __typeof__(&gnutls_privkey_deinit) privkey_end;
    __typeof__(&gnutls_privkey_generate2) privkey_make;
    __typeof__(&gnutls_privkey_import_ecc_raw) privkey_import;
    __typeof__(&gnutls_privkey_export_ecc_raw2) privkey_export;
    __typeof__(&gnutls_privkey_sign_data2) sign;
    __typeof__(&gnutls_pubkey_init) pubkey_init;
    __typeof__(&gnutls_pubkey_deinit) pubkey_end;
    __typeof__(&gnutls_pubkey_import_ecc_raw) pubkey_import;
    __typeof__(&gnutls_pubkey_verify_data2) verify;
    gnutls_free_function *free; /* GnuTLS's own variable */
};

#define SYMBOL(symbol, member)                                                                               \
    {                                                                                                        \
#symbol, offsetof(struct gnutls, member)                                                             \
    }

static bool load(struct gnutls *out, struct error *err)
{
    static const struct gnutls_symbol symbols[] = {
        SYMBOL(gnutls_privkey_init, privkey_init),
        SYMBOL(gnutls_privkey_deinit, privkey_end),
        SYMBOL(gnutls_privkey_generate2, privkey_make),
        SYMBOL(gnutls_privkey_import_ecc_raw, privkey_import),
        SYMBOL(gnutls_privkey_export_ecc_raw2, privkey_export),
        SYMBOL(gnutls_privkey_sign_data2, sign),
        SYMBOL(gnutls_pubkey_init, pubkey_init),
        SYMBOL(gnutls_pubkey_deinit, pubkey_end),
        SYMBOL(gnutls_pubkey_import_ecc_raw, pubkey_import),
        SYMBOL(gnutls_pubkey_verify_data2, verify),
        SYMBOL(gnutls_free, free),
    };

    return gnutls_load(symbols, sizeof(symbols) / sizeof(*symbols), out, err);
}

/* GnuTLS's views are not const, and it does not write through them. */
static gnutls_datum_t datum_of(struct bytes bytes)
{
    gnutls_datum_t datum = {.size = (unsigned)bytes.size};

    memcpy(&datum.data, &bytes.at, sizeof(datum.data));
    return datum;
}

void secret_key_end(struct secret_key *key)
{
    explicit_bzero(key, sizeof(*key));
}

/* Copies one part of a key that GnuTLS gave, and gives its memory back. */
static bool take_part(const struct gnutls *gnutls, gnutls_datum_t *part, uint8_t out[SIGNATURE_KEY_SIZE])
{
    bool right = part->size == SIGNATURE_KEY_SIZE;

    if (right)
        memcpy(out, part->data, SIGNATURE_KEY_SIZE);
    if (part->data != NULL)
        explicit_bzero(part->data, part->size);
    (*gnutls->free)(part->data);
    return right;
}

static bool make_key(const struct gnutls *gnutls, gnutls_privkey_t made, struct secret_key *out)
{
    gnutls_datum_t public_part = {0}, secret_part = {0};
    gnutls_ecc_curve_t curve;

    if (gnutls->privkey_make(made, GNUTLS_PK_EDDSA_ED25519, 0, 0, NULL, 0) != 0 ||
        gnutls->privkey_export(made, &curve, &public_part, NULL, &secret_part, 0) != 0)
        return false;
    bool public_taken = take_part(gnutls, &public_part, out->public_key.at);
    return take_part(gnutls, &secret_part, out->secret) && public_taken;
}

bool signature_make_key(struct secret_key *out, struct error *err)
{
    OWN(secret_key_end) struct secret_key key = {0};
    gnutls_privkey_t made;
    struct gnutls gnutls;

    if (!load(&gnutls, err))
        return false;
    if (gnutls.privkey_init(&made) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a key");
    bool done = make_key(&gnutls, made, &key);
    gnutls.privkey_end(made);
    if (!done)
        return error_set(err, ERROR_SYSTEM, "GnuTLS refuses to make a key");
    *out = key;
    return true;
}

static bool sign(const struct gnutls *gnutls, gnutls_privkey_t with, const struct secret_key *key,
                 struct bytes bytes, struct signature *out)
{
    gnutls_datum_t public_part = datum_of((struct bytes){key->public_key.at, SIGNATURE_KEY_SIZE});
    gnutls_datum_t secret_part = datum_of((struct bytes){key->secret, SIGNATURE_KEY_SIZE});
    gnutls_datum_t data = datum_of(bytes), made = {0};

    if (gnutls->privkey_import(with, GNUTLS_ECC_CURVE_ED25519, &public_part, NULL, &secret_part) != 0 ||
        gnutls->sign(with, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &made) != 0)
        return false;
    bool right = made.size == SIGNATURE_SIZE;
    if (right)
        memcpy(out->at, made.data, SIGNATURE_SIZE);
    (*gnutls->free)(made.data);
    return right;
}

bool signature_sign(const struct secret_key *key, struct bytes bytes, struct signature *out,
                    struct error *err)
{
    struct signature signature;
    gnutls_privkey_t with;
    struct gnutls gnutls;

    if (!load(&gnutls, err))
        return false;
    if (bytes.size > UINT32_MAX || gnutls.privkey_init(&with) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a signature");
    bool done = sign(&gnutls, with, key, bytes, &signature);
    gnutls.privkey_end(with);
    if (!done)
        return error_set(err, ERROR_SYSTEM, "GnuTLS refuses to sign");
    *out = signature;
    return true;
}

bool signature_verify(const struct public_key *key, struct bytes bytes, const struct signature *signature,
                      struct error *err)
{
    gnutls_datum_t public_part = datum_of((struct bytes){key->at, SIGNATURE_KEY_SIZE});
    gnutls_datum_t made = datum_of((struct bytes){signature->at, SIGNATURE_SIZE}), data = datum_of(bytes);
    gnutls_pubkey_t with;
    struct gnutls gnutls;

    if (!load(&gnutls, err))
        return false;
    if (bytes.size > UINT32_MAX || gnutls.pubkey_init(&with) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a signature");
    /* Of a failure GnuTLS gives a number below zero; of a signature that holds, zero or more. */
    bool holds = gnutls.pubkey_import(with, GNUTLS_ECC_CURVE_ED25519, &public_part, NULL) == 0 &&
                 gnutls.verify(with, GNUTLS_SIGN_EDDSA_ED25519, 0, &data, &made) >= 0;
    gnutls.pubkey_end(with);
    return holds || error_set(err, ERROR_TRUST, "the signature does not hold");
}

bool signature_check_key(const struct secret_key *key, struct error *err)
{
    const struct bytes probe = BYTES("suture: do the two halves of this key belong together?");
    struct signature signature;

    if (!signature_sign(key, probe, &signature, err))
        return false;
    return signature_verify(&key->public_key, probe, &signature, err) ||
           error_set(err, ERROR_TRUST, "its secret and its public half do not belong together");
}

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->at, b->at, sizeof(a->at)) == 0;
}

static void write_hex(const uint8_t *at, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[at[i] >> 4];
        out[2 * i + 1] = digits[at[i] & 15];
    }
    out[2 * size] = 0;
}

/* One value has one spelling: capitals are refused. */
static bool parse_hex(struct text hex, uint8_t *out, size_t size, struct error *err)
{
    for (size_t i = 0; i < hex.size; i++)
        if (hex.at[i] >= 'A' && hex.at[i] <= 'F')
            return error_set(err, ERROR_INPUT, "hexadecimal digits in capitals");
    return text_to_hex(hex, out, size, err);
}

bool public_key_parse(struct text hex, struct public_key *out, struct error *err)
{
    struct public_key key;

    if (!parse_hex(hex, key.at, sizeof(key.at), err))
        return false;
    *out = key;
    return true;
}

void public_key_hex(const struct public_key *key, char out[PUBLIC_KEY_HEX_SIZE + 1])
{
    write_hex(key->at, sizeof(key->at), out);
}

bool public_key_fingerprint(const struct public_key *key, char out[FINGERPRINT_SIZE + 1], struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;

    if (!digest_bytes(DIGEST_SHA256, (struct bytes){key->at, sizeof(key->at)}, &digest, err))
        return false;
    digest_hex(&digest, hex);
    (void)snprintf(out, FINGERPRINT_SIZE + 1, "sha256:%.64s", hex);
    return true;
}

void signature_hex(const struct signature *signature, char out[SIGNATURE_HEX_SIZE + 1])
{
    write_hex(signature->at, sizeof(signature->at), out);
}

bool signature_parse(struct text hex, struct signature *out, struct error *err)
{
    struct signature signature;

    if (!parse_hex(hex, signature.at, sizeof(signature.at), err))
        return false;
    *out = signature;
    return true;
}
