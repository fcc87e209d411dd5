#include "identify/feed_golden.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "format/archive.h"
#include "model/decision.h"

#define OUTPUT_MAX (16 * MIB)

static void put_named(struct writer *w, const char *name, struct text value)
{
    if (value.size > 0)
        writer_format(w, " %s=%.*s", name, TEXT_ARG(value));
}

static void put_time(struct writer *w, const char *name, int64_t us)
{
    if (us == TIME_ABSENT)
        return;
    writer_format(w, " %s=", name);
    time_write(w, us);
}

static bool put_advisory(void *self, const struct advisory *a, struct error *err)
{
    struct writer *w = self;

    (void)err;
    writer_format(w, "advisory %.*s %s %.*s %s", TEXT_ARG(a->id), a->release.name, TEXT_ARG(a->package),
                  advisory_status_name(a->status));
    put_named(w, "stream", a->stream);
    put_named(w, "arch", a->arch);
    put_named(w, "introduced", a->introduced);
    put_named(w, "fixed", a->fixed);
    put_named(w, "last_affected", a->last_affected);
    if (a->severity != SEVERITY_UNKNOWN)
        writer_format(w, " severity=%s", severity_name(a->severity));
    if (a->unimportant)
        writer_string(w, " unimportant");
    put_time(w, "published", a->published_us);
    assert_true(a->cve_count > 0);
    for (size_t i = 0; i < a->cve_count; i++)
        put_named(w, "cve", a->cves[i]);
    put_named(w, "note", a->note);
    writer_byte(w, '\n');
    return true;
}

static void put_points(struct writer *w, const struct vulnerability *v)
{
    if (v->exploitation != EXPLOITATION_UNKNOWN)
        writer_format(w, " exploitation=%s", exploitation_name(v->exploitation));
    if (v->automatable != ANSWER_UNKNOWN)
        writer_format(w, " automatable=%s", answer_name(v->automatable));
    if (v->technical_impact != TECHNICAL_IMPACT_UNKNOWN)
        writer_format(w, " technical-impact=%s", technical_impact_name(v->technical_impact));
}

static bool put_vulnerability(void *self, const struct vulnerability *v, struct error *err)
{
    struct writer *w = self;

    (void)err;
    writer_format(w, "vulnerability %.*s", TEXT_ARG(v->id));
    put_time(w, "published", v->published_us);
    for (size_t i = 0; i < v->score_count; i++)
        writer_format(w, " %s/%s=%d %.*s", score_source_name(v->scores[i].from),
                      cvss_version_name(v->scores[i].version), v->scores[i].tenths,
                      TEXT_ARG(v->scores[i].vector));
    if (v->kev)
        writer_string(w, " kev");
    put_time(w, "added", v->kev_added_us);
    put_time(w, "due", v->kev_due_us);
    if (v->ransomware)
        writer_string(w, " ransomware");
    if (v->epss_millionths != EPSS_ABSENT)
        writer_format(w, " epss=%u percentile=%u", v->epss_millionths, v->epss_percentile_millionths);
    put_points(w, v);
    if (v->rejected)
        writer_string(w, " rejected");
    writer_byte(w, '\n');
    return true;
}

static bool put_support(void *self, const struct support *s, struct error *err)
{
    static const char *const kinds[SUPPORT_KIND_COUNT] = {
        [SUPPORT_RELEASED] = "released",           [SUPPORT_ENDS] = "ends",
        [SUPPORT_LTS_ENDS] = "lts-ends",           [SUPPORT_LIMITED] = "limited",
        [SUPPORT_EXTENDED_ENDS] = "extended-ends",
    };
    struct writer *w = self;

    (void)err;
    writer_format(w, "support %s %s", s->release.name[0] != 0 ? s->release.name : "(any)", kinds[s->kind]);
    put_named(w, "package", s->package);
    put_time(w, "at", s->at_us);
    put_named(w, "version", s->version);
    put_named(w, "note", s->note);
    writer_byte(w, '\n');
    return true;
}

struct feed_sink feed_golden_sink(struct writer *writer)
{
    return (struct feed_sink){writer, put_advisory, put_vulnerability, put_support};
}

void feed_golden_facts(struct writer *w, const struct feed_facts *facts)
{
    writer_format(w, "facts records=%llu skipped=%llu", (unsigned long long)facts->record_count,
                  (unsigned long long)facts->skipped_count);
    put_time(w, "generated", facts->generated_us);
    put_named(w, "version", text_of(facts->version));
    if (facts->complete)
        writer_string(w, " complete");
    writer_byte(w, '\n');
}

/* What the feed makes of the document: nouns and facts, or "kind: text" of the error. */
static bool parse(const struct feed *feed, struct bytes document, const char *name, struct writer *w)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    const struct feed_sink sink = feed_golden_sink(w);
    struct feed_facts untouched, facts;
    struct error err = {0};

    memset(&facts, 0x5a, sizeof(facts));
    untouched = facts;
    if (feed->parse(document, text_of(name), &sink, &arena, &facts, &err)) {
        feed_golden_facts(w, &facts);
        assert_true(writer_ok(w));
        return true;
    }
    assert_memory_equal(&facts, &untouched, sizeof(facts));
    writer_clear(w);
    writer_format(w, "%s: %s\n", error_kind_name(err.kind), err.text);
    return false;
}

