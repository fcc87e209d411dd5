#include "wire/link_call.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/limits.h"
#include "base/own.h"

/* One call under way. */
struct call {
    struct link_session *session;
    const struct link_order *order;
    struct arena *arena;
    struct writer body; /* of the answer */
    size_t sent;        /* of the order's body */
};

static void call_end(struct call *call)
{
    writer_end(&call->body);
}

static void own_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
    *list = NULL;
}

/* ---- what curl calls back ---- */

static size_t on_body(char *at, size_t size, size_t count, void *self)
{
    struct call *call = self;

    writer_put(&call->body, (struct bytes){(const uint8_t *)at, size * count});
    return writer_ok(&call->body) ? size * count : 0;
}

static size_t on_upload(char *at, size_t size, size_t count, void *self)
{
    struct call *call = self;
    size_t left = call->order->body.size - call->sent, piece = size * count < left ? size * count : left;

    memcpy(at, call->order->body.at + call->sent, piece);
    call->sent += piece;
    return piece;
}

/* A connection that was kept may have ended when it is used again: curl then sends the body from its beginning. */
static int on_seek(void *self, curl_off_t offset, int origin)
{
    struct call *call = self;

    if (origin != SEEK_SET || offset != 0)
        return CURL_SEEKFUNC_FAIL;
    call->sent = 0;
    return CURL_SEEKFUNC_OK;
}

/* ---- the request ---- */

static bool add_line(struct curl_slist **list, const char *line, struct error *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    *list = longer;
    return true;
}

static bool make_headers(const struct call *call, struct curl_slist **list, struct error *err)
{
    const struct link_order *order = call->order;
    char line[LIMIT_HTTP_FIELD + 64], authorization[LIMIT_HTTP_FIELD + 64];
    bool json = order->body.size > 0 && order->body.at[0] == '{'; /* agents' messages begin with letters */
    const char *type =
        json ? "Content-Type: application/json" : "Content-Type: application/octet-stream";

    (void)snprintf(line, sizeof(line), "If-None-Match: %.*s", TEXT_ARG(order->if_none_match));
    (void)snprintf(authorization, sizeof(authorization), "Authorization: %.*s",
                   TEXT_ARG(order->authorization));
    return add_line(list, "Accept-Encoding: identity", err) && add_line(list, "Expect:", err) &&
           add_line(list, type, err) &&
           (order->authorization.size == 0 || add_line(list, authorization, err)) &&
           (order->if_none_match.size == 0 || add_line(list, line, err));
}

/* One option of curl: a number, or a pointer when there is one. */
struct setting {
    CURLoption option;
    long number;
    const void *pointer;
};

static CURLcode set_all(CURL *curl, const struct setting *settings, size_t count)
{
    CURLcode code = CURLE_OK;

    for (size_t i = 0; code == CURLE_OK && i < count; i++)
        code = settings[i].pointer != NULL ? curl_easy_setopt(curl, settings[i].option, settings[i].pointer)
                                           : curl_easy_setopt(curl, settings[i].option, settings[i].number);
    return code;
}
#define SET_ALL(curl, settings) set_all(curl, settings, sizeof(settings) / sizeof(*(settings)))

static CURLcode set_options(struct call *call, const char *url, char *said)
{
    const struct setting settings[] = {
        {CURLOPT_NOSIGNAL, 1, NULL},
        {CURLOPT_NOPROGRESS, 1, NULL},
        {CURLOPT_FOLLOWLOCATION, 0, NULL},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2, NULL},
        {CURLOPT_HTTP_CONTENT_DECODING, 0, NULL},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1, NULL},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED, NULL},
        {CURLOPT_CONNECTTIMEOUT_MS, (long)call->order->connect_ms, NULL},
        {CURLOPT_TIMEOUT_MS, (long)call->order->time_ms, NULL},
        {CURLOPT_URL, 0, url},
        {CURLOPT_PROTOCOLS_STR, 0, "http,https"},
        {CURLOPT_USERAGENT, 0, "suture"},
        {CURLOPT_ERRORBUFFER, 0, said},
        {CURLOPT_WRITEDATA, 0, call},
    };
    CURLcode code = SET_ALL(call->session->curl, settings);

    return code == CURLE_OK ? curl_easy_setopt(call->session->curl, CURLOPT_WRITEFUNCTION, on_body) : code;
}

