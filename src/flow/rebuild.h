/*
 * Making a package from what is installed and a delta, by the helper program suture-rebuild.
 *
 * Whoever reads a delta meets bytes from outside, and whoever reads installed files needs root's right to: so that is a
 * process of its own, with this right and no other. It can open nothing for writing, run nothing and talk to nobody: the spool
 * and the output are opened here and given to it. It takes only processor and disk that nobody else wants (`yields`), and no more
 * memory and room than it is allowed.
 *
 *     rebuild_look    what the delta makes, of what, and whether all that it needs is here
 *     rebuild_run     the package at `output`, or nothing there
 *
 * What the helper says is not believed: rebuild_run hashes what was made itself. And that is only what the delta promised:
 * whether the vendor vouches for it is asked elsewhere, as for every other file (acquire/trust_check.h).
 */
#ifndef FLOW_REBUILD_H
#define FLOW_REBUILD_H

#include "flow/rebuild_message.h"

struct rebuild_request {
    const char *program; /* suture-rebuild (os_helper finds it) */
    const char *root;    /* whose packages are the base: absolute */
    struct text package,
        arch; /* whose files are the base; empty: whom the delta names (and any architecture) */
    const char *delta;
    const char *const *supplements; /* files (delta/supplement.h) */
    size_t supplement_count;        /* at most REBUILD_SUPPLEMENTS_MAX */
    /* A file that takes what is unpacked meanwhile, and is left: one that broke off goes on with it. The caller removes it. */
    const char *spool;
    const char *output; /* must not be there yet */
    const struct digest
        *expected;       /* SHA-256 of the package, of whoever vouches for it; NULL: what the delta says */
    unsigned threads;    /* 0: one for each processor */
    uint64_t memory_max; /* 0: half of the machine's */
    uint32_t time_ms;    /* then it is stopped: ERROR_LIMIT; 0: LIMIT_REBUILD_TIME_MS */
    bool yields;
    bool (*progress)(void *self, uint64_t done, uint64_t all); /* false: stop; or NULL */
    void *self;
};

/*
 * Needs no spool and output. ERROR_CONFLICT: another base than what is installed, or another output than expected;
 * ERROR_ABSENT: the package is not installed. What is missing of it is no failure: view->missing.
 */
bool rebuild_look(const struct rebuild_request *request, struct arena *arena, struct rebuild_view *out,
                  struct error *err) MUST_USE;

/*
 * view: of rebuild_look, for the same request. The output is synced, mode 0600. ERROR_TRUST: what was made has another hash;
 * ERROR_CONFLICT: stopped, or the installed files are not as they should be; ERROR_ABSENT: one of them is not there.
 */
bool rebuild_run(const struct rebuild_request *request, const struct rebuild_view *view, struct arena *arena,
                 struct error *err) MUST_USE;

#endif
