#include "cli/plan_options.h"

#include "base/limits.h"

enum command_exit plan_options_request(const struct command_call *call, struct plan_request *out,
                                       struct error *err)
{
    bool named = call->argument_count > 0, security = command_given(call, PLAN_OPTION_SECURITY);
    bool all = command_given(call, PLAN_OPTION_ALL), due = command_given(call, PLAN_OPTION_DUE);
    struct text *names = ARENA_ARRAY(call->arena, struct text, call->argument_count);
    struct plan_request request = {0};

    if (command_text(call, SCAN_INVENTORY) != NULL)
        return command_wrong(err, "a plan needs a root: an inventory cannot be changed");
    if ((int)named + (int)security + (int)all + (int)due > 1)
        return command_wrong(err, "names, --due, --security and --all exclude each other");
    if (names == NULL) {
        (void)arena_full(call->arena, err);
        return COMMAND_FAILED;
    }
    for (size_t i = 0; i < call->argument_count; i++)
        if (!text_from_bytes(bytes_of_text(text_of(call->arguments[i])), LIMIT_PACKAGE_NAME, &names[i], err))
            return COMMAND_WRONG_USAGE;
    request.names = names;
    request.name_count = call->argument_count;
    request.scope = named ? PLAN_NAMED : security ? PLAN_SECURITY : all ? PLAN_ALL : PLAN_DUE;
    request.due_within_us = due ? command_us(call, PLAN_OPTION_DUE) : 0;
    if (!scan_options_request(call, &request.scan, err))
        return COMMAND_FAILED;
    *out = request;
    return COMMAND_DONE;
}
