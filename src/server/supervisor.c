#include "server/supervisor.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/helper.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/os.h"
#include "base/own.h"
#include "base/stop.h"
#include "server/chores.h"
#include "server/first_start.h"
#include "server/front.h"
#include "server/gate.h"
#include "server/process.h"
#include "trust/certificate.h"

#define STOP_MS    30000              /* the front drains for ten seconds, and its store closes */
#define CERTIFY_US (30 * TIME_DAY_US) /* a new certificate for the front, long before the old one ends */
#define HEALTHY_US TIME_MINUTE_US     /* who lived so long is started anew at once */
#define QUICK_MAX  5                  /* who ended so often without living so long is not started again */
#define TURN_MS    60000              /* between two looks at the clock */
#define FRAME_MAX  256

struct supervisor {
    const struct server_options *options;
    const struct server_settings *settings;
    FILE *out;
    struct arena arena;
    struct server_paths paths;
    struct fleet_id fleet;
    char authority[DIGEST_HEX_MAX + 1]; /* of its certificate: what a person compares at the first log in */
    struct stop stop;
    int listeners[FRONT_LISTENER_COUNT];
    uint16_t ports[FRONT_LISTENER_COUNT];
    struct process front, keeper;
    struct chores chores;
    const char *argv[16];
    int64_t started_us, certify_us;
    unsigned quick;
    bool ready; /* said once */
};

static void stop_pair(struct supervisor *supervisor)
{
    process_stop(&supervisor->front, STOP_MS);
    process_stop(&supervisor->keeper, STOP_MS); /* its front has ended, and so does it */
}

static void end_supervisor(struct supervisor *supervisor)
{
    stop_pair(supervisor);
    chores_stop(&supervisor->chores);
    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++)
        own_fd(&supervisor->listeners[i]);
    stop_end(&supervisor->stop);
    arena_end(&supervisor->arena);
}

/* ---- starting ---- */

/* The children read the settings themselves, from the same options. */
static void make_argv(struct supervisor *supervisor)
{
    const struct server_options *options = supervisor->options;
    const char *const pairs[][2] = {{"--config", options->config},
                                    {"--data", options->data},
                                    {"--listen", options->listen},
                                    {"--store", options->store}};
    size_t count = 1;

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        if (pairs[i][1] != NULL) {
            supervisor->argv[count++] = pairs[i][0];
            supervisor->argv[count++] = pairs[i][1];
        }
    supervisor->argv[count] = NULL;
}

static bool start_one(struct supervisor *supervisor, const char *program, const int *passed, size_t count,
                      struct process *out, struct error *err)
{
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    const struct process_wish wish = {
        .argv = supervisor->argv, .environment = environment, .passed = passed, .passed_count = count};

    return os_helper(&supervisor->arena, program, &supervisor->argv[0], err) &&
           process_start(&wish, out, err);
}

static bool start_pair(struct supervisor *supervisor, struct error *err)
{
    int ends[2], passed[1 + FRONT_LISTENER_COUNT];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return error_system(err, "socketpair");
    OWN(own_fd) int of_front = ends[0];
    OWN(own_fd) int of_keeper = ends[1];
    passed[0] = of_front;
    memcpy(passed + 1, supervisor->listeners, sizeof(supervisor->listeners));
    supervisor->started_us = time_now_us();
    return start_one(supervisor, "sutured-keeper", &of_keeper, 1, &supervisor->keeper, err) &&
           start_one(supervisor, "sutured-front", passed, 1 + FRONT_LISTENER_COUNT, &supervisor->front, err);
}

/* "::" is every address, on a machine without IPv6 too. */
static bool open_listener(struct supervisor *supervisor, size_t index, struct error *err)
{
    const char *address = supervisor->settings->listen;
    uint16_t *port = &supervisor->ports[index];
    struct error ignored;

    return gate_listen(address, port, &supervisor->listeners[index], err) ||
           (strcmp(address, "::") == 0 && err->kind == ERROR_SYSTEM &&
            gate_listen("0.0.0.0", port, &supervisor->listeners[index], &ignored));
}

