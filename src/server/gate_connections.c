#include "server/gate_connections.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define SWEEP_S 1

static int64_t monotonic_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

/*
 * libmicrohttpd's own timeout counts from the last byte: who sends one every ten seconds is never too slow for it. What is overdue
 * is only shut down here; its thread then sees the end and closes it.
 */
static void sweep_once(struct gate_connections *connections)
{
    int64_t now_us = monotonic_us();

    for (struct gate_connection *one = connections->first; one != NULL; one = one->behind) {
        int64_t deadline_us = atomic_load(&one->deadline_us);
        if (deadline_us != 0 && deadline_us < now_us) {
            (void)shutdown(one->socket, SHUT_RDWR);
            atomic_store(&one->deadline_us, 0);
        }
    }
}

static void *sweep(void *self)
{
    struct gate_connections *connections = self;

    (void)pthread_mutex_lock(&connections->lock);
    while (!connections->stop) {
        struct timespec until;
        sweep_once(connections);
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += SWEEP_S;
        (void)pthread_cond_timedwait(&connections->ended, &connections->lock, &until);
    }
    (void)pthread_mutex_unlock(&connections->lock);
    return NULL;
}

bool gate_connections_open(struct gate_connections *connections, struct error *err)
{
    pthread_condattr_t attributes;

    *connections = (struct gate_connections){.lock = PTHREAD_MUTEX_INITIALIZER};
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&connections->ended, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (pthread_create(&connections->sweeper, NULL, sweep, connections) != 0)
        return error_set(err, ERROR_SYSTEM, "no thread can be made");
    connections->sweeping = true;
    return true;
}

void gate_connections_close(struct gate_connections *connections)
{
    if (!connections->sweeping)
        return;
    (void)pthread_mutex_lock(&connections->lock);
    connections->stop = true;
    (void)pthread_cond_signal(&connections->ended);
    (void)pthread_mutex_unlock(&connections->lock);
    (void)pthread_join(connections->sweeper, NULL);
    connections->sweeping = false;
}

static void write_address(const struct sockaddr *address, char out[INET6_ADDRSTRLEN])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    out[0] = 0;
    if (address == NULL)
        return;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        (void)inet_ntop(AF_INET, &v4.sin_addr, out, INET6_ADDRSTRLEN);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
        (void)inet_ntop(mapped ? AF_INET : AF_INET6,
                        mapped ? v6.sin6_addr.s6_addr + 12 : v6.sin6_addr.s6_addr, out, INET6_ADDRSTRLEN);
    }
}

struct gate_connection *gate_connection_begin(struct gate_connections *connections, int socket,
                                              const struct sockaddr *address)
{
    struct gate_connection *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return NULL;
    made->socket = socket;
    write_address(address, made->address);
    made->peer.address = text_of(made->address);
    (void)pthread_mutex_lock(&connections->lock);
    made->behind = connections->first;
    if (made->behind != NULL)
        made->behind->before = made;
    connections->first = made;
    (void)pthread_mutex_unlock(&connections->lock);
    return made;
}

void gate_connection_end(struct gate_connections *connections, struct gate_connection *connection)
{
    if (connection == NULL)
        return;
    (void)pthread_mutex_lock(&connections->lock);
    if (connection->before != NULL)
        connection->before->behind = connection->behind;
    else
        connections->first = connection->behind;
    if (connection->behind != NULL)
        connection->behind->before = connection->before;
    (void)pthread_mutex_unlock(&connections->lock);
    free(connection);
}

void gate_connection_allow(struct gate_connection *connection, uint64_t seconds)
{
    atomic_store(&connection->deadline_us,
                 seconds == 0 ? 0 : monotonic_us() + (int64_t)seconds * TIME_SECOND_US);
}

/* Only what holds makes a host of it: whatever goes wrong leaves a stranger. */
static void judge_peer(struct request_peer *peer, gnutls_session_t session,
                       const struct certificate_judge *judge)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    struct certificate_host host;
    struct error err;

    peer->kind = REQUEST_PEER_NONE;
    if (chain == NULL || count == 0)
        return;
    peer->kind = REQUEST_PEER_FOREIGN;
    if (!certificate_judge_host(judge, (struct bytes){chain[0].data, chain[0].size}, &host, &err))
        return; /* why it is none of ours is the stranger's business */
    memcpy(peer->host.at, host.host, sizeof(peer->host.at));
    peer->expires_us = host.ends_us;
    peer->kind = REQUEST_PEER_HOST;
}

void gate_connection_ask(struct gate_connection *connection, gnutls_session_t session,
                         const struct certificate_judge *judge, int64_t now_us)
{
    struct request_peer *peer = &connection->peer;

    if (peer->kind == REQUEST_PEER_UNKNOWN && session != NULL && judge != NULL)
        judge_peer(peer, session, judge);
    else if (peer->kind == REQUEST_PEER_UNKNOWN)
        peer->kind = REQUEST_PEER_NONE;
    if (peer->kind == REQUEST_PEER_HOST && now_us >= peer->expires_us)
        peer->kind = REQUEST_PEER_EXPIRED;
}
