#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/feed_options.h"
#include "flow/data_state.h"
#include "flow/feed_update.h"
#include "format/json.h"

enum { FORMAT_TABLE = 1, FORMAT_JSON };

static bool write_out(const struct command_call *call, struct writer *w, struct error *err)
{
    struct bytes raw;

    if (!writer_done(w, &raw, err))
        return false;
    (void)fwrite(raw.at, 1, raw.size, call->out); /* the roof looks at whether it was written */
    return true;
}

/* ---- results of update and import ---- */

/* Documents of one feed that had the same outcome, one behind the other: one line. */
static size_t run_of(const struct feed_results *results, size_t from)
{
    const struct feed_result *first = &results->results[from];
    size_t end = from + 1;

    while (end < results->count && text_equal(results->results[end].feed, first->feed) &&
           results->results[end].outcome == first->outcome)
        end++;
    return end;
}

static void write_results_table(struct writer *w, const struct feed_results *results)
{
    for (size_t i = 0, end; i < results->count; i = end) {
        const struct feed_result *first = &results->results[i];
        uint64_t records = 0;
        end = run_of(results, i);
        for (size_t k = i; k < end; k++)
            records += results->results[k].records;
        writer_format(w, "%-9s  %-14.*s", feed_outcome_name(first->outcome), TEXT_ARG(first->feed));
        if (first->outcome == FEED_FAILED)
            writer_format(w, "  %s", first->problem.text);
        else
            writer_format(w, " %8llu records", (unsigned long long)records);
        if (end - i > 1)
            writer_format(w, "%s %zu documents", first->outcome == FEED_FAILED ? ", and so" : " in", end - i);
        else if (first->key.size > 0)
            writer_format(w, " (%.*s)", TEXT_ARG(first->key));
        writer_string(w, "\n");
    }
}

