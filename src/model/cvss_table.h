/*
 * What a version of CVSS is made of, inside model/cvss*.c only: cvss.c reads vectors by these tables, cvss_2.c,
 * cvss_3.c and cvss_4.c bring one each and compute from the values.
 */
#ifndef MODEL_CVSS_TABLE_H
#define MODEL_CVSS_TABLE_H

#include "model/cvss.h"

#define CVSS_VALUE_MAX   6
#define CVSS_NOT_DEFINED 0xff

enum cvss_group { CVSS_GROUP_BASE, CVSS_GROUP_TEMPORAL, CVSS_GROUP_ENVIRONMENTAL, CVSS_GROUP_SUPPLEMENTAL };

struct cvss_metric {
    const char *name;
    const char *title;
    enum cvss_group group;
    const char *values; /* "N|A|L|P"; behind these may stand the version's word for "not defined" */
    uint16_t weights[CVSS_VALUE_MAX]; /* of each value, in the unit that the version's file names */
    uint16_t weight_not_defined;
};

struct cvss_table {
    const char *name;        /* "3.1" */
    const char *prefix;      /* "CVSS:3.1/"; "" for version 2 */
    const char *not_defined; /* "X", "ND" */
    const struct cvss_metric *metrics;
    size_t metric_count;
    struct cvss_scores (*score)(const struct cvss_vector *vector);
};
extern const struct cvss_table cvss_table_2, cvss_table_30, cvss_table_31, cvss_table_40;

/* The weight of the metric's value, or that of "not defined". */
static inline int64_t cvss_weight(const struct cvss_metric *metrics, const struct cvss_vector *vector,
                                  size_t metric)
{
    uint8_t value = vector->values[metric];

    return value == CVSS_NOT_DEFINED ? metrics[metric].weight_not_defined : metrics[metric].weights[value];
}

/* As cvss_weight of a base metric, unless its modified form is defined: that lists the same values in the same order. */
static inline int64_t cvss_weight_modified(const struct cvss_metric *metrics,
                                           const struct cvss_vector *vector, size_t base, size_t modified)
{
    return cvss_weight(metrics, vector, vector->values[modified] == CVSS_NOT_DEFINED ? base : modified);
}

static inline bool cvss_has_group(const struct cvss_metric *metrics, size_t metric_count,
                                  const struct cvss_vector *vector, enum cvss_group group)
{
    for (size_t i = 0; i < metric_count; i++)
        if (metrics[i].group == group && vector->values[i] != CVSS_NOT_DEFINED)
            return true;
    return false;
}

#endif
