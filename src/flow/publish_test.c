/* A folder of small packages becomes a repository; the door writes what the test wants for a delta. */
#include "base/testing.h"

#include <pthread.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/publish.h"

struct place {
    char folder[64];
    struct arena arena;
    struct secret_key key;
    struct publish_door door;
    struct publish_request request;
    struct publish_report report;

    pthread_mutex_t mutex;
    size_t made;
    size_t size;          /* of each delta; 0: fails */
    enum error_kind kind; /* of the failure */
    bool docs;
    size_t stop_after; /* 0: never */
    size_t told[PUBLISH_WHAT_COUNT];
    char last[512];
};

static const char *path_of(struct place *p, const char *name)
{
    return text_format(&p->arena, "%s/%s", p->folder, name).at;
}

static void put(struct place *p, const char *path, struct bytes content)
{
    struct error err = {0};

    (void)p;
    assert_done(path, file_replace_cache(path, content, 0644, &err), &err);
}

static bool door_make(void *self, const struct publish_job *job, struct arena *arena,
                      struct publish_made *out, struct error *err)
{
    struct place *p = self;
    char *content = arena_take(arena, p->size + 512);

    (void)pthread_mutex_lock(&p->mutex);
    p->made++;
    (void)pthread_mutex_unlock(&p->mutex);
    if (p->size == 0)
        return error_set(err, p->kind, "cannot be made");
    /* Of the two sides, so that each pair has bytes of its own. */
    memset(content, '.', p->size);
    (void)snprintf(content, 512, "%s %s", job->old->version.at, job->new->version.at);
    put(p, job->out, (struct bytes){(const uint8_t *)content, p->size});
    if (p->docs) {
        put(p, text_format(arena, "%s.d", job->out).at, bytes_of_text(job->old->version));
        put(p, text_format(arena, "%s.e", job->out).at, BYTES("conffiles"));
        out->supplements[BASE_DOC] = out->supplements[BASE_CONFFILE] = true;
    }
    out->memory = 1234;
    return digest_bytes(DIGEST_SHA256, bytes_of_text(job->old->version), &out->identity, err);
}

static void on_event(void *self, const struct publish_event *event)
{
    struct place *p = self;

    p->told[event->what]++;
    if (event->why.size > 0)
        (void)snprintf(p->last, sizeof(p->last), "%.*s", TEXT_ARG(event->why));
}

static bool on_stop(void *self)
{
    const struct place *p = self;

    return p->stop_after > 0 && p->made >= p->stop_after;
}

/* One entry of a tar. */
static void put_entry(struct writer *w, const char *name, char kind, struct bytes content)
{
    char head[512] = {0};
    unsigned sum = 0;

    (void)snprintf(head, 100, "%s", name);
    (void)snprintf(head + 100, 8, "%07o", kind == '5' ? 0755U : 0644U);
    (void)snprintf(head + 108, 8, "%07o", 0U);
    (void)snprintf(head + 116, 8, "%07o", 0U);
    (void)snprintf(head + 124, 12, "%011zo", content.size);
    (void)snprintf(head + 136, 12, "%011o", 0U);
    memset(head + 148, ' ', 8);
    head[156] = kind;
    memcpy(head + 257, "ustar  ", 8);
    for (size_t i = 0; i < sizeof(head); i++)
        sum += (uint8_t)head[i];
    (void)snprintf(head + 148, 8, "%06o", sum);
    writer_put(w, (struct bytes){(const uint8_t *)head, sizeof(head)});
    writer_put(w, content);
    writer_align(w, 512);
}

