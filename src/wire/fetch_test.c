/*
 * The whole of fetching: the library, the program suture-fetch and a real server on loopback (test/flow/feed_server.py,
 * whose paths say how it behaves). SUTURE_FETCH is the program, SUTURE_FLOW the folder of the server.
 */
#include "base/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "wire/fetch.h"
#include "wire/server_testing.h"

/* path may begin with "tls:" (by name), "tls-ip:" (by address). The limits are small, so that misbehaviour ends soon. */
static struct fetch_request request_of(struct server *server, const char *path)
{
    bool by_name = strncmp(path, "tls:", 4) == 0, by_address = strncmp(path, "tls-ip:", 7) == 0;
    struct fetch_request request = {
        .program = getenv("SUTURE_FETCH"),
        .spool = server->spool,
        .name = "document",
        .size_limit = MIB,
        .time_ms = 20000,
        .stall_ms = 400,
    };

    request.url = by_name ? text_format(&server->arena, "https://localhost:%u%s", server->tls_port, path + 4)
                  : by_address
                      ? text_format(&server->arena, "https://127.0.0.1:%u%s", server->tls_port, path + 7)
                      : text_format(&server->arena, "http://127.0.0.1:%u%s", server->port, path);
    return request;
}

static struct bytes content_of(struct server *server, const struct fetch_result *result)
{
    struct bytes bytes = {0};
    struct error err = {0};

    assert_done("content", file_read(result->path, 4 * MIB, &server->arena, &bytes, &err), &err);
    assert_int_equal(bytes.size, result->size);
    return bytes;
}

/* All lines of the document, each once: what a resumed part must come to. */
static void assert_document(struct server *server, const char *row, const struct fetch_result *result,
                            const char *word)
{
    struct bytes bytes = content_of(server, result);
    struct text rest = {(const char *)bytes.at, bytes.size}, line;
    char expected[64];
    unsigned number = 0;

    while (text_cut(&rest, '\n', &line)) {
        (void)snprintf(expected, sizeof(expected), "line %u of a %s", number++, word);
        assert_text(row, line, expected);
    }
    assert_int_equal(number, 4000);
}

static struct text seen(struct server *server, const char *path)
{
    char whole[256];
    struct fetch_result result;
    struct error err = {0};

    (void)snprintf(whole, sizeof(whole), "/seen%s", path);
    struct fetch_request request = request_of(server, whole);
    request.name = "seen";
    assert_done(path, fetch_run(&request, &server->arena, &result, &err), &err);
    struct bytes bytes = content_of(server, &result);
    return (struct text){(const char *)bytes.at, bytes.size};
}

static void test_complete(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/ok");
    struct fetch_result result;
    struct error err = {0};
    char path[128];

    assert_done("ok", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_COMPLETE);
    assert_int_equal(result.status, 200);
    assert_text("etag", result.etag, "\"v1\"");
    assert_text("modified", result.last_modified, "Sat, 11 Jul 2026 09:36:11 GMT");
    assert_int_equal(result.url.size, 0);
    assert_document(server, "ok", &result, "document");
    assert_true(text_find(seen(server, "/ok"), TEXT("Accept-Encoding: identity")) != SIZE_MAX);
    if (result.confined != CONFINED_ALL)
        print_message("this kernel confines by %u of %u only\n", result.confined, CONFINED_ALL);
    (void)snprintf(path, sizeof(path), "%s/document.note", server->spool);
    assert_false(file_exists(path));
    assert_done("drop", fetch_drop(server->spool, "document", &err), &err);
    assert_false(file_exists(result.path));
}

static void test_unchanged(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/ok/unchanged");
    struct fetch_result result;
    struct error err = {0};

    request.etag = TEXT("\"v1\"");
    request.last_modified = TEXT("Sat, 11 Jul 2026 09:36:11 GMT");
    assert_done("etag", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_UNCHANGED);
    assert_null(result.path);
    request.etag = TEXT("\"v0\"");
    assert_done("other etag", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_COMPLETE);

    request = request_of(server, "/dated");
    request.last_modified = TEXT("Sat, 11 Jul 2026 09:36:11 GMT");
    assert_done("date", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_UNCHANGED);
    request.last_modified = TEXT("Sat, 04 Jul 2026 09:36:11 GMT");
    assert_done("other date", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_COMPLETE);
}

