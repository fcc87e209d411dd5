#include "base/own.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void own_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* only reads are closed here: writers close by hand and look at the answer */
    *fd = -1;
}

int fd_take(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

void own_memory(void *pointer_to_pointer)
{
    void *memory;

    /* Copied, not cast: a char ** is not a void ** to the compiler's aliasing rules. */
    memcpy(&memory, pointer_to_pointer, sizeof(memory));
    free(memory);
    memory = NULL;
    memcpy(pointer_to_pointer, &memory, sizeof(memory));
}
