/*
 * The daemon: sleeps, and starts turns in processes of their own.
 *
 *                       .---- pulse, each minute ----.
 *     sleep --> due? --+----- check-in, as paced ----+--> a child each, one at a time
 *       ^              '----- work, in its window ---'--> a child of its own, beside them
 *       '--- whatever ended, or a signal, or the machine woke
 *
 * Between turns it takes no processor time: one timer of the clock that goes on while the machine sleeps, and one wait. After
 * waking the first word is said at random within a minute. SIGTERM is passed to the work, which stops at its next safe
 * place and goes on when the daemon is back; work that was interrupted (by a suspend that became a power cut) goes on the same way.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "base/error.h"

/* Until it is asked to stop. ERROR_CONFLICT: another one runs here. ERROR_ABSENT: this machine is in no fleet. */
bool loop_run(struct error *err) MUST_USE;

/* One check-in with all that follows, and one look at the machine without work, in this process. */
bool loop_once(struct error *err) MUST_USE;

/* One look at the pulse, in this process; "nothing", "new" or "urgent" on standard output: for people who look for why nothing comes. */
bool loop_pulse(struct error *err) MUST_USE;

#endif