/* A connection that breaks is taken up again in one run; what the server is asked shows how. */
static void test_broken(void **state)
{
    static const struct {
        const char *path, *word;
        const char *asked; /* in some request, or NULL: no range was asked for */
    } rows[] = {
        {"/cut", "document", "If-Range: \"v1\""},
        {"/cut-dated", "document", "If-Range: Sat, 11 Jul 2026 09:36:11 GMT"},
        {"/cut-no-ranges", "document", "Range: bytes=50000-"},
        {"/cut-then-changed", "database", "Range: bytes=50000-"},
        {"/cut-short-ranges", "document", "Range: bytes=90000-"},
    };
    struct server *server = *state;
    struct error err = {0};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fetch_request request = request_of(server, rows[i].path);
        struct fetch_result result;
        assert_done(rows[i].path, fetch_run(&request, &server->arena, &result, &err), &err);
        assert_document(server, rows[i].path, &result, rows[i].word);
        if (text_find(seen(server, rows[i].path), text_of(rows[i].asked)) == SIZE_MAX)
            fail_msg("%s: was not asked for \"%s\"", rows[i].path, rows[i].asked);
    }
}

/* Bytes whose validator is weak cannot be gone on with: the next run begins anew. */
static void test_broken_without_validator(void **state)
{
    static const char *const paths[] = {"/cut-weak", "/cut-fresh"};
    struct server *server = *state;
    struct error err = {0};
    char expected[128];

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct fetch_request request = request_of(server, paths[i]);
        struct fetch_result result;
        assert_false(fetch_run(&request, &server->arena, &result, &err));
        (void)snprintf(expected, sizeof(expected),
                       "http://127.0.0.1:%u%s: the connection ended after 50000 bytes, too early",
                       server->port, paths[i]);
        assert_failed(paths[i], &err, ERROR_SYSTEM, expected);
        assert_done(paths[i], fetch_run(&request, &server->arena, &result, &err), &err);
        assert_document(server, paths[i], &result, "document");
        assert_true(text_find(seen(server, paths[i]), TEXT("Range")) == SIZE_MAX);
    }
}

/* The part outlives the process: the next run goes on with it. */
static void test_resumed_later(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/cut-then-down");
    struct fetch_result result;
    struct error err = {0};
    struct file_identity part;
    char path[128];

    assert_false(fetch_run(&request, &server->arena, &result, &err));
    (void)snprintf(path, sizeof(path), "http://127.0.0.1:%u/cut-then-down: the server answers 503",
                   server->port);
    assert_failed("down", &err, ERROR_SYSTEM, path);
    (void)snprintf(path, sizeof(path), "%s/document.part", server->spool);
    assert_done("part", file_identify(path, &part, &err), &err);
    assert_int_equal(part.size, 50000);
    assert_done("up", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.status, 206);
    assert_document(server, "up", &result, "document");
    assert_text("etag", result.etag, "\"v1\"");
    assert_false(file_exists(path));
}

