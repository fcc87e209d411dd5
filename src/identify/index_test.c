#include "base/file.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/index_dump.h"
#include "identify/index_testing.h"

static const char *golden(const char *name, char path[512])
{
    (void)snprintf(path, 512, "%s/index/%s", getenv("SUTURE_GOLDEN"), name);
    return path;
}

static struct bytes read_golden(const char *name, struct arena *arena)
{
    char path[512];
    struct bytes bytes = {NULL, 0};
    struct error err;

    assert_done(name, file_read(golden(name, path), MIB, arena, &bytes, &err), &err);
    return bytes;
}

static struct text as_text(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

/* With SUTURE_GOLDEN_WRITE the golden file is made anew: look at what changed before you keep it. */
static void check_golden(const char *name, struct bytes got, struct arena *arena)
{
    char path[512];
    struct error err;

    if (getenv("SUTURE_GOLDEN_WRITE") != NULL)
        assert_done(name, file_replace_cache(golden(name, path), got, 0644, &err), &err);
    struct bytes expected = read_golden(name, arena);
    if (got.size != expected.size || memcmp(got.at, expected.at, got.size) != 0)
        fail_msg("%s: differs from what is built: a new layout needs a new version", name);
}

static void golden_file(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer file = writer_with(MIB);
    OWN(writer_end) struct writer dump = writer_with(MIB);
    struct index index;
    (void)state;

    index_testing_build(as_text(read_golden("small.statements", &arena)), &file, &index);
    check_golden("small.idx", writer_bytes(&file), &arena);
    (void)index_testing_dump(&index, &dump);
    check_golden("small.dump", writer_bytes(&dump), &arena);
    assert_string_equal(index.release.name, "debian-12");
    assert_true(index.complete);
    assert_int_equal(index.generated_us, INT64_C(1795240800) * TIME_SECOND_US);
    assert_int_equal(index.source_count[true], 2);
}

static void golden_bad_files(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct file_names names = {NULL, 0};
    char path[512];
    struct error err;
    size_t checked = 0;
    (void)state;

    assert_done("bad", file_list(golden("bad", path), 100, &arena, &names, &err), &err);
    for (size_t i = 0; i < names.count; i++) {
        struct index index;
        char name[600], got[300];
        if (!text_ends(names.names[i], TEXT(".idx")))
            continue;
        (void)snprintf(name, sizeof(name), "bad/%.*s", TEXT_ARG(names.names[i]));
        struct bytes bytes = read_golden(name, &arena);
        if (index_open(bytes, &index, &err) && index_dump(&index, NULL, &err))
            fail_msg("%s: is not refused", name);
        (void)snprintf(got, sizeof(got), "%s: %s\n", error_kind_name(err.kind), err.text);
        (void)snprintf(name, sizeof(name), "bad/%.*s.error", (int)names.names[i].size - 4, names.names[i].at);
        check_golden(name, (struct bytes){(const uint8_t *)got, strlen(got)}, &arena);
        checked++;
    }
    assert_true(checked >= 8);
}

/* What the builder makes of statements that several feeds put. `lines` without the header, `expected` records alone. */
static void builder_rules(void **state)
{
    static const struct {
        const char *name, *lines, *expected;
    } rows[] = {
        {"the trusted feed counts",
         "feed a rank=0\nx fixed 2 : CVE-2020-1000\nfeed b rank=1\nx fixed 3 : CVE-2020-1000\n",
         "x fixed 2 : CVE-2020-1000\n"},
        {"whatever came first",
         "feed b rank=1\nx fixed 3 : CVE-2020-1000\nfeed a rank=0\nx fixed 2 : CVE-2020-1000\n",
         "x fixed 2 : CVE-2020-1000\n"},
        {"an existing fix overrides no-dsa",
         "feed a rank=0\nx no-dsa : CVE-2020-1000 | Minor\nfeed b rank=1\nx fixed 3 : CVE-2020-1000\n",
         "x fixed 3 : CVE-2020-1000\n"},
        {"of the same feed, too",
         "feed a rank=0\nx ignored : CVE-2020-1000 | no\nx fixed 3 : CVE-2020-1000\n",
         "x fixed 3 : CVE-2020-1000\n"},
        {"a third feed's fix overrides open",
         "feed a rank=0\nx open : CVE-2020-1000\nfeed b rank=1\nx postponed : CVE-2020-1000\n"
         "feed c rank=2\nx fixed 4 : CVE-2020-1000\n",
         "x fixed 4 : CVE-2020-1000\n"},
        {"not affected is not overridden",
         "feed a rank=0\nx not-affected : CVE-2020-1000\nfeed b rank=1\nx fixed 3 : CVE-2020-1000\n",
         "x not-affected : CVE-2020-1000\n"},
        {"nor is a fix of 0",
         "feed a rank=0\nx fixed 0 : CVE-2020-1000\nfeed b rank=1\nx fixed 3 : CVE-2020-1000\n",
         "x not-affected : CVE-2020-1000\n"},
        {"unimportant stays when a fix overrides",
         "feed a rank=0\nx open unimportant : CVE-2020-1000\nfeed b rank=1\nx fixed 3 : CVE-2020-1000\n",
         "x fixed 3 unimportant : CVE-2020-1000\n"},
        {"ranges are kept",
         "feed a rank=0\nx fixed 1.5 introduced=0 : CVE-2020-1000\nx fixed 2.5 introduced=2.0 : "
         "CVE-2020-1000\n",
         "x fixed 2.5 introduced=2.0 : CVE-2020-1000\nx fixed 1.5 : CVE-2020-1000\n"},
        {"streams and architectures are kept",
         "feed a rank=0\nx fixed 1 stream=m:1 : CVE-2020-1000\nx fixed 2 stream=m:2 arch=arm64 : "
         "CVE-2020-1000\n",
         "x fixed 2 stream=m:2 arch=arm64 : CVE-2020-1000\nx fixed 1 stream=m:1 : CVE-2020-1000\n"},
        {"of two notices the later fix",
         "feed a rank=0\nx fixed 1.2 advisory=DSA-1-1 : CVE-2020-1000\nx fixed 1.10 advisory=DSA-1-2 : "
         "CVE-2020-1000\n",
         "x fixed 1.10 advisory=DSA-1-2 : CVE-2020-1000\n"},
        {"a record of the vulnerability before a notice",
         "feed a rank=0\nx fixed 1.2 advisory=UBUNTU-CVE-2020-1000 date=2020-01-01 : CVE-2020-1000\n"
         "x fixed 1.10 advisory=USN-1-1 date=2021-01-01 : CVE-2020-1000\n",
         "x fixed 1.2 advisory=USN-1-1 date=2021-01-01 : CVE-2020-1000\n"},
        {"a notice of the same version gives its date",
         "feed a rank=0\nx fixed 2 : CVE-2020-1000 CVE-2020-1001\n"
         "feed b rank=1\nx fixed 2 advisory=DSA-7-1 date=2020-05-05 : CVE-2020-1000\n",
         "x fixed 2 advisory=DSA-7-1 date=2020-05-05 : CVE-2020-1000 CVE-2020-1001\n"},
        {"of the same id before others of the version",
         "feed a rank=0\nx fixed 2 : CVE-2020-1000 CVE-2020-1001\nfeed b rank=1\n"
         "x fixed 2 advisory=DSA-9-1 date=2020-05-05 : CVE-2020-1000\n"
         "x fixed 2 advisory=DSA-8-1 date=2020-04-04 : CVE-2020-1001\n",
         "x fixed 2 advisory=DSA-8-1 date=2020-04-04 : CVE-2020-1001\n"
         "x fixed 2 advisory=DSA-9-1 date=2020-05-05 : CVE-2020-1000\n"},
        {"else one of the same id",
         "feed a rank=0\nx fixed 2 : CVE-2020-1000\nfeed b rank=1\nx fixed 3 advisory=DSA-7-1 "
         "date=2020-05-05 : CVE-2020-1000\n",
         "x fixed 2 advisory=DSA-7-1 date=2020-05-05 : CVE-2020-1000\n"},
        {"the vulnerability's own date is none of the fix",
         "feed a rank=0\nx fixed 2 advisory=CVE-2020-1000 date=2020-05-05 : CVE-2020-1000\n",
         "x fixed 2 : CVE-2020-1000\n"},
        {"a severity that is left out comes from the next feed",
         "feed a rank=0\nx fixed 2 : CVE-2020-1000\nfeed b rank=1\nx fixed 3 severity=high : CVE-2020-1000\n",
         "x fixed 2 : CVE-2020-1000(high)\n"},
        {"a severity of its own stands in the record",
         "feed a rank=0\nx open : CVE-2020-1000(low)\ny open : CVE-2020-1000(low)\nz open : "
         "CVE-2020-1000(high)\n",
         "x open : CVE-2020-1000(low)\ny open : CVE-2020-1000(low)\nz open severity=high : CVE-2020-1000\n"},
        {"newest fix first, others before",
         "feed a rank=0\nx fixed 1.9 : CVE-2020-1000\nx fixed 1.10 : CVE-2020-1001\nx open : CVE-2020-1002\n"
         "x fixed until=1.11 : CVE-2020-1003\n",
         "x fixed until=1.11 : CVE-2020-1003\nx open : CVE-2020-1002\nx fixed 1.10 : CVE-2020-1001\n"
         "x fixed 1.9 : CVE-2020-1000\n"},
        {"ids ascend, others behind",
         "feed a rank=0\nx open : TEMP-2 CVE-2021-1000 CVE-2020-99999 GHSA-a CVE-2020-1000\n",
         "x open : CVE-2020-1000 CVE-2020-99999 CVE-2021-1000 GHSA-a TEMP-2\n"},
        {"kernels come last",
         "feed a rank=0\nlinux-aws open : CVE-2020-1000\nlinux-firmware open : CVE-2020-1000\n"
         "linux open : CVE-2020-1000\nzsh open : CVE-2020-1000\n",
         "linux-firmware open : CVE-2020-1000\nzsh open : CVE-2020-1000\nlinux open : CVE-2020-1000\n"
         "linux-aws open : CVE-2020-1000\n"},
        {"the same said twice is said once",
         "feed a rank=0\nx open : CVE-2020-1000\nx open : CVE-2020-1000\n", "x open : CVE-2020-1000\n"},
    };
    OWN(writer_end) struct writer file = writer_with(MIB);
    OWN(writer_end) struct writer dump = writer_with(MIB);
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct index index;
        char lines[1024];
        (void)snprintf(lines, sizeof(lines), "index 1 debian-12 deb\n%s", rows[i].lines);
        index_testing_build(text_of(lines), &file, &index);
        struct text got = index_testing_dump(&index, &dump), line;
        for (struct text rest = got; text_starts(rest, TEXT("index ")) || text_starts(rest, TEXT("feed "));
             got = rest)
            (void)text_cut(&rest, '\n', &line);
        assert_text(rows[i].name, got, rows[i].expected);
    }
}

