/*
 * OWN: a variable that releases what it holds when its scope ends.
 *
 *     OWN(own_fd) int fd = -1;
 *     OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
 *     host->socket = fd_take(&fd);              handed on: fd is -1 again
 *
 * The releasing function takes a pointer to the variable and accepts the empty value. A variable marked OWN never
 * holds something borrowed.
 */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#define OWN(release) __attribute__((cleanup(release)))

/* Closes *fd unless it is -1, and makes it -1. */
void own_fd(int *fd);

/* Gives the descriptor to the caller; *fd is -1 afterwards. */
int fd_take(int *fd);

/* free(*pointer) for a variable of any pointer type; makes it NULL. */
void own_memory(void *pointer_to_pointer);

#endif
