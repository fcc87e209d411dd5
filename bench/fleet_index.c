/*
 * The fleet's inverted index: what a host costs, how long a new advisory takes, how long a question.
 *
 *     fleet_index [HOSTS...]                        without any: 1000 10000 100000
 *
 * Made-up machines of 1,200 source packages and 2,000 packages: a third managed (the same for all), a third mixed (ten
 * packages of one's own), a third developers' (sixty, of a long tail, each at a level of its own). Nine of ten are at the newest patch level, the others at one of
 * eight before it, each with its own set of sources behind. The advisories: 4,000 sources, 30,000 CVEs, of which one
 * more comes in the next generation, for a source that a quarter of the fleet has in a version that is not fixed: `next` is judging
 * anew what changed, `written` making that durable, in SQLite, as one generation of one fix.
 * Memory is what the process holds more than before (of the system, with all that the allocator adds) beside what the index counts itself.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "identify/fleet_index.h"
#include "identify/index_build.h"
#include "store/fleet_write.h"

#define BASE_SOURCES  1200
#define EXTRA_SOURCES 2800
#define BASE_CVES     30000
#define LEVELS        9
#define OWN_MAX       60 /* packages of a developer's own */
#define QUARTER       0  /* the source that a quarter of the hosts have behind */
#define ASKED         200

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (b + 7) * UINT64_C(0xc2b2ae3d27d4eb4f);

    x ^= x >> 31;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ x >> 29;
}

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static size_t held(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* ---- machines ---- */

struct machine {
    uint16_t sources[BASE_SOURCES + OWN_MAX];
    uint8_t levels[BASE_SOURCES + OWN_MAX];
    size_t count;
};

/* A package of one's own: some that many have, some that hardly anybody has. */
static uint16_t own_source(uint64_t host, unsigned i)
{
    uint64_t draw = mix(host * 31 + i, 3);
    uint64_t span = EXTRA_SOURCES >> (draw % 7);

    return (uint16_t)(BASE_SOURCES + mix(host, i + 100) % (span == 0 ? 1 : span));
}

static void make_machine(uint64_t host, struct machine *out)
{
    static const unsigned own[] = {0, 10, OWN_MAX};
    unsigned level = mix(host, 1) % 10 == 0 ? (unsigned)(mix(host, 2) % LEVELS) : 0,
             profile = (unsigned)(host % 3);

    out->count = 0;
    for (uint16_t source = 0; source < BASE_SOURCES; source++) {
        out->levels[out->count] = mix(source, level) % 40 == 0 ? (uint8_t)level : 0;
        if (source == QUARTER)
            out->levels[out->count] = host % 4 == 0 ? 2 : 0;
        out->sources[out->count++] = source;
    }
    for (unsigned i = 0; i < own[profile]; i++) {
        uint16_t source = own_source(host, i);
        bool there = false;
        for (size_t j = BASE_SOURCES; j < out->count; j++)
            there = there || out->sources[j] == source;
        out->levels[out->count] = (uint8_t)(mix(host, source) % LEVELS);
        if (!there)
            out->sources[out->count++] = source;
    }
}

static uint8_t bucket_of(uint16_t source)
{
    return (uint8_t)(mix(source, 99) & 255);
}

/* Names and versions that stay: a bucket's entries point to them. */
struct names {
    struct text sources[BASE_SOURCES + EXTRA_SOURCES], packages[BASE_SOURCES + EXTRA_SOURCES][3],
        versions[LEVELS + 1];
    struct arena arena;
};

static bool make_names(struct names *names)
{
    names->arena = arena_with(64 * MIB);
    for (unsigned i = 0; i < BASE_SOURCES + EXTRA_SOURCES; i++) {
        names->sources[i] = text_format(&names->arena, "source-package-%04u", i);
        for (unsigned j = 0; j < 3; j++)
            names->packages[i][j] = text_format(&names->arena, "package-%04u-%u", i, j);
    }
    for (unsigned i = 0; i <= LEVELS; i++)
        names->versions[i] = text_format(&names->arena, "2.%u.1-4+deb12u%u", LEVELS - i, LEVELS - i);
    return names->versions[LEVELS].at != NULL;
}

static size_t put_entries(const struct names *names, uint16_t source, uint8_t level,
                          struct fleet_index_entry *out)
{
    size_t count = source % 7 == 0 ? 3 : source % 3 == 1 ? 2 : 1;

    for (size_t i = 0; i < count; i++)
        out[i] =
            (struct fleet_index_entry){names->sources[source], names->versions[level],
                                       names->packages[source][i], names->versions[level], TEXT("amd64")};
    return count;
}

static bool commit(struct fleet_index *index, const struct names *names, uint32_t host, struct error *err)
{
    static struct fleet_index_entry entries[256][64];
    static struct fleet_index_bucket buckets[256];
    struct machine machine;
    uint64_t hashes[256][2];

    memset(hashes, 0, sizeof(hashes));
    for (unsigned i = 0; i < 256; i++)
        buckets[i] = (struct fleet_index_bucket){.bucket = (uint8_t)i, .given = true, .entries = entries[i]};
    make_machine(host, &machine);
    for (size_t i = 0; i < machine.count; i++) {
        struct fleet_index_bucket *bucket = &buckets[bucket_of(machine.sources[i])];
        uint64_t *hash = hashes[bucket->bucket];
        bucket->entry_count += put_entries(names, machine.sources[i], machine.levels[i],
                                           entries[bucket->bucket] + bucket->entry_count);
        hash[0] = mix(hash[0], (uint64_t)machine.sources[i] << 8 | machine.levels[i]);
        hash[1] = mix(hash[1], hash[0]);
        if (bucket->entry_count > 60)
            return error_set(err, ERROR_LIMIT, "a bucket is full");
    }
    for (unsigned i = 0; i < 256; i++)
        memcpy(buckets[i].hash, hashes[i], 16);
    struct fleet_index_commit what = {.release = TEXT("debian-12"),
                                      .kernel = TEXT("6.1.0-18-amd64"),
                                      .scanned_us = 1,
                                      .buckets = buckets,
                                      .bucket_count = 256};
    return fleet_index_put(index, host, &what, err);
}

/* ---- advisories ---- */

static bool put_statement(struct index_build *build, const struct names *names, unsigned source,
                          unsigned level, unsigned number, struct error *err)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "CVE-%u-%04u", 2015 + number % 12, 1000 + number);
    struct text cve = text_of(id);
    struct advisory advisory = {
        .id = cve,
        .release = {.name = "debian-12", .order = VERSION_DEB},
        .package = names->sources[source],
        .status = ADVISORY_FIXED,
        .fixed = names->versions[level],
        .cves = &cve,
        .cve_count = 1,
        .severity = SEVERITY_HIGH,
        .published_us = INT64_C(1700000000) * TIME_SECOND_US,
    };
    return index_build_put(build, &advisory, err);
}