/* A part of another address, of a document that shrank, or that the server cannot go on with, is given up. */
static void test_part_given_up(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/cut-then-down/a");
    struct fetch_result result;
    struct error err = {0};

    assert_false(fetch_run(&request, &server->arena, &result, &err));
    request = request_of(server, "/ok/b");
    assert_done("another address", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_document(server, "another address", &result, "document");
    assert_true(text_find(seen(server, "/ok/b"), TEXT("Range")) == SIZE_MAX);

    request = request_of(server, "/shrunk");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_done("shrunk", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.size, 40000);
}

/* A part that does not fit the one that is there fails, and the next run begins anew. */
static void test_wrong_parts(void **state)
{
    static const struct {
        const char *path;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"/cut-wrong-range", ERROR_INPUT, "the server sends another part than was asked for: \"bytes 10-"},
        {"/cut-then-part-of-another", ERROR_INPUT,
         "the server sends another part than was asked for: \"bytes 50000-94889/94890\""},
        {"/cut-then-of-unknown-size", ERROR_INPUT,
         "the server sends another part than was asked for: \"bytes 50000-94889/*\""},
        {"/cut-then-more", ERROR_LIMIT, "more than 94890 bytes"},
    };
    struct server *server = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fetch_request request = request_of(server, rows[i].path);
        struct fetch_result result;
        struct error err = {0};
        if (fetch_run(&request, &server->arena, &result, &err))
            fail_msg("%s: came", rows[i].path);
        if (err.kind != rows[i].kind || strstr(err.text, rows[i].text) == NULL)
            fail_msg("%s: %s", rows[i].path, err.text);
        assert_done(rows[i].path, fetch_run(&request, &server->arena, &result, &err), &err);
        assert_document(server, rows[i].path, &result, "document");
    }
}

/* A server that breaks off again and again is not asked for ever; what came stays for the next run. */
static void test_tries_are_counted(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/cut-often");
    struct fetch_result result;
    struct error err = {0};
    char expected[128];

    for (unsigned run = 1; run <= 2; run++) {
        assert_false(fetch_run(&request, &server->arena, &result, &err));
        (void)snprintf(expected, sizeof(expected),
                       "cut-often: the connection ended after %d bytes, too early",
                       run * LIMIT_FETCH_TRIES * 1000);
        assert_non_null(strstr(err.text, expected));
    }
    assert_done("drop", fetch_drop(server->spool, "document", &err), &err);
}

static void test_redirects(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/hops/5");
    struct fetch_result result;
    struct error err = {0};
    char expected[128];

    assert_done("five", fetch_run(&request, &server->arena, &result, &err), &err);
    (void)snprintf(expected, sizeof(expected), "http://127.0.0.1:%u/ok/hopped", server->port);
    assert_text("where it led", result.url, expected);
    assert_document(server, "five", &result, "document");
    (void)snprintf(expected, sizeof(expected), "/to/https://localhost:%u/ok/upgraded", server->tls_port);
    request = request_of(server, expected);
    request.ca_file = text_format(&server->arena, "%s/ca.pem", server->folder);
    assert_done("from http to https", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_document(server, "from http to https", &result, "document");
    assert_text("where it led", result.url, expected + 4);
}

static void test_tls(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "tls:/ok/tls");
    struct fetch_result result;
    struct error err = {0};

    request.ca_file = text_format(&server->arena, "%s/ca.pem", server->folder);
    assert_done("tls", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_document(server, "tls", &result, "document");
}

/* Everything that must fail, with its kind and what it says behind the address. */
static void test_failures(void **state)
{
    static const struct {
        const char *path;
        bool trusted; /* the test's certificate is given */
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"/status/404", false, ERROR_ABSENT, "the server answers 404"},
        {"/status/410", false, ERROR_ABSENT, "the server answers 410"},
        {"/status/403", false, ERROR_SYSTEM, "the server answers 403"},
        {"/status/500", false, ERROR_SYSTEM, "the server answers 500"},
        {"/status/204", false, ERROR_SYSTEM, "the server answers 204"},
        {"/status/300", false, ERROR_SYSTEM, "the server answers 300"},
        {"/unasked-part", false, ERROR_SYSTEM, "the server answers 206"},
        {"/unasked-304", false, ERROR_SYSTEM, "the server answers 304"},
        {"/hops/6", false, ERROR_LIMIT, "more than 5 redirects"},
        {"/hops/1000000", false, ERROR_LIMIT, "more than 5 redirects"},
        {"/to/file:///etc/passwd", false, ERROR_TRUST, "redirect to file:///etc/passwd"},
        {"/to/gopher://localhost/x", false, ERROR_TRUST, "redirect to gopher://localhost/x"},
        {"/endless", false, ERROR_LIMIT, "more than 1048576 bytes"},
        {"/endless-error", false, ERROR_SYSTEM, "the server answers 500"},
        {"/endless-redirect", false, ERROR_LIMIT, "the server's page does not end"},
        {"/drip", false, ERROR_LIMIT, "too slow: less than 1000 bytes a second for 400 ms"},
        {"/silent", false, ERROR_LIMIT, "too slow: less than 1000 bytes a second for 400 ms"},
        {"/cut-empty-range", false, ERROR_SYSTEM, "the server sent 50000 of 94890 bytes"},
        {"/cut-for-ever", false, ERROR_SYSTEM, "the connection ended after 50000 bytes, too early"},
        {"tls:/ok", false, ERROR_TRUST,
         "server certificate verification failed. CAfile: /etc/ssl/certs/ca-certificates.crt CRLfile: none"},
        {"tls-ip:/ok", true, ERROR_TRUST,
         "SSL: certificate subject name (localhost) does not match target host name '127.0.0.1'"},
        {"tls:/to/http://127.0.0.1:1/ok", true, ERROR_TRUST, "redirect from https to http://127.0.0.1:1/ok"},
    };
    struct server *server = *state;
    char expected[256];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fetch_request request = request_of(server, rows[i].path);
        struct fetch_result result = {0};
        struct error err = {0};
        request.name = "failing";
        if (rows[i].trusted)
            request.ca_file = text_format(&server->arena, "%s/ca.pem", server->folder);
        if (fetch_run(&request, &server->arena, &result, &err))
            fail_msg("%s: came", rows[i].path);
        (void)snprintf(expected, sizeof(expected), "%.*s: %s", TEXT_ARG(request.url), rows[i].text);
        assert_failed(rows[i].path, &err, rows[i].kind, expected);
        assert_int_equal(result.outcome, FETCH_UNKNOWN);
    }
}

