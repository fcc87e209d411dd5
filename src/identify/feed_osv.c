/*
 * OSV records (ossf.github.io/osv-schema, to 1.7), one to a document: Debian, Ubuntu, AlmaLinux, Rocky, Alpine,
 * Go, npm, PyPI, crates.io and whoever else writes them.
 *
 *     {"schema_version": "1.7.0", "id": "UBUNTU-CVE-2022-24823", "published": "2022-05-06T12:15:00Z",
 *      "modified": "2026-06-08T16:11:47Z", "aliases": [], "upstream": ["CVE-2022-24823"], "related": ["USN-7284-1"],
 *      "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N"},
 *                   {"type": "Ubuntu", "score": "low"}],
 *      "affected": [
 *          {"package": {"ecosystem": "Ubuntu:Pro:16.04:LTS", "name": "netty"},
 *           "ranges": [{"type": "ECOSYSTEM",
 *                       "events": [{"introduced": "0"}, {"fixed": "1:4.0.34-1ubuntu0.1~esm2"}]}],
 *           "versions": ["1:4.0.33-1", "1:4.0.34-1"], "ecosystem_specific": {"binaries": [...]}},
 *          {"package": {"ecosystem": "Ubuntu:22.04:LTS", "name": "netty"},
 *           "ecosystem_specific": {"status": "not-affected", "note": "code not present"}}]}
 *
 * Withdrawn records, those of bug fixes that name no vulnerability, and those whose ecosystems we cannot name
 * are skipped and counted. The status is ours, for trackers that say more than a range can.
 */
#include "base/limits.h"
#include "base/own.h"
#include "identify/feed.h"
#include "identify/fields.h"
#include "identify/osv_range.h"

/* Names of one record are compared each with each up to here; a longer list may name one twice. */
#define NAMES_COMPARED 32
/* "virt:rhel and virt-devel:rhel security update": no title names more. */
#define STREAMS_MAX 4

struct record {
    struct text id;
    int64_t published_us, modified_us;
    struct json withdrawn, aliases, upstream, related, severity, affected, database_specific;
};
static const struct field record_fields[] = {
    FIELD_TEXT(struct record, id, "id", FIELD_REQUIRED, LIMIT_ADVISORY_ID),
    FIELD_ARRAY(struct record, aliases, "aliases", FIELD_OPTIONAL),
    FIELD_ARRAY(struct record, upstream, "upstream", FIELD_OPTIONAL),
    FIELD_ARRAY(struct record, related, "related", FIELD_OPTIONAL),
    FIELD_ARRAY(struct record, severity, "severity", FIELD_OPTIONAL),
    FIELD_TIME(struct record, published_us, "published", FIELD_OPTIONAL),
    FIELD_TIME(struct record, modified_us, "modified", FIELD_OPTIONAL),
    FIELD_ARRAY(struct record, affected, "affected", FIELD_OPTIONAL),
    FIELD_VALUE(struct record, withdrawn, "withdrawn", FIELD_OPTIONAL),
    FIELD_OBJECT(struct record, database_specific, "database_specific", FIELD_OPTIONAL),
};

struct affected {
    struct json package, ranges, versions, severity, ecosystem_specific, database_specific;
};
static const struct field affected_fields[] = {
    FIELD_OBJECT(struct affected, package, "package", FIELD_OPTIONAL),
    FIELD_ARRAY(struct affected, ranges, "ranges", FIELD_OPTIONAL),
    FIELD_ARRAY(struct affected, versions, "versions", FIELD_OPTIONAL),
    FIELD_OBJECT(struct affected, ecosystem_specific, "ecosystem_specific", FIELD_OPTIONAL),
    FIELD_OBJECT(struct affected, database_specific, "database_specific", FIELD_OPTIONAL),
    FIELD_ARRAY(struct affected, severity, "severity", FIELD_OPTIONAL),
};

struct package {
    struct text ecosystem, name;
};
static const struct field package_fields[] = {
    FIELD_TEXT(struct package, ecosystem, "ecosystem", FIELD_REQUIRED, 128),
    FIELD_TEXT(struct package, name, "name", FIELD_REQUIRED, LIMIT_PACKAGE_NAME),
};

