#include "trust/tuf_repository_testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/own.h"

#define DOCUMENT_MAX ((size_t)16 * 1024 * 1024)

static void must(bool done, const struct error *err)
{
    if (done)
        return;
    fprintf(stderr, "repository of a test: %s\n", err->text);
    abort();
}

static size_t key_of(char digit)
{
    return digit >= 'a' ? (size_t)(digit - 'a') + 10 : (size_t)(digit - '0');
}

static const char *done(const struct tuf_test *test, struct writer *w)
{
    const struct bytes all = writer_bytes(w);
    const char *text = text_string(test->arena, (struct text){(const char *)all.at, all.size});
    const struct error full = {.text = "no memory"};

    must(writer_ok(w) && text != NULL, &full);
    return text;
}

void tuf_test_begin(struct tuf_test *test, struct arena *arena)
{
    struct error err;

    test->arena = arena;
    for (size_t i = 0; i < TUF_TEST_KEYS; i++)
        must(signature_make_key(&test->keys[i], &err), &err);
}

static void put_head(struct writer *w, const char *type, unsigned version, const char *expires)
{
    writer_format(w, "{\"_type\":\"%s\",\"expires\":\"%s\",\"spec_version\":\"1.0.34\",\"version\":%u", type,
                  expires, version);
}

static void put_keys(const struct tuf_test *test, struct writer *w, const bool used[TUF_TEST_KEYS])
{
    bool first = true;

    writer_string(w, "\"keys\":{");
    for (size_t i = 0; i < TUF_TEST_KEYS; i++) {
        char hex[PUBLIC_KEY_HEX_SIZE + 1];
        if (!used[i])
            continue;
        public_key_hex(&test->keys[i].public_key, hex);
        writer_format(
            w, "%s\"%s\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"%s\"}}",
            first ? "" : ",", hex, hex);
        first = false;
    }
    writer_string(w, "}");
}

static void put_key_ids(const struct tuf_test *test, struct writer *w, const char *keys)
{
    writer_string(w, "\"keyids\":[");
    for (const char *at = keys; *at != 0; at++) {
        char hex[PUBLIC_KEY_HEX_SIZE + 1];
        if (*at == ' ')
            continue;
        public_key_hex(&test->keys[key_of(*at)].public_key, hex);
        writer_format(w, "%s\"%s\"", at == keys ? "" : ",", hex);
    }
    writer_string(w, "]");
}

static void note_used(const char *keys, bool used[TUF_TEST_KEYS])
{
    for (const char *at = keys; *at != 0; at++)
        if (*at != ' ')
            used[key_of(*at)] = true;
}

const char *tuf_test_root(const struct tuf_test *test, unsigned version, const char *expires,
                          const struct tuf_test_role roles[4])
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);
    bool used[TUF_TEST_KEYS] = {false};

    put_head(&w, "root", version, expires);
    for (size_t i = 0; i < 4; i++)
        note_used(roles[i].keys, used);
    writer_string(&w, ",\"consistent_snapshot\":true,");
    put_keys(test, &w, used);
    writer_string(&w, ",\"roles\":{");
    for (size_t i = 0; i < 4; i++) {
        writer_format(&w, "%s\"%s\":{", i == 0 ? "" : ",", roles[i].name);
        put_key_ids(test, &w, roles[i].keys);
        writer_format(&w, ",\"threshold\":%u}", roles[i].threshold);
    }
    writer_string(&w, "}}");
    return done(test, &w);
}

const char *tuf_test_files(const struct tuf_test *test, const char *type, unsigned version,
                           const char *expires, const char *files)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);

    put_head(&w, type, version, expires);
    writer_format(&w, ",\"meta\":{%s}}", files);
    return done(test, &w);
}

const char *tuf_test_file(const struct tuf_test *test, const char *name, unsigned version)
{
    return text_format(test->arena, "\"%s\":{\"version\":%u}", name, version).at;
}

