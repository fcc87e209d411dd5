/* suture delta publish: makes a delta repository of a folder of packages, or brings one up to date. */
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/stop.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/words.h"
#include "flow/publish_codec.h"
#include "trust/machine_key.h"
#include "trust/signer.h"

enum { OPTION_FROM, OPTION_TO, OPTION_VERSIONS, OPTION_KEY, OPTION_MEMORY, OPTION_JOBS, OPTION_PRUNE };

static const struct command_option options[] = {
    [OPTION_FROM] = {"from", OPTION_FOLDER, "DIR", "the packages, old ones and new, in it and below it"},
    [OPTION_TO] = {"to", OPTION_FOLDER, "DIR", "the repository"},
    [OPTION_VERSIONS] = {"versions", OPTION_TEXT, "N|PATTERN,...",
                         "from the last N older versions (5), or from those that fit"},
    [OPTION_KEY] = {"key", OPTION_FILE, "FILE", "what indexes are signed with; made when it is not there"},
    [OPTION_MEMORY] = {"memory", OPTION_TEXT, "SIZE",
                       "of all at once, like 4G; usually half of the machine's"},
    [OPTION_JOBS] = {"jobs", OPTION_TEXT, "N",
                     "deltas made at once; usually as many as processors and memory allow"},
    [OPTION_PRUNE] = {"prune", OPTION_SWITCH, NULL, "remove what is not wanted any more"},
    {0},
};

struct face {
    const struct command_call *call;
    struct stop stop;
};

static bool on_stop(void *self)
{
    struct face *face = self;

    return stop_asked(&face->stop);
}

static void say_pair(const struct face *face, const struct publish_event *event)
{
    fprintf(face->call->out, "%.*s %.*s: from ", TEXT_ARG(event->new->name), TEXT_ARG(event->new->version));
    if (!text_equal(event->old->name, event->new->name))
        fprintf(face->call->out, "%.*s ", TEXT_ARG(event->old->name));
    fprintf(face->call->out, "%.*s: ", TEXT_ARG(event->old->version));
}

/* What is there already is counted at the end. */
static void on_event(void *self, const struct publish_event *event)
{
    const struct face *face = self;
    FILE *out = face->call->out;

    if (event->what == PUBLISH_KEPT || (event->what == PUBLISH_UNPROFITABLE && event->size == 0))
        return;
    if (event->what == PUBLISH_REFUSED) {
        fprintf(out, "(!) %.*s\n", TEXT_ARG(event->why));
        return;
    }
    say_pair(face, event);
    if (event->what == PUBLISH_FAILED)
        fprintf(out, "no delta: %.*s\n", TEXT_ARG(event->why));
    else
        fprintf(out, "%llu bytes of %llu, %.1f %%%s (%.1f s)\n", (unsigned long long)event->size,
                (unsigned long long)event->new->deb.size,
                (double)event->size * 100 / (double)event->new->deb.size,
                event->what == PUBLISH_UNPROFITABLE ? ": not worth it" : "", (double)event->took_us / 1e6);
    (void)fflush(out);
}

static bool parse_memory(const char *text, size_t *out, struct error *err)
{
    struct text number = text_of(text == NULL ? "" : text);
    char last = number.size > 0 ? number.at[number.size - 1] : 0;
    uint64_t unit = last == 'M' ? MIB : last == 'G' ? 1024 * MIB : 0, value = 0;
    struct error ignored;

    if (text == NULL) {
        *out = (size_t)(os_memory_size() / 2);
        return true;
    }
    if (unit == 0 || !text_to_u64(text_part(number, 0, number.size - 1), &value, &ignored) ||
        value > 1024 * 1024 || value * unit < 256 * MIB)
        return error_set(err, ERROR_INPUT, "--memory takes a number with M or G, at least 256M, not \"%s\"",
                         text);
    *out = (size_t)(value * unit);
    return true;
}

