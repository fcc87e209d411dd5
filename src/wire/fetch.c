#include "wire/fetch.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/child.h"
#include "base/control.h"
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

static uint32_t rate_min_of(uint64_t rate_max)
{
    uint64_t half = rate_max / 2;

    return rate_max == 0 || half > LIMIT_FETCH_RATE_MIN ? LIMIT_FETCH_RATE_MIN : (uint32_t)half;
}

static struct fetch_order order_of(const struct fetch_request *request, const struct spool *spool,
                                   uint64_t rate_max)
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
        .rate_min = rate_min_of(rate_max),
        .rate_max = rate_max,
    };
}

/* The answer says complete; the file must bear it out. */
static bool accept_part(const struct fetch_request *request, const struct spool *spool,
                        const struct fetch_answer *answer, struct error *err)
{
    struct file_identity identity;

    if (!file_identify(spool->part, &identity, err))
        return false;
    if ((identity.size != answer->size || identity.size > request->size_limit) &&
        control_holds(CONTROL_FETCH_ACCEPT))
        return error_set(err, ERROR_CONFLICT, "%s has %llu bytes, suture-fetch said %llu", spool->part,
                         (unsigned long long)identity.size, (unsigned long long)answer->size);
    if (rename(spool->part, spool->whole) != 0 || unlink(spool->note) != 0)
        return error_system(err, "%s", spool->whole);
    return true;
}

static bool take_answer(const struct fetch_request *request, const struct spool *spool,
                        const struct fetch_answer *answer, struct arena *arena, struct fetch_result *out,
                        struct error *err)
{
    if (answer->outcome == FETCH_FAILED)
        return error_set(err, answer->kind, "%.*s", TEXT_ARG(answer->problem));
    if (answer->outcome == FETCH_COMPLETE && !accept_part(request, spool, answer, err))
        return false;
    if (answer->outcome == FETCH_UNCHANGED && !fetch_drop(request->spool, request->name, err))
        return false;
    *out = (struct fetch_result){
        .outcome = answer->outcome,
        .path = answer->outcome == FETCH_COMPLETE ? spool->whole : NULL,
        .size = answer->size,
        .etag = answer->etag,
        .last_modified = answer->last_modified,
        .url = fetch_url_shown(arena, answer->url),
        .status = answer->status,
        .confined = answer->confined,
    };
    return true;
}

/* ---- one process and its answers ---- */

struct exchange {
    const struct fetch_batch *batch;
    struct arena *arena;
    struct fetch_done *out;
    struct spool *spools;
    size_t *asked; /* indexes of the requests that went to the process */
    size_t asked_count;
    size_t answered;
    struct writer pending; /* of its output: a frame that is not whole yet */
    bool stopped;
};

static void exchange_end(struct exchange *exchange)
{
    writer_end(&exchange->pending);
}

static bool tell(struct exchange *exchange, size_t index, uint64_t have, struct error *err)
{
    const struct fetch_batch *batch = exchange->batch;

    if (batch->progress == NULL || batch->progress(batch->self, index, have))
        return true;
    exchange->stopped = true;
    return error_set(err, ERROR_CONFLICT, "was asked to stop");
}

/* Texts of the frame do not live: copied with it. */
static bool take_frame(struct exchange *exchange, struct bytes frame, struct error *err)
{
    struct fetch_answer answer;
    uint64_t have;

    if (exchange->answered == exchange->asked_count)
        return error_set(err, ERROR_INPUT, "more answers than orders");
    size_t index = exchange->asked[exchange->answered];
    if (fetch_progress_is(frame))
        return fetch_progress_parse(frame, &have, err) && tell(exchange, index, have, err);
    uint8_t *copy = arena_take(exchange->arena, frame.size + 1);
    if (copy == NULL)
        return arena_full(exchange->arena, err);
    memcpy(copy, frame.at, frame.size);
    if (!fetch_answer_parse((struct bytes){copy, frame.size}, &answer, err))
        return false;
    struct fetch_done *done = &exchange->out[index];
    done->failed = (struct error){0};
    done->result.status = answer.status;
    (void)!take_answer(&exchange->batch->requests[index], &exchange->spools[index], &answer, exchange->arena,
                       &done->result, &done->failed);
    exchange->answered++;
    return tell(exchange, index, answer.size, err);
}

static bool on_output(void *self, struct bytes piece, struct error *err)
{
    struct exchange *exchange = self;
    struct bytes frame, all;
    size_t taken = 0;
    bool found = true;

    writer_put(&exchange->pending, piece);
    if (!writer_done(&exchange->pending, &all, err))
        return false;
    while (found) {
        if (!fetch_frame_next(all, &frame, &taken, &found, err) ||
            (found && !take_frame(exchange, frame, err)))
            return false;
        all.at += found ? taken : 0;
        all.size -= found ? taken : 0;
    }
    memmove(exchange->pending.at, all.at, all.size);
    exchange->pending.size = all.size;
    return true;
}

