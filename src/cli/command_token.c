/*
 * suture token new, list, revoke: the enrolment tokens by which machines join the fleet.
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/server_rows.h"

enum { FORMAT_JSON = 2 };

/* ---- list ---- */

enum { LIST_LIMIT, LIST_FORMAT };
static const struct command_option list_options[] = {
    [LIST_LIMIT] = SERVER_OPTION_LIMIT,
    [LIST_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};

static const struct server_column columns[] = {
    {{"NUMBER", 6, 20, false}, "number", SERVER_TEXT}, {{"STATE", 5, 8, false}, "state", SERVER_TEXT},
    {{"USED", 4, 6, true}, "uses", SERVER_NUMBER},     {{"OF", 2, 6, true}, "uses_max", SERVER_NUMBER},
    {{"ENDS", 16, 24, false}, "ends", SERVER_TIME},    {{"CLASS", 0, 16, false}, "class", SERVER_TEXT},
    {{"BY", 4, 16, false}, "by", SERVER_TEXT},         {{"LABEL", 8, 40, false}, "label", SERVER_TEXT},
};

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    static const struct server_table table = {columns, sizeof(columns) / sizeof(*columns), NULL,
                                              "There are no enrolment tokens."};
    struct server_listing listing = {
        .list = {.path = "/api/1/tokens", .member = "tokens", .after = "after"},
        .table = &table,
        .as_json = command_choice(call, LIST_FORMAT) == FORMAT_JSON,
    };

    if (!server_limit(call, LIST_LIMIT, &listing.limit, err))
        return COMMAND_WRONG_USAGE;
    return server_list_run(call, &listing, err);
}

const struct command command_token_list = {
    .name = "token list",
    .help = "the enrolment tokens, without their secrets",
    .options = list_options,
    .run = run_list,
};

/* ---- new ---- */

enum { NEW_LABEL, NEW_CLASS, NEW_USES, NEW_FOR, NEW_FORMAT };
static const struct command_option new_options[] = {
    [NEW_LABEL] = {"label", OPTION_TEXT, "TEXT", "what it is for"},
    [NEW_CLASS] = {"class", OPTION_TEXT, "NAME",
                   "the class of the fleet's policy that its machines begin in"},
    [NEW_USES] = {"uses", OPTION_TEXT, "N", "how many machines may join by it; one when nothing is said"},
    [NEW_FOR] = {"for", OPTION_DURATION, "1d", "how long; a day when nothing is said, 90 at most"},
    [NEW_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};

static void put_text(struct json_writer *j, const char *name, const char *value)
{
    if (value == NULL)
        return;
    json_name(j, name);
    json_put_string(j, value);
}

static bool write_new(const struct command_call *call, struct writer *w, struct bytes *out, struct error *err)
{
    struct json_writer j = json_writer_with(w, false);
    const char *uses = command_text(call, NEW_USES);
    int64_t for_us = command_us(call, NEW_FOR);
    uint64_t number = 1;

    if (uses != NULL && !text_to_u64(text_of(uses), &number, err))
        return error_at(err, "--uses");
    json_open_object(&j);
    put_text(&j, "label", command_text(call, NEW_LABEL));
    put_text(&j, "class", command_text(call, NEW_CLASS));
    json_name(&j, "uses");
    json_put_u64(&j, number);
    if (for_us != TIME_ABSENT) {
        json_name(&j, "ends");
        json_put_time(&j, time_now_us() + for_us);
    }
    json_close_object(&j);
    return writer_done(w, out, err);
}

/* The secret alone on standard output, so that it can be piped; what it is beside it, where a person looks. */
static bool print_new(const struct command_call *call, const struct server_call *server, struct json answer,
                      struct error *err)
{
    static const struct server_column ends = {.member = "ends", .cell = SERVER_TIME};
    struct text secret = {0};

    if (command_choice(call, NEW_FORMAT) == FORMAT_JSON)
        return server_print_json(call, answer, err);
    if (!json_get_text(answer, "secret", true, 256, &secret, err))
        return error_at(err, "answer");
    struct json token = json_member(answer, "token");
    struct text until = server_cell_text(token, &ends, call->arena, 0);
    struct text uses = server_text(token, "uses_max", call->arena);
    fprintf(call->out, "%.*s\n", TEXT_ARG(secret));
    fprintf(call->errors,
            "For %.*s machine(s) until %.*s; it is not shown again. On each:\n"
            "    suture agent enroll https://SERVER:8440 TOKEN      (the server's address for agents; you "
            "asked %.*s)\n",
            TEXT_ARG(uses), TEXT_ARG(until), TEXT_ARG(server->access.server));
    return true;
}

static enum command_exit run_new(const struct command_call *call, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(json_end) struct json_document document = {0};
    OWN(writer_end) struct writer body = writer_with(4 * KIB);
    struct server_question question = {.method = LINK_POST, .path = "/api/1/tokens"};

    if (!write_new(call, &body, &question.body, err))
        return COMMAND_WRONG_USAGE;
    if (!server_call_open(call->arena, &server, err) ||
        !server_call_json(&server, &question, &document, err) ||
        !print_new(call, &server, json_root(&document), err))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

const struct command command_token_new = {
    .name = "token new",
    .help = "a token by which a machine joins the fleet",
    .more = "It says whom the machine may believe (the server's CA and the fleet), and lets it in once.\n"
            "The token alone is printed, and never again.",
    .options = new_options,
    .run = run_new,
};

/* ---- revoke ---- */

static enum command_exit run_revoke(const struct command_call *call, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    const char *parts[] = {"tokens", call->arguments[0], NULL};
    const struct server_question question = {.method = LINK_DELETE, .path = server_path(call->arena, parts)};

    if (!server_call_open(call->arena, &server, err) || !server_call_json(&server, &question, NULL, err))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

const struct command command_token_revoke = {
    .name = "token revoke",
    .arguments = "NUMBER",
    .help = "no machine joins by this token any more; those that did stay",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_revoke,
};
