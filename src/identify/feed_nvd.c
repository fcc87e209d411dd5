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
 * Whose score it is, its source says: "Primary" may be NVD's or, where NVD took it over, that of the CVE's own authority (CNA).
 * Times have no zone and are UTC. A rejected CVE is handed on as such: it may have been in use before.
 */
#include "base/limits.h"
#include "base/own.h"
#include "identify/feed.h"
#include "identify/fields.h"
#include "identify/metrics.h"

struct page {
    struct text format, version;
    int64_t generated_us;
    struct json rows;
};
static const struct field page_fields[] = {
    FIELD_TEXT(struct page, format, "format", FIELD_REQUIRED, 32),
    FIELD_TEXT(struct page, version, "version", FIELD_REQUIRED, 32),
    FIELD_TIME(struct page, generated_us, "timestamp", FIELD_REQUIRED),
    FIELD_ARRAY(struct page, rows, "vulnerabilities", FIELD_REQUIRED),
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

static bool read_page(struct json root, const struct feed_sink *sink, struct feed_facts *facts,
                      struct error *err)
{
    struct page page = {0};
    struct json cve;

    if (!FIELDS_READ(root, page_fields, &page, err))
        return false;
    if (!text_equal(page.format, TEXT("NVD_CVE")) || !text_starts(page.version, TEXT("2.")))
        return error_set(err, ERROR_INPUT, "format \"%.*s\" version \"%.*s\", not NVD_CVE 2",
                         TEXT_ARG(page.format), TEXT_ARG(page.version));
    struct json_walk walk = json_walk_with(page.rows);
    while (json_walk_next(&walk)) {
        struct text id = {0};
        if (!json_get_object(walk.value, "cve", true, &cve, err))
            return error_at(err, "vulnerabilities: %zu", walk.index);
        if (read_cve(cve, sink, &id, err))
            continue;
        return id.size > 0 ? error_at(err, "%.*s", TEXT_ARG(id))
                           : error_at(err, "vulnerabilities: %zu: cve", walk.index);
    }
    facts->generated_us = page.generated_us;
    facts->record_count = walk.count;
    return true;
}

static bool nvd_parse(struct bytes raw, struct text name, const struct feed_sink *sink, struct arena *arena,
                      struct feed_facts *facts, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct feed_facts read = feed_facts_none();

    (void)name;
    (void)arena;
    if (!json_parse(raw, LIMIT_FEED_FILE, &document, err) ||
        !read_page(json_root(&document), sink, &read, err))
        return error_at(err, "nvd");
    *facts = read;
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
