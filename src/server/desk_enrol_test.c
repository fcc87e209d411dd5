/* Enrolment and renewal, with a keeper of its own on the other end of a socket. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/helper.h"
#include "base/limits.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "server/desk.h"
#include "server/desk_testing.h"
#include "server/keeper.h"
#include "server/keeper_client.h"
#include "trust/certificate.h"

extern const struct route route_agent_enroll, route_agent_renew;

struct place {
    struct desk_testing testing;
    struct arena arena;
    struct keeper keeper;
    struct bytes csr, other_csr, authority;
    int keeper_end;
    pthread_t thread;
};

static void *keep(void *self)
{
    struct place *place = self;

    for (;;) {
        OWN(arena_end) struct arena arena = arena_with(2 * KEEPER_MESSAGE_MAX);
        OWN(writer_end) struct writer answer = writer_with(KEEPER_MESSAGE_MAX);
        struct bytes question;
        struct error err;
        if (!frame_receive(place->keeper_end, KEEPER_MESSAGE_MAX, &arena, &question, &err))
            return NULL;
        keeper_answer(&place->keeper, question, DESK_TESTING_NOW, &answer);
        if (!frame_send(place->keeper_end, writer_bytes(&answer), &err))
            return NULL;
    }
}

static void make_keys(struct place *place, const char *folder)
{
    struct public_key plan;
    struct bytes pem;
    struct error err;

    assert_int_equal(mkdir(folder, 0700), 0);
    assert_done("key", certificate_make_key(&place->arena, &pem, &err), &err);
    assert_done("authority",
                certificate_make_authority(pem, place->testing.server.fleet.at, DESK_TESTING_NOW,
                                           &place->arena, &place->authority, &err),
                &err);
    assert_done("ca.key", file_replace(file_path(&place->arena, folder, "ca.key"), pem, 0600, &err), &err);
    assert_done("plan.key", keeper_key_make(file_path(&place->arena, folder, "plan.key"), &plan, &err), &err);
    assert_done("keeper", keeper_open(folder, place->authority, &place->arena, &place->keeper, &err), &err);
    place->testing.server.ca = place->authority;
}

static struct bytes make_request(struct place *place)
{
    struct bytes key, csr;
    struct error err;

    assert_done("key", certificate_make_key(&place->arena, &key, &err), &err);
    assert_done("request", certificate_make_request(key, &place->arena, &csr, &err), &err);
    return csr;
}

static void open_place(struct place *place)
{
    struct error err;
    int ends[2];

    desk_testing_begin(&place->testing);
    place->arena = arena_with(16 * MIB);
    make_keys(place, text_format(&place->arena, "%s/keys", place->testing.folder).at);
    place->csr = make_request(place);
    place->other_csr = make_request(place);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    place->keeper_end = ends[1];
    assert_done("client", keeper_client_open(&ends[0], &place->testing.server.keeper, &err), &err);
    assert_int_equal(pthread_create(&place->thread, NULL, keep, place), 0);
}

static void close_place(struct place *place)
{
    keeper_client_close(&place->testing.server.keeper);
    (void)pthread_join(place->thread, NULL);
    (void)close(place->keeper_end);
    keeper_close(&place->keeper);
    desk_testing_end(&place->testing);
    arena_end(&place->arena);
}

static unsigned enrol(struct place *place, const struct agent_enrol *message, struct host_id *host,
                      struct bytes *certificate)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    OWN(desk_call_end) struct desk_call call = {.done = false};
    struct agent_identity identity;
    struct error err;

    agent_enrol_write(&w, message);
    desk_call(&place->testing, &route_agent_enroll, NULL, writer_bytes(&w), (struct text){NULL, 0}, &call);
    if (desk_call_status(&call) != 200)
        return desk_call_status(&call);
    assert_done("identity", agent_identity_parse(call.request.answer.body, &identity, &err), &err);
    assert_memory_equal(identity.nonce, message->nonce, sizeof(identity.nonce));
    assert_memory_equal(identity.chunk_key, place->testing.server.chunk_key, sizeof(identity.chunk_key));
    *host = identity.host;
    uint8_t *copy = arena_take(&place->arena, identity.certificate.size);
    assert_non_null(copy);
    memcpy(copy, identity.certificate.at, identity.certificate.size);
    *certificate = (struct bytes){copy, identity.certificate.size};
    return 200;
}

static struct agent_enrol message_with(struct place *place, const uint8_t secret[16])
{
    struct agent_enrol message = {.protocol_min = 1,
                                  .protocol_max = 1,
                                  .fleet = place->testing.server.fleet,
                                  .nonce = {1, 2, 3},
                                  .csr = place->csr,
                                  .host_name = TEXT("web-03"),
                                  .version = TEXT("0.1.0")};

    memcpy(message.secret, secret, sizeof(message.secret));
    return message;
}

/* One token, one host: again by the same machine it is the same host, by another it is nobody. */
static void a_token_lets_one_in(void **state)
{
    (void)state;
    struct place place;
    struct certificate_judge judge;
    struct certificate_host judged;
    struct host_id first, second;
    struct bytes certificate;
    struct error err;
    uint8_t secret[16];

    open_place(&place);
    desk_testing_token(&place.testing, 0x55, secret);
    struct agent_enrol message = message_with(&place, secret);
    assert_int_equal(enrol(&place, &message, &first, &certificate), 200);
    assert_done("judge", certificate_judge_open(place.authority, &judge, &err), &err);
    assert_done("host", certificate_judge_host(&judge, certificate, &judged, &err), &err);
    assert_memory_equal(judged.host, first.at, sizeof(first.at));
    certificate_judge_end(&judge);
    assert_int_equal(enrol(&place, &message, &second, &certificate), 200); /* the answer was lost */
    assert_memory_equal(first.at, second.at, sizeof(first.at));
    assert_int_equal(host_table_count(place.testing.server.hosts), 1);
    message.csr = place.other_csr; /* the token was copied */
    assert_int_equal(enrol(&place, &message, &second, &certificate), 403);
    assert_int_equal(host_table_count(place.testing.server.hosts), 1);
    assert_int_equal(place.testing.server.guards.judge_host(&place.testing.server, &first), 0);
    desk_testing_restart(&place.testing);
    assert_int_equal(place.testing.server.guards.judge_host(&place.testing.server, &first), 0);
    close_place(&place);
}