static void put_member(struct writer *w, const char *name, struct bytes content)
{
    writer_format(w, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644", content.size);
    writer_put(w, content);
    writer_align(w, 2);
}

/* A package of some 20 KB. */
static void add_deb(struct place *p, const char *folder, const char *name, const char *version,
                    const char *source)
{
    static const uint8_t zeros[16384];
    struct text path = text_format(&p->arena, "%s/%s/%s_%s.deb", p->folder, folder, name, version);
    OWN(writer_end)
    struct writer text = writer_with(MIB), control = writer_with(MIB), data = writer_with(MIB),
                  deb = writer_with(MIB);
    struct error err = {0};

    writer_format(&text,
                  "Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Test <t@example.org>\n"
                  "Installed-Size: 40\nDescription: made for a test\n",
                  name, version);
    if (source != NULL)
        writer_format(&text, "Source: %s\n", source);
    put_entry(&control, "./", '5', (struct bytes){0});
    put_entry(&control, "./control", '0', writer_bytes(&text));
    writer_put(&control, (struct bytes){zeros, 1024});
    put_entry(&data, "./", '5', (struct bytes){0});
    put_entry(&data, "./x", '0', (struct bytes){zeros, sizeof(zeros)});
    writer_put(&data, (struct bytes){zeros, 1024});
    writer_string(&deb, "!<arch>\n");
    put_member(&deb, "debian-binary", BYTES("2.0\n"));
    put_member(&deb, "control.tar", writer_bytes(&control));
    put_member(&deb, "data.tar", writer_bytes(&data));
    assert_done("folder", file_make_folders(path_of(p, folder), 0755, &err), &err);
    put(p, path.at, writer_bytes(&deb));
}

static int begin_test(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct error err = {0};

    test_folder(p->folder);
    p->arena = arena_with(64 * MIB);
    assert_int_equal(pthread_mutex_init(&p->mutex, NULL), 0);
    assert_done("key", signature_make_key(&p->key, &err), &err);
    p->size = 600;
    p->door = (struct publish_door){p, door_make};
    p->request = (struct publish_request){.from = path_of(p, "from"),
                                          .to = path_of(p, "to"),
                                          .select = {.last = 5},
                                          .key = &p->key,
                                          .memory_max = 64 * MIB,
                                          .at_once = 3,
                                          .now_us = INT64_C(1795248000000000),
                                          .door = &p->door,
                                          .told = on_event,
                                          .stop = on_stop,
                                          .self = p};
    add_deb(p, "from/o/oak", "oak", "1.0", NULL);
    add_deb(p, "from/o/oak", "oak", "1.1", NULL);
    add_deb(p, "from/o/oak", "oak", "1.2", NULL);
    add_deb(p, "from/e", "elm", "1.0", NULL);
    add_deb(p, "from/e", "elm", "2.0", NULL);
    *state = p;
    return 0;
}

static int end_test(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(p->folder, &err), &err);
    (void)pthread_mutex_destroy(&p->mutex);
    arena_end(&p->arena);
    free(p);
    return 0;
}

static void run(struct place *p)
{
    struct error err = {0};

    memset(p->told, 0, sizeof(p->told));
    p->made = 0;
    p->report = (struct publish_report){0};
    assert_done("publish", publish(&p->request, &p->arena, &p->report, &err), &err);
}

static struct delta_index index_of(struct place *p, const char *name)
{
    struct text path = text_format(&p->arena, "%s/to/index/%s_all", p->folder, name);
    struct delta_index index;
    struct bytes raw;
    struct error err = {0};

    assert_done(name, file_read(path.at, MIB, &p->arena, &raw, &err), &err);
    assert_done(name, delta_index_open(raw, &p->key.public_key, &p->arena, &index, &err), &err);
    return index;
}

static size_t count_files(struct place *p, const char *folder)
{
    struct file_names parts, names;
    size_t count = 0;
    struct error err = {0};

    if (!file_is_folder(path_of(p, folder)))
        return 0;
    assert_done(folder, file_list(path_of(p, folder), 1000, &p->arena, &parts, &err), &err);
    for (size_t i = 0; i < parts.count; i++) {
        const char *part = file_path(&p->arena, path_of(p, folder), parts.names[i].at);
        assert_done(part, file_list(part, 1000, &p->arena, &names, &err), &err);
        count += names.count;
    }
    return count;
}

static void test_published(void **state)
{
    struct place *p = *state;

    p->docs = true;
    run(p);
    assert_true(p->made == 3 && p->report.counts[PUBLISH_MADE] == 3 && p->report.indexes_written == 2);
    assert_true(p->report.packages == 5 && p->report.delta_bytes == 1800);
    struct delta_index index = index_of(p, "oak");
    assert_true(index.serial == 1 && index.version_count == 1 && index.versions[0].base_count == 2);
    assert_text("version", index.versions[0].version, "1.2");
    assert_true(index.versions[0].packed == 40960 && index.versions[0].deb.size > 16384);
    const struct delta_base *base = &index.versions[0].bases[1];
    assert_text("base", base->version, "1.1");
    assert_true(base->memory == 1234 && base->delta.size == 600 && base->supplement_count == 2);
    assert_true(base->supplements[0].class == 'd' && base->supplements[1].class == 'e');
    /* by hash, and where delta_index.h says */
    assert_true(file_exists(
        path_of(p, text_format(&p->arena, "to/%s", delta_file_path(&base->delta.digest, &p->arena).at).at)));
    assert_int_equal(count_files(p, "to/delta"), 3);
    assert_int_equal(count_files(p, "to/supplement"), 3); /* docs of 1.0 and 1.1, and the same conffiles */
}

static void test_again(void **state)
{
    struct place *p = *state;
    struct bytes before, after;
    struct error err = {0};

    run(p);
    assert_done("read", file_read(path_of(p, "to/index/oak_all"), MIB, &p->arena, &before, &err), &err);
    p->request.now_us += 1000000;
    run(p);
    assert_true(p->made == 0 && p->told[PUBLISH_KEPT] == 3 && p->report.indexes_written == 0);
    assert_done("read", file_read(path_of(p, "to/index/oak_all"), MIB, &p->arena, &after, &err), &err);
    assert_true(before.size == after.size && memcmp(before.at, after.at, after.size) == 0);
}

