/*
 * A scan as JSON, "schema": "suture.scan/1": what `suture scan --format json` prints and what is kept of the last scan.
 *
 * The keys are a promise to scripts: keys are added, never renamed. Everything is in it, due or not: nothing is
 * dropped. "inputs" comes second, so that a kept scan can be told from the next without reading all of it: the same
 * number means the same packages, lists, data, policy, level and day.
 */
#ifndef FLOW_SCAN_JSON_H
#define FLOW_SCAN_JSON_H

#include "base/writer.h"
#include "flow/scan.h"

enum scan_json_form {
    SCAN_JSON_PRINTED,
    SCAN_JSON_KEPT, /* besides, "explained" in each finding and update: what `suture why` prints, byte for byte */
};
void scan_write_json(const struct scan *scan, enum scan_json_form form, struct arena *arena,
                     struct writer *out);

/* True when these bytes begin as the JSON of a scan with these inputs. */
bool scan_json_has_inputs(struct bytes json, uint64_t inputs);
/* True when they begin as the JSON of a scan at this level under this order (NULL: none). */
bool scan_json_has_level(struct bytes json, enum level level, const char *order);

#endif
