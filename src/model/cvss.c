#include "model/cvss.h"

#include "base/limits.h"
#include "model/cvss_table.h"

static const struct cvss_table *const tables[CVSS_VERSION_COUNT] = {
    [CVSS_2] = &cvss_table_2,
    [CVSS_30] = &cvss_table_30,
    [CVSS_31] = &cvss_table_31,
    [CVSS_40] = &cvss_table_40,
};

/* The version by the prefix, which is taken off. */
static bool take_version(struct text *text, enum cvss_version *out, struct error *err)
{
    struct text rest = *text, prefix;

    if (!text_starts(*text, TEXT("CVSS:"))) {
        *out = CVSS_2;
        if (text->size > 2 && text->at[0] == '(' && text_ends(*text, TEXT(")")))
            *text = text_part(*text, 1, text->size - 2);
        return true;
    }
    for (unsigned i = CVSS_2 + 1; i < CVSS_VERSION_COUNT; i++)
        if (text_starts(*text, text_of(tables[i]->prefix))) {
            *text = text_part(*text, strlen(tables[i]->prefix), text->size);
            *out = (enum cvss_version)i;
            return true;
        }
    (void)text_cut(&rest, '/', &prefix);
    return error_set(err, ERROR_INPUT, "\"%.*s\" is none of CVSS:3.0, CVSS:3.1, CVSS:4.0", TEXT_ARG(prefix));
}

/* The place of the word in "a|b|c", or SIZE_MAX. */
static size_t find_word(const char *words, struct text wanted)
{
    struct text rest = text_of(words), word;

    for (size_t i = 0; text_cut(&rest, '|', &word); i++)
        if (text_equal(word, wanted))
            return i;
    return SIZE_MAX;
}

static bool find_metric(const struct cvss_table *table, struct text name, size_t *out)
{
    for (size_t i = 0; i < table->metric_count; i++)
        if (text_equal(name, text_of(table->metrics[i].name))) {
            *out = i;
            return true;
        }
    return false;
}

/* "AV:N" into its place. *seen has a bit for each metric that was given, for "not defined" leaves no other trace. */
static bool parse_metric(const struct cvss_table *table, struct text part, struct cvss_vector *vector,
                         uint32_t *seen, struct error *err)
{
    struct text name, value = part;
    size_t index, found;

    if (part.size == 0)
        return error_set(err, ERROR_INPUT, "two \"/\" with nothing between, or one at an end");
    (void)text_cut(&value, ':', &name);
    if (!find_metric(table, name, &index))
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no metric of CVSS %s", TEXT_ARG(name), table->name);
    const struct cvss_metric *metric = &table->metrics[index];
    if ((*seen & UINT32_C(1) << index) != 0)
        return error_set(err, ERROR_INPUT, "%s is given twice", metric->name);
    found = find_word(metric->values, value);
    if (found == SIZE_MAX &&
        (metric->group == CVSS_GROUP_BASE || !text_equal(value, text_of(table->not_defined))))
        return error_set(err, ERROR_INPUT, "%s: \"%.*s\" is no value of %s", metric->name, TEXT_ARG(value),
                         metric->title);
    *seen |= UINT32_C(1) << index;
    vector->values[index] = found == SIZE_MAX ? CVSS_NOT_DEFINED : (uint8_t)found;
    return true;
}

bool cvss_parse(struct text text, struct cvss_vector *out, struct error *err)
{
    struct cvss_vector vector;
    struct text rest = text, part;
    uint32_t seen = 0;

    memset(vector.values, CVSS_NOT_DEFINED, sizeof(vector.values));
    if (text.size == 0)
        return error_set(err, ERROR_INPUT, "the vector is empty");
    if (text.size > LIMIT_VECTOR)
        return error_set(err, ERROR_LIMIT, "the vector has %zu bytes, more than %d", text.size, LIMIT_VECTOR);
    if (!take_version(&rest, &vector.version, err))
        return false;
    const struct cvss_table *table = tables[vector.version];
    bool ends_open = text_ends(rest, TEXT("/"));
    while (text_cut(&rest, '/', &part))
        if (!parse_metric(table, part, &vector, &seen, err))
            return false;
    if (ends_open)
        return parse_metric(table, rest, &vector, &seen, err);
    for (size_t i = 0; i < table->metric_count; i++)
        if (table->metrics[i].group == CVSS_GROUP_BASE && (seen & UINT32_C(1) << i) == 0)
            return error_set(err, ERROR_INPUT, "%s is missing", table->metrics[i].name);
    *out = vector;
    return true;
}

struct cvss_scores cvss_score(const struct cvss_vector *vector)
{
    return tables[vector->version]->score(vector);
}

struct text cvss_value(const struct cvss_vector *vector, struct text metric)
{
    const struct cvss_table *table = tables[vector->version];
    struct text absent = {NULL, 0}, rest, word;
    size_t index;

    if (!find_metric(table, metric, &index) || vector->values[index] == CVSS_NOT_DEFINED)
        return absent;
    rest = text_of(table->metrics[index].values);
    for (size_t i = 0; text_cut(&rest, '|', &word); i++)
        if (i == vector->values[index])
            return word;
    return absent;
}

enum severity cvss_severity(enum cvss_version version, int16_t tenths)
{
    if (version == CVSS_UNKNOWN || tenths < 0)
        return SEVERITY_UNKNOWN;
    if (tenths == 0 && version != CVSS_2)
        return SEVERITY_NONE;
    if (tenths < 40)
        return SEVERITY_LOW;
    if (tenths < 70)
        return SEVERITY_MEDIUM;
    return tenths < 90 || version == CVSS_2 ? SEVERITY_HIGH : SEVERITY_CRITICAL;
}

const char *severity_name(enum severity severity)
{
    static const char *const names[SEVERITY_COUNT] = {
        [SEVERITY_UNKNOWN] = "unknown", [SEVERITY_NONE] = "none", [SEVERITY_LOW] = "low",
        [SEVERITY_MEDIUM] = "medium",   [SEVERITY_HIGH] = "high", [SEVERITY_CRITICAL] = "critical",
    };
    return names[(unsigned)severity < SEVERITY_COUNT ? severity : SEVERITY_UNKNOWN];
}

const char *cvss_version_name(enum cvss_version version)
{
    return version > CVSS_UNKNOWN && version < CVSS_VERSION_COUNT ? tables[version]->name : "unknown";
}
