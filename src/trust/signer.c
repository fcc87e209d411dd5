#include "trust/signer.h"

#include <stddef.h>
#include <string.h>

#include "base/gnutls_load.h"
#include "base/os.h"
#include "base/own.h"
#include "trust/signer_gnutls.h"

#define SYMBOL(symbol, member)                                                                               \
    {                                                                                                        \
#symbol, offsetof(struct signer_gnutls, member)                                                      \
    }

bool signer_load(struct signer_gnutls *out, struct error *err)
{
    static const struct gnutls_symbol symbols[] = {
        SYMBOL(gnutls_privkey_init, privkey_init),
        SYMBOL(gnutls_privkey_deinit, privkey_end),
        SYMBOL(gnutls_privkey_generate2, privkey_make),
        SYMBOL(gnutls_privkey_import_x509, privkey_import_x509),
        SYMBOL(gnutls_privkey_export_x509, privkey_export_x509),
        SYMBOL(gnutls_privkey_import_url, privkey_import_url),
        SYMBOL(gnutls_privkey_set_pin_function, privkey_set_pin),
        SYMBOL(gnutls_privkey_sign_data2, sign),
        SYMBOL(gnutls_pubkey_init, pubkey_init),
        SYMBOL(gnutls_pubkey_deinit, pubkey_end),
        SYMBOL(gnutls_pubkey_import_privkey, pubkey_import_privkey),
        SYMBOL(gnutls_pubkey_export2, pubkey_export),
        SYMBOL(gnutls_pubkey_export_ecc_raw2, pubkey_export_ecc),
        SYMBOL(gnutls_pubkey_get_pk_algorithm, pubkey_algorithm),
        SYMBOL(gnutls_x509_privkey_init, x509_init),
        SYMBOL(gnutls_x509_privkey_deinit, x509_end),
        SYMBOL(gnutls_x509_privkey_import_pkcs8, x509_import),
        SYMBOL(gnutls_x509_privkey_export2_pkcs8, x509_export),
        SYMBOL(gnutls_x509_privkey_export_ecc_raw, x509_export_ecc),
        SYMBOL(gnutls_pkcs8_info, pkcs8_info),
        SYMBOL(gnutls_pkcs11_privkey_generate3, token_make),
        SYMBOL(gnutls_pkcs11_set_pin_function, token_set_pin),
        SYMBOL(gnutls_pkcs11_obj_list_import_url4, token_list),
        SYMBOL(gnutls_pkcs11_obj_export_url, token_url),
        SYMBOL(gnutls_pkcs11_obj_deinit, token_end),
        SYMBOL(gnutls_pubkey_import_pkcs11, pubkey_import_token),
        SYMBOL(gnutls_strerror, strerror),
        SYMBOL(gnutls_free, free),
    };

    return gnutls_load(symbols, sizeof(symbols) / sizeof(*symbols), out, err);
}

void signer_secret_end(struct signer_secret *secret)
{
    explicit_bzero(secret, sizeof(*secret));
}

void signer_drop(const struct signer_gnutls *gnutls, gnutls_datum_t *datum)
{
    if (datum->data == NULL)
        return;
    explicit_bzero(datum->data, datum->size);
    (*gnutls->free)(datum->data);
    *datum = (gnutls_datum_t){0};
}

/* ---- opening and closing ---- */

bool signer_begin(const struct signer_asker *asker, struct arena *arena, struct signer_state **out,
                  struct error *err)
{
    struct signer_state *state = ARENA_NEW(arena, struct signer_state);

    if (state == NULL)
        return arena_full(arena, err);
    if (!os_leave_no_core(err) || !signer_load(&state->gnutls, err))
        return false;
    if (state->gnutls.privkey_init(&state->key) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a key");
    state->asker = asker;
    *out = state;
    return true;
}

void signer_end(struct signer_state **state)
{
    if (*state == NULL)
        return;
    if ((*state)->key != NULL)
        (*state)->gnutls.privkey_end((*state)->key);
    explicit_bzero(*state, sizeof(**state));
    *state = NULL;
}

bool signer_is_token(const char *where)
{
    return strncmp(where, "pkcs11:", 7) == 0;
}

bool signer_open(const char *where, const struct signer_asker *asker, struct arena *arena, struct signer *out,
                 struct error *err)
{
    OWN(signer_end) struct signer_state *state = NULL;
    struct signer signer = {0};

