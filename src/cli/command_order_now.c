/*
 * suture order now, end, server: what the fleet's server may order by itself, "patch now", and the orders that it knows.
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/server_rows.h"

enum { FORMAT_JSON = 2 };

static const struct server_label labels[] = {
    {"order", "number", SERVER_TEXT}, {"fix", "fix", SERVER_TEXT},   {"state", "state", SERVER_TEXT},
    {"class", "class", SERVER_TEXT},  {"by", "by", SERVER_TEXT},     {"reason", "reason", SERVER_TEXT},
    {"made", "made", SERVER_TIME},    {"ends", "ends", SERVER_TIME}, {NULL, NULL, SERVER_TEXT},
};

static enum command_exit ask(const struct command_call *call, const struct server_question *question,
                             bool as_json, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(json_end) struct json_document document = {0};

    if (!server_call_open(call->arena, &server, err) || !server_call_json(&server, question, &document, err))
        return COMMAND_FAILED;
    struct json answer = json_root(&document);
    bool printed = as_json ? server_print_json(call, answer, err)
                           : server_print_labels(call, json_member(answer, "order"), labels, err);
    return printed ? COMMAND_DONE : COMMAND_FAILED;
}

/* ---- now ---- */

enum { NOW_REASON, NOW_FOR, NOW_FUNCTIONAL, NOW_FORMAT };
static const struct command_option now_options[] = {
    [NOW_REASON] = {"reason", OPTION_TEXT, "TEXT", "why; it is asked for, and shown on every machine"},
    [NOW_FOR] = {"for", OPTION_DURATION, "7d", "how long it holds; 7 days when nothing is said, 30 at most"},
    [NOW_FUNCTIONAL] = {"functional", OPTION_SWITCH, NULL,
                        "a package's update that closes no known hole, too"},
    [NOW_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};

static bool write_now(const struct command_call *call, const char *fix, struct writer *w, struct bytes *out,
                      struct error *err)
{
    struct json_writer j = json_writer_with(w, false);
    int64_t for_us = command_us(call, NOW_FOR);
    struct text reason;

    if (!text_from_bytes(bytes_of_text(text_of(command_text(call, NOW_REASON))), LIMIT_ORDER_TEXT, &reason,
                         err))
        return error_at(err, "--reason");
    json_open_object(&j);
    json_name(&j, "fix");
    json_put_string(&j, fix);
    json_name(&j, "reason");
    json_put_text(&j, reason);
    if (command_given(call, NOW_FUNCTIONAL)) {
        json_name(&j, "class");
        json_put_string(&j, "functional");
    }
    if (for_us != TIME_ABSENT) {
        json_name(&j, "ends");
        json_put_time(&j, time_now_us() + for_us);
    }
    json_close_object(&j);
    return writer_done(w, out, err);
}

static enum command_exit order_one(const struct command_call *call, const char *fix, struct error *err)
{
    OWN(writer_end) struct writer body = writer_with(4 * KIB);
    struct server_question question = {.method = LINK_POST, .path = "/api/1/orders"};

    if (!write_now(call, fix, &body, &question.body, err))
        return COMMAND_WRONG_USAGE;
    return ask(call, &question, command_choice(call, NOW_FORMAT) == FORMAT_JSON, err);
}

static enum command_exit run_now(const struct command_call *call, struct error *err)
{
    enum command_exit result = COMMAND_DONE;

    if (command_text(call, NOW_REASON) == NULL)
        return command_wrong(err, "--reason TEXT is missing: say why");
    for (size_t i = 0; result == COMMAND_DONE && i < call->argument_count; i++)
        result = order_one(call, call->arguments[i], err);
    return result;
}

const struct command command_order_now = {
    .name = "order now",
    .arguments = "FIX...",
    .help = "have every machine of the fleet take a fix now, outside its window",
    .more = "FIX is a CVE or a source package. An operator's: it says when, never what: each machine takes\n"
            "the version that its vendor signed and that it would have taken in its window, and everything\n"
            "else that it holds an update against still holds. Machines that are online hear of it within\n"
            "about a minute.",
    .options = now_options,
    .argument_min = 1,
    .argument_max = 16,
    .run = run_now,
};

/* ---- end ---- */

enum { END_FORMAT };
static const struct command_option end_options[] = {[END_FORMAT] = SERVER_OPTION_FORMAT, {0}};

static enum command_exit run_end(const struct command_call *call, struct error *err)
{
    const char *parts[] = {"orders", call->arguments[0], "end", NULL};
    const struct server_question question = {.method = LINK_POST, .path = server_path(call->arena, parts)};

    return ask(call, &question, command_choice(call, END_FORMAT) == FORMAT_JSON, err);
}

const struct command command_order_end = {
    .name = "order end",
    .arguments = "NUMBER",
    .help = "end a \"patch now\"; what machines have done stays",
    .options = end_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_end,
};

/* ---- what the server knows ---- */

enum { SHOW_ALL, SHOW_FORMAT };
static const struct command_option show_options[] = {
    [SHOW_ALL] = {"all", OPTION_SWITCH, NULL, "those that have ended, too"},
    [SHOW_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};

static const struct server_column now_columns[] = {
    {{"NUMBER", 6, 20, false}, "number", SERVER_TEXT}, {{"STATE", 5, 10, false}, "state", SERVER_TEXT},
    {{"FIX", 8, 32, false}, "fix", SERVER_TEXT},       {{"UNTIL", 16, 24, false}, "ends", SERVER_TIME},
    {{"BY", 4, 20, false}, "by", SERVER_TEXT},         {{"REASON", 10, 60, false}, "reason", SERVER_TEXT},
};
static const struct server_column signed_columns[] = {
    {{"SIGNED", 19, 23, false}, "id", SERVER_TEXT},   {{"KIND", 5, 8, false}, "kind", SERVER_TEXT},
    {{"STATE", 5, 10, false}, "state", SERVER_TEXT},  {{"UNTIL", 16, 24, false}, "ends", SERVER_TIME},
    {{"WHAT", 4, 32, false}, "package", SERVER_TEXT}, {{"REASON", 10, 60, false}, "reason", SERVER_TEXT},
};

static bool print_part(const struct command_call *call, struct json list, const struct server_table *table,
                       struct error *err)
{
    struct server_rows rows = {.at = ARENA_ARRAY(call->arena, struct json, json_count(list) + 1)};

    if (rows.at == NULL)
        return arena_full(call->arena, err);
    for (struct json_walk walk = json_walk_with(list); json_walk_next(&walk);)
        rows.at[rows.count++] = walk.value;
    return server_rows_print(call, &rows, table, false, err);
}

static bool print_orders(const struct command_call *call, struct json answer, struct error *err)
{
    static const struct server_table now = {now_columns, 6, NULL, "Nothing is ordered now."};
    static const struct server_table signed_orders = {signed_columns, 6, NULL, "No signed orders."};
    struct text problem = server_text(answer, "signed_problem", call->arena);

    if (!print_part(call, json_member(answer, "now"), &now, err) ||
        !print_part(call, json_member(answer, "signed"), &signed_orders, err))
        return false;
    if (!text_equal(problem, TEXT("-")))
        fprintf(call->out, "(!) the server could not read its repository: %.*s\n", TEXT_ARG(problem));
    return true;
}

static enum command_exit run_show(const struct command_call *call, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(json_end) struct json_document document = {0};
    const struct server_question question = {
        .method = LINK_GET,
        .path = command_given(call, SHOW_ALL) ? "/api/1/orders?all=1" : "/api/1/orders",
    };

    if (!server_call_open(call->arena, &server, err) || !server_call_json(&server, &question, &document, err))
        return COMMAND_FAILED;
    bool printed = command_choice(call, SHOW_FORMAT) == FORMAT_JSON
                       ? server_print_json(call, json_root(&document), err)
                       : print_orders(call, json_root(&document), err);
    return printed ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_order_show = {
    .name = "order show",
    .help = "the orders that the fleet's server hands out: \"patch now\", and the signed ones",
    .more = "suture order list reads a repository's folder; this asks the server.",
    .options = show_options,
    .run = run_show,
};