static bool build_index(const struct names *names, bool next, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(512 * MIB);
    struct index_build *build = index_build_begin(&arena, "debian-12");
    struct feed_facts facts = feed_facts_none();

    if (build == NULL)
        return arena_full(&arena, err);
    facts.complete = true;
    facts.generated_us = INT64_C(1795000000) * TIME_SECOND_US + next;
    if (!index_build_feed(build, TEXT("made-up"), 0, err))
        return false;
    for (unsigned i = 0; i < BASE_CVES; i++) {
        unsigned source = 1 + (unsigned)(mix(i, 11) % (BASE_SOURCES + EXTRA_SOURCES - 1));
        if (!put_statement(build, names, source, (unsigned)(mix(i, 12) % LEVELS), i, err))
            return false;
    }
    if (next && !put_statement(build, names, QUARTER, 1, BASE_CVES + 1, err))
        return false;
    index_build_keep(build, &facts);
    return index_build_write(build, 0, out, err);
}

static bool advise(struct fleet_index *fleet, const struct writer *file, struct index *opened,
                   uint64_t generation, struct fleet_index_change *change, struct arena *arena,
                   int64_t *took_ns, struct error *err)
{
    int64_t before = now_ns();

    if (!index_open(writer_bytes(file), opened, err))
        return false;
    const struct index *list[] = {opened};
    bool done = fleet_index_advise(fleet, list, 1, generation, arena, change, err);
    *took_ns = now_ns() - before;
    return done;
}

