/*
 * Whether this machine is part of a fleet: then its state folder has the file "agent/enrolled". Who enrols it writes that
 * file; what waits here, and who may lift it, is judged by it (acquire/lanes.h).
 */
#ifndef STORE_ENROLLED_H
#define STORE_ENROLLED_H

#include "base/bytes.h"

#define ENROLLED_FILE "agent/enrolled"

/* state may be NULL: in no fleet. */
bool enrolled_here(const char *state, struct arena *arena, bool *out, struct error *err) MUST_USE;

#endif
