#include "wire/transfer.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"

#define BODY_IGNORED_MAX                                                                                     \
    (64 * 1024) /* of an answer that is not the document: a redirect's or an error's page */

/* Half a second of what is allowed, but never so little that every packet waits, nor more than the kernel takes by itself. */
#define RECEIVE_BUFFER_MIN (16 * 1024)
#define RECEIVE_BUFFER_MAX (4 * 1024 * 1024)
#define TELL_MS            200

/* What one order is doing. */
struct transfer {
    struct transfer_session *session;
    const struct fetch_order *order;
    const struct transfer_files *files;
    struct arena *arena;
    CURL *curl;
    struct fetch_note note; /* of the part as it is on disk */
    uint64_t have;          /* bytes in the part that hold */
    int64_t end_ms;         /* when the whole order must be done */

    /* of the request under way */
    uint64_t ignored;
    bool decided;   /* the first byte of a body came and its place is known */
    bool wanted;    /* the body is the document */
    uint64_t end;   /* no byte of it lies here or behind */
    uint64_t whole; /* bytes of the document, where a part of it says so; else 0 */
    int64_t span_begin_ms;
    uint64_t span_bytes;
    uint64_t received;
    bool stalled;
    struct error problem; /* why a callback ended the transfer */
};

static int64_t monotonic_us(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t monotonic_ms(void)
{
    return monotonic_us() / 1000;
}

/* ---- the rate ---- */

/*
 * Waits until these bytes may have been taken. Time that nobody used is not saved up, so that a pause is not followed by
 * a burst. Waiting in the middle of a body is what slows the sender: the kernel's buffer is kept small for it.
 */
static void keep_pace(struct transfer_session *session, size_t size)
{
    int64_t now_us = monotonic_us();

    if (session->rate_max == 0)
        return;
    if (session->free_us < now_us)
        session->free_us = now_us;
    session->free_us += (int64_t)((uint64_t)size * 1000000 / session->rate_max);
    struct timespec left = {(session->free_us - now_us) / 1000000,
                            (session->free_us - now_us) % 1000000 * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static int on_socket(void *self, curl_socket_t socket, curlsocktype purpose)
{
    const struct transfer_session *session = self;
    int size = session->rate_max < 2 * RECEIVE_BUFFER_MIN   ? RECEIVE_BUFFER_MIN
               : session->rate_max > 2 * RECEIVE_BUFFER_MAX ? RECEIVE_BUFFER_MAX
                                                            : (int)(session->rate_max / 2);

    (void)purpose;
    if (session->rate_max > 0) /* a kernel that will not only makes the first second faster */
        (void)setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    return CURL_SOCKOPT_OK;
}

/* ---- the note: what the part is ---- */

static bool write_at(int fd, struct bytes bytes, uint64_t place, struct error *err)
{
    while (bytes.size > 0) {
        ssize_t put = pwrite(fd, bytes.at, bytes.size, (off_t)place);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_system(err, "spool file");
        bytes.at += put;
        bytes.size -= (size_t)put;
        place += (uint64_t)put;
    }
    return true;
}

/* A part whose note does not hold, or is of another address, is nothing: it is written anew. */
static void read_note(struct transfer *t)
{
    struct error ignored;
    struct stat found;
    uint8_t *raw = arena_take(t->arena, FETCH_MESSAGE_MAX);
    ssize_t got = raw == NULL ? -1 : pread(t->files->note, raw, FETCH_MESSAGE_MAX, 0);

    if (got > 0 && fstat(t->files->part, &found) == 0 &&
        fetch_note_parse((struct bytes){raw, (size_t)got}, &t->note, &ignored) &&
        text_equal(t->note.url, t->order->url) && t->note.validator.size > 0 && found.st_size > 0 &&
        (uint64_t)found.st_size < t->order->size_limit)
        t->have = (uint64_t)found.st_size;
    else
        t->note = (struct fetch_note){0};
}

/* Written before the first byte of the part, so that a part never stands beside the note of another document. */
static bool write_note(struct transfer *t, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(FETCH_MESSAGE_MAX);
    struct bytes raw;

    fetch_note_write(&w, &t->note);
    if (!writer_done(&w, &raw, err))
        return false;
    if (ftruncate(t->files->note, 0) != 0 || ftruncate(t->files->part, 0) != 0)
        return error_system(err, "spool file");
    return write_at(t->files->note, raw, 0, err);
}

/* ---- the answer's head ---- */

/* A header of the last answer, or absent; one that is no text within its limit counts as absent. */
static struct text header(const struct transfer *t, const char *name)
{
    struct curl_header *found;
    struct text text = {0};
    struct error ignored;

    if (curl_easy_header(t->curl, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK ||
        !text_from_bytes(bytes_of_text(text_of(found->value)), LIMIT_HTTP_FIELD, &text, &ignored))
        return (struct text){0};
    return text_copy(t->arena, text);
}

static long status_of(const struct transfer *t)
{
    long status = 0;

    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/*
 * RFC 9110, 8.8: a date is a strong validator only when it is a minute older than the answer; before that the document
 * may have changed twice in one second. A weak tag says nothing about bytes.
 */
static struct text strong_validator(const struct transfer *t, struct text etag, struct text modified)
{
    if (etag.size > 0)
        return text_starts(etag, TEXT("W/")) ? (struct text){0} : etag;
    struct text date = header(t, "Date");
    if (modified.size == 0 || date.size == 0)
        return (struct text){0};
    time_t modified_at = curl_getdate(modified.at, NULL), date_at = curl_getdate(date.at, NULL);
    return modified_at > 0 && date_at - modified_at >= 60 ? modified : (struct text){0};
}

/* A part of the document that was begun: a server that knows better says so by its tag, or by its date. */
static bool is_same_document(const struct transfer *t)
{
    struct text etag = header(t, "ETag"), modified = header(t, "Last-Modified");

    if (etag.size > 0)
        return text_equal(etag, t->note.etag);
    return modified.size == 0 || text_equal(modified, t->note.last_modified);
}

/* "bytes 1000-1999/2000": first, last, whole. A document whose size the server does not know ("*") is none to go on with. */
static bool parse_range(struct text range, uint64_t numbers[3])
{
    struct text rest = text_part(range, text_starts(range, TEXT("bytes ")) ? 6 : range.size, SIZE_MAX);
    struct text first, last;
    struct error ignored;

    return text_cut(&rest, '-', &first) && text_cut(&rest, '/', &last) &&
           text_to_u64(first, &numbers[0], &ignored) && text_to_u64(last, &numbers[1], &ignored) &&
           text_to_u64(rest, &numbers[2], &ignored) && numbers[0] <= numbers[1] && numbers[1] < numbers[2];
}

/* The part must begin where we are. It may end before the document does: then the rest is asked for. */
static bool check_range(struct transfer *t, struct error *err)
{
    struct text range = header(t, "Content-Range");
    uint64_t numbers[3];

    if (!parse_range(range, numbers) || numbers[0] != t->have || !is_same_document(t))
        return error_set(err, ERROR_INPUT, "the server sends another part than was asked for: \"%.*s\"",
                         TEXT_ARG(range));
    if (numbers[2] > t->order->size_limit)
        return error_set(err, ERROR_LIMIT, "%llu bytes, more than %llu", (unsigned long long)numbers[2],
                         (unsigned long long)t->order->size_limit);
    t->end = numbers[1] + 1;
    t->whole = numbers[2];
    return true;
}

static bool check_length(const struct transfer *t, struct error *err)
{
    curl_off_t length = -1;

    (void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length <= 0 || (uint64_t)length <= t->order->size_limit ||
           error_set(err, ERROR_LIMIT, "%llu bytes, more than %llu", (unsigned long long)length,
                     (unsigned long long)t->order->size_limit);
}

static bool refuse(long status, struct error *err)
{
    return error_set(err, status == 404 || status == 410 ? ERROR_ABSENT : ERROR_SYSTEM,
                     "the server answers %ld", status);
}

/* The first byte of a body is here: where does it go? */
static bool decide(struct transfer *t, struct error *err)
{
    long status = status_of(t);

    t->decided = true;
    t->wanted = status == 200 || (status == 206 && t->have > 0);
    /* A redirect's page is passed over, and that of 416 (our part is longer than the document); others count at once. */
    if (!t->wanted)
        return status / 100 == 3 || status == 416 || refuse(status, err);
    if (status == 206)
        return check_range(t, err);
    t->have = 0;
    t->end = t->order->size_limit;
    if (!check_length(t, err))
        return false;
    t->note = (struct fetch_note){
        .url = t->order->url, .etag = header(t, "ETag"), .last_modified = header(t, "Last-Modified")};
    t->note.validator = strong_validator(t, t->note.etag, t->note.last_modified);
    return write_note(t, err);
}

static void tell(struct transfer *t)
{
    struct transfer_session *session = t->session;
    int64_t now_ms = monotonic_ms();

    if (session->progress == NULL || now_ms - session->told_ms < TELL_MS)
        return;
    session->told_ms = now_ms;
    session->progress(t->have);
}

static bool take(struct transfer *t, struct bytes bytes, struct error *err)
{
    if (!t->decided && !decide(t, err))
        return false;
    t->received += bytes.size;
    if (!t->wanted) {
        t->ignored += bytes.size;
        return t->ignored <= BODY_IGNORED_MAX ||
               error_set(err, ERROR_LIMIT, "the server's page does not end");
    }
    if (bytes.size > t->end - t->have && control_holds(CONTROL_FETCH_SIZE))
        return error_set(err, ERROR_LIMIT, "more than %llu bytes", (unsigned long long)t->end);
    if (!write_at(t->files->part, bytes, t->have, err))
        return false;
    t->have += bytes.size;
    tell(t);
    keep_pace(t->session, bytes.size);
    return true;
}

/* ---- callbacks of curl ---- */

static size_t on_body(char *at, size_t one, size_t count, void *self)
{
    struct transfer *t = self;

    (void)one; /* always 1 */
    return take(t, (struct bytes){(const uint8_t *)at, count}, &t->problem) ? count : CURL_WRITEFUNC_ERROR;
}

/* About once a second, and whenever something comes. */
static int on_progress(void *self, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    struct transfer *t = self;
    int64_t now_ms = monotonic_ms();
    uint64_t came = t->received - t->span_bytes;

    (void)down_total, (void)down, (void)up_total, (void)up;
    tell(t); /* also while nothing comes: whoever waits can say that it is enough */
    if (now_ms - t->span_begin_ms < t->order->stall_ms)
        return 0;
    if (!control_holds(CONTROL_FETCH_PACE))
        return 0;
    if (came == 0 || came * 1000 < (uint64_t)t->order->rate_min * (uint64_t)(now_ms - t->span_begin_ms)) {
        t->stalled = true;
        return 1;
    }
    t->span_begin_ms = now_ms;
    t->span_bytes = t->received;
    return 0;
}

/* ---- one request ---- */

static void own_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
    *list = NULL;
}

static bool add_header(struct curl_slist **list, const char *name, struct text value, struct error *err)
{
    char line[LIMIT_HTTP_FIELD + 64];

    if (value.size == 0)
        return true;
    (void)snprintf(line, sizeof(line), "%s: %.*s", name, TEXT_ARG(value));
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    *list = longer;
    return true;
}

static bool make_headers(const struct transfer *t, struct curl_slist **list, struct error *err)
{
    char range[32] = "";

    if (t->have > 0)
        (void)snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)t->have);
    return add_header(list, "Accept-Encoding", TEXT("identity"), err) &&
           add_header(list, "If-None-Match", t->order->etag, err) &&
           (t->order->etag.size > 0 || add_header(list, "If-Modified-Since", t->order->last_modified, err)) &&
           add_header(list, "Range", text_of(range), err) &&
           (t->have == 0 || add_header(list, "If-Range", t->note.validator, err));
}

/* What curl calls its problems, and what they are to us. Those not here are ERROR_SYSTEM: the network failed. */
static const struct {
    CURLcode code;
    enum error_kind kind;
} problems[] = {
    {CURLE_PEER_FAILED_VERIFICATION, ERROR_TRUST},
    {CURLE_SSL_CACERT_BADFILE, ERROR_TRUST},
    {CURLE_SSL_ISSUER_ERROR, ERROR_TRUST},
    {CURLE_FILESIZE_EXCEEDED, ERROR_LIMIT},
    {CURLE_OPERATION_TIMEDOUT, ERROR_LIMIT},
    {CURLE_OUT_OF_MEMORY, ERROR_LIMIT},
    {CURLE_URL_MALFORMAT, ERROR_INPUT},
    {CURLE_UNSUPPORTED_PROTOCOL, ERROR_INPUT},
    {CURLE_WEIRD_SERVER_REPLY, ERROR_INPUT},
    {CURLE_HTTP2, ERROR_INPUT},
};

static bool explain(const struct transfer *t, CURLcode code, const char *said, struct error *err)
{
    enum error_kind kind = ERROR_SYSTEM;

    if (t->problem.kind != ERROR_NONE) {
        *err = t->problem;
        return false;
    }
    if (t->stalled)
        return error_set(err, ERROR_LIMIT, "too slow: less than %u bytes a second for %u ms",
                         t->order->rate_min, t->order->stall_ms);
    if (code == CURLE_PARTIAL_FILE)
        return error_set(err, ERROR_SYSTEM, "the connection ended after %llu bytes, too early",
                         (unsigned long long)t->have);
    for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++)
        if (problems[i].code == code)
            kind = problems[i].kind;
    return error_set(err, kind, "%s", said[0] != 0 ? said : curl_easy_strerror(code));
}

/* The system's certificates in one file: GnuTLS reads them in a third of the time that a folder of them takes. */
static const char *find_bundle(void)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian and what comes of it, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora and its kin */
        "/etc/ssl/ca-bundle.pem",             /* SUSE */
    };

    for (size_t i = 0; i < sizeof(bundles) / sizeof(*bundles); i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return NULL; /* curl's own default */
}

static CURLcode set_certificates(const struct transfer *t)
{
    bool given = t->order->ca_file.size > 0;
    const char *file = given ? text_string(t->arena, t->order->ca_file) : find_bundle();
    CURLcode code;

    if (file == NULL)
        return given ? CURLE_OUT_OF_MEMORY : CURLE_OK;
    code = curl_easy_setopt(t->curl, CURLOPT_CAINFO, file);
    return code == CURLE_OK ? curl_easy_setopt(t->curl, CURLOPT_CAPATH, NULL) : code;
}

static CURLcode set_options(struct transfer *t, const char *url, struct curl_slist *headers, char *said)
{
    CURL *curl = t->curl;
    int64_t left_ms = t->end_ms - monotonic_ms();
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_NOPROGRESS, 0},
        {CURLOPT_FOLLOWLOCATION, 0}, /* done here: curl's own would allow https -> http after http -> https */
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_HTTP_CONTENT_DECODING, 0},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_CONNECTTIMEOUT_MS, (long)t->order->connect_ms},
        {CURLOPT_TIMEOUT_MS, left_ms > 0 ? (long)left_ms : 1},
    };
    const struct {
        CURLoption option;
        const void *value;
    } pointers[] = {
        {CURLOPT_URL, url},
        {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_HTTPHEADER, headers},
        {CURLOPT_USERAGENT, "suture"},
        {CURLOPT_ERRORBUFFER, said},
        {CURLOPT_WRITEDATA, t},
        {CURLOPT_XFERINFODATA, t},
        {CURLOPT_SOCKOPTDATA, t->session},
    };
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < sizeof(numbers) / sizeof(*numbers); i++)
        code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
    for (size_t i = 0; code == CURLE_OK && i < sizeof(pointers) / sizeof(*pointers); i++)
        code = curl_easy_setopt(curl, pointers[i].option, pointers[i].value);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
    return code == CURLE_OK ? set_certificates(t) : code;
}

