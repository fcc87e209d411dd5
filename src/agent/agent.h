/*
 * One turn of the agent: what it reads before it does anything, and what is left for the next.
 *
 * A turn is one piece of work in a process of its own: a check-in with all that follows from it, a look at the pulse, or a
 * look at the machine. The daemon (agent/loop.h) only sleeps and starts turns; what they need to tell each other lies in
 * the state folder (store/agent_state.h). So the daemon stays small, and a turn that goes wrong takes nothing with it.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/settings.h"
#include "store/agent_state.h"
#include "wire/agent_message.h"
#include "wire/link.h"

#define AGENT_TURN_MEMORY                                                                                    \
    (256 * 1024 * 1024) /* an inventory of a full desktop takes 20 MB, an advisory bundle is mapped */

struct agent {
    struct state state;
    struct agent_enrolled enrolled;
    struct agent_memory memory;
    struct agent_settings settings;
    const char *link_program, *fetch_program, *program; /* program: suture */
    struct arena *arena;
    int64_t now_us;
};

/* ERROR_ABSENT: this machine is in no fleet. Everything is in the arena. */
bool agent_open(struct agent *agent, struct arena *arena, struct error *err) MUST_USE;
/* What is left for the next turn. */
bool agent_keep(const struct agent *agent, struct error *err) MUST_USE;
/* "STATE/agent/NAME"; memory that is out here ends the turn. */
bool agent_path(const struct agent *agent, const char *name, const char **out, struct error *err) MUST_USE;

/* A link to the server, with the machine's certificate. */
bool agent_link(const struct agent *agent, struct link *out, struct error *err) MUST_USE;
/* A link for plain addresses: it knows nothing of the machine. */
bool agent_link_plain(const struct agent *agent, struct link *out, struct error *err) MUST_USE;

#endif
