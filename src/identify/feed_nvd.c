/*
 * NVD's CVE data, version 2.0: the yearly files, the modified one, and what the API answers.
 *
 *     {"resultsPerPage": 1, "startIndex": 0, "totalResults": 1, "format": "NVD_CVE", "version": "2.0",
 *      "timestamp": "2026-11-21T07:00:02.123",
 *      "vulnerabilities": [{"cve": {
 *          "id": "CVE-2021-44228", "sourceIdentifier": "security@apache.org", "published": "2021-12-10T10:15:09.143",
 *          "lastModified": "...", "vulnStatus": "Analyzed", "descriptions": [...],
 *          "cisaExploitAdd": "2021-12-10", "cisaActionDue": "2021-12-24",
 *          "metrics": {
 *              "cvssMetricV31": [{"source": "nvd@nist.gov", "type": "Primary",
 *                                 "cvssData": {"version": "3.1", "vectorString": "CVSS:3.1/AV:N/...", "baseScore": 10.0}}],
 *              "ssvcV203": [{"source": "134c704f-9b21-4f2e-91b3-4a467353bcc0",
 *                            "ssvcData": {"options": [{"exploitation": "active"}, {"automatable": "yes"}]}}]}}}]}
 *
 * Whose score it is, its source says: "Primary" may be NVD's or, where NVD took it over, that of the CVE's own
 * authority (CNA). Times have no zone and are UTC. A rejected CVE is handed on as such: it may have been in use
 * before.
 */
#include <inttypes.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json_split.h"
#include "identify/feed.h"
#include "identify/fields.h"
#include "identify/metrics.h"

/* Of the page's members those that are not its vulnerabilities. */
struct head {
    struct text format, version;
    int64_t generated_us;
};
static const struct field head_fields[] = {
    FIELD_TEXT(struct head, format, "format", FIELD_OPTIONAL, 32),
    FIELD_TEXT(struct head, version, "version", FIELD_OPTIONAL, 32),
    FIELD_TIME(struct head, generated_us, "timestamp", FIELD_OPTIONAL),
};

/* What was found of the page so far: its members may come in any order. */
struct page {
    const struct feed_sink *sink;
    bool format, version, rows;
    struct feed_facts facts;
};

struct cve {
    struct text id, authority, status;
    int64_t published_us, kev_added_us, kev_due_us;
    struct json metrics;
};
static const struct field cve_fields[] = {
    FIELD_TEXT(struct cve, id, "id", FIELD_REQUIRED, LIMIT_ADVISORY_ID),
    FIELD_TEXT(struct cve, authority, "sourceIdentifier", FIELD_OPTIONAL, 256),
    FIELD_TIME(struct cve, published_us, "published", FIELD_OPTIONAL),
    FIELD_TEXT(struct cve, status, "vulnStatus", FIELD_OPTIONAL, 64),
    FIELD_TIME(struct cve, kev_added_us, "cisaExploitAdd", FIELD_OPTIONAL),
    FIELD_TIME(struct cve, kev_due_us, "cisaActionDue", FIELD_OPTIONAL),
    FIELD_OBJECT(struct cve, metrics, "metrics", FIELD_OPTIONAL),
};

struct metric {
    struct text source;
    struct json cvss, ssvc;
};
static const struct field metric_fields[] = {
    FIELD_TEXT(struct metric, source, "source", FIELD_REQUIRED, 256),
    FIELD_OBJECT(struct metric, cvss, "cvssData", FIELD_OPTIONAL),
    FIELD_OBJECT(struct metric, ssvc, "ssvcData", FIELD_OPTIONAL),
};

static enum score_source source_of(struct text source)
{
    if (text_equal(source, TEXT("nvd@nist.gov")))
        return SCORE_NVD;
    return text_equal(source, METRICS_CISA) ? SCORE_CISA_ADP : SCORE_CNA;
}

/* Somebody else's score stands for the authority's only as long as that one has none. */
static bool is_taken(const struct vulnerability *vulnerability, const struct score *score)
{
    for (size_t i = 0; i < vulnerability->score_count; i++)
        if (vulnerability->scores[i].from == score->from &&
            vulnerability->scores[i].version == score->version)
            return true;
    return false;
}

static bool read_score(const struct metric *metric, enum cvss_version version, struct text authority,
                       struct vulnerability *out, struct error *err)
{
    struct score score = {.version = version, .from = source_of(metric->source), .tenths = CVSS_NONE};

    if (json_is_absent(metric->cvss))
        return error_set(err, ERROR_INPUT, "cvssData is missing");
    if (!metrics_read_cvss(metric->cvss, &score, err))
        return error_at(err, "cvssData");
    bool stranger = score.from == SCORE_CNA && !text_equal(metric->source, authority);
    if (!stranger || !is_taken(out, &score))
        vulnerability_put_score(out, score);
    return true;
}

static bool read_points(const struct metric *metric, struct vulnerability *out, struct error *err)
{
    struct json options;

    if (!text_equal(metric->source, METRICS_CISA))
        return true;
    if (!json_get_array(metric->ssvc, "options", true, &options, err) ||
        !metrics_read_ssvc(options, out, err))
        return error_at(err, "ssvcData");
    return true;
}

static bool read_metric(struct text name, struct json value, const struct cve *cve, struct vulnerability *out,
                        struct error *err)
{
    enum cvss_version version = metrics_version(name);
    bool points = text_equal(name, TEXT("ssvcV203"));
    struct json_walk walk = json_walk_with(value);

