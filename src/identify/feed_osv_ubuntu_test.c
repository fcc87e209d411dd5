/*
 * Ubuntu's tracker as OSV: rows of a table go through bench/make_ubuntu_osv.py and the reader, and come out as the
 * statuses that they were. Nothing is lost on the way.
 */
#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "format/compress.h"
#include "identify/feed_golden.h"

extern const struct feed feed_osv;

/* The CVEs of one year. */
#define START "CVE-2012-"

static bool is_version(struct text note)
{
    for (size_t i = 0; i < note.size; i++)
        if (strchr(" ()", note.at[i]) != NULL)
            return false;
    return note.size > 0;
}

static enum advisory_status status_of_row(struct text status, struct text note)
{
    static const struct {
        struct text word;
        enum advisory_status status;
    } rows[] = {
        {{"not-affected", 12}, ADVISORY_NOT_AFFECTED},
        {{"needed", 6}, ADVISORY_OPEN},
        {{"needs-triage", 12}, ADVISORY_OPEN},
        {{"deferred", 8}, ADVISORY_POSTPONED},
        {{"pending", 7}, ADVISORY_PENDING},
    };

    if (text_equal(status, TEXT("released")))
        return is_version(text_trim(note)) ? ADVISORY_FIXED : ADVISORY_UNDETERMINED;
    if (text_equal(status, TEXT("ignored")))
        return text_starts(note, TEXT("end of ")) ? ADVISORY_END_OF_LIFE : ADVISORY_IGNORED;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (text_equal(status, rows[i].word))
            return rows[i].status;
    fail_msg("%.*s", TEXT_ARG(status));
    return ADVISORY_UNKNOWN;
}

static void count_row(struct text row, struct feed_count *count)
{
    struct text cve, release, package, status;

    if (!text_cut(&row, '\t', &cve) || !text_cut(&row, '\t', &release) || !text_cut(&row, '\t', &package) ||
        !text_cut(&row, '\t', &status) || !text_starts(cve, TEXT(START)))
        return;
    if (text_equal(release, TEXT("upstream")) || text_equal(release, TEXT("devel")) ||
        text_equal(release, TEXT("snap")))
        return;
    count->advisories++;
    count->of_status[status_of_row(status, row)]++;
}

static void count_table(struct arena *arena, const char *path, struct feed_count *count)
{
    struct bytes table;
    struct error err = {0};

    assert_done(path, compress_read_file(path, LIMIT_FEED_FILE, arena, &table, &err), &err);
    struct text rest = {(const char *)table.at, table.size}, row;
    while (text_cut(&rest, '\n', &row))
        count_row(row, count);
}

static void make(struct arena *arena, const char *table, const char *zip)
{
    char folder[512];
    struct child_result result;
    struct error err = {0};

    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(table, '/') - table), table);
    const char *script = file_path(arena, getenv("SUTURE_GOLDEN"), "../../bench/make_ubuntu_osv.py");
    const char *const argv[] = {"/usr/bin/python3", script, folder, zip, START, NULL};
    const struct child_command command = {.argv = argv, .timeout_ms = 60000, .output_limit = MIB};
    assert_done(script, child_run(&command, arena, &result, &err), &err);
    if (result.status != 0)
        fail_msg("%s: %.*s", script, (int)result.errors.size, (const char *)result.errors.at);
}

static void rows_come_out_as_they_went_in(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct feed_count expected = {0};
    struct error err = {0};
    char path[512], folder[64], zip[80];
    (void)state;

    if (test_shared("ubuntu-cve-tracker/status.tsv.zst", path) == NULL)
        skip();
    test_folder(folder);
    (void)snprintf(zip, sizeof(zip), "%s/ubuntu.zip", folder);
    make(&arena, path, zip);
    struct feed_count count = feed_golden_count_archive(&feed_osv, zip, ".json");
    assert_done(folder, file_remove_tree(folder, &err), &err);

    count_table(&arena, path, &expected);
    assert_true(expected.advisories > 20000);
    assert_int_equal(count.advisories, expected.advisories);
    for (int i = 0; i < ADVISORY_STATUS_COUNT; i++)
        if (count.of_status[i] != expected.of_status[i])
            fail_msg("%s: %zu, expected %zu", advisory_status_name((enum advisory_status)i),
                     count.of_status[i], expected.of_status[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_as_they_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
