#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/feed_options.h"
#include "cli/print_feeds.h"
#include "flow/trust_refresh.h"

enum { FORMAT_TABLE = 1, FORMAT_JSON };

static bool write_out(const struct command_call *call, struct writer *w, struct error *err)
{
    struct bytes raw;

    if (!writer_done(w, &raw, err))
        return false;
    (void)fwrite(raw.at, 1, raw.size, call->out); /* the roof looks at whether it was written */
    return true;
}

static bool print_results(const struct command_call *call, unsigned format,
                          const struct feed_results *results, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    struct screen screen = screen_for_output(&w);

    if (format == FORMAT_JSON)
        print_feed_results_json(&w, results);
    else
        print_feed_results(&screen, results, call->arena);
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

/* What people signed comes with what others report; where it fails the data comes all the same, and status says why. */
static bool refresh_trust(const struct command_call *call, struct error *err)
{
    struct trust_settings settings;
    struct trust_record record;
    struct state state;
    struct trust_refresh_request request = {
        .state = &state, .settings = &settings, .now_us = feed_options_now(call, UPDATE_NOW)};
    struct error no_fetch = {0};

    if (!trust_settings_in_force(call->arena, &settings, err))
        return false;
    if (settings.repository.size == 0)
        return true;
    if (!os_helper(call->arena, "suture-fetch", &request.fetch_program, &no_fetch))
        request.fetch_program = NULL;
    return feed_options_state(call->arena, &state, err) &&
           trust_refresh(&request, call->arena, &record, err) &&
           (record.problem.size == 0 || error_set(err, ERROR_TRUST, "%.*s", TEXT_ARG(record.problem)));
}

static enum command_exit run_update(const struct command_call *call, struct error *err)
{
    struct feed_results results = {0};
    struct error trust = {0};
    const bool believed = refresh_trust(call, &trust);

    if (!update(call, &results, err) ||
        !print_results(call, command_choice(call, UPDATE_FORMAT), &results, err))
        return COMMAND_FAILED;
    if (all_failed(&results, err))
        return COMMAND_FAILED;
    if (believed)
        return COMMAND_DONE;
    (void)error_set(err, trust.kind, "the data is in use, but not what the repository has: %s", trust.text);
    return COMMAND_FAILED;
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

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    struct screen screen = screen_for_output(&w);
    int64_t now_us = feed_options_now(call, LIST_NOW);
    struct data_state data;
    const char *folder;

    if (!state_folder(call->arena, &folder, err) || !data_state_open(folder, now_us, call->arena, &data, err))
        return COMMAND_FAILED;
    if (command_choice(call, LIST_FORMAT) == FORMAT_JSON)
        print_feed_list_json(&w, &data);
    else
        print_feed_list(&screen, &data, now_us, call->arena);
    return write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_feed_list = {
    .name = "feed list",
    .help = "advisory data that is held: how fresh it is, and where from",
    .options = list_options,
    .run = run_list,
};