/* The fleet's CA alone is believed: not the system's, and no folder of them. */
static CURLcode set_trust(struct call *call)
{
    const struct link_session *session = call->session;
    const struct setting learning[] = {
        {CURLOPT_SSL_VERIFYPEER, 0, NULL},
        {CURLOPT_SSL_VERIFYHOST, 0, NULL},
        {CURLOPT_CERTINFO, 1, NULL},
        {CURLOPT_CONNECT_ONLY, 1, NULL},
    };
    const struct setting pinned[] = {
        {CURLOPT_SSL_VERIFYPEER, 1, NULL},
        {CURLOPT_SSL_VERIFYHOST, 2, NULL},
        {CURLOPT_CAINFO, 0, session->ca},
    };
    const struct setting identity[] = {
        {CURLOPT_SSLCERT, 0, session->identity},
        {CURLOPT_SSLKEY, 0, session->identity},
    };

    if (call->order->learn)
        return SET_ALL(session->curl, learning);
    if (session->ca == NULL)
        return CURLE_OK;
    CURLcode code = curl_easy_setopt(session->curl, CURLOPT_CAPATH, NULL);
    if (code == CURLE_OK)
        code = SET_ALL(session->curl, pinned);
    return code == CURLE_OK && session->identity != NULL ? SET_ALL(session->curl, identity) : code;
}

static CURLcode set_method(struct call *call)
{
    CURL *curl = call->session->curl;
    const struct setting post[] = {
        {CURLOPT_POST, 1, NULL},
        {CURLOPT_POSTFIELDSIZE, (long)call->order->body.size, NULL},
        {CURLOPT_READDATA, 0, call},
        {CURLOPT_SEEKDATA, 0, call},
    };
    const struct setting put[] = {
        {CURLOPT_UPLOAD, 1, NULL},
        {CURLOPT_INFILESIZE, (long)call->order->body.size, NULL},
        {CURLOPT_READDATA, 0, call},
        {CURLOPT_SEEKDATA, 0, call},
    };

    if (call->order->method == LINK_GET)
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    if (call->order->method == LINK_DELETE)
        return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    CURLcode code = call->order->method == LINK_POST ? SET_ALL(curl, post) : SET_ALL(curl, put);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
    return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek) : code;
}

/* ---- the answer ---- */

static struct text header(const struct call *call, const char *name)
{
    struct curl_header *found;
    struct text text = {0};
    struct error ignored;

