/*
 * The halves of four drills that attack our own repository; drill_vendor.c and drill_fetch.c have the others.
 */
#ifndef DRILL_DRILL_TUF_H
#define DRILL_DRILL_TUF_H

#include "drill/drill.h"

bool tuf_part_rollback(struct drill_run *run, struct error *err) MUST_USE;
bool tuf_part_freeze(struct drill_run *run, struct error *err) MUST_USE;
bool tuf_part_mix(struct drill_run *run, struct error *err) MUST_USE;
bool tuf_part_endless(struct drill_run *run, struct error *err) MUST_USE;

#endif