static bool request(struct transfer *t, const char *url, struct error *err)
{
    OWN(own_list) struct curl_slist *headers = NULL;
    char said[CURL_ERROR_SIZE] = "";

    if (!make_headers(t, &headers, err))
        return false;
    curl_easy_reset(t->curl);
    t->ignored = t->whole = 0;
    t->decided = t->wanted = t->stalled = false;
    t->problem = (struct error){0};
    t->span_begin_ms = monotonic_ms();
    t->span_bytes = t->received;
    CURLcode code = set_options(t, url, headers, said);
    if (code == CURLE_OK)
        code = curl_easy_perform(t->curl);
    return code == CURLE_OK || explain(t, code, said, err);
}

/* ---- redirects ---- */

static bool is_scheme(const char *url, const char *scheme)
{
    return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

/* Where the answer sends us; *next is NULL when it does not. */
static bool redirect_of(const struct transfer *t, const char *from, char **next, struct error *err)
{
    char *target = NULL;
    struct text checked;

    *next = NULL;
    if (status_of(t) / 100 != 3 || status_of(t) == 304)
        return true;
    (void)curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &target);
    if (target == NULL)
        return true; /* a 300 without an address: judged by its status */
    if (!text_from_bytes(bytes_of_text(text_of(target)), LIMIT_URL, &checked, err))
        return error_at(err, "redirect");
    if (is_scheme(from, "https:") && !is_scheme(target, "https:"))
        return error_set(err, ERROR_TRUST, "redirect from https to %.100s", target);
    if (!is_scheme(target, "http:") && !is_scheme(target, "https:"))
        return error_set(err, ERROR_TRUST, "redirect to %.100s", target);
    *next = text_string(t->arena, checked);
    return *next != NULL || arena_full(t->arena, err);
}

