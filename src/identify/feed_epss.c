/*
 * EPSS: the probability that a vulnerability is exploited within 30 days, for every CVE, each day anew.
 *
 *     #model_version:v2025.03.14,score_date:2026-11-21T12:55:00Z
 *     cve,epss,percentile
 *     CVE-1999-0001,0.01420,0.79910
 *
 * The first line tells which model and which day; without it the figures cannot be compared with any others.
 * Numbers become millionths digit by digit: no binary fraction comes between.
 */
#include "base/limits.h"
#include "format/csv.h"
#include "identify/feed.h"

#define ONE 1000000 /* in millionths */
#define MANTISSA_MAX                                                                                         \
    UINT64_C(1000000000000000) /* more digits than any score has, far from the end of uint64_t */

struct decimal {
    uint64_t mantissa;
    int32_t power; /* of ten */
};

static bool take_mantissa(struct text *rest, struct decimal *out)
{
    bool digit = false, point = false;

    for (; rest->size > 0; *rest = text_part(*rest, 1, SIZE_MAX)) {
        char byte = rest->at[0];
        if (byte == '.' && !point) {
            point = true;
            continue;
        }
        if (byte < '0' || byte > '9')
            break;
        if (out->mantissa >= MANTISSA_MAX)
            return false;
        out->mantissa = out->mantissa * 10 + (uint64_t)(byte - '0');
        out->power -= point;
        digit = true;
    }
    return digit;
}

/* "e-05": small scores are written so by the program that makes the file. */
static bool take_exponent(struct text rest, struct decimal *out)
{
    int32_t exponent = 0;

    if (rest.size < 3 || rest.size > 4 || rest.at[0] != 'e' || rest.at[1] != '-')
        return rest.size == 0;
    for (size_t i = 2; i < rest.size; i++) {
        if (rest.at[i] < '0' || rest.at[i] > '9')
            return false;
        exponent = exponent * 10 + (rest.at[i] - '0');
    }
    out->power -= exponent;
    return true;
}

/* What is behind the sixth decimal rounds half up. */
static bool read_millionths(struct bytes raw, uint32_t *out, struct error *err)
{
    struct decimal decimal = {.power = 6};
    struct text text, rest;

    if (!text_from_bytes(raw, 32, &text, err))
        return false;
    rest = text;
    if (!take_mantissa(&rest, &decimal) || !take_exponent(rest, &decimal))
        return error_set(err, ERROR_INPUT, "\"%.*s\" is not a number", TEXT_ARG(text));
    for (; decimal.power > 0 && decimal.mantissa <= ONE; decimal.power--)
        decimal.mantissa *= 10;
    for (; decimal.power < -1 && decimal.mantissa > 0; decimal.power++)
        decimal.mantissa /= 10;
    if (decimal.power == -1)
        decimal.mantissa = (decimal.mantissa + 5) / 10;
    if (decimal.mantissa > ONE)
        return error_set(err, ERROR_INPUT, "%.*s is more than 1", TEXT_ARG(text));
    *out = (uint32_t)decimal.mantissa;
    return true;
}

/* "#model_version:v2025.03.14,score_date:2026-11-21T12:55:00Z" */
static bool read_head(struct csv *csv, struct feed_facts *facts, struct error *err)
{
    struct bytes line;
    struct text head, item, model = {0}, date = {0};

    if (!csv_line(csv, &line) || !feed_starts(line, "#"))
        return error_set(err, ERROR_INPUT, "line 1: model_version and score_date are missing");
    if (!text_from_bytes((struct bytes){line.at + 1, line.size - 1}, LIMIT_LINE, &head, err))
        return error_at(err, "line 1");
    while (text_cut(&head, ',', &item)) {
        if (text_starts(item, TEXT("model_version:")))
            model = text_part(item, sizeof("model_version:") - 1, SIZE_MAX);
        if (text_starts(item, TEXT("score_date:")))
            date = text_part(item, sizeof("score_date:") - 1, SIZE_MAX);
    }
    if (model.size == 0 || model.size >= sizeof(facts->version))
        return error_set(err, ERROR_INPUT, "line 1: model_version is missing or too long");
    if (date.size == 0)
        return error_set(err, ERROR_INPUT, "line 1: score_date is missing");
    if (!time_parse(date, &facts->generated_us, err))
        return error_at(err, "line 1: score_date");
    memcpy(facts->version, model.at, model.size);
    return true;
}

static bool is_field(struct bytes field, const char *name)
{
    return field.size == strlen(name) && memcmp(field.at, name, field.size) == 0;
}

static bool read_columns(struct csv *csv, struct error *err)
{
    struct csv_row row;
    bool found;

    if (!csv_next(csv, &row, &found, err))
        return false;
    if (!found || row.count != 3 || !is_field(row.fields[0], "cve") || !is_field(row.fields[1], "epss") ||
        !is_field(row.fields[2], "percentile"))
        return error_set(err, ERROR_INPUT, "line 2: the columns are not cve,epss,percentile");
    return true;
}

static bool read_row(const struct csv_row *row, const struct feed_sink *sink, struct error *err)
{
    struct text id;

    if (row->count != 3)
        return error_set(err, ERROR_INPUT, "%zu fields, not 3", row->count);
    if (!text_from_bytes(row->fields[0], LIMIT_ADVISORY_ID, &id, err))
        return error_at(err, "cve");
    if (!text_starts(id, TEXT("CVE-")))
        return error_set(err, ERROR_INPUT, "cve: \"%.*s\" is no CVE", TEXT_ARG(id));
    struct vulnerability vulnerability = vulnerability_with(id);
    if (!read_millionths(row->fields[1], &vulnerability.epss_millionths, err))
        return error_at(err, "%.*s: epss", TEXT_ARG(id));
    if (!read_millionths(row->fields[2], &vulnerability.epss_percentile_millionths, err))
        return error_at(err, "%.*s: percentile", TEXT_ARG(id));
    return feed_give_vulnerability(sink, &vulnerability, err);
}

static bool read_rows(struct csv *csv, const struct feed_sink *sink, struct feed_facts *facts,
                      struct error *err)
{
    struct csv_row row;
    bool found;

    for (;;) {
        if (!csv_next(csv, &row, &found, err))
            return false;
        if (!found)
            return true;
        if (facts->record_count == LIMIT_EPSS_ROWS)
            return error_set(err, ERROR_LIMIT, "more than %d rows", LIMIT_EPSS_ROWS);
        if (!read_row(&row, sink, err))
            return error_at(err, "line %zu", csv->line);
        facts->record_count++;
    }
}

static bool epss_parse(struct bytes raw, struct text name, const struct feed_sink *sink, struct arena *arena,
                       struct feed_facts *facts, struct error *err)
{
    struct csv csv = csv_with(raw);
    struct feed_facts read = feed_facts_none();

    (void)name;
    (void)arena;
    if (!read_head(&csv, &read, err) || !read_columns(&csv, err) || !read_rows(&csv, sink, &read, err))
        return error_at(err, "epss");
    *facts = read;
    return true;
}

static bool epss_recognise(struct bytes start, struct text name)
{
    (void)name;
    return feed_starts(start, "#model_version:") || feed_starts(start, "cve,epss,");
}

const struct feed feed_epss = {
    .name = "epss",
    .title = "EPSS exploit prediction",
    .media_type = "text/csv",
    .url = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
    .stale_after_us = 7 * TIME_DAY_US,
    .parse = epss_parse,
    .recognise = epss_recognise,
};