static void write_results_json(struct writer *w, const struct feed_results *results)
{
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.feed-update/1");
    json_name(&j, "documents");
    json_open_array(&j);
    for (size_t i = 0; i < results->count; i++) {
        const struct feed_result *result = &results->results[i];
        json_open_object(&j);
        json_name(&j, "feed");
        json_put_text(&j, result->feed);
        json_name(&j, "document");
        if (result->key.size > 0)
            json_put_text(&j, result->key);
        else
            json_put_null(&j);
        json_name(&j, "source");
        json_put_text(&j, result->url);
        json_name(&j, "outcome");
        json_put_string(&j, feed_outcome_name(result->outcome));
        json_name(&j, "records");
        json_put_u64(&j, result->records);
        json_name(&j, "problem");
        if (result->outcome == FEED_FAILED)
            json_put_string(&j, result->problem.text);
        else
            json_put_null(&j);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_string(w, "\n");
}

static bool print_results(const struct command_call *call, unsigned format,
                          const struct feed_results *results, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(16 * MIB);

    if (format == FORMAT_JSON)
        write_results_json(&w, results);
    else
        write_results_table(&w, results);
    return write_out(call, &w, err);
}

/* ---- feed update ---- */

enum { UPDATE_RELEASE, UPDATE_SETTINGS, UPDATE_NOW, UPDATE_FORMAT };

static const struct command_option update_options[] = {
    [UPDATE_RELEASE] = {"release", OPTION_TEXT, "RELEASE,...", "also for these releases; remembered"},
    [UPDATE_SETTINGS] = {"settings", OPTION_FILE, "FILE", "a feeds.yaml instead of the configured one"},
    [UPDATE_NOW] = {"now", OPTION_TIME, "TIME", "the time to go by instead of the clock's"},
    [UPDATE_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print what was done"},
    {0},
};

static void show_progress(void *self, const struct feed_result *next, size_t number, size_t count)
{
    const struct command_call *call = self;

    fprintf(call->errors, "\r\033[K%zu of %zu  %.*s %.*s", number + 1, count, TEXT_ARG(next->feed),
            TEXT_ARG(next->key));
    fflush(call->errors);
}

static bool read_settings(const struct command_call *call, struct feed_settings *out, struct error *err)
{
    const char *path = command_text(call, UPDATE_SETTINGS);

    if (path == NULL && !feed_settings_path(call->arena, &path, err))
        return false;
    return path == NULL || feed_settings_read(path, call->arena, out, err);
}

/* Nothing came over the network, though something should have. */
static bool all_failed(const struct feed_results *results, struct error *err)
{
    size_t failed = 0, reached = 0;

    for (size_t i = 0; i < results->count; i++) {
        failed += results->results[i].outcome == FEED_FAILED;
        reached += results->results[i].outcome != FEED_FAILED && !results->results[i].local;
    }
    if (failed == 0 || reached > 0)
        return false;
    (void)error_set(err, ERROR_ABSENT,
                    "nothing came over the network; what is held stays in use (suture feed list)");
    return true;
}

static bool update(const struct command_call *call, struct feed_results *out, struct error *err)
{
    struct arena *arena = call->arena;
    struct feed_settings settings = {0};
    struct state state;
    struct text *releases = NULL;
    struct feed_update_request request = {
        .state = &state, .settings = &settings, .now_us = feed_options_now(call, UPDATE_NOW)};
    struct error no_fetch = {0};

    if (!read_settings(call, &settings, err) ||
        !feed_options_releases(command_text(call, UPDATE_RELEASE), arena, &releases, &request.release_count,
                               err) ||
        !feed_options_own_release(arena, releases, &request.release_count, err) ||
        !feed_options_state(arena, &state, err) ||
        !os_helper(arena, "suture-parse", &request.parse_program, err))
        return false;
    request.releases = releases;
    if (!os_helper(arena, "suture-fetch", &request.fetch_program, &no_fetch))
        request.fetch_program = NULL; /* file: still works; each other address fails by itself */
    bool terminal = os_is_terminal(fileno(call->errors));
    if (terminal)
        request.progress = show_progress;
    request.self = (void *)(uintptr_t)call;
    bool done = feed_update(&request, arena, out, err);
    if (terminal)
        fprintf(call->errors, "\r\033[K");
    return done;
}

static enum command_exit run_update(const struct command_call *call, struct error *err)
{
    struct feed_results results = {0};

    if (!update(call, &results, err) ||
        !print_results(call, command_choice(call, UPDATE_FORMAT), &results, err))
        return COMMAND_FAILED;
    return all_failed(&results, err) ? COMMAND_FAILED : COMMAND_DONE;
}

const struct command command_feed_update = {
    .name = "feed update",
    .help = "fetch advisory data",
    .more = "Asks each source for what is new since the last time and puts it into use as a whole. A\n"
            "document that cannot be had, is older than what is held, or lost more than 30 % of its\n"
            "records leaves what is held in use. Proxies are taken from http_proxy, https_proxy and\n"
            "no_proxy; mirrors and switched-off feeds from /etc/suture/feeds.yaml, or\n"
            "~/.config/suture/feeds.yaml.",
    .options = update_options,
    .run = run_update,
};

/* ---- feed import ---- */

enum { IMPORT_FEED, IMPORT_RELEASE, IMPORT_SMALLER, IMPORT_NOW, IMPORT_FORMAT };

static const struct command_option import_options[] = {
    [IMPORT_FEED] = {"feed", OPTION_TEXT, "NAME", "the feed, where the file does not show it"},
    [IMPORT_RELEASE] = {"release", OPTION_TEXT, "RELEASE,...", "also for these releases; remembered"},
    [IMPORT_SMALLER] = {"accept-smaller", OPTION_SWITCH, NULL,
                        "even when more than 30 % of the records are gone"},
    [IMPORT_NOW] = {"now", OPTION_TIME, "TIME", "the time to go by instead of the clock's"},
    [IMPORT_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print what was done"},
    {0},
};

static bool import(const struct command_call *call, struct feed_results *out, struct error *err)
{
    struct arena *arena = call->arena;
    struct state state;
    struct text *releases = NULL;
    struct feed_import_request request = {.state = &state,
                                          .paths = call->arguments,
                                          .path_count = call->argument_count,
                                          .take_smaller = command_given(call, IMPORT_SMALLER),
                                          .now_us = feed_options_now(call, IMPORT_NOW)};

    if (!feed_options_feed(command_text(call, IMPORT_FEED), &request.feed, err) ||
        !feed_options_releases(command_text(call, IMPORT_RELEASE), arena, &releases, &request.release_count,
                               err) ||
        !feed_options_own_release(arena, releases, &request.release_count, err) ||
        !feed_options_state(arena, &state, err) ||
        !os_helper(arena, "suture-parse", &request.parse_program, err))
        return false;
    request.releases = releases;
    return feed_import(&request, arena, out, err);
}

static enum command_exit run_import(const struct command_call *call, struct error *err)
{
    struct feed_results results = {0};

    if (!import(call, &results, err) ||
        !print_results(call, command_choice(call, IMPORT_FORMAT), &results, err))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

const struct command command_feed_import = {
    .name = "feed import",
    .arguments = "FILE...",
    .help = "load advisory data from files, without network",
    .more = "Files may be packed (gz, xz, zst, lz4), zip or tar archives, or folders of JSON files. The\n"
            "feed is recognised. One bad file changes nothing.",
    .options = import_options,
    .argument_min = 1,
    .argument_max = 1024,
    .run = run_import,
};

/* ---- feed list ---- */

enum { LIST_NOW, LIST_FORMAT };

static const struct command_option list_options[] = {
    [LIST_NOW] = {"now", OPTION_TIME, "TIME", "how fresh it is at this time"},
    [LIST_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

static void write_day(struct writer *w, int64_t us)
{
    if (us == TIME_ABSENT)
        writer_format(w, " %-16s", "-");
    else {
        struct civil civil = time_civil(us);
        writer_format(w, " %04d-%02d-%02d %02d:%02d", civil.year, civil.month, civil.day, civil.hour,
                      civil.minute);
    }
}

static void write_list_table(struct writer *w, const struct data_state *data)
{
    writer_format(w, "%-15s %-6s %-16s %-16s %10s  %s\n", "FEED", "STATE", "OF (UTC)", "CHECKED (UTC)",
                  "RECORDS", "SOURCE");
    for (size_t i = 0; i < data->feed_count; i++) {
        const struct data_feed *feed = &data->feeds[i];
        writer_format(w, "%-15.*s %-6s", TEXT_ARG(feed->name), data_freshness_name(feed->state));
        write_day(w, feed->generated_us);
        write_day(w, feed->checked_us);
        writer_format(w, " %10llu  %.*s\n", (unsigned long long)feed->records, TEXT_ARG(feed->source));
        if (feed->why.size > 0)
            writer_format(w, "%-15s %.*s\n", "", TEXT_ARG(feed->why));
    }
    if (data->generation == 0)
        writer_string(w, "no advisory data is held yet: suture feed update\n");
}

static void put_text_or_null(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.size > 0)
        json_put_text(j, text);
    else
        json_put_null(j);
}

static void write_list_json(struct writer *w, const struct data_state *data)
{
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.feed-list/1");
    json_name(&j, "releases");
    json_open_array(&j);
    for (size_t i = 0; i < data->manifest.release_count; i++)
        json_put_text(&j, data->manifest.releases[i]);
    json_close_array(&j);
    json_name(&j, "feeds");
    json_open_array(&j);
    for (size_t i = 0; i < data->feed_count; i++) {
        const struct data_feed *feed = &data->feeds[i];
        json_open_object(&j);
        put_text_or_null(&j, "feed", feed->name);
        put_text_or_null(&j, "title", feed->title);
        json_name(&j, "state");
        json_put_string(&j, data_freshness_name(feed->state));
        put_text_or_null(&j, "why", feed->why);
        json_name(&j, "generated");
        json_put_time(&j, feed->generated_us);
        json_name(&j, "fetched");
        json_put_time(&j, feed->fetched_us);
        json_name(&j, "checked");
        json_put_time(&j, feed->checked_us);
        json_name(&j, "records");
        json_put_u64(&j, feed->records);
        json_name(&j, "bytes");
        json_put_u64(&j, feed->size);
        put_text_or_null(&j, "version", feed->version);
        put_text_or_null(&j, "source", feed->source);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_string(w, "\n");
}

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    struct data_state data;
    const char *folder;

    if (!state_folder(call->arena, &folder, err) ||
        !data_state_open(folder, feed_options_now(call, LIST_NOW), call->arena, &data, err))
        return COMMAND_FAILED;
    if (command_choice(call, LIST_FORMAT) == FORMAT_JSON)
        write_list_json(&w, &data);
    else
        write_list_table(&w, &data);
    return write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_feed_list = {
    .name = "feed list",
    .help = "advisory data that is held: how fresh it is, and where from",
    .options = list_options,
    .run = run_list,
};
