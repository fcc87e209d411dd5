/*
 * suture-fetch: the one process of Suture that talks to the network, and does nothing else.
 *
 * It reads orders (wire/fetch_message.h) from standard input, opens the two files that each names, gives up everything
 * else (base/confine.h), transfers, and writes an answer for each to standard output. It is started by suture, not
 * by hand. Exit status: 0 an answer was written, 1 not even that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/network_files.h"
#include "wire/transfer.h"

#define ARENA_LIMIT (4 * MIB) /* messages and a few header values for each request */
#define INPUT_MAX   (FETCH_ORDERS_MAX * (FETCH_MESSAGE_MAX + sizeof(uint32_t)))
#define FRUITLESS_MAX                                                                                        \
    3 /* each waits for a connection: 64 of them would take 20 minutes to tell what three do */

/* All orders of one process. */
struct batch {
    struct transfer_order *orders;
    size_t count;
    unsigned fruitless; /* failures of the network behind each other, without a byte */
};

static bool read_all(struct arena *arena, struct bytes *out, struct error *err)
{
    size_t have = 0, capacity = 0;
    uint8_t *raw = NULL;
    ssize_t got = 1;

    while (got != 0) {
        if (have > INPUT_MAX)
            return error_set(err, ERROR_LIMIT, "more than %d orders", FETCH_ORDERS_MAX);
        raw = arena_grow(arena, raw, have, &capacity, have + FETCH_MESSAGE_MAX, 1);
        if (raw == NULL)
            return arena_full(arena, err);
        got = read(STDIN_FILENO, raw + have, capacity - have);
        if (got < 0 && errno != EINTR)
            return error_system(err, "order");
        have += got > 0 ? (size_t)got : 0;
    }
    *out = (struct bytes){raw, have};
    return true;
}

static bool read_orders(struct arena *arena, struct batch *batch, struct error *err)
{
    struct bytes left, frame;
    size_t taken = 0;
    bool found;

    batch->orders = ARENA_ARRAY(arena, struct transfer_order, FETCH_ORDERS_MAX);
    if (batch->orders == NULL)
        return arena_full(arena, err);
    if (!read_all(arena, &left, err))
        return false;
    for (; left.size > 0; left.at += taken, left.size -= taken) {
        if (batch->count == FETCH_ORDERS_MAX)
            return error_set(err, ERROR_LIMIT, "more than %d orders", FETCH_ORDERS_MAX);
        if (!fetch_frame_next(left, &frame, &taken, &found, err))
            return false;
        if (!found)
            return error_set(err, ERROR_INPUT, "order: ends in the middle");
        if (!fetch_order_parse(frame, &batch->orders[batch->count++].order, err))
            return false;
    }
    return batch->count > 0 || error_set(err, ERROR_INPUT, "no order");
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

static bool open_spools(struct arena *arena, struct batch *batch, struct error *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct transfer_order *one = &batch->orders[i];
        if (!open_spool(arena, one->order.part, &one->files.part, err) ||
            !open_spool(arena, one->order.note, &one->files.note, err))
            return false;
    }
    return true;
}

static bool give_up(const struct batch *batch, struct arena *arena, uint8_t *confined, struct error *err)
{
    const char *paths[NETWORK_FILES_COUNT + 2] = {NULL};
    const struct fetch_order *first = &batch->orders[0].order;
    struct confine_request request = {
        .network = true,
        .readable = paths,
        .more_files = (unsigned)(2 * batch->count),
        .file_size_max = FETCH_MESSAGE_MAX,
    };

    for (size_t i = 0; i < batch->count; i++)
        if (batch->orders[i].order.size_limit > request.file_size_max)
            request.file_size_max = batch->orders[i].order.size_limit;
    if (!control_holds(CONTROL_FETCH_FILE_SIZE))
        request.file_size_max = LIMIT_FETCH_SIZE;
    memcpy(paths, network_files, sizeof(network_files));
    if (first->ca_file.size > 0 && (paths[NETWORK_FILES_COUNT] = text_string(arena, first->ca_file)) == NULL)
        return arena_full(arena, err);
    return confine(&request, confined, err);
}

/* ---- answers ---- */

static bool write_frame(struct writer *w)
{
    struct bytes raw;
    struct error err;

    if (!writer_done(w, &raw, &err))
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

static bool write_answer(struct fetch_answer *answer, const struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(FETCH_MESSAGE_MAX + sizeof(uint32_t));

    if (err != NULL) {
        answer->outcome = FETCH_FAILED;
        answer->kind = err->kind;
        answer->problem = text_of(err->text);
    }
    size_t place = fetch_frame_begin(&w);
    fetch_answer_write(&w, answer);
    fetch_frame_end(&w, place);
    return write_frame(&w);
}

static void write_progress(uint64_t have)
{
    OWN(writer_end) struct writer w = writer_with(64);
    size_t place = fetch_frame_begin(&w);

    fetch_progress_write(&w, have);
    fetch_frame_end(&w, place);
    (void)!write_frame(&w); /* a pipe that is gone ends us at the next answer */
}

static bool fetch_one(struct transfer_session *session, struct batch *batch, size_t index,
                      const struct fetch_answer *plain)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_LIMIT);
    struct fetch_answer answer = *plain;
    struct error err = {0};
    bool done = false;

    if (batch->fruitless >= FRUITLESS_MAX)
        (void)error_set(&err, ERROR_SYSTEM, "not tried: the network failed %d times before it",
                        FRUITLESS_MAX);
    else
        done = transfer_run(session, &batch->orders[index], &arena, &answer, &err);
    batch->fruitless = done || answer.status != 0 ? 0 : batch->fruitless + 1;
    return write_answer(&answer, done ? NULL : &err); /* a try that broke off left its error behind */
}

static bool fetch(struct arena *arena, struct batch *batch, struct transfer_session *session,
                  struct fetch_answer *plain, struct error *err)
{
    if (!read_orders(arena, batch, err) || !open_spools(arena, batch, err) || !transfer_begin(session, err) ||
        !give_up(batch, arena, &plain->confined, err))
        return false;
    session->rate_max = batch->orders[0].order.rate_max;
    session->progress = write_progress;
    return true;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_LIMIT + 2 * INPUT_MAX);
    struct transfer_session session = {0};
    struct fetch_answer plain = {0};
    struct batch batch = {0};
    struct error err = {0};
    bool written = true;

    (void)argv;
    if (argc != 1 || isatty(STDIN_FILENO) == 1) {
        fprintf(stderr, "suture-fetch is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever descriptors came with us are not ours */
    bool ready = fetch(&arena, &batch, &session, &plain, &err);
    /* What stands in the way of all is the answer to each. */
    for (size_t i = 0; written && i < (batch.count > 0 ? batch.count : 1); i++)
        written =
            ready ? fetch_one(&session, &batch, i, &plain) : write_answer(&(struct fetch_answer){0}, &err);
    /* Not exit(): handlers of libraries may want calls that were given up. */
    _exit(written ? 0 : 1);
}
