/*
 * Urgency: SSVC's deployer decision, by table.
 *
 * The published table is built in from data/ssvc; a policy may name a table of its own. A table has one outcome for
 * each of its 72 rows, and a worse input never gives a lower urgency; what is actively exploited on an open system is
 * never deferred.
 */
#ifndef EVALUATE_URGENCY_H
#define EVALUATE_URGENCY_H

#include "model/decision.h"

#define URGENCY_ROWS 72
#define IMPACT_ROWS  16

/* Where a table comes from. */
struct table_source {
    const char *id, *version, *title, *source, *date_read;
};

struct urgency_table {
    struct table_source from;
    uint8_t at[URGENCY_ROWS]; /* enum urgency, by urgency_row() */
};

enum safety {
    SAFETY_UNKNOWN,
    SAFETY_NEGLIGIBLE,
    SAFETY_MARGINAL,
    SAFETY_CRITICAL,
    SAFETY_CATASTROPHIC,
    SAFETY_COUNT
};
enum mission {
    MISSION_UNKNOWN,
    MISSION_DEGRADED,
    MISSION_CRIPPLED, /* support of essential functions crippled */
    MISSION_MEF_FAILURE,
    MISSION_FAILURE,
    MISSION_COUNT
};
const char *safety_name(enum safety safety);
const char *mission_name(enum mission mission); /* "mef support crippled" */

/* SSVC's human impact of what a failure does to people and to the mission. */
struct impact_table {
    struct table_source from;
    uint8_t at[IMPACT_ROWS]; /* enum impact, by impact_row() */
};

/* Made from data/ssvc when the program is built. */
extern const struct urgency_table urgency_ssvc;
extern const struct impact_table impact_ssvc;

/* Rows in the order of the published table; no input is unknown. */
size_t urgency_row(enum exploitation exploitation, enum exposure exposure, enum answer automatable,
                   enum impact impact);
size_t impact_row(enum safety safety, enum mission mission);

/* The rules above; the error names the row. */
bool urgency_check(const struct urgency_table *table, struct error *err) MUST_USE;

#endif
