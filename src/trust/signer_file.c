/*
 * Signers in files: signer.h's FILE, and FILE.pub beside it.
 *
 *     -----BEGIN ENCRYPTED PRIVATE KEY-----
 *     MIGnMGMGCSqGSIb3DQEFDTBWMDUGCSqGSIb3DQEFDDAoBBV1nDNUOQeljRDk0Clk
 *     ...
 *     -----END ENCRYPTED PRIVATE KEY-----
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/public_file.h"
#include "trust/signer_gnutls.h"

#define FILE_MAX   (4 * KIB) /* P-256 has 400 bytes */
#define ROUNDS_MIN 100000    /* openssl's own default is 2,048: a stolen file would not hold for a day */

/* A file's content, which is a secret when it has no passphrase. */
struct content {
    char at[FILE_MAX + 1]; /* one more than there may be tells that there is more */
    size_t size;
};

static void end_content(struct content *content)
{
    explicit_bzero(content, sizeof(*content));
}

static gnutls_datum_t datum_of(struct bytes bytes)
{
    gnutls_datum_t datum = {.size = (unsigned)bytes.size};

    memcpy(&datum.data, &bytes.at, sizeof(datum.data));
    return datum;
}

/* ---- the grammar ---- */

#define ENCRYPTED "ENCRYPTED PRIVATE KEY"
#define PLAIN     "PRIVATE KEY"

/* Nothing before, between and behind: what a person does not see is not there. */
static bool check_frame(struct text text, bool *encrypted, struct error *err)
{
    static const struct {
        struct text begin, end;
    } frames[] = {
        {TEXT("-----BEGIN " PLAIN "-----\n"), TEXT("\n-----END " PLAIN "-----\n")},
        {TEXT("-----BEGIN " ENCRYPTED "-----\n"), TEXT("\n-----END " ENCRYPTED "-----\n")},
    };

    *encrypted = text_starts(text, frames[1].begin);
    if (!*encrypted && !text_starts(text, frames[0].begin))
        return error_set(err, ERROR_INPUT, "is no private key in PEM (PKCS #8)");
    if (text.size < frames[*encrypted].begin.size + frames[*encrypted].end.size ||
        !text_ends(text, frames[*encrypted].end))
        return error_set(err, ERROR_INPUT, "is cut short, or has something behind its end");
    struct text body = text_part(text, frames[*encrypted].begin.size,
                                 text.size - frames[*encrypted].begin.size - frames[*encrypted].end.size);
    for (size_t i = 0; i < body.size; i++) {
        char c = body.at[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
              c == '/' || c == '=' || c == '\n'))
            return error_set(err, ERROR_INPUT, "byte 0x%02x where base64 should be", (unsigned char)c);
    }
    return true;
}

static bool check_protection(const struct signer_gnutls *gnutls, struct bytes raw, struct signer_file *out,
                             struct error *err)
{
    gnutls_datum_t datum = datum_of(raw);
    unsigned schema = 0, cipher = 0, rounds = 0, salt_size = 0;
    char *oid = NULL;
    int status =
        gnutls->pkcs8_info(&datum, GNUTLS_X509_FMT_PEM, &schema, &cipher, NULL, &salt_size, &rounds, &oid);

    if (oid != NULL)
        (*gnutls->free)(oid);
    if (status != 0 && status != GNUTLS_E_SHORT_MEMORY_BUFFER)
        return error_set(err, ERROR_INPUT, "cannot be read: %s", gnutls->strerror(status));
    if (schema != GNUTLS_PKCS_PBES2_AES_256)
        return error_set(err, ERROR_TRUST, "is not encrypted as PBES2 with AES-256");
    if (rounds < ROUNDS_MIN)
        return error_set(
            err, ERROR_TRUST,
            "its passphrase is protected by %u rounds, at least %d are due: openssl pkcs8 -topk8 "
            "-v2 aes-256-cbc -iter 600000",
            rounds, ROUNDS_MIN);
    out->rounds = rounds;
    return true;
}

static bool check_file(const struct signer_gnutls *gnutls, struct bytes raw, struct signer_file *out,
                       struct error *err)
{
    struct signer_file file = {0};

    if (raw.size > FILE_MAX)
        return error_set(err, ERROR_LIMIT, "more than the %zu bytes that a key has", FILE_MAX);
    if (!check_frame((struct text){(const char *)raw.at, raw.size}, &file.encrypted, err) ||
        (file.encrypted && !check_protection(gnutls, raw, &file, err)))
        return false;
    *out = file;
    return true;
}

bool signer_file_check(struct bytes raw, struct signer_file *out, struct error *err)
{
    struct signer_gnutls gnutls;

    return signer_load(&gnutls, err) && check_file(&gnutls, raw, out, err);
}

/* ---- reading ---- */

