/*
 * sutured-keeper: holds the fleet's keys, and answers the front (keeper.h). Started by sutured, with sutured's own options. Descriptor 0 is
 * the supervisor's socket, 3 the front's; it ends when the front does.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/helper.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/os.h"
#include "base/own.h"
#include "server/first_start.h"
#include "server/keeper.h"
#include "server/options.h"

#define FRONT 3

/* GnuTLS is loaded by then; what it still reads is how it was configured. */
static const char *const readable[] = {"/etc/gnutls",  "/usr/lib",         "/lib",
                                       "/dev/urandom", "/proc/sys/crypto", NULL};

static bool open_keeper(const struct server_options *options, struct arena *arena, struct keeper *out,
                        const char **keys, struct error *err)
{
    struct server_settings settings;
    struct server_paths paths;
    struct bytes pem = {0}, der;

    if (!os_leave_no_core(err) || !options_settings(options, arena, &settings, err) ||
        !server_paths_of(&settings, arena, &paths, err) ||
        !file_read(paths.authority, CERTIFICATE_PEM_MAX, arena, &pem, err) ||
        !certificate_from_pem(pem, arena, &der, err))
        return false;
    *keys = paths.keys;
    return keeper_open(paths.keys, der, arena, out, err);
}

static bool give_up(const char *keys, struct error *err)
{
    const char *const writable[] = {keys, NULL};
    const struct confine_request request = {.service = true, .readable = readable, .writable = writable};
    uint8_t held;

    return confine(&request, &held, err);
}

/* True: the front has ended. */
static bool answer_one(struct keeper *keeper, bool *ended, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(2 * KEEPER_MESSAGE_MAX);
    OWN(writer_end) struct writer answer = writer_with(KEEPER_MESSAGE_MAX);
    struct bytes question = {0};

    if (!frame_receive(FRONT, KEEPER_MESSAGE_MAX, &arena, &question, err)) {
        *ended = err->kind == ERROR_ABSENT;
        return *ended;
    }
    keeper_answer(keeper, question, time_now_us(), &answer);
    return frame_send(FRONT, writer_bytes(&answer), err);
}

static bool run(const struct server_options *options, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(keeper_close) struct keeper keeper = {.authority = {NULL}};
    const char *keys;
    bool ended = false;

    if (!open_keeper(options, &arena, &keeper, &keys, err) || !give_up(keys, err))
        return false;
    while (!ended)
        if (!answer_one(&keeper, &ended, err))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct server_options options = {.config = NULL};
    struct error err;

    if (isatty(STDIN_FILENO) == 1 || !options_parse(argc, (const char *const *)argv, &options, &err)) {
        fprintf(stderr, "sutured-keeper is started by sutured: it has no use by hand\n");
        return 2;
    }
    if (!run(&options, &err)) {
        log_line(LOG_ERROR, "keeper", "%s", err.text);
        return 1;
    }
    return 0;
}
