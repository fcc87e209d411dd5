/*
 * suture host list, show, accept, revoke: the machines of the fleet, as its server knows them.
 */
#include "base/limits.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/server_rows.h"

/* ---- list ---- */

enum { LIST_NAME, LIST_STATE, LIST_OS, LIST_RELEASE, LIST_CLASS, LIST_LIMIT, LIST_FORMAT };
static const struct command_option list_options[] = {
    [LIST_NAME] = {"name", OPTION_TEXT, "PART", "hosts with this in their name"},
    [LIST_STATE] = {"state", OPTION_CHOICE, "ok|stale|never|held|revoked|removed", "only these"},
    [LIST_OS] = {"os", OPTION_TEXT, "NAME", "\"debian\""},
    [LIST_RELEASE] = {"release", OPTION_TEXT, "NAME", "\"bookworm\""},
    [LIST_CLASS] = {"class", OPTION_TEXT, "NAME", "a class of the fleet's policy"},
    [LIST_LIMIT] = SERVER_OPTION_LIMIT,
    [LIST_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};
enum { FORMAT_JSON = 2 };

static const struct server_column list_columns[] = {
    {{"HOST", 8, 32, false}, "name", SERVER_TEXT},   {{"STATE", 5, 8, false}, "state", SERVER_TEXT},
    {{"SEEN", 4, 8, true}, "seen", SERVER_AGE},      {{"LATE", 4, 6, true}, "late", SERVER_NUMBER},
    {{"DUE", 3, 6, true}, "due", SERVER_NUMBER},     {{"RELEASE", 0, 16, false}, "release", SERVER_TEXT},
    {{"CLASS", 0, 16, false}, "class", SERVER_TEXT}, {{"ID", 32, 32, false}, "id", SERVER_TEXT},
};

static enum screen_colour colour_of(struct json row)
{
    struct text state = {0};
    struct error ignored;

    if (!json_get_text(row, "state", false, 32, &state, &ignored))
        return COLOUR_PLAIN;
    if (text_equal(state, TEXT("held")))
        return COLOUR_BAD;
    return text_equal(state, TEXT("ok")) ? COLOUR_PLAIN : COLOUR_DIM;
}

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    static const struct server_table table = {
        list_columns,
        sizeof(list_columns) / sizeof(*list_columns),
        colour_of,
        "No such hosts.",
    };
    static const struct {
        size_t option;
        const char *name;
    } filters[] = {{LIST_NAME, "name"},
                   {LIST_STATE, "state"},
                   {LIST_OS, "os"},
                   {LIST_RELEASE, "release"},
                   {LIST_CLASS, "class"}};
    struct server_listing listing = {
        .list = {.path = "/api/1/hosts", .member = "hosts", .after = "after"},
        .table = &table,
        .as_json = command_choice(call, LIST_FORMAT) == FORMAT_JSON,
    };

    if (!server_limit(call, LIST_LIMIT, &listing.limit, err))
        return COMMAND_WRONG_USAGE;
    for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++)
        listing.list.path = server_path_with(call->arena, listing.list.path, filters[i].name,
                                             command_text(call, filters[i].option));
    return server_list_run(call, &listing, err);
}

const struct command command_host_list = {
    .name = "host list",
    .help = "the hosts of the fleet, whose state is unknown or old among them",
    .more = "States: ok; stale, not seen for three days; never, enrolled and not seen yet; held, looks\n"
            "like a clone and is in the safe lane (suture host accept); revoked; removed.",
    .options = list_options,
    .run = run_list,
};

/* ---- one ---- */

static const struct server_label labels[] = {
    {"host", "name", SERVER_TEXT},
    {"id", "id", SERVER_TEXT},
    {"state", "state", SERVER_TEXT},
    {"seen", "seen", SERVER_TIME},
    {"os", "os", SERVER_TEXT},
    {"release", "release", SERVER_TEXT},
    {"arch", "arch", SERVER_TEXT},
    {"kernel", "kernel", SERVER_TEXT},
    {"class", "class", SERVER_TEXT},
    {"late", "late", SERVER_NUMBER},
    {"due", "due", SERVER_NUMBER},
    {"open", "open", SERVER_NUMBER},
    {"unknown", "unknown", SERVER_NUMBER},
    {"scanned", "scanned", SERVER_TIME},
    {"agent", "agent", SERVER_TEXT},
    {"enrolled", "enrolled", SERVER_TIME},
    {"certificate", "certificate_ends", SERVER_TIME},
    {"advisories", "advisories", SERVER_TEXT},
    {"plan", "plan", SERVER_TEXT},
    {NULL, NULL, SERVER_TEXT},
};

static bool is_id(const char *word)
{
    uint8_t id[16];
    struct error no_id;

    return text_to_hex(text_of(word), id, sizeof(id), &no_id);
}