static bool open_listeners(struct supervisor *supervisor, struct error *err)
{
    const uint32_t ports[FRONT_LISTENER_COUNT] = {supervisor->settings->agents_port,
                                                  supervisor->settings->people_port,
                                                  supervisor->settings->static_port};

    for (size_t i = 0; i < FRONT_LISTENER_COUNT; i++) {
        supervisor->ports[i] = (uint16_t)ports[i];
        if (!open_listener(supervisor, i, err))
            return false;
    }
    return true;
}

/* ---- what the front says ---- */

static bool write_ready(struct supervisor *supervisor, struct error *err)
{
    char fleet[FLEET_ID_HEX + 1];

    if (supervisor->options->ready == NULL)
        return true;
    fleet_id_hex(&supervisor->fleet, fleet);
    struct text json =
        text_format(&supervisor->arena,
                    "{\"agents\":%u,\"ca\":\"%s\",\"fleet\":\"%s\",\"people\":%u,\"pid\":%d,\"static\":%u}\n",
                    supervisor->ports[0], supervisor->authority, fleet, supervisor->ports[1], (int)getpid(),
                    supervisor->ports[2]);
    return json.at != NULL ? file_replace(supervisor->options->ready, bytes_of_text(json), 0644, err)
                           : arena_full(&supervisor->arena, err);
}

static bool on_ready(struct supervisor *supervisor, struct error *err)
{
    log_line(LOG_INFO, "sutured", "listens at %s: machines %u, people %u, files %u",
             supervisor->settings->listen, supervisor->ports[0], supervisor->ports[1], supervisor->ports[2]);
    if (supervisor->ready)
        return true;
    supervisor->ready = true;
    return write_ready(supervisor, err);
}

static void print_once(const struct supervisor *supervisor, struct text password)
{
    fprintf(supervisor->out,
            "This is the fleet of the CA sha256:%s (%s).\n"
            "The first administrator is \"admin\", with this password for one login, which sets another:\n\n "
            "   %.*s\n\n"
            "It is not shown again. From any machine that reaches this one:\n\n"
            "    suture login https://HOST:%u --fingerprint %s\n",
            supervisor->authority, supervisor->paths.authority, TEXT_ARG(password), supervisor->ports[1],
            supervisor->authority);
    (void)fflush(supervisor->out);
}

/* The front is not believed: half a frame, or nonsense, keeps nobody waiting for long. */
static bool receive(const struct supervisor *supervisor, struct arena *arena, struct text *out,
                    struct error *err)
{
    const struct timeval patience = {.tv_sec = 1};
    struct bytes frame = {0};

