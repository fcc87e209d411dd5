#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/terminal.h"

#define QUESTION_MAX 512

/* ---- a file ---- */

static bool open_closed(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "%s", path);
    if (S_ISREG(found.st_mode) && ((found.st_mode & 077) != 0 || found.st_uid != geteuid()))
        return error_set(err, ERROR_TRUST,
                         "%s: others may read it; a passphrase's file is its owner's alone (0600)", path);
    *out = fd_take(&fd);
    return true;
}

/* Up to the line's end, which is not part of it. */
static bool read_line(int fd, char *secret, size_t size, struct error *err)
{
    size_t used = 0;

    while (used < size) {
        ssize_t got = read(fd, secret + used, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "read");
        if (got == 0 || secret[used] == '\n') {
            secret[used] = 0;
            return true;
        }
        if (secret[used++] == 0)
            break;
    }
    return error_set(err, ERROR_LIMIT, "the first line is no passphrase: a NUL, or more than %zu bytes",
                     size - 1);
}

static bool from_file(const char *path, char *secret, size_t size, struct error *err)
{
    OWN(own_fd) int fd = -1;

    if (!open_closed(path, &fd, err))
        return false;
    if (read_line(fd, secret, size, err))
        return true;
    explicit_bzero(secret, size);
    return error_at(err, "%s", path);
}

/* ---- a person ---- */

static bool from_person(const char *what, bool again, char *secret, size_t size, struct error *err)
{
    char question[QUESTION_MAX];
    char second[SIGNER_SECRET_MAX] = {0};

    (void)snprintf(question, sizeof(question), "%s: ", what);
    if (!terminal_ask_secret(question, secret, size, err))
        return error_at(err, "%s", what);
    if (!again)
        return true;
    (void)snprintf(question, sizeof(question), "%s, again: ", what);
    bool same = terminal_ask_secret(question, second, sizeof(second), err) &&
                (strcmp(secret, second) == 0 ||
                 error_set(err, ERROR_INPUT, "the two are not the same; nothing was made"));
    explicit_bzero(second, sizeof(second));
    if (!same)
        explicit_bzero(secret, size);
    return same;
}

static bool ask(void *self, const char *what, bool again, char *secret, size_t size, struct error *err)
{
    const struct ask *where = self;

    return where->file != NULL ? from_file(where->file, secret, size, err)
                               : from_person(what, again, secret, size, err);
}

struct signer_asker ask_signer(struct ask *where)
{
    return (struct signer_asker){ask, where};
}
