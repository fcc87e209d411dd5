/*
 * `suture delta apply --installed`: the package that a delta makes of what is installed, by suture-rebuild.
 */
#ifndef CLI_DELTA_INSTALLED_H
#define CLI_DELTA_INSTALLED_H

#include "cli/command.h"

struct delta_installed {
    const char *delta, *output;
    const char *root;        /* NULL: "/" */
    const char *supplements; /* files, with ',' between them; or NULL */
    const char *package;     /* NAME[:ARCH] whose files are the base; NULL: whom the delta names */
    size_t memory_max;       /* 0: half of the machine's */
    unsigned threads;        /* 0: one for each processor */
    bool as_json;
};

/*
 * Prints what was made. When it fails nothing is at `output`, or what was there before. Meanwhile the spool and what is half made lie
 * beside it (delta/spool.h); what is killed or stopped leaves the spool, and the next run goes on with it.
 */
enum command_exit delta_installed_apply(const struct command_call *call, const struct delta_installed *wanted,
                                        struct error *err);

#endif
