#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/own.h"
#include "base/terminal.h"

enum {
    KEY_INTERRUPT = 3,
    KEY_END = 4,
    KEY_BACKSPACE = 8,
    KEY_CLEAR = 21,
    KEY_DELETE = 127,
};

/* A terminal that takes each key by itself. OWN(give_back), which gives it its settings back. */
struct keys {
    int fd;
    bool changed;
    struct termios before;
};

static void give_back(struct keys *keys)
{
    if (keys->changed)
        (void)tcsetattr(keys->fd, TCSAFLUSH, &keys->before);
    own_fd(&keys->fd);
}

static bool take(struct keys *out, struct error *err)
{
    struct termios now;

    out->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (out->fd < 0 || tcgetattr(out->fd, &out->before) != 0)
        return error_set(err, ERROR_ABSENT, "there is no terminal to ask on");
    now = out->before;
    /* Without signals: one that ended us here would leave the terminal mute. */
    now.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    if (tcsetattr(out->fd, TCSAFLUSH, &now) != 0)
        return error_system(err, "the terminal");
    out->changed = true;
    return true;
}

static void show(const struct keys *keys, const char *text)
{
    size_t size = strlen(text);

    while (size > 0) {
        ssize_t written = write(keys->fd, text, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* the answer counts, not its echo */
        text += written;
        size -= (size_t)written;
    }
}

/* The last character goes, all its bytes; true when there was one. */
static bool take_back(char *out, size_t *size)
{
    if (*size == 0)
        return false;
    do
        (*size)--;
    while (*size > 0 && ((unsigned char)out[*size] & 0xc0) == 0x80);
    return true;
}

enum step { STEP_ON, STEP_DONE, STEP_STOPPED, STEP_LONG };

static enum step add(const struct keys *keys, bool echo, char key, char *out, size_t size, size_t *used)
{
    char shown[2] = {key, 0};

    switch ((unsigned char)key) {
    case '\n':
    case '\r':
        return STEP_DONE;
    case KEY_INTERRUPT:
        return STEP_STOPPED;
    case KEY_END:
        return *used == 0 ? STEP_STOPPED : STEP_DONE;
    case KEY_BACKSPACE:
    case KEY_DELETE:
        if (take_back(out, used) && echo)
            show(keys, "\b \b");
        return STEP_ON;
    case KEY_CLEAR:
        while (take_back(out, used))
            if (echo)
                show(keys, "\b \b");
        return STEP_ON;
    default:
        if ((unsigned char)key < ' ')
            return STEP_ON; /* other control keys mean nothing here */
        if (*used + 1 >= size)
            return STEP_LONG;
        out[(*used)++] = key;
        if (echo)
            show(keys, shown);
        return STEP_ON;
    }
}

static bool read_line(const struct keys *keys, bool echo, char *out, size_t size, struct error *err)
{
    enum step step = STEP_ON;
    size_t used = 0;

    while (step == STEP_ON) {
        char key = 0;
        ssize_t got = read(keys->fd, &key, 1);
        if (got < 0 && errno == EINTR)
            continue;
        step = got == 1 ? add(keys, echo, key, out, size, &used) : STEP_STOPPED;
        explicit_bzero(&key, sizeof(key));
    }
    show(keys, "\r\n");
    if (step == STEP_STOPPED)
        return error_set(err, ERROR_CONFLICT, "stopped");
    if (step == STEP_LONG)
        return error_set(err, ERROR_LIMIT, "more than %zu bytes were typed", size - 1);
    out[used] = 0;
    return true;
}

static bool ask(const char *question, bool echo, char *out, size_t size, struct error *err)
{
    OWN(give_back) struct keys keys = {.fd = -1};

    if (!take(&keys, err))
        return false;
    show(&keys, question);
    bool read = read_line(&keys, echo, out, size, err);
    if (!read)
        explicit_bzero(out, size);
    return read;
}

bool terminal_ask_secret(const char *question, char *out, size_t size, struct error *err)
{
    return ask(question, false, out, size, err);
}

bool terminal_ask(const char *question, char *out, size_t size, struct error *err)
{
    return ask(question, true, out, size, err);
}
