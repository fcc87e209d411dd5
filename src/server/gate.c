#include "server/gate.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "server/gate_parts.h"

/* Of one connection: the head of its request and a piece of its body. An agent's head has 300 bytes, a browser's 3,000. */
#define POOL_SMALL (8 * KIB)
#define POOL_LARGE (32 * KIB)
#define BACKLOG    4096 /* a herd waits here, and not in retries; the kernel's somaxconn bounds it */

/* Curves and ciphers of the profile that GnuTLS calls secure; TLS before 1.2 is not spoken. */
#define PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

/* ---- connections ---- */

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info == NULL ? -1 : info->connect_fd;
}

static const struct sockaddr *address_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return info == NULL ? NULL : info->client_addr;
}

/* Before the first byte of the handshake: libmicrohttpd itself gives out no tickets. */
static void prepare_session(const struct gate *gate, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

    if (info != NULL && gate->house->ticket_key.size > 0)
        (void)gnutls_session_ticket_enable_server(info->tls_session, &gate->house->ticket_key);
}

static void on_connection(void *self, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode what)
{
    struct gate *gate = self;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        gate_connection_end(&gate->connections, *state);
        *state = NULL;
        return;
    }
    struct gate_connection *made =
        gate_connection_begin(&gate->connections, socket_of(connection), address_of(connection));
    if (made != NULL)
        gate_connection_allow(made, gate->limits.head_s);
    *state = made;
    if (gate->tls)
        prepare_session(gate, connection);
}

/* Paths and queries are decoded by route.c, part by part. */
static size_t leave_encoded(void *self, struct MHD_Connection *connection, char *text)
{
    (void)self;
    (void)connection;
    return strlen(text);
}

static void PRINTF_LIKE(2, 0) log_library(void *self, const char *format, va_list arguments)
{
    char line[200];

    (void)self;
    (void)vsnprintf(line, sizeof(line), format, arguments);
    line[strcspn(line, "\n")] = 0;
    log_line(LOG_DEBUG, "gate", "%s", line);
}

/* ---- the listener ---- */

#define OPTIONS_MAX 24

/* Options of libmicrohttpd come as an array that ends in a row. */
struct options {
    struct MHD_OptionItem at[OPTIONS_MAX];
    size_t count;
};

static void add(struct options *options, enum MHD_OPTION option, intptr_t value, const void *pointer)
{
    struct MHD_OptionItem *item = &options->at[options->count++];

    item->option = option;
    item->value = value;
    memcpy(&item->ptr_value, &pointer,
           sizeof(pointer)); /* the library does not write there, and says so nowhere */
}

static void add_callback(struct options *options, enum MHD_OPTION option, void (*callback)(void), void *self)
{
    intptr_t value;

    memcpy(&value, &callback, sizeof(value)); /* as its documentation has it */
    add(options, option, value, self);
}

static void add_tls(struct options *options, const char *const pem[3])
{
    add(options, MHD_OPTION_HTTPS_PRIORITIES, 0, PRIORITIES);
    add(options, MHD_OPTION_HTTPS_MEM_KEY, 0, pem[0]);
    add(options, MHD_OPTION_HTTPS_MEM_CERT, 0, pem[1]);
    if (pem[2] != NULL) /* asks for a certificate, and takes any: gate_connections.c judges */
        add(options, MHD_OPTION_HTTPS_MEM_TRUST, 0, pem[2]);
}

static bool start(struct gate *gate, const struct gate_wish *wish, const char *const pem[3],
                  struct error *err)
{
    const struct gate_limits *limits = &wish->limits;
    struct options options = {.count = 0};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (gate->tls ? MHD_USE_TLS : 0);

