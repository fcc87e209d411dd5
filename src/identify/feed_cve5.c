/*
 * CVE records, format 5: what the CVE's own authority (CNA) says, and what CISA adds to it as an authorised
 * publisher (ADP). One record to a document: the whole list comes as a zip or a folder.
 *
 *     {"dataType": "CVE_RECORD", "dataVersion": "5.1",
 *      "cveMetadata": {"cveId": "CVE-2024-3094", "state": "PUBLISHED", "datePublished": "2024-03-29T16:51:12.588Z",
 *                      "dateUpdated": "2025-02-06T13:11:00.000Z"},
 *      "containers": {
 *          "cna": {"metrics": [{"format": "CVSS", "cvssV3_1": {"version": "3.1", "baseScore": 10, "vectorString": "..."}}]},
 *          "adp": [{"title": "CISA ADP Vulnrichment",
 *                   "providerMetadata": {"orgId": "134c704f-9b21-4f2e-91b3-4a467353bcc0", "shortName": "CISA-ADP"},
 *                   "metrics": [
 *                       {"cvssV3_1": {...}},
 *                       {"other": {"type": "ssvc", "content": {"options": [
 *                           {"Exploitation": "poc"}, {"Automatable": "no"}, {"Technical Impact": "total"}]}}},
 *                       {"other": {"type": "kev", "content": {"dateAdded": "2024-04-01", "reference": "https://..."}}}]}]}}
 *
 * Other publishers' containers are passed over: the program's own has references only, and no rule of ours
 * trusts the rest.
 */
#include "base/limits.h"
#include "base/own.h"
#include "identify/feed.h"
#include "identify/fields.h"
#include "identify/metrics.h"

struct record {
    struct text type, version;
    struct json metadata, containers;
};
static const struct field record_fields[] = {
    FIELD_TEXT(struct record, type, "dataType", FIELD_REQUIRED, 32),
    FIELD_TEXT(struct record, version, "dataVersion", FIELD_REQUIRED, 32),
    FIELD_OBJECT(struct record, metadata, "cveMetadata", FIELD_REQUIRED),
    FIELD_OBJECT(struct record, containers, "containers", FIELD_REQUIRED),
};

struct metadata {
    struct text id, state;
    int64_t published_us, updated_us;
};
static const struct field metadata_fields[] = {
    FIELD_TEXT(struct metadata, id, "cveId", FIELD_REQUIRED, LIMIT_ADVISORY_ID),
    FIELD_TEXT(struct metadata, state, "state", FIELD_REQUIRED, 32),
    FIELD_TIME(struct metadata, updated_us, "dateUpdated", FIELD_OPTIONAL),
    FIELD_TIME(struct metadata, published_us, "datePublished", FIELD_OPTIONAL),
};

struct containers {
    struct json cna, adp;
};
static const struct field containers_fields[] = {
    FIELD_OBJECT(struct containers, cna, "cna", FIELD_REQUIRED),
    FIELD_ARRAY(struct containers, adp, "adp", FIELD_OPTIONAL),
};

struct container {
    struct json provider, metrics;
};
static const struct field container_fields[] = {
    FIELD_ARRAY(struct container, metrics, "metrics", FIELD_OPTIONAL),
    FIELD_OBJECT(struct container, provider, "providerMetadata", FIELD_REQUIRED),
};

struct other {
    struct text type;
    struct json content;
};
static const struct field other_fields[] = {
    FIELD_TEXT(struct other, type, "type", FIELD_REQUIRED, 128),
    FIELD_OBJECT(struct other, content, "content", FIELD_REQUIRED),
};

/* CISA's own kinds of metric. */
static bool read_other(struct json object, struct vulnerability *out, struct error *err)
{
    struct other other = {0};
    struct json options;
    struct text added;

    if (!FIELDS_READ(object, other_fields, &other, err))
        return false;
    if (text_equal(other.type, TEXT("ssvc")))
        return (json_get_array(other.content, "options", true, &options, err) &&
                metrics_read_ssvc(options, out, err)) ||
               error_at(err, "ssvc");
    if (!text_equal(other.type, TEXT("kev")))
        return true;
    if (!json_get_text(other.content, "dateAdded", true, 64, &added, err) ||
        !time_parse(added, &out->kev_added_us, err))
        return error_at(err, "kev: dateAdded");
    out->kev = true;
    return true;
}

static bool read_metric(struct json metric, enum score_source from, struct vulnerability *out,
                        struct error *err)
{
    struct json_walk walk = json_walk_with(metric);

