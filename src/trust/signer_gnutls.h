/*
 * What the sources of signer.h share: GnuTLS's entry points, and the state of an open signer. For them alone.
 */
#ifndef TRUST_SIGNER_GNUTLS_H
#define TRUST_SIGNER_GNUTLS_H

#include <gnutls/abstract.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>

#include "trust/signer.h"

struct signer_gnutls {
    __typeof__(&gnutls_privkey_init) privkey_init;
    __typeof__(&gnutls_privkey_deinit) privkey_end;
    __typeof__(&gnutls_privkey_generate2) privkey_make;
    __typeof__(&gnutls_privkey_import_x509) privkey_import_x509;
    __typeof__(&gnutls_privkey_export_x509) privkey_export_x509;
    __typeof__(&gnutls_privkey_import_url) privkey_import_url;
    __typeof__(&gnutls_privkey_set_pin_function) privkey_set_pin;
    __typeof__(&gnutls_privkey_sign_data2) sign;
    __typeof__(&gnutls_pubkey_init) pubkey_init;
    __typeof__(&gnutls_pubkey_deinit) pubkey_end;
    __typeof__(&gnutls_pubkey_import_privkey) pubkey_import_privkey;
    __typeof__(&gnutls_pubkey_export2) pubkey_export;
    __typeof__(&gnutls_pubkey_export_ecc_raw2) pubkey_export_ecc;
    __typeof__(&gnutls_pubkey_get_pk_algorithm) pubkey_algorithm;
    __typeof__(&gnutls_x509_privkey_init) x509_init;
    __typeof__(&gnutls_x509_privkey_deinit) x509_end;
    __typeof__(&gnutls_x509_privkey_import_pkcs8) x509_import;
    __typeof__(&gnutls_x509_privkey_export2_pkcs8) x509_export;
    __typeof__(&gnutls_x509_privkey_export_ecc_raw) x509_export_ecc;
    __typeof__(&gnutls_pkcs8_info) pkcs8_info;
    __typeof__(&gnutls_pkcs11_privkey_generate3) token_make;
    __typeof__(&gnutls_pkcs11_set_pin_function) token_set_pin;
    __typeof__(&gnutls_pkcs11_obj_list_import_url4) token_list;
    __typeof__(&gnutls_pkcs11_obj_export_url) token_url;
    __typeof__(&gnutls_pkcs11_obj_deinit) token_end;
    __typeof__(&gnutls_pubkey_import_pkcs11) pubkey_import_token;
    __typeof__(&gnutls_strerror) strerror;
    gnutls_free_function *free; /* GnuTLS's own variable */
};
bool signer_load(struct signer_gnutls *out, struct error *err) MUST_USE;

/* A secret that is asked for. OWN(signer_secret_end), which overwrites it. */
struct signer_secret {
    char at[SIGNER_SECRET_MAX];
};
void signer_secret_end(struct signer_secret *secret);

struct signer_state {
    struct signer_gnutls gnutls;
    gnutls_privkey_t key; /* NULL: none yet */
    const struct signer_asker *asker;
    struct signer_secret pin; /* kept while the token is open: each operation may ask for it */
    bool pin_kept;
    bool pin_failed;  /* it was refused, or nobody gave one */
    struct error why; /* of pin_failed */
};

/* An open state without a key, in the arena. From here on no core dumps. */
bool signer_begin(const struct signer_asker *asker, struct arena *arena, struct signer_state **out,
                  struct error *err) MUST_USE;
void signer_end(struct signer_state **state); /* OWN */
/* The public half of state->key with its id. ERROR_TRUST: it is neither Ed25519 nor P-256. */
bool signer_public(const struct signer_state *state, struct arena *arena, struct tuf_key *out,
                   struct error *err) MUST_USE;
/* The same of a public half alone. */
bool signer_public_of(const struct signer_gnutls *gnutls, gnutls_pubkey_t half, struct arena *arena,
                      struct tuf_key *out, struct error *err) MUST_USE;
/* Frees what GnuTLS gave, overwritten. */
void signer_drop(const struct signer_gnutls *gnutls, gnutls_datum_t *datum);

bool signer_open_file(struct signer_state *state, const char *path, struct arena *arena, struct tuf_key *key,
                      struct error *err) MUST_USE;
bool signer_open_token(struct signer_state *state, const char *uri, struct arena *arena, struct tuf_key *key,
                       struct error *err) MUST_USE;

#endif
