#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 character at s, or 0 when it is none; s is NUL-terminated. Only the form is looked at: enough for a terminal. */
static size_t character_size(const unsigned char *s)
{
    size_t size = *s < 0x80                 ? 1
                  : *s >= 0xc2 && *s < 0xe0 ? 2
                  : *s >= 0xe0 && *s < 0xf0 ? 3
                  : *s >= 0xf0 && *s < 0xf5 ? 4
                                            : 0;

    for (size_t i = 1; i < size; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

/* C1 control characters (U+0080 to U+009F) steer terminals as well as those below 0x20. */
static bool is_control(const unsigned char *s, size_t size)
{
    return (size == 1 && (*s < 0x20 || *s == 0x7f)) || (size == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

static void make_printable(char *text)
{
    unsigned char *s = (unsigned char *)text;

    while (*s != 0) {
        size_t size = character_size(s);
        if (size == 0 || is_control(s, size)) {
            memset(s, '?', size ? size : 1);
            size = size ? size : 1;
        }
        s += size;
    }
}

PRINTF_LIKE(3, 0)
static void set_kind_and_text(struct error *err, enum error_kind kind, const char *format, va_list arguments)
{
    char text[sizeof(err->text)]; /* err->text itself may be among the arguments */

    (void)vsnprintf(text, sizeof(text), format, arguments);
    make_printable(text);
    memcpy(err->text, text, sizeof(text));
    err->kind = kind;
}

bool(error_set)(struct error *err, enum error_kind kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_kind_and_text(err, kind, format, arguments);
    va_end(arguments);
    return false;
}

static enum error_kind kind_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return ERROR_ABSENT;
    case ENOMEM:
    case EFBIG:
    case ENAMETOOLONG:
        return ERROR_LIMIT;
    default:
        return ERROR_SYSTEM;
    }
}

bool(error_system)(struct error *err, const char *format, ...)
{
    int number = errno;
    char what[96];
    va_list arguments;

    va_start(arguments, format);
    set_kind_and_text(err, kind_of_errno(number), format, arguments);
    va_end(arguments);
    const char *said = strerror_r(number, what, sizeof(what));
    size_t size = strlen(err->text), size_max = sizeof(err->text) - strlen(said) - sizeof(": ");
    if (size > size_max) /* a long path gives way to the cause, at a character's end */
        for (size = size_max; size > 0 && ((unsigned char)err->text[size] & 0xc0) == 0x80;)
            size--;
    (void)snprintf(err->text + size, sizeof(err->text) - size, ": %s", said);
    return false;
}

bool(error_at)(struct error *err, const char *format, ...)
{
    char where[sizeof(err->text)];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(where, sizeof(where), format, arguments);
    va_end(arguments);
    make_printable(where);

    size_t where_size = strlen(where), text_size = strlen(err->text);
    if (where_size + 2 + text_size >= sizeof(err->text))
        return false; /* the cause is worth more than the place */
    memmove(err->text + where_size + 2, err->text, text_size + 1);
    memcpy(err->text, where, where_size);
    memcpy(err->text + where_size, ": ", 2);
    return false;
}

const char *error_kind_name(enum error_kind kind)
{
    static const char *const names[ERROR_COUNT] = {
        [ERROR_NONE] = "none",     [ERROR_INPUT] = "input",   [ERROR_LIMIT] = "limit",
        [ERROR_TRUST] = "trust",   [ERROR_ABSENT] = "absent", [ERROR_CONFLICT] = "conflict",
        [ERROR_SYSTEM] = "system",
    };
    return (unsigned)kind < ERROR_COUNT ? names[kind] : "unknown";
}
