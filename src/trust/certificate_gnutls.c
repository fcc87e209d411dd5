#include "trust/certificate_gnutls.h"

#include <string.h>

#include "base/gnutls_load.h"

#define SYMBOL(symbol, member)                                                                               \
    {                                                                                                        \
#symbol, offsetof(struct certificate_gnutls, member)                                                 \
    }

bool certificate_load(struct certificate_gnutls *out, struct error *err)
{
    static const struct gnutls_symbol symbols[] = {
        SYMBOL(gnutls_x509_privkey_init, key_init),
        SYMBOL(gnutls_x509_privkey_deinit, key_end),
        SYMBOL(gnutls_x509_privkey_generate, key_make),
        SYMBOL(gnutls_x509_privkey_import_pkcs8, key_import),
        SYMBOL(gnutls_x509_privkey_export2_pkcs8, key_export),
        SYMBOL(gnutls_x509_crt_init, crt_init),
        SYMBOL(gnutls_x509_crt_deinit, crt_end),
        SYMBOL(gnutls_x509_crt_import, crt_import),
        SYMBOL(gnutls_x509_crt_export2, crt_export),
        SYMBOL(gnutls_x509_crt_set_version, set_version),
        SYMBOL(gnutls_x509_crt_set_serial, set_serial),
        SYMBOL(gnutls_x509_crt_set_activation_time, set_activation),
        SYMBOL(gnutls_x509_crt_set_expiration_time, set_expiration),
        SYMBOL(gnutls_x509_crt_set_dn_by_oid, set_dn),
        SYMBOL(gnutls_x509_crt_set_key, set_key),
        SYMBOL(gnutls_x509_crt_set_pubkey, set_pubkey),
        SYMBOL(gnutls_x509_crt_set_basic_constraints, set_constraints),
        SYMBOL(gnutls_x509_crt_set_key_usage, set_usage),
        SYMBOL(gnutls_x509_crt_set_key_purpose_oid, set_purpose),
        SYMBOL(gnutls_x509_crt_set_subject_alt_name, set_alt_name),
        SYMBOL(gnutls_x509_crt_set_subject_key_id, set_subject_key_id),
        SYMBOL(gnutls_x509_crt_set_authority_key_id, set_authority_key_id),
        SYMBOL(gnutls_x509_crt_get_key_id, get_key_id),
        SYMBOL(gnutls_x509_crt_sign2, sign),
        SYMBOL(gnutls_x509_crt_verify, verify),
        SYMBOL(gnutls_x509_crt_check_key_purpose, check_purpose),
        SYMBOL(gnutls_x509_crt_get_ca_status, get_ca_status),
        SYMBOL(gnutls_x509_crt_get_dn_by_oid, get_dn),
        SYMBOL(gnutls_x509_crt_get_activation_time, get_activation),
        SYMBOL(gnutls_x509_crt_get_expiration_time, get_expiration),
        SYMBOL(gnutls_x509_privkey_get_key_id, privkey_get_key_id),
        SYMBOL(gnutls_x509_crq_init, crq_init),
        SYMBOL(gnutls_x509_crq_deinit, crq_end),
        SYMBOL(gnutls_x509_crq_import, crq_import),
        SYMBOL(gnutls_x509_crq_export2, crq_export),
        SYMBOL(gnutls_x509_crq_set_version, crq_set_version),
        SYMBOL(gnutls_x509_crq_set_dn_by_oid, crq_set_dn),
        SYMBOL(gnutls_x509_crq_set_key, crq_set_key),
        SYMBOL(gnutls_x509_crq_sign2, crq_sign),
        SYMBOL(gnutls_x509_crq_verify, crq_verify),
        SYMBOL(gnutls_pubkey_init, pubkey_init),
        SYMBOL(gnutls_pubkey_deinit, pubkey_end),
        SYMBOL(gnutls_pubkey_import_x509_crq, pubkey_import_crq),
        SYMBOL(gnutls_pubkey_get_pk_algorithm, pubkey_algorithm),
        SYMBOL(gnutls_pubkey_export_ecc_raw2, pubkey_export_ecc),
        SYMBOL(gnutls_rnd, random),
        SYMBOL(gnutls_strerror, strerror),
        SYMBOL(gnutls_free, free),
    };

    return gnutls_load(symbols, sizeof(symbols) / sizeof(*symbols), out, err);
}

gnutls_datum_t certificate_datum(struct bytes bytes)
{
    gnutls_datum_t datum = {.size = (unsigned)bytes.size};

    memcpy(&datum.data, &bytes.at, sizeof(datum.data));
    return datum;
}

bool certificate_went(const struct certificate_gnutls *gnutls, int status, enum error_kind kind,
                      const char *what, struct error *err)
{
    return status >= 0 || error_set(err, kind, "%s: %s", what, gnutls->strerror(status));
}

bool certificate_take(const struct certificate_gnutls *gnutls, gnutls_datum_t *given, struct arena *arena,
                      struct bytes *out, struct error *err)
{
    uint8_t *copy = arena_take(arena, given->size + (size_t)1);

    if (copy != NULL && given->size > 0)
        memcpy(copy, given->data, given->size);
    if (given->data != NULL)
        explicit_bzero(given->data, given->size);
    (*gnutls->free)(given->data);
    given->data = NULL;
    if (copy == NULL)
        return arena_full(arena, err);
    *out = (struct bytes){copy, given->size};
    return true;
}
