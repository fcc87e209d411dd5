/*
 * Interpreters that began before a file changed which they may have read.
 *
 * What a process reads leaves no trace, so this is by likelihood: a process that executes an interpreter (or has one in
 * it as a library), and a changed package that brought files in its language after the process began. It may never
 * have read them, or read them anew since; so what is found here is called possible, and never certain.
 */
#ifndef VERIFY_INTERPRETERS_H
#define VERIFY_INTERPRETERS_H

#include "base/process.h"
#include "model/evidence.h"

struct interpreters_from {
    const char *root;      /* of the packages' files; "/" but for tests */
    const char *processes; /* "/proc" */
};

/* One row for each process and package, by process; unit and advice are the caller's to fill. Fails when memory is out. */
struct interpreters {
    struct evidence_process *at;
    bool *of_user; /* beside: the unit is one of a user's own service manager */
    size_t count;
};
bool interpreters_find(const struct interpreters_from *from, const struct evidence *evidence,
                       struct arena *arena, struct interpreters *out, struct error *err) MUST_USE;

/* For tests: which language a program or library of this path runs, and a file of this path is in; 0: none. */
unsigned interpreters_language_of_program(struct text path);
unsigned interpreters_language_of_file(struct text path);

#endif
