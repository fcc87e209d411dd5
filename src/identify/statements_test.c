#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "identify/statements.h"

static const struct text two_cves[] = {{"CVE-2026-0001", 13}, {"CVE-2026-0002", 13}};

static struct advisory sample_advisory(void)
{
    return (struct advisory){
        .id = TEXT("DSA-5900-1"),
        .release = {"debian-12", VERSION_DEB},
        .package = TEXT("expat"),
        .arch = TEXT("amd64"),
        .status = ADVISORY_FIXED,
        .introduced = TEXT("0"),
        .fixed = TEXT("2.5.0-1+deb12u1"),
        .cves = two_cves,
        .cve_count = 2,
        .severity = SEVERITY_HIGH,
        .published_us = 1234567 * TIME_SECOND_US,
        .note = TEXT("first line\nsecond line"),
    };
}

static struct vulnerability sample_vulnerability(void)
{
    struct vulnerability v = vulnerability_with(TEXT("CVE-2026-0001"));

    v.published_us = 99;
    v.kev = true;
    v.kev_added_us = 5 * TIME_DAY_US;
    v.epss_millionths = 12345;
    v.epss_percentile_millionths = 900000;
    v.exploitation = EXPLOITATION_ACTIVE;
    v.automatable = ANSWER_NO;
    v.technical_impact = TECHNICAL_IMPACT_TOTAL;
    v.score_count = 2;
    v.scores[0] =
        (struct score){CVSS_31, SCORE_NVD, 98, TEXT("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")};
    v.scores[1] = (struct score){CVSS_2, SCORE_CNA, CVSS_NONE, {0}};
    return v;
}

static struct support sample_support(void)
{
    return (struct support){
        .release = {"debian-12", VERSION_DEB},
        .package = TEXT("golang-1.19"),
        .kind = SUPPORT_LIMITED,
        .at_us = TIME_ABSENT,
        .note = TEXT("see the release notes"),
    };
}

/* What a replay gave: the last of each kind, texts copied, and how many. */
struct heard {
    struct arena arena;
    struct advisory advisory;
    struct vulnerability vulnerability;
    struct support support;
    size_t advisories, vulnerabilities, supports;
};

static bool hear_advisory(void *self, const struct advisory *advisory, struct error *err)
{
    struct heard *heard = self;

    (void)err;
    heard->advisory = *advisory;
    heard->advisories++;
    return true;
}

static bool hear_vulnerability(void *self, const struct vulnerability *vulnerability, struct error *err)
{
    struct heard *heard = self;

    (void)err;
    heard->vulnerability = *vulnerability;
    heard->vulnerabilities++;
    return true;
}

static bool hear_support(void *self, const struct support *support, struct error *err)
{
    struct heard *heard = self;

    (void)err;
    heard->support = *support;
    heard->supports++;
    return true;
}

static struct feed_sink sink_of(struct heard *heard)
{
    return (struct feed_sink){heard, hear_advisory, hear_vulnerability, hear_support};
}

static struct bytes written(struct statements_writer *writer)
{
    struct feed_sink sink = statements_sink(writer);
    struct advisory a = sample_advisory();
    struct vulnerability v = sample_vulnerability();
    struct support s = sample_support();
    struct bytes raw = {0};
    struct error err = {0};

    for (int i = 0; i < 3; i++)
        assert_done("advisory", sink.advisory(sink.self, &a, &err), &err);
    assert_done("vulnerability", sink.vulnerability(sink.self, &v, &err), &err);
    assert_done("support", sink.support(sink.self, &s, &err), &err);
    assert_done("done", statements_done(writer, &raw, &err), &err);
    return raw;
}

