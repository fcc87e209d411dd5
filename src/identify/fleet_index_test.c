/*
 * The fleet's index against a scan over all hosts, one by one, by the same matching: random fleets, random changes.
 */
#include "identify/fleet_index.h"

#include "base/own.h"
#include "base/testing.h"
#include "identify/index_testing.h"
#include "identify/match.h"

#define HOSTS    60
#define SOURCES  24
#define VERSIONS 5
#define CVES     40
#define ENTRIES  80

static const char *const releases[] = {"debian-12", "ubuntu-22.04", "debian-11", ""};
static const char *const kernels[] = {"", "6.1.0-1-amd64", "6.1.0-2-amd64"};

struct world {
    uint64_t seed;
    struct arena arena; /* what hosts have; until the end */
    struct fleet_index *index;
    struct writer files[2][2]; /* of two releases, old and new */
    struct index advisories[2][2];
    unsigned turn; /* which of old and new */
    uint64_t generation;
    struct plain_host {
        bool present, committed;
        unsigned release, kernel;
        uint8_t versions[SOURCES]; /* 0: not there */
        int64_t scanned_us;
    } hosts[HOSTS];
};

static uint32_t next_random(struct world *world, uint32_t below)
{
    world->seed = world->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(world->seed >> 33) % below;
}

/* Sources 0 and 1 are a kernel and its signed twin; three sources share a bucket. */
static struct text source_name(struct world *world, unsigned source)
{
    static const struct text kernels_of[] = {{"linux", 5}, {"linux-signed-amd64", 18}};

    return source < 2 ? kernels_of[source] : text_format(&world->arena, "source%02u", source);
}

static uint8_t bucket_of(unsigned source)
{
    return (uint8_t)(source < 2 ? source : 10 + source / 3);
}

/* Entries of one source on one host; a kernel's version v has the images of v and, from 3 on, of the one before. */
static size_t entries_of(struct world *world, unsigned source, unsigned version,
                         struct fleet_index_entry *out)
{
    struct text name = source_name(world, source);
    struct text text = text_format(&world->arena, "1.%u-1", version);
    size_t count = 0;

    if (source == 1) {
        for (unsigned v = version < 3 ? version : version - 1; v <= version; v++)
            out[count++] =
                (struct fleet_index_entry){name, text_format(&world->arena, "1.%u-1", v),
                                           text_format(&world->arena, "linux-image-6.1.0-%u-amd64", v),
                                           text_format(&world->arena, "1.%u-1", v), TEXT("amd64")};
        return count;
    }
    out[count++] = (struct fleet_index_entry){
        name, text, source == 0 ? TEXT("linux-libc-dev") : text_format(&world->arena, "lib%u", source), text,
        TEXT("amd64")};
    if (version % 2 == 1)
        out[count++] =
            (struct fleet_index_entry){name, (struct text){NULL, 0},
                                       text_format(&world->arena, "tool%u-doc", source), text, TEXT("all")};
    return count;
}

static void hash_entries(const struct fleet_index_entry *entries, size_t count, uint8_t out[16])
{
    uint64_t parts[2] = {1, 2};

    for (size_t i = 0; i < count; i++)
        for (unsigned j = 0; j < 2; j++)
            parts[j] = (parts[j] * 31 + text_hash(entries[i].package, j)) * 31 +
                       text_hash(entries[i].version, j + 5);
    memcpy(out, parts, 16);
}

/* One bucket of a host as it is to be. */
static struct fleet_index_bucket bucket_with(struct world *world, const struct plain_host *host,
                                             uint8_t bucket)
{
    struct fleet_index_entry *entries = ARENA_ARRAY(&world->arena, struct fleet_index_entry, 16);
    struct fleet_index_bucket out = {.bucket = bucket, .given = true, .entries = entries};

    assert_non_null(entries);
    for (unsigned i = 0; i < SOURCES; i++)
        if (bucket_of(i) == bucket && host->versions[i] > 0)
            out.entry_count += entries_of(world, i, host->versions[i], entries + out.entry_count);
    if (out.entry_count > 0)
        hash_entries(entries, out.entry_count, out.hash);
    return out;
}

