/*
 * suture where, suture exposed: who has a package, and who is exposed to a hole, as the fleet's server knows it.
 *
 *     WHO    STATE  PACKAGE    VERSION           SINCE                  RUN
 */
#include "base/own.h"
#include "cli/command.h"
#include "cli/package_hash.h"
#include "cli/server_rows.h"

enum { OPTION_LIMIT, OPTION_FORMAT, OPTION_ALL, OPTION_HISTORY, OPTION_LISTS = OPTION_ALL };
enum { FORMAT_JSON = 2 };
static const struct command_option where_options[] = {
    [OPTION_LIMIT] = SERVER_OPTION_LIMIT,
    [OPTION_FORMAT] = SERVER_OPTION_FORMAT,
    [OPTION_LISTS] = {"lists", OPTION_FOLDER, "DIR",
                      "for sha256: where apt keeps its lists; " PACKAGE_HASH_LISTS " when nothing is said"},
    {0},
};
static const struct command_option exposed_options[] = {
    [OPTION_LIMIT] = SERVER_OPTION_LIMIT,
    [OPTION_FORMAT] = SERVER_OPTION_FORMAT,
    [OPTION_ALL] = {"all", OPTION_SWITCH, NULL,
                    "also hosts that are unknown or old, and those that are not exposed"},
    [OPTION_HISTORY] = {"history", OPTION_SWITCH, NULL, "who was exposed too, and when it closed"},
    {0},
};

static enum screen_colour colour_of(struct json row)
{
    struct text state = {0};
    struct error ignored;

    if (!json_get_text(row, "state", false, 32, &state, &ignored))
        return COLOUR_PLAIN;
    if (text_equal(state, TEXT("exposed")))
        return COLOUR_BAD;
    return text_equal(state, TEXT("exposed-stale")) || text_equal(state, TEXT("unknown")) ? COLOUR_WARN
                                                                                          : COLOUR_PLAIN;
}

/* One line: "3 exposed, 1 exposed when last seen, 2 unknown, of 120 hosts (advisories 17)." */
struct count_words {
    const char *member, *words;
};

static bool print_counts(const struct command_call *call, struct json answer, const struct count_words *words,
                         struct error *err)
{
    struct json counts = json_member(answer, "counts");
    struct text line = TEXT(""), generation = server_text(answer, "generation", call->arena);
    uint64_t number = 0;

    for (; words->member != NULL; words++) {
        if (!json_get_u64(counts, words->member, true, UINT32_MAX, &number, err))
            return error_at(err, "answer: counts");
        line = text_format(call->arena, "%.*s%s%llu %s", TEXT_ARG(line), line.size > 0 ? ", " : "",
                           (unsigned long long)number, words->words);
    }
    fprintf(call->out, "%.*s", TEXT_ARG(line));
    if (!text_equal(generation, TEXT("-")))
        fprintf(call->out, " (advisories %.*s)", TEXT_ARG(generation));
    fprintf(call->out, "\n");
    return true;
}

struct question {
    struct server_listing listing;
    const struct count_words *words;
};

static bool print_was(const struct command_call *call, struct json answer, struct error *err);