static void compare(const char *path, struct bytes got, struct bytes expected)
{
    if (got.size == expected.size && memcmp(got.at, expected.at, got.size) == 0)
        return;
    print_error("%s\n--- expected\n%.*s--- got\n%.*s", path, (int)expected.size, (const char *)expected.at,
                (int)got.size, (const char *)got.at);
    fail();
}

static struct bytes read_file(struct arena *arena, const char *path)
{
    struct bytes bytes = {0};
    struct error err;

    if (!file_read(path, OUTPUT_MAX, arena, &bytes, &err))
        fail_msg("%s", err.text);
    return bytes;
}

/* NAME.json, its answer beside it as NAME and `end`. */
static void check_file(const struct feed *feed, struct arena *arena, const char *folder, struct text name,
                       const char *end)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    size_t dot = name.size;

    while (dot > 0 && name.at[dot - 1] != '.')
        dot--;
    struct text answer = text_format(arena, "%.*s%s", (int)(dot > 0 ? dot - 1 : name.size), name.at, end);
    const char *path = file_path(arena, folder, name.at);
    bool good = parse(feed, read_file(arena, path), name.at, &w);
    if (good != (strcmp(end, ".expected") == 0))
        print_error("%s: %s\n", path, good ? "was not refused" : "was refused");
    compare(path, writer_bytes(&w), read_file(arena, file_path(arena, folder, answer.at)));
}

static size_t check_folder(const struct feed *feed, struct arena *arena, const char *folder, const char *end)
{
    struct file_names names;
    struct error err;
    size_t checked = 0;

    if (!file_list(folder, 1000, arena, &names, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < names.count; i++) {
        struct text name = names.names[i];
        if (text_ends(name, TEXT(".expected")) || text_ends(name, TEXT(".error")) ||
            text_equal(name, TEXT("bad")))
            continue;
        check_file(feed, arena, folder, name, end);
        checked++;
    }
    return checked;
}

void feed_golden_check(const struct feed *feed, const char *folder)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    const char *golden = getenv("SUTURE_GOLDEN");

    assert_non_null(golden);
    const char *path = file_path(&arena, golden, folder);
    assert_true(check_folder(feed, &arena, path, ".expected") > 0);
    assert_true(check_folder(feed, &arena, file_path(&arena, path, "bad"), ".error") > 0);
}

void feed_golden_check_error(const struct feed *feed, struct bytes document, const char *name,
                             const char *expected)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    OWN(arena_end) struct arena arena = arena_with(MIB);

    if (parse(feed, document, name, &w))
        fail_msg("not refused: %s", expected);
    struct text line = text_format(&arena, "%s\n", expected);
    compare(name, writer_bytes(&w), bytes_of_text(line));
}

static bool count_advisory(void *self, const struct advisory *advisory, struct error *err)
{
    struct feed_count *count = self;

    (void)err;
    assert_true(advisory->cve_count > 0);
    assert_true(advisory->package.size > 0);
    assert_true(advisory->status > ADVISORY_UNKNOWN && advisory->status < ADVISORY_STATUS_COUNT);
    count->advisories++;
    count->of_status[advisory->status]++;
    return true;
}

static bool count_vulnerability(void *self, const struct vulnerability *vulnerability, struct error *err)
{
    (void)err;
    assert_true(vulnerability->id.size > 0);
    ((struct feed_count *)self)->vulnerabilities++;
    return true;
}

static bool count_support(void *self, const struct support *support, struct error *err)
{
    (void)err;
    assert_true(support->kind > SUPPORT_UNKNOWN && support->kind < SUPPORT_KIND_COUNT);
    ((struct feed_count *)self)->supports++;
    return true;
}

void feed_golden_count_bytes(const struct feed *feed, struct bytes document, const char *name,
                             struct feed_count *count)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    const struct feed_sink sink = {count, count_advisory, count_vulnerability, count_support};
    struct feed_facts facts;
    struct error err;

    if (!feed->parse(document, text_of(name), &sink, &arena, &facts, &err))
        fail_msg("%s: %s", name, err.text);
    feed_facts_add(&count->facts, &facts);
}

struct feed_count feed_golden_count(const struct feed *feed, const char *path)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct feed_count count = {.facts = feed_facts_none()};

    feed_golden_count_bytes(feed, read_file(&arena, path), path, &count);
    return count;
}

struct feed_count feed_golden_count_archive(const struct feed *feed, const char *path, const char *part)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    OWN(archive_end) struct archive_reader *reader = NULL;
    struct feed_count count = {.facts = feed_facts_none()};
    struct text name;
    struct bytes bytes;
    struct error err;
    bool found;

    if (!archive_open(read_file(&arena, path), LIMIT_FEED_FILE, &reader, &err))
        fail_msg("%s: %s", path, err.text);
    for (;;) {
        if (!archive_next(reader, &name, &bytes, &found, &err))
            fail_msg("%s: %s", path, err.text);
        if (!found)
            return count;
        if (text_find(name, text_of(part)) != SIZE_MAX)
            feed_golden_count_bytes(feed, bytes, text_string(&arena, name), &count);
    }
}
