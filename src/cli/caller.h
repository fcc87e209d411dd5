/*
 * Who calls, for records that people read later.
 */
#ifndef CLI_CALLER_H
#define CLI_CALLER_H

#include "base/bytes.h"

/* "root (sudo: anna)", "root", "user 1000". The environment's word on who called sudo is a note: root may write what root likes. */
bool caller_name(struct arena *arena, struct text *out, struct error *err) MUST_USE;

#endif