    if (!signer_begin(asker, arena, &state, err))
        return false;
    bool opened = signer_is_token(where) ? signer_open_token(state, where, arena, &signer.key, err)
                                         : signer_open_file(state, where, arena, &signer.key, err);
    if (!opened)
        return error_at(err, "%s", where);
    signer.state = state;
    state = NULL;
    *out = signer;
    return true;
}

void signer_close(struct signer *signer)
{
    struct signer_state *state = signer->state;

    signer_end(&state);
    *signer = (struct signer){0};
}

/* ---- the public half ---- */

static bool copy_out(const struct signer_gnutls *gnutls, gnutls_datum_t *datum, struct arena *arena,
                     struct bytes *out, struct error *err)
{
    struct text copy = text_copy(arena, (struct text){(const char *)datum->data, datum->size});

    signer_drop(gnutls, datum);
    if (copy.at == NULL)
        return arena_full(arena, err);
    *out = bytes_of_text(copy);
    return true;
}

static bool read_public(const struct signer_gnutls *gnutls, gnutls_pubkey_t half, struct arena *arena,
                        struct tuf_key *out, struct error *err)
{
    int algorithm = gnutls->pubkey_algorithm(half, NULL);
    gnutls_datum_t x = {0}, y = {0}, whole = {0};
    gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;

    if (algorithm != GNUTLS_PK_EDDSA_ED25519 && algorithm != GNUTLS_PK_ECDSA)
        return error_set(err, ERROR_TRUST, "is neither an Ed25519 nor a P-256 key");
    if (gnutls->pubkey_export_ecc(half, &curve, &x, &y, 0) != 0)
        return error_set(err, ERROR_SYSTEM, "GnuTLS does not give the public half");
    if (algorithm == GNUTLS_PK_EDDSA_ED25519) {
        signer_drop(gnutls, &y);
        out->scheme = TUF_ED25519;
        return copy_out(gnutls, &x, arena, &out->material, err);
    }
    signer_drop(gnutls, &x);
    signer_drop(gnutls, &y);
    if (curve != GNUTLS_ECC_CURVE_SECP256R1)
        return error_set(err, ERROR_TRUST, "is on another curve than P-256");
    if (gnutls->pubkey_export(half, GNUTLS_X509_FMT_DER, &whole) != 0)
        return error_set(err, ERROR_SYSTEM, "GnuTLS does not give the public half");
    out->scheme = TUF_ECDSA_P256;
    return copy_out(gnutls, &whole, arena, &out->material, err);
}

bool signer_public_of(const struct signer_gnutls *gnutls, gnutls_pubkey_t half, struct arena *arena,
                      struct tuf_key *out, struct error *err)
{
    struct tuf_key key = {0};

    if (!read_public(gnutls, half, arena, &key, err) || !tuf_key_make_id(&key, arena, &key.id, err))
        return false;
    *out = key;
    return true;
}

bool signer_public(const struct signer_state *state, struct arena *arena, struct tuf_key *out,
                   struct error *err)
{
    const struct signer_gnutls *gnutls = &state->gnutls;
    struct tuf_key key = {0};
    gnutls_pubkey_t half;

    if (gnutls->pubkey_init(&half) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a key");
    int status = gnutls->pubkey_import_privkey(half, state->key, 0, 0);
    bool read = status == 0 ? signer_public_of(gnutls, half, arena, &key, err)
                            : error_set(err, ERROR_ABSENT, "its public half is not there: %s",
                                        gnutls->strerror(status));
    gnutls->pubkey_end(half);
    if (read)
        *out = key;
    return read;
}

/* ---- signing ---- */

bool signer_sign(const struct signer *signer, struct bytes message, struct arena *arena,
                 struct bytes *signature, struct error *err)
{
    struct signer_state *state = signer->state;
    const struct signer_gnutls *gnutls = &state->gnutls;
    gnutls_datum_t data = {.size = (unsigned)message.size}, made = {0};
    bool ed25519 = signer->key.scheme == TUF_ED25519;
    struct bytes copy;

    if (message.size > UINT32_MAX)
        return error_set(err, ERROR_LIMIT, "%zu bytes are too many to sign", message.size);
    memcpy(&data.data, &message.at,
           sizeof(data.data)); /* GnuTLS's views are not const; it does not write through them */
    int status = gnutls->sign(state->key, ed25519 ? GNUTLS_SIGN_EDDSA_ED25519 : GNUTLS_SIGN_ECDSA_SHA256, 0,
                              &data, &made);
    if (status != 0 && state->pin_failed) {
        *err = state->why;
        return false;
    }
    if (status != 0)
        return error_set(err, ERROR_SYSTEM, "the key does not sign: %s", gnutls->strerror(status));
    if (!copy_out(gnutls, &made, arena, &copy, err))
        return false;
    /* A wrong signature can tell the key (a fault while it was made), and would help nobody. */
    if (!tuf_key_verify(&signer->key, message, copy, err))
        return error_at(err, "what the key made");
    *signature = copy;
    return true;
}
