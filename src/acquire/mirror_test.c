/*
 * Getting packages: the library, the program suture-fetch and a real server on loopback (wire/server_testing.h).
 * SUTURE_FETCH is the program.
 */
#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "acquire/mirror.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "wire/server_testing.h"

#define WANTS_MAX 70

struct place {
    struct server *server;
    struct arena *arena;
    char folder[64];
    char cache_folder[80], spool[80], kept[80];
    struct cache cache;
    struct mirror_want wants[WANTS_MAX];
    struct mirror_request request;
    const char *kept_folders[2];
    struct mirror_progress last;
    size_t stop_at; /* bytes; 0: never */
    unsigned told;
};

static struct place place_of(void **state)
{
    struct place p = {.server = *state, .arena = &((struct server *)*state)->arena};
    struct error err = {0};

    test_folder(p.folder);
    (void)snprintf(p.cache_folder, sizeof(p.cache_folder), "%s/cache", p.folder);
    (void)snprintf(p.spool, sizeof(p.spool), "%s/spool", p.folder);
    (void)snprintf(p.kept, sizeof(p.kept), "%s/kept", p.folder);
    assert_done("cache", cache_open(p.cache_folder, CACHE_PACKAGES, &p.cache, &err), &err);
    assert_int_equal(mkdir(p.kept, 0755), 0);
    return p;
}

static void place_end(struct place *p)
{
    struct error err = {0};

    assert_done("remove", file_remove_tree(p->folder, &err), &err);
}

/* The request points into the place, so it is made where the place stays. */
static struct mirror_request *request_of(struct place *p)
{
    p->kept_folders[0] = p->kept;
    p->request.wants = p->wants;
    p->request.cache = &p->cache;
    p->request.spool = p->spool;
    p->request.program = getenv("SUTURE_FETCH");
    p->request.kept = p->kept_folders;
    p->request.stall_ms = 400;
    return &p->request;
}

static void put(const char *path, struct bytes content)
{
    struct error err = {0};

    assert_done("write", file_replace_cache(path, content, 0644, &err), &err);
}

/* What the server's paths of behaviours give: 4000 lines. */
static struct bytes body(struct place *p, const char *word)
{
    struct writer w = writer_with(MIB);

    for (unsigned i = 0; i < 4000; i++)
        writer_format(&w, "line %u of a %s\n", i, word);
    struct text copy = text_copy(p->arena, (struct text){(const char *)w.at, w.size});
    writer_end(&w);
    return bytes_of_text(copy);
}

static struct text url_of(struct place *p, const char *path)
{
    return strncmp(path, "tls:", 4) == 0
               ? text_format(p->arena, "https://localhost:%u%s", p->server->tls_port, path + 4)
               : text_format(p->arena, "http://127.0.0.1:%u%s", p->server->port, path);
}

/* Wants this content from these paths, with spaces between. */
static void want(struct place *p, const char *name, struct bytes content, const char *paths)
{
    struct mirror_want *new = &p->wants[p->request.want_count++];
    struct text *urls = ARENA_ARRAY(p->arena, struct text, 4), rest = text_of(paths), path;
    struct error err = {0};

    *new = (struct mirror_want){.name = text_of(name), .item.size = content.size, .urls = urls};
    assert_done("digest", digest_bytes(DIGEST_SHA256, content, &new->item.digest, &err), &err);
    while (text_cut_word(&rest, &path))
        urls[new->url_count++] =
            text_starts(path, TEXT("file:")) ? path : url_of(p, text_string(p->arena, path));
}

static struct mirror_result fetched(struct place *p)
{
    struct mirror_result result = {0};
    struct error err = {0};

    assert_done("fetch", mirror_fetch(request_of(p), p->arena, &result, &err), &err);
    return result;
}

static void refused(struct place *p, enum error_kind kind, const char *text)
{
    struct mirror_result result = {.fetched_count = 42};
    struct error err = {0};

    assert_false(mirror_fetch(request_of(p), p->arena, &result, &err));
    if (err.kind != kind || text_find(text_of(err.text), text_of(text)) == SIZE_MAX)
        fail_msg("\"%s\" (%s), expected \"%s\" (%s)", err.text, error_kind_name(err.kind), text,
                 error_kind_name(kind));
    assert_int_equal(result.fetched_count, 42);
}

static struct text ask_server(struct place *p, const char *path)
{
    char spool[64];
    struct fetch_result got;
    struct bytes bytes = {0};
    struct error err = {0};
    struct fetch_request request = {.program = getenv("SUTURE_FETCH"),
                                    .spool = spool,
                                    .name = "asked",
                                    .url = url_of(p, path),
                                    .size_limit = MIB,
                                    .ca_file = p->request.ca_file};

