/*
 * GnuTLS's entry points for certificate*.c alone.
 */
#ifndef TRUST_CERTIFICATE_GNUTLS_H
#define TRUST_CERTIFICATE_GNUTLS_H

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/bytes.h"

struct certificate_gnutls {
    __typeof__(&gnutls_x509_privkey_init) key_init;
    __typeof__(&gnutls_x509_privkey_deinit) key_end;
    __typeof__(&gnutls_x509_privkey_generate) key_make;
    __typeof__(&gnutls_x509_privkey_import_pkcs8) key_import;
    __typeof__(&gnutls_x509_privkey_export2_pkcs8) key_export;
    __typeof__(&gnutls_x509_crt_init) crt_init;
    __typeof__(&gnutls_x509_crt_deinit) crt_end;
    __typeof__(&gnutls_x509_crt_import) crt_import;
    __typeof__(&gnutls_x509_crt_export2) crt_export;
    __typeof__(&gnutls_x509_crt_set_version) set_version;
    __typeof__(&gnutls_x509_crt_set_serial) set_serial;
    __typeof__(&gnutls_x509_crt_set_activation_time) set_activation;
    __typeof__(&gnutls_x509_crt_set_expiration_time) set_expiration;
    __typeof__(&gnutls_x509_crt_set_dn_by_oid) set_dn;
    __typeof__(&gnutls_x509_crt_set_key) set_key;
    __typeof__(&gnutls_x509_crt_set_pubkey) set_pubkey;
    __typeof__(&gnutls_x509_crt_set_basic_constraints) set_constraints;
    __typeof__(&gnutls_x509_crt_set_key_usage) set_usage;
    __typeof__(&gnutls_x509_crt_set_key_purpose_oid) set_purpose;
    __typeof__(&gnutls_x509_crt_set_subject_alt_name) set_alt_name;
    __typeof__(&gnutls_x509_crt_set_subject_key_id) set_subject_key_id;
    __typeof__(&gnutls_x509_crt_set_authority_key_id) set_authority_key_id;
    __typeof__(&gnutls_x509_crt_get_key_id) get_key_id;
    __typeof__(&gnutls_x509_crt_sign2) sign;
    __typeof__(&gnutls_x509_crt_verify) verify;
    __typeof__(&gnutls_x509_crt_check_key_purpose) check_purpose;
    __typeof__(&gnutls_x509_crt_get_ca_status) get_ca_status;
    __typeof__(&gnutls_x509_crt_get_dn_by_oid) get_dn;
    __typeof__(&gnutls_x509_crt_get_activation_time) get_activation;
    __typeof__(&gnutls_x509_crt_get_expiration_time) get_expiration;
    __typeof__(&gnutls_x509_privkey_get_key_id) privkey_get_key_id;
    __typeof__(&gnutls_x509_crq_init) crq_init;
    __typeof__(&gnutls_x509_crq_deinit) crq_end;
    __typeof__(&gnutls_x509_crq_import) crq_import;
    __typeof__(&gnutls_x509_crq_export2) crq_export;
    __typeof__(&gnutls_x509_crq_set_version) crq_set_version;
    __typeof__(&gnutls_x509_crq_set_dn_by_oid) crq_set_dn;
    __typeof__(&gnutls_x509_crq_set_key) crq_set_key;
    __typeof__(&gnutls_x509_crq_sign2) crq_sign;
    __typeof__(&gnutls_x509_crq_verify) crq_verify;
    __typeof__(&gnutls_pubkey_init) pubkey_init;
    __typeof__(&gnutls_pubkey_deinit) pubkey_end;
    __typeof__(&gnutls_pubkey_import_x509_crq) pubkey_import_crq;
    __typeof__(&gnutls_pubkey_get_pk_algorithm) pubkey_algorithm;
    __typeof__(&gnutls_pubkey_export_ecc_raw2) pubkey_export_ecc;
    __typeof__(&gnutls_rnd) random;
    __typeof__(&gnutls_strerror) strerror;
    gnutls_free_function *free; /* GnuTLS's own variable */
};

bool certificate_load(struct certificate_gnutls *out, struct error *err) MUST_USE;
/* GnuTLS's views are not const, and it does not write through them. */
gnutls_datum_t certificate_datum(struct bytes bytes);
/* True when status is none; else ERROR_INPUT or what kind says: "what: GnuTLS's words". */
bool certificate_went(const struct certificate_gnutls *gnutls, int status, enum error_kind kind,
                      const char *what, struct error *err) MUST_USE;
/* Copies what GnuTLS gave into the arena, overwrites it and gives it back. */
bool certificate_take(const struct certificate_gnutls *gnutls, gnutls_datum_t *given, struct arena *arena,
                      struct bytes *out, struct error *err) MUST_USE;

#endif
