/*
 * suture-link: the agent's calls to its server, and nothing else.
 *
 *     suture-link CA IDENTITY      paths of PEM files; "-": none
 *
 * It gives up everything but the network and reading those two files (base/confine.h), then reads orders (wire/link_message.h) from the
 * socket that is its standard input and answers each, until that ends. It is started by the agent, not by hand.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/helper.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/link_call.h"
#include "wire/network_files.h"

#define CALL_MEMORY (LINK_MESSAGE_MAX + 4 * LINK_ANSWER_MAX)

static const char *path_of(const char *argument)
{
    return strcmp(argument, "-") == 0 ? NULL : argument;
}

/* Root's right to read is kept for what lies in its own folder; Landlock bounds it to what is named here. */
static bool give_up(const struct link_session *session, uint8_t *confined, struct error *err)
{
    const char *paths[NETWORK_FILES_COUNT + 3] = {NULL};
    size_t count = NETWORK_FILES_COUNT;
    const struct confine_request request = {
        .network = true,
        .readable = paths,
        .read_everything = session->ca != NULL || session->identity != NULL,
        .file_size_max = LINK_MESSAGE_MAX,
    };

    memcpy(paths, network_files, sizeof(network_files));
    if (session->ca != NULL)
        paths[count++] = session->ca;
    if (session->identity != NULL)
        paths[count++] = session->identity;
    return confine(&request, confined, err);
}

static bool answer_with(const struct link_answer *answer, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LINK_MESSAGE_MAX);
    struct bytes raw;

    link_answer_write(&w, answer);
    return writer_done(&w, &raw, err) && frame_send(STDIN_FILENO, raw, err);
}

/* False: the other side has ended, or is no longer to be talked to. */
static bool answer_next(struct link_session *session, uint8_t confined, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(CALL_MEMORY);
    struct link_answer answer = {0};
    struct error problem = {0};
    struct link_order order;
    struct bytes raw;

    if (!frame_receive(STDIN_FILENO, LINK_MESSAGE_MAX, &arena, &raw, err) ||
        !link_order_parse(raw, &order, err))
        return false;
    if (!link_call(session, &order, &arena, &answer, &problem))
        answer = (struct link_answer){.kind = (uint8_t)problem.kind, .problem = text_of(problem.text)};
    answer.confined = confined;
    return answer_with(&answer, err);
}

int main(int argc, char **argv)
{
    struct link_session session = {0};
    struct error err = {0};
    uint8_t confined = 0;

    if (argc != 3 || isatty(STDIN_FILENO) == 1) {
        fprintf(stderr, "suture-link is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever descriptors came with us are not ours */
    session.ca = path_of(argv[1]);
    session.identity = path_of(argv[2]);
    bool going = link_session_begin(&session, &err) && give_up(&session, &confined, &err);
    if (!going)
        fprintf(stderr, "suture-link: %s\n", err.text);
    while (going)
        going = answer_next(&session, confined, &err);
    /* Not exit(): handlers of libraries may want calls that were given up. */
    _exit(err.kind == ERROR_ABSENT ? 0 : 1);
}
