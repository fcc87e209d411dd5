/*
 * CVSS scores of versions 2, 3.0, 3.1 and 4.0, with all their metric groups, in integer tenths.
 *
 * No floating point leaves this module: a score is 0 to 100 tenths, CVSS_NONE where a version has no such score or
 * the vector does not give it. Sources: first.org CVSS v2 guide 3.2, v3.0 and v3.1 specification 7, v4.0
 * specification 8 with its macro vectors. 3.0 and 3.1 differ in rounding and in the environmental formula.
 */
#ifndef MODEL_CVSS_H
#define MODEL_CVSS_H

#include "base/bytes.h"

enum cvss_version { CVSS_UNKNOWN, CVSS_2, CVSS_30, CVSS_31, CVSS_40, CVSS_VERSION_COUNT };

#define CVSS_NONE       (-1)
#define CVSS_METRIC_MAX 32 /* 4.0 defines 32 metrics, the most of all versions */

/* A parsed vector: for each metric of its version, in the order of its table, the index of its value there; not defined is 0xff. */
struct cvss_vector {
    enum cvss_version version;
    uint8_t values[CVSS_METRIC_MAX];
};

struct cvss_scores {
    int16_t base;          /* CVSS_NONE for 4.0, which has but one score */
    int16_t temporal;      /* 2: CVSS_NONE without temporal metrics; 3.x: always; 4.0: CVSS_NONE */
    int16_t environmental; /* 2: CVSS_NONE without environmental metrics; 3.x: always; 4.0: CVSS_NONE */
    int16_t
        overall; /* environmental where such a metric is given, else temporal, else base; 4.0: the score */
};

/* "CVSS:3.1/AV:N/...", or without prefix for version 2, brackets allowed there. Each base metric once, each other at most once, in any order. */
bool cvss_parse(struct text text, struct cvss_vector *out, struct error *err) MUST_USE;
struct cvss_scores cvss_score(const struct cvss_vector *vector);
/* The value's letters of one metric ("AV" gives "N"), or an absent text when it is not defined. */
struct text cvss_value(const struct cvss_vector *vector, struct text metric);

enum severity {
    SEVERITY_UNKNOWN,
    SEVERITY_NONE,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
    SEVERITY_COUNT
};
/* The qualitative scale of 3.x and 4.0; version 2 knows neither none nor critical. UNKNOWN for CVSS_NONE. */
enum severity cvss_severity(enum cvss_version version, int16_t tenths);
const char *severity_name(enum severity severity);
/* "3.1"; "2.0" for CVSS_2. */
const char *cvss_version_name(enum cvss_version version);

#endif
