#include "trust/tuf_key.h"

#include <assert.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "base/control.h"
#include "base/gnutls_load.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/json_canonical.h"

#define ED25519_SIZE           32
#define ED25519_SIGNATURE_SIZE 64
/* NIST SP 800-57: less than 112 bits of strength since 2014. */
#define RSA_BITS_MIN 2048

/* What a key's type and scheme are called, and how GnuTLS calls what it verifies. */
static const struct kind {
    const char *type, *scheme;
    gnutls_sign_algorithm_t algorithm;
} kinds[TUF_SCHEME_COUNT] = {
    [TUF_ED25519] = {"ed25519", "ed25519", GNUTLS_SIGN_EDDSA_ED25519},
    [TUF_ECDSA_P256] = {"ecdsa", "ecdsa-sha2-nistp256", GNUTLS_SIGN_ECDSA_SHA256},
    [TUF_RSA_PSS] = {"rsa", "rsassa-pss-sha256", GNUTLS_SIGN_RSA_PSS_SHA256},
};

struct gnutls {
    __typeof__(&gnutls_pubkey_init) open;
    __typeof__(&gnutls_pubkey_deinit) close;
    __typeof__(&gnutls_pubkey_import) import;
    __typeof__(&gnutls_pubkey_import_ecc_raw) import_raw;
    __typeof__(&gnutls_pubkey_export2) export;
    __typeof__(&gnutls_pubkey_export_ecc_raw2) export_raw;
    __typeof__(&gnutls_pubkey_get_pk_algorithm) algorithm;
    __typeof__(&gnutls_pubkey_verify_data2) verify;
    __typeof__(&gnutls_pem_base64_encode2) pem;
    gnutls_free_function *free; /* GnuTLS's own variable */
};

#define SYMBOL(symbol, member)                                                                               \
    {                                                                                                        \
#symbol, offsetof(struct gnutls, member)                                                             \
    }