    test_folder(spool);
    assert_done("ask", fetch_run(&request, p->arena, &got, &err), &err);
    assert_done("read", file_read(got.path, MIB, p->arena, &bytes, &err), &err);
    assert_done("remove", file_remove_tree(spool, &err), &err);
    return (struct text){(const char *)bytes.at, bytes.size};
}

static size_t count_files(const char *folder, struct arena *arena)
{
    struct file_names names;
    struct error err = {0};

    assert_done("list", file_list(folder, 1000, arena, &names, &err), &err);
    return names.count;
}

static void test_simple(void **state)
{
    struct place p = place_of(state);

    want(&p, "one", body(&p, "document"), "/ok/simple");
    struct mirror_result result = fetched(&p);
    assert_true(result.fetched_count == 1 && result.reused_count == 0 && result.confined == CONFINED_ALL);
    assert_true(text_starts(text_of(result.paths[0]), text_of(p.cache_folder)));
    assert_int_equal(count_files(p.spool, p.arena), 0);
    result = fetched(&p); /* again: it is here */
    assert_true(result.fetched_count == 0 && result.reused_count == 1 && result.reused_bytes == 94890);
    place_end(&p);
}

/* Each row's mirrors, asked in turn until one has the document. */
static void test_next_mirror(void **state)
{
    static const char *const rows[] = {
        "/status/404 /ok/next1",
        "/status/503 /status/404 /ok/next2",
        "/cut-then-changed/next /ok/next3", /* a whole document, but another */
        "/drip /ok/next4",
        "/endless /ok/next5",
        "/short-length /ok/next6",
        "/garbage /ok/next7",
        "/silent /ok/next8",
        "ftp://mirror.example/x /ok/next9",
        "file:///not/there /ok/next10",
        "file:///dev/zero /ok/next11",
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct place p = place_of(state);
        want(&p, rows[i], body(&p, "document"), rows[i]);
        assert_int_equal(fetched(&p).fetched_count, 1);
        place_end(&p);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *paths;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"", ERROR_ABSENT, "package: no mirror is known"},
        {"/status/404", ERROR_ABSENT, "/status/404: the server answers 404"},
        {"/cut-then-changed/wrong", ERROR_TRUST, "package: wrong-signature: "},
        {"/endless/wrong", ERROR_LIMIT, "package: endless-data: "},
        {"/drip/wrong", ERROR_LIMIT, "package: endless-data: "},
        {"/status/503", ERROR_SYSTEM, "the server answers 503"},
        {"/to/ftp://mirror.example/x", ERROR_TRUST, "redirect to ftp:"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct place p = place_of(state);
        want(&p, "package", body(&p, "document"), rows[i].paths);
        refused(&p, rows[i].kind, rows[i].text);
        assert_int_equal(count_files(p.cache_folder, p.arena), 0);
        place_end(&p);
    }
}

/* A mirror that is down for a moment is asked again, but only when all had their turn. */
static void test_second_turn(void **state)
{
    struct place p = place_of(state);

    want(&p, "one", body(&p, "document"), "/cut-then-down/second"); /* breaks off, is down, is well */
    assert_int_equal(fetched(&p).fetched_count, 1);
    assert_true(text_find(ask_server(&p, "/seen/cut-then-down/second"), TEXT("Range: bytes=50000-")) !=
                SIZE_MAX);
    place_end(&p);
}

static bool on_progress(void *self, const struct mirror_progress *progress)
{
    struct place *p = self;

    p->told++;
    p->last = *progress;
    return p->stop_at == 0 || progress->have < p->stop_at;
}

/* Stopped in the middle; the next run goes on with what is here, even with what no run copied. */
static void test_resumed(void **state)
{
    struct place p = place_of(state);
    struct mirror_result result;
    const char *whole;

    want(&p, "one", body(&p, "document"), "/ok/resumed");
    want(&p, "two", body(&p, "database"), "/status/500");
    p.request.progress = on_progress;
    p.request.self = &p;
    p.stop_at = 94890;
    refused(&p, ERROR_CONFLICT, "was asked to stop");
    assert_int_equal(count_files(p.cache_folder, p.arena), 0);
    assert_int_equal(count_files(p.spool, p.arena) > 0, 1);
    p.stop_at = 0;
    p.request.want_count = 1;
    result = fetched(&p);
    assert_true(result.reused_count == 1 && result.fetched_count == 0);
    assert_true(p.last.have == 94890 && p.last.total == 94890 && p.last.done == 1);
    /* A whole file in the spool that is another. */
    p.request.want_count = 0;
    want(&p, "three", body(&p, "database"), "/status/404");
    whole = file_path(p.arena, p.spool, cache_name(CACHE_PACKAGES, &p.wants[0].item, p.arena));
    put(whole, BYTES("something else"));
    refused(&p, ERROR_ABSENT, "404");
    assert_false(file_exists(whole));
    place_end(&p);
}

