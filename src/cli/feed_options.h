/*
 * What the commands about advisory data have in common: where the state is, which helper programs there are, which
 * releases are meant, and files as parts of a build.
 */
#ifndef CLI_FEED_OPTIONS_H
#define CLI_FEED_OPTIONS_H

#include "cli/command.h"
#include "flow/feed_build.h"
#include "store/state.h"

/* Opens the state folder of this user, made when it is not there. */
bool feed_options_state(struct arena *arena, struct state *out, struct error *err) MUST_USE;

/* The releases of "--release debian-11,debian-12" (NULL: none), in the arena. */
bool feed_options_releases(const char *list, struct arena *arena, struct text **out, size_t *count,
                           struct error *err) MUST_USE;
/* Adds this machine's own; one that nobody knows is passed over. out has room for one more. */
bool feed_options_own_release(struct arena *arena, struct text *out, size_t *count, struct error *err)
    MUST_USE;

/* The feed of "--feed NAME"; NULL (not given) leaves *out as it is. The error names all there are. */
bool feed_options_feed(const char *name, const struct feed **out, struct error *err) MUST_USE;

/* The time to go by: --now, else the clock. */
int64_t feed_options_now(const struct command_call *call, size_t option);

#endif