static void feeds_are_kept_or_dropped(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct index_build *build = index_build_begin(&arena, "debian-12");
    struct feed_facts facts = feed_facts_none();
    static const struct text cve = {"CVE-2020-1000", 13};
    struct advisory advisory = {.release = {.name = "debian-12", .order = VERSION_DEB},
                                .package = TEXT("kept"),
                                .status = ADVISORY_OPEN,
                                .cves = &cve,
                                .cve_count = 1,
                                .published_us = TIME_ABSENT};
    struct index index;
    struct error err;
    (void)state;

    assert_non_null(build);
    assert_true(index_build_feed(build, TEXT("good"), 1, &err) && index_build_put(build, &advisory, &err));
    advisory.release = (struct release){.name = "debian-11", .order = VERSION_DEB};
    assert_true(index_build_put(build, &advisory, &err)); /* not asked for */
    advisory.release = (struct release){.name = "debian-12", .order = VERSION_DEB};
    advisory.package = TEXT("w\xc3\xb6rter");
    assert_true(index_build_put(build, &advisory, &err)); /* no name of a package */
    index_build_keep(build, &facts);
    assert_true(index_build_feed(build, TEXT("bad"), 0, &err));
    advisory.package = TEXT("dropped");
    assert_true(index_build_put(build, &advisory, &err));
    index_build_drop(build);

    assert_int_equal(index_build_release_count(build), 1);
    assert_int_equal(index_build_skipped(build), 1);
    assert_done("write", index_build_write(build, 0, &out, &err), &err);
    assert_done("open", index_open(writer_bytes(&out), &index, &err), &err);
    assert_int_equal(index.source_count[false], 1);
    assert_int_equal(index.feed_count, 1);
    assert_false(index.complete);
    assert_true(index.generated_us == TIME_ABSENT);
}