static void commit_host(struct world *world, uint32_t number, bool again)
{
    struct plain_host *host = &world->hosts[number], before = *host;
    struct fleet_index_bucket buckets[256];
    struct fleet_index_commit commit = {.buckets = buckets};
    struct error err;

    for (unsigned i = 0; i < SOURCES; i++)
        if (!again || next_random(world, 6) == 0)
            host->versions[i] = (uint8_t)(next_random(world, 3) == 0 ? 0 : 1 + next_random(world, VERSIONS));
    if (!again || next_random(world, 8) == 0)
        host->release = next_random(world, COUNT_OF(releases));
    if (!again || next_random(world, 4) == 0)
        host->kernel = next_random(world, COUNT_OF(kernels));
    host->scanned_us = next_random(world, 100);
    for (unsigned i = 0; i < 256; i++) {
        struct fleet_index_bucket is = bucket_with(world, host, (uint8_t)i);
        struct fleet_index_bucket was = bucket_with(world, &before, (uint8_t)i);
        if ((before.committed && memcmp(is.hash, was.hash, 16) == 0) ||
            (!before.committed && is.entry_count == 0))
            continue;
        is.given = !fleet_index_knows(world->index, text_of(releases[host->release]),
                                      text_of(kernels[host->kernel]), is.hash);
        buckets[commit.bucket_count++] = is;
    }
    commit.release = text_of(releases[host->release]);
    commit.kernel = text_of(kernels[host->kernel]);
    commit.scanned_us = host->scanned_us;
    assert_done("put", fleet_index_put(world->index, number, &commit, &err), &err);
    host->present = host->committed = true;
}

/* Statements of one release: each source has some, one of them has the kernel's. */
static void build_index(struct world *world, unsigned release, unsigned turn)
{
    OWN(writer_end) struct writer lines = writer_with(64 * KIB);

    writer_end(&world->files[release][turn]);
    world->files[release][turn] = writer_with(LIMIT_INDEX_FILE);
    writer_format(&lines, "index 1 %s deb\nfeed made-up rank=0 generated=2026-11-21 complete\n",
                  releases[release]);
    for (unsigned i = 0; i < SOURCES; i++)
        for (unsigned cve = 0; cve < CVES; cve++) {
            static const char *const without[] = {"open", "no-dsa", "undetermined", "not-affected",
                                                  "end-of-life"};
            if (i == 1 || next_random(world, 9) != 0)
                continue;
            writer_text(&lines, source_name(world, i));
            if (next_random(world, 3) != 0)
                writer_format(&lines, " fixed 1.%u-1", 1 + next_random(world, VERSIONS + 1));
            else
                writer_format(&lines, " %s", without[next_random(world, COUNT_OF(without))]);
            writer_format(&lines, " : %s-2026-%04u\n", cve % 10 == 3 ? "TEMP" : "CVE", 1000 + cve);
        }
    index_testing_build((struct text){(const char *)lines.at, lines.size}, &world->files[release][turn],
                        &world->advisories[release][turn]);
}

