/*
 * Signers in tokens: signer.h's "pkcs11:" URIs (RFC 7512), by GnuTLS and whatever modules p11-kit knows on this machine.
 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "trust/signer_gnutls.h"

/*
 * GnuTLS calls this in the middle of an operation. The first time somebody is asked; later the same answer is given, for
 * a token may ask for each of several operations. What was refused once is never given again.
 */
static int give_pin(void *self, int attempt, const char *url, const char *label, unsigned flags, char *pin,
                    size_t pin_max)
{
    struct signer_state *state = self;
    char what[192];

    (void)url;
    if (attempt > 0 || (flags & GNUTLS_PIN_WRONG) != 0) {
        state->pin_failed = true;
        (void)error_set(&state->why, ERROR_TRUST, "wrong PIN for the token \"%.64s\"; it was tried once",
                        label);
        return GNUTLS_E_PKCS11_PIN_ERROR;
    }
    if (!state->pin_kept) {
        (void)snprintf(what, sizeof(what), "PIN of the token \"%.64s\"%s", label,
                       (flags & GNUTLS_PIN_FINAL_TRY) != 0   ? " (the last try before it locks)"
                       : (flags & GNUTLS_PIN_COUNT_LOW) != 0 ? " (few tries are left)"
                                                             : "");
        if (state->asker == NULL)
            state->pin_failed =
                !error_set(&state->why, ERROR_ABSENT, "has a PIN, and nobody is there to give it");
        else
            state->pin_failed = !state->asker->ask(state->asker->self, what, false, state->pin.at,
                                                   sizeof(state->pin.at), &state->why);
        if (state->pin_failed)
            return GNUTLS_E_PKCS11_PIN_ERROR;
        state->pin_kept = true;
    }
    if (strlen(state->pin.at) >= pin_max)
        return GNUTLS_E_PKCS11_PIN_ERROR;
    memcpy(pin, state->pin.at, strlen(state->pin.at) + 1);
    return 0;
}

static bool check_uri(const char *uri, struct error *err)
{
    if (strlen(uri) > LIMIT_URL)
        return error_set(err, ERROR_LIMIT, "a URI of more than %d bytes", LIMIT_URL);
    /* It stands in the list of processes and in the shell's history. */
    if (strstr(uri, "pin-value") != NULL)
        return error_set(err, ERROR_INPUT, "a PIN does not belong in a URI: it is asked for");
    return visible_check(text_of(uri), err);
}

