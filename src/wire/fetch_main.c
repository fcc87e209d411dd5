/*
 * suture-fetch: the one process of Suture that talks to the network, and does nothing else.
 *
 * It reads one order (wire/fetch_message.h) from standard input, opens the two files that the order names, gives up
 * everything else (base/confine.h), transfers, and writes one answer to standard output. It is started by suture, not
 * by hand. Exit status: 0 an answer was written, 1 not even that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/transfer.h"

#define ARENA_LIMIT (4 * MIB) /* messages and a few header values for each request */

/* What resolving a name, and checking a certificate, reads: configuration that everyone may read, and libraries that glibc loads for it. */
static const char *const readable[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/pki",
    "/etc/gnutls",
    "/etc/crypto-policies",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/crypto-policies",
    "/usr/share/zoneinfo",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/etc/ld.so.cache",
    "/usr/lib",
    "/lib",
    "/lib64",
    "/usr/lib64",
    "/dev/null",
    "/dev/urandom",
    "/proc/sys/crypto",
    "/sys/devices/system/cpu",
};
#define READABLE_COUNT (sizeof(readable) / sizeof(*readable))

static bool read_order(struct arena *arena, struct fetch_order *out, struct error *err)
{
    uint8_t *raw = arena_take(arena, FETCH_MESSAGE_MAX);
    size_t have = 0;
    ssize_t got = 1;

    if (raw == NULL)
        return arena_full(arena, err);
    while (got != 0 && have < FETCH_MESSAGE_MAX) {
        got = read(STDIN_FILENO, raw + have, FETCH_MESSAGE_MAX - have);
        if (got < 0 && errno != EINTR)
            return error_system(err, "order");
        have += got > 0 ? (size_t)got : 0;
    }
    return fetch_order_parse((struct bytes){raw, have}, out, err);
}

/* Opened while we still may; a link is never followed, and what is no file of one name is refused. */
static bool open_spool(struct arena *arena, struct text path, int *out, struct error *err)
{
    char *name = text_string(arena, path);
    struct stat found;

    if (name == NULL)
        return arena_full(arena, err);
    OWN(own_fd) int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "%s", name);
    if (!S_ISREG(found.st_mode) || found.st_nlink != 1)
        return error_set(err, ERROR_INPUT, "%s: is not a file of its own", name);
    *out = fd_take(&fd);
    return true;
}

static bool give_up(const struct fetch_order *order, struct arena *arena, uint8_t *confined,
                    struct error *err)
{
    const char *paths[READABLE_COUNT + 2] = {NULL};
    struct confine_request request = {
        .network = true,
        .readable = paths,
        .file_size_max = order->size_limit > FETCH_MESSAGE_MAX ? order->size_limit : FETCH_MESSAGE_MAX,
    };

    memcpy(paths, readable, sizeof(readable));
    if (order->ca_file.size > 0 && (paths[READABLE_COUNT] = text_string(arena, order->ca_file)) == NULL)
        return arena_full(arena, err);
    return confine(&request, confined, err);
}

static bool fetch(struct arena *arena, struct fetch_answer *answer, struct error *err)
{
    OWN(own_fd) int part = -1;
    OWN(own_fd) int note = -1;
    struct fetch_order order = {0};

    if (!read_order(arena, &order, err) || !open_spool(arena, order.part, &part, err) ||
        !open_spool(arena, order.note, &note, err) || !transfer_begin(err) ||
        !give_up(&order, arena, &answer->confined, err))
        return false;
    return transfer_run(&order, &(struct transfer_files){part, note}, arena, answer, err);
}

static bool write_answer(const struct fetch_answer *answer)
{
    OWN(writer_end) struct writer w = writer_with(FETCH_MESSAGE_MAX);
    struct bytes raw;
    struct error err;

    fetch_answer_write(&w, answer);
    if (!writer_done(&w, &raw, &err))
        return false;
    while (raw.size > 0) {
        ssize_t put = write(STDOUT_FILENO, raw.at, raw.size);
        if (put < 0 && errno != EINTR)
            return false;
        raw.at += put > 0 ? put : 0;
        raw.size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_LIMIT);
    struct fetch_answer answer = {0};
    struct error err = {0};

    (void)argv;
    if (argc != 1 || isatty(STDIN_FILENO) == 1) {
        fprintf(stderr, "suture-fetch is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever descriptors came with us are not ours */
    if (!fetch(&arena, &answer, &err)) {
        answer.outcome = FETCH_FAILED;
        answer.kind = err.kind;
        answer.problem = text_of(err.text);
    }
    /* Not exit(): handlers of libraries may want calls that were given up. */
    _exit(write_answer(&answer) ? 0 : 1);
}
