#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/facts.h"
#include "identify/facts_build.h"

static const char *golden(const char *name, char path[512])
{
    (void)snprintf(path, 512, "%s/facts/%s", getenv("SUTURE_GOLDEN"), name);
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

static int64_t day(const char *text)
{
    struct error err;
    int64_t us = 0;

    assert_true(time_parse(text_of(text), &us, &err));
    return us;
}

static void begin(struct facts_build *build, const char *feed, uint8_t rank)
{
    struct error err;

    assert_true(facts_build_feed(build, text_of(feed), rank, &err));
}

static void put(struct facts_build *build, const struct vulnerability *vulnerability)
{
    struct error err;

    assert_done("put", facts_build_put(build, vulnerability, &err), &err);
}

static void end(struct facts_build *build, const char *version)
{
    struct feed_facts facts = feed_facts_none();

    facts.generated_us = day("2026-11-20");
    facts.record_count = 3;
    (void)snprintf(facts.version, sizeof(facts.version), "%s", version);
    facts_build_keep(build, &facts);
}

/* What the golden file is made of: KEV, EPSS, the NVD and CISA each give a part. */
static void put_parts(struct facts_build *build)
{
    struct vulnerability v = vulnerability_with(TEXT("CVE-2024-3094"));

    begin(build, "kev", 0);
    v.kev = true;
    v.kev_added_us = day("2024-04-01");
    v.kev_due_us = day("2024-04-22");
    put(build, &v);
    end(build, "2026.11.20");

    begin(build, "epss", 0);
    v = vulnerability_with(TEXT("CVE-2024-3094"));
    v.epss_millionths = 945030;
    v.epss_percentile_millionths = 999870;
    put(build, &v);
    v = vulnerability_with(TEXT("CVE-1999-0001"));
    v.epss_millionths = 0;
    v.epss_percentile_millionths = 12;
    put(build, &v);
    end(build, "v2026.03.14");

    begin(build, "nvd", 1);
    v = vulnerability_with(TEXT("CVE-2024-3094"));
    v.published_us = day("2024-03-29T17:15:21Z");
    vulnerability_put_score(&v,
                            (struct score){.version = CVSS_31,
                                           .from = SCORE_NVD,
                                           .tenths = 100,
                                           .vector = TEXT("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H")});
    vulnerability_put_score(&v, (struct score){.version = CVSS_2, .from = SCORE_NVD, .tenths = CVSS_NONE});
    put(build, &v);
    v = vulnerability_with(TEXT("GHSA-jfh8-c2jp-5v3q"));
    v.rejected = true;
    put(build, &v);
    end(build, "");

    begin(build, "cve5", 2);
    v = vulnerability_with(TEXT("CVE-2024-3094"));
    v.published_us = day("2024-03-28");
    v.exploitation = EXPLOITATION_ACTIVE;
    v.automatable = ANSWER_YES;
    v.technical_impact = TECHNICAL_IMPACT_TOTAL;
    vulnerability_put_score(&v,
                            (struct score){.version = CVSS_31,
                                           .from = SCORE_CISA_ADP,
                                           .tenths = 98,
                                           .vector = TEXT("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")});
    put(build, &v);
    v = vulnerability_with(TEXT("CVE-2024-99999"));
    v.exploitation = EXPLOITATION_ACTIVE;
    put(build, &v);
    end(build, "");

    begin(build, "bad", 0); /* its document turned out broken */
    v = vulnerability_with(TEXT("CVE-2024-4000"));
    put(build, &v);
    facts_build_drop(build);
}

static void build_golden(struct writer *out)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct facts_build *build = facts_build_begin(&arena);
    struct error err;

    assert_non_null(build);
    put_parts(build);
    assert_done("write", facts_build_write(build, out, &err), &err);
}

static void golden_file(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct facts facts;
    struct error err;
    (void)state;

    build_golden(&out);
    check_golden("small.facts", writer_bytes(&out), &arena);
    assert_done("open", facts_open(writer_bytes(&out), &facts, &err), &err);
    struct origins walk = facts_origins(&facts);
    struct origin origin;
    assert_true(origins_next(&walk, &origin));
    assert_text("feed", origin.name, "kev");
    assert_true(origins_next(&walk, &origin));
    assert_text("model", origin.version, "v2026.03.14");
    assert_int_equal(origin.generated_us, day("2026-11-20"));
    assert_int_equal(facts.feed_count, 4);
}