    if (curl_easy_header(call->session->curl, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK ||
        !text_from_bytes(bytes_of_text(text_of(found->value)), LIMIT_HTTP_FIELD, &text, &ignored))
        return (struct text){0};
    return text_copy(call->arena, text);
}

static uint64_t number_header(const struct call *call, const char *name)
{
    uint64_t value = 0;
    struct error ignored;

    return text_to_u64(header(call, name), &value, &ignored) ? value : 0;
}

/* The last certificate of the chain, as PEM; absent when there was none. */
static struct bytes last_certificate(struct call *call)
{
    static const char name[] = "Cert:";
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(call->session->curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs <= 0)
        return (struct bytes){0};
    for (const struct curl_slist *line = chain->certinfo[chain->num_of_certs - 1]; line != NULL;
         line = line->next)
        if (strncmp(line->data, name, sizeof(name) - 1) == 0)
            return bytes_of_text(text_copy(call->arena, text_of(line->data + sizeof(name) - 1)));
    return (struct bytes){0};
}

static bool take_answer(struct call *call, struct link_answer *out, struct error *err)
{
    struct link_answer got = {0};
    long status = 0;

    if (call->order->learn) {
        got.body = last_certificate(call);
        *out = got;
        return got.body.size > 0 || error_set(err, ERROR_TRUST, "the server showed no certificate");
    }
    (void)curl_easy_getinfo(call->session->curl, CURLINFO_RESPONSE_CODE, &status);
    got.status = (uint16_t)status;
    got.etag = header(call, "ETag");
    uint64_t retry_after_s = number_header(call, "Retry-After"),
             protocol = number_header(call, "Suture-Proto");
    got.retry_after_s = retry_after_s > UINT32_MAX ? UINT32_MAX : (uint32_t)retry_after_s;
    got.protocol = protocol > UINT16_MAX ? UINT16_MAX : (uint16_t)protocol;
    struct bytes body = writer_bytes(&call->body);
    uint8_t *copy = arena_take(call->arena, body.size + 1);
    if (copy == NULL)
        return arena_full(call->arena, err);
    if (body.size > 0)
        memcpy(copy, body.at, body.size);
    got.body = (struct bytes){copy, body.size};
    *out = got;
    return true;
}

/* What curl calls its problems, and what they are to us. Those not here are ERROR_SYSTEM: the network failed. */
static bool explain(const struct call *call, CURLcode code, const char *said, struct error *err)
{
    static const struct {
        CURLcode code;
        enum error_kind kind;
    } problems[] = {
        {CURLE_PEER_FAILED_VERIFICATION, ERROR_TRUST},
        {CURLE_SSL_CACERT_BADFILE, ERROR_INPUT},
        {CURLE_SSL_CERTPROBLEM, ERROR_INPUT},
        {CURLE_SSL_ISSUER_ERROR, ERROR_TRUST},
        {CURLE_OPERATION_TIMEDOUT, ERROR_LIMIT},
        {CURLE_OUT_OF_MEMORY, ERROR_LIMIT},
        {CURLE_URL_MALFORMAT, ERROR_INPUT},
        {CURLE_UNSUPPORTED_PROTOCOL, ERROR_INPUT},
    };
    enum error_kind kind = ERROR_SYSTEM;

    if (!writer_ok(&call->body))
        return error_set(err, ERROR_LIMIT, "an answer of more than %u bytes", call->order->answer_max);
    for (size_t i = 0; i < sizeof(problems) / sizeof(*problems); i++)
        if (problems[i].code == code)
            kind = problems[i].kind;
    return error_set(err, kind, "%s", said[0] != 0 ? said : curl_easy_strerror(code));
}

static bool check_order(const struct link_session *session, const struct link_order *order, struct error *err)
{
    bool secure = strncasecmp(order->url.at, "https:", 6) == 0;

    if (!secure && strncasecmp(order->url.at, "http:", 5) != 0)
        return error_set(err, ERROR_INPUT, "only http: and https: are spoken");
    if (secure && !order->learn && session->ca == NULL)
        return error_set(err, ERROR_TRUST, "nobody's certificate is believed here");
    if (!secure && order->authorization.size > 0)
        return error_set(err, ERROR_TRUST, "what lets a person in is not sent over http:");
    return secure || !order->learn || error_set(err, ERROR_INPUT, "http: has no certificate to learn");
}

static bool perform(struct call *call, const char *url, struct curl_slist *headers,
                    struct curl_slist *connect, struct error *err)
{
    CURL *curl = call->session->curl;
    char said[CURL_ERROR_SIZE] = "";

    curl_easy_reset(curl);
    CURLcode code = set_options(call, url, said);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect);
    if (code == CURLE_OK)
        code = set_trust(call);
    if (code == CURLE_OK)
        code = set_method(call);
    if (code == CURLE_OK)
        code = curl_easy_perform(curl);
    return code == CURLE_OK || explain(call, code, said, err);
}

bool link_call(struct link_session *session, const struct link_order *order, struct arena *arena,
               struct link_answer *out, struct error *err)
{
    OWN(call_end)
    struct call call = {
        .session = session, .order = order, .arena = arena, .body = writer_with(order->answer_max)};
    OWN(own_list) struct curl_slist *headers = NULL;
    OWN(own_list) struct curl_slist *connect = NULL;
    char *url = text_string(arena, order->url);
    struct text to = text_format(arena, "::%.*s", TEXT_ARG(order->connect_to));

    if (url == NULL || to.at == NULL)
        return arena_full(arena, err);
    return check_order(session, order, err) && make_headers(&call, &headers, err) &&
           (order->connect_to.size == 0 || add_line(&connect, to.at, err)) &&
           perform(&call, url, headers, connect, err) && take_answer(&call, out, err);
}

bool link_session_begin(struct link_session *session, struct error *err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    if (code != CURLE_OK)
        return error_set(err, ERROR_SYSTEM, "%s", curl_easy_strerror(code));
    session->curl = curl_easy_init();
    return session->curl != NULL || error_set(err, ERROR_LIMIT, "out of memory");
}

void link_session_end(struct link_session *session)
{
    curl_easy_cleanup(session->curl);
    session->curl = NULL;
}
