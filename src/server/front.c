#include "server/front.h"

#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/helper.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "server/first_start.h"
#include "server/front_work.h"
#include "server/gate.h"
#include "server/keeper_client.h"

#define DRAIN_MS   10000 /* a commit takes milliseconds, a slow client's body is not worth more */
#define FILES_MORE 1024  /* beside connections: files that are sent, the store's, the keeper's */

/* What a connection to the database, and looking up its name, reads; and libraries that are loaded late. */
static const char *const readable[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/passwd",
    "/etc/ssl",
    "/etc/gnutls",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/usr/lib",
    "/lib",
    "/lib64",
    "/usr/lib64",
    "/dev/null",
    "/dev/urandom",
    "/proc/sys/crypto",
    "/proc/self",
    "/sys/devices/system/cpu",
    "/run/postgresql",
};
#define READABLE_COUNT (sizeof(readable) / sizeof(*readable))
#define FOLDERS_READ   5

struct front {
    const struct server_settings *settings;
    struct arena *arena;
    struct server_paths paths;
    struct server server;
    struct admission admission;
    struct certificate_judge judge;
    struct gate_house house;
    struct gate *gates[FRONT_LISTENER_COUNT];
    struct bytes tls_key, tls_chain, authority_pem;
    unsigned connections[FRONT_LISTENER_COUNT];
    uint8_t confined;
};

static void end_front(struct front *front)
{
    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++)
        gate_close(&front->gates[i]);
    certificate_judge_end(&front->judge);
    keeper_client_close(&front->server.keeper);
    gnutls_free(front->house.ticket_key.data);
}

/* ---- what is read before anything is given up ---- */

static bool read_key(const char *path, struct arena *arena, uint8_t out[32], struct error *err)
{
    struct bytes raw = {0};

    if (!file_read(path, 32, arena, &raw, err))
        return false;
    if (raw.size != 32)
        return error_set(err, ERROR_INPUT, "%s: not 32 bytes", path);
    memcpy(out, raw.at, raw.size);
    return true;
}

static bool read_identity(struct front *front, struct error *err)
{
    const struct server_paths *paths = &front->paths;
    struct server *server = &front->server;
    struct digest digest;

    if (!file_read(paths->tls_key, CERTIFICATE_PEM_MAX, front->arena, &front->tls_key, err) ||
        !file_read(paths->tls_chain, (size_t)2 * CERTIFICATE_PEM_MAX, front->arena, &front->tls_chain, err) ||
        !file_read(paths->authority, CERTIFICATE_PEM_MAX, front->arena, &front->authority_pem, err) ||
        !certificate_from_pem(front->authority_pem, front->arena, &server->ca, err) ||
        !digest_bytes(DIGEST_SHA256, server->ca, &digest, err) ||
        !certificate_judge_open(server->ca, &front->judge, err) ||
        !first_start_fleet(paths, &server->fleet, err) ||
        !read_key(paths->chunk_key, front->arena, server->chunk_key, err) ||
        !read_key(paths->plan_public, front->arena, server->plan_key, err))
        return false;
    memcpy(server->ca_digest, digest.at, sizeof(server->ca_digest));
    if (memcmp(front->judge.fleet, server->fleet.at, sizeof(server->fleet.at)) != 0)
        return error_set(
            err, ERROR_TRUST,
            "the repository is of another fleet than the certificates: its first root has changed");
    return true;
}

/*
 * Connections of each listener, within the settings and the descriptors that the system gives: where those are short the last to
 * come are not accepted, while whoever is connected, and the database, work on.
 */
static void share_files(struct front *front)
{
    static const uint64_t percents[FRONT_LISTENER_COUNT] = {70, 10, 20};
    const struct server_settings *settings = front->settings;
    struct rlimit limit = {0};

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    uint64_t left = limit.rlim_max > 2 * FILES_MORE ? limit.rlim_max - FILES_MORE : limit.rlim_max / 2;
    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++) {
        uint64_t share = left / 100 * percents[i];
        front->connections[i] = (unsigned)(share < settings->connections ? share : settings->connections);
    }
    if (front->connections[0] < settings->connections)
        log_line(LOG_INFO, "front", "%llu descriptors are allowed: machines get %u connections of %u",
                 (unsigned long long)limit.rlim_max, front->connections[0], settings->connections);
}

static bool give_up(struct front *front, struct error *err)
{
    const struct server_paths *paths = &front->paths;
    const char *reads[READABLE_COUNT + FOLDERS_READ + 1] = {NULL};
    const char *const writes[] = {paths->store, paths->content, paths->pulse, NULL};
    const char *const more[FOLDERS_READ] = {paths->public_folder, paths->content, paths->pulse, paths->front,
                                            paths->advisories};
    const struct confine_request request = {
        .service = true,
        .network = true,
        .readable = reads,
        .writable = writes,
        .more_files = 3 * front->settings->connections + FILES_MORE,
    };

    memcpy(reads, readable, sizeof(readable));
    memcpy(reads + READABLE_COUNT, more, sizeof(more));
    return confine(&request, &front->confined, err);
}

