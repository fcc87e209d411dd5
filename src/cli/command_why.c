#include "base/limits.h"
#include "base/own.h"
#include "cli/print_why.h"
#include "cli/scan_options.h"
#include "flow/why.h"

enum { WHY_FORMAT = SCAN_OPTION_COUNT };
enum { FORMAT_TEXT = 1, FORMAT_JSON };

static const struct command_option options[] = {
    SCAN_OPTIONS,
    [WHY_FORMAT] = {"format", OPTION_CHOICE, "text|json", "how to print it"},
    {0},
};

static bool print_from(const struct command_call *call, struct bytes json, struct writer *out,
                       enum why_found *found, struct error *err)
{
    struct text wanted = text_of(call->arguments[0]);
    OWN(json_end) struct json_document document = {0};

    if (!json_parse(json, LIMIT_SCAN_OUTPUT, &document, err))
        return error_at(err, "the kept scan");
    if (command_choice(call, WHY_FORMAT) == FORMAT_JSON)
        return print_why_json(json_root(&document), wanted, out, found, err);
    return print_why(json_root(&document), wanted, out, found, err);
}

static bool say_why_not(const struct command_call *call, const struct scan_request *request,
                        struct text wanted, struct writer *out, struct error *err)
{
    OWN(writer_end) struct writer said = writer_with(LIMIT_SCAN_OUTPUT);
    struct bytes bytes;

    if (command_choice(call, WHY_FORMAT) != FORMAT_JSON)
        return why_not(request, wanted, call->arena, out, err);
    if (!why_not(request, wanted, call->arena, &said, err) || !writer_done(&said, &bytes, err))
        return false;
    print_why_not_json(wanted, bytes, out);
    return true;
}

/* As it was stored; else from a scan that lists everything; else why there is nothing to list. */
static bool explain(const struct command_call *call, const struct scan_request *request, struct writer *out,
                    struct error *err)
{
    enum why_found found = WHY_NOTHING;
    struct text wanted;
    struct bytes json;
    bool kept;

    if (call->arguments[0][0] == '\0')
        return error_set(err, ERROR_INPUT, "why: ID|PACKAGE is empty");
    if (!text_from_bytes(bytes_of_text(text_of(call->arguments[0])), LIMIT_PACKAGE_NAME, &wanted, err))
        return error_at(err, "ID|PACKAGE");
    if (!why_kept(request, call->arena, &json, &kept, err) ||
        (kept && !print_from(call, json, out, &found, err)))
        return false;
    if (found == WHY_NOTHING &&
        (!why_fresh(request, call->arena, &json, err) || !print_from(call, json, out, &found, err)))
        return false;
    return found != WHY_NOTHING || say_why_not(call, request, wanted, out, err);
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
