/*
 * What a machine believes of its repository as an object of JSON: in suture.trust/1 and in suture.status/1.
 */
#ifndef FLOW_TRUST_JSON_H
#define FLOW_TRUST_JSON_H

#include "format/json.h"
#include "store/trust_record.h"

void trust_json_put(struct json_writer *j, const struct trust_record *record, int64_t now_us);
/* "holds", "waits" or "ended". */
const char *trust_order_state(const struct trust_record *record, const struct trust_order *order,
                              int64_t now_us);

#endif
