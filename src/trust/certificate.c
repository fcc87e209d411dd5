#include "trust/certificate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "trust/certificate_gnutls.h"

#define AUTHORITY_NAME "Suture fleet"
#define AUTHORITY_US   (30 * 365 * TIME_DAY_US)
#define KEY_ID_SIZE    20
#define SERIAL_SIZE    16
#define FLEET_HEX      (2 * CERTIFICATE_FLEET_ID)
#define HOST_HEX       (2 * CERTIFICATE_HOST_ID)
/* Clocks of machines are a little behind ours; what was just issued must hold there. */
#define CLOCK_US TIME_HOUR_US

/* Handles of GnuTLS, each NULL or to be ended: OWN(end_handles). */
struct handles {
    struct certificate_gnutls gnutls;
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t authority, crt;
    gnutls_x509_crq_t crq;
    gnutls_pubkey_t pubkey;
    uint8_t fleet[CERTIFICATE_FLEET_ID];
};

static void end_handles(struct handles *handles)
{
    const struct certificate_gnutls *gnutls = &handles->gnutls;

    if (handles->key != NULL)
        gnutls->key_end(handles->key);
    if (handles->authority != NULL)
        gnutls->crt_end(handles->authority);
    if (handles->crt != NULL)
        gnutls->crt_end(handles->crt);
    if (handles->crq != NULL)
        gnutls->crq_end(handles->crq);
    if (handles->pubkey != NULL)
        gnutls->pubkey_end(handles->pubkey);
    handles->key = NULL;
    handles->authority = handles->crt = NULL;
    handles->crq = NULL;
    handles->pubkey = NULL;
}

static void hex_of(const uint8_t *at, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", at[i]);
}

