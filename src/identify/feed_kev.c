/*
 * CISA's catalogue of known exploited vulnerabilities.
 *
 *     {"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2025.08.25",
 *      "dateReleased": "2025-08-25T17:04:19.9796Z", "count": 1404,
 *      "vulnerabilities": [
 *          {"cveID": "CVE-2025-48384", "vendorProject": "Git", "product": "Git", "vulnerabilityName": "...",
 *           "dateAdded": "2025-08-25", "shortDescription": "...", "requiredAction": "...",
 *           "dueDate": "2025-09-15",
 *           "knownRansomwareCampaignUse": "Unknown", "notes": "...", "cwes": ["CWE-59"]}]}
 *
 * dueDate is CISA's own date and is read, never computed. The count must be that of the rows: a catalogue that
 * was cut short would make what is exploited look as if it were not.
 */
#include "base/limits.h"
#include "base/own.h"
#include "identify/feed.h"
#include "identify/fields.h"

struct catalogue {
    struct text version;
    int64_t released_us;
    struct json rows;
};
static const struct field catalogue_fields[] = {
    FIELD_TEXT(struct catalogue, version, "catalogVersion", FIELD_REQUIRED, 63),
    FIELD_TIME(struct catalogue, released_us, "dateReleased", FIELD_REQUIRED),
    FIELD_ARRAY(struct catalogue, rows, "vulnerabilities", FIELD_REQUIRED),
};

struct row {
    struct text id, ransomware;
    int64_t added_us, due_us;
};
static const struct field row_fields[] = {
    FIELD_TEXT(struct row, id, "cveID", FIELD_REQUIRED, LIMIT_ADVISORY_ID),
    FIELD_TIME(struct row, added_us, "dateAdded", FIELD_REQUIRED),
    FIELD_TIME(struct row, due_us, "dueDate", FIELD_REQUIRED),
    FIELD_TEXT(struct row, ransomware, "knownRansomwareCampaignUse", FIELD_OPTIONAL, 64),
};

static bool read_row(struct json object, const struct feed_sink *sink, struct error *err)
{
    struct row row = {0};

    if (!FIELDS_READ(object, row_fields, &row, err))
        return row.id.size > 0 ? error_at(err, "%.*s", TEXT_ARG(row.id)) : false;
    struct vulnerability vulnerability = vulnerability_with(row.id);
    vulnerability.kev = true;
    vulnerability.kev_added_us = row.added_us;
    vulnerability.kev_due_us = row.due_us;
    vulnerability.ransomware = text_equal(row.ransomware, TEXT("Known"));
    return feed_give_vulnerability(sink, &vulnerability, err);
}

static bool read_catalogue(struct json root, const struct feed_sink *sink, struct feed_facts *facts,
                           struct error *err)
{
    struct catalogue catalogue = {0};
    uint64_t count;

    if (!FIELDS_READ(root, catalogue_fields, &catalogue, err) ||
        !json_get_u64(root, "count", true, LIMIT_KEV_ROWS, &count, err))
        return false;
    if (count != json_count(catalogue.rows))
        return error_set(err, ERROR_INPUT, "count says %llu vulnerabilities, %zu are here",
                         (unsigned long long)count, json_count(catalogue.rows));
    struct json_walk walk = json_walk_with(catalogue.rows);
    while (json_walk_next(&walk))
        if (!read_row(walk.value, sink, err))
            return error_at(err, "vulnerabilities: %zu", walk.index);
    facts->generated_us = catalogue.released_us;
    facts->record_count = count;
    memcpy(facts->version, catalogue.version.at, catalogue.version.size);
    return true;
}

static bool kev_parse(struct bytes raw, struct text name, const struct feed_sink *sink, struct arena *arena,
                      struct feed_facts *facts, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct feed_facts read = feed_facts_none();

    (void)name;
    (void)arena;
    if (!json_parse(raw, LIMIT_FEED_FILE, &document, err) ||
        !read_catalogue(json_root(&document), sink, &read, err))
        return error_at(err, "kev");
    *facts = read;
    return true;
}

static bool kev_recognise(struct bytes start, struct text name)
{
    (void)name;
    return feed_start_has(start, 1, "catalogVersion");
}

const struct feed feed_kev = {
    .name = "kev",
    .title = "CISA known exploited vulnerabilities",
    .media_type = "application/json",
    .url = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    .stale_after_us = 7 * TIME_DAY_US,
    .parse = kev_parse,
    .recognise = kev_recognise,
};
