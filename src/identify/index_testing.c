#include "identify/index_testing.h"

#include "base/own.h"
#include "base/testing.h"
#include "identify/index_dump.h"

#define IDS_MAX 4096

/* The lines being read. */
struct script {
    struct index_build *build;
    struct release release;
    struct feed_facts facts;
    bool in_feed;
};

static void must(bool done, struct text line, const struct error *err)
{
    if (!done)
        fail_msg("%.*s: %s", TEXT_ARG(line), err->text);
}

/* The value of "NAME=VALUE" when the word is of that name. */
static bool named(struct text word, const char *name, struct text *value)
{
    struct text start = text_of(name);

    if (!text_starts(word, start) || word.size <= start.size || word.at[start.size] != '=')
        return false;
    *value = text_part(word, start.size + 1, word.size);
    return true;
}

static int64_t time_of(struct text text)
{
    struct error err;
    int64_t us = TIME_ABSENT;

    must(time_parse(text, &us, &err), text, &err);
    return us;
}

static enum severity severity_of(struct text word)
{
    for (unsigned i = 0; i < SEVERITY_COUNT; i++)
        if (text_equal(word, text_of(severity_name((enum severity)i))))
            return (enum severity)i;
    fail_msg("%.*s is no severity", TEXT_ARG(word));
    return SEVERITY_UNKNOWN;
}

static enum advisory_status status_of(struct text word)
{
    for (unsigned i = 0; i < ADVISORY_STATUS_COUNT; i++)
        if (text_equal(word, text_of(advisory_status_name((enum advisory_status)i))))
            return (enum advisory_status)i;
    fail_msg("%.*s is no status", TEXT_ARG(word));
    return ADVISORY_UNKNOWN;
}

static void begin_release(struct script *script, struct text line)
{
    struct text word, order;

    (void)text_cut_word(&line, &word); /* "1" */
    assert_true(text_cut_word(&line, &word));
    memset(&script->release, 0, sizeof(script->release));
    assert_true(word.size < RELEASE_NAME_MAX);
    memcpy(script->release.name, word.at, word.size);
    assert_true(text_cut_word(&line, &word));
    (void)text_cut(&word, ',', &order);
    script->release.order = version_order_find(order);
}

static void end_feed(struct script *script)
{
    if (script->in_feed)
        index_build_keep(script->build, &script->facts);
    script->in_feed = false;
}

static void begin_feed(struct script *script, struct text line)
{
    struct text name, word, value;
    struct error err;
    uint64_t rank = 0;

    end_feed(script);
    script->facts = feed_facts_none();
    assert_true(text_cut_word(&line, &name));
    while (text_cut_word(&line, &word)) {
        if (named(word, "rank", &value))
            must(text_to_u64(value, &rank, &err), word, &err);
        else if (named(word, "generated", &value))
            script->facts.generated_us = time_of(value);
        else if (named(word, "records", &value))
            must(text_to_u64(value, &script->facts.record_count, &err), word, &err);
        else if (named(word, "version", &value))
            memcpy(script->facts.version, value.at, value.size);
        else if (text_equal(word, TEXT("complete")))
            script->facts.complete = true;
        else
            fail_msg("feed: %.*s", TEXT_ARG(word));
    }
    must(index_build_feed(script->build, name, (uint8_t)rank, &err), name, &err);
    script->in_feed = true;
}

static void read_field(struct advisory *advisory, struct text word)
{
    struct text value;

    if (named(word, "introduced", &advisory->introduced) || named(word, "until", &advisory->last_affected) ||
        named(word, "stream", &advisory->stream) || named(word, "arch", &advisory->arch) ||
        named(word, "advisory", &advisory->id))
        return;
    if (named(word, "date", &value))
        advisory->published_us = time_of(value);
    else if (named(word, "severity", &value))
        advisory->severity = severity_of(value);
    else if (text_equal(word, TEXT("unimportant")))
        advisory->unimportant = true;
    else
        advisory->fixed = word;
}