static void test_kept_by_others(void **state)
{
    struct place p = place_of(state);
    char path[200];

    (void)snprintf(path, sizeof(path), "%s/expat_1%%3a2.5_amd64.deb", p.kept);
    want(&p, "expat", body(&p, "document"), "/status/404");
    p.wants[0].kept_as = mirror_kept_name(TEXT("expat"), TEXT("1:2.5"), TEXT("amd64"), p.arena);
    assert_text("name", p.wants[0].kept_as, "expat_1%3a2.5_amd64.deb");
    put(path, body(&p, "database"));
    refused(&p, ERROR_ABSENT, "404");
    put(path, body(&p, "document"));
    assert_int_equal(fetched(&p).reused_count, 1);
    place_end(&p);
}

static void test_local_mirror(void **state)
{
    struct place p = place_of(state);
    struct text url =
        mirror_url(text_format(p.arena, "copy:%s/", p.folder), TEXT("pool/a b%3a+~.deb"), p.arena);
    char path[200];

    (void)snprintf(path, sizeof(path), "%s/pool", p.folder);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/pool/a b%%3a+~.deb", p.folder);
    put(path, body(&p, "document"));
    want(&p, "local", body(&p, "document"), text_string(p.arena, url));
    assert_true(text_ends(url, TEXT("/pool/a%20b%253a+~.deb")) && text_starts(url, TEXT("file:/")));
    struct mirror_result result = fetched(&p);
    assert_true(result.fetched_count == 1 && result.confined == 0);
    place_end(&p);
}

/* Sixty small packages over TLS: one connection, not sixty. */
static void test_one_connection(void **state)
{
    struct place p = place_of(state);
    struct server *server = *state;
    char name[WANTS_MAX][32], path[120], paths[120];

    p.request.ca_file = text_format(p.arena, "%s/ca.pem", server->folder);
    for (unsigned i = 0; i < 60; i++) {
        (void)snprintf(name[i], sizeof(name[i]), "small%u.deb", i);
        (void)snprintf(path, sizeof(path), "%s/%s", server->folder, name[i]);
        (void)snprintf(paths, sizeof(paths), "tls:/keep/%s", name[i]);
        put(path, bytes_of_text(text_of(name[i])));
        want(&p, name[i], bytes_of_text(text_of(name[i])), paths);
    }
    unsigned before = (unsigned)atoi(text_string(p.arena, ask_server(&p, "tls:/connections")));
    int64_t begin_us = time_now_us();
    assert_int_equal(fetched(&p).fetched_count, 60);
    int64_t took_us = time_now_us() - begin_us;
    unsigned after = (unsigned)atoi(text_string(p.arena, ask_server(&p, "tls:/connections")));
    print_message("60 packages over TLS: %u connections, %lld ms\n", after - before - 1,
                  (long long)(took_us / 1000));
    assert_int_equal(after - before - 1, 1);
    place_end(&p);
}

static int64_t time_of(struct place *p, const char *path)
{
    struct text rest = ask_server(p, "/times"), line, word;
    uint64_t ms = 0;
    struct error err;

    while (text_cut(&rest, '\n', &line))
        if (text_cut_word(&line, &word) && text_equal(word, text_of(path)))
            assert_true(text_cut_word(&line, &word) && text_to_u64(word, &ms, &err));
    return (int64_t)ms;
}