/* Opened first and asked then, so that what was asked is what is read. */
static bool open_own(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "open");
    if (!S_ISREG(found.st_mode))
        return error_set(err, ERROR_TRUST, "is not a file");
    if (found.st_uid != geteuid())
        return error_set(err, ERROR_TRUST, "belongs to user %u, not to user %u who runs this",
                         (unsigned)found.st_uid, (unsigned)geteuid());
    if ((found.st_mode & 077) != 0)
        return error_set(
            err, ERROR_TRUST,
            "others may read it (mode %04o): if nobody did, chmod 600 it; else it is lost, make a "
            "new key and have it replaced",
            (unsigned)(found.st_mode & 07777));
    *out = fd_take(&fd);
    return true;
}

static bool read_content(const char *path, struct content *out, struct error *err)
{
    OWN(own_fd) int fd = -1;

    if (!open_own(path, &fd, err))
        return false;
    while (out->size < sizeof(out->at)) {
        ssize_t got = read(fd, out->at + out->size, sizeof(out->at) - out->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "read");
        if (got == 0)
            break;
        out->size += (size_t)got;
    }
    return true;
}

static bool import(struct signer_state *state, struct bytes raw, const char *passphrase, struct error *err)
{
    const struct signer_gnutls *gnutls = &state->gnutls;
    gnutls_datum_t datum = datum_of(raw);
    gnutls_x509_privkey_t inner;

    if (gnutls->x509_init(&inner) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a key");
    int status = gnutls->x509_import(inner, &datum, GNUTLS_X509_FMT_PEM, passphrase,
                                     passphrase == NULL ? GNUTLS_PKCS_PLAIN : 0);
    if (status == 0)
        status = gnutls->privkey_import_x509(state->key, inner, GNUTLS_PRIVKEY_IMPORT_COPY);
    gnutls->x509_end(inner);
    if (status == 0)
        return true;
    /* Wrong padding is all that tells a wrong passphrase; once in 256 times it fits, and what is inside is no key. */
    if (passphrase != NULL)
        return error_set(err, ERROR_TRUST, "wrong passphrase");
    return error_set(err, ERROR_INPUT, "cannot be read: %s", gnutls->strerror(status));
}

static bool import_encrypted(struct signer_state *state, struct bytes raw, const char *path,
                             struct error *err)
{
    OWN(signer_secret_end) struct signer_secret secret = {{0}};
    char what[LIMIT_PATH + 32];

    if (state->asker == NULL)
        return error_set(err, ERROR_ABSENT, "has a passphrase, and nobody is there to give it");
    (void)snprintf(what, sizeof(what), "passphrase of %s", path);
    return state->asker->ask(state->asker->self, what, false, secret.at, sizeof(secret.at), err) &&
           import(state, raw, secret.at, err);
}

/* Whose it is, by FILE.pub. None there: nobody's, no error. */
static bool read_names(const char *path, struct arena *arena, struct tuf_key *key, struct error *err)
{
    struct tuf_key named = {0};
    char *beside = text_string(arena, text_format(arena, "%s" SIGNER_PUBLIC_SUFFIX, path));

    if (beside == NULL)
        return arena_full(arena, err);
    if (!file_exists(beside))
        return true;
    if (!public_file_read(beside, arena, &named, err))
        return false;
    if (!tuf_key_same(&named, key))
        return error_set(err, ERROR_TRUST, "%s is the public half of another key", beside);
    key->person = named.person;
    key->duty = named.duty;
    key->online = named.online;
    return true;
}

bool signer_open_file(struct signer_state *state, const char *path, struct arena *arena, struct tuf_key *key,
                      struct error *err)
{
    OWN(end_content) struct content content = {{0}, 0};
    struct signer_file file;

    if (!read_content(path, &content, err))
        return false;
    struct bytes raw = {(const uint8_t *)content.at, content.size};
    if (!check_file(&state->gnutls, raw, &file, err))
        return false;
    bool imported = file.encrypted ? import_encrypted(state, raw, path, err) : import(state, raw, NULL, err);
    if (!imported || !signer_public(state, arena, key, err) || !read_names(path, arena, key, err))
        return false;
    return file.encrypted || key->online ||
           error_set(err, ERROR_TRUST,
                     "has no passphrase, and only a server's key may lack one (its %s says which it is)",
                     SIGNER_PUBLIC_SUFFIX);
}

bool signer_is_file(const char *path)
{
    OWN(end_content) struct content content = {{0}, 0};
    struct error ignored;

    return read_content(path, &content, &ignored) &&
           text_starts((struct text){content.at, content.size}, TEXT("-----BEGIN "));
}

static bool export_halves(const struct signer_state *state, const struct tuf_key *key, struct secret_key *out,
                          struct error *err)
{
    const struct signer_gnutls *gnutls = &state->gnutls;
    gnutls_datum_t x = {0}, secret = {0};
    gnutls_x509_privkey_t inner = NULL;
    gnutls_ecc_curve_t curve;
    int status = gnutls->privkey_export_x509(state->key, &inner);

    if (status == 0) {
        status = gnutls->x509_export_ecc(inner, &curve, &x, NULL, &secret);
        gnutls->x509_end(inner);
    }
    bool fits =
        status == 0 && secret.size == sizeof(out->secret) && key->material.size == sizeof(out->public_key);
    if (fits) {
        memcpy(out->secret, secret.data, sizeof(out->secret));
        memcpy(out->public_key.at, key->material.at, sizeof(out->public_key.at));
    }
    signer_drop(gnutls, &x);
    signer_drop(gnutls, &secret);
    return fits || error_set(err, ERROR_SYSTEM, "its halves cannot be read");
}

bool signer_read_online(const char *path, struct secret_key *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    OWN(signer_close) struct signer signer = {0};

    if (!signer_open(path, NULL, &arena, &signer, err))
        return false;
    if (!signer.key.online || signer.key.scheme != TUF_ED25519)
        return error_set(err, ERROR_TRUST, "%s: is no Ed25519 key of a server: suture key new --online",
                         path);
    return export_halves(signer.state, &signer.key, out, err) || error_at(err, "%s", path);
}

/* ---- making ---- */

static bool make_key(struct signer_state *state, enum tuf_scheme scheme, struct error *err)
{
    bool ed25519 = scheme == TUF_ED25519;
    int status = state->gnutls.privkey_make(state->key, ed25519 ? GNUTLS_PK_EDDSA_ED25519 : GNUTLS_PK_ECDSA,
                                            ed25519 ? 0 : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0,
                                            NULL, 0);

    return status == 0 ||
           error_set(err, ERROR_SYSTEM, "GnuTLS refuses to make a key: %s", state->gnutls.strerror(status));
}

/* As it stands in the file; the caller drops it. */
static bool wrap(const struct signer_state *state, const char *passphrase, gnutls_datum_t *out,
                 struct error *err)
{
    const struct signer_gnutls *gnutls = &state->gnutls;
    gnutls_x509_privkey_t inner;
    int status = gnutls->privkey_export_x509(state->key, &inner);

    if (status != 0)
        return error_set(err, ERROR_SYSTEM, "GnuTLS does not give the key: %s", gnutls->strerror(status));
    status = gnutls->x509_export(inner, GNUTLS_X509_FMT_PEM, passphrase,
                                 passphrase == NULL ? GNUTLS_PKCS_PLAIN : GNUTLS_PKCS_PBES2_AES_256, out);
    gnutls->x509_end(inner);
    return status == 0 ||
           error_set(err, ERROR_SYSTEM, "GnuTLS does not write the key: %s", gnutls->strerror(status));
}

static bool ask_new(const struct signer_asker *asker, const char *path, struct signer_secret *out,
                    struct error *err)
{
    char what[LIMIT_PATH + 32];

    if (asker == NULL)
        return error_set(err, ERROR_ABSENT, "a new key needs a passphrase, and nobody is there to give it");
    (void)snprintf(what, sizeof(what), "new passphrase for %s", path);
    if (!asker->ask(asker->self, what, true, out->at, sizeof(out->at), err))
        return false;
    return strlen(out->at) >= SIGNER_PASSPHRASE_MIN ||
           error_set(err, ERROR_INPUT, "a passphrase has at least %d characters", SIGNER_PASSPHRASE_MIN);
}

/* The file is checked as if it were read before it is written: a GnuTLS that protects less than we ask is refused. */
static bool create_file(struct signer_state *state, const char *path, const char *passphrase,
                        struct error *err)
{
    gnutls_datum_t datum = {0};
    struct signer_file file;

    if (!wrap(state, passphrase, &datum, err))
        return false;
    struct bytes raw = {datum.data, datum.size};
    bool made = check_file(&state->gnutls, raw, &file, err) && file_create(path, raw, 0600, err);
    signer_drop(&state->gnutls, &datum);
    return made;
}

static bool make_files(struct signer_state *state, const char *path, const struct signer_wish *wish,
                       struct arena *arena, struct tuf_key *key, struct error *err)
{
    OWN(signer_secret_end) struct signer_secret secret = {{0}};
    char *beside = text_string(arena, text_format(arena, "%s" SIGNER_PUBLIC_SUFFIX, path));

    if (beside == NULL)
        return arena_full(arena, err);
    if (file_exists(path) || file_exists(beside))
        return error_set(err, ERROR_CONFLICT, "%s is there already; nothing was changed",
                         file_exists(path) ? path : beside);
    if ((!wish->online && !ask_new(state->asker, path, &secret, err)) ||
        !make_key(state, wish->scheme, err) || !signer_public(state, arena, key, err))
        return false;
    key->person = wish->person;
    key->duty = wish->duty;
    key->online = wish->online;
    return create_file(state, path, wish->online ? NULL : secret.at, err) &&
           public_file_create(beside, key, err);
}

bool signer_make_file(const char *path, const struct signer_wish *wish, const struct signer_asker *asker,
                      struct arena *arena, struct signer *out, struct error *err)
{
    OWN(signer_end) struct signer_state *state = NULL;
    struct signer signer = {0};

    if (!signer_begin(asker, arena, &state, err) || !make_files(state, path, wish, arena, &signer.key, err))
        return false;
    signer.state = state;
    state = NULL;
    *out = signer;
    return true;
}