static void advise(struct world *world)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    unsigned turn = world->turn ^ 1;
    struct fleet_index_change change;
    struct error err;
    const struct index *both[2] = {&world->advisories[0][turn], &world->advisories[1][turn]};

    build_index(world, 0, turn);
    build_index(world, 1, turn);
    assert_done("advise",
                fleet_index_advise(world->index, both, 2, ++world->generation, &arena, &change, &err), &err);
    assert_int_equal(change.generation, world->generation);
    world->turn = turn;
    assert_false(fleet_index_advise(world->index, both, 2, world->generation, &arena, &change, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
}

/* ---- the scan ---- */

struct scanned {
    struct arena arena;
    struct match match;
    bool known;
};

static void scan_host(struct world *world, const struct plain_host *plain, struct scanned *out)
{
    struct package *packages;
    struct fleet_index_entry entries[8];
    struct error err;
    size_t count = 0;

    out->known = plain->committed && plain->release < 2 && world->generation > 0;
    if (!out->known)
        return;
    packages = ARENA_ARRAY(&out->arena, struct package, ENTRIES);
    assert_non_null(packages);
    for (unsigned i = 0; i < SOURCES; i++) {
        size_t these = plain->versions[i] == 0 ? 0 : entries_of(world, i, plain->versions[i], entries);
        for (size_t j = 0; j < these; j++)
            packages[count++] = (struct package){.type = PACKAGE_DEB,
                                                 .name = entries[j].package,
                                                 .version = entries[j].version,
                                                 .arch = entries[j].arch,
                                                 .source = entries[j].source,
                                                 .source_version = entries[j].source_version,
                                                 .state = PACKAGE_INSTALLED,
                                                 .candidate = OFFER_NONE};
    }
    struct host host = {.release = world->advisories[plain->release][world->turn].release,
                        .packages = packages,
                        .package_count = count,
                        .kernel_running = text_of(kernels[plain->kernel])};
    struct match_input input = {
        .host = &host, .index = &world->advisories[plain->release][world->turn], .all = true};
    assert_done("match", match_host(&input, &out->arena, &out->match, &err), &err);
}

static bool counts(const struct finding *finding, bool *open)
{
    *open = finding->suppressed_by != SUPPRESSION_UNDETERMINED &&
            finding->suppressed_by != SUPPRESSION_END_OF_LIFE;
    return finding->class_of != CLASS_NOT_EXECUTABLE && finding->suppressed_by != SUPPRESSION_NOT_AFFECTED;
}

static enum fleet_index_state scanned_state(const struct plain_host *host, const struct scanned *scanned,
                                            struct text id, int64_t stale_us)
{
    bool open = false, doubted = false, is_open;

    for (size_t i = 0; scanned->known && i < scanned->match.finding_count; i++)
        if (text_equal(scanned->match.findings[i].id, id) && counts(&scanned->match.findings[i], &is_open)) {
            open = open || is_open;
            doubted = doubted || !is_open;
        }
    if (open)
        return host->scanned_us < stale_us ? FLEET_INDEX_EXPOSED_STALE : FLEET_INDEX_EXPOSED;
    if (!scanned->known || doubted)
        return FLEET_INDEX_UNKNOWN;
    return host->scanned_us < stale_us ? FLEET_INDEX_STALE : FLEET_INDEX_CLEAR;
}

static void compare_id(struct world *world, const struct scanned *scanned, struct text id)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct fleet_index_page page = {
        .stale_us = 20, .after = FLEET_INDEX_NONE, .room = 7, .wanted = (1u << FLEET_INDEX_STATE_COUNT) - 1};
    struct fleet_index_count count;
    struct fleet_index_rows rows = {.more = true};
    uint32_t states[FLEET_INDEX_STATE_COUNT] = {0}, next = 0;
    struct error err;

    assert_done("exposed", fleet_index_exposed(world->index, id, 20, &count, &err), &err);
    assert_int_equal(count.generation, world->generation);
    while (rows.more) {
        assert_done("page", fleet_index_exposed_page(world->index, id, &page, &arena, &rows, &err), &err);
        for (size_t i = 0; i < rows.count; i++, next++) {
            const struct fleet_index_row *row = &rows.rows[i];
            while (!world->hosts[next].present)
                next++;
            assert_int_equal(row->host, next);
            enum fleet_index_state expected = scanned_state(&world->hosts[next], &scanned[next], id, 20);
            if (row->state != expected)
                fail_msg("%.*s: host %u is %s, the scan says %s", TEXT_ARG(id), next,
                         fleet_index_state_name(row->state), fleet_index_state_name(expected));
            states[row->state]++;
            page.after = row->host;
        }
    }
    assert_memory_equal(states, count.hosts, sizeof(states));
}

static bool host_has(struct world *world, const struct plain_host *host, unsigned source, struct text package,
                     struct text version)
{
    struct fleet_index_entry entries[8];
    size_t count = host->committed && host->versions[source] > 0
                       ? entries_of(world, source, host->versions[source], entries)
                       : 0;

    for (size_t i = 0; i < count; i++)
        if ((text_equal(entries[i].package, package) || text_equal(entries[i].source, package)) &&
            (version.size == 0 || text_equal(entries[i].version, version)))
            return true;
    return false;
}

static void compare_where(struct world *world, unsigned source, struct text package, struct text version)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct fleet_index_page page = {.stale_us = 20,
                                    .after = FLEET_INDEX_NONE,
                                    .room = HOSTS,
                                    .wanted = 1u << FLEET_INDEX_EXPOSED | 1u << FLEET_INDEX_EXPOSED_STALE};
    struct fleet_index_count count;
    struct fleet_index_rows rows;
    struct error err;
    size_t found = 0;

    assert_done("where",
                fleet_index_where(world->index, package, version, &page, &arena, &rows, &count, &err), &err);
    for (uint32_t i = 0; i < HOSTS; i++) {
        if (!host_has(world, &world->hosts[i], source, package, version))
            continue;
        assert_true(found < rows.count);
        assert_int_equal(rows.rows[found].host, i);
        assert_text("source", rows.rows[found].source, text_string(&arena, source_name(world, source)));
        if (version.size > 0)
            assert_true(text_equal(rows.rows[found].version, version));
        found++;
    }
    assert_int_equal(found, rows.count);
    assert_int_equal(found, count.hosts[FLEET_INDEX_EXPOSED] + count.hosts[FLEET_INDEX_EXPOSED_STALE]);
}