/* What vendors put beside the schema's own members. Another vendor's member of the same name may be of any type. */
struct specific {
    struct json status, note, urgency, priority, severity;
};
static const struct field specific_fields[] = {
    FIELD_VALUE(struct specific, status, "status", FIELD_OPTIONAL),
    FIELD_VALUE(struct specific, note, "note", FIELD_OPTIONAL),
    FIELD_VALUE(struct specific, urgency, "urgency", FIELD_OPTIONAL),          /* Debian */
    FIELD_VALUE(struct specific, priority, "ubuntu_priority", FIELD_OPTIONAL), /* Ubuntu, before 2025 */
    FIELD_VALUE(struct specific, severity, "severity", FIELD_OPTIONAL),        /* GitHub, Bitnami */
};

struct metric {
    struct text type;
    struct json score;
};
static const struct field metric_fields[] = {
    FIELD_TEXT(struct metric, type, "type", FIELD_REQUIRED, 32),
    FIELD_VALUE(struct metric, score, "score", FIELD_REQUIRED),
};

struct osv {
    const struct feed_sink *sink;
    struct arena *arena;
    struct record record;
    struct text *names;
    size_t name_count, name_capacity;
    struct vulnerability vulnerability;
    struct text streams[STREAMS_MAX];
    size_t stream_count;
    struct osv_spans spans;
    struct advisory shared; /* what all statements of the record share */
    struct text ecosystem;  /* the one that release was made of: a record names the same one many times */
    struct release release;
    bool ecosystem_known;
    bool used; /* something was given */
};

static struct text word_of(struct json value)
{
    struct text word = {0};
    struct error ignored; /* no word of ours: not for us */

    return json_is_text(value) && json_as_text(value, 64, &word, &ignored) ? word : (struct text){0};
}

/* "UBUNTU-CVE-2022-1" and "DEBIAN-CVE-2022-1" are what Ubuntu and Debian say of CVE-2022-1. Absent when it is no CVE. */
static struct text cve_of(struct text name)
{
    size_t at = text_starts(name, TEXT("CVE-")) ? 0 : text_find(name, TEXT("-CVE-"));

    return at == SIZE_MAX ? (struct text){0} : text_part(name, at == 0 ? 0 : at + 1, SIZE_MAX);
}

static bool put_name(struct osv *osv, struct text name, struct error *err)
{
    for (size_t i = 0; i < osv->name_count && i < NAMES_COMPARED; i++)
        if (text_equal(osv->names[i], name))
            return true;
    if (osv->name_count == LIMIT_ADVISORY_CVES)
        return error_set(err, ERROR_LIMIT, "more than %d vulnerabilities", LIMIT_ADVISORY_CVES);
    struct text *names = arena_grow(osv->arena, osv->names, osv->name_count, &osv->name_capacity,
                                    osv->name_count + 1, sizeof(name));
    if (names == NULL)
        return arena_full(osv->arena, err);
    osv->names = names;
    osv->names[osv->name_count++] = name;
    return true;
}

static bool put_names(struct osv *osv, struct json array, const char *field, bool wanted, struct error *err)
{
    struct json_walk walk = json_walk_with(array);
    struct text name;

    while (json_walk_next(&walk)) {
        if (!json_as_text(walk.value, LIMIT_ADVISORY_ID, &name, err))
            return error_at(err, "%s: %zu", field, walk.index);
        struct text cve = cve_of(name);
        if (wanted && cve.size > 0 && !put_name(osv, cve, err))
            return error_at(err, "%s", field);
    }
    return true;
}

/*
 * The vulnerabilities of a record: its aliases, and what it is made of (upstream). AlmaLinux and Rocky put them
 * into related, where others put neighbours: it counts when there is nothing else. A record without a CVE
 * stands for itself.
 */
static bool read_names(struct osv *osv, struct error *err)
{
    const struct record *record = &osv->record;
    struct text cve = cve_of(record->id);

    if (cve.size > 0 && !put_name(osv, cve, err))
        return false;
    if (!put_names(osv, record->aliases, "aliases", true, err) ||
        !put_names(osv, record->upstream, "upstream", true, err) ||
        !put_names(osv, record->related, "related", osv->name_count == 0, err))
        return false;
    return osv->name_count > 0 || put_name(osv, record->id, err);
}

