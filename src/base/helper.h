/*
 * Helpers: one of our own programs that is talked to for longer than one message.
 *
 * helper_start runs it in a session of its own, with a socket as its standard input and nothing else of ours but
 * standard error: what a terminal does to us does not reach it, and it learns of our end by the end of the socket, when
 * it has time to. Unlike a child (base/child.h) it may gain privileges and is never killed.
 *
 * A message is a frame: u32 size, little-endian, and that many bytes.
 */
#ifndef BASE_HELPER_H
#define BASE_HELPER_H

#include "base/bytes.h"

struct helper {
    int pid; /* 0: none */
    int fd;
};
#define HELPER_NONE ((struct helper){0, -1})

/* argv[0] is an absolute path; ends in NULL. environment ends in NULL. ERROR_ABSENT: no such program. */
bool helper_start(const char *const *argv, const char *const *environment, struct helper *out,
                  struct error *err) MUST_USE;
/* Closes the socket and waits until it has ended, which a helper does when what it does just then is done. OWN. */
void helper_end(struct helper *helper);

/* ERROR_CONFLICT: the other side is gone. */
bool frame_send(int fd, struct bytes message, struct error *err) MUST_USE;
/* Waits for a message, however long. ERROR_ABSENT: the other side has ended. ERROR_LIMIT: a larger one is announced. */
bool frame_receive(int fd, size_t limit, struct arena *arena, struct bytes *out, struct error *err) MUST_USE;

#endif
