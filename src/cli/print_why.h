/*
 * `suture why`: the whole reason of a decision, read from the JSON of a scan (flow/scan_json.h), kept or fresh.
 *
 * Because it is read and not decided again, what is printed today of a kept scan is what was printed then, byte for byte.
 */
#ifndef CLI_PRINT_WHY_H
#define CLI_PRINT_WHY_H

#include "format/json.h"

/* What of the scan the text names. */
enum why_found { WHY_NOTHING, WHY_FINDING, WHY_SOURCE };

/*
 * Writes the reasons of what `wanted` names: CVE-..., a source package or a package. scan is the root of the JSON.
 * WHY_NOTHING writes nothing.
 */
bool print_why(struct json scan, struct text wanted, struct writer *out, enum why_found *found,
               struct error *err) MUST_USE;

/*
 * The same as JSON: the members of the scan that the text names, as they were stored.
 *
 *     {"schema": "suture.why/1", "wanted": "expat", "now": "...", "policy": "...", "data": [...], "updates": [...],
 *      "findings": [...], "said": []}
 */
bool print_why_json(struct json scan, struct text wanted, struct writer *out, enum why_found *found,
                    struct error *err) MUST_USE;
/* The JSON of a name that no decision is about: `said` has the sentences, the other members are null or empty. */
void print_why_not_json(struct text wanted, struct bytes sentences, struct writer *out);

#endif