/* Errata for bugs and enhancements: security is none of them, unless they name a CVE. */
static bool is_bug_fix(const struct osv *osv)
{
    static const char *const starts[] = {"ALBA-", "ALEA-", "RLBA-", "RLEA-"};

    if (osv->name_count > 1 || !text_equal(osv->names[0], osv->record.id))
        return false;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (text_starts(osv->record.id, text_of(starts[i])))
            return true;
    return false;
}

/* A vector that cannot be read is left out: what has no score counts as high, so nothing looks better for it. */
static void put_score(struct osv *osv, struct text text)
{
    struct cvss_vector vector;
    struct error ignored;

    if (!cvss_parse(text, &vector, &ignored))
        return;
    struct cvss_scores scores = cvss_score(&vector);
    vulnerability_put_score(&osv->vulnerability,
                            (struct score){.version = vector.version,
                                           .from = SCORE_VENDOR,
                                           .tenths = vector.version == CVSS_40 ? scores.overall : scores.base,
                                           .vector = text});
}

static bool read_severity(struct osv *osv, struct json array, enum severity *severity, struct error *err)
{
    struct json_walk walk = json_walk_with(array);

    while (json_walk_next(&walk)) {
        struct metric metric = {0};
        struct text score;
        if (!FIELDS_READ(walk.value, metric_fields, &metric, err) ||
            !json_get_text(walk.value, "score", true, LIMIT_VECTOR, &score, err))
            return error_at(err, "severity: %zu", walk.index);
        if (text_starts(metric.type, TEXT("CVSS_V")))
            put_score(osv, score);
        else if (text_equal(metric.type, TEXT("Ubuntu")))
            *severity = feed_severity(score);
    }
    return true;
}

static bool is_stream(struct text word)
{
    size_t colon = text_find_byte(word, ':');

    return colon != SIZE_MAX && colon > 0 && colon + 1 < word.size;
}

/* "Moderate: nodejs:18 security, bug fix, and enhancement update": how bad it is, and which module streams it is for. */
static bool read_title(struct osv *osv, struct json root, struct error *err)
{
    struct text title = {0}, word;

    if (!json_get_note(root, "summary", LIMIT_NOTE, &title, err))
        return false;
    size_t colon = text_find_byte(title, ':');
    enum severity severity = colon == SIZE_MAX ? SEVERITY_UNKNOWN : feed_severity(text_part(title, 0, colon));
    if (severity != SEVERITY_UNKNOWN) {
        osv->shared.severity = severity;
        title = text_part(title, colon + 1, SIZE_MAX);
    }
    while (text_cut_word(&title, &word))
        if (is_stream(word) && osv->stream_count < STREAMS_MAX)
            osv->streams[osv->stream_count++] = word;
    return true;
}

static const struct {
    struct text word;
    enum advisory_status status;
} statuses[] = {
    {{"not-affected", 12}, ADVISORY_NOT_AFFECTED},
    {{"ignored", 7}, ADVISORY_IGNORED},
    {{"pending", 7}, ADVISORY_PENDING},
    {{"deferred", 8}, ADVISORY_POSTPONED},
    {{"postponed", 9}, ADVISORY_POSTPONED},
    {{"no-dsa", 6}, ADVISORY_NO_DSA},
    {{"end-of-life", 11}, ADVISORY_END_OF_LIFE},
    {{"undetermined", 12}, ADVISORY_UNDETERMINED},
};

