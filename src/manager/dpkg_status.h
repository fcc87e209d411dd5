/*
 * What is installed: dpkg's status file, deb-status(5) in Debian's words.
 *
 *     Package: bash
 *     Status: install ok installed          want, flag, state
 *     Architecture: amd64
 *     Source: bash (5.2.15-2)               absent: named like the package; no version: the package's own
 *     Version: 5.2.15-2+b8
 *
 * Packages of which only the configuration is left are not installed and passed over; every other state is kept and
 * named, for a half-configured package is where an update has failed. What dpkg had not merged yet when it was stopped
 * (the folder updates/) is read over it. Texts point into the file's bytes in the arena.
 */
#ifndef MANAGER_DPKG_STATUS_H
#define MANAGER_DPKG_STATUS_H

#include "model/host.h"

struct dpkg_status {
    struct package *packages; /* sorted by name, then architecture */
    size_t count;
};

/* path: the status file. updates: the folder beside it, or NULL. Errors name the file and the line. */
bool dpkg_status_read(const char *path, const char *updates, struct arena *arena, struct dpkg_status *out,
                      struct error *err) MUST_USE;

/* The status of these bytes alone, for tests and the fuzzer. */
bool dpkg_status_parse(struct bytes raw, struct arena *arena, struct dpkg_status *out, struct error *err)
    MUST_USE;

/* Marks what apt says was installed as a dependency: its extended_states. An absent file marks nothing. */
bool dpkg_status_mark_automatic(struct dpkg_status *status, const char *path, struct text native,
                                struct arena *arena, struct error *err) MUST_USE;

/* The package of that name and architecture, or NULL. "all" is found by the native architecture's name too. */
struct package *dpkg_status_find(const struct dpkg_status *status, struct text name, struct text arch);

/*
 * "x (1.2)" is source x of version 1.2; "x" is of the package's version, from which a binary rebuild's "+b1" is
 * taken off; nothing is the package's own name.
 */
void dpkg_source(struct text field, struct text name, struct text version, struct text *source,
                 struct text *source_version);

#endif