/* By the server's clock: from the first request to one that comes when the others are done. */
static void test_rate(void **state)
{
    static const uint64_t rates[] = {200000, 1000000};
    char paths[4][32];

    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        struct place p = place_of(state);
        struct server *server = *state;
        char path[120];
        uint64_t size = rates[i] / 4, all = 0;
        for (unsigned k = 0; k < 4;
             k++) { /* three parts of a quarter second each, and the one that tells the end */
            char *content = text_string(p.arena, text_format(p.arena, "%0*u", k < 3 ? (int)size : 1, k));
            (void)snprintf(paths[k], sizeof(paths[k]), "/keep/rate%zu-%u", i, k);
            (void)snprintf(path, sizeof(path), "%s/rate%zu-%u", server->folder, i, k);
            put(path, bytes_of_text(text_of(content)));
            want(&p, "part", bytes_of_text(text_of(content)), paths[k]);
            all += k < 3 ? size : 0;
        }
        p.request.rate_max = rates[i];
        (void)fetched(&p);
        int64_t took_ms = time_of(&p, paths[3]) - time_of(&p, paths[0]);
        uint64_t rate = all * 1000 / (uint64_t)took_ms;
        print_message("limit %llu bytes a second: %llu\n", (unsigned long long)rates[i],
                      (unsigned long long)rate);
        /* Never faster; slower is also what a busy machine does, so below it only says that the limit is not far too strict. */
        assert_true(rate < rates[i] * 115 / 100 && rate > rates[i] / 2);
        place_end(&p);
    }
}

static void test_parse_rate(void **state)
{
    static const struct {
        const char *text;
        uint64_t rate;
        const char *problem;
    } rows[] = {
        {"500k", 500000, NULL},
        {"2M", 2000000, NULL},
        {"1G", 1000000000, NULL},
        {"1000", 1000, NULL},
        {"999", 0, "\"999\": a rate is at least 1000 bytes a second"},
        {"0", 0, "\"0\": a rate is at least 1000 bytes a second"},
        {"", 0, "\"\" is no rate: say bytes a second, as 500k or 2M"},
        {"k", 0, "\"k\" is no rate: say bytes a second, as 500k or 2M"},
        {"-5k", 0, "\"-5k\" is no rate: say bytes a second, as 500k or 2M"},
        {"99999999999999M", 0, "\"99999999999999M\" is no rate: say bytes a second, as 500k or 2M"},
        {"5kB", 0, "\"5kB\" is no rate: say bytes a second, as 500k or 2M"},
    };
    struct error err = {0};
    uint64_t rate;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        rate = 0;
        if (mirror_parse_rate(text_of(rows[i].text), &rate, &err) != (rows[i].problem == NULL))
            fail_msg("%s", rows[i].text);
        assert_int_equal(rate, rows[i].rate);
        if (rows[i].problem != NULL)
            assert_failed(rows[i].text, &err, ERROR_INPUT, rows[i].problem);
    }
}

/* One that cannot be had keeps nobody from the others, when that was asked for. */
static void test_partly(void **state)
{
    struct place p = place_of(state);
    uint64_t here[3];
    struct error err = {0};

    want(&p, "one", body(&p, "document"), "/ok/partly1");
    want(&p, "two", body(&p, "document that nobody has"), "/status/404");
    want(&p, "three", body(&p, "DOCUMENT"), "/status/404 /ok/partly3"); /* not what was asked for */
    p.request.partly = true;
    struct mirror_result result = fetched(&p);
    assert_true(result.fetched_count == 1 && result.paths[0] != NULL && result.paths[1] == NULL);
    assert_true(result.failures[0].kind == ERROR_NONE && result.failures[1].kind == ERROR_ABSENT);
    assert_true(result.paths[2] == NULL && result.failures[2].kind == ERROR_TRUST);
    assert_done("look", mirror_look(request_of(&p), p.arena, here, &err), &err);
    assert_true(here[0] == p.wants[0].item.size && here[1] == 0 && here[2] == 0);
    place_end(&p);
}

/* What broke off counts as far as it came. */
static void test_look_at_a_part(void **state)
{
    struct place p = place_of(state);
    uint64_t here = 0;
    struct error err = {0};

    want(&p, "one", body(&p, "document"), "/ok/look");
    assert_done("look", mirror_look(request_of(&p), p.arena, &here, &err), &err);
    assert_int_equal(here, 0);
    struct text part =
        text_format(p.arena, "%s/%s.part", p.spool, cache_name(CACHE_PACKAGES, &p.wants[0].item, p.arena));
    put(part.at, BYTES("twelve bytes"));
    assert_done("look", mirror_look(request_of(&p), p.arena, &here, &err), &err);
    assert_int_equal(here, 12);
    place_end(&p);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_simple),  CASE(test_next_mirror),    CASE(test_refused),      CASE(test_second_turn),
        CASE(test_resumed), CASE(test_kept_by_others), CASE(test_local_mirror), CASE(test_one_connection),
        CASE(test_rate),    CASE(test_parse_rate),     CASE(test_partly),       CASE(test_look_at_a_part),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