static bool import_key(struct handles *handles, struct bytes pem, struct error *err)
{
    gnutls_datum_t datum = certificate_datum(pem);
    int status = handles->gnutls.key_init(&handles->key);

    if (status >= 0)
        status =
            handles->gnutls.key_import(handles->key, &datum, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
    return certificate_went(&handles->gnutls, status, ERROR_INPUT, "private key", err);
}

static bool import_crt(const struct certificate_gnutls *gnutls, struct bytes raw,
                       gnutls_x509_crt_fmt_t format, gnutls_x509_crt_t *out, struct error *err)
{
    gnutls_datum_t datum = certificate_datum(raw);

    if (raw.size > CERTIFICATE_PEM_MAX)
        return error_set(err, ERROR_LIMIT, "certificate: more than %d bytes", CERTIFICATE_PEM_MAX);
    int status = gnutls->crt_init(out);
    if (status >= 0)
        status = gnutls->crt_import(*out, &datum, format);
    return certificate_went(gnutls, status, ERROR_INPUT, "certificate", err);
}

static bool export_crt(struct handles *handles, struct arena *arena, struct bytes *der, struct error *err)
{
    gnutls_datum_t made = {0};

    return certificate_went(&handles->gnutls,
                            handles->gnutls.crt_export(handles->crt, GNUTLS_X509_FMT_DER, &made),
                            ERROR_SYSTEM, "certificate", err) &&
           certificate_take(&handles->gnutls, &made, arena, der, err);
}

bool certificate_make_key(struct arena *arena, struct bytes *pem, struct error *err)
{
    OWN(end_handles) struct handles handles = {.key = NULL};
    gnutls_datum_t made = {0};

    if (!certificate_load(&handles.gnutls, err))
        return false;
    int status = handles.gnutls.key_init(&handles.key);
    if (status >= 0)
        status = handles.gnutls.key_make(handles.key, GNUTLS_PK_ECDSA,
                                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (status >= 0)
        status = handles.gnutls.key_export(handles.key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &made);
    return certificate_went(&handles.gnutls, status, ERROR_SYSTEM, "making a key", err) &&
           certificate_take(&handles.gnutls, &made, arena, pem, err);
}

bool certificate_make_request(struct bytes key_pem, struct arena *arena, struct bytes *der, struct error *err)
{
    OWN(end_handles) struct handles handles = {.key = NULL};
    const struct certificate_gnutls *gnutls = &handles.gnutls;
    gnutls_datum_t made = {0};

    if (!certificate_load(&handles.gnutls, err) || !import_key(&handles, key_pem, err))
        return false;
    int status = gnutls->crq_init(&handles.crq);
    if (status >= 0)
        status = gnutls->crq_set_version(handles.crq, 1);
    if (status >= 0) /* some name must stand there; the issuer looks at none */
        status = gnutls->crq_set_dn(handles.crq, GNUTLS_OID_X520_COMMON_NAME, 0, "suture", 6);
    if (status >= 0)
        status = gnutls->crq_set_key(handles.crq, handles.key);
    if (status >= 0)
        status = gnutls->crq_sign(handles.crq, handles.key, GNUTLS_DIG_SHA256, 0);
    if (status >= 0)
        status = gnutls->crq_export(handles.crq, GNUTLS_X509_FMT_DER, &made);
    return certificate_went(gnutls, status, ERROR_SYSTEM, "certificate request", err) &&
           certificate_take(gnutls, &made, arena, der, err);
}

/* ---- what every certificate has ---- */

struct dates {
    int64_t begins_us, ends_us;
};

static int begin_crt(struct handles *handles, const struct dates *dates)
{
    const struct certificate_gnutls *gnutls = &handles->gnutls;
    uint8_t serial[SERIAL_SIZE] = {0};
    int status = gnutls->crt_init(&handles->crt);

    if (status >= 0)
        status = gnutls->random(GNUTLS_RND_NONCE, serial, sizeof(serial));
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and of one length (RFC 5280, 4.1.2.2) */
    if (status >= 0)
        status = gnutls->set_version(handles->crt, 3);
    if (status >= 0)
        status = gnutls->set_serial(handles->crt, serial, sizeof(serial));
    if (status >= 0)
        status = gnutls->set_activation(handles->crt, (time_t)(dates->begins_us / TIME_SECOND_US));
    if (status >= 0)
        status = gnutls->set_expiration(handles->crt, (time_t)(dates->ends_us / TIME_SECOND_US));
    return status;
}

static int name_crt(struct handles *handles, const char *name)
{
    char fleet[FLEET_HEX + 1];
    int status =
        handles->gnutls.set_dn(handles->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));

    hex_of(handles->fleet, sizeof(handles->fleet), fleet);
    return status < 0
               ? status
               : handles->gnutls.set_dn(handles->crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, fleet, FLEET_HEX);
}

/* Ids of keys, so that a chain is put together without guessing, and the signature. */
static int sign_crt(struct handles *handles, gnutls_x509_crt_t issuer)
{
    const struct certificate_gnutls *gnutls = &handles->gnutls;
    uint8_t id[KEY_ID_SIZE];
    size_t size = sizeof(id);
    int status = gnutls->get_key_id(handles->crt, GNUTLS_KEYID_USE_SHA1, id, &size);

    if (status >= 0)
        status = gnutls->set_subject_key_id(handles->crt, id, size);
    size = sizeof(id);
    if (status >= 0)
        status = gnutls->get_key_id(issuer, GNUTLS_KEYID_USE_SHA1, id, &size);
    if (status >= 0)
        status = gnutls->set_authority_key_id(handles->crt, id, size);
    return status < 0 ? status : gnutls->sign(handles->crt, issuer, handles->key, GNUTLS_DIG_SHA256, 0);
}

bool certificate_make_authority(struct bytes key_pem, const uint8_t fleet[CERTIFICATE_FLEET_ID],
                                int64_t now_us, struct arena *arena, struct bytes *der, struct error *err)
{
    OWN(end_handles) struct handles handles = {.key = NULL};
    const struct dates dates = {now_us - CLOCK_US, now_us + AUTHORITY_US};
    const struct certificate_gnutls *gnutls = &handles.gnutls;

    memcpy(handles.fleet, fleet, sizeof(handles.fleet));
    if (!certificate_load(&handles.gnutls, err) || !import_key(&handles, key_pem, err))
        return false;
    int status = begin_crt(&handles, &dates);
    if (status >= 0)
        status = name_crt(&handles, AUTHORITY_NAME);
    if (status >= 0)
        status = gnutls->set_key(handles.crt, handles.key);
    if (status >= 0)
        status = gnutls->set_constraints(handles.crt, 1, 0);
    if (status >= 0)
        status = gnutls->set_usage(handles.crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
    if (status >= 0)
        status = sign_crt(&handles, handles.crt);
    return certificate_went(gnutls, status, ERROR_SYSTEM, "making an authority", err) &&
           export_crt(&handles, arena, der, err);
}

/* ---- issuing ---- */

void certificate_authority_end(struct certificate_authority *authority)
{
    if (authority->state != NULL)
        end_handles(authority->state);
    free(authority->state);
    authority->state = NULL;
}

/* O, where the fleet's id stands. */
static bool read_fleet(const struct certificate_gnutls *gnutls, gnutls_x509_crt_t crt, uint8_t *out,
                       struct error *err)
{
    char hex[FLEET_HEX + 1];
    size_t size = sizeof(hex);

    return certificate_went(gnutls, gnutls->get_dn(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, 0, hex, &size),
                            ERROR_TRUST, "certificate: no fleet", err) &&
           (text_to_hex((struct text){hex, size}, out, CERTIFICATE_FLEET_ID, err) || error_at(err, "fleet"));
}

static bool same_key(const struct handles *handles)
{
    uint8_t ids[2][KEY_ID_SIZE];
    size_t sizes[2] = {KEY_ID_SIZE, KEY_ID_SIZE};

    return handles->gnutls.privkey_get_key_id(handles->key, GNUTLS_KEYID_USE_SHA1, ids[0], &sizes[0]) >= 0 &&
           handles->gnutls.get_key_id(handles->authority, GNUTLS_KEYID_USE_SHA1, ids[1], &sizes[1]) >= 0 &&
           sizes[0] == sizes[1] && memcmp(ids[0], ids[1], sizes[0]) == 0;
}

bool certificate_authority_open(struct bytes key_pem, struct bytes der, struct certificate_authority *out,
                                struct error *err)
{
    OWN(certificate_authority_end) struct certificate_authority made = {calloc(1, sizeof(struct handles))};
    struct handles *handles = made.state;

    if (handles == NULL)
        return error_system(err, "authority");
    if (!certificate_load(&handles->gnutls, err) || !import_key(handles, key_pem, err) ||
        !import_crt(&handles->gnutls, der, GNUTLS_X509_FMT_DER, &handles->authority, err) ||
        !read_fleet(&handles->gnutls, handles->authority, handles->fleet, err))
        return error_at(err, "authority");
    if (!same_key(handles))
        return error_set(err, ERROR_TRUST, "authority: the key is not that of its certificate");
    *out = made;
    made.state = NULL;
    return true;
}

static bool check_curve(struct handles *handles, struct error *err)
{
    const struct certificate_gnutls *gnutls = &handles->gnutls;
    gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
    gnutls_datum_t x = {0}, y = {0};
    int status = gnutls->pubkey_init(&handles->pubkey);

    if (status >= 0)
        status = gnutls->pubkey_import_crq(handles->pubkey, handles->crq, 0);
    if (!certificate_went(gnutls, status, ERROR_INPUT, "certificate request", err))
        return false;
    if (gnutls->pubkey_algorithm(handles->pubkey, NULL) == GNUTLS_PK_ECDSA)
        (void)gnutls->pubkey_export_ecc(handles->pubkey, &curve, &x, &y, 0);
    (*gnutls->free)(x.data);
    (*gnutls->free)(y.data);
    return curve == GNUTLS_ECC_CURVE_SECP256R1 ||
           error_set(err, ERROR_TRUST, "certificate request: its key is none of P-256");
}

/* The request with its key, when it is one that we issue for. */
static bool import_request(struct handles *handles, struct bytes request, struct error *err)
{
    const struct certificate_gnutls *gnutls = &handles->gnutls;
    gnutls_datum_t datum = certificate_datum(request);

    if (request.size > CERTIFICATE_DER_MAX)
        return error_set(err, ERROR_LIMIT, "certificate request: more than %d bytes", CERTIFICATE_DER_MAX);
    int status = gnutls->crq_init(&handles->crq);
    if (status >= 0)
        status = gnutls->crq_import(handles->crq, &datum, GNUTLS_X509_FMT_DER);
    return certificate_went(gnutls, status, ERROR_INPUT, "certificate request", err) &&
           check_curve(handles, err) &&
           certificate_went(gnutls, gnutls->crq_verify(handles->crq, 0), ERROR_TRUST,
                            "certificate request: its own key did not sign it", err);
}

/* The key alone is taken: gnutls_x509_crt_set_crq would take over the names that the request asks for. */
static int fill_leaf(struct handles *handles, const char *name, const char *purpose,
                     const struct dates *dates)
{
    const struct certificate_gnutls *gnutls = &handles->gnutls;
    int status = begin_crt(handles, dates);

    if (status >= 0)
        status = gnutls->set_pubkey(handles->crt, handles->pubkey);
    if (status >= 0)
        status = name_crt(handles, name);
    if (status >= 0)
        status = gnutls->set_constraints(handles->crt, 0, -1);
    if (status >= 0)
        status = gnutls->set_usage(handles->crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    return status < 0 ? status : gnutls->set_purpose(handles->crt, purpose, 0);
}

/* The authority's key and certificate are lent to the handles of one issue. */
static struct handles lend(const struct certificate_authority *authority)
{
    struct handles handles = *(const struct handles *)authority->state;

    handles.crt = NULL;
    handles.crq = NULL;
    handles.pubkey = NULL;
    return handles;
}

static void end_lent(struct handles *handles)
{
    handles->key = NULL;
    handles->authority = NULL;
    end_handles(handles);
}

bool certificate_issue_host(const struct certificate_authority *authority,
                            const struct certificate_issue *wish, struct arena *arena, struct bytes *der,
                            struct error *err)
{
    OWN(end_lent) struct handles handles = lend(authority);
    const struct dates dates = {wish->now_us - CLOCK_US, wish->now_us + CERTIFICATE_HOST_US};
    char name[HOST_HEX + 1];

    hex_of(wish->host, CERTIFICATE_HOST_ID, name);
    if (!import_request(&handles, wish->request, err))
        return false;
    int status = fill_leaf(&handles, name, GNUTLS_KP_TLS_WWW_CLIENT, &dates);
    if (status >= 0)
        status = sign_crt(&handles, handles.authority);
    return certificate_went(&handles.gnutls, status, ERROR_SYSTEM, "issuing", err) &&
           export_crt(&handles, arena, der, err);
}

static int add_name(struct handles *handles, const char *name)
{
    uint8_t address[16];

    for (int i = 0; i < 2; i++)
        if (inet_pton(i == 0 ? AF_INET : AF_INET6, name, address) == 1)
            return handles->gnutls.set_alt_name(handles->crt, GNUTLS_SAN_IPADDRESS, address, i == 0 ? 4 : 16,
                                                GNUTLS_FSAN_APPEND);
    return handles->gnutls.set_alt_name(handles->crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
                                        GNUTLS_FSAN_APPEND);
}

bool certificate_issue_server(const struct certificate_authority *authority,
                              const struct certificate_issue *wish, struct arena *arena, struct bytes *der,
                              struct error *err)
{
    OWN(end_lent) struct handles handles = lend(authority);
    const struct dates dates = {wish->now_us - CLOCK_US, wish->now_us + CERTIFICATE_SERVER_US};

    if (!import_request(&handles, wish->request, err))
        return false;
    int status = fill_leaf(&handles, wish->names[0], GNUTLS_KP_TLS_WWW_SERVER, &dates);
    for (size_t i = 0; status >= 0 && wish->names[i] != NULL; i++)
        status = add_name(&handles, wish->names[i]);
    if (status >= 0)
        status = sign_crt(&handles, handles.authority);
    return certificate_went(&handles.gnutls, status, ERROR_SYSTEM, "issuing", err) &&
           export_crt(&handles, arena, der, err);
}

/* ---- judging ---- */

void certificate_judge_end(struct certificate_judge *judge)
{
    if (judge->state != NULL)
        end_handles(judge->state);
    free(judge->state);
    judge->state = NULL;
}

bool certificate_judge_open(struct bytes authority_der, struct certificate_judge *out, struct error *err)
{
    OWN(certificate_judge_end) struct certificate_judge made = {.state = calloc(1, sizeof(struct handles))};
    struct handles *handles = made.state;

    if (handles == NULL)
        return error_system(err, "authority");
    if (!certificate_load(&handles->gnutls, err) ||
        !import_crt(&handles->gnutls, authority_der, GNUTLS_X509_FMT_DER, &handles->authority, err) ||
        !read_fleet(&handles->gnutls, handles->authority, made.fleet, err))
        return error_at(err, "authority");
    *out = made;
    made.state = NULL;
    return true;
}

static bool read_host(const struct handles *handles, struct certificate_host *out, struct error *err)
{
    const struct certificate_gnutls *gnutls = &handles->gnutls;
    char hex[HOST_HEX + 1];
    size_t size = sizeof(hex);
    int64_t begins_s = gnutls->get_activation(handles->crt), ends_s = gnutls->get_expiration(handles->crt);

    if (begins_s < 0 || ends_s < 0)
        return error_set(err, ERROR_INPUT, "certificate: has no dates");
    out->begins_us = begins_s * TIME_SECOND_US;
    out->ends_us = ends_s * TIME_SECOND_US;
    return certificate_went(gnutls,
                            gnutls->get_dn(handles->crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, hex, &size),
                            ERROR_TRUST, "certificate: no host", err) &&
           (text_to_hex((struct text){hex, size}, out->host, CERTIFICATE_HOST_ID, err) ||
            error_at(err, "host"));
}

bool certificate_judge_host(const struct certificate_judge *judge, struct bytes der,
                            struct certificate_host *out, struct error *err)
{
    OWN(end_lent) struct handles handles = *(const struct handles *)judge->state;
    const struct certificate_gnutls *gnutls = &handles.gnutls;
    struct certificate_host got;
    uint8_t fleet[CERTIFICATE_FLEET_ID];
    unsigned problems = 0;

    handles.crt = NULL;
    if (!import_crt(gnutls, der, GNUTLS_X509_FMT_DER, &handles.crt, err))
        return false;
    int status =
        gnutls->verify(handles.crt, &handles.authority, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &problems);
    if (status < 0 || problems != 0)
        return error_set(err, ERROR_TRUST, "certificate: not one of this fleet's");
    if (gnutls->get_ca_status(handles.crt, NULL) > 0 ||
        gnutls->check_purpose(handles.crt, GNUTLS_KP_TLS_WWW_CLIENT, GNUTLS_KP_FLAG_DISALLOW_ANY) == 0)
        return error_set(err, ERROR_TRUST, "certificate: not one of a host");
    if (!read_fleet(gnutls, handles.crt, fleet, err) || !read_host(&handles, &got, err))
        return false;
    if (memcmp(fleet, judge->fleet, sizeof(fleet)) != 0)
        return error_set(err, ERROR_TRUST, "certificate: one of another fleet");
    *out = got;
    return true;
}

bool certificate_ends(struct bytes der, int64_t *out_us, struct error *err)
{
    OWN(end_handles) struct handles handles = {.key = NULL};

    if (!certificate_load(&handles.gnutls, err) ||
        !import_crt(&handles.gnutls, der, GNUTLS_X509_FMT_DER, &handles.crt, err))
        return false;
    int64_t ends_s = handles.gnutls.get_expiration(handles.crt);
    if (ends_s < 0)
        return error_set(err, ERROR_INPUT, "certificate: has no end");
    *out_us = ends_s * TIME_SECOND_US;
    return true;
}

/* ---- PEM ---- */

static bool convert(struct bytes raw, gnutls_x509_crt_fmt_t from, struct arena *arena, struct bytes *out,
                    struct error *err)
{
    OWN(end_handles) struct handles handles = {.key = NULL};
    gnutls_datum_t made = {0};
    gnutls_x509_crt_fmt_t to = from == GNUTLS_X509_FMT_PEM ? GNUTLS_X509_FMT_DER : GNUTLS_X509_FMT_PEM;

    return certificate_load(&handles.gnutls, err) &&
           import_crt(&handles.gnutls, raw, from, &handles.crt, err) &&
           certificate_went(&handles.gnutls, handles.gnutls.crt_export(handles.crt, to, &made), ERROR_SYSTEM,
                            "certificate", err) &&
           certificate_take(&handles.gnutls, &made, arena, out, err);
}

bool certificate_to_pem(struct bytes der, struct arena *arena, struct bytes *pem, struct error *err)
{
    return convert(der, GNUTLS_X509_FMT_DER, arena, pem, err);
}

bool certificate_from_pem(struct bytes pem, struct arena *arena, struct bytes *der, struct error *err)
{
    return convert(pem, GNUTLS_X509_FMT_PEM, arena, der, err);
}
