/*
 * A real machine that was in need of care, against the truth that others wrote down: the CVEs that Debian's changelogs
 * name between what it had and what it was offered.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/endpoint_testing.h"
#include "identify/feeds.h"
#include "identify/index_build.h"
#include "identify/match.h"

#define ARENA_MAX (256 * MIB)

static struct bytes read_shared(const char *file, struct arena *arena)
{
    char path[512];
    struct bytes bytes = {NULL, 0};
    struct error err;

    assert_non_null(test_shared(file, path));
    assert_done(file, file_read(path, 64 * MIB, arena, &bytes, &err), &err);
    return bytes;
}

static struct host read_endpoint(struct arena *arena)
{
    char path[512];
    struct host host;
    struct error err;

    assert_non_null(test_shared("endpoint-bookworm/status", path));
    *strrchr(path, '/') = '\0';
    assert_done("endpoint", endpoint_read(path, arena, &host, &err), &err);
    return host;
}

static void build_index(struct arena *arena, struct writer *out, struct index *index)
{
    const struct feed *feed = feeds_find(TEXT("debian-tracker"));
    struct index_build *build = index_build_begin(arena, "debian-12");
    struct feed_sink sink = index_build_sink(build);
    struct feed_facts facts;
    struct error err;

    assert_non_null(feed);
    assert_true(index_build_feed(build, TEXT("debian-tracker"), 0, &err));
    assert_done("tracker",
                feed->parse(read_shared("endpoint-bookworm/debian-tracker.json", arena),
                            TEXT("debian-tracker.json"), &sink, arena, &facts, &err),
                &err);
    index_build_keep(build, &facts);
    assert_done("write", index_build_write(build, 0, out, &err), &err);
    assert_done("open", index_open(writer_bytes(out), index, &err), &err);
}

/* "SOURCE CVE" of every CVE that a changelog names; the value says whether it was found. */
static size_t read_changelogs(struct arena *arena, struct map *expected, struct text lines)
{
    struct text line, field, source, word;
    struct error err;

    while (text_cut(&lines, '\n', &line)) {
        if (text_starts(line, TEXT("#")))
            continue;
        (void)text_cut(&line, '\t', &source);
        for (size_t i = 1; i < 7; i++)
            (void)text_cut(&line, '\t', &field);
        while (text_cut_word(&line, &word))
            assert_true(map_put(expected, text_format(arena, "%.*s %.*s", TEXT_ARG(source), TEXT_ARG(word)),
                                0, &err));
    }
    return expected->count;
}

/*
 * The kernel is there as headers and tools. All else is closed by the candidate, but for fixes that the list dates to
 * openjdk-17 17.0.21+9-1: the candidate is 17.0.21+9-1~deb12u1, which sorts before it.
 */
static void check_finding(const struct host *host, const struct match *match, const struct finding *finding)
{
    bool kernel = text_equal(finding->source, TEXT("linux")),
         late = text_equal(finding->fixed, TEXT("17.0.21+9-1"));

    assert_int_equal(finding->class_of, kernel ? CLASS_NOT_EXECUTABLE
                                        : late ? CLASS_NOT_YET_IN_ARCHIVE
                                               : CLASS_AVAILABLE);
    assert_int_equal(finding->update == UPDATE_NONE, late);
    assert_true(finding->package_count > 0 &&
                version_compare(VERSION_DEB, finding->installed, finding->fixed) < 0);
    if (finding->update == UPDATE_NONE)
        return;
    const struct package *package = &host->packages[match->updates[finding->update].package];
    assert_true(text_equal(package->source, finding->source));
    assert_true(version_compare(VERSION_DEB, finding->fixed, package->offers[0].source_version) <= 0);
}

static void the_changelogs_say_the_same(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_MAX);
    OWN(writer_end) struct writer file = writer_with(MIB);
    struct map expected = map_with(&arena);
    struct index index;
    struct match match;
    struct error err;
    char path[512];
    (void)state;

    if (test_shared("endpoint-bookworm/status", path) == NULL)
        skip();
    struct host host = read_endpoint(&arena);
    assert_int_equal(host.package_count, 820);
    build_index(&arena, &file, &index);
    struct bytes changelogs = read_shared("endpoint-bookworm/changelog-cves.tsv", &arena);
    size_t count =
        read_changelogs(&arena, &expected, (struct text){(const char *)changelogs.at, changelogs.size});

    struct match_input input = {.host = &host, .index = &index, .all = true};
    assert_done("match", match_host(&input, &arena, &match, &err), &err);
    for (size_t i = 0; i < match.finding_count; i++) {
        const struct finding *finding = &match.findings[i];
        struct text key = text_format(&arena, "%.*s %.*s", TEXT_ARG(finding->source), TEXT_ARG(finding->id));
        if (map_get(&expected, key) == MAP_NONE)
            fail_msg("%.*s: no changelog names it", TEXT_ARG(key));
        assert_true(map_put(&expected, key, 1, &err));
        check_finding(&host, &match, finding);
    }
    /*
     * One that a changelog names is none: it was fixed in postgresql-common 210, and 248 is installed. The list was
     * made with the version of the binary package postgresql, 15+248.
     */
    assert_int_equal(map_get(&expected, TEXT("postgresql-common CVE-2019-3466")), 0);
    assert_int_equal(match.finding_count, count - 1);
    assert_int_equal(match.update_count, 107);
}

/* Without --all the kernel's headers and tools are one line, and every update says what it is. */
static void what_a_scan_shows(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_MAX);
    OWN(writer_end) struct writer file = writer_with(MIB);
    size_t kinds[2][UPDATE_KIND_COUNT] = {{0}};
    struct index index;
    struct match match;
    struct error err;
    char path[512];
    (void)state;

    if (test_shared("endpoint-bookworm/status", path) == NULL)
        skip();
    struct host host = read_endpoint(&arena);
    build_index(&arena, &file, &index);
    struct match_input input = {.host = &host, .index = &index};
    assert_done("match", match_host(&input, &arena, &match, &err), &err);
    assert_int_equal(match.finding_count, 2183 - 2018 - 1);
    assert_int_equal(match.not_executable_count, 1);
    assert_int_equal(match.not_executable[0].count, 2018);
    assert_int_equal(match.not_executable[0].package_count, 2);
    for (size_t i = 0; i < match.update_count; i++)
        kinds[match.updates[i].by_origin][match.updates[i].kind]++;
    /* The tracker here names 19 sources and is not complete: for the others only the archive speaks. */
    assert_int_equal(kinds[false][UPDATE_SECURITY], 50);
    assert_int_equal(kinds[false][UPDATE_FUNCTIONAL], 0);
    assert_int_equal(kinds[true][UPDATE_SECURITY], 40);
    assert_int_equal(kinds[false][UPDATE_KIND_UNKNOWN], 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_changelogs_say_the_same),
        cmocka_unit_test(what_a_scan_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