/* *found false: no such key, which is no error. */
static bool find(struct signer_state *state, const char *uri, bool *found, struct error *err)
{
    const struct signer_gnutls *gnutls = &state->gnutls;

    gnutls->privkey_set_pin(state->key, give_pin, state);
    int status = gnutls->privkey_import_url(state->key, uri, 0);
    if (status != 0 && state->pin_failed) {
        *err = state->why;
        return false;
    }
    *found = status == 0;
    if (status == 0 || status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return true;
    return error_set(err, ERROR_ABSENT, "cannot be opened: %s", gnutls->strerror(status));
}

static bool open_found(const struct signer_state *state, struct arena *arena, struct tuf_key *key,
                       struct error *err)
{
    struct tuf_key got = {0};

    if (!signer_public(state, arena, &got, err))
        return false;
    if (got.scheme != TUF_ECDSA_P256)
        return error_set(err, ERROR_TRUST, "is no P-256 key");
    *key = got;
    return true;
}

bool signer_open_token(struct signer_state *state, const char *uri, struct arena *arena, struct tuf_key *key,
                       struct error *err)
{
    bool found = false;

    if (!check_uri(uri, err) || !find(state, uri, &found, err))
        return false;
    if (!found)
        return error_set(err, ERROR_ABSENT,
                         "no such key: is the token there, and does the URI name one key?");
    return open_found(state, arena, key, err);
}

/* The value of "object=" is what the key is to be called; percent-encoding is GnuTLS's to undo for what it finds, ours here. */
static bool object_of(const char *uri, char out[128], struct error *err)
{
    const char *at = strstr(uri, "object=");
    size_t size = 0;

    if (at == NULL || strstr(uri, "token=") == NULL)
        return error_set(err, ERROR_INPUT,
                         "a new key needs a place: pkcs11:token=NAME;object=WHAT-IT-IS-TO-BE-CALLED");
    at += strlen("object=");
    size = strcspn(at, ";?&");
    if (size == 0 || size >= 128 || memchr(at, '%', size) != NULL)
        return error_set(err, ERROR_INPUT, "the object of a new key is called by plain letters");
    memcpy(out, at, size);
    out[size] = 0;
    return true;
}

static bool make(struct signer_state *state, const char *uri, struct error *err)
{
    const struct signer_gnutls *gnutls = &state->gnutls;
    char label[128];

    if (!object_of(uri, label, err))
        return false;
    gnutls->token_set_pin(give_pin, state);
    int status = gnutls->token_make(uri, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                    label, NULL, 0, NULL, GNUTLS_KEY_DIGITAL_SIGNATURE,
                                    GNUTLS_PKCS11_OBJ_FLAG_LOGIN | GNUTLS_PKCS11_OBJ_FLAG_MARK_PRIVATE |
                                        GNUTLS_PKCS11_OBJ_FLAG_MARK_SENSITIVE);
    gnutls->token_set_pin(NULL, NULL); /* the state does not outlive this signer */
    if (status != 0 && state->pin_failed) {
        *err = state->why;
        return false;
    }
    return status == 0 ||
           error_set(err, ERROR_SYSTEM, "the token makes no key: %s", gnutls->strerror(status));
}

static bool need(struct signer_state *state, const char *uri, struct arena *arena, bool *made,
                 struct tuf_key *key, struct error *err)
{
    bool found = false, is_new = false;

    if (!check_uri(uri, err) || !find(state, uri, &found, err))
        return false;
    if (!found) {
        if (!make(state, uri, err) || !find(state, uri, &found, err))
            return false;
        if (!found)
            return error_set(err, ERROR_SYSTEM, "the token made a key and does not find it");
        is_new = true;
    }
    *made = is_new;
    return open_found(state, arena, key, err);
}

bool signer_make_token(const char *uri, const struct signer_wish *wish, const struct signer_asker *asker,
                       struct arena *arena, bool *made, struct signer *out, struct error *err)
{
    OWN(signer_end) struct signer_state *state = NULL;
    struct signer signer = {0};

    if (!signer_begin(asker, arena, &state, err))
        return false;
    if (!need(state, uri, arena, made, &signer.key, err))
        return error_at(err, "%s", uri);
    signer.key.person = wish->person;
    signer.key.duty = wish->duty;
    signer.key.online = wish->online;
    signer.state = state;
    state = NULL;
    *out = signer;
    return true;
}

/* ---- listing ---- */

/* The URI of the private half is that of the public one but for its last word. */
static bool name_private(const struct signer_gnutls *gnutls, gnutls_pkcs11_obj_t object, struct arena *arena,
                         const char **out, struct error *err)
{
    char *url = NULL;
    int status = gnutls->token_url(object, GNUTLS_PKCS11_URL_GENERIC, &url);

    if (status != 0)
        return error_set(err, ERROR_SYSTEM, "the token does not name a key: %s", gnutls->strerror(status));
    struct text name = text_of(url);
    if (text_ends(name, TEXT(";type=public")))
        name.size -= sizeof(";type=public") - 1;
    *out = text_string(arena, text_format(arena, "%.*s;type=private", TEXT_ARG(name)));
    (*gnutls->free)(url);
    return *out != NULL || arena_full(arena, err);
}

/* *taken false: a key of another kind. */
static bool list_one(const struct signer_gnutls *gnutls, gnutls_pkcs11_obj_t object, struct arena *arena,
                     struct signer_listed *into, bool *taken, struct error *err)
{
    struct error other;
    gnutls_pubkey_t half;

    if (gnutls->pubkey_init(&half) != 0)
        return error_set(err, ERROR_LIMIT, "out of memory for a key");
    *taken = gnutls->pubkey_import_token(half, object, 0) == 0 &&
             signer_public_of(gnutls, half, arena, &into->key, &other);
    gnutls->pubkey_end(half);
    return !*taken || name_private(gnutls, object, arena, &into->uri, err);
}

bool signer_list_token(const char *uri, struct arena *arena, struct signer_listed **out, size_t *count,
                       struct error *err)
{
    struct signer_listed *listed = ARENA_ARRAY(arena, struct signer_listed, SIGNER_LISTED_MAX);
    gnutls_pkcs11_obj_t *objects = NULL;
    struct signer_gnutls gnutls;
    unsigned object_count = 0;
    size_t found = 0;
    bool done = true;

    if (listed == NULL)
        return arena_full(arena, err);
    if (!check_uri(uri, err) || !signer_load(&gnutls, err))
        return false;
    int status = gnutls.token_list(&objects, &object_count, uri, GNUTLS_PKCS11_OBJ_FLAG_PUBKEY);
    if (status != 0)
        return error_set(err, ERROR_ABSENT, "%s: no such token: %s", uri, gnutls.strerror(status));
    for (unsigned i = 0; i < object_count; i++) {
        bool taken = false;
        done = done && found < SIGNER_LISTED_MAX &&
               list_one(&gnutls, objects[i], arena, &listed[found], &taken, err);
        found += taken && done;
        gnutls.token_end(objects[i]);
    }
    (*gnutls.free)(objects);
    if (found == SIGNER_LISTED_MAX)
        return error_set(err, ERROR_LIMIT, "%s: %d keys or more: name one token", uri, SIGNER_LISTED_MAX);
    *out = listed;
    *count = found;
    return done;
}