/* Failures whose words are curl's: the kind, and that no control byte passes. */
static void test_strange_servers(void **state)
{
    static const char *const urls[] = {
        "/garbage",
        "/endless-head",
    };
    struct server *server = *state;

    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct fetch_request request = request_of(server, urls[i]);
        struct fetch_result result;
        struct error err = {0};
        if (fetch_run(&request, &server->arena, &result, &err))
            fail_msg("%s: came", urls[i]);
        assert_true(err.kind == ERROR_SYSTEM || err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT);
        assert_null(strchr(err.text, 0x1b));
    }
}

static void test_odd_documents(void **state)
{
    struct server *server = *state;
    struct fetch_result result;
    struct error err = {0};

    struct fetch_request request = request_of(server, "/empty");
    assert_done("empty", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.size, 0);
    request = request_of(server, "/short-length");
    assert_done("short", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.size, 1000);
    request = request_of(server, "/coded");
    assert_done("coded", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_memory_equal(content_of(server, &result).at, "\x1f\x8b", 2);
    request = request_of(server, "/control");
    assert_done("control bytes in a tag", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.etag.size, 0);
    /* Length known and too much: nothing of it is taken. */
    request = request_of(server, "/ok/large");
    request.size_limit = 1000;
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_non_null(strstr(err.text, ": 94890 bytes, more than 1000"));
    assert_int_equal(err.kind, ERROR_LIMIT);
}

static void test_no_server(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/");
    struct fetch_result result;
    struct error err = {0};

    request.url = TEXT("http://user:secret@127.0.0.1:1/x");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_true(strncmp(err.text, "http://127.0.0.1:1/x: ", 22) == 0);
    assert_null(strstr(err.text, "secret"));
    request.url = TEXT("http://no-such-host.invalid/x");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("resolver", &err, ERROR_SYSTEM,
                  "http://no-such-host.invalid/x: Could not resolve host: no-such-host.invalid");
    request.url = TEXT("ftp://mirror.example/x");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("ftp", &err, ERROR_INPUT,
                  "ftp://mirror.example/x: is no address that begins with https://, http:// or file:///");
    request.url = TEXT("http://mirror.example/x");
    request.program = NULL;
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("no program", &err, ERROR_ABSENT,
                  "http://mirror.example/x: the program suture-fetch is not there");
    request.program = "/not/there";
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("wrong program", &err, ERROR_ABSENT,
                  "http://mirror.example/x: /not/there: cannot be run: No such file or directory");
    request.program = "/bin/true";
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("another program", &err, ERROR_SYSTEM,
                  "http://mirror.example/x: suture-fetch ended without an answer");
}

/* The proxy of the environment is used, and nothing else of the environment reaches suture-fetch. */
static void test_proxy(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/");
    struct fetch_result result;
    struct error err = {0};
    char proxy[64];

    (void)snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", server->port);
    request.url = TEXT("http://mirror.invalid/ok/proxied");
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    assert_int_equal(setenv("LD_PRELOAD", "/not/there.so", 1), 0);
    assert_done("proxy", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_document(server, "proxy", &result, "document");
    assert_int_equal(setenv("no_proxy", "mirror.invalid", 1), 0);
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("no proxy", &err, ERROR_SYSTEM,
                  "http://mirror.invalid/ok/proxied: Could not resolve host: mirror.invalid");
    assert_true(unsetenv("http_proxy") == 0 && unsetenv("no_proxy") == 0 && unsetenv("LD_PRELOAD") == 0);
}

static void test_file(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/");
    struct fetch_result result;
    struct error err = {0};
    char path[128], expected[160];

    (void)snprintf(path, sizeof(path), "%s/a b", server->spool);
    assert_done("write", file_replace(path, BYTES("{}"), 0644, &err), &err);
    request.url = text_format(&server->arena, "file://%s/a%%20b", server->spool);
    request.program = NULL; /* no process is needed */
    assert_done("file", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_COMPLETE);
    assert_string_equal(result.path, path);
    assert_int_equal(result.size, 2);
    request.etag = result.etag;
    assert_done("same", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_UNCHANGED);
    assert_done("write", file_replace(path, BYTES("[]"), 0644, &err), &err);
    assert_done("changed", fetch_run(&request, &server->arena, &result, &err), &err);
    assert_int_equal(result.outcome, FETCH_COMPLETE);
    request.size_limit = 1;
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    (void)snprintf(expected, sizeof(expected), "file://%s/a%%20b: 2 bytes, more than 1", server->spool);
    assert_failed("large", &err, ERROR_LIMIT, expected);
    request.url = TEXT("file://host/x");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("host", &err, ERROR_INPUT, "file://host/x: a file: address is file:///PATH");
    request.url = TEXT("file:///x%0");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("digits", &err, ERROR_INPUT, "file:///x%0: \"%\" at 2 is not followed by two digits");
    request.url = TEXT("file:///etc");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("folder", &err, ERROR_INPUT, "file:///etc: /etc: is not a file");
    request.url = TEXT("file:///not/there");
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_failed("absent", &err, ERROR_ABSENT, "file:///not/there: /not/there: No such file or directory");
}

/* A link in the spool's place is not followed: or the fetcher would overwrite what it points to. */
static void test_spool_link(void **state)
{
    struct server *server = *state;
    struct fetch_request request = request_of(server, "/ok/link");
    struct fetch_result result;
    struct error err = {0};
    char path[128], target[128];

    request.name = "linked";
    (void)snprintf(path, sizeof(path), "%s/linked.part", server->spool);
    (void)snprintf(target, sizeof(target), "%s.target", server->spool); /* of this test alone */
    assert_int_equal(symlink(target, path), 0);
    assert_false(fetch_run(&request, &server->arena, &result, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, "linked.part: Too many levels of symbolic links"));
    assert_false(file_exists(target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_complete, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_unchanged, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_broken, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_broken_without_validator, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_resumed_later, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_part_given_up, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_wrong_parts, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_tries_are_counted, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_redirects, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_tls, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_failures, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_strange_servers, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_odd_documents, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_no_server, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_proxy, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_file, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_spool_link, begin_test, end_test),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
