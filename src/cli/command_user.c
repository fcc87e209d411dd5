/*
 * suture user list, new, change, once: who may ask the server, and for what.
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/server_rows.h"

enum { FORMAT_JSON = 2 };

/* ---- list ---- */

enum { LIST_FORMAT };
static const struct command_option list_options[] = {[LIST_FORMAT] = SERVER_OPTION_FORMAT, {0}};

static const struct server_column columns[] = {
    {{"USER", 8, 32, false}, "name", SERVER_TEXT},        {{"ROLES", 12, 60, false}, "roles", SERVER_WORDS},
    {{"DISABLED", 3, 8, false}, "disabled", SERVER_TEXT}, {{"ONE-TIME", 3, 8, false}, "once", SERVER_TEXT},
    {{"SINCE", 16, 24, false}, "made", SERVER_TIME},
};

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    static const struct server_table table = {columns, sizeof(columns) / sizeof(*columns), NULL,
                                              "There are no users."};
    const struct server_listing listing = {
        .list = {.path = "/api/1/users", .member = "users", .after = "after"},
        .table = &table,
        .limit = SERVER_LIMIT,
        .as_json = command_choice(call, LIST_FORMAT) == FORMAT_JSON,
    };

    return server_list_run(call, &listing, err);
}

const struct command command_user_list = {
    .name = "user list",
    .help = "the server's users and their roles",
    .options = list_options,
    .run = run_list,
};

/* ---- new, change, once ---- */

enum { CHANGE_ROLES, CHANGE_FORMAT, CHANGE_DISABLE, CHANGE_ENABLE };
#define ROLES                                                                                                \
    {                                                                                                        \
        "roles", OPTION_TEXT, "NAMES",                                                                       \
            "viewer, operator, approver, auditor, enroller, administrator, with ',' between"                 \
    }
static const struct command_option new_options[] = {
    [CHANGE_ROLES] = ROLES,
    [CHANGE_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};
static const struct command_option change_options[] = {
    [CHANGE_ROLES] = ROLES,
    [CHANGE_FORMAT] = SERVER_OPTION_FORMAT,
    [CHANGE_DISABLE] = {"disable", OPTION_SWITCH, NULL, "no way in any more, for their tokens either"},
    [CHANGE_ENABLE] = {"enable", OPTION_SWITCH, NULL, "let them in again"},
    {0},
};
static const struct command_option once_options[] = {
    [0] = SERVER_OPTION_FORMAT,
    {0},
};

static void put_string(struct json_writer *j, const char *name, const char *value)
{
    if (value == NULL)
        return;
    json_name(j, name);
    json_put_string(j, value);
}

/* A password for once stands alone on standard output. */
static bool print_answer(const struct command_call *call, struct json answer, bool as_json, struct error *err)
{
    struct text password = {0};

    if (as_json)
        return server_print_json(call, answer, err);
    if (!json_get_text(answer, "password", false, 64, &password, err))
        return error_at(err, "answer");
    if (password.size > 0) {
        fprintf(call->out, "%.*s\n", TEXT_ARG(password));
        fprintf(call->errors,
                "A password for once, good for a week; it is not shown again: suture login --user %s\n",
                call->arguments[0]);
    }
    return true;
}

static enum command_exit ask(const struct command_call *call, const struct server_question *question,
                             bool as_json, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(json_end) struct json_document document = {0};

    if (!server_call_open(call->arena, &server, err) ||
        !server_call_json(&server, question, &document, err) ||
        !print_answer(call, json_root(&document), as_json, err))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

static enum command_exit run_new(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer body = writer_with(4 * KIB);
    struct json_writer j = json_writer_with(&body, false);
    struct server_question question = {.method = LINK_POST, .path = "/api/1/users"};
    const char *roles = command_text(call, CHANGE_ROLES);

    if (roles == NULL)
        return command_wrong(err, "--roles NAMES is missing: what may they do?");
    json_open_object(&j);
    put_string(&j, "name", call->arguments[0]);
    put_string(&j, "roles", roles);
    json_close_object(&j);
    if (!writer_done(&body, &question.body, err))
        return COMMAND_FAILED;
    return ask(call, &question, command_choice(call, CHANGE_FORMAT) == FORMAT_JSON, err);
}

static enum command_exit run_change(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer body = writer_with(4 * KIB);
    struct json_writer j = json_writer_with(&body, false);
    const char *parts[] = {"users", call->arguments[0], NULL};
    struct server_question question = {.method = LINK_POST, .path = server_path(call->arena, parts)};
    bool disable = command_given(call, CHANGE_DISABLE), enable = command_given(call, CHANGE_ENABLE);

    if (disable && enable)
        return command_wrong(err, "--disable and --enable: which?");
    if (!disable && !enable && command_text(call, CHANGE_ROLES) == NULL)
        return command_wrong(err, "nothing is to be changed: --roles, --disable or --enable");
    json_open_object(&j);
    put_string(&j, "roles", command_text(call, CHANGE_ROLES));
    if (disable || enable) {
        json_name(&j, "disabled");
        json_put_bool(&j, disable);
    }
    json_close_object(&j);
    if (!writer_done(&body, &question.body, err))
        return COMMAND_FAILED;
    return ask(call, &question, command_choice(call, CHANGE_FORMAT) == FORMAT_JSON, err);
}

static enum command_exit run_once(const struct command_call *call, struct error *err)
{
    const char *parts[] = {"users", call->arguments[0], "once", NULL};
    const struct server_question question = {.method = LINK_POST, .path = server_path(call->arena, parts)};

    return ask(call, &question, command_choice(call, 0) == FORMAT_JSON, err);
}

const struct command command_user_new = {
    .name = "user new",
    .arguments = "NAME",
    .help = "a new user of the server, with a password for once",
    .more = "viewer sees; operator orders a fix now and revokes hosts; approver accepts held hosts;\n"
            "auditor reads the audit log; enroller makes tokens; administrator makes users. None of them\n"
            "can make a machine run what its vendor did not sign.",
    .options = new_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_new,
};

const struct command command_user_change = {
    .name = "user change",
    .arguments = "NAME",
    .help = "other roles for a user, or no way in any more: it holds at once",
    .options = change_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_change,
};

const struct command command_user_once = {
    .name = "user once",
    .arguments = "NAME",
    .help = "a password for once, for somebody who lost theirs; their sessions end",
    .options = once_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_once,
};
