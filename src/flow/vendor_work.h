/*
 * The work of suture-prove for vendor_message.h: how old is what this machine's sources bring of its vendors' security
 * suites, and what is the list worth that was fetched from the vendor itself.
 */
#ifndef FLOW_VENDOR_WORK_H
#define FLOW_VENDOR_WORK_H

#include "flow/vendor_message.h"

bool vendor_work(const struct vendor_question *question, struct arena *arena, struct vendor_suites *out,
                 struct error *err) MUST_USE;

#endif
