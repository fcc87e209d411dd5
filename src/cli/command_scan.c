#include "base/limits.h"
#include "base/own.h"
#include "cli/print_scan.h"
#include "cli/scan_options.h"

enum {
    OPTION_DUE = SCAN_OPTION_COUNT,
    OPTION_UNFIXED,
    OPTION_ALL,
    OPTION_FORMAT,
    OPTION_FAIL_ON,
    OPTION_REQUIRE_DATA,
    OPTION_OFFLINE,
};

static const struct command_option options[] = {
    SCAN_OPTIONS,
    [OPTION_DUE] = {"due", OPTION_DURATION, "7d", "list all that is due within this time"},
    [OPTION_UNFIXED] = {"unfixed", OPTION_SWITCH, NULL, "list the holes that have no fix"},
    [OPTION_ALL] = {"all", OPTION_SWITCH, NULL, "list everything, not only what is due"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json|sarif", "how to print it"},
    [OPTION_FAIL_ON] = {"fail-on", OPTION_CHOICE, "late|now|any",
                        "exit 3 when something is late, is to be done now, or is open"},
    [OPTION_REQUIRE_DATA] = {"require-data", OPTION_SWITCH, NULL, "exit 4 when data is absent or stale"},
    [OPTION_OFFLINE] = {"offline", OPTION_SWITCH, NULL, "use no network; a scan never does"},
    {0},
};

enum { FAIL_ON_NEVER, FAIL_ON_LATE, FAIL_ON_NOW, FAIL_ON_ANY };

/* What --all adds to the list is not open: an exit status does not depend on how much is printed. */
static bool is_open(const struct finding *finding)
{
    return (finding->state == FINDING_OPEN || finding->state == FINDING_RESTART_NEEDED) &&
           finding->class_of != CLASS_SUPPRESSED && finding->class_of != CLASS_NOT_EXECUTABLE;
}

static bool is_met(const struct scan *scan, unsigned fail_on)
{
    for (size_t i = 0; i < scan->match.finding_count; i++) {
        const struct decision *decision = &scan->decisions[i];
        bool open = is_open(&scan->match.findings[i]);
        if (open && (fail_on == FAIL_ON_ANY || decision->late ||
                     (fail_on == FAIL_ON_NOW && decision->action >= ACTION_MITIGATE)))
            return true;
    }
    for (size_t i = 0; i < scan->match.update_count; i++) {
        const struct update_decision *decision = &scan->update_decisions[i];
        bool open = scan->match.updates[i].kind != UPDATE_FUNCTIONAL;
        if (open && (fail_on == FAIL_ON_ANY || decision->late ||
                     (fail_on == FAIL_ON_NOW && decision->action >= ACTION_MITIGATE)))
            return true;
    }
    return false;
}

static enum command_exit exit_of(const struct command_call *call, const struct scan *scan, struct error *err)
{
    unsigned fail_on = command_choice(call, OPTION_FAIL_ON);
    bool data_asked = fail_on != FAIL_ON_NEVER || command_given(call, OPTION_REQUIRE_DATA);

    if (!scan->judged) {
        (void)error_set(err, ERROR_ABSENT,
                        "there is nothing to judge %s with; suture feed update --release %s fetches data",
                        scan->host->release.name, scan->host->release.name);
        return COMMAND_NO_DATA;
    }
    if (data_asked && !scan->complete) {
        (void)error_set(err, ERROR_ABSENT, "some data is absent or stale; suture feed list shows which");
        return COMMAND_NO_DATA;
    }
    return fail_on != FAIL_ON_NEVER && is_met(scan, fail_on) ? COMMAND_FAIL_ON : COMMAND_DONE;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_SCAN_OUTPUT);
    struct scan_request request;
    const char *format_name = command_text(call, OPTION_FORMAT);
    const struct print_format *format =
        print_format_find(text_of(format_name != NULL ? format_name : "table"));
    struct screen screen = screen_for_output(&out);
    struct print_options print = {
        .all = command_given(call, OPTION_ALL),
        .unfixed = command_given(call, OPTION_UNFIXED) || command_given(call, OPTION_ALL),
        .due_within_us = command_given(call, OPTION_DUE) ? command_us(call, OPTION_DUE) : 0,
    };
    const struct scan *scan;
    struct bytes bytes;
    int64_t started_us = time_now_us();

    if (!scan_options_request(call, &request, err))
        return COMMAND_FAILED;
    request.all = print.all;
    if (!scan_run(&request, call->arena, &scan, err))
        return COMMAND_FAILED;
    print.took_us = request.now_given ? 0 : time_now_us() - started_us;
    format->print(scan, &print, call->arena, &screen);
    if (!writer_done(&out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out); /* the roof looks at whether it was written */
    return exit_of(call, scan, err);
}

const struct command command_scan = {
    .name = "scan",
    .help = "what is installed, what is missing, what matters, by when, and why",
    .more = "Changes nothing and sends nothing; needs no root and no server. With --root,\n"
            "--inventory or --now nothing is remembered either. Exit status: 0 done,\n"
            "3 --fail-on was met, 4 nothing could be judged or data was absent or stale\n"
            "where --require-data (implied by --fail-on) asks for it.",
    .options = options,
    .run = run,
};