static void assert_advisory(const struct advisory *got)
{
    struct advisory expected = sample_advisory();

    assert_true(text_equal(got->id, expected.id));
    assert_string_equal(got->release.name, "debian-12");
    assert_int_equal(got->release.order, VERSION_DEB);
    assert_text("package", got->package, "expat");
    assert_text("stream", got->stream, "");
    assert_text("arch", got->arch, "amd64");
    assert_text("introduced", got->introduced, "0");
    assert_text("fixed", got->fixed, "2.5.0-1+deb12u1");
    assert_text("last_affected", got->last_affected, "");
    assert_text("note", got->note, "first line\nsecond line");
    assert_int_equal(got->status, ADVISORY_FIXED);
    assert_int_equal(got->severity, SEVERITY_HIGH);
    assert_false(got->unimportant);
    assert_int_equal(got->published_us, expected.published_us);
    assert_int_equal(got->cve_count, 2);
    assert_text("first", got->cves[0], "CVE-2026-0001");
    assert_text("second", got->cves[1], "CVE-2026-0002");
}

static void assert_vulnerability(const struct vulnerability *got)
{
    assert_text("id", got->id, "CVE-2026-0001");
    assert_int_equal(got->published_us, 99);
    assert_true(got->kev && !got->ransomware && !got->rejected);
    assert_int_equal(got->kev_added_us, 5 * TIME_DAY_US);
    assert_int_equal(got->kev_due_us, TIME_ABSENT);
    assert_int_equal(got->epss_millionths, 12345);
    assert_int_equal(got->epss_percentile_millionths, 900000);
    assert_int_equal(got->exploitation, EXPLOITATION_ACTIVE);
    assert_int_equal(got->automatable, ANSWER_NO);
    assert_int_equal(got->technical_impact, TECHNICAL_IMPACT_TOTAL);
    assert_int_equal(got->score_count, 2);
    assert_int_equal(got->scores[0].tenths, 98);
    assert_text("vector", got->scores[0].vector, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    assert_int_equal(got->scores[1].version, CVSS_2);
    assert_int_equal(got->scores[1].from, SCORE_CNA);
    assert_int_equal(got->scores[1].tenths, CVSS_NONE);
    assert_int_equal(got->scores[1].vector.size, 0);
}

static void test_round_trip(void **state)
{
    OWN(statements_end) struct statements_writer writer = statements_begin();
    struct bytes raw = written(&writer);
    struct heard heard = {.arena = arena_with(MIB)};
    struct feed_sink sink = sink_of(&heard);
    struct statements_head head;
    struct error err = {0};

    (void)state;
    assert_done("replay", statements_replay(raw, &sink, &heard.arena, &err), &err);
    assert_int_equal(heard.advisories, 3);
    assert_int_equal(heard.vulnerabilities, 1);
    assert_int_equal(heard.supports, 1);
    assert_advisory(&heard.advisory);
    assert_vulnerability(&heard.vulnerability);
    assert_text("support", heard.support.package, "golang-1.19");
    assert_int_equal(heard.support.kind, SUPPORT_LIMITED);
    assert_int_equal(heard.support.at_us, TIME_ABSENT);
    assert_text("note", heard.support.note, "see the release notes");
    assert_done("look", statements_look(raw, &head, &err), &err);
    assert_int_equal(head.reading, STATEMENTS_READING);
    assert_int_equal(head.counts[STATEMENT_ADVISORY], 3);
    arena_end(&heard.arena);
}

/* Saying the same again costs 18 bytes. */
static void test_repeated_is_short(void **state)
{
    OWN(statements_end) struct statements_writer writer = statements_begin();
    struct feed_sink sink = statements_sink(&writer);
    struct advisory a = sample_advisory();
    struct error err;

    (void)state;
    a.cve_count = 1;
    a.id = two_cves[0];
    assert_true(sink.advisory(sink.self, &a, &err));
    size_t before = writer.out.size;
    assert_true(sink.advisory(sink.self, &a, &err));
    assert_true(writer.out.size - before < 18);
}

static void test_kinds_not_wanted(void **state)
{
    OWN(statements_end) struct statements_writer writer = statements_begin();
    struct bytes raw = written(&writer);
    struct heard heard = {.arena = arena_with(MIB)};
    struct feed_sink sink = {.self = &heard, .support = hear_support};
    struct error err = {0};

    (void)state;
    assert_done("replay", statements_replay(raw, &sink, &heard.arena, &err), &err);
    assert_int_equal(heard.advisories + heard.vulnerabilities, 0);
    assert_int_equal(heard.supports, 1);
    arena_end(&heard.arena);
}

/* A cut file fails; a changed byte fails or gives other nouns, all within their bounds. */
static void test_broken(void **state)
{
    OWN(statements_end) struct statements_writer writer = statements_begin();
    struct bytes raw = written(&writer);
    uint8_t *copy = malloc(raw.size + 1);
    struct error err;

    (void)state;
    assert_non_null(copy);
    for (size_t i = 0; i < raw.size; i++) {
        struct heard heard = {.arena = arena_with(MIB)};
        struct feed_sink sink = sink_of(&heard);
        memcpy(copy, raw.at, raw.size);
        assert_false(statements_replay((struct bytes){copy, i}, &sink, &heard.arena, &err));
        copy[i] ^= 0x41;
        if (!statements_replay((struct bytes){copy, raw.size}, &sink, &heard.arena, &err))
            assert_true(err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT);
        assert_true(heard.vulnerability.score_count <= VULNERABILITY_SCORES_MAX);
        assert_true(heard.advisory.status < ADVISORY_STATUS_COUNT);
        arena_end(&heard.arena);
    }
    memcpy(copy, raw.at, raw.size);
    copy[raw.size] = 0;
    assert_false(statements_replay((struct bytes){copy, raw.size + 1}, &(struct feed_sink){0}, NULL, &err));
    free(copy);
}

/* "SST1", reading, size, counts of advisories, vulnerabilities, supports */
#define HEAD(size, a, v, s) "SST1\1\0\0\0" size "\0\0\0" a "\0\0\0" v "\0\0\0" s "\0\0\0"

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *text;
    } rows[] = {
        {"empty", BYTES(""), "no statements of version 1"},
        {"newer", BYTES("SST2\1\0\0\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "no statements of version 1"},
        {"cut short", BYTES(HEAD("\x20", "\1", "\0", "\0")),
         "1 statements in 32 bytes, but 24 bytes are here"},
        {"more than fit", BYTES(HEAD("\x18", "\xff", "\0", "\0")),
         "255 statements in 24 bytes, but 24 bytes are here"},
        {"fewer", BYTES(HEAD("\x20", "\0", "\0", "\2") "\3\0\0\0\0\0\0\0"),
         "ends after 1 statements, fewer than it says"},
        {"kind 4", BYTES(HEAD("\x19", "\1", "\0", "\0") "\4"),
         "statement 0, which begins at byte 24, is broken"},
        {"kind not announced", BYTES(HEAD("\x19", "\1", "\0", "\0") "\2"),
         "statement 0, which begins at byte 24, is broken"},
        {"release leaves the folder", BYTES(HEAD("\x25", "\0", "\0", "\1") "\3\6../..\0\0\0\1\0\0"),
         "statement 0, which begins at byte 24, is broken"},
        {"escape sequence in a package", BYTES(HEAD("\x22", "\0", "\0", "\1") "\3\0\3\x1b[\0\0\1\0\0"),
         "statement 0, which begins at byte 24: byte 0x1b at 0 is not text"},
        {"65537 CVEs", BYTES(HEAD("\x2a", "\1", "\0", "\0") "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x81\x80\4"),
         "statement 0, which begins at byte 24, is broken"},
    };
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = arena_with(MIB);
        assert_false(statements_replay(rows[i].raw, &(struct feed_sink){0}, &arena, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
        arena_end(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),       cmocka_unit_test(test_repeated_is_short),
        cmocka_unit_test(test_kinds_not_wanted), cmocka_unit_test(test_broken),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