/* ---- listeners ---- */

static const enum route_listener listeners[FRONT_LISTENER_COUNT] = {ROUTE_AGENTS, ROUTE_PEOPLE, ROUTE_STATIC};

static bool read_ports(struct server *server, struct error *err)
{
    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++)
        if (!gate_port(FRONT_LISTENERS + (int)i, &server->ports[listeners[i]], err))
            return false;
    return true;
}

static bool open_gate(struct front *front, size_t index, struct error *err)
{
    const struct server_settings *settings = front->settings;
    int socket = FRONT_LISTENERS + (int)index;
    const bool tls = listeners[index] != ROUTE_STATIC;
    const struct gate_wish wish = {
        .listener = listeners[index],
        .socket = &socket,
        .key_pem = tls ? front->tls_key : (struct bytes){0},
        .chain_pem = tls ? front->tls_chain : (struct bytes){0},
        .trust_pem = listeners[index] == ROUTE_AGENTS ? front->authority_pem : (struct bytes){0},
        .limits = {.threads = settings->threads,
                   .connections = front->connections[index],
                   .connections_an_address = settings->connections_an_address,
                   .head_s = settings->head_s,
                   .body_s = settings->body_s,
                   .rest_s = settings->rest_s},
    };

    return gate_open(&front->house, &wish, &front->gates[index], err);
}

static bool tell(const char *word, struct error *err)
{
    return frame_send(FRONT_CONTROL, bytes_of_text(text_of(word)), err);
}

/* Who reads the first administrator's password on the supervisor's terminal is the operator. */
static bool tell_first(struct server *server, struct error *err)
{
    char line[sizeof(FRONT_ONCE) + sizeof(server->first_password)];

    if (server->first_password[0] == 0)
        return true;
    (void)snprintf(line, sizeof(line), FRONT_ONCE "%s", server->first_password);
    bool told = tell(line, err);
    explicit_bzero(server->first_password, sizeof(server->first_password));
    explicit_bzero(line, sizeof(line));
    return told;
}

static bool open_house(struct front *front, struct error *err)
{
    front->house = (struct gate_house){
        .server = &front->server, .admission = &front->admission, .judge = &front->judge, .routes = routes};
    if (gnutls_session_ticket_key_generate(&front->house.ticket_key) < 0)
        return error_set(err, ERROR_SYSTEM, "no key for session tickets");
    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++)
        if (!open_gate(front, i, err))
            return false;
    return true;
}

/* ---- the end ---- */

static void wait_for_end(void)
{
    struct pollfd control = {.fd = FRONT_CONTROL, .events = POLLIN};
    char ignored[64];

    for (;;) /* the supervisor says nothing; its socket ends with it, or when we are to stop */
        if (poll(&control, 1, -1) == 1 && read(FRONT_CONTROL, ignored, sizeof(ignored)) <= 0)
            return;
}

/* What waits for a commit gets it: only then nothing that was taken in is lost, and nothing is said twice. */
static void drain(struct front *front)
{
    unsigned waiting = 1;

    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++)
        gate_stop_accepting(front->gates[i]);
    for (int waited_ms = 0; waiting > 0 && waited_ms < DRAIN_MS; waited_ms += 10) {
        waiting = admission_under_way(&front->admission);
        if (waiting > 0)
            (void)poll(NULL, 0, 10);
    }
}

static bool work(struct front *front, struct front_work *parts, struct error *err)
{
    if (!front_work_start(&front->server, parts, err) || !tell_first(&front->server, err) ||
        !open_house(front, err) || !front_work_tick(&front->server, parts, err) || !tell(FRONT_READY, err))
        return false;
    log_line(LOG_INFO, "front", "ready; held by %s%s",
             (front->confined & CONFINED_FILES) != 0 ? "Landlock " : "",
             (front->confined & CONFINED_CALLS) != 0 ? "seccomp" : "");
    if ((front->confined & CONFINED_FILES) == 0)
        log_line(LOG_WARNING, "front",
                 "this kernel has no Landlock: who breaks in may read the keeper's keys");
    wait_for_end();
    front_work_still(parts);
    drain(front);
    return true;
}

bool front_run(const struct server_settings *settings, struct arena *arena, struct error *err)
{
    OWN(end_front)
    struct front front = {
        .settings = settings, .arena = arena, .server = {.settings = settings, .world = server_world_real}};
    OWN(front_work_end) struct front_work parts = {.count = 0};
    int keeper = FRONT_KEEPER;

    front.admission = admission_with(settings->requests, settings->slots);
    share_files(&front);
    if (!server_paths_of(settings, arena, &front.paths, err))
        return false;
    front.server.paths = &front.paths;
    parts.server = &front.server;
    if (!read_ports(&front.server, err) || !read_identity(&front, err) ||
        !keeper_client_open(&keeper, &front.server.keeper, err) || !give_up(&front, err) ||
        !work(&front, &parts, err))
        return false;
    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++) /* before the parts that their handlers use */
        gate_close(&front.gates[i]);
    return true;
}
