/*
 * What still runs code that a run replaced, and how it comes to run the new code.
 *
 *     certain    a process executes a file of a changed package to which no name leads any more (identify/running.h
 *                finds these; the flow hands them over with the host)
 *     possible   an interpreter (Python, Perl, Ruby, Node, Java, PHP) that began before a file changed which it may have
 *                read: a module of a changed package. What an interpreter has read leaves no trace, so this is likely, and
 *                never certain; and a module that is read again at every request is not told apart.
 *
 * Nothing is asked of processes of containers, whose files are others.
 */
#ifndef VERIFY_OLD_CODE_H
#define VERIFY_OLD_CODE_H

#include "model/evidence.h"

struct old_code_from {
    const char *root;      /* of the packages' files; "/" but for tests */
    const char *processes; /* "/proc" */
};

/* Fills looked, processes and kernel of the evidence, whose packages are known. */
bool old_code_look(const struct old_code_from *from, const struct host *host, struct arena *arena,
                   struct evidence *evidence, struct error *err) MUST_USE;

/* What a process needs to run the new code. */
enum restart_kind {
    RESTART_UNKNOWN,
    RESTART_UNIT, /* its unit may be restarted at any time */
    RESTART_BY_HAND, /* restarting it takes something along that a person may be using: the network, containers */
    RESTART_LOG_IN,  /* it belongs to a session: it is new after the next log-in */
    RESTART_MACHINE, /* the session of every user hangs on it: only a start of the machine */
    RESTART_SELF,    /* the service manager itself: it can execute itself anew */
    RESTART_PROCESS, /* nobody manages it: whoever began it must */
    RESTART_KIND_COUNT
};
enum restart_kind old_code_restart(struct text unit, uint32_t pid);

/* The units of the evidence's processes that may be restarted without a person: sorted, each once. */
struct old_code_units {
    const struct text *names;
    size_t count;
};
bool old_code_units(const struct evidence *evidence, struct arena *arena, struct old_code_units *out,
                    struct error *err) MUST_USE;

#endif
