#include "trust/tuf_testing.h"

#include "base/own.h"
#include "trust/tuf_key.h"

static const char *const p256_pem = "-----BEGIN PUBLIC KEY-----\\n"
                                    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\\n"
                                    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7Ltkbo\\n"
                                    "N79R9Q==\\n-----END PUBLIC KEY-----\\n";
#define ED_HEX "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

static bool parse(const char *raw, struct arena *arena, struct tuf_key *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};

    assert_done(raw, json_parse(bytes_of_text(text_of(raw)), MIB, &document, err), err);
    return tuf_key_parse(TEXT("id"), json_root(&document), arena, out, err);
}

/* A document of a key with this public value. */
static const char *document_of(struct arena *arena, const char *type, const char *scheme,
                               const char *public_text)
{
    return text_format(arena, "{\"keytype\":\"%s\",\"scheme\":\"%s\",\"keyval\":{\"public\":\"%s\"}}", type,
                       scheme, public_text)
        .at;
}

/* Real signatures, by another library: what holds holds, what does not does not. */
static void signatures_of_others_hold(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(json_end) struct json_document document = {0};
    size_t good = 0;
    struct error err;

    (void)state;
    assert_done("json", json_parse(tuf_sample(&arena, "tuf_key", "vectors.json"), MIB, &document, &err),
                &err);
    struct json_walk walk = json_walk_with(json_root(&document));
    while (json_walk_next(&walk)) {
        struct text name = {0}, id = {0}, message = {0}, sig = {0};
        struct tuf_key key;
        bool holds = false;
        assert_true(json_get_text(walk.value, "name", true, 100, &name, &err) &&
                    json_get_text(walk.value, "id", true, 100, &id, &err) &&
                    json_get_text(walk.value, "message", true, 100, &message, &err) &&
                    json_get_text(walk.value, "sig", true, 4096, &sig, &err) &&
                    json_get_bool(walk.value, "holds", true, &holds, &err));
        uint8_t *message_at = arena_take(&arena, message.size / 2),
                *sig_at = arena_take(&arena, sig.size / 2);
        assert_true(text_to_hex(message, message_at, message.size / 2, &err));
        assert_true(text_to_hex(sig, sig_at, sig.size / 2, &err));
        const char *row = text_string(&arena, name);
        assert_done(row, tuf_key_parse(id, json_member(walk.value, "key"), &arena, &key, &err), &err);
        bool got = tuf_key_verify(&key, (struct bytes){message_at, message.size / 2},
                                  (struct bytes){sig_at, sig.size / 2}, &err);
        if (got != holds)
            fail_msg("%s: %s", row, got ? "holds" : err.text);
        assert_true(got || err.kind == ERROR_TRUST);
        good += got;
    }
    assert_int_equal(good, 12); /* a message and an empty one, for each of six keys */
}

/* The ids that securesystemslib would give, and a key that was written and read is the same. */
static void a_key_written_is_the_same_key(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(json_end) struct json_document document = {0};
    struct error err;

    (void)state;
    assert_done("json", json_parse(tuf_sample(&arena, "tuf_key", "vectors.json"), MIB, &document, &err),
                &err);
    struct json_walk walk = json_walk_with(json_root(&document));
    while (json_walk_next(&walk)) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct json_writer j = json_writer_with(&w, false);
        struct tuf_key key, again;
        struct text id, made, type;
        assert_true(json_get_text(walk.value, "id", true, 100, &id, &err));
        assert_true(json_get_text(json_member(walk.value, "key"), "keytype", true, 100, &type, &err));
        assert_true(tuf_key_parse(id, json_member(walk.value, "key"), &arena, &key, &err));
        if (key.scheme == TUF_SCHEME_UNKNOWN)
            continue;
        tuf_key_write(&j, &key);
        writer_byte(&w, 0);
        assert_done((char *)w.at, parse((char *)w.at, &arena, &again, &err), &err);
        assert_true(tuf_key_same(&key, &again));
        assert_true(text_equal(key.person, again.person) && text_equal(key.duty, again.duty));
        assert_int_equal(key.online, again.online);
        assert_done("id", tuf_key_make_id(&key, &arena, &made, &err), &err);
        if (!text_equal(type, TEXT("ecdsa-sha2-nistp256"))) /* that one is written with its newer type */
            assert_text("id", made, text_string(&arena, id));
    }
}

static void people_are_named(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct tuf_key key;
    struct error err;

    (void)state;
    assert_done(
        "person",
        parse("{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" ED_HEX "\"},"
              "\"x-suture-person\":\"anna\",\"x-suture-duty\":\"what runs\",\"x-suture-online\":true}",
              &arena, &key, &err),
        &err);
    assert_text("person", key.person, "anna");
    assert_text("duty", key.duty, "what runs");
    assert_true(key.online);
    assert_int_equal(key.scheme, TUF_ED25519);
    assert_int_equal(key.material.size, 32);
}

