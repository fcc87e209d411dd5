#include "wire/fetch.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

#define CHILD_GRACE_MS 5000 /* suture-fetch keeps the times itself; this much later it is killed */

struct text fetch_url_shown(struct arena *arena, struct text url)
{
    size_t scheme = text_find(url, TEXT("://"));

    if (scheme == SIZE_MAX)
        return url;
    struct text rest = text_part(url, scheme + 3, SIZE_MAX), place;
    struct text path = rest;
    if (!text_cut(&path, '/', &place))
        return url;
    size_t at = place.size;
    while (at > 0 && place.at[at - 1] != '@')
        at--;
    return at == 0 ? url
                   : text_format(arena, "%.*s%.*s", (int)(scheme + 3), url.at, (int)(rest.size - at),
                                 rest.at + at);
}

/* ---- file: ---- */

static int hex_value(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

/* "file:///a%20b" and "file:/a%20b" are "/a b" (RFC 8089). */
static bool path_of_url(struct text url, struct arena *arena, char **out, struct error *err)
{
    struct text rest = text_part(url, text_starts(url, TEXT("file://")) ? 7 : 5, SIZE_MAX);
    char *path = arena_take(arena, rest.size + 1);
    size_t size = 0;

    if (path == NULL)
        return arena_full(arena, err);
    if (!text_starts(rest, TEXT("/")))
        return error_set(err, ERROR_INPUT, "a file: address is file:///PATH");
    for (size_t i = 0; i < rest.size; i++) {
        int high = rest.at[i] == '%' && i + 2 < rest.size ? hex_value(rest.at[i + 1]) : -1;
        int low = high >= 0 ? hex_value(rest.at[i + 2]) : -1;
        if (rest.at[i] == '%' && (low < 0 || high * 16 + low == 0))
            return error_set(err, ERROR_INPUT, "\"%%\" at %zu is not followed by two digits", i);
        path[size++] = rest.at[i] == '%' ? (char)(high * 16 + low) : rest.at[i];
        i += rest.at[i] == '%' ? 2 : 0;
    }
    *out = path;
    return true;
}

static bool look_at_file(const struct fetch_request *request, struct arena *arena, struct fetch_result *out,
                         struct error *err)
{
    struct fetch_result got = {.outcome = FETCH_COMPLETE};
    OWN(own_fd) int fd = -1;
    struct file_identity identity;
    char *path = NULL;

    if (!path_of_url(request->url, arena, &path, err) || !file_open(path, &fd, err) ||
        !file_identity_of_fd(fd, &identity, err))
        return false;
    if (identity.size > request->size_limit)
        return error_set(err, ERROR_LIMIT, "%llu bytes, more than %llu", (unsigned long long)identity.size,
                         (unsigned long long)request->size_limit);
    got.etag = text_format(arena, "file-%llx-%llx-%llx-%llx", (unsigned long long)identity.inode,
                           (unsigned long long)identity.size, (unsigned long long)identity.mtime_ns,
                           (unsigned long long)identity.ctime_ns);
    if (got.etag.at == NULL)
        return arena_full(arena, err);
    got.path = path;
    got.size = identity.size;
    if (text_equal(got.etag, request->etag))
        got.outcome = FETCH_UNCHANGED;
    *out = got;
    return true;
}

/* ---- http: and https: ---- */

/* Paths of one name in the spool. */
struct spool {
    const char *whole, *part, *note;
};

static bool spool_of(const char *folder, const char *name, struct arena *arena, struct spool *out,
                     struct error *err)
{
    assert(name[0] != 0 && name[0] != '.' && strchr(name, '/') == NULL);
    out->whole = file_path(arena, folder, name);
    out->part = text_format(arena, "%s/%s.part", folder, name).at;
    out->note = text_format(arena, "%s/%s.note", folder, name).at;
    return (out->whole != NULL && out->part != NULL && out->note != NULL) || arena_full(arena, err);
}

/* What suture-fetch gets of our environment: the proxies, nothing else. */
static bool make_environment(struct arena *arena, const char ***out, struct error *err)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    const size_t name_count = sizeof(names) / sizeof(*names);
    const char **list = ARENA_ARRAY(arena, const char *, name_count + 2);
    size_t count = 0;

    if (list == NULL)
        return arena_full(arena, err);
    list[count++] = "LC_ALL=C";
    for (size_t i = 0; i < name_count; i++) {
        const char *value = os_environment(names[i]);
        if (value == NULL)
            continue;
        struct text line = text_format(arena, "%s=%s", names[i], value);
        if (line.at == NULL)
            return arena_full(arena, err);
        list[count++] = line.at;
    }
    *out = list;
    return true;
}

static uint32_t or_default(uint32_t value, uint32_t standard)
{
    return value != 0 ? value : standard;
}