/* A generator of its own, so that the statements are the same everywhere. */
static uint32_t random_below(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

/* Ids are never given twice, for what is said twice is settled by rules: those are tested above. */
static void put_random_line(struct writer *w, uint64_t *seed, uint32_t source, uint32_t *id)
{
    static const char *const statuses[] = {"fixed",        "open",         "pending",
                                           "not-affected", "no-dsa",       "postponed",
                                           "end-of-life",  "undetermined", "ignored"};
    uint32_t count = 1 + random_below(seed, random_below(seed, 10) == 0 ? 300 : 5);

    writer_format(w, "%s%u %s", source % 7 == 0 ? "linux-5." : "source", source,
                  statuses[random_below(seed, 9)]);
    if (random_below(seed, 3) > 0)
        writer_format(w, " %u:1.%u-%u", random_below(seed, 2), random_below(seed, 30), random_below(seed, 3));
    if (random_below(seed, 9) == 0)
        writer_format(w, " introduced=0.%u", random_below(seed, 30));
    if (random_below(seed, 9) == 0)
        writer_format(w, " until=3.%u", random_below(seed, 30));
    if (random_below(seed, 4) == 0)
        writer_format(w, " advisory=DSA-%u-1 date=20%02u-0%u-11", random_below(seed, 6000),
                      random_below(seed, 30), 1 + random_below(seed, 9));
    if (random_below(seed, 20) == 0)
        writer_string(w, " unimportant");
    writer_string(w, " :");
    for (uint32_t i = 0; i < count; i++) {
        *id += 1 + random_below(seed, 60);
        if (random_below(seed, 50) == 0)
            writer_format(w, " TEMP-%07u", *id);
        else
            writer_format(w, " CVE-%u-%u%s", 2000 + *id % 30, 1000 + *id,
                          random_below(seed, 2) ? "(low)" : "");
    }
    writer_string(w, random_below(seed, 3) == 0 ? " | a note\n" : "\n");
}

/* What a dump says is built into the same dump, and the same file. */
static void what_is_built_is_read(void **state)
{
    OWN(writer_end) struct writer lines = writer_with(4 * MIB);
    OWN(writer_end) struct writer file = writer_with(4 * MIB);
    OWN(writer_end) struct writer again = writer_with(4 * MIB);
    OWN(writer_end) struct writer dump = writer_with(4 * MIB);
    OWN(writer_end) struct writer dump_again = writer_with(4 * MIB);
    struct index index;
    (void)state;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        uint64_t next = seed;
        uint32_t id = 0;
        writer_clear(&lines);
        writer_string(&lines, "index 1 debian-12 deb\nfeed a rank=0 generated=2026-01-02T00:00:00Z\n");
        for (uint32_t i = 0; i < 30 * seed; i++)
            put_random_line(&lines, &next, random_below(&next, 40), &id);
        index_testing_build(as_text(writer_bytes(&lines)), &file, &index);
        struct text said = index_testing_dump(&index, &dump);
        index_testing_build(said, &again, &index);
        assert_true(text_equal(said, index_testing_dump(&index, &dump_again)));
        assert_int_equal(file.size, again.size);
    }
}

