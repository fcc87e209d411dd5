#include "cli/scan_options.h"

#include "store/state.h"

bool scan_options_request(const struct command_call *call, struct scan_request *out, struct error *err)
{
    int64_t now_us = command_us(call, SCAN_NOW);
    const char *root = command_text(call, SCAN_ROOT), *level = command_text(call, SCAN_LEVEL);
    struct scan_request request = {
        .root = root != NULL ? root : "/",
        .inventory = command_text(call, SCAN_INVENTORY),
        .index = command_text(call, SCAN_INDEX),
        .policy = command_text(call, SCAN_POLICY),
        .now_us = now_us != TIME_ABSENT ? now_us : time_now_us(),
        .now_given = now_us != TIME_ABSENT,
        .level = level != NULL ? level_find(text_of(level)) : LEVEL_UNKNOWN,
    };

    /* A user without a home has no state: the scan says which data is absent then. */
    if (!state_folder(call->arena, &request.state, err) && err->kind != ERROR_ABSENT)
        return false;
    *out = request;
    return true;
}
