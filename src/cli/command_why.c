#include "base/limits.h"
#include "base/own.h"
#include "cli/print_why.h"
#include "cli/scan_options.h"
#include "flow/why.h"

static const struct command_option options[] = {SCAN_OPTIONS, {0}};

static bool explain(const struct command_call *call, const struct scan_request *request, struct writer *out,
                    struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct why_request why = {.arena = call->arena};
    enum why_found found;
    struct bytes json;

    if (!text_from_bytes(bytes_of_text(text_of(call->arguments[0])), LIMIT_PACKAGE_NAME, &why.wanted, err))
        return error_at(err, "ID|PACKAGE");
    if (!why_json(request, call->arena, &json, err) || !json_parse(json, LIMIT_SCAN_OUTPUT, &document, err))
        return false;
    why.scan = json_root(&document);
    return print_why(&why, out, &found, err) &&
           (found != WHY_NOTHING || why_not(request, why.wanted, call->arena, out, err));
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_SCAN_OUTPUT);
    struct scan_request request;
    struct bytes bytes;

    if (!scan_options_request(call, &request, err) || !explain(call, &request, &out, err) ||
        !writer_done(&out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out);
    return COMMAND_DONE;
}

const struct command command_why = {
    .name = "why",
    .arguments = "ID|PACKAGE",
    .help = "the whole reason of one decision, or why there is none",
    .more = "ID is a vulnerability (CVE-2026-1234), PACKAGE a source or binary package.\n"
            "Without options the last scan of this machine is explained, as it was stored;\n"
            "with one of them a scan is made for it.",
    .options = options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
