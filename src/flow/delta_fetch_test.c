/* Packages by delta: a repository in a folder, and a door that makes what the test wants. */
#include "base/testing.h"

#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/delta_fetch.h"

#define VENDORS "the package as its vendor made it, which is much longer than its delta"
#define DELTA   "the delta"
#define DOCS    "old documents"

struct place {
    char folder[64];
    struct arena arena;
    struct delta_settings settings;
    struct plan_change change;
    struct plan plan;
    struct delta_supplement docs;
    struct delta_offer offer;
    struct delta_offers offers;
    struct delta_door door;
    struct cache packages;
    uint64_t here;
    struct delta_fetch_request request;

    /* what the door does */
    const char *makes; /* NULL: fails as said */
    struct error fails;
    unsigned sleep_ms;
    bool missing_docs;
    size_t looked, made, supplements;
    bool stops;
};

static const char *path_of(struct place *p, const char *name)
{
    return text_format(&p->arena, "%s/%s", p->folder, name).at;
}

static void put(struct place *p, const char *name, const char *content)
{
    const char *path = path_of(p, name);
    struct error err = {0};
    char *folder = text_string(&p->arena, text_of(path));

    *strrchr(folder, '/') = 0;
    assert_done("folder", file_make_folders(folder, 0755, &err), &err);
    assert_done(name, file_replace_cache(path, bytes_of_text(text_of(content)), 0644, &err), &err);
}

static struct delta_file file_of(const char *content)
{
    struct delta_file file = {.size = strlen(content)};
    struct error err = {0};

    assert_done("digest", digest_bytes(DIGEST_SHA256, bytes_of_text(text_of(content)), &file.digest, &err),
                &err);
    return file;
}

static bool door_look(void *self, const struct delta_job *job, bool missing[BASE_CLASS_COUNT],
                      struct arena *arena, struct error *err)
{
    struct place *p = self;

    (void)arena;
    p->looked++;
    missing[BASE_DOC] = p->missing_docs;
    return file_exists(job->delta) || error_set(err, ERROR_ABSENT, "no delta");
}

static bool door_make(void *self, const struct delta_job *job, struct arena *arena, struct error *err)
{
    struct place *p = self;

    (void)arena;
    p->made++;
    p->supplements = job->supplement_count;
    (void)usleep(p->sleep_ms * 1000);
    if (p->makes == NULL) {
        *err = p->fails;
        return false;
    }
    return file_replace_cache(job->made, bytes_of_text(text_of(p->makes)), 0600, err);
}

static bool on_progress(void *self, const struct mirror_progress *progress)
{
    const struct place *p = self;

    (void)progress;
    return !p->stops;
}

static int begin_test(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct error err = {0};
    const struct delta_file deb = file_of(VENDORS), delta = file_of(DELTA), docs = file_of(DOCS);

    test_folder(p->folder);
    p->arena = arena_with(16 * MIB);
    p->settings.source = text_format(&p->arena, "file://%s/source/", p->folder);
    p->change = (struct plan_change){.kind = CHANGE_UPGRADE,
                                     .name = TEXT("oak"),
                                     .arch = TEXT("amd64"),
                                     .from = TEXT("1.0"),
                                     .to = TEXT("2.0"),
                                     .size = deb.size,
                                     .digest = deb.digest};
    p->plan = (struct plan){.changes = &p->change, .change_count = 1};
    p->docs = (struct delta_supplement){'d', docs};
    p->offer = (struct delta_offer){
        .found = true,
        .base = {.package = TEXT("oak"), .delta = delta, .supplements = &p->docs, .supplement_count = 1}};
    p->offers = (struct delta_offers){.at = &p->offer, .found = 1, .configured = true, .asked = true};
    p->door = (struct delta_door){p, door_look, door_make};
    p->makes = VENDORS;
    assert_done("cache", cache_open(path_of(p, "state/cache"), CACHE_PACKAGES, &p->packages, &err), &err);
    p->request = (struct delta_fetch_request){.settings = &p->settings,
                                              .offers = &p->offers,
                                              .plan = &p->plan,
                                              .door = &p->door,
                                              .packages = &p->packages,
                                              .state = path_of(p, "state"),
                                              .spool = path_of(p, "state/fetch"),
                                              .here = &p->here,
                                              .progress = on_progress,
                                              .self = p};
    struct text name = delta_file_path(&delta.digest, &p->arena);
    put(p, text_format(&p->arena, "source/%.*s", TEXT_ARG(name)).at, DELTA);
    name = delta_supplement_path(&docs.digest, &p->arena);
    put(p, text_format(&p->arena, "source/%.*s", TEXT_ARG(name)).at, DOCS);
    *state = p;
    return 0;
}

static int end_test(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(p->folder, &err), &err);
    arena_end(&p->arena);
    free(p);
    return 0;
}