/* One statement for each source and id, none touching another: each is found again, by seeking. */
static void every_statement_is_found(void **state)
{
    OWN(writer_end) struct writer lines = writer_with(4 * MIB);
    OWN(writer_end) struct writer file = writer_with(4 * MIB);
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct index_source source;
    struct index_record record;
    struct index index;
    char text[64];
    (void)state;

    writer_string(&lines, "index 1 debian-12 deb\nfeed a rank=0\n");
    for (unsigned i = 0; i < 700; i++)
        writer_format(&lines, "s%03u fixed 1.%u : CVE-2020-%u\n", i, i, 1000 + 3 * i);
    index_testing_build(as_text(writer_bytes(&lines)), &file, &index);
    struct index_sources walk = index_sources_with(&index, false);
    for (unsigned i = 0; i < 700; i++) {
        struct index_records records;
        struct index_cves cves = {.at = 0};
        struct text id;
        struct error err;
        (void)snprintf(text, sizeof(text), "s%03u-", i);
        if (i % 5 == 0)
            continue;
        (void)snprintf(text, sizeof(text), "s%03u", i);
        assert_true(index_sources_seek(&walk, text_of(text), &source));
        assert_true(
            index_sources_seek(&walk, text_of(text), &source)); /* the same one may be asked for again */
        assert_text("name", source.name, text);
        index_records_begin(&records, &index, &source);
        assert_true(index_records_next(&records, &record));
        (void)snprintf(text, sizeof(text), "1.%u", i);
        assert_text("fixed", record.fixed, text);
        assert_int_equal(record.count, 1);
        assert_done("id", index_id(&index, &cves, index_records_id(&records), &arena, &id, &err), &err);
        (void)snprintf(text, sizeof(text), "CVE-2020-%u", 1000 + 3 * i);
        assert_text("id", id, text);
        assert_false(index_records_next(&records, &record));
        assert_true(index_records_ok(&records));
        (void)snprintf(text, sizeof(text), "s%03u-none", i);
        assert_false(index_sources_seek(&walk, text_of(text), &source));
    }
    assert_false(index_sources_seek(&walk, TEXT("zzz"), &source));
    assert_true(index_sources_ok(&walk));
}

