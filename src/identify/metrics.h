/*
 * The metrics that NVD and CVE records have in common: CVSS scores and CISA's SSVC decision points.
 *
 *     {"version": "3.1", "vectorString": "CVSS:3.1/AV:N/...", "baseScore": 9.8, "baseSeverity": "CRITICAL", ...}
 *
 *     [{"Exploitation": "active"}, {"Automatable": "yes"}, {"Technical Impact": "total"}]      CVE records
 *     [{"exploitation": "active"}, {"automatable": "yes"}, {"technicalImpact": "total"}]       NVD
 */
#ifndef IDENTIFY_METRICS_H
#define IDENTIFY_METRICS_H

#include "format/json.h"
#include "model/vulnerability.h"

/* CISA's id where it publishes data about other people's CVEs. */
#define METRICS_CISA TEXT("134c704f-9b21-4f2e-91b3-4a467353bcc0")

/* "cvssMetricV31" or "cvssV3_1"; CVSS_UNKNOWN for every other member of a record's metrics. */
enum cvss_version metrics_version(struct text name);
/* The score as its source prints it; out->version and out->from are the caller's and stay. */
bool metrics_read_cvss(struct json data, struct score *out, struct error *err) MUST_USE;
/* Puts the points that are given into the vulnerability. Other points are passed over, an unknown answer fails. */
bool metrics_read_ssvc(struct json options, struct vulnerability *out, struct error *err) MUST_USE;

#endif
