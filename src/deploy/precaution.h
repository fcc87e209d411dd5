/*
 * The precautions of the policy (model/precaution.h), taken before anything is changed: first the backup is asked for its
 * age, then the hooks run in their order; the first that fails ends the run, and nothing was changed.
 *
 * Programs are started without a shell, as root, with TZ=UTC, no input, nothing of our environment, within their time and
 * LIMIT_CHILD_OUTPUT of output. They are the policy's, so root's: whoever may write the policy may do all that they do.
 */
#ifndef DEPLOY_PRECAUTION_H
#define DEPLOY_PRECAUTION_H

#include "base/time.h"
#include "model/precaution.h"

/* *note: one line of what was done, in the arena. ERROR_CONFLICT: the backup is too old, or a hook failed and says why. */
bool precaution_take(const struct precautions *precautions, int64_t now_us, struct arena *arena,
                     struct text *note, struct error *err) MUST_USE;

/*
 * The time of the newest backup in what the command wrote; a time without a zone is UTC. ERROR_ABSENT: it names none.
 *
 *     restic    [{"time": "2026-11-21T03:00:01.123456789+01:00", ...}, ...]
 *     borg      {"archives": [{"end": "2026-11-21T03:00:01.000000", "start": ...} or {"time": ...}, ...], ...}
 *     command   2026-11-21T03:00:01Z
 */
bool precaution_backup_time(enum backup_kind kind, struct bytes answer, struct arena *arena, int64_t *out,
                            struct error *err) MUST_USE;

#endif