static void ids_are_found_in_any_order(void **state)
{
    OWN(writer_end) struct writer lines = writer_with(4 * MIB);
    OWN(writer_end) struct writer file = writer_with(4 * MIB);
    struct index index;
    struct index_cves walk = {.at = 0};
    uint8_t bits[200] = {0};
    uint64_t seed = 3;
    (void)state;

    writer_string(&lines, "index 1 debian-12 deb\nfeed a rank=0\nx open :");
    for (unsigned i = 0; i < 1000; i++)
        writer_format(&lines, " CVE-2020-%u", 1000 + i * i);
    index_testing_build(as_text(writer_bytes(&lines)), &file, &index);
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t number = random_below(&seed, 1000), cve = index_cve(&index, &walk, number);
        assert_int_equal(cve, 30 << 24 | (1000 + number * number));
    }
    uint32_t wanted[] = {
        5, 30 << 24 | 1000, 30 << 24 | 1003, 30 << 24 | 1004, 30 << 24 | (1000 + 999 * 999), 31 << 24};
    assert_true(index_mark(&index, (struct bytes){(const uint8_t *)wanted, sizeof(wanted)}, bits));
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(bits[i / 8] >> i % 8 & 1, i == 0 || i == 2 || i == 999);
}

static void every_prefix_is_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes whole = read_golden("small.idx", &arena);
    struct index index;
    struct error err;
    (void)state;

    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *cut = malloc(size + (size == 0));
        assert_non_null(cut);
        memcpy(cut, whole.at, size);
        assert_false(index_open((struct bytes){cut, size}, &index, &err));
        free(cut);
    }
}

/* Whatever byte is broken, nothing is read outside, and what is decoded is text. */
static void every_broken_byte_is_survived(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes whole = read_golden("small.idx", &arena);
    uint8_t *broken = malloc(whole.size);
    size_t refused = 0;
    (void)state;

    assert_non_null(broken);
    for (size_t i = 0; i < whole.size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            OWN(writer_end) struct writer dump = writer_with(MIB);
            struct index index;
            struct error err;
            memcpy(broken, whole.at, whole.size);
            broken[i] ^= (uint8_t)(1u << bit);
            refused += !(index_open((struct bytes){broken, whole.size}, &index, &err) &&
                         index_dump(&index, &dump, &err));
        }
    free(broken);
    assert_true(refused > whole.size * 8 / 2);
}

static void support_is_told_for_a_package(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct bytes whole = read_golden("small.idx", &arena);
    struct support *rows;
    struct index index;
    struct error err;
    size_t count;
    (void)state;

    assert_done("open", index_open(whole, &index, &err), &err);
    assert_done("all", index_supports(&index, TEXT("openssl"), &arena, &rows, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].kind, SUPPORT_ENDS);
    assert_text("note", rows[1].note, "Only the command line");
    assert_done("zsh", index_supports(&index, TEXT("zsh"), &arena, &rows, &count, &err), &err);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_file),
        cmocka_unit_test(golden_bad_files),
        cmocka_unit_test(builder_rules),
        cmocka_unit_test(feeds_are_kept_or_dropped),
        cmocka_unit_test(what_is_built_is_read),
        cmocka_unit_test(every_statement_is_found),
        cmocka_unit_test(ids_are_found_in_any_order),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_broken_byte_is_survived),
        cmocka_unit_test(support_is_told_for_a_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