static void hash_of(struct bytes raw, char hex[DIGEST_HEX_MAX + 1])
{
    struct digest digest;
    struct error err;

    must(digest_bytes(DIGEST_SHA256, raw, &digest, &err), &err);
    digest_hex(&digest, hex);
}

const char *tuf_test_file_of(const struct tuf_test *test, const char *name, unsigned version,
                             struct bytes raw)
{
    char hex[DIGEST_HEX_MAX + 1];

    hash_of(raw, hex);
    return text_format(test->arena, "\"%s\":{\"version\":%u,\"length\":%zu,\"hashes\":{\"sha256\":\"%s\"}}",
                       name, version, raw.size, hex)
        .at;
}

const char *tuf_test_target(const struct tuf_test *test, const char *path, struct bytes content)
{
    char hex[DIGEST_HEX_MAX + 1];

    hash_of(content, hex);
    return text_format(test->arena, "\"%s\":{\"length\":%zu,\"hashes\":{\"sha256\":\"%s\"}}", path,
                       content.size, hex)
        .at;
}

static void put_delegations(const struct tuf_test *test, struct writer *w,
                            const struct tuf_test_role *delegations)
{
    bool used[TUF_TEST_KEYS] = {false};

    for (const struct tuf_test_role *role = delegations; role->name != NULL; role++)
        note_used(role->keys, used);
    writer_string(w, ",\"delegations\":{");
    put_keys(test, w, used);
    writer_string(w, ",\"roles\":[");
    for (const struct tuf_test_role *role = delegations; role->name != NULL; role++) {
        writer_format(w, "%s{\"name\":\"%s\",", role == delegations ? "" : ",", role->name);
        put_key_ids(test, w, role->keys);
        writer_format(w, ",\"threshold\":%u,\"terminating\":%s,\"paths\":[\"%s\"]}", role->threshold,
                      role->terminating ? "true" : "false", role->paths == NULL ? "*" : role->paths);
    }
    writer_string(w, "]}");
}

const char *tuf_test_targets(const struct tuf_test *test, unsigned version, const char *expires,
                             const char *targets, const struct tuf_test_role *delegations)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);

    put_head(&w, "targets", version, expires);
    writer_format(&w, ",\"targets\":{%s}", targets);
    if (delegations != NULL)
        put_delegations(test, &w, delegations);
    writer_string(&w, "}");
    return done(test, &w);
}

static void put_signature(const struct tuf_test *test, struct writer *w, const struct secret_key *key,
                          struct bytes canonical, bool first)
{
    char id[PUBLIC_KEY_HEX_SIZE + 1], hex[SIGNATURE_HEX_SIZE + 1];
    struct signature signature;
    struct error err;

    (void)test;
    must(signature_sign(key, canonical, &signature, &err), &err);
    public_key_hex(&key->public_key, id);
    signature_hex(&signature, hex);
    writer_format(w, "%s{\"keyid\":\"%s\",\"sig\":\"%s\"}", first ? "" : ",", id, hex);
}

struct bytes tuf_test_sign(const struct tuf_test *test, const char *signed_part, const char *keys)
{
    OWN(writer_end) struct writer w = writer_with(DOCUMENT_MAX);
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};
    struct error err;
    bool first = true;

    writer_format(&w, "{\"signatures\":[],\"signed\":%s}", signed_part);
    const char *plain = done(test, &w);
    must(tuf_metadata_parse(bytes_of_text(text_of(plain)), TUF_TYPE_UNKNOWN, test->arena, &metadata, &err),
         &err);
    writer_clear(&w);
    writer_string(&w, "{\"signatures\":[");
    for (const char *at = keys; *at != 0; at++) {
        if (*at == ' ')
            continue;
        put_signature(test, &w, &test->keys[key_of(*at)], metadata.canonical, first);
        first = false;
    }
    /* In the canonical form, as trust/tuf_write.h has it; nothing in a test's document is escaped. */
    writer_string(&w, "],\"signed\":");
    writer_put(&w, metadata.canonical);
    writer_string(&w, "}");
    return bytes_of_text(text_of(done(test, &w)));
}