/* What stands beside the ranges: a status if it says one, how bad it is, a note. */
static bool read_specific(struct json object, struct advisory *advisory, struct error *err)
{
    struct specific specific = {0};

    if (json_is_absent(object))
        return true;
    if (!FIELDS_READ(object, specific_fields, &specific, err))
        return false;
    struct text status = word_of(specific.status), urgency = word_of(specific.urgency);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        if (text_equal(status, statuses[i].word))
            advisory->status = statuses[i].status;
    if (json_is_text(specific.note) && !json_get_note(object, "note", LIMIT_NOTE, &advisory->note, err))
        return false;
    /* Ubuntu ignores what is out of support, and says so in the note. */
    if (advisory->status == ADVISORY_IGNORED && text_starts(advisory->note, TEXT("end of ")))
        advisory->status = ADVISORY_END_OF_LIFE;
    if (text_equal(urgency, TEXT("end-of-life")) && advisory->status == ADVISORY_UNKNOWN)
        advisory->status = ADVISORY_END_OF_LIFE;
    advisory->unimportant |= text_equal(urgency, TEXT("unimportant"));
    const struct json words[] = {specific.severity, specific.urgency, specific.priority};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        enum severity severity = feed_severity(word_of(words[i]));
        advisory->severity = severity != SEVERITY_UNKNOWN ? severity : advisory->severity;
    }
    return true;
}

/* Gives the statement; once for each module stream when the fixed package is one of a module. */
static bool give(struct osv *osv, struct advisory *advisory, struct error *err)
{
    bool module =
        advisory->release.order == VERSION_RPM && text_find(advisory->fixed, TEXT(".module")) != SIZE_MAX;

    osv->used = true;
    for (size_t i = 0; module && i < osv->stream_count; i++) {
        advisory->stream = osv->streams[i];
        if (!feed_give_advisory(osv->sink, advisory, err))
            return false;
    }
    if (module && osv->stream_count > 0)
        return true;
    advisory->stream = (struct text){0};
    return feed_give_advisory(osv->sink, advisory, err);
}

/* The version of a fix that is prepared, where the note is that. */
static bool is_version(struct text note)
{
    return note.size > 0 && note.size <= LIMIT_VERSION && note.at[0] >= '0' && note.at[0] <= '9' &&
           text_find_byte(note, ' ') == SIZE_MAX;
}

/* advisory->status is what the vendor says in a word. A fix outdates it, but not that the package never had the hole. */
static bool give_span(struct osv *osv, const struct advisory *said, struct osv_span span, struct error *err)
{
    struct advisory advisory = *said;

    advisory.introduced = span.introduced;
    advisory.fixed = span.fixed;
    advisory.last_affected = span.last_affected;
    if (said->status == ADVISORY_PENDING && span.fixed.size == 0 && is_version(said->note))
        advisory.fixed = said->note;
    else if (span.fixed.size > 0 && said->status != ADVISORY_PENDING && said->status != ADVISORY_NOT_AFFECTED)
        advisory.status = ADVISORY_FIXED;
    if (advisory.status == ADVISORY_UNKNOWN)
        advisory.status = ADVISORY_OPEN;
    return give(osv, &advisory, err);
}

static bool set_release(struct osv *osv, struct text ecosystem)
{
    if (osv->ecosystem.size == 0 || !text_equal(osv->ecosystem, ecosystem)) {
        osv->ecosystem = ecosystem;
        osv->ecosystem_known = release_from_osv(ecosystem, &osv->release);
    }
    return osv->ecosystem_known;
}

static bool read_affected(struct osv *osv, struct json object, struct error *err)
{
    struct advisory advisory = osv->shared;
    struct affected affected = {0};
    struct package package = {0};

    if (!FIELDS_READ(object, affected_fields, &affected, err))
        return false;
    if (json_is_absent(affected.package)) /* commits of some repository */
        return true;
    if (!FIELDS_READ(affected.package, package_fields, &package, err))
        return error_at(err, "package");
    if (!set_release(osv, package.ecosystem))
        return true;
    advisory.release = osv->release;
    advisory.package = package.name;
    if (!read_severity(osv, affected.severity, &advisory.severity, err))
        return false;
    if (!read_specific(affected.database_specific, &advisory, err))
        return error_at(err, "database_specific");
    if (!read_specific(affected.ecosystem_specific, &advisory, err))
        return error_at(err, "ecosystem_specific");
    osv->spans.count = 0;
    if (!osv_range_read(affected.ranges, affected.versions, osv->release.order, &osv->spans, err))
        return false;
    for (size_t i = 0; i < osv->spans.count; i++)
        if (!give_span(osv, &advisory, osv->spans.at[i], err))
            return false;
    return true;
}