static bool load(struct gnutls *out, struct error *err)
{
    static const struct gnutls_symbol symbols[] = {
        SYMBOL(gnutls_pubkey_init, open),
        SYMBOL(gnutls_pubkey_deinit, close),
        SYMBOL(gnutls_pubkey_import, import),
        SYMBOL(gnutls_pubkey_import_ecc_raw, import_raw),
        SYMBOL(gnutls_pubkey_export2, export),
        SYMBOL(gnutls_pubkey_export_ecc_raw2, export_raw),
        SYMBOL(gnutls_pubkey_get_pk_algorithm, algorithm),
        SYMBOL(gnutls_pubkey_verify_data2, verify),
        SYMBOL(gnutls_pem_base64_encode2, pem),
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

const char *tuf_scheme_name(enum tuf_scheme scheme)
{
    return kinds[scheme].scheme == NULL ? "unknown" : kinds[scheme].scheme;
}

/* What GnuTLS allocated, in the arena; false when either ran out. */
static bool keep(const struct gnutls *gnutls, gnutls_datum_t *made, struct arena *arena, struct bytes *out)
{
    uint8_t *copy = arena_take(arena, made->size);

    if (copy != NULL)
        memcpy(copy, made->data, made->size);
    *out = (struct bytes){copy, made->size};
    (*gnutls->free)(made->data);
    return copy != NULL;
}

static bool is_p256(const struct gnutls *gnutls, gnutls_pubkey_t key)
{
    gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;

    return gnutls->algorithm(key, NULL) == GNUTLS_PK_ECDSA &&
           gnutls->export_raw(key, &curve, NULL, NULL, 0) == 0 && curve == GNUTLS_ECC_CURVE_SECP256R1;
}

/*
 * What was read, in the one DER that GnuTLS writes: the same key compares equal however it was put down. *out stays
 * empty for a curve or algorithm that is not this scheme's.
 */
static bool take_read(const struct gnutls *gnutls, gnutls_pubkey_t key, enum tuf_scheme scheme,
                      struct arena *arena, struct bytes *out, struct error *err)
{
    gnutls_datum_t made = {0};
    unsigned bits = 0;
    int algorithm = gnutls->algorithm(key, &bits);

    if (scheme == TUF_ECDSA_P256 && !is_p256(gnutls, key))
        return true;
    if (scheme == TUF_RSA_PSS && algorithm != GNUTLS_PK_RSA)
        return true;
    if (scheme == TUF_RSA_PSS && bits < RSA_BITS_MIN)
        return error_set(err, ERROR_INPUT, "an RSA key of %u bits, fewer than %d", bits, RSA_BITS_MIN);
    if (gnutls->export(key, GNUTLS_X509_FMT_DER, &made) != 0)
        return error_set(err, ERROR_INPUT, "no key that could be written down again");
    return keep(gnutls, &made, arena, out) || arena_full(arena, err);
}

static bool read_pem(struct bytes pem, enum tuf_scheme scheme, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    gnutls_datum_t datum = datum_of(pem);
    struct gnutls gnutls;
    gnutls_pubkey_t key;

    if (!load(&gnutls, err))
        return false;
    if (gnutls.open(&key) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a key");
    bool done = gnutls.import(key, &datum, GNUTLS_X509_FMT_PEM) == 0
                    ? take_read(&gnutls, key, scheme, arena, out, err)
                    : error_set(err, ERROR_INPUT, "no public key in PEM");
    gnutls.close(key);
    return done;
}

static bool read_raw(struct bytes hex, struct arena *arena, struct bytes *out, struct error *err)
{
    uint8_t *at = arena_take(arena, ED25519_SIZE);

    if (at == NULL)
        return arena_full(arena, err);
    *out = (struct bytes){at, ED25519_SIZE};
    return text_to_hex((struct text){(const char *)hex.at, hex.size}, at, ED25519_SIZE, err);
}

static enum tuf_scheme find_scheme(struct text type, struct text scheme)
{
    /* What securesystemslib wrote before its keys had a type and a scheme of different names. */
    if (text_equal(type, TEXT("ecdsa-sha2-nistp256")))
        type = TEXT("ecdsa");
    for (enum tuf_scheme i = 1; i < TUF_SCHEME_COUNT; i++)
        if (text_equal(type, text_of(kinds[i].type)) && text_equal(scheme, text_of(kinds[i].scheme)))
            return i;
    return TUF_SCHEME_UNKNOWN;
}

static bool read_public(struct json value, enum tuf_scheme scheme, struct arena *arena, struct bytes *out,
                        struct error *err)
{
    struct json keyval, member;

    if (!json_get_object(value, "keyval", true, &keyval, err))
        return false;
    if (scheme == TUF_SCHEME_UNKNOWN)
        return true; /* what such a key is made of only others know */
    member = json_member(keyval, "public");
    if (!json_is_text(member))
        return error_set(err, ERROR_INPUT, "keyval: public is %s",
                         json_is_absent(member) ? "missing" : "not a text");
    struct bytes public_text = json_bytes(member);
    if (public_text.size > LIMIT_TUF_PUBLIC)
        return error_set(err, ERROR_LIMIT, "public: %zu bytes, more than %d", public_text.size,
                         LIMIT_TUF_PUBLIC);
    bool done = scheme == TUF_ED25519 ? read_raw(public_text, arena, out, err)
                                      : read_pem(public_text, scheme, arena, out, err);
    return done || error_at(err, "public");
}

/* A text of a document, in the arena. */
static bool take_text(struct json value, const char *name, bool required, struct arena *arena,
                      struct text *out, struct error *err)
{
    struct text got = {0};

    if (!json_get_text(value, name, required, LIMIT_TUF_WORD, &got, err))
        return false;
    *out = text_copy(arena, got);
    return out->at != NULL || arena_full(arena, err);
}

bool tuf_key_parse(struct text id, struct json value, struct arena *arena, struct tuf_key *out,
                   struct error *err)
{
    struct tuf_key key = {.id = text_copy(arena, id)};
    struct text type = {0}, scheme = {0};

    if (key.id.at == NULL)
        return arena_full(arena, err);
    if (!json_is_object(value))
        return error_set(err, ERROR_INPUT, "is no object");
    if (!json_get_text(value, "keytype", true, LIMIT_TUF_WORD, &type, err) ||
        !json_get_text(value, "scheme", true, LIMIT_TUF_WORD, &scheme, err) ||
        !take_text(value, "x-suture-person", false, arena, &key.person, err) ||
        !take_text(value, "x-suture-duty", false, arena, &key.duty, err) ||
        !json_get_bool(value, "x-suture-online", false, &key.online, err))
        return false;
    key.scheme = find_scheme(type, scheme);
    if (!read_public(value, key.scheme, arena, &key.material, err))
        return false;
    if (key.material.size == 0)
        key.scheme = TUF_SCHEME_UNKNOWN;
    *out = key;
    return true;
}

static void write_hex(struct writer *out, struct bytes bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.size; i++) {
        writer_byte(out, (uint8_t)digits[bytes.at[i] >> 4]);
        writer_byte(out, (uint8_t)digits[bytes.at[i] & 15]);
    }
}

/* The public value's text: hexadecimal, or PEM. */
static void write_public(struct writer *out, const struct tuf_key *key)
{
    gnutls_datum_t der = datum_of(key->material), pem = {0};
    struct gnutls gnutls;
    struct error err;

    if (key->scheme == TUF_ED25519) {
        write_hex(out, key->material);
        return;
    }
    if (!load(&gnutls, &err) || gnutls.pem("PUBLIC KEY", &der, &pem) != 0) {
        out->failed = true;
        return;
    }
    writer_put(out, (struct bytes){pem.data, pem.size});
    (*gnutls.free)(pem.data);
}

static void put_basics(struct json_writer *j, const struct tuf_key *key)
{
    OWN(writer_end) struct writer public_text = writer_with(LIMIT_TUF_PUBLIC);

    assert(key->scheme != TUF_SCHEME_UNKNOWN); /* nothing is known of it that could be written */
    write_public(&public_text, key);
    if (!writer_ok(&public_text))
        j->out->failed = true;
    json_name(j, "keytype");
    json_put_string(j, kinds[key->scheme].type);
    json_name(j, "keyval");
    json_open_object(j);
    json_name(j, "public");
    json_put_text(j, (struct text){(const char *)public_text.at, public_text.size});
    json_close_object(j);
    json_name(j, "scheme");
    json_put_string(j, kinds[key->scheme].scheme);
}

void tuf_key_write(struct json_writer *j, const struct tuf_key *key)
{
    json_open_object(j);
    put_basics(j, key);
    if (key->duty.size > 0) {
        json_name(j, "x-suture-duty");
        json_put_text(j, key->duty);
    }
    if (key->online) {
        json_name(j, "x-suture-online");
        json_put_bool(j, true);
    }
    if (key->person.size > 0) {
        json_name(j, "x-suture-person");
        json_put_text(j, key->person);
    }
    json_close_object(j);
}

bool tuf_key_make_id(const struct tuf_key *key, struct arena *arena, struct text *out, struct error *err)
{
    OWN(writer_end) struct writer plain = writer_with(2 * LIMIT_TUF_PUBLIC);
    OWN(json_end) struct json_document document = {0};
    struct json_writer j = json_writer_with(&plain, false);
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;
    struct bytes raw, canonical;

    if (key->scheme == TUF_SCHEME_UNKNOWN)
        return error_set(err, ERROR_INPUT, "a key of an unknown scheme");
    json_open_object(&j);
    put_basics(&j, key);
    json_close_object(&j);
    if (!writer_done(&plain, &raw, err) || !json_parse(raw, SIZE_MAX, &document, err) ||
        !json_canonical_olpc(json_root(&document), (struct bytes){0}, arena, &canonical, err) ||
        !digest_bytes(DIGEST_SHA256, canonical, &digest, err))
        return false;
    digest_hex(&digest, hex);
    struct text id = text_copy(arena, text_of(hex));
    if (id.at == NULL)
        return arena_full(arena, err);
    *out = id;
    return true;
}

bool tuf_key_same(const struct tuf_key *a, const struct tuf_key *b)
{
    if (a->scheme == TUF_SCHEME_UNKNOWN || b->scheme == TUF_SCHEME_UNKNOWN)
        return a->scheme == b->scheme && text_equal(a->id, b->id);
    return a->scheme == b->scheme && a->material.size == b->material.size &&
           memcmp(a->material.at, b->material.at, a->material.size) == 0;
}

static int import_key(const struct gnutls *gnutls, gnutls_pubkey_t with, const struct tuf_key *key)
{
    gnutls_datum_t material = datum_of(key->material);

    return key->scheme == TUF_ED25519 ? gnutls->import_raw(with, GNUTLS_ECC_CURVE_ED25519, &material, NULL)
                                      : gnutls->import(with, &material, GNUTLS_X509_FMT_DER);
}

bool tuf_key_verify(const struct tuf_key *key, struct bytes message, struct bytes signature,
                    struct error *err)
{
    gnutls_datum_t data = datum_of(message), made = datum_of(signature);
    struct gnutls gnutls;
    gnutls_pubkey_t with;

    if (key->scheme == TUF_SCHEME_UNKNOWN)
        return error_set(err, ERROR_TRUST, "a key of an unknown scheme verifies nothing");
    if (signature.size == 0)
        return error_set(err, ERROR_TRUST, "the signature is empty");
    if (signature.size > LIMIT_TUF_SIGNATURE ||
        (key->scheme == TUF_ED25519 && signature.size != ED25519_SIGNATURE_SIZE))
        return error_set(err, ERROR_TRUST, "a signature of %zu bytes", signature.size);
    if (!load(&gnutls, err))
        return false;
    if (message.size > UINT32_MAX || gnutls.open(&with) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a signature");
    /* Of a failure GnuTLS gives a number below zero; of a signature that holds, zero or more. */
    bool holds = import_key(&gnutls, with, key) == 0 &&
                 gnutls.verify(with, kinds[key->scheme].algorithm, 0, &data, &made) >= 0;
    gnutls.close(with);
    return holds || !control_holds(CONTROL_TUF_SIGNATURE) ||
           error_set(err, ERROR_TRUST, "the signature does not hold");
}