static struct delta_report run(struct place *p)
{
    struct delta_report report = {0};
    struct error err = {0};

    assert_done("fetch", delta_fetch(&p->request, &p->arena, &report, &err), &err);
    return report;
}

static bool package_is_here(struct place *p)
{
    const char *path = NULL;
    struct error err = {0};

    assert_done("find",
                cache_find(&p->packages, &(struct cache_item){p->change.digest, p->change.size}, &p->arena,
                           &path, &err),
                &err);
    return path != NULL;
}

static size_t count_files(struct place *p, const char *folder)
{
    struct file_names names;
    struct error err = {0};

    assert_done(folder, file_list(path_of(p, folder), 100, &p->arena, &names, &err), &err);
    return names.count;
}

/* One note, which says this. */
static void assert_noted(const struct delta_report *report, const char *text)
{
    assert_int_equal(report->note_count, 1);
    if (text_find(report->notes[0], text_of(text)) == SIZE_MAX)
        fail_msg("\"%.*s\", expected \"%s\"", TEXT_ARG(report->notes[0]), text);
    assert_true(text_ends(report->notes[0], TEXT(": fetched whole")));
}

static void test_made(void **state)
{
    struct place *p = *state;

    put(p, "state/deltas/made/0123.deb.spool", "left by a run that nobody goes on with");
    struct delta_report report = run(p);
    assert_true(report.made == 1 && report.made_bytes == sizeof(VENDORS) - 1 && report.note_count == 0);
    assert_int_equal(report.fetched_bytes, sizeof(DELTA) - 1);
    assert_true(package_is_here(p) && p->looked == 1 && p->supplements == 0);
    /* nothing is left of what it was made from */
    assert_true(count_files(p, "state/deltas/files") == 0 && count_files(p, "state/deltas/made") == 0);
    assert_int_equal(count_files(p, "state/deltas/bad"), 0);
}

static void test_nothing_to_do(void **state)
{
    struct place *p = *state;

    p->settings.use = CHOICE_NEVER;
    assert_true(run(p).made == 0 && p->looked == 0);
    p->settings.use = CHOICE_ALWAYS;
    p->here = p->change.size; /* the package is here */
    assert_true(run(p).made == 0 && p->looked == 0);
    p->here = p->change.size - 3; /* what is missing of it is less than the delta */
    assert_true(run(p).made == 0 && p->looked == 0);
    p->here = 0;
    p->offers.found = 0;
    p->offer.found = false;
    assert_true(run(p).made == 0 && p->looked == 0);
}

static void test_not_there(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(path_of(p, "source"), &err), &err);
    struct delta_report report = run(p);
    assert_true(report.made == 0 && p->looked == 0);
    assert_noted(&report, "delta for oak could not be fetched (");
}

static void test_other_bytes_there(void **state)
{
    struct place *p = *state;
    struct text name = delta_file_path(&p->offer.base.delta.digest, &p->arena);

    put(p, text_format(&p->arena, "source/%.*s", TEXT_ARG(name)).at, "the DELTA");
    struct delta_report report = run(p);
    assert_true(report.made == 0 && p->looked == 0);
    assert_noted(&report, "sent something else");
}

/* It is told by name, and not fetched again. */
static void test_gives_another_package(void **state)
{
    struct place *p = *state;

    p->makes = "the package as its vendor did not make it, of the same length as ......";
    struct delta_report report = run(p);
    assert_noted(&report, "delta for oak did not give the vendor's package (");
    assert_true(!package_is_here(p) && p->made == 1);
    assert_true(count_files(p, "state/deltas/bad") == 1 && count_files(p, "state/deltas/made") == 0);
    p->makes = VENDORS;
    report = run(p);
    assert_true(report.made == 0 && report.fetched_bytes == 0 && p->made == 1);
}

static void test_broken_delta(void **state)
{
    struct place *p = *state;

    p->makes = NULL;
    (void)error_set(&p->fails, ERROR_INPUT, "window 3: is broken");
    struct delta_report report = run(p);
    assert_noted(&report, "delta for oak did not give the vendor's package (window 3: is broken)");
    assert_int_equal(count_files(p, "state/deltas/bad"), 1);
}

/* What is wrong here may be right tomorrow: the delta waits. */
static void test_base_was_edited(void **state)
{
    struct place *p = *state;

    p->makes = NULL;
    (void)error_set(&p->fails, ERROR_CONFLICT, "/usr/bin/oak: was changed");
    struct delta_report report = run(p);
    assert_noted(&report, "delta for oak cannot be used here (/usr/bin/oak: was changed)");
    assert_true(report.fetched_bytes > 0 && count_files(p, "state/deltas/files") == 1);
    p->makes = VENDORS;
    report = run(p);
    assert_true(report.made == 1 && report.fetched_bytes == 0);
}