/* Each fix closes exactly the ids that some host has of it: those of this host are among them. */
static void compare_ids(struct world *world, const struct fleet_index_findings *findings,
                        const struct scanned *scanned)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct error err;
    bool is_open;

    for (size_t i = 0; i < scanned->match.finding_count; i++) {
        const struct finding *finding = &scanned->match.findings[i];
        bool found = !counts(finding, &is_open) || !is_open;
        for (size_t j = 0; !found && j < findings->count; j++) {
            struct text *ids;
            size_t count;
            if (!text_equal(findings->fixes[j].source, finding->source) ||
                !text_equal(findings->fixes[j].fixed, finding->fixed))
                continue;
            assert_done(
                "ids",
                fleet_index_fix_ids(world->index, findings->fixes[j].number, &arena, &ids, &count, &err),
                &err);
            for (size_t k = 0; k < count; k++)
                found = found || text_equal(ids[k], finding->id);
        }
        assert_true(found);
    }
}

static void compare_findings(struct world *world, uint32_t number, const struct scanned *scanned)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct fleet_index_findings findings;
    struct error err;
    uint64_t digest, generation;
    bool is_open;

    assert_int_equal(fleet_index_findings_digest(world->index, number, &digest, &generation), scanned->known);
    if (!scanned->known) {
        assert_false(fleet_index_findings(world->index, number, &arena, &findings, &err));
        assert_int_equal(err.kind, ERROR_ABSENT);
        return;
    }
    assert_done("findings", fleet_index_findings(world->index, number, &arena, &findings, &err), &err);
    assert_true(digest == findings.digest && generation == world->generation);
    bool *met = ARENA_ARRAY(&arena, bool, findings.count + 1);
    for (size_t i = 0; i < scanned->match.finding_count; i++) {
        const struct finding *finding = &scanned->match.findings[i];
        bool found = !counts(finding, &is_open) || !is_open;
        for (size_t j = 0; !found && j < findings.count; j++)
            if (text_equal(findings.fixes[j].source, finding->source) &&
                text_equal(findings.fixes[j].fixed, finding->fixed))
                found = met[j] = true;
        for (size_t j = 0; found && j < findings.count; j++)
            if (text_equal(findings.fixes[j].source, finding->source) && counts(finding, &is_open) &&
                is_open && text_equal(findings.fixes[j].fixed, finding->fixed))
                met[j] = true;
        if (!found)
            fail_msg("%.*s of %.*s, fixed by \"%.*s\", is not among the findings", TEXT_ARG(finding->id),
                     TEXT_ARG(finding->source), TEXT_ARG(finding->fixed));
    }
    for (size_t j = 0; j < findings.count; j++)
        assert_true(met[j]);
    compare_ids(world, &findings, scanned);
}

static void compare_all(struct world *world)
{
    static struct scanned scanned[HOSTS];

    for (unsigned i = 0; i < HOSTS; i++) {
        scanned[i] = (struct scanned){.arena = arena_with(16 * MIB)};
        scan_host(world, &world->hosts[i], &scanned[i]);
        if (world->hosts[i].present)
            compare_findings(world, i, &scanned[i]);
    }
    for (unsigned cve = 0; cve < CVES; cve++)
        compare_id(world, scanned,
                   text_format(&world->arena, "%s-2026-%04u", cve % 10 == 3 ? "TEMP" : "CVE", 1000 + cve));
    compare_id(world, scanned, TEXT("CVE-1999-0001"));
    compare_id(world, scanned, TEXT("nothing"));
    for (unsigned i = 0; i < SOURCES; i++) {
        compare_where(world, i, source_name(world, i), (struct text){NULL, 0});
        compare_where(world, i, source_name(world, i), TEXT("1.2-1"));
        if (i > 1)
            compare_where(world, i, text_format(&world->arena, "tool%u-doc", i), TEXT("1.3-1"));
    }
    for (unsigned i = 0; i < HOSTS; i++)
        arena_end(&scanned[i].arena);
}

static void drop_host(struct world *world, uint32_t number)
{
    fleet_index_drop(world->index, number);
    world->hosts[number] = (struct plain_host){.present = false};
}

