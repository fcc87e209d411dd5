/*
 * The fleet's own certificates (X.509), by GnuTLS, loaded at the first use (base/gnutls_load.h).
 *
 *     authority   self-signed, P-256, CN "Suture fleet", O = fleet id; signs certificates and nothing else; 30 years: what
 *                 ends trust in it is a new fleet, not a date that one day locks every machine out
 *     server      SAN: names and addresses; for servers only
 *     host        CN = host id, O = fleet id, in hexadecimal; for clients only, P-256, 14 days (trust.md 10)
 *
 * A request (PKCS #10) gives its key and nothing else: subject, dates and purposes are the issuer's. So nobody can ask for
 * another's name, and a host's certificate never holds for a server, nor a server's for a host.
 *
 * Whether a certificate has expired is told apart from everything else that may be wrong with it, because an expired one may
 * still be renewed. The beginning of its dates is not judged: it was this very server that gave it.
 */
#ifndef TRUST_CERTIFICATE_H
#define TRUST_CERTIFICATE_H

#include "base/time.h"

#define CERTIFICATE_HOST_ID   16
#define CERTIFICATE_FLEET_ID  32
#define CERTIFICATE_DER_MAX   4096 /* of P-256 they have 500 bytes */
#define CERTIFICATE_PEM_MAX   8192
#define CERTIFICATE_HOST_US   (14 * TIME_DAY_US)
#define CERTIFICATE_SERVER_US (398 * TIME_DAY_US) /* what clients accept of a server at most */

/* A new private key (P-256, PKCS #8 without a passphrase, PEM), in the arena. */
bool certificate_make_key(struct arena *arena, struct bytes *pem, struct error *err) MUST_USE;
/* The authority's own certificate (DER). */
bool certificate_make_authority(struct bytes key_pem, const uint8_t fleet[CERTIFICATE_FLEET_ID],
                                int64_t now_us, struct arena *arena, struct bytes *der, struct error *err)
    MUST_USE;
/* A request (DER) for the key: what a machine sends. */
bool certificate_make_request(struct bytes key_pem, struct arena *arena, struct bytes *der, struct error *err)
    MUST_USE;

/* What issues. OWN(certificate_authority_end). */
struct certificate_authority {
    void *state;
};
/* ERROR_TRUST: the key is not that of the certificate. */
bool certificate_authority_open(struct bytes key_pem, struct bytes der, struct certificate_authority *out,
                                struct error *err) MUST_USE;
void certificate_authority_end(struct certificate_authority *authority);

struct certificate_issue {
    uint8_t host[CERTIFICATE_HOST_ID]; /* of a host's */
    const char *const *names;          /* of a server's: DNS names, or addresses as text; ends in NULL */
    struct bytes request;              /* DER */
    int64_t now_us;
};
/*
 * The fleet is the authority's. ERROR_TRUST: the request is not signed by its own key, or that is none of P-256. ERROR_INPUT: it is
 * no request.
 */
bool certificate_issue_host(const struct certificate_authority *authority,
                            const struct certificate_issue *wish, struct arena *arena, struct bytes *der,
                            struct error *err) MUST_USE;
bool certificate_issue_server(const struct certificate_authority *authority,
                              const struct certificate_issue *wish, struct arena *arena, struct bytes *der,
                              struct error *err) MUST_USE;

/* What judges. One may be used by several threads. OWN(certificate_judge_end). */
struct certificate_judge {
    void *state;
    uint8_t fleet[CERTIFICATE_FLEET_ID];
};
bool certificate_judge_open(struct bytes authority_der, struct certificate_judge *out, struct error *err)
    MUST_USE;
void certificate_judge_end(struct certificate_judge *judge);

/* A host's certificate that the authority did issue, whatever its dates. ERROR_TRUST or ERROR_INPUT: anything else. */
struct certificate_host {
    uint8_t host[CERTIFICATE_HOST_ID];
    int64_t begins_us, ends_us;
};
bool certificate_judge_host(const struct certificate_judge *judge, struct bytes der,
                            struct certificate_host *out, struct error *err) MUST_USE;
/* Of any certificate: its end. For renewing a server's. */
bool certificate_ends(struct bytes der, int64_t *out_us, struct error *err) MUST_USE;

/* As PEM, in the arena; several behind each other make a chain. */
bool certificate_to_pem(struct bytes der, struct arena *arena, struct bytes *pem, struct error *err) MUST_USE;
/* The first of a PEM. */
bool certificate_from_pem(struct bytes pem, struct arena *arena, struct bytes *der, struct error *err)
    MUST_USE;

#endif
