#include "server/gate_testing.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gnutls/x509.h>

#include "base/limits.h"
#include "base/own.h"

static const uint8_t fleet[CERTIFICATE_FLEET_ID] = {0xf1, 0xee, 0x70};

/* ---- the fleet ---- */

static struct bytes make_key(struct gate_place *place)
{
    struct bytes key;
    struct error err;

    assert_done("key", certificate_make_key(&place->arena, &key, &err), &err);
    return key;
}

static void make_authority(struct gate_place *place, struct certificate_authority *out, struct bytes *der)
{
    struct bytes key = make_key(place);
    struct error err;

    assert_done("authority", certificate_make_authority(key, fleet, time_now_us(), &place->arena, der, &err),
                &err);
    assert_done("open", certificate_authority_open(key, *der, out, &err), &err);
}

static struct bytes issue(struct gate_place *place, const struct certificate_authority *authority,
                          enum who who)
{
    static const char *const names[] = {"sutured.internal", NULL};
    struct certificate_issue wish = {.host = {(uint8_t)who}, .names = names, .now_us = time_now_us()};
    struct bytes der;
    struct error err;

    if (who == EXPIRED)
        wish.now_us -= 15 * TIME_DAY_US;
    assert_done("request", certificate_make_request(place->keys[who], &place->arena, &wish.request, &err),
                &err);
    assert_done("issue",
                who == OF_SERVER ? certificate_issue_server(authority, &wish, &place->arena, &der, &err)
                                 : certificate_issue_host(authority, &wish, &place->arena, &der, &err),
                &err);
    return der;
}

static void make_fleet(struct gate_place *place)
{
    struct certificate_authority authority, twin;
    struct bytes twin_der, pem;
    struct error err;

    make_authority(place, &authority, &place->authority);
    make_authority(place, &twin, &twin_der); /* of the same names, with another key */
    for (enum who who = SELF_SIGNED; who < WHO_COUNT; who++) {
        place->keys[who] = make_key(place);
        if (who == SELF_SIGNED)
            assert_done("self",
                        certificate_make_authority(place->keys[who], fleet, time_now_us(), &place->arena,
                                                   &place->certificates[who], &err),
                        &err);
        else
            place->certificates[who] = issue(place, who == TWIN_CA ? &twin : &authority, who);
    }
    place->server_key = place->keys[OF_SERVER];
    assert_done("pem", certificate_to_pem(place->certificates[OF_SERVER], &place->arena, &pem, &err), &err);
    place->chain_pem = pem;
    assert_done("judge", certificate_judge_open(place->authority, &place->judge, &err), &err);
    certificate_authority_end(&authority);
    certificate_authority_end(&twin);
}

static unsigned judge_host(struct server *server, const struct host_id *host)
{
    (void)server;
    return host->at[0] == REVOKED ? 403 : 0;
}

void gate_place_open(struct gate_place *place, enum route_listener listener, const struct gate_limits *limits,
                     const struct route *const *rows)
{
    struct gate_wish wish = {.listener = listener, .limits = *limits};
    struct error err;
    int socket = -1;

    *place = (struct gate_place){.arena = arena_with(16 * MIB)};
    make_fleet(place);
    place->server.world = server_world_real;
    place->server.guards.judge_host = judge_host;
    place->admission = admission_with(64, 100);
    place->house = (struct gate_house){
        .server = &place->server, .admission = &place->admission, .judge = &place->judge, .routes = rows};
    assert_int_equal(gnutls_session_ticket_key_generate(&place->house.ticket_key), 0);
    assert_done("listen", gate_listen("127.0.0.1", &place->port, &socket, &err), &err);
    wish.socket = &socket;
    if (listener == ROUTE_AGENTS) {
        wish.key_pem = place->server_key;
        wish.chain_pem = place->chain_pem;
        assert_done("pem", certificate_to_pem(place->authority, &place->arena, &wish.trust_pem, &err), &err);
    }
    assert_done("gate", gate_open(&place->house, &wish, &place->gate, &err), &err);
}

void gate_place_close(struct gate_place *place)
{
    gate_close(&place->gate);
    certificate_judge_end(&place->judge);
    gnutls_free(place->house.ticket_key.data);
    arena_end(&place->arena);
}

