#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/feed_options.h"
#include "flow/data_state.h"
#include "flow/index_files.h"
#include "format/json.h"
#include "identify/feeds.h"
#include "identify/index_dump.h"

enum { FORMAT_TABLE = 1, FORMAT_JSON };

static bool write_out(const struct command_call *call, const struct writer *w, struct error *err)
{
    struct bytes raw;

    if (!writer_done(w, &raw, err))
        return false;
    (void)fwrite(raw.at, 1, raw.size, call->out); /* the roof looks at whether it was written */
    return true;
}

/* ---- index build ---- */

enum { BUILD_RELEASE, BUILD_OUT, BUILD_FEED };

static const struct command_option build_options[] = {
    [BUILD_RELEASE] = {"release", OPTION_TEXT, "RELEASE", "of this release: debian-12"},
    [BUILD_OUT] = {"out", OPTION_FILE, "FILE", "where to write it"},
    [BUILD_FEED] = {"feed", OPTION_TEXT, "NAME", "the feed of all files, where they do not show it"},
    {0},
};

static bool build(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_INDEX_FILE);
    const char *feed = command_text(call, BUILD_FEED), *out = command_text(call, BUILD_OUT);
    struct index_files_request request = {.release = command_text(call, BUILD_RELEASE),
                                          .paths = call->arguments,
                                          .path_count = call->argument_count};
    struct bytes raw;

    if (feed != NULL && !feed_options_feed(feed, &request.feed, err))
        return false;
    if (!os_helper(call->arena, "suture-parse", &request.parse_program, err) ||
        !index_files_build(&request, &w, err) || !writer_done(&w, &raw, err) ||
        !file_replace(out, raw, 0644, err))
        return false;
    fprintf(call->out, "%s: %zu bytes\n", out, raw.size);
    return true;
}

static enum command_exit run_build(const struct command_call *call, struct error *err)
{
    struct text *releases;
    size_t count = 0;