    add_callback(&options, MHD_OPTION_EXTERNAL_LOGGER, (void (*)(void))log_library, NULL);
    add(&options, MHD_OPTION_LISTEN_SOCKET, fd_take(wish->socket), NULL);
    add_callback(&options, MHD_OPTION_NOTIFY_CONNECTION, (void (*)(void))on_connection, gate);
    add_callback(&options, MHD_OPTION_NOTIFY_COMPLETED, (void (*)(void))gate_serve_end, gate);
    add_callback(&options, MHD_OPTION_URI_LOG_CALLBACK, (void (*)(void))gate_serve_begin, gate);
    add_callback(&options, MHD_OPTION_UNESCAPE_CALLBACK, (void (*)(void))leave_encoded, NULL);
    add(&options, MHD_OPTION_CONNECTION_LIMIT, limits->connections, NULL);
    add(&options, MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits->connections_an_address, NULL);
    add(&options, MHD_OPTION_CONNECTION_TIMEOUT, limits->body_s + limits->rest_s, NULL);
    add(&options, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        wish->listener == ROUTE_PEOPLE ? POOL_LARGE : POOL_SMALL, NULL);
    if (limits->threads > 1)
        add(&options, MHD_OPTION_THREAD_POOL_SIZE, limits->threads, NULL);
    if (gate->tls)
        add_tls(&options, pem);
    add(&options, MHD_OPTION_END, 0, NULL);
    gate->daemon = MHD_start_daemon(flags, 0, NULL, NULL, gate_serve, gate, MHD_OPTION_ARRAY, options.at,
                                    MHD_OPTION_END);
    return gate->daemon != NULL || error_set(err, ERROR_SYSTEM, "the listener does not start");
}

/* As strings, which the library copies. NULL where there is none. */
static bool string_of(struct arena *arena, struct bytes pem, const char **out, struct error *err)
{
    *out = NULL;
    if (pem.size == 0)
        return true;
    *out = text_string(arena, (struct text){(const char *)pem.at, pem.size});
    return *out != NULL || arena_full(arena, err);
}

bool gate_open(struct gate_house *house, const struct gate_wish *wish, struct gate **out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(own_fd) int socket = fd_take(wish->socket);
    OWN(gate_close) struct gate *gate = calloc(1, sizeof(*gate));
    struct gate_wish own = *wish;
    const char *pem[3];

    if (gate == NULL)
        return error_system(err, "listener");
    gate->house = house;
    gate->listener = wish->listener;
    gate->limits = wish->limits;
    gate->tls = wish->key_pem.size > 0;
    own.socket = &socket;
    if (!string_of(&arena, wish->key_pem, &pem[0], err) ||
        !string_of(&arena, wish->chain_pem, &pem[1], err) ||
        !string_of(&arena, wish->trust_pem, &pem[2], err) ||
        !gate_connections_open(&gate->connections, err) || !start(gate, &own, pem, err))
        return false;
    *out = gate;
    gate = NULL;
    return true;
}

void gate_stop_accepting(struct gate *gate)
{
    int socket = MHD_quiesce_daemon(gate->daemon);

    if (socket >= 0)
        (void)close(socket);
}

unsigned gate_waiting(struct gate *gate)
{
    return atomic_load(&gate->waiting);
}

void gate_close(struct gate **gate)
{
    if (*gate == NULL)
        return;
    if ((*gate)->daemon != NULL)
        MHD_stop_daemon((*gate)->daemon);
    gate_connections_close(&(*gate)->connections);
    free(*gate);
    *gate = NULL;
}

/* ---- the socket ---- */

static bool listen_at(const struct addrinfo *at, int *out, struct error *err)
{
    OWN(own_fd)
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    const int on = 1, off = 0;

    if (fd < 0)
        return error_system(err, "socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (at->ai_family == AF_INET6) /* "::" is every address of the machine */
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        return error_system(err, "listen");
    *out = fd_take(&fd);
    return true;
}

bool gate_port(int socket, uint16_t *out, struct error *err)
{
    struct sockaddr_in6 bound = {0}; /* the port lies where IPv4 has it */
    socklen_t size = sizeof(bound);

    if (getsockname(socket, (struct sockaddr *)&bound, &size) != 0)
        return error_system(err, "getsockname");
    *out = ntohs(bound.sin6_port);
    return true;
}

static void own_addresses(struct addrinfo **found)
{
    if (*found != NULL)
        freeaddrinfo(*found);
}

bool gate_listen(const char *address, uint16_t *port, int *out, struct error *err)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    OWN(own_addresses) struct addrinfo *found = NULL;
    OWN(own_fd) int fd = -1;
    char service[8];

    (void)snprintf(service, sizeof(service), "%u", *port);
    int status = getaddrinfo(address, service, &hints, &found);
    if (status != 0)
        return error_set(err, ERROR_INPUT, "%s: is no address (%s)", address, gai_strerror(status));
    if (!listen_at(found, &fd, err) || !gate_port(fd, port, err))
        return error_at(err, "%s port %u", address, *port);
    *out = fd_take(&fd);
    return true;
}
