#include "base/testing.h"

#include "base/own.h"
#include "trust/signature.h"

/* RFC 8032, section 7.1. */
static const struct vector {
    const char *name, *secret, *public, *message, *signature;
} vectors[] = {
    {"TEST 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f"
     "059"
     "5bbe24655141438e7a100b"},
    {"TEST 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2ea"
     "eb4"
     "302aeeb00d291612bb0c00"},
    {"TEST 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e"
     "971"
     "6ed28dc027beceea1ec40a"},
};

static void vectors_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct secret_key key;
        struct signature made;
        struct error err;
        char hex[SIGNATURE_HEX_SIZE + 1];
        struct bytes message = bytes_of_text(text_of(v->message));
        assert_done(v->name, text_to_hex(text_of(v->secret), key.secret, sizeof(key.secret), &err), &err);
        assert_done(v->name, public_key_parse(text_of(v->public), &key.public_key, &err), &err);
        assert_done(v->name, signature_check_key(&key, &err), &err);
        assert_done(v->name, signature_sign(&key, message, &made, &err), &err);
        signature_hex(&made, hex);
        assert_string_equal(hex, v->signature);
        assert_done(v->name, signature_verify(&key.public_key, message, &made, &err), &err);
    }
}

static void every_flipped_bit_is_found(void **state)
{
    OWN(secret_key_end) struct secret_key key;
    uint8_t message[40] = "what is signed, to the last bit";
    const struct bytes bytes = {message, sizeof(message)};
    struct signature made;
    struct error err;

    (void)state;
    assert_done("key", signature_make_key(&key, &err), &err);
    assert_done("sign", signature_sign(&key, bytes, &made, &err), &err);
    assert_done("holds", signature_verify(&key.public_key, bytes, &made, &err), &err);
    for (size_t bit = 0; bit < 8 * sizeof(message); bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(signature_verify(&key.public_key, bytes, &made, &err));
        assert_failed("message", &err, ERROR_TRUST, "the signature does not hold");
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(made.at); bit++) {
        made.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(signature_verify(&key.public_key, bytes, &made, &err));
        made.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(key.public_key.at); bit++) {
        key.public_key.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(signature_verify(&key.public_key, bytes, &made, &err));
        key.public_key.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void halves_must_belong_together(void **state)
{
    OWN(secret_key_end) struct secret_key key;
    OWN(secret_key_end) struct secret_key other;
    struct error err;

    (void)state;
    assert_done("key", signature_make_key(&key, &err), &err);
    assert_done("other", signature_make_key(&other, &err), &err);
    assert_false(public_key_equal(&key.public_key, &other.public_key));
    key.public_key = other.public_key;
    assert_false(signature_check_key(&key, &err));
    assert_failed("swapped", &err, ERROR_TRUST, "its secret and its public half do not belong together");
}

static void one_value_has_one_spelling(void **state)
{
    char fingerprint[FINGERPRINT_SIZE + 1], hex[PUBLIC_KEY_HEX_SIZE + 1];
    struct public_key key;
    struct error err;

    (void)state;
    assert_done("parse", public_key_parse(text_of(vectors[0].public), &key, &err), &err);
    public_key_hex(&key, hex);
    assert_string_equal(hex, vectors[0].public);
    assert_done("fingerprint", public_key_fingerprint(&key, fingerprint, &err), &err);
    assert_string_equal(fingerprint,
                        "sha256:21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9");
    assert_false(public_key_parse(TEXT("D75A"), &key, &err));
    assert_failed("capitals", &err, ERROR_INPUT, "hexadecimal digits in capitals");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_hold),
        cmocka_unit_test(every_flipped_bit_is_found),
        cmocka_unit_test(halves_must_belong_together),
        cmocka_unit_test(one_value_has_one_spelling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