    if (!command_given(call, BUILD_RELEASE) || !command_given(call, BUILD_OUT))
        return command_wrong(err, "--release and --out are needed");
    if (!feed_options_releases(command_text(call, BUILD_RELEASE), call->arena, &releases, &count, err))
        return COMMAND_FAILED;
    if (count != 1)
        return command_wrong(err, "--release takes one release");
    return build(call, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_index_build = {
    .name = "index build",
    .arguments = "FILE...",
    .help = "compile advisory files into an index of one release",
    .more = "Files may be packed (gz, xz, zst, lz4), zip or tar archives, or folders of JSON files. The\n"
            "result is for suture scan --index.",
    .options = build_options,
    .argument_min = 1,
    .argument_max = 1024,
    .run = run_build,
};

/* ---- which index ---- */

enum { WHICH_INDEX, WHICH_RELEASE, WHICH_FORMAT };

/* --index FILE, else that of --release or of this machine in the state folder. */
static bool find_index(const struct command_call *call, const char **out, struct error *err)
{
    const char *folder, *name;
    struct data_state data;
    struct text *releases = NULL;
    size_t count = 0;

    *out = command_text(call, WHICH_INDEX);
    if (*out != NULL)
        return true;
    if (!feed_options_releases(command_text(call, WHICH_RELEASE), call->arena, &releases, &count, err) ||
        (count == 0 && !feed_options_own_release(call->arena, releases, &count, err)))
        return false;
    if (count != 1)
        return error_set(err, ERROR_INPUT, "which release? --release RELEASE");
    if (!state_folder(call->arena, &folder, err) ||
        !data_state_open(folder, time_now_us(), call->arena, &data, err))
        return false;
    name = text_string(call->arena, releases[0]);
    *out = name == NULL ? NULL : data_state_index(&data, name, call->arena);
    return *out != NULL ||
           error_set(err, ERROR_ABSENT, "there is no index of %.*s; suture feed update --release %.*s",
                     TEXT_ARG(releases[0]), TEXT_ARG(releases[0]));
}

static bool open_index(const struct command_call *call, struct file_map *map, const char **path,
                       struct index *out, struct error *err)
{
    return find_index(call, path, err) && file_map(*path, LIMIT_INDEX_FILE, map, err) &&
           (index_open(map->bytes, out, err) || error_at(err, "%s", *path));
}

/* ---- index show ---- */

static const struct command_option show_options[] = {
    [WHICH_INDEX] = {"index", OPTION_FILE, "FILE", "this index instead of the fetched one"},
    [WHICH_RELEASE] = {"release", OPTION_TEXT, "RELEASE", "that of this release"},
    {0},
};

static bool show_package(const struct command_call *call, const struct index *index, const char *name,
                         struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_INDEX_FILE);
    bool found = false;

    if (!index_dump_source(index, text_of(name), &w, &found, err) || !write_out(call, &w, err))
        return false;
    return found || error_set(err, ERROR_ABSENT, "%s: nothing is said of this source package%s", name,
                              index->complete ? ": no hole of it is known" : "");
}

static enum command_exit run_show(const struct command_call *call, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    OWN(writer_end) struct writer w = writer_with(LIMIT_STATE_FILE);
    struct index index;
    const char *path;

    if (!open_index(call, &map, &path, &index, err))
        return COMMAND_FAILED;
    if (call->argument_count == 0)
        return index_dump(&index, &w, err) && write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
    for (size_t i = 0; i < call->argument_count; i++)
        if (!show_package(call, &index, call->arguments[i], err))
            return COMMAND_FAILED;
    return COMMAND_DONE;
}

const struct command command_index_show = {
    .name = "index show",
    .arguments = "[PACKAGE...]",
    .help = "what the index says of source packages; of all without a name",
    .more = "A line for each status: package, status, version that fixes it, advisory, date, severity,\n"
            "then the vulnerabilities.",
    .options = show_options,
    .argument_max = 1024,
    .run = run_show,
};

/* ---- index stat ---- */

static const struct command_option stat_options[] = {
    [WHICH_INDEX] = {"index", OPTION_FILE, "FILE", "this index instead of the fetched one"},
    [WHICH_RELEASE] = {"release", OPTION_TEXT, "RELEASE", "that of this release"},
    [WHICH_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

/* One table for both formats. */
struct count {
    const char *name, *title;
    uint64_t value;
};
#define COUNTS_MAX 9

static size_t counts_of(const struct index *index, size_t size, struct count out[COUNTS_MAX])
{
    const struct count counts[] = {
        {"bytes", "bytes", size},
        {"packages", "source packages", index->source_count[false]},
        {"kernels", "kernel source packages", index->source_count[true]},
        {"records", "records", index->record_count},
        {"pairs", "pairs of record and id", index->pair_count},
        {"cves", "CVEs", index->cve_count},
        {"other_ids", "other ids", index->other_count},
        {"texts", "texts", index->text_count},
        {"support_rows", "rows on support", index->support_count},
    };

    memcpy(out, counts, sizeof(counts));
    return sizeof(counts) / sizeof(*counts);
}

static void write_time_or_dash(struct writer *w, int64_t us)
{
    if (us == TIME_ABSENT)
        writer_string(w, "-");
    else
        time_write(w, us);
}

static void write_stat_table(struct writer *w, const char *path, const struct index *index, size_t size)
{
    struct origins origins = index_origins(index);
    struct origin feed;
    struct count counts[COUNTS_MAX];
    size_t count = counts_of(index, size, counts);

    writer_format(w, "%s\n%-24s %s, versions as %s, %s\n", path, "release", index->release.name,
                  version_order_name(index->release.order),
                  index->complete ? "complete: what it does not name has no known hole"
                                  : "not complete: what it does not name is unknown");
    writer_format(w, "%-24s ", "data of");
    write_time_or_dash(w, index->generated_us);
    writer_string(w, "\n");
    for (size_t i = 0; i < count; i++)
        writer_format(w, "%-24s %llu\n", counts[i].title, (unsigned long long)counts[i].value);
    while (origins_next(&origins, &feed)) {
        writer_format(w, "feed %-19.*s %llu records of ", TEXT_ARG(feed.name),
                      (unsigned long long)feed.record_count);
        write_time_or_dash(w, feed.generated_us);
        writer_string(w, feed.complete ? ", complete\n" : "\n");
    }
}

static void write_stat_json(struct writer *w, const char *path, const struct index *index, size_t size)
{
    struct origins origins = index_origins(index);
    struct origin feed;
    struct count counts[COUNTS_MAX];
    size_t count = counts_of(index, size, counts);
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.index-stat/1");
    json_name(&j, "file");
    json_put_string(&j, path);
    json_name(&j, "release");
    json_put_string(&j, index->release.name);
    json_name(&j, "order");
    json_put_string(&j, version_order_name(index->release.order));
    json_name(&j, "complete");
    json_put_bool(&j, index->complete);
    json_name(&j, "generated");
    json_put_time(&j, index->generated_us);
    for (size_t i = 0; i < count; i++) {
        json_name(&j, counts[i].name);
        json_put_u64(&j, counts[i].value);
    }
    json_name(&j, "feeds");
    json_open_array(&j);
    while (origins_next(&origins, &feed)) {
        json_open_object(&j);
        json_name(&j, "feed");
        json_put_text(&j, feed.name);
        json_name(&j, "generated");
        json_put_time(&j, feed.generated_us);
        json_name(&j, "records");
        json_put_u64(&j, feed.record_count);
        json_name(&j, "complete");
        json_put_bool(&j, feed.complete);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_string(w, "\n");
}

static enum command_exit run_stat(const struct command_call *call, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct index index;
    const char *path;

    if (!open_index(call, &map, &path, &index, err))
        return COMMAND_FAILED;
    if (command_choice(call, WHICH_FORMAT) == FORMAT_JSON)
        write_stat_json(&w, path, &index, map.bytes.size);
    else
        write_stat_table(&w, path, &index, map.bytes.size);
    return write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_index_stat = {
    .name = "index stat",
    .help = "size, counts and dates of the index",
    .options = stat_options,
    .run = run_stat,
};
