#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "trust/certificate.h"

#define NOW (INT64_C(1795320000) * TIME_SECOND_US) /* 2026-11-22 */

static const uint8_t fleet[CERTIFICATE_FLEET_ID] = {0xf1, 0xee, 0x70},
                     other_fleet[CERTIFICATE_FLEET_ID] = {0x0d};

/* Two fleets, and what their authorities issue. */
struct place {
    struct arena arena;
    struct bytes keys[2], authorities[2];
    struct certificate_authority issuers[2];
    struct certificate_judge judge;
};

static int set_up(void **state)
{
    static struct place place;
    struct error err;

    place = (struct place){.arena = arena_with(8 * MIB)};
    for (int i = 0; i < 2; i++) {
        assert_done("key", certificate_make_key(&place.arena, &place.keys[i], &err), &err);
        assert_done("authority",
                    certificate_make_authority(place.keys[i], i == 0 ? fleet : other_fleet, NOW, &place.arena,
                                               &place.authorities[i], &err),
                    &err);
        assert_done("open",
                    certificate_authority_open(place.keys[i], place.authorities[i], &place.issuers[i], &err),
                    &err);
    }
    assert_done("judge", certificate_judge_open(place.authorities[0], &place.judge, &err), &err);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;

    certificate_judge_end(&place->judge);
    for (int i = 0; i < 2; i++)
        certificate_authority_end(&place->issuers[i]);
    arena_end(&place->arena);
    return 0;
}

static struct bytes request(struct place *place)
{
    struct bytes key, made;
    struct error err;

    assert_done("key", certificate_make_key(&place->arena, &key, &err), &err);
    assert_done("request", certificate_make_request(key, &place->arena, &made, &err), &err);
    return made;
}

static struct bytes issue(struct place *place, int issuer, bool server)
{
    static const char *const names[] = {"sutured.internal", "127.0.0.1", "::1", NULL};
    const struct certificate_issue wish = {
        .host = {1, 2, 3, 0xff}, .names = names, .request = request(place), .now_us = NOW};
    struct bytes der;
    struct error err;

    assert_done("issue",
                server ? certificate_issue_server(&place->issuers[issuer], &wish, &place->arena, &der, &err)
                       : certificate_issue_host(&place->issuers[issuer], &wish, &place->arena, &der, &err),
                &err);
    return der;
}

static void test_host(void **state)
{
    struct place *place = *state;
    struct certificate_host got;
    struct error err;

    assert_done("host", certificate_judge_host(&place->judge, issue(place, 0, false), &got, &err), &err);
    assert_memory_equal(got.host, ((uint8_t[CERTIFICATE_HOST_ID]){1, 2, 3, 0xff}), sizeof(got.host));
    assert_true(got.ends_us == NOW + CERTIFICATE_HOST_US); /* 14 days */
    assert_true(got.begins_us <= NOW);
    assert_memory_equal(place->judge.fleet, fleet, sizeof(fleet));
}

static void refuse(struct place *place, const char *row, struct bytes der, enum error_kind kind,
                   const char *text)
{
    struct certificate_host got;
    struct error err = {0};

    assert_false(certificate_judge_host(&place->judge, der, &got, &err));
    if (text == NULL)
        assert_int_equal(err.kind, kind);
    else
        assert_failed(row, &err, kind, text);
}

static void test_strangers(void **state)
{
    struct place *place = *state;
    struct bytes der;
    struct error err;

    refuse(place, "other CA", issue(place, 1, false), ERROR_TRUST, "certificate: not one of this fleet's");
    refuse(place, "server's", issue(place, 0, true), ERROR_TRUST, "certificate: not one of a host");
    refuse(place, "the CA's own", place->authorities[0], ERROR_TRUST, "certificate: not one of a host");
    refuse(place, "another CA's own", place->authorities[1], ERROR_TRUST,
           "certificate: not one of this fleet's");
    refuse(place, "nothing", BYTES(""), ERROR_INPUT, NULL);
    /* Of the same names and ids, with another key: only the signature tells. */
    struct certificate_authority twin;
    struct bytes key, authority;
    assert_done("key", certificate_make_key(&place->arena, &key, &err), &err);
    assert_done("twin", certificate_make_authority(key, fleet, NOW, &place->arena, &authority, &err), &err);
    assert_done("open", certificate_authority_open(key, authority, &twin, &err), &err);
    const struct certificate_issue wish = {.request = request(place), .now_us = NOW};
    assert_done("issue", certificate_issue_host(&twin, &wish, &place->arena, &der, &err), &err);
    refuse(place, "twin", der, ERROR_TRUST, "certificate: not one of this fleet's");
    certificate_authority_end(&twin);
}

/* No bit of a certificate can be turned. */
static void test_flipped_bits(void **state)
{
    struct place *place = *state;
    struct bytes der = issue(place, 0, false);
    uint8_t copy[CERTIFICATE_DER_MAX];

    memcpy(copy, der.at, der.size);
    for (size_t i = 0; i < der.size; i++) {
        struct certificate_host got;
        struct error err;
        copy[i] ^= (uint8_t)(1 << i % 8);
        assert_false(certificate_judge_host(&place->judge, (struct bytes){copy, der.size}, &got, &err));
        copy[i] = der.at[i];
    }
    for (size_t size = 0; size < der.size; size++)
        refuse(place, "cut", (struct bytes){copy, size}, ERROR_INPUT, NULL);
}

static void test_requests(void **state)
{
    struct place *place = *state;
    struct certificate_issue wish = {.request = request(place), .now_us = NOW};
    uint8_t copy[CERTIFICATE_DER_MAX], large[CERTIFICATE_DER_MAX + 1] = {0};
    struct bytes der;
    struct error err = {0};

    memcpy(copy, wish.request.at, wish.request.size);
    copy[wish.request.size - 1] ^= 1; /* in its signature */
    wish.request.at = copy;
    assert_false(certificate_issue_host(&place->issuers[0], &wish, &place->arena, &der, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    wish.request = (struct bytes){large, sizeof(large)};
    assert_false(certificate_issue_host(&place->issuers[0], &wish, &place->arena, &der, &err));
    assert_failed("large", &err, ERROR_LIMIT, "certificate request: more than 4096 bytes");
    wish.request = BYTES("no request");
    assert_false(certificate_issue_host(&place->issuers[0], &wish, &place->arena, &der, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
}

static void test_authority(void **state)
{
    struct place *place = *state;
    struct certificate_authority got = {NULL};
    struct error err;

    assert_false(certificate_authority_open(place->keys[1], place->authorities[0], &got, &err));
    assert_failed("swapped", &err, ERROR_TRUST, "authority: the key is not that of its certificate");
}

static void test_pem(void **state)
{
    struct place *place = *state;
    struct bytes der = issue(place, 0, true), pem, back;
    struct error err;
    int64_t ends_us;

    assert_done("to", certificate_to_pem(der, &place->arena, &pem, &err), &err);
    assert_done("from", certificate_from_pem(pem, &place->arena, &back, &err), &err);
    assert_int_equal(back.size, der.size);
    assert_memory_equal(back.at, der.at, der.size);
    assert_done("ends", certificate_ends(der, &ends_us, &err), &err);
    assert_true(ends_us == NOW + CERTIFICATE_SERVER_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),         cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_flipped_bits), cmocka_unit_test(test_requests),
        cmocka_unit_test(test_authority),    cmocka_unit_test(test_pem),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