/* Follows redirects to the answer that counts. *at is where it came from. */
static bool follow(struct transfer *t, char **at, struct error *err)
{
    char *next = *at;

    for (unsigned hops = 0; next != NULL; hops++) {
        if (hops > LIMIT_REDIRECTS)
            return error_set(err, ERROR_LIMIT, "more than %d redirects", LIMIT_REDIRECTS);
        *at = next;
        if (!request(t, *at, err) || !redirect_of(t, *at, &next, err))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

static bool is_whole(const struct transfer *t, struct error *err)
{
    return t->whole == 0 || t->have == t->whole ||
           error_set(err, ERROR_SYSTEM, "the server sent %llu of %llu bytes", (unsigned long long)t->have,
                     (unsigned long long)t->whole);
}

/* A broken connection is taken up again while each try brings bytes and the part can be gone on with. */
static bool follow_with_patience(struct transfer *t, char **at, struct error *err)
{
    char *begin = *at;

    for (unsigned tries = 1;; tries++) {
        uint64_t before = t->have;
        *at = begin;
        if (follow(t, at, err) && is_whole(t, err))
            return true;
        if (err->kind != ERROR_SYSTEM || !t->wanted || t->have <= before || t->note.validator.size == 0 ||
            tries == LIMIT_FETCH_TRIES || monotonic_ms() >= t->end_ms)
            return false;
    }
}

static bool judge(struct transfer *t, long status, struct fetch_answer *got, struct error *err)
{
    if (status == 304 && (t->order->etag.size > 0 || t->order->last_modified.size > 0)) {
        got->outcome = FETCH_UNCHANGED;
        got->etag = header(t, "ETag");
        got->last_modified = header(t, "Last-Modified");
        return true;
    }
    if (status != 200 && (status != 206 || t->have == 0))
        return refuse(status, err);
    /* An empty body never reached the callback. */
    if (!t->decided && (!decide(t, err) || !is_whole(t, err)))
        return false;
    got->outcome = FETCH_COMPLETE;
    got->etag = t->note.etag;
    got->last_modified = t->note.last_modified;
    return true;
}

/* The part ends behind the document: nothing to go on with; the next try begins anew. */
static bool begin_anew(struct transfer *t, struct error *err)
{
    t->have = 0;
    t->note = (struct fetch_note){0};
    return (ftruncate(t->files->note, 0) == 0 && ftruncate(t->files->part, 0) == 0) ||
           error_system(err, "spool file");
}

bool transfer_begin(struct transfer_session *session, struct error *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code != CURLE_OK)
        return error_set(err, ERROR_SYSTEM, "%s", curl_easy_strerror(code));
    session->curl = curl_easy_init();
    return session->curl != NULL || error_set(err, ERROR_LIMIT, "out of memory");
}

void transfer_end(struct transfer_session *session)
{
    curl_easy_cleanup(session->curl);
    session->curl = NULL;
}

bool transfer_run(struct transfer_session *session, const struct transfer_order *what, struct arena *arena,
                  struct fetch_answer *out, struct error *err)
{
    const struct fetch_order *order = &what->order;
    struct transfer t = {.session = session,
                         .order = order,
                         .files = &what->files,
                         .arena = arena,
                         .curl = session->curl,
                         .end_ms = monotonic_ms() + order->time_ms};
    char *begin = text_string(arena, order->url);
    char *at = begin;

    if (begin == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!is_scheme(begin, "http:") && !is_scheme(begin, "https:"))
        return error_set(err, ERROR_INPUT, "only http: and https: are fetched");
    read_note(&t);
    bool followed = follow_with_patience(&t, &at, err);
    if (followed && status_of(&t) == 416 && t.have > 0) {
        at = begin;
        followed = begin_anew(&t, err) && follow_with_patience(&t, &at, err);
    }
    struct error ignored;
    if (!followed && t.problem.kind != ERROR_NONE && t.wanted)
        (void)begin_anew(&t,
                         &ignored); /* too large, no place, another part: going on would end the same way */
    out->status = (uint16_t)status_of(&t);
    out->size = t.have;
    if (!followed || !judge(&t, out->status, out, err))
        return false;
    out->size = t.have;
    if (at != begin)
        out->url = text_of(at);
    return true;
}