static void parts_are_joined(void **state)
{
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct vulnerability v;
    struct facts facts;
    struct error err;
    (void)state;

    build_golden(&out);
    assert_done("open", facts_open(writer_bytes(&out), &facts, &err), &err);
    assert_true(facts_find(&facts, TEXT("CVE-2024-3094"), &v));
    assert_text("id", v.id, "CVE-2024-3094");
    assert_true(v.kev && !v.ransomware && !v.rejected);
    assert_int_equal(v.kev_added_us, day("2024-04-01"));
    assert_int_equal(v.kev_due_us, day("2024-04-22"));
    assert_int_equal(v.published_us, day("2024-03-29T17:15:21Z")); /* of the feed that is trusted more */
    assert_int_equal(v.epss_millionths, 945030);
    assert_int_equal(v.epss_percentile_millionths, 999870);
    assert_int_equal(v.exploitation, EXPLOITATION_ACTIVE);
    assert_int_equal(v.automatable, ANSWER_YES);
    assert_int_equal(v.technical_impact, TECHNICAL_IMPACT_TOTAL);
    assert_int_equal(v.score_count, 3);
    assert_int_equal(v.scores[0].tenths, 100);
    assert_text("vector", v.scores[0].vector, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H");
    assert_int_equal(v.scores[1].version, CVSS_2);
    assert_int_equal(v.scores[1].tenths, CVSS_NONE);
    assert_int_equal(v.scores[1].vector.size, 0);
    assert_int_equal(v.scores[2].from, SCORE_CISA_ADP);

    assert_true(facts_find(&facts, TEXT("CVE-1999-0001"), &v));
    assert_int_equal(v.epss_millionths, 0);
    assert_true(v.published_us == TIME_ABSENT && v.kev_added_us == TIME_ABSENT && !v.kev &&
                v.score_count == 0);
    assert_true(facts_find(&facts, TEXT("GHSA-jfh8-c2jp-5v3q"), &v) && v.rejected);
    assert_int_equal(v.epss_millionths, EPSS_ABSENT);
    static const char *const absent[] = {"CVE-2024-4000", "CVE-2024-3095", "CVE-2024-0001", "CVE-1990-0001",
                                         "CVE-2117-9999", "GHSA-a",        "GHSA-z",        ""};
    for (size_t i = 0; i < COUNT_OF(absent); i++)
        assert_false(facts_find(&facts, text_of(absent[i]), &v));
    struct bytes exploited = facts_exploited(&facts);
    assert_int_equal(exploited.size, 8);
}

static void many_are_found(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer out = writer_with(16 * MIB);
    struct facts_build *build = facts_build_begin(&arena);
    struct vulnerability v;
    struct facts facts;
    struct error err;
    char id[40];
    (void)state;

    begin(build, "epss", 0);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned n = i * 7919 % 20000; /* in no order */
        (void)snprintf(id, sizeof(id), n % 10 == 9 ? "GHSA-%u" : "CVE-%u-%u", n % 10 == 9 ? n : 1999 + n % 25,
                       1000 + n);
        v = vulnerability_with(text_of(id));
        v.epss_millionths = n;
        put(build, &v);
    }
    end(build, "");
    assert_done("write", facts_build_write(build, &out, &err), &err);
    assert_done("open", facts_open(writer_bytes(&out), &facts, &err), &err);
    assert_int_equal(facts.cve_count, 18000);
    for (unsigned n = 0; n < 20000; n++) {
        (void)snprintf(id, sizeof(id), n % 10 == 9 ? "GHSA-%u" : "CVE-%u-%u", n % 10 == 9 ? n : 1999 + n % 25,
                       1000 + n);
        assert_true(facts_find(&facts, text_of(id), &v));
        assert_int_equal(v.epss_millionths, n);
    }
}

static void what_is_refused(void **state)
{
    static const struct {
        const char *name;
        size_t place;
        struct bytes bytes;
        const char *text;
    } rows[] = {
        {"another file", 0, BYTES("S_TFACTS"), "this is no facts file"},
        {"a newer version", 8, BYTES("\x02\0\0\0"),
         "the facts have version 2, this program reads up to 1: update the program, or build them anew"},
        {"bytes that should be zero", 32, BYTES("\x01"), "the facts' header is broken"},
        {"more CVEs than fit", 16, BYTES("\xff\xff\xff\xff"),
         "facts: its CVEs take 17179869180 bytes, 12 are there"},
        {"more other ids", 20, BYTES("\x09\0\0\0"), "facts: its other ids take 40 bytes, 8 are there"},
        {"more scores", 24, BYTES("\xff\xff\xff\x7f"),
         "facts: its scores take 17179869176 bytes, 24 are there"},
        {"more vectors", 28, BYTES("\xff\xff\xff\x7f"),
         "facts: its vectors take 8589934592 bytes, 100 are there"},
        {"a segment that is too long", 48, BYTES("\xff\xff\xff\x7f"),
         "facts: segment 0 has 2147483647 bytes, 866 are left"},
        {"a table of years that falls", 96 + 120, BYTES("\xff"), "facts: its table of years is broken"},
    };
    OWN(writer_end) struct writer out = writer_with(MIB);
    struct facts facts;
    struct error err;
    (void)state;

    build_golden(&out);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint8_t *broken = malloc(out.size);
        assert_non_null(broken);
        memcpy(broken, out.at, out.size);
        memcpy(broken + rows[i].place, rows[i].bytes.at, rows[i].bytes.size);
        if (facts_open((struct bytes){broken, out.size}, &facts, &err))
            fail_msg("%s: is not refused", rows[i].name);
        free(broken);
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
    for (size_t size = 0; size < out.size; size++) {
        uint8_t *cut = malloc(size + (size == 0));
        assert_non_null(cut);
        memcpy(cut, out.at, size);
        assert_false(facts_open((struct bytes){cut, size}, &facts, &err));
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_file),
        cmocka_unit_test(parts_are_joined),
        cmocka_unit_test(many_are_found),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
