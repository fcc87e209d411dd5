/*
 * How long matching takes: a machine's packages against its compiled index, findings and updates made, facts looked
 * up.
 *
 *     match_speed ENDPOINT [INDEX...]
 *
 * ENDPOINT is a folder with a dpkg `status`, `upgradable_by_origin.tsv` and `debian-tracker.json` (a real machine with
 * 820 packages, 107 of them behind). It is matched against the index of its tracker, then against each INDEX, taken as
 * if it were of this machine's release: bench/index_size writes those of a whole distribution. Facts of 300,000 CVEs
 * are made up. Prints the first run (nothing in the processor's caches), the fastest and the median of 2,000.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "identify/endpoint_testing.h"
#include "identify/facts_build.h"
#include "identify/feeds.h"
#include "identify/index_build.h"
#include "identify/match.h"

#define RUNS  2000
#define FACTS 300000

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static bool build_index(const char *folder, struct arena *arena, struct writer *out, struct error *err)
{
    const struct feed *feed = feeds_find(TEXT("debian-tracker"));
    struct index_build *build = index_build_begin(arena, "debian-12");
    const char *path = file_path(arena, folder, "debian-tracker.json");
    struct feed_sink sink;
    struct feed_facts facts;
    struct bytes bytes;

    if (feed == NULL || build == NULL || path == NULL)
        return arena_full(arena, err);
    sink = index_build_sink(build);
    if (!index_build_feed(build, text_of(feed->name), 0, err) ||
        !file_read(path, 64 * MIB, arena, &bytes, err) ||
        !feed->parse(bytes, TEXT("debian-tracker.json"), &sink, arena, &facts, err))
        return false;
    index_build_keep(build, &facts);
    return index_build_write(build, 0, out, err);
}

/* Every tenth number of each year, with a score and EPSS; one in two hundred is exploited. */
static bool build_facts(struct arena *arena, struct writer *out, struct error *err)
{
    struct facts_build *build = facts_build_begin(arena);
    struct feed_facts facts = feed_facts_none();

    if (build == NULL)
        return arena_full(arena, err);
    if (!facts_build_feed(build, TEXT("made-up"), 0, err))
        return false;
    for (unsigned i = 0; i < FACTS; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "CVE-%u-%u", 2012 + i % 15, 1000 + i / 15);
        struct vulnerability v = vulnerability_with(text_of(id));
        v.epss_millionths = i;
        v.epss_percentile_millionths = i;
        v.kev = i % 200 == 0;
        vulnerability_put_score(
            &v, (struct score){.version = CVSS_31,
                               .from = SCORE_NVD,
                               .tenths = (int16_t)(i % 101),
                               .vector = TEXT("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")});
        if (!facts_build_put(build, &v, err))
            return false;
    }
    facts_build_keep(build, &facts);
    return facts_build_write(build, out, err);
}

static bool measure(const char *name, const struct match_input *input, struct error *err)
{
    static int64_t times[RUNS];
    struct match match;

    for (size_t run = 0; run < RUNS; run++) {
        int64_t before = now_ns();
        OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
        if (!match_host(input, &arena, &match, err))
            return error_at(err, "%s", name);
        times[run] = now_ns() - before;
    }
    int64_t first = times[0];
    qsort(times, RUNS, sizeof(*times), compare_times);
    printf("%-28s %4zu packages  %5u records  %5zu findings  %3zu updates   first %6.1f  fastest %6.1f  "
           "median %6.1f us\n",
           name, input->host->package_count, input->index->record_count, match.finding_count,
           match.update_count, (double)first / 1000, (double)times[0] / 1000, (double)times[RUNS / 2] / 1000);
    return true;
}

static bool measure_bytes(const char *name, struct bytes bytes, struct match_input *input, struct host *host,
                          struct error *err)
{
    struct index index;

    if (!index_open(bytes, &index, err))
        return error_at(err, "%s", name);
    host->release = index.release; /* whatever release it is of */
    input->index = &index;
    return measure(name, input, err);
}

static bool run(char **argv, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(1024 * MIB);
    OWN(writer_end) struct writer tracker = writer_with(LIMIT_INDEX_FILE);
    OWN(writer_end) struct writer facts_file = writer_with(LIMIT_INDEX_FILE);
    struct host host;
    struct facts facts;

    if (!endpoint_read(argv[1], &arena, &host, err) || !build_index(argv[1], &arena, &tracker, err) ||
        !build_facts(&arena, &facts_file, err) || !facts_open(writer_bytes(&facts_file), &facts, err))
        return false;
    struct match_input input = {.host = &host, .facts = &facts};
    if (!measure_bytes("its own tracker", writer_bytes(&tracker), &input, &host, err))
        return false;
    for (char **path = argv + 2; *path != NULL; path++) {
        OWN(file_unmap) struct file_map map = {.bytes = {NULL, 0}};
        const char *name = strrchr(*path, '/');
        if (!file_map(*path, LIMIT_INDEX_FILE, &map, err) ||
            !measure_bytes(name == NULL ? *path : name + 1, map.bytes, &input, &host, err))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct error err;

    if (argc < 2) {
        fprintf(stderr, "usage: match_speed ENDPOINT [INDEX...]\n");
        return 2;
    }
    if (!run(argv, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return 0;
}