/* A host may be named by its id, or by a name that only one has. */
static bool find_host(struct server_call *server, const char *word, const char **id, struct error *err)
{
    OWN(server_rows_end) struct server_rows rows = {0};
    struct server_list list = {.path = server_path_with(server->arena, "/api/1/hosts", "name", word),
                               .member = "hosts",
                               .after = "after"};
    const char *found = NULL;

    if (is_id(word)) {
        *id = word;
        return true;
    }
    if (!server_rows_read(server, &list, 2 * SERVER_LIMIT, &rows, err))
        return false;
    for (size_t i = 0; i < rows.count; i++) {
        struct text name = {0}, its = {0};
        if (!json_get_text(rows.at[i], "name", false, 256, &name, err) ||
            !json_get_text(rows.at[i], "id", true, 64, &its, err))
            return error_at(err, "answer");
        if (!text_equal(name, text_of(word)))
            continue;
        if (found != NULL)
            return error_set(err, ERROR_CONFLICT,
                             "more than one host is called \"%s\": give the id (suture host list)", word);
        found = text_string(server->arena, its);
        if (found == NULL)
            return arena_full(server->arena, err);
    }
    if (found == NULL)
        return error_set(err, ERROR_ABSENT, "there is no host \"%s\": suture host list", word);
    *id = found;
    return true;
}

static bool print_host(const struct command_call *call, struct json host, bool as_json, struct error *err)
{
    return as_json ? server_print_json(call, host, err) : server_print_labels(call, host, labels, err);
}

enum { SHOW_FORMAT };
static const struct command_option show_options[] = {[SHOW_FORMAT] = SERVER_OPTION_FORMAT, {0}};

static const struct server_column finding_columns[] = {
    {{"FIX", 20, 60, false}, "fix", SERVER_TEXT},
    {{"OPEN SINCE", 16, 24, false}, "opened", SERVER_TIME},
};

static bool print_findings(const struct command_call *call, struct server_call *server, const char *id,
                           struct error *err)
{
    static const struct server_table table = {finding_columns, 2, NULL, "No finding is open."};
    OWN(server_rows_end) struct server_rows rows = {0};
    const char *parts[] = {"hosts", id, "findings", NULL};
    struct server_list list = {server_path(call->arena, parts), "findings", "after"};

    return server_rows_read(server, &list, SERVER_LIMIT, &rows, err) &&
           server_rows_print(call, &rows, &table, false, err);
}

static enum command_exit run_show(const struct command_call *call, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(json_end) struct json_document document = {0};
    bool as_json = command_choice(call, SHOW_FORMAT) == FORMAT_JSON;
    const char *id;

    if (!server_call_open(call->arena, &server, err) || !find_host(&server, call->arguments[0], &id, err))
        return COMMAND_FAILED;
    const char *parts[] = {"hosts", id, NULL};
    const struct server_question question = {.method = LINK_GET, .path = server_path(call->arena, parts)};
    if (!server_call_json(&server, &question, &document, err) ||
        !print_host(call, json_root(&document), as_json, err) ||
        (!as_json && !print_findings(call, &server, id, err)))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

const struct command command_host_show = {
    .name = "host show",
    .arguments = "HOST",
    .help = "what the server knows of one host, by its name or id",
    .options = show_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_show,
};

/* ---- accept, revoke ---- */

enum { CHANGE_REASON, CHANGE_FORMAT };
static const struct command_option change_options[] = {
    [CHANGE_REASON] = {"reason", OPTION_TEXT, "TEXT", "why; it is asked for, and stands in the audit log"},
    [CHANGE_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};

static bool write_reason(struct writer *w, const char *reason, struct bytes *out, struct error *err)
{
    struct json_writer j = json_writer_with(w, false);
    struct text text;

    if (!text_from_bytes(bytes_of_text(text_of(reason)), LIMIT_ORDER_TEXT, &text, err))
        return error_at(err, "--reason");
    json_open_object(&j);
    json_name(&j, "reason");
    json_put_text(&j, text);
    json_close_object(&j);
    return writer_done(w, out, err);
}

static enum command_exit change(const struct command_call *call, const char *deed, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(json_end) struct json_document document = {0};
    OWN(writer_end) struct writer body = writer_with(4 * KIB);
    struct server_question question = {.method = LINK_POST};
    const char *reason = command_text(call, CHANGE_REASON), *id;

    if (reason == NULL)
        return command_wrong(err, "--reason TEXT is missing: say why");
    if (!write_reason(&body, reason, &question.body, err) || !server_call_open(call->arena, &server, err) ||
        !find_host(&server, call->arguments[0], &id, err))
        return COMMAND_FAILED;
    const char *parts[] = {"hosts", id, deed, NULL};
    question.path = server_path(call->arena, parts);
    if (!server_call_json(&server, &question, &document, err) ||
        !print_host(call, json_root(&document), command_choice(call, CHANGE_FORMAT) == FORMAT_JSON, err))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

static enum command_exit run_accept(const struct command_call *call, struct error *err)
{
    return change(call, "accept", err);
}

static enum command_exit run_revoke(const struct command_call *call, struct error *err)
{
    return change(call, "revoke", err);
}

const struct command command_host_accept = {
    .name = "host accept",
    .arguments = "HOST",
    .help = "let a host that looked like a clone out of the safe lane",
    .more = "An approver's. Be sure which of the two machines it is: the other one will be held at its\n"
            "next check-in.",
    .options = change_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_accept,
};

const struct command command_host_revoke = {
    .name = "host revoke",
    .arguments = "HOST",
    .help = "turn a host away for good",
    .more = "An operator's. From now on the server answers none of its calls; to come back it has to\n"
            "enrol anew.",
    .options = change_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_revoke,
};
