/*
 * Chores: programs that the supervisor runs from time to time, one at a time each: `suture repo publish` and `suture feed update`.
 */
#ifndef SERVER_CHORES_H
#define SERVER_CHORES_H

#include "server/first_start.h"
#include "server/process.h"

#define CHORES_MAX 4
#define CHORE_ARGV 8

struct chore {
    const char *name;
    const char *argv[CHORE_ARGV];
    const char *environment[4];
    int64_t every_us, next_us;
    struct process process;
};

struct chores {
    struct chore at[CHORES_MAX];
    size_t count;
};

/* Which there are by these settings; what they point to is in the arena. */
bool chores_make(const struct server_settings *settings, const struct server_paths *paths,
                 struct arena *arena, struct chores *out, struct error *err) MUST_USE;
/* Starts what is due, and notes what has ended. *next_us: when to come again, at the latest. */
void chores_turn(struct chores *chores, int64_t now_us, int64_t *next_us);
void chores_stop(struct chores *chores);

#endif
