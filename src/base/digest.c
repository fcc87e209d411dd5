#include "base/digest.h"

#include <assert.h>
#include <string.h>

/* What of GnuTLS is used here, with the declarations of <gnutls/crypto.h>, so that the compiler checks the types. */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/gnutls_load.h"

struct gnutls {
    __typeof__(&gnutls_hash_init) open;
    __typeof__(&gnutls_hash) add;
    __typeof__(&gnutls_hash_output) output;
    __typeof__(&gnutls_hash_deinit) end;
};

static const gnutls_digest_algorithm_t algorithms[DIGEST_COUNT] = {
    [DIGEST_SHA256] = GNUTLS_DIG_SHA256,
    [DIGEST_SHA512] = GNUTLS_DIG_SHA512,
    [DIGEST_MD5] = GNUTLS_DIG_MD5,
    [DIGEST_SHA1] = GNUTLS_DIG_SHA1,
};

size_t digest_size(enum digest_kind kind)
{
    static const size_t sizes[DIGEST_COUNT] = {[DIGEST_SHA256] = 32, [DIGEST_SHA512] = 64, [DIGEST_MD5] = 16, [DIGEST_SHA1] = 20};

    assert(kind > DIGEST_UNKNOWN && kind < DIGEST_COUNT);
    return sizes[kind];
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return a->kind == b->kind && memcmp(a->at, b->at, digest_size(a->kind)) == 0;
}

bool digest_parse(enum digest_kind kind, struct text hex, struct digest *out, struct error *err)
{
    struct digest digest = {.kind = kind};

    if (!text_to_hex(hex, digest.at, digest_size(kind), err))
        return false;
    *out = digest;
    return true;
}

void digest_hex(const struct digest *digest, char out[DIGEST_HEX_MAX + 1])
{
    static const char digits[] = "0123456789abcdef";
    size_t size = digest_size(digest->kind);

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[digest->at[i] >> 4];
        out[2 * i + 1] = digits[digest->at[i] & 15];
    }
    out[2 * size] = 0;
}

static bool load(struct gnutls *out, struct error *err)
{
    static const struct gnutls_symbol symbols[] = {
        {"gnutls_hash_init", offsetof(struct gnutls, open)},
        {"gnutls_hash", offsetof(struct gnutls, add)},
        {"gnutls_hash_output", offsetof(struct gnutls, output)},
        {"gnutls_hash_deinit", offsetof(struct gnutls, end)},
    };

    return gnutls_load(symbols, sizeof(symbols) / sizeof(*symbols), out, err);
}

struct digester_state {
    struct gnutls gnutls;
    gnutls_hash_hd_t hash;
};

bool digester_open(enum digest_kind kind, struct digester *out, struct error *err)
{
    struct digester digester = {.kind = kind};
    struct digester_state state = {0};

    if (!load(&state.gnutls, err))
        return false;
    if (state.gnutls.open(&state.hash, algorithms[kind]) != 0)
        return error_set(err, ERROR_SYSTEM, "GnuTLS refuses to make a digest");
    _Static_assert(sizeof(state) <= sizeof(digester.state), "struct digester has room for its state");
    memcpy(digester.state, &state, sizeof(state));
    digester.open = true;
    *out = digester;
    return true;
}

static struct digester_state state_of(const struct digester *digester)
{
    struct digester_state state;

    assert(digester->open);
    memcpy(&state, digester->state, sizeof(state));
    return state;
}

bool digester_add(struct digester *digester, struct bytes bytes, struct error *err)
{
    struct digester_state state = state_of(digester);

    if (bytes.size > 0 && state.gnutls.add(state.hash, bytes.at, bytes.size) != 0)
        return error_set(err, ERROR_SYSTEM, "GnuTLS refuses to go on with a digest");
    return true;
}

void digester_close(struct digester *digester, struct digest *out)
{
    struct digester_state state = state_of(digester);

    *out = (struct digest){.kind = digester->kind};
    state.gnutls.output(state.hash, out->at);
}

void digester_end(struct digester *digester)
{
    if (digester->open) {
        struct digester_state state = state_of(digester);
        state.gnutls.end(state.hash, NULL);
    }
    *digester = (struct digester){0};
}

bool digest_bytes(enum digest_kind kind, struct bytes bytes, struct digest *out, struct error *err)
{
    struct digester digester = {0};
    bool done = digester_open(kind, &digester, err) && digester_add(&digester, bytes, err);

    if (done)
        digester_close(&digester, out);
    digester_end(&digester);
    return done;
}

bool digest_keyed(struct bytes key, struct bytes bytes, struct digest *out, struct error *err)
{
    struct {
        __typeof__(&gnutls_hmac_fast) hmac;
    } gnutls;
    static const struct gnutls_symbol symbols[] = {{"gnutls_hmac_fast", 0}};
    struct digest digest = {.kind = DIGEST_SHA256};

    if (!gnutls_load(symbols, sizeof(symbols) / sizeof(*symbols), &gnutls, err))
        return false;
    if (gnutls.hmac(GNUTLS_MAC_SHA256, key.at, key.size, bytes.at, bytes.size, digest.at) != 0)
        return error_set(err, ERROR_SYSTEM, "GnuTLS refuses to make a keyed digest");
    *out = digest;
    return true;
}
