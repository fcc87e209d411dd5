/*
 * What confining a process and putting a child into a cage share; for confine_linux.c and confine_cage_linux.c alone.
 */
#ifndef BASE_CONFINE_PARTS_H
#define BASE_CONFINE_PARTS_H

#include <pwd.h>
#include <seccomp.h>

#include "base/confine.h"

/* Which files may be touched how; lists end in NULL. */
struct confine_files {
    const char *const *readable, *const *runnable, *const *writable;
};

/* Landlock's rules as a descriptor; -1 stays where the kernel has none. */
bool confine_make_rules(const struct confine_files *allowed, int *out, struct error *err) MUST_USE;

/* Who root becomes. */
bool confine_find_user(const struct passwd **out, struct error *err) MUST_USE;

/*
 * The calls of one program that makes no process. It may be run by the string at this very address: what has been run has
 * another memory, so it cannot run a second one without guessing the address. 0, or a negative errno.
 */
int confine_fill_program(scmp_filter_ctx filter, const char *path);

#endif