/* "CVE-2023-5363(high)": each id with a severity of its own is a statement of its own. */
static void put_ids(struct script *script, struct advisory *advisory, struct text ids)
{
    struct text list[IDS_MAX], word, id;
    enum severity own = advisory->severity;
    struct error err;
    size_t count = 0;

    while (text_cut_word(&ids, &word)) {
        (void)text_cut(&word, '(', &id);
        advisory->severity = word.size > 0 ? severity_of(text_part(word, 0, word.size - 1)) : own;
        if (word.size > 0) {
            advisory->cves = &id;
            advisory->cve_count = 1;
            must(index_build_put(script->build, advisory, &err), id, &err);
            advisory->cves = NULL;
        } else {
            assert_true(count < IDS_MAX);
            list[count++] = id;
        }
    }
    advisory->severity = own;
    advisory->cves = list;
    advisory->cve_count = count;
    if (count > 0)
        must(index_build_put(script->build, advisory, &err), advisory->package, &err);
    advisory->cves = NULL; /* the list ends here */
}

static void read_statement(struct script *script, struct text package, struct text line)
{
    struct advisory advisory = {.package = package, .release = script->release, .published_us = TIME_ABSENT};
    struct text word, note = {NULL, 0};
    size_t bar = text_find(line, TEXT(" | "));

    if (bar != SIZE_MAX) {
        note = text_part(line, bar + 3, line.size);
        line = text_part(line, 0, bar);
    }
    advisory.note = note;
    assert_true(text_cut_word(&line, &word));
    advisory.status = status_of(word);
    while (text_cut_word(&line, &word) && !text_equal(word, TEXT(":")))
        read_field(&advisory, word);
    put_ids(script, &advisory, line);
}

static void read_support(struct script *script, struct text line)
{
    static const char *const kinds[] = {"unknown", "released", "ends", "lts-ends", "extended", "limited"};
    struct support support = {.release = script->release, .at_us = TIME_ABSENT};
    size_t bar = text_find(line, TEXT(" | "));
    struct text word, value;
    struct error err;

    if (bar != SIZE_MAX) {
        support.note = text_part(line, bar + 3, line.size);
        line = text_part(line, 0, bar);
    }
    while (text_cut_word(&line, &word)) {
        for (size_t i = 0; i < COUNT_OF(kinds); i++)
            if (text_equal(word, text_of(kinds[i])))
                support.kind = (enum support_kind)i;
        if (named(word, "date", &value))
            support.at_us = time_of(value);
        else if (!named(word, "package", &support.package))
            (void)named(word, "version", &support.version);
    }
    must(index_build_support(script->build, &support, &err), line, &err);
}

void index_testing_put(struct index_build *build, struct text lines)
{
    struct script script = {.build = build};
    struct text line, word;

    while (text_cut(&lines, '\n', &line)) {
        if (!text_cut_word(&line, &word))
            continue;
        if (text_equal(word, TEXT("index")))
            begin_release(&script, line);
        else if (text_equal(word, TEXT("feed")))
            begin_feed(&script, line);
        else if (text_equal(word, TEXT("support")))
            read_support(&script, line);
        else
            read_statement(&script, word, line);
    }
    end_feed(&script);
}

void index_testing_build(struct text lines, struct writer *out, struct index *index)
{
    OWN(arena_end) struct arena arena = arena_with(256 * MIB);
    struct index_build *build = index_build_begin(&arena, NULL);
    struct error err;

    assert_non_null(build);
    index_testing_put(build, lines);
    assert_int_equal(index_build_release_count(build), 1);
    writer_clear(out);
    assert_done("write", index_build_write(build, 0, out, &err), &err);
    assert_done("open", index_open(writer_bytes(out), index, &err), &err);
}

struct text index_testing_dump(const struct index *index, struct writer *out)
{
    struct error err;
    struct text text = {NULL, 0};

    writer_clear(out);
    assert_done("dump", index_dump(index, out, &err), &err);
    assert_done("dump", text_from_lines(writer_bytes(out), out->limit, &text, &err), &err);
    return text;
}