    if (version == CVSS_UNKNOWN && !points)
        return true;
    if (!json_is_array(value))
        return error_set(err, ERROR_INPUT, "not an array");
    while (json_walk_next(&walk)) {
        struct metric metric = {0};
        if (!FIELDS_READ(walk.value, metric_fields, &metric, err) ||
            !(points ? read_points(&metric, out, err)
                     : read_score(&metric, version, cve->authority, out, err)))
            return error_at(err, "%zu", walk.index);
    }
    return true;
}

static bool read_metrics(const struct cve *cve, struct vulnerability *out, struct error *err)
{
    struct json_walk walk = json_walk_with(cve->metrics);

    while (json_walk_next(&walk))
        if (!read_metric(walk.name, walk.value, cve, out, err))
            return error_at(err, "metrics: %.*s", TEXT_ARG(text_part(walk.name, 0, 64)));
    return true;
}

static bool read_cve(struct json object, const struct feed_sink *sink, struct text *id, struct error *err)
{
    struct cve cve = {.published_us = TIME_ABSENT, .kev_added_us = TIME_ABSENT, .kev_due_us = TIME_ABSENT};
    bool read = FIELDS_READ(object, cve_fields, &cve, err);

    *id = cve.id;
    if (!read)
        return false;
    struct vulnerability vulnerability = vulnerability_with(cve.id);
    vulnerability.published_us = cve.published_us;
    vulnerability.rejected = text_equal(cve.status, TEXT("Rejected"));
    vulnerability.kev = cve.kev_added_us != TIME_ABSENT;
    vulnerability.kev_added_us = cve.kev_added_us;
    vulnerability.kev_due_us = cve.kev_due_us;
    return read_metrics(&cve, &vulnerability, err) && feed_give_vulnerability(sink, &vulnerability, err);
}

static bool read_row(struct json row, uint64_t index, const struct feed_sink *sink, struct error *err)
{
    struct text id = {0};
    struct json cve;

    if (!json_get_object(row, "cve", true, &cve, err))
        return error_at(err, "vulnerabilities: %" PRIu64, index);
    if (read_cve(cve, sink, &id, err))
        return true;
    return id.size > 0 ? error_at(err, "%.*s", TEXT_ARG(id))
                       : error_at(err, "vulnerabilities: %" PRIu64 ": cve", index);
}

/* A year is 160 MB: CVE by CVE. */
static bool read_rows(struct json_split *split, struct page *page, struct error *err)
{
    struct json row;
    bool found;

    if (json_split_in_object(split))
        return error_set(err, ERROR_INPUT, "vulnerabilities is an object, not an array");
    page->rows = true;
    for (;;) {
        if (!json_split_next(split, &found, err))
            return false;
        if (!found)
            return true;
        if (!json_split_take(split, &row, err) || !read_row(row, page->facts.record_count, page->sink, err))
            return false;
        page->facts.record_count++;
    }
}

static bool read_head(struct json member, struct page *page, struct error *err)
{
    struct head head = {.generated_us = page->facts.generated_us};

    if (!FIELDS_READ(member, head_fields, &head, err))
        return false;
    if (head.format.size > 0 && !text_equal(head.format, TEXT("NVD_CVE")))
        return error_set(err, ERROR_INPUT, "format is \"%.*s\", not NVD_CVE", TEXT_ARG(head.format));
    if (head.version.size > 0 && !text_starts(head.version, TEXT("2.")))
        return error_set(err, ERROR_INPUT, "version is \"%.*s\", not 2", TEXT_ARG(head.version));
    page->format |= head.format.size > 0;
    page->version |= head.version.size > 0;
    page->facts.generated_us = head.generated_us;
    return true;
}

static bool read_member(struct json_split *split, struct page *page, struct error *err)
{
    struct json member, rows;
    bool entered = false;

    if (json_split_named(split, "vulnerabilities")) {
        if (!json_split_enter(split, &entered, err))
            return false;
        if (entered)
            return read_rows(split, page, err);
    }
    return json_split_take(split, &member, err) && read_head(member, page, err) &&
           json_get_array(member, "vulnerabilities", false, &rows, err);
}

static bool read_page(struct json_split *split, struct page *page, struct error *err)
{
    bool found;

    if (!json_split_in_object(split))
        return error_set(err, ERROR_INPUT, "not an object");
    for (;;) {
        if (!json_split_next(split, &found, err))
            return false;
        if (!found)
            break;
        if (!read_member(split, page, err))
            return false;
    }
    if (!page->format || !page->version || !page->rows)
        return error_set(err, ERROR_INPUT, "%s is missing",
                         page->format ? page->version ? "vulnerabilities" : "version" : "format");
    return page->facts.generated_us != TIME_ABSENT || error_set(err, ERROR_INPUT, "timestamp is missing");
}

static bool nvd_parse(struct bytes raw, struct text name, const struct feed_sink *sink, struct arena *arena,
                      struct feed_facts *facts, struct error *err)
{
    OWN(json_split_end) struct json_split split = {0};
    struct page page = {.sink = sink, .facts = feed_facts_none()};

    (void)name;
    if (!json_split_open(raw, LIMIT_FEED_FILE, arena, &split, err) || !read_page(&split, &page, err))
        return error_at(err, "nvd");
    *facts = page.facts;
    return true;
}

static bool nvd_recognise(struct bytes start, struct text name)
{
    (void)name;
    return feed_start_has(start, 1, "resultsPerPage") && feed_start_has(start, 1, "vulnerabilities");
}

const struct feed feed_nvd = {
    .name = "nvd",
    .title = "NVD vulnerability scores",
    .media_type = "application/json",
    .url = "https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-{year}.json.gz",
    .stale_after_us = 7 * TIME_DAY_US,
    .rank = 2,
    .parse = nvd_parse,
    .recognise = nvd_recognise,
};