static struct fetch_order order_of(const struct fetch_request *request, const struct spool *spool)
{
    return (struct fetch_order){
        .url = request->url,
        .etag = request->etag,
        .last_modified = request->last_modified,
        .ca_file = request->ca_file,
        .part = text_of(spool->part),
        .note = text_of(spool->note),
        .size_limit = request->size_limit,
        .time_ms = or_default(request->time_ms, LIMIT_FETCH_TIME_MS),
        .stall_ms = or_default(request->stall_ms, LIMIT_FETCH_STALL_MS),
        .connect_ms = or_default(request->connect_ms, LIMIT_CONNECT_TIME_MS),
        .rate_min = LIMIT_FETCH_RATE_MIN,
    };
}

static bool ask_program(const struct fetch_request *request, const struct fetch_order *order,
                        struct arena *arena, struct fetch_answer *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(FETCH_MESSAGE_MAX);
    const char *argv[] = {request->program, NULL};
    struct child_command command = {
        .argv = argv, .timeout_ms = order->time_ms + CHILD_GRACE_MS, .output_limit = FETCH_MESSAGE_MAX};
    struct child_result result;
    const char **environment = NULL;

    fetch_order_write(&w, order);
    if (!writer_done(&w, &command.input, err) || !make_environment(arena, &environment, err))
        return false;
    command.environment = environment;
    if (!child_run(&command, arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-fetch ended with status %d: %.*s", result.status,
                         (int)(result.errors.size < 120 ? result.errors.size : 120),
                         (const char *)result.errors.at);
    return fetch_answer_parse(result.output, out, err) || error_at(err, "suture-fetch");
}

/* The answer says complete; the file must bear it out. */
static bool accept_part(const struct fetch_request *request, const struct spool *spool,
                        const struct fetch_answer *answer, struct error *err)
{
    struct file_identity identity;

    if (!file_identify(spool->part, &identity, err))
        return false;
    if (identity.size != answer->size || identity.size > request->size_limit)
        return error_set(err, ERROR_CONFLICT, "%s has %llu bytes, suture-fetch said %llu", spool->part,
                         (unsigned long long)identity.size, (unsigned long long)answer->size);
    if (rename(spool->part, spool->whole) != 0 || unlink(spool->note) != 0)
        return error_system(err, "%s", spool->whole);
    return true;
}

static bool fetch_by_program(const struct fetch_request *request, struct arena *arena,
                             struct fetch_result *out, struct error *err)
{
    struct spool spool;
    struct fetch_answer answer;

    if (request->program == NULL)
        return error_set(err, ERROR_ABSENT, "the program suture-fetch is not there");
    if (!spool_of(request->spool, request->name, arena, &spool, err))
        return false;
    struct fetch_order order = order_of(request, &spool);
    if (!ask_program(request, &order, arena, &answer, err))
        return false;
    if (answer.outcome == FETCH_FAILED)
        return error_set(err, answer.kind, "%.*s", TEXT_ARG(answer.problem));
    if (answer.outcome == FETCH_COMPLETE && !accept_part(request, &spool, &answer, err))
        return false;
    if (answer.outcome == FETCH_UNCHANGED && !fetch_drop(request->spool, request->name, err))
        return false;
    *out = (struct fetch_result){
        .outcome = answer.outcome,
        .path = answer.outcome == FETCH_COMPLETE ? spool.whole : NULL,
        .size = answer.size,
        .etag = answer.etag,
        .last_modified = answer.last_modified,
        .url = fetch_url_shown(arena, answer.url),
        .status = answer.status,
        .confined = answer.confined,
    };
    return true;
}

static bool is_scheme(struct text url, struct text scheme)
{
    return text_equal_caseless(text_part(url, 0, scheme.size), scheme);
}

bool fetch_run(const struct fetch_request *request, struct arena *arena, struct fetch_result *out,
               struct error *err)
{
    bool done;

    assert(request->size_limit > 0 && request->size_limit <= LIMIT_FEED_DOWNLOAD);
    if (is_scheme(request->url, TEXT("file:")))
        done = look_at_file(request, arena, out, err);
    else if (is_scheme(request->url, TEXT("http://")) || is_scheme(request->url, TEXT("https://")))
        done = fetch_by_program(request, arena, out, err);
    else
        done = error_set(err, ERROR_INPUT, "is no address that begins with https://, http:// or file:///");
    if (done)
        return true;
    struct text shown = fetch_url_shown(arena, request->url);
    return error_at(err, "%.*s", TEXT_ARG(shown));
}

bool fetch_drop(const char *spool, const char *name, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    struct spool paths;

    if (!spool_of(spool, name, &arena, &paths, err))
        return false;
    const char *const all[] = {paths.whole, paths.part, paths.note};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (unlink(all[i]) != 0 && errno != ENOENT)
            return error_system(err, "%s", all[i]);
    return true;
}
