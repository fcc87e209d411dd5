#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/feeds.h"

static void feeds_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; feeds[i] != NULL; i++)
        assert_ptr_equal(feeds_find(text_of(feeds[i]->name)), feeds[i]);
    assert_null(feeds_find(TEXT("osv2")));
    assert_null(feeds_find(TEXT("")));
}

/* Each row of the table says all that others need of it, and where its documents come from. */
static void rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; feeds[i] != NULL; i++) {
        const struct feed *feed = feeds[i];
        const char *row = feed->name;
        assert_true(strlen(row) > 0 && strlen(feed->title) > 0 && strlen(feed->media_type) > 0);
        if (feed->parse == NULL || feed->recognise == NULL)
            fail_msg("%s: no parse or recognise", row);
        if (feed->url != NULL && strncmp(feed->url, "https://", 8) != 0)
            fail_msg("%s: %s", row, feed->url);
        if (feed->url != NULL && (strstr(feed->url, "{part}") != NULL) != (feed->parts != NULL))
            fail_msg("%s: {part} and parts go together", row);
        if (feed->url != NULL && feed->local != NULL)
            fail_msg("%s: fetched or local, not both", row);
        for (size_t j = 0; feed->local != NULL && feed->local[j] != NULL; j++)
            assert_true(feed->local[j][0] == '/');
    }
}

/* Every good golden file is taken for what it is by its first bytes alone. */
static void recognise_folder(struct arena *arena, const struct feed *feed, const char *folder)
{
    struct file_names names;
    struct error err = {0};
    size_t recognised = 0;

    assert_done(folder, file_list(folder, 1000, arena, &names, &err), &err);
    for (size_t i = 0; i < names.count; i++) {
        struct bytes bytes;
        const char *path = file_path(arena, folder, names.names[i].at);
        if (text_ends(names.names[i], TEXT(".expected")) || file_is_folder(path))
            continue;
        assert_done(path, file_read(path, MIB, arena, &bytes, &err), &err);
        const struct feed *found = feeds_recognise(bytes, (struct text){0});
        if (found == feed)
            recognised++;
        else if (found != NULL)
            fail_msg("%s: taken for %s", path, found->name);
    }
    if (recognised == 0)
        fail_msg("%s: none is recognised", folder);
}

static void documents_are_recognised(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    (void)state;

    for (size_t i = 0; feeds[i] != NULL; i++) {
        char *name = text_string(&arena, text_of(feeds[i]->name));
        for (char *dash = name; (dash = strchr(dash, '-')) != NULL;)
            *dash = '_';
        recognise_folder(&arena, feeds[i],
                         text_format(&arena, "%s/feed_%s", getenv("SUTURE_GOLDEN"), name).at);
    }
}

static void real_documents_are_recognised(void **state)
{
    static const struct {
        const char *file, *feed;
    } rows[] = {
        {"endpoint-bookworm/debian-tracker.json", "debian-tracker"},
        {"kev/known_exploited_vulnerabilities.json", "kev"},
        {"debian-dsa-dla/DSA-list", "debian-list"},
        {"debian-dsa-dla/DLA-list", "debian-list"},
        {"debian-dsa-dla/DTSA-list", "debian-list"},
        {"eol/debian.csv", "distro-info"},
        {"eol/ubuntu.csv", "distro-info"},
        {"eol/security-support-ended.deb12", "debian-support"},
        {"eol/security-support-limited", "debian-support"},
    };
    char path[512];
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        struct bytes bytes;
        struct error err = {0};
        if (test_shared(rows[i].file, path) == NULL)
            skip();
        assert_done(path, file_read(path, 16 * MIB, &arena, &bytes, &err), &err);
        const struct feed *found = feeds_recognise(bytes, (struct text){0});
        assert_non_null(found);
        assert_string_equal(found->name, rows[i].feed);
    }
}

static void others_are_not_recognised(void **state)
{
    static const char *const documents[] = {
        "",
        "{}",
        "[]",
        "hello",
        "# a list of something",
        "{\"id\": \"x\", \"name\": \"y\"}",
        "{\"bomFormat\": \"CycloneDX\", \"components\": [{\"CVE-1\": 1}]}",
        "{\"version\": \"2.1.0\", \"$schema\": \"https://json.example/sarif-2.1.0.json\", \"runs\": []}",
        "{\"vulnerabilities\": []}",
        "[2026-11-21] a log",
        "name,version,date\n",
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        const struct feed *found = feeds_recognise(bytes_of_text(text_of(documents[i])), (struct text){0});
        if (found != NULL)
            fail_msg("%s: taken for %s", documents[i], found->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feeds_are_found_by_name),   cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(documents_are_recognised),  cmocka_unit_test(real_documents_are_recognised),
        cmocka_unit_test(others_are_not_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