/* A newer one: deltas to it, and those who still want the former one find theirs. */
static void test_a_newer_version(void **state)
{
    struct place *p = *state;

    run(p);
    add_deb(p, "from", "oak", "1.3", NULL);
    run(p);
    assert_true(p->made == 3 && p->told[PUBLISH_KEPT] == 1 && p->report.indexes_written == 1);
    struct delta_index index = index_of(p, "oak");
    assert_true(index.serial == 2 && index.version_count == 2);
    assert_text("newest", index.versions[0].version, "1.3");
    assert_text("former", index.versions[1].version, "1.2");
    p->request.prune = true;
    run(p);
    index = index_of(p, "oak");
    assert_true(p->made == 0 && index.serial == 3 && index.version_count == 1 && p->report.removed == 2);
    assert_int_equal(count_files(p, "to/delta"), 4);
}

static void test_prune(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    run(p);
    assert_done("remove", file_remove_tree(path_of(p, "from/e"), &err), &err);
    put(p, path_of(p, "to/delta/left"), BYTES(""));
    assert_done("remove", file_remove(path_of(p, "to/delta/left"), &err), &err);
    p->request.prune = true;
    p->request.select.last = 1;
    run(p);
    assert_true(p->report.removed == 3 && !file_exists(path_of(p, "to/index/elm_all")));
    assert_int_equal(index_of(p, "oak").versions[0].base_count, 1);
    assert_int_equal(count_files(p, "to/delta"), 1);
}

/* An index of another key may name anything: nothing is removed for it. */
static void test_prune_of_strangers(void **state)
{
    struct place *p = *state;
    struct secret_key other;
    struct error err = {0};

    run(p);
    assert_done("remove", file_remove_tree(path_of(p, "from/e"), &err), &err);
    assert_done("key", signature_make_key(&other, &err), &err);
    p->key = other;
    p->request.prune = true;
    assert_false(publish(&p->request, &p->arena, &p->report, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_int_equal(count_files(p, "to/delta"), 3);
}

static void test_unprofitable(void **state)
{
    struct place *p = *state;

    p->size = 15000;
    run(p);
    assert_true(p->made == 3 && p->told[PUBLISH_UNPROFITABLE] == 3 && count_files(p, "to/delta") == 0);
    assert_false(file_exists(path_of(p, "to/index/oak_all")));
    p->size = 600;
    run(p); /* it is remembered */
    assert_true(p->made == 0 && p->told[PUBLISH_UNPROFITABLE] == 3);
}

static void test_failures(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    p->size = 0;
    p->kind = ERROR_SYSTEM;
    run(p);
    assert_true(p->made == 3 && p->told[PUBLISH_FAILED] == 3 && !file_exists(path_of(p, "to/tried")));
    assert_string_equal(p->last, "cannot be made");
    p->kind = ERROR_TRUST; /* not to the byte, now or later */
    run(p);
    assert_true(p->made == 3 && p->told[PUBLISH_FAILED] == 3);
    run(p);
    assert_int_equal(p->made, 0);
    assert_done("remove", file_remove(path_of(p, "to/tried"), &err), &err);
    run(p);
    assert_int_equal(p->made, 3);
}

static void test_stopped(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    p->request.at_once = 1;
    p->stop_after = 2;
    assert_false(publish(&p->request, &p->arena, &p->report, &err));
    assert_failed("stop", &err, ERROR_CONFLICT, "was asked to stop, and 1 of 3 deltas are not made yet");
    p->stop_after = 0;
    run(p); /* what was made is there */
    assert_true(p->made == 1 && p->told[PUBLISH_KEPT] == 2);
}

static void test_lost_file(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    run(p);
    assert_done("remove", file_remove_tree(path_of(p, "to/delta"), &err), &err);
    run(p);
    assert_true(p->made == 3 && count_files(p, "to/delta") == 3 && p->report.indexes_written == 0);
}

static void test_files_that_are_none(void **state)
{
    struct place *p = *state;

    put(p, path_of(p, "from/broken.deb"), BYTES("no package"));
    run(p);
    assert_true(p->made == 3 && p->told[PUBLISH_REFUSED] == 1);
    assert_non_null(strstr(p->last, "from/broken.deb: "));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_published),          CASE(test_again),
        CASE(test_a_newer_version),    CASE(test_prune),
        CASE(test_prune_of_strangers), CASE(test_unprofitable),
        CASE(test_failures),           CASE(test_stopped),
        CASE(test_lost_file),          CASE(test_files_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
