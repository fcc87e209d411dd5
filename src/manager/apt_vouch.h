/*
 * What apt's lists say of package files: `vouch` in manager.h.
 *
 * The wide tables (apt_table.h) of all sources that are believed are asked; with verify_now in the request each list is
 * verified again, so that the answer can say who signed it.
 */
#ifndef MANAGER_APT_VOUCH_H
#define MANAGER_APT_VOUCH_H

#include "manager/manager.h"

bool apt_vouch(const struct manager_request *request, const struct vouch_question *questions,
               struct arena *arena, struct vouched_records *out, struct error *err) MUST_USE;

#endif
