/* Each line is a vector. What is taken has scores within bounds, and written anew from its values it is the same vector. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "model/cvss_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cvss_table *const tables[CVSS_VERSION_COUNT] = {
    [CVSS_2] = &cvss_table_2,
    [CVSS_30] = &cvss_table_30,
    [CVSS_31] = &cvss_table_31,
    [CVSS_40] = &cvss_table_40,
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool within_bounds(int16_t tenths)
{
    return tenths == CVSS_NONE || (tenths >= 0 && tenths <= 100);
}

static void check_vector(const struct cvss_vector *vector)
{
    const struct cvss_table *table = tables[vector->version];
    struct cvss_scores scores = cvss_score(vector);
    struct cvss_vector again;
    char text[LIMIT_VECTOR + 16];
    int size = snprintf(text, sizeof(text), "%s", table->prefix);
    struct error err;

    must(within_bounds(scores.base) && within_bounds(scores.temporal) && within_bounds(scores.environmental));
    must(scores.overall >= 0 && scores.overall <= 100);
    for (size_t i = 0; i < table->metric_count; i++) {
        struct text value = cvss_value(vector, text_of(table->metrics[i].name));
        if (value.size > 0)
            size += snprintf(text + size, sizeof(text) - (size_t)size, "%s%s:%.*s", i > 0 ? "/" : "",
                             table->metrics[i].name, TEXT_ARG(value));
    }
    must(cvss_parse((struct text){text, (size_t)size}, &again, &err));
    must(again.version == vector->version && memcmp(again.values, vector->values, sizeof(again.values)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size}, word;
    struct cvss_vector vector;
    struct error err;

    while (text_cut_word(&rest, &word))
        if (cvss_parse(word, &vector, &err))
            check_vector(&vector);
    return 0;
}