/* ---- the client ---- */

static int dial(uint16_t port)
{
    const struct timeval patience = {.tv_sec = 20};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static gnutls_datum_t datum_of(struct bytes bytes)
{
    gnutls_datum_t datum = {.size = (unsigned)bytes.size};

    memcpy(&datum.data, &bytes.at, sizeof(datum.data));
    return datum;
}

static void load(struct gate_place *place, enum who who, gnutls_certificate_credentials_t credentials)
{
    struct bytes pem;
    struct error err;

    if (who == NOBODY)
        return;
    assert_done("pem", certificate_to_pem(place->certificates[who], &place->arena, &pem, &err), &err);
    gnutls_datum_t certificate = datum_of(pem), key = datum_of(place->keys[who]);
    assert_int_equal(
        gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM), 0);
}

struct gate_client gate_client_open(struct gate_place *place, enum who who, const char *priorities,
                                    const gnutls_datum_t *ticket)
{
    struct gate_client client = {.fd = dial(place->port)};

    if (place->house.judge == NULL || priorities == NULL)
        return client;
    /* An honest client sends no certificate of a CA that the server does not name. */
    assert_int_equal(
        gnutls_init(&client.session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_NO_SIGNAL), 0);
    assert_int_equal(gnutls_certificate_allocate_credentials(&client.credentials), 0);
    load(place, who, client.credentials);
    assert_int_equal(gnutls_credentials_set(client.session, GNUTLS_CRD_CERTIFICATE, client.credentials), 0);
    assert_int_equal(gnutls_priority_set_direct(client.session, priorities, NULL), 0);
    if (ticket != NULL && ticket->size > 0)
        assert_int_equal(gnutls_session_set_data(client.session, ticket->data, ticket->size), 0);
    gnutls_transport_set_int(client.session, client.fd);
    int status;
    do
        status = gnutls_handshake(client.session);
    while (status < 0 && !gnutls_error_is_fatal(status));
    if (status < 0)
        gate_client_close(&client);
    return client;
}

void gate_client_close(struct gate_client *client)
{
    if (client->session != NULL)
        gnutls_deinit(client->session);
    if (client->credentials != NULL)
        gnutls_certificate_free_credentials(client->credentials);
    own_fd(&client->fd);
    client->session = NULL;
    client->credentials = NULL;
}

bool gate_client_send(struct gate_client *client, const char *bytes, size_t size)
{
    if (client->session != NULL)
        return gnutls_record_send(client->session, bytes, size) == (ssize_t)size;
    return send(client->fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static ssize_t receive(struct gate_client *client, char *out, size_t size)
{
    ssize_t got;

    if (client->session == NULL)
        return recv(client->fd, out, size, 0);
    do
        got = gnutls_record_recv(client->session, out, size);
    while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
    return got;
}

/* Whether head and body are all there. */
static bool is_whole(const char *answer, size_t size)
{
    const char *head_end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "\r\nContent-Length: ");

    if (head_end == NULL)
        return false;
    if (length == NULL || length > head_end)
        return true;
    return size >= (size_t)(head_end + 4 - answer) + strtoul(length + 18, NULL, 10);
}

unsigned gate_client_receive(struct gate_client *client, char *out, size_t size)
{
    size_t have = 0;
    unsigned status = 0;

    out[0] = 0;
    while (client->fd >= 0 && have < size - 1) {
        ssize_t got = receive(client, out + have, size - 1 - have);
        if (got <= 0)
            break;
        have += (size_t)got;
        out[have] = 0;
        if (is_whole(out, have))
            break;
    }
    return sscanf(out, "HTTP/1.1 %u", &status) == 1 ? status : 0;
}

unsigned gate_client_ask(struct gate_client *client, const char *method, const char *path, const char *body)
{
    char head[8192], answer[65536];
    size_t size = body == NULL ? 0 : strlen(body);

    if (client->fd < 0)
        return 0;
    int head_size = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
                             method, path, size);
    assert_true(head_size > 0 && (size_t)head_size < sizeof(head));
    if (!gate_client_send(client, head, (size_t)head_size) ||
        (size > 0 && !gate_client_send(client, body, size)))
        return 0;
    return gate_client_receive(client, answer, sizeof(answer));
}