static void test_supplement(void **state)
{
    struct place *p = *state;

    p->missing_docs = true;
    struct delta_report report = run(p);
    assert_true(report.made == 1 && p->supplements == 1);
    assert_int_equal(report.fetched_bytes, sizeof(DELTA) + sizeof(DOCS) - 2);
    assert_int_equal(count_files(p, "state/deltas/files"), 0);
}

static void test_no_supplement(void **state)
{
    struct place *p = *state;

    p->missing_docs = true;
    p->offer.base.supplement_count = 0;
    struct delta_report report = run(p);
    assert_true(report.made == 0 && p->made == 0);
    assert_noted(&report, "its source has no others");
}

/* Interrupted between the fetch and the making: the next run goes on from there. */
static void test_stopped(void **state)
{
    struct place *p = *state;
    struct delta_report report = {0};
    struct error err = {0};

    p->makes = NULL;
    (void)error_set(&p->fails, ERROR_CONFLICT, "was asked to stop");
    run(p);
    p->stops = true;
    assert_false(delta_fetch(&p->request, &p->arena, &report, &err));
    assert_failed("stop", &err, ERROR_CONFLICT, "was asked to stop");
    p->stops = false;
    p->makes = VENDORS;
    report = run(p);
    assert_true(report.made == 1 && report.fetched_bytes == 0);
}

/* One file for two packages is wrong about one of them: it is fetched once, and the other package whole. */
static void test_one_delta_for_two(void **state)
{
    struct place *p = *state;
    struct plan_change changes[2] = {p->change, p->change};
    struct delta_offer offers[2] = {p->offer, p->offer};

    changes[1].name = TEXT("elm");
    changes[1].digest.at[0] ^= 1;
    p->plan = (struct plan){.changes = changes, .change_count = 2};
    p->offers.at = offers;
    p->offers.found = 2;
    const uint64_t here[2] = {0};
    p->request.here = here;
    struct delta_report report = run(p);
    assert_true(report.made == 1 && p->made == 1 && report.fetched_bytes == sizeof(DELTA) - 1);
}

/* A machine that is busy all day: the first waits for so long, the second not at all, and both are fetched whole. */
static void test_no_time(void **state)
{
    struct place *p = *state;
    struct plan_change changes[2] = {p->change, p->change};
    struct delta_offer offers[2] = {p->offer, p->offer};
    const uint64_t here[2] = {0};

    changes[1].digest.at[0] ^= 1;
    offers[1].base.delta = file_of("the 2nd !");
    struct text name = delta_file_path(&offers[1].base.delta.digest, &p->arena);
    put(p, text_format(&p->arena, "source/%.*s", TEXT_ARG(name)).at, "the 2nd !");
    p->plan = (struct plan){.changes = changes, .change_count = 2};
    p->offers.at = offers;
    p->offers.found = 2;
    p->request.here = here;
    p->request.patience_ms = 20;
    p->sleep_ms = 40;
    p->makes = NULL;
    (void)error_set(&p->fails, ERROR_LIMIT, "suture-rebuild: has run for longer than it may");
    struct delta_report report = run(p);
    assert_true(p->made == 1 && report.note_count == 2 && count_files(p, "state/deltas/files") == 2);
    for (size_t i = 0; i < 2; i++)
        assert_text("note", report.notes[i],
                    "delta for oak cannot be used now: the machine has no time to rebuild it: fetched whole");
    assert_int_equal(count_files(p, "state/deltas/bad"), 0);
    p->sleep_ms = 0;
    p->makes = VENDORS; /* tomorrow it has */
    report = run(p);
    assert_true(report.made == 1 && report.fetched_bytes == 0);
}

static void test_rate(void **state)
{
    struct place *p = *state;
    const char *folder = p->request.state;

    assert_int_equal(delta_rate_read(folder, &p->arena), 0);
    delta_rate_note(folder, 999999, 2000000, &p->arena); /* too little to tell */
    assert_int_equal(delta_rate_read(folder, &p->arena), 0);
    delta_rate_note(folder, 5000000, 2000000, &p->arena);
    assert_int_equal(delta_rate_read(folder, &p->arena), 2500000);
    put(p, "state/deltas/rate", "no number");
    assert_int_equal(delta_rate_read(folder, &p->arena), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_made),
        CASE(test_nothing_to_do),
        CASE(test_not_there),
        CASE(test_other_bytes_there),
        CASE(test_gives_another_package),
        CASE(test_broken_delta),
        CASE(test_base_was_edited),
        CASE(test_supplement),
        CASE(test_no_supplement),
        CASE(test_stopped),
        CASE(test_rate),
        CASE(test_no_time),
        CASE(test_one_delta_for_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