static bool check_end(const struct exchange *exchange, const struct child_result *result, struct error *err)
{
    if (result->status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-fetch ended with status %d: %.*s", result->status,
                         (int)(result->errors.size < 120 ? result->errors.size : 120),
                         (const char *)result->errors.at);
    return exchange->answered == exchange->asked_count ||
           error_set(err, ERROR_SYSTEM, "suture-fetch ended without an answer");
}

static uint32_t add_time(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static bool ask_program(struct exchange *exchange, struct error *err)
{
    const struct fetch_batch *batch = exchange->batch;
    OWN(writer_end)
    struct writer w = writer_with(exchange->asked_count * (FETCH_MESSAGE_MAX + sizeof(uint32_t)));
    const char *program = batch->requests[exchange->asked[0]].program;
    struct child_command command = {.argv = (const char *const[]){program, NULL},
                                    .timeout_ms = CHILD_GRACE_MS,
                                    .output_limit = FETCH_MESSAGE_MAX,
                                    .on_output = on_output,
                                    .self = exchange};
    struct child_result result;
    const char **environment = NULL;

    for (size_t i = 0; i < exchange->asked_count; i++) {
        size_t index = exchange->asked[i], place = fetch_frame_begin(&w);
        struct fetch_order order =
            order_of(&batch->requests[index], &exchange->spools[index], batch->rate_max);
        fetch_order_write(&w, &order);
        fetch_frame_end(&w, place);
        command.timeout_ms = add_time(command.timeout_ms, order.time_ms);
    }
    if (!writer_done(&w, &command.input, err) || !make_environment(exchange->arena, &environment, err))
        return false;
    command.environment = environment;
    return child_run(&command, exchange->arena, &result, err) && check_end(exchange, &result, err);
}

/* ---- what is asked ---- */

static bool is_scheme(struct text url, struct text scheme)
{
    return text_equal_caseless(text_part(url, 0, scheme.size), scheme);
}

/* A file: is looked at here; what the network has is noted for the process. */
static bool begin_one(struct exchange *exchange, size_t index, struct error *err)
{
    const struct fetch_request *request = &exchange->batch->requests[index];
    struct fetch_done *done = &exchange->out[index];
    struct error *failed = &done->failed;

    assert(request->size_limit > 0 && request->size_limit <= LIMIT_FETCH_SIZE);
    *done = (struct fetch_done){0};
    if (is_scheme(request->url, TEXT("file:"))) {
        if (look_at_file(request, exchange->arena, &done->result, failed))
            return tell(exchange, index, done->result.size, err);
    } else if (!is_scheme(request->url, TEXT("http://")) && !is_scheme(request->url, TEXT("https://"))) {
        (void)error_set(failed, ERROR_INPUT, "is no address that begins with https://, http:// or file:///");
    } else if (request->program == NULL) {
        (void)error_set(failed, ERROR_ABSENT, "the program suture-fetch is not there");
    } else {
        exchange->asked[exchange->asked_count++] = index;
        return spool_of(request->spool, request->name, exchange->arena, &exchange->spools[index], err);
    }
    return true;
}

/* Those that the process did not come to fail as it did; then each is told with its address. */
static bool end_all(struct exchange *exchange, const struct error *problem, struct error *err)
{
    for (size_t i = exchange->answered; i < exchange->asked_count; i++)
        exchange->out[exchange->asked[i]].failed = *problem;
    for (size_t i = 0; i < exchange->batch->count; i++) {
        struct error *failed = &exchange->out[i].failed;
        if (failed->kind == ERROR_NONE)
            continue;
        struct text shown = fetch_url_shown(exchange->arena, exchange->batch->requests[i].url);
        if (shown.at == NULL)
            return arena_full(exchange->arena, err);
        (void)error_at(failed, "%.*s", TEXT_ARG(shown));
    }
    return true;
}

bool fetch_run_batch(const struct fetch_batch *batch, struct arena *arena, struct fetch_done *out,
                     struct error *err)
{
    OWN(exchange_end)
    struct exchange exchange = {
        .batch = batch,
        .arena = arena,
        .out = out,
        .spools = ARENA_ARRAY(arena, struct spool, batch->count),
        .asked = ARENA_ARRAY(arena, size_t, batch->count),
        .pending = writer_with(2 * (FETCH_MESSAGE_MAX + sizeof(uint32_t))),
    };
    struct error problem = {0};

    assert(batch->count <= FETCH_ORDERS_MAX);
    if (exchange.spools == NULL || exchange.asked == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < batch->count; i++)
        if (!begin_one(&exchange, i, err))
            return false;
    if (exchange.asked_count > 0 && !ask_program(&exchange, &problem) && exchange.stopped) {
        *err = problem;
        return false;
    }
    return end_all(&exchange, &problem, err);
}

bool fetch_run(const struct fetch_request *request, struct arena *arena, struct fetch_result *out,
               struct error *err)
{
    const struct fetch_batch batch = {.requests = request, .count = 1};
    struct fetch_done done;

    if (!fetch_run_batch(&batch, arena, &done, err))
        return false;
    if (done.failed.kind != ERROR_NONE) {
        *err = done.failed;
        return false;
    }
    *out = done.result;
    return true;
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
