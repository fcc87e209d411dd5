/*
 * A plan as JSON, "schema": "suture.plan/1", in the canonical form (format/json_canonical.h).
 *
 *     {"arch":"amd64","changes":[{...}],"data":[{"feed":"debian-tracker","generated":"2026-11-21T06:00:00Z"}],
 *      "disk_added":1200,"disk_freed":0,"fetch_bytes":99000,"groups":1,"host":"web-03","id":"9f3a...","left":[{...}],
 *      "level":"normal","now":"2026-11-21T07:50:00Z","policy":"built-in","reboot":false,"release":"debian-12",
 *      "schema":"suture.plan/1","status":"1c0d..."}
 *     a change: {"arch","automatic","cves":[],"disk_added","disk_freed","due","exploited","file","from","group","kind",
 *      "late","name","needed_by","reason","reboot","services":[],"sha256","size","source","suite","to","uri"}
 *     what is left: {"arch","cves","due","from","name","reason","reboot","size","source","to","why"}
 *
 * What this machine judges of a change itself is there when it has judged: "lane" ("functional", "security", "exploited", "crisis"),
 * "new_package" when it is true, "follows"; and "until" of what is left because it waits ("reason":"soak").
 *
 * Where deltas are known a change has "delta_size" too, and the plan "delta_bytes", what is fetched when they are used. These and those of
 * the judgement may be missing, for they come and go with what a server offers and with the time, and say nothing of what is done.
 *
 * The id is the SHA-256 of the canonical bytes of the document without "id", "now" and all of these. So two plans made from the same
 * inputs have the same id whenever they were made, unless something became late or due in between. What is absent is
 * null. Keys are a promise; a later version that adds some has another number, for the id covers all of them.
 *
 * A plan read from a file is checked: every text has its grammar, changes are sorted and once each, groups are counted
 * from 0 without a gap, sums are right, and the id is that of the content. It is still nobody's word: what is in it is
 * proved against the archives before it is used.
 */
#ifndef FLOW_PLAN_JSON_H
#define FLOW_PLAN_JSON_H

#include "base/writer.h"
#include "model/plan.h"

/* Sets plan->id. */
bool plan_name(struct plan *plan, struct error *err) MUST_USE;
/* The whole document, without a newline behind it. */
bool plan_write_json(const struct plan *plan, struct writer *out, struct error *err) MUST_USE;
/* Texts are in the arena. ERROR_INPUT names what is wrong; ERROR_TRUST: the id is not that of the content. */
bool plan_read_json(struct bytes raw, struct arena *arena, struct plan *out, struct error *err) MUST_USE;

#endif
