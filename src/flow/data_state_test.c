#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/data_state.h"
#include "store/state.h"

#define DAY TIME_DAY_US

static void test_judge(void **state)
{
    static const struct {
        const char *name;
        int64_t stale_after_us;
        size_t documents;
        int64_t generated_us, checked_us;
        const char *before; /* what went wrong last */
        enum data_freshness state;
        const char *why;
    } rows[] = {
        {"fresh", 7 * DAY, 1, 99 * DAY, 99 * DAY, "", DATA_FRESH, ""},
        {"fresh, last try failed", 7 * DAY, 1, 99 * DAY, 99 * DAY, "no answer", DATA_FRESH, "no answer"},
        {"at the limit", 7 * DAY, 1, 93 * DAY, 100 * DAY, "", DATA_FRESH, ""},
        {"old", 7 * DAY, 1, 93 * DAY - 1, 100 * DAY, "", DATA_STALE, "7 days old (fresh up to 7 days)"},
        {"old, last try failed", 7 * DAY, 1, 80 * DAY, 100 * DAY, "no answer", DATA_STALE,
         "20 days old (fresh up to 7 days); no answer"},
        {"hours", DAY, 1, 98 * DAY + DAY / 2, 100 * DAY, "", DATA_STALE,
         "36 hours old (fresh up to 24 hours)"},
        {"source not heard", 7 * DAY, 1, 99 * DAY, 90 * DAY, "", DATA_STALE,
         "its source was not heard for 10 days (fresh up to 7 days)"},
        {"no date, heard", 7 * DAY, 1, TIME_ABSENT, 99 * DAY, "", DATA_FRESH, ""},
        {"no date, not heard", 7 * DAY, 1, TIME_ABSENT, 50 * DAY, "", DATA_STALE,
         "its source was not heard for 50 days (fresh up to 7 days)"},
        {"no dates at all", 7 * DAY, 1, TIME_ABSENT, TIME_ABSENT, "", DATA_STALE, "nobody knows since when"},
        {"never stale", 0, 1, TIME_ABSENT, 1, "", DATA_FRESH, ""},
        {"absent", 7 * DAY, 0, TIME_ABSENT, TIME_ABSENT, "", DATA_ABSENT, "was never fetched"},
        {"absent, tried", 7 * DAY, 0, TIME_ABSENT, TIME_ABSENT, "no answer", DATA_ABSENT, "no answer"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct feed feed = {.name = "x", .url = "http://x", .stale_after_us = rows[i].stale_after_us};
        struct data_feed judged = {.feed = &feed,
                                   .document_count = rows[i].documents,
                                   .generated_us = rows[i].generated_us,
                                   .checked_us = rows[i].checked_us,
                                   .why = text_of(rows[i].before)};
        data_feed_judge(&judged, 100 * DAY, &arena);
        if (judged.state != rows[i].state)
            fail_msg("%s: %s", rows[i].name, data_freshness_name(judged.state));
        assert_text(rows[i].name, judged.why, rows[i].why);
    }
}

static const char manifest[] = "Format: 1\n"
                               "Releases: debian-12\n"
                               "\n"
                               "Feed: nvd\n"
                               "Document: 2002\n"
                               "File: nvd.2002\n"
                               "Url: https://me:secret@mirror.example/2002\n"
                               "Records: 5\n"
                               "Size: 50\n"
                               "Fetched: 2026-11-01\n"
                               "Checked: 2026-11-18\n"
                               "Generated: 2026-10-01\n"
                               "\n"
                               "Feed: nvd\n"
                               "Document: 2003\n"
                               "File: nvd.2003\n"
                               "Records: 7\n"
                               "Fetched: 2026-11-20\n"
                               "Checked: 2026-11-20\n"
                               "Generated: 2026-11-20\n"
                               "\n"
                               "Feed: kev\n"
                               "File: kev\n"
                               "Url: https://me:secret@mirror.example/kev\n"
                               "Checked: 2026-11-21\n"
                               "\n"
                               "Feed: epss\n"
                               "Problem: https://mirror.example/epss: the server answers 503\n";

static const struct data_feed *find(const struct data_state *data, const char *name)
{
    for (size_t i = 0; i < data->feed_count; i++)
        if (text_equal(data->feeds[i].name, text_of(name)))
            return &data->feeds[i];
    return NULL;
}

static void write_state(const char *folder, struct arena *arena)
{
    OWN(state_change_end) struct state_change change = {.lock = -1};
    struct state state;
    struct error err = {0};

    assert_done("open", state_open(folder, STATE_WRITE, &state, &err), &err);
    assert_done("begin", state_change_begin(&state, arena, &change, &err), &err);
    const char *path = file_path(arena, change.next.folder, "manifest");
    assert_done("write", file_replace(path, bytes_of_text(text_of(manifest)), 0600, &err), &err);
    assert_done("commit", state_change_commit(&change, &err), &err);
}

static void test_open(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct data_state data = {0};
    struct error err = {0};
    char folder[64];
    int64_t now_us = 0;

    (void)state;
    test_folder(folder);
    assert_done("now", time_parse(TEXT("2026-11-22"), &now_us, &err), &err);
    write_state(folder, &arena);
    assert_done("open", data_state_open(folder, now_us, &arena, &data, &err), &err);
    assert_int_equal(data.generation, 1);
    const struct data_feed *nvd = find(&data, "nvd"), *kev = find(&data, "kev"), *epss = find(&data, "epss");
    assert_true(nvd != NULL && kev != NULL && epss != NULL);
    assert_int_equal(nvd->document_count, 2);
    assert_int_equal(nvd->records, 12);
    assert_int_equal(nvd->size, 50);
    assert_int_equal(nvd->generated_us, now_us - 2 * DAY);
    assert_int_equal(nvd->fetched_us, now_us - 2 * DAY);
    assert_int_equal(nvd->checked_us, now_us - 4 * DAY);
    assert_text("source", nvd->source, "2 documents");
    assert_int_equal(nvd->state, DATA_FRESH);
    assert_text("source", kev->source, "https://mirror.example/kev");
    assert_int_equal(epss->state, DATA_ABSENT);
    assert_text("why", epss->why, "https://mirror.example/epss: the server answers 503");
    /* Missed here: those about Debian. Not missed: what is about others, or comes by import only. */
    assert_non_null(find(&data, "debian-tracker"));
    assert_null(find(&data, "osv"));
    assert_null(find(&data, "cve5"));
    assert_string_equal(data_state_index(&data, "debian-12", &arena) + strlen(folder),
                        "/generations/1/index/debian-12.index");
    assert_null(data_state_index(&data, "debian-11", &arena));
    assert_string_equal(data_state_facts(&data, &arena) + strlen(folder), "/generations/1/facts");
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static void test_nothing(void **state)
{
    static const char *const folders[] = {NULL, "/not/there"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct data_state data = {0};
        struct error err = {0};
        assert_done("nothing", data_state_open(folders[i], DAY, &arena, &data, &err), &err);
        assert_int_equal(err.kind, ERROR_NONE);
        assert_int_equal(data.generation, 0);
        assert_true(data.feed_count > 0);
        for (size_t k = 0; k < data.feed_count; k++)
            assert_int_equal(data.feeds[k].state, DATA_ABSENT);
        assert_null(data_state_index(&data, "debian-12", &arena));
        assert_null(data_state_facts(&data, &arena));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