/* What the record says for all of its packages. */
static bool read_shared(struct osv *osv, struct json root, struct error *err)
{
    struct record *record = &osv->record;
    struct advisory *shared = &osv->shared;

    if (!read_names(osv, err) || !read_title(osv, root, err) ||
        !read_severity(osv, record->severity, &shared->severity, err))
        return false;
    enum severity severity = feed_severity(word_of(json_member(record->database_specific, "severity")));
    if (severity != SEVERITY_UNKNOWN)
        shared->severity = severity;
    shared->id = record->id;
    shared->cves = osv->names;
    shared->cve_count = osv->name_count;
    /* Go writes year 1 for a date it does not know. */
    shared->published_us = record->published_us < 0 ? TIME_ABSENT : record->published_us;
    return true;
}

static bool read_record(struct osv *osv, struct json root, struct error *err)
{
    struct record *record = &osv->record;

    if (!FIELDS_READ(root, record_fields, record, err) || !read_shared(osv, root, err))
        return false;
    if (!json_is_absent(record->withdrawn) || is_bug_fix(osv))
        return true;
    if (json_count(record->affected) > LIMIT_ADVISORY_AFFECTED)
        return error_set(err, ERROR_LIMIT, "affected: %zu packages, more than %d",
                         json_count(record->affected), LIMIT_ADVISORY_AFFECTED);
    struct json_walk walk = json_walk_with(record->affected);
    while (json_walk_next(&walk))
        if (!read_affected(osv, walk.value, err))
            return error_at(err, "affected: %zu", walk.index);
    /* The score of a record with several is that of the worst of them: whose, it does not say. */
    osv->vulnerability.id = osv->names[0];
    return !osv->used || osv->name_count > 1 || osv->vulnerability.score_count == 0 ||
           feed_give_vulnerability(osv->sink, &osv->vulnerability, err);
}

/* A record begins with its id, and within its first lines with something else that only OSV calls so. */
static bool osv_recognise(struct bytes start, struct text name)
{
    static const char *const others[] = {"affected", "aliases",  "schema_version",
                                         "modified", "upstream", "withdrawn"};

    (void)name;
    if (!feed_start_has(start, 1, "id"))
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (feed_start_has(start, 1, others[i]))
            return true;
    return false;
}

static bool osv_parse(struct bytes raw, struct text name, const struct feed_sink *sink, struct arena *arena,
                      struct feed_facts *facts, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct osv osv = {
        .sink = sink,
        .arena = arena,
        .record = {.published_us = TIME_ABSENT, .modified_us = TIME_ABSENT},
        .vulnerability = vulnerability_with((struct text){0}),
        .spans = {.arena = arena},
    };
    struct feed_facts read = feed_facts_none();

    /* A folder's README or licence. */
    if (name.size > 0 && !text_ends(name, TEXT(".json")) && !osv_recognise(raw, name)) {
        *facts = read;
        return true;
    }
    if (!json_parse(raw, LIMIT_FEED_FILE, &document, err))
        return error_at(err, "osv");
    if (!read_record(&osv, json_root(&document), err)) {
        if (osv.record.id.size > 0)
            (void)error_at(err, "%.*s", TEXT_ARG(osv.record.id));
        return error_at(err, "osv");
    }
    read.generated_us = osv.record.modified_us < 0 ? TIME_ABSENT : osv.record.modified_us;
    read.record_count = osv.used;
    read.skipped_count = !osv.used;
    *facts = read;
    return true;
}

const struct feed feed_osv = {
    .name = "osv",
    .title = "OSV advisories",
    .media_type = "application/zip",
    .url = "https://osv-vulnerabilities.storage.googleapis.com/{ecosystem}/all.zip",
    .stale_after_us = 2 * TIME_DAY_US,
    .archive = true,
    .not_for = "debian-", /* OSV makes its records from Debian's tracker, which is read itself */
    .rank = 2,
    .parse = osv_parse,
    .recognise = osv_recognise,
};
