#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"

static enum log_level shown = LOG_WARNING;

void log_set_level(enum log_level level)
{
    shown = level;
}

void log_line(enum log_level level, const char *module, const char *format, ...)
{
    static const char *const names[LOG_LEVEL_COUNT] = {"unknown", "error", "warning", "info", "debug"};
    struct error said; /* its text is made printable when it is set */
    char line[sizeof(said.text)];
    va_list arguments;

    if (level > shown)
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    (void)error_set(&said, ERROR_NONE, "%s", line);
    struct civil now = time_civil(time_now_us());
    fprintf(stderr, "%04d-%02d-%02dT%02d:%02d:%02dZ %s %s: %s\n", now.year, now.month, now.day, now.hour,
            now.minute, now.second, names[level], module, said.text);
}