static void bad_enrolments_are_refused(void **state)
{
    enum spoil { UNKNOWN_TOKEN, OTHER_FLEET, NO_REQUEST, CUT, ENDED, GOOD, SPOIL_COUNT };
    static const unsigned statuses[SPOIL_COUNT] = {403, 403, 422, 415, 403, 200};

    (void)state;
    struct place place;
    uint8_t secret[16];

    open_place(&place);
    desk_testing_token(&place.testing, 0x66, secret);
    for (unsigned i = 0; i < SPOIL_COUNT; i++) {
        OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
        OWN(desk_call_end) struct desk_call call = {.done = false};
        struct agent_enrol message = message_with(&place, secret);
        message.secret[0] ^= i == UNKNOWN_TOKEN ? 1 : 0;
        message.fleet.at[0] ^= i == OTHER_FLEET ? 1 : 0;
        message.csr = i == NO_REQUEST ? BYTES("no request") : message.csr;
        agent_enrol_write(&w, &message);
        struct bytes body = writer_bytes(&w);
        body.size -= i == CUT ? 1 : 0;
        place.testing.now_us = DESK_TESTING_NOW + (i == ENDED ? 2 * TIME_DAY_US : 0);
        desk_call(&place.testing, &route_agent_enroll, NULL, body, (struct text){NULL, 0}, &call);
        if (desk_call_status(&call) != statuses[i])
            fail_msg("%u: %u", i, desk_call_status(&call));
    }
    assert_int_equal(host_table_count(place.testing.server.hosts), 1);
    close_place(&place);
}

static unsigned renew(struct place *place, const struct host_id *host)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    OWN(desk_call_end) struct desk_call call = {.done = false};
    struct agent_renew message = {.protocol_min = 1, .protocol_max = 1, .csr = place->other_csr};
    struct agent_identity identity;
    struct error err;

    agent_renew_write(&w, &message);
    desk_call(&place->testing, &route_agent_renew, host, writer_bytes(&w), (struct text){NULL, 0}, &call);
    if (desk_call_status(&call) == 200) {
        assert_done("identity", agent_identity_parse(call.request.answer.body, &identity, &err), &err);
        assert_memory_equal(identity.host.at, host->at, sizeof(host->at));
    }
    return desk_call_status(&call);
}

/* Who it is the certificate said: the message names nobody. */
static void certificates_are_renewed(void **state)
{
    (void)state;
    struct place place;
    struct host_row before, after;
    struct fleet_write write = {.kind = FLEET_WRITE_HOST_FLAGS};
    struct fleet_result result;
    struct host_id host, unknown = {.at = {9}};
    struct error err;

    open_place(&place);
    desk_testing_enrol(&place.testing, 0x11, &host);
    assert_true(host_table_find(place.testing.server.hosts, &host, &before));
    assert_int_equal(renew(&place, &host), 200);
    assert_true(host_table_find(place.testing.server.hosts, &host, &after));
    assert_true(after.certificate_end_us > before.certificate_end_us);
    assert_int_equal(renew(&place, &unknown), 403);
    write.host_flags = (struct fleet_host_flags){.hid = before.hid, .set = FLEET_HOST_REVOKED};
    assert_done("revoke", committer_write(place.testing.server.committer, &write, 1, &result, &err), &err);
    assert_int_equal(renew(&place, &host), 403);
    close_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_lets_one_in),
        cmocka_unit_test(bad_enrolments_are_refused),
        cmocka_unit_test(certificates_are_renewed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
