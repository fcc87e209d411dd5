#include "cli/command.h"

#include <stdarg.h>

bool command_given(const struct command_call *call, size_t option)
{
    return call->values[option].text != NULL;
}

const char *command_text(const struct command_call *call, size_t option)
{
    return call->values[option].text;
}

unsigned command_choice(const struct command_call *call, size_t option)
{
    return call->values[option].choice;
}

int64_t command_us(const struct command_call *call, size_t option)
{
    return command_given(call, option) ? call->values[option].us : TIME_ABSENT;
}

enum command_exit command_wrong(struct error *err, const char *format, ...)
{
    char text[sizeof(err->text)];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)error_set(err, ERROR_INPUT, "%s", text);
    return COMMAND_WRONG_USAGE;
}