/* Others may use what this client does not know: kept by its id, and it verifies nothing. */
static void unknown_schemes_verify_nothing(void **state)
{
    static const struct {
        const char *name, *raw;
    } rows[] = {
        {"type", "{\"keytype\":\"sphincs\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" ED_HEX "\"}}"},
        {"scheme",
         "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519ph\",\"keyval\":{\"public\":\"" ED_HEX "\"}}"},
        {"type and scheme mixed",
         "{\"keytype\":\"rsa\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" ED_HEX "\"}}"},
        {"other members",
         "{\"keytype\":\"sigstore-oidc\",\"scheme\":\"Fulcio\",\"keyval\":{\"identity\":\"a@b\"}}"},
    };
    const uint8_t zeros[64] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct tuf_key key;
        struct error err;
        assert_done(rows[i].name, parse(rows[i].raw, &arena, &key, &err), &err);
        assert_int_equal(key.scheme, TUF_SCHEME_UNKNOWN);
        assert_int_equal(key.material.size, 0);
        assert_false(tuf_key_verify(&key, BYTES("x"), (struct bytes){zeros, 64}, &err));
        assert_failed(rows[i].name, &err, ERROR_TRUST, "a key of an unknown scheme verifies nothing");
    }
}

static void broken_keys_are_named(void **state)
{
    static const struct {
        const char *name, *raw, *text;
    } rows[] = {
        {"no object", "[]", "is no object"},
        {"no type", "{}", "keytype is missing"},
        {"no scheme", "{\"keytype\":\"rsa\"}", "scheme is missing"},
        {"type a number", "{\"keytype\":1,\"scheme\":\"ed25519\"}", "keytype is a number, not a text"},
        {"no value", "{\"keytype\":\"rsa\",\"scheme\":\"rsassa-pss-sha256\"}", "keyval is missing"},
        {"no public", "{\"keytype\":\"rsa\",\"scheme\":\"rsassa-pss-sha256\",\"keyval\":{}}",
         "keyval: public is missing"},
        {"public a list", "{\"keytype\":\"rsa\",\"scheme\":\"rsassa-pss-sha256\",\"keyval\":{\"public\":[]}}",
         "keyval: public is not a text"},
        {"too few digits",
         "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"d75a\"}}",
         "public: 4 hexadecimal digits where 64 are due"},
        {"no digit",
         "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":"
         "\"x75a980182b10ab7d54bfed3c964073a"
         "0ee172f3daa62325af021a68f707511a\"}}",
         "public: \"x75a980182b10ab7d54bfed3c964073a0ee172f3\" is not hexadecimal"},
        {"no PEM",
         "{\"keytype\":\"ecdsa\",\"scheme\":\"ecdsa-sha2-nistp256\",\"keyval\":{\"public\":\"key\"}}",
         "public: no public key in PEM"},
        {"person a number",
         "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" ED_HEX "\"},"
         "\"x-suture-person\":7}",
         "x-suture-person is a number, not a text"},
        {"online a word",
         "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" ED_HEX "\"},"
         "\"x-suture-online\":\"yes\"}",
         "x-suture-online is a text, not a truth value"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct tuf_key key;
        struct error err;
        assert_false(parse(rows[i].raw, &arena, &key, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

static void a_long_key_is_too_long(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char public_text[LIMIT_TUF_PUBLIC + 2];
    struct tuf_key key;
    struct error err;

    (void)state;
    memset(public_text, 'A', LIMIT_TUF_PUBLIC + 1);
    public_text[LIMIT_TUF_PUBLIC + 1] = 0;
    assert_false(parse(document_of(&arena, "rsa", "rsassa-pss-sha256", public_text), &arena, &key, &err));
    assert_failed("public", &err, ERROR_LIMIT, "public: 4097 bytes, more than 4096");
}

/* The same key in other clothes is the same key. */
static void material_decides_what_is_the_same(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    static const char windows[] = "-----BEGIN PUBLIC KEY-----\\r\\n"
                                  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\\r\\n"
                                  "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkboN79R9Q==\\r\\n"
                                  "-----END PUBLIC KEY-----";
    struct tuf_key one, other;
    struct error err;

    (void)state;
    const char *first = document_of(&arena, "ecdsa", "ecdsa-sha2-nistp256", p256_pem);
    const char *second = document_of(&arena, "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", windows);
    assert_done("first", parse(first, &arena, &one, &err), &err);
    assert_done("second", parse(second, &arena, &other, &err), &err);
    assert_int_equal(one.scheme, TUF_ECDSA_P256);
    other.id = TEXT("another");
    assert_true(tuf_key_same(&one, &other));
    const char *lower = document_of(&arena, "ed25519", "ed25519", ED_HEX);
    const char *upper = document_of(&arena, "ed25519", "ed25519",
                                    "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A");
    assert_done("lower", parse(lower, &arena, &one, &err), &err);
    assert_false(tuf_key_same(&one, &other));
    assert_done("upper", parse(upper, &arena, &other, &err), &err);
    assert_true(tuf_key_same(&one, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_others_hold),
        cmocka_unit_test(a_key_written_is_the_same_key),
        cmocka_unit_test(people_are_named),
        cmocka_unit_test(unknown_schemes_verify_nothing),
        cmocka_unit_test(broken_keys_are_named),
        cmocka_unit_test(a_long_key_is_too_long),
        cmocka_unit_test(material_decides_what_is_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
