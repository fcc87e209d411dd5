/*
 * What dpkg and apt know of one root: configuration, installed packages, architectures, sources, their archives and
 * the preferences. The inventory (manager_apt.c) and a plan's universe (apt_universe.c) begin with it.
 */
#ifndef MANAGER_APT_SYSTEM_H
#define MANAGER_APT_SYSTEM_H

#include "base/limits.h"
#include "manager/apt_candidate.h"
#include "manager/dpkg_status.h"

/* OWN(apt_system_end); all but the archives' tables lives in the arena. Not to be moved. */
struct apt_system {
    const struct manager_request *request;
    struct arena *arena;
    bool wide; /* the archives' tables are wide */
    struct apt_config config;
    struct dpkg_status status;
    const char *status_path, *updates_path; /* updates: NULL for a bare status file */
    struct text arch_names[LIMIT_ARCHS];
    struct apt_archs archs;
    struct apt_sources sources;
    struct apt_archive *archives; /* in the order of the sources; then what could not be read */
    size_t archive_count;
    struct apt_pins pins;
};
bool apt_system_read(const struct manager_request *request, bool wide, struct arena *arena,
                     struct apt_system *out, struct error *err) MUST_USE;
void apt_system_end(struct apt_system *system);

/* What chooses candidates among its archives. */
bool apt_system_choice(struct apt_system *system, struct apt_choice *out, struct error *err) MUST_USE;

#endif