static int compare_times(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

/* The median of many questions. */
static bool ask(struct fleet_index *fleet, const char *id, int64_t *count_ns, int64_t *page_ns,
                struct fleet_index_count *count, struct error *err)
{
    static int64_t counts[ASKED], pages[ASKED];
    struct fleet_index_page page = {
        .after = FLEET_INDEX_NONE, .room = 100, .wanted = 1u << FLEET_INDEX_EXPOSED};
    struct fleet_index_rows rows;

    for (unsigned i = 0; i < ASKED; i++) {
        OWN(arena_end) struct arena arena = arena_with(16 * MIB);
        int64_t before = now_ns();
        if (!fleet_index_exposed(fleet, text_of(id), 0, count, err))
            return false;
        counts[i] = now_ns() - before;
        before = now_ns();
        if (!fleet_index_exposed_page(fleet, text_of(id), &page, &arena, &rows, err))
            return false;
        pages[i] = now_ns() - before;
    }
    qsort(counts, ASKED, sizeof(*counts), compare_times);
    qsort(pages, ASKED, sizeof(*pages), compare_times);
    *count_ns = counts[ASKED / 2];
    *page_ns = pages[ASKED / 2];
    return true;
}

static bool ask_where(struct fleet_index *fleet, struct text package, int64_t *took_ns, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct fleet_index_page page = {
        .after = FLEET_INDEX_NONE, .room = 100, .wanted = 1u << FLEET_INDEX_EXPOSED};
    struct fleet_index_rows rows;
    struct fleet_index_count count;
    int64_t before = now_ns();
    bool done = fleet_index_where(fleet, package, (struct text){NULL, 0}, &page, &arena, &rows, &count, err);

    *took_ns = now_ns() - before;
    return done;
}

/* What changed, durably: the fix, and the chunks whose hosts are exposed to it in this generation. */
static bool write_change(const struct fleet_index_change *change, int64_t *took_ns, struct error *err)
{
    char folder[] = "/tmp/fleet-index-XXXXXX";
    const struct fleet_store_options options = {.make = true, .now_us = INT64_C(1795312800000000)};
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    struct fleet_write writes[2] = {{.kind = FLEET_WRITE_FIX}, {.kind = FLEET_WRITE_FIX_GENERATION}};
    struct fleet_result results[2];
    char path[64];

    if (change->fix_count != 1 || mkdtemp(folder) == NULL)
        return error_set(err, ERROR_INPUT, "%zu fixes changed", change->fix_count);
    (void)snprintf(path, sizeof(path), "%s/store.db", folder);
    writes[0].fix.name = TEXT("debian-12:source-package-0000:2.8.1-4+deb12u8");
    writes[0].fix.about = TEXT("{}");
    if (!fleet_fix_number(writes[0].fix.name, &writes[0].fix.number, err) ||
        !fleet_store_open(path, &options, &store, err))
        return false;
    writes[1].fix_generation = (struct fleet_fix_generation){
        .fix = writes[0].fix.number,
        .generation = change->generation,
        .at_us = options.now_us,
        .chunks = {change->fixes[0].chunks, change->fixes[0].chunk_count * FLEET_INDEX_HASH_SIZE},
        .hosts = change->fixes[0].hosts,
    };
    int64_t before = now_ns();
    bool done = fleet_store_write(store, writes, 2, results, err);
    *took_ns = now_ns() - before;
    done = done &&
           (results[1].outcome == FLEET_OUTCOME_DONE || error_set(err, ERROR_SYSTEM, "%s", results[1].why));
    struct error ignored;
    return file_remove_tree(folder, &ignored) && done;
}

struct figures {
    int64_t load_ns, again_ns, first_ns, next_ns, written_ns, count_ns, page_ns, where_ns;
    size_t memory;
    struct fleet_index_size size;
    struct fleet_index_change change;
    struct fleet_index_count count;
};

static bool load(struct fleet_index *fleet, const struct names *names, uint32_t hosts, struct figures *out,
                 struct error *err)
{
    size_t before = held();
    int64_t begin = now_ns();

    for (uint32_t i = 0; i < hosts; i++)
        if (!commit(fleet, names, i, err))
            return error_at(err, "host %u", i);
    out->load_ns = now_ns() - begin;
    out->memory = held() - before;
    return true;
}

static bool measure(const struct names *names, uint32_t hosts, struct figures *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(1024 * MIB);
    OWN(writer_end) struct writer old = writer_with(LIMIT_INDEX_FILE);
    OWN(writer_end) struct writer next = writer_with(LIMIT_INDEX_FILE);
    OWN(fleet_index_end) struct fleet_index *fleet = NULL;
    struct index opened[2];
    char id[32];

    (void)snprintf(id, sizeof(id), "CVE-%u-%04u", 2015 + (BASE_CVES + 1) % 12, 1000 + BASE_CVES + 1);
    if (!build_index(names, false, &old, err) || !build_index(names, true, &next, err) ||
        !fleet_index_make(mix(1, 2), &fleet, err) || !load(fleet, names, hosts, out, err) ||
        !advise(fleet, &old, &opened[0], 1, &out->change, &arena, &out->first_ns, err) ||
        !advise(fleet, &next, &opened[1], 2, &out->change, &arena, &out->next_ns, err) ||
        !write_change(&out->change, &out->written_ns, err) ||
        !ask(fleet, id, &out->count_ns, &out->page_ns, &out->count, err) ||
        !ask_where(fleet, names->packages[QUARTER][0], &out->where_ns, err))
        return false;
    int64_t begin = now_ns();
    for (uint32_t i = 0; i < hosts && i < 1000; i++)
        if (!commit(fleet, names, i, err))
            return false;
    out->again_ns = now_ns() - begin;
    fleet_index_size(fleet, &out->size);
    return true;
}

static void print(uint32_t hosts, const struct figures *f)
{
    printf("%8u  %8.1f  %6.0f %6.0f  %8u %8u  %8.1f  %8.2f  %8.2f  %8u  %6zu %8u  %7.2f %7.2f %7.2f\n", hosts,
           (double)f->load_ns / 1e3 / hosts, (double)f->memory / hosts, (double)f->size.memory / hosts,
           f->size.chunks, f->size.variants, (double)f->first_ns / 1e6, (double)f->next_ns / 1e6,
           (double)f->written_ns / 1e6, f->count.hosts[FLEET_INDEX_EXPOSED], f->change.fix_count,
           f->change.variants, (double)f->count_ns / 1e6, (double)f->page_ns / 1e6,
           (double)f->where_ns / 1e6);
}

int main(int argc, char **argv)
{
    static const char *const usual[] = {"1000", "10000", "100000"};
    static struct names names;
    struct error err;

    if (!make_names(&names))
        return 1;
    printf("            load   bytes a host                          first      next   written   exposed   "
           "fixes variants"
           "  exposed    page   where\n");
    printf("   hosts  us/host   held  index    chunks variants        ms        ms        ms     hosts "
           "changed   judged"
           "       ms      ms      ms\n");
    for (int i = 0; i < (argc > 1 ? argc - 1 : 3); i++) {
        struct figures figures = {.load_ns = 0};
        uint32_t hosts = (uint32_t)strtoul(argc > 1 ? argv[i + 1] : usual[i], NULL, 10);
        if (!measure(&names, hosts, &figures, &err)) {
            fprintf(stderr, "%u hosts: %s\n", hosts, err.text);
            return 1;
        }
        print(hosts, &figures);
    }
    arena_end(&names.arena);
    return 0;
}