    while (json_walk_next(&walk)) {
        struct score score = {.version = metrics_version(walk.name), .from = from, .tenths = CVSS_NONE};
        if (score.version != CVSS_UNKNOWN) {
            if (!metrics_read_cvss(walk.value, &score, err))
                return error_at(err, "%.*s", TEXT_ARG(walk.name));
            vulnerability_put_score(out, score);
        } else if (from == SCORE_CISA_ADP && text_equal(walk.name, TEXT("other"))) {
            if (!read_other(walk.value, out, err))
                return error_at(err, "other");
        }
    }
    return true;
}

static bool read_container(struct json object, bool cna, struct vulnerability *out, struct error *err)
{
    struct container container = {0};
    struct text provider;

    if (!FIELDS_READ(object, container_fields, &container, err) ||
        !json_get_text(container.provider, "orgId", true, 64, &provider, err))
        return false;
    if (!cna && !text_equal(provider, METRICS_CISA))
        return true;
    struct json_walk walk = json_walk_with(container.metrics);
    while (json_walk_next(&walk))
        if (!read_metric(walk.value, cna ? SCORE_CNA : SCORE_CISA_ADP, out, err))
            return error_at(err, "metrics: %zu", walk.index);
    return true;
}

static bool read_containers(struct json object, struct vulnerability *out, struct error *err)
{
    struct containers containers = {0};

    if (!FIELDS_READ(object, containers_fields, &containers, err))
        return false;
    if (!read_container(containers.cna, true, out, err))
        return error_at(err, "cna");
    struct json_walk walk = json_walk_with(containers.adp);
    while (json_walk_next(&walk))
        if (!read_container(walk.value, false, out, err))
            return error_at(err, "adp: %zu", walk.index);
    return true;
}

static bool read_record(struct json root, const struct feed_sink *sink, struct metadata *metadata,
                        struct error *err)
{
    struct record record = {0};

    if (!FIELDS_READ(root, record_fields, &record, err))
        return false;
    if (!text_equal(record.type, TEXT("CVE_RECORD")) || !text_starts(record.version, TEXT("5.")))
        return error_set(err, ERROR_INPUT, "dataType \"%.*s\" version \"%.*s\", not CVE_RECORD 5",
                         TEXT_ARG(record.type), TEXT_ARG(record.version));
    if (!FIELDS_READ(record.metadata, metadata_fields, metadata, err))
        return error_at(err, "cveMetadata");
    struct vulnerability vulnerability = vulnerability_with(metadata->id);
    vulnerability.published_us = metadata->published_us;
    vulnerability.rejected = text_equal(metadata->state, TEXT("REJECTED"));
    if (!vulnerability.rejected && !text_equal(metadata->state, TEXT("PUBLISHED")))
        return error_set(err, ERROR_INPUT, "state: \"%.*s\" is not known", TEXT_ARG(metadata->state));
    if (!read_containers(record.containers, &vulnerability, err))
        return error_at(err, "containers");
    return feed_give_vulnerability(sink, &vulnerability, err);
}

static bool cve5_recognise(struct bytes start, struct text name)
{
    (void)name;
    return feed_start_has(start, 1, "cveMetadata") || feed_start_has(start, 1, "dataVersion");
}

static bool cve5_parse(struct bytes raw, struct text name, const struct feed_sink *sink, struct arena *arena,
                       struct feed_facts *facts, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct metadata metadata = {.published_us = TIME_ABSENT, .updated_us = TIME_ABSENT};
    struct feed_facts read = feed_facts_none();

    (void)arena;
    /* The list's zip brings a log of its changes and a README. */
    if (name.size > 0 && !text_starts(feed_base_name(name), TEXT("CVE-")) && !cve5_recognise(raw, name)) {
        *facts = read;
        return true;
    }
    if (!json_parse(raw, LIMIT_FEED_FILE, &document, err))
        return error_at(err, "cve5");
    if (!read_record(json_root(&document), sink, &metadata, err)) {
        if (metadata.id.size > 0)
            (void)error_at(err, "%.*s", TEXT_ARG(metadata.id));
        return error_at(err, "cve5");
    }
    read.generated_us = metadata.updated_us;
    read.record_count = 1;
    *facts = read;
    return true;
}

const struct feed feed_cve5 = {
    .name = "cve5",
    .title = "CVE records with CISA's decision points",
    .media_type = "application/zip",
    .stale_after_us = 7 * TIME_DAY_US,
    .archive = true,
    .rank = 1,
    .parse = cve5_parse,
    .recognise = cve5_recognise,
};