static enum command_exit ask(const struct command_call *call, const struct question *question,
                             struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(server_rows_end) struct server_rows rows = {0};
    const struct server_listing *listing = &question->listing;

    if (!server_call_open(call->arena, &server, err) ||
        !server_rows_read(&server, &listing->list, listing->limit, &rows, err))
        return COMMAND_FAILED;
    struct json answer = json_root(&rows.pages[0]);
    if (!listing->as_json && !print_counts(call, answer, question->words, err))
        return COMMAND_FAILED;
    if (!server_rows_print(call, &rows, listing->table, listing->as_json, err) ||
        (!listing->as_json && !print_was(call, answer, err)))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

/* ---- where ---- */

static const struct server_column where_columns[] = {
    {{"HOST", 8, 32, false}, "name", SERVER_TEXT},       {{"PACKAGE", 8, 40, false}, "package", SERVER_TEXT},
    {{"VERSION", 8, 32, false}, "version", SERVER_TEXT}, {{"ARCH", 0, 6, false}, "arch", SERVER_TEXT},
    {{"SINCE", 16, 24, false}, "since", SERVER_TIME},    {{"SCANNED", 7, 8, true}, "scanned", SERVER_AGE},
    {{"ID", 32, 32, false}, "host", SERVER_TEXT},
};

/* Machines report names and versions: a file's hash is first turned into these. NULL: err says why not. */
static const char *what_of(const struct command_call *call, struct error *err)
{
    const char *lists = command_text(call, OPTION_LISTS);
    struct text what = text_of(call->arguments[0]);
    struct package_hash found;

    if (!text_starts(what, TEXT("sha256:")))
        return call->arguments[0];
    if (!package_hash_find(lists == NULL ? PACKAGE_HASH_LISTS : lists, text_part(what, 7, SIZE_MAX),
                           call->arena, &found, err))
        return NULL;
    struct text name =
        text_format(call->arena, "%.*s=%.*s", TEXT_ARG(found.package), TEXT_ARG(found.version));
    if (name.at == NULL)
        (void)arena_full(call->arena, err);
    else
        fprintf(call->errors, "That file is %.*s of %.*s, by the lists on this machine.\n", TEXT_ARG(name),
                TEXT_ARG(found.arch));
    return name.at;
}

static enum command_exit run_where(const struct command_call *call, struct error *err)
{
    static const struct server_table table = {where_columns, sizeof(where_columns) / sizeof(*where_columns),
                                              NULL, "No host has it."};
    static const struct count_words words[] = {
        {"have", "have it"},    {"had-when-last-seen", "had it when last seen"},
        {"unknown", "unknown"}, {"total", "hosts in all"},
        {NULL, NULL},
    };
    const char *what = what_of(call, err);
    const char *parts[] = {"where", what, NULL};
    struct question question = {
        .listing = {.list = {server_path(call->arena, parts), "hosts", "after"},
                    .table = &table,
                    .as_json = command_choice(call, OPTION_FORMAT) == FORMAT_JSON},
        .words = words,
    };

    if (what == NULL)
        return COMMAND_FAILED;
    if (!server_limit(call, OPTION_LIMIT, &question.listing.limit, err))
        return COMMAND_WRONG_USAGE;
    return ask(call, &question, err);
}

const struct command command_where = {
    .name = "where",
    .arguments = "PACKAGE[=VERSION]|sha256:DIGITS",
    .help = "which hosts of the fleet have a package, since when, from which run",
    .more = "By the package's own name and version, or its source's; a file's hash is looked up in apt's\n"
            "lists on this machine first. A host without a time of its own\n"
            "had it in its first report. --format json also has the run that brought it. Hosts that\n"
            "nobody knows of, or that were not seen for three days, are counted apart.",
    .options = where_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_where,
};

/* ---- exposed ---- */

static const struct server_column exposed_columns[] = {
    {{"HOST", 8, 32, false}, "name", SERVER_TEXT},
    {{"STATE", 7, 14, false}, "state", SERVER_TEXT},
    {{"SOURCE", 8, 32, false}, "source", SERVER_TEXT},
    {{"INSTALLED", 9, 32, false}, "installed", SERVER_TEXT},
    {{"FIXED", 5, 32, false}, "fixed", SERVER_TEXT},
    {{"SCANNED", 7, 8, true}, "scanned", SERVER_AGE},
    {{"ID", 32, 32, false}, "host", SERVER_TEXT},
};

/* Those that were exposed, of the first answer. */
static bool print_was(const struct command_call *call, struct json answer, struct error *err)
{
    static const struct server_column columns[] = {
        {{"WAS EXPOSED", 11, 32, false}, "name", SERVER_TEXT},
        {{"FIX", 12, 48, false}, "fix", SERVER_TEXT},
        {{"OPENED", 16, 24, false}, "opened", SERVER_TIME},
        {{"CLOSED", 16, 24, false}, "closed", SERVER_TIME},
    };
    static const struct server_table table = {columns, 4, NULL, "Nobody was."};
    struct json was = json_member(answer, "was");
    struct server_rows rows = {.at = ARENA_ARRAY(call->arena, struct json, json_count(was) + 1)};

    if (json_is_absent(was))
        return true;
    if (rows.at == NULL)
        return arena_full(call->arena, err);
    for (struct json_walk walk = json_walk_with(was); json_walk_next(&walk);)
        rows.at[rows.count++] = walk.value;
    return server_rows_print(call, &rows, &table, false, err);
}

static enum command_exit run_exposed(const struct command_call *call, struct error *err)
{
    static const struct server_table table = {exposed_columns,
                                              sizeof(exposed_columns) / sizeof(*exposed_columns), colour_of,
                                              "Nobody is known to be exposed."};
    static const struct count_words words[] = {
        {"exposed", "exposed"}, {"exposed-stale", "exposed when last seen"},
        {"clear", "not"},       {"stale", "not when last seen"},
        {"unknown", "unknown"}, {"total", "hosts in all"},
        {NULL, NULL},
    };
    const char *parts[] = {"exposed", call->arguments[0], NULL};
    const char *path = server_path(call->arena, parts);
    struct question question = {
        .listing = {.list = {path, "hosts", "after"},
                    .table = &table,
                    .as_json = command_choice(call, OPTION_FORMAT) == FORMAT_JSON},
        .words = words,
    };

    if (!server_limit(call, OPTION_LIMIT, &question.listing.limit, err))
        return COMMAND_WRONG_USAGE;
    if (command_given(call, OPTION_ALL))
        path = server_path_with(call->arena, path, "state", "exposed,exposed-stale,unknown,stale,clear");
    if (command_given(call, OPTION_HISTORY))
        path = server_path_with(call->arena, path, "history", "1");
    question.listing.list.path = path;
    return ask(call, &question, err);
}

const struct command command_exposed = {
    .name = "exposed",
    .arguments = "CVE",
    .help = "which hosts of the fleet are exposed to a hole now",
    .more = "By what each host last reported and the advisories of the generation that is named. A host\n"
            "that nobody knows of, or that was not seen for three days, is never counted as safe.",
    .options = exposed_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_exposed,
};