    (void)setsockopt(supervisor->front.control, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return frame_receive(supervisor->front.control, FRAME_MAX, arena, &frame, err) &&
           text_from_bytes(frame, FRAME_MAX, out, err);
}

static bool hear(struct supervisor *supervisor, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct text said = {0};

    if (!receive(supervisor, &arena, &said, err)) {
        if (err->kind != ERROR_ABSENT) /* its end is seen to by look_after */
            log_line(LOG_WARNING, "sutured", "the front says nonsense: %s", err->text);
        own_fd(&supervisor->front.control); /* for the front this is the word to stop */
        return true;
    }
    if (text_equal(said, TEXT(FRONT_READY)))
        return on_ready(supervisor, err);
    if (text_starts(said, TEXT(FRONT_ONCE)))
        print_once(supervisor, text_part(said, sizeof(FRONT_ONCE) - 1, SIZE_MAX));
    return true;
}

/* ---- the days ---- */

/* One of the two has ended: neither is any use without the other. */
static bool start_again(struct supervisor *supervisor, const char *who, int status, struct error *err)
{
    bool lived = time_now_us() - supervisor->started_us > HEALTHY_US;

    supervisor->quick = lived ? 0 : supervisor->quick + 1;
    log_line(LOG_ERROR, "sutured", "the %s ended with %d", who, status);
    stop_pair(supervisor);
    if (supervisor->quick >= QUICK_MAX || !supervisor->ready)
        return error_set(err, ERROR_SYSTEM, "the %s does not live: see the lines above", who);
    return start_pair(supervisor, err);
}

static bool look_after(struct supervisor *supervisor, struct error *err)
{
    int status;

    if (process_ended(&supervisor->front, &status))
        return start_again(supervisor, "front", status, err);
    if (process_ended(&supervisor->keeper, &status))
        return start_again(supervisor, "keeper", status, err);
    return true;
}

static bool certify(struct supervisor *supervisor, int64_t now_us, struct error *err)
{
    if (now_us < supervisor->certify_us)
        return true;
    supervisor->certify_us = now_us + CERTIFY_US;
    if (!first_start_certify(supervisor->settings, &supervisor->paths, now_us, err))
        return false;
    stop_pair(supervisor); /* sockets stay open meanwhile: who comes waits a moment */
    return start_pair(supervisor, err);
}

static bool turn(struct supervisor *supervisor, struct error *err)
{
    int64_t now_us = time_now_us(), next_us = now_us + TURN_MS * INT64_C(1000);
    struct pollfd watched[] = {
        {.fd = supervisor->stop.fd, .events = POLLIN},
        {.fd = supervisor->front.control, .events = POLLIN},
        {.fd = supervisor->front.watch, .events = POLLIN},
        {.fd = supervisor->keeper.watch, .events = POLLIN},
    };

    if (!certify(supervisor, now_us, err))
        return false;
    if (supervisor->ready)
        chores_turn(&supervisor->chores, now_us, &next_us);
    watched[1].fd = supervisor->front.control;
    watched[2].fd = supervisor->front.watch;
    watched[3].fd = supervisor->keeper.watch;
    if (poll(watched, 4, (int)((next_us - now_us) / 1000) + 1) < 0)
        return true;
    /* What it said last comes before its end. */
    if ((watched[1].revents & POLLIN) != 0 && !hear(supervisor, err))
        return false;
    return look_after(supervisor, err);
}

static bool read_authority(struct supervisor *supervisor, struct error *err)
{
    struct bytes pem = {0}, der;
    struct digest digest;

    if (!file_read(supervisor->paths.authority, CERTIFICATE_PEM_MAX, &supervisor->arena, &pem, err) ||
        !certificate_from_pem(pem, &supervisor->arena, &der, err) ||
        !digest_bytes(DIGEST_SHA256, der, &digest, err))
        return false;
    digest_hex(&digest, supervisor->authority);
    return true;
}

static bool prepare(struct supervisor *supervisor, struct error *err)
{
    struct first_start made;
    int64_t now_us = time_now_us();

    if (!server_paths_of(supervisor->settings, &supervisor->arena, &supervisor->paths, err) ||
        !first_start(supervisor->settings, &supervisor->paths, now_us, &made, err) ||
        !read_authority(supervisor, err))
        return false;
    supervisor->fleet = made.fleet;
    supervisor->certify_us = now_us + CERTIFY_US;
    if (made.made_repository)
        log_line(LOG_INFO, "sutured",
                 "made a repository with one person's key: move %s to a machine of that person, and away "
                 "from here",
                 supervisor->paths.first_person);
    return chores_make(supervisor->settings, &supervisor->paths, &supervisor->arena, &supervisor->chores,
                       err);
}

bool supervisor_run(const struct server_options *options, const struct server_settings *settings, FILE *out,
                    struct error *err)
{
    OWN(end_supervisor)
    struct supervisor supervisor = {
        .options = options,
        .settings = settings,
        .out = out,
        .arena = arena_with(16 * MIB),
        .stop = STOP_NONE,
        .listeners = {-1, -1, -1},
        .front = PROCESS_NONE,
        .keeper = PROCESS_NONE,
    };
    OWN(own_fd) int lock = -1;

    if (!stop_begin(&supervisor.stop, err) || !prepare(&supervisor, err))
        return false;
    const char *lock_path = file_path(&supervisor.arena, supervisor.paths.front, "lock");
    if (lock_path == NULL)
        return arena_full(&supervisor.arena, err);
    if (!file_lock(lock_path, &lock, err))
        return error_at(err, "another sutured works in %s", settings->data);
    make_argv(&supervisor);
    if (!open_listeners(&supervisor, err) || !start_pair(&supervisor, err))
        return false;
    while (!stop_asked(&supervisor.stop))
        if (!turn(&supervisor, err))
            return false;
    log_line(LOG_INFO, "sutured", "stops");
    return true;
}