static bool parse_jobs(const char *text, unsigned *out, struct error *err)
{
    uint64_t value = 0;
    struct error ignored;

    if (text == NULL)
        return true;
    if (!text_to_u64(text_of(text), &value, &ignored) || value == 0 || value > 1024)
        return error_set(err, ERROR_INPUT, "--jobs takes a number from 1 to 1024, not \"%s\"", text);
    *out = (unsigned)value;
    return true;
}

static void say_sums(const struct command_call *call, const struct publish_report *report)
{
    size_t there = report->counts[PUBLISH_MADE] + report->counts[PUBLISH_KEPT];

    fprintf(call->out,
            "%zu packages: %zu deltas, %zu of them new, %zu not worth it, %zu failed; %zu indexes written",
            report->packages, there, report->counts[PUBLISH_MADE], report->counts[PUBLISH_UNPROFITABLE],
            report->counts[PUBLISH_FAILED], report->indexes_written);
    if (report->removed > 0)
        fprintf(call->out, "; %zu files removed", report->removed);
    if (report->package_bytes > 0)
        fprintf(call->out, "; %.*s stand for %.*s (%.1f %%)",
                TEXT_ARG(words_size(call->arena, report->delta_bytes)),
                TEXT_ARG(words_size(call->arena, report->package_bytes)),
                (double)report->delta_bytes * 100 / (double)report->package_bytes);
    fprintf(call->out, "\n");
}

/* A key of its own, or that of the server which signs the role deltas of a repository: machines that obey it know that one. */
static bool read_key(const char *path, struct secret_key *out, struct error *err)
{
    return signer_is_file(path) ? signer_read_online(path, out, err) : machine_key_need(path, out, err);
}

static enum command_exit run_with(const struct command_call *call, struct publish_request *request,
                                  struct error *err)
{
    OWN(secret_key_end) struct secret_key key = {0};
    const struct publish_door door = publish_codec_door();
    struct face face = {call, STOP_NONE};
    struct publish_report report;
    char hex[PUBLIC_KEY_HEX_SIZE + 1];

    if (!read_key(command_text(call, OPTION_KEY), &key, err) || !stop_begin(&face.stop, err))
        return COMMAND_FAILED;
    public_key_hex(&key.public_key, hex);
    request->key = &key;
    request->door = &door;
    request->told = on_event;
    request->stop = on_stop;
    request->self = &face;
    bool done = publish(request, call->arena, &report, err);
    stop_end(&face.stop);
    if (!done)
        return COMMAND_FAILED;
    say_sums(call, &report);
    fprintf(call->out, "key: %s\n", hex);
    return COMMAND_DONE;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    const char *versions = command_text(call, OPTION_VERSIONS);
    struct publish_request request = {.from = command_text(call, OPTION_FROM),
                                      .to = command_text(call, OPTION_TO),
                                      .select = {.last = PUBLISH_LAST},
                                      .prune = command_given(call, OPTION_PRUNE),
                                      .now_us = time_now_us()};

    if (request.from == NULL || request.to == NULL || !command_given(call, OPTION_KEY))
        return command_wrong(err, "--from, --to and --key are needed");
    if ((versions != NULL && !publish_select_parse(text_of(versions), call->arena, &request.select, err)) ||
        !parse_memory(command_text(call, OPTION_MEMORY), &request.memory_max, err) ||
        !parse_jobs(command_text(call, OPTION_JOBS), &request.at_once, err))
        return COMMAND_WRONG_USAGE;
    return run_with(call, &request, err);
}

const struct command command_delta_publish = {
    .name = "delta publish",
    .help = "make a delta repository of a folder of packages, or bring one up to date",
    .more = "Deltas lead from each older version of a package, and from its older names as\n"
            "kernels have them, to the newest; those of more than 70 % of their package are\n"
            "not published. What is there already is not made again, so a timer may run it\n"
            "after each mirroring. TO is served by any HTTP server; machines name it in\n"
            "/etc/suture/deltas.yaml with the key that this prints.",
    .options = options,
    .run = run,
};