static void end_world(struct world *world)
{
    fleet_index_end(&world->index);
    for (unsigned i = 0; i < 4; i++)
        writer_end(&world->files[i / 2][i % 2]);
    arena_end(&world->arena);
}

static void fleets_agree_with_scans(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world *world = calloc(1, sizeof(*world));
        struct fleet_index_size size;
        struct error err;
        assert_non_null(world);
        world->seed = seed;
        world->arena = arena_with(1024 * MIB);
        assert_done("make", fleet_index_make(seed, &world->index, &err), &err);
        for (unsigned step = 0; step < 240; step++) {
            uint32_t number = next_random(world, HOSTS);
            if (step % 30 == 20)
                advise(world);
            else if (next_random(world, 12) == 0)
                drop_host(world, number);
            else if (!world->hosts[number].present && next_random(world, 9) == 0)
                world->hosts[number].present = fleet_index_expect(world->index, number, &err);
            else
                commit_host(world, number, world->hosts[number].committed);
            if (step % 15 == 5)
                compare_all(world);
        }
        for (uint32_t i = 0; i < HOSTS; i++)
            drop_host(world, i);
        fleet_index_size(world->index, &size);
        assert_true(size.hosts == 0 && size.chunks == 0 && size.variants == 0 && size.sources == 0);
        end_world(world);
        free(world);
    }
}

/* What a commit may not say, each time without any change. */
static void bad_commits_change_nothing(void **state)
{
    (void)state;
    OWN(fleet_index_end) struct fleet_index *index = NULL;
    const struct fleet_index_entry entry = {TEXT("a"), TEXT("1"), TEXT("a"), TEXT("1"), TEXT("all")};
    const struct fleet_index_bucket given = {
        .bucket = 5, .hash = {1}, .given = true, .entries = &entry, .entry_count = 1};
    const struct fleet_index_bucket unknown = {.bucket = 6, .hash = {2}}, other = {.bucket = 7, .hash = {1}};
    const struct fleet_index_bucket nameless = {.bucket = 8,
                                                .hash = {9},
                                                .given = true,
                                                .entries = &(struct fleet_index_entry){.version = TEXT("1")},
                                                .entry_count = 1};
    const struct fleet_index_bucket missing[] = {given, unknown}, elsewhere[] = {given, other},
                                    twice[] = {given, given};
    const struct fleet_index_bucket bad[] = {given, nameless};
    const struct {
        const char *name;
        const struct fleet_index_bucket *buckets;
        uint32_t host;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"not known", missing, 0, ERROR_ABSENT, "bucket 6: the chunk is not known"},
        {"of another bucket", elsewhere, 0, ERROR_INPUT, "bucket 7: the chunk belongs to bucket 5"},
        {"twice", twice, 0, ERROR_INPUT, "bucket 5 comes after bucket 5"},
        {"no name", bad, 0, ERROR_INPUT, "bucket 8: a source package's name has 0 bytes"},
        {"number", missing, LIMIT_FLEET_HOSTS, ERROR_LIMIT, "host number 4000000, of at most 4000000"},
    };
    struct fleet_index_size size;
    struct error err;

    assert_done("make", fleet_index_make(1, &index, &err), &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fleet_index_commit commit = {
            .release = TEXT("debian-12"), .buckets = rows[i].buckets, .bucket_count = 2};
        assert_false(fleet_index_put(index, rows[i].host, &commit, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        fleet_index_size(index, &size);
        assert_true(size.chunks == 0 && size.variants == 0 && size.sources == 0);
    }
}

/* More releases than there can be: the last hosts are of no known release, and nothing fails. */
static void releases_are_limited(void **state)
{
    (void)state;
    OWN(fleet_index_end) struct fleet_index *index = NULL;
    struct fleet_index_count count;
    struct error err;

    assert_done("make", fleet_index_make(1, &index, &err), &err);
    for (uint32_t i = 0; i < LIMIT_FLEET_RELEASES + 50; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "made-up-%u", i);
        struct fleet_index_commit commit = {.release = text_of(name)};
        assert_done("put", fleet_index_put(index, i, &commit, &err), &err);
    }
    assert_done("exposed", fleet_index_exposed(index, TEXT("CVE-2026-1000"), 0, &count, &err), &err);
    assert_int_equal(count.hosts[FLEET_INDEX_UNKNOWN], LIMIT_FLEET_RELEASES + 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fleets_agree_with_scans),
        cmocka_unit_test(bad_commits_change_nothing),
        cmocka_unit_test(releases_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
