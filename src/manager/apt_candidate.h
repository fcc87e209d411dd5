/*
 * Which version of a package apt would install: what `apt-cache policy` prints.
 *
 * All versions that believed archives offer for a package, and the installed one, newest first, each with its
 * priority: of the first record of the preferences that matches it, else the highest of the archives that have it, and
 * 100 for the installed one. The candidate is the first of the highest priority above zero; a version older than the
 * installed one only from priority 1000 on. What an archive may not own (apt_scope.h) is not offered at all: here, other than
 * for apt, it cannot stand before the owner's update. One version text is one version here, also where apt tells two builds of it apart by their dependencies.
 */
#ifndef MANAGER_APT_CANDIDATE_H
#define MANAGER_APT_CANDIDATE_H

#include "manager/apt_archive.h"
#include "manager/apt_phase.h"
#include "manager/apt_pins.h"
#include "manager/apt_scope.h"

struct apt_choice {
    const struct apt_pins *pins;
    const struct apt_archive *archives;
    size_t archive_count;
    struct apt_scope scope; /* filled by apt_choice_open */
    int16_t *priorities;    /* of the archives as wholes */
    int16_t status_priority;
    struct apt_phasing phasing;
    struct text native; /* architecture */
    struct arena *arena;
    struct apt_hit *hits; /* scratch, used again for each package */
    size_t hit_capacity;
};

/* Works out the archives' own priorities; writes nothing into them. */
bool apt_choice_open(struct apt_choice *choice, struct error *err) MUST_USE;

/* Fills the package's offers, candidate, pinned and phased_out. */
bool apt_choice_make(struct apt_choice *choice, struct package *package, struct error *err) MUST_USE;

#endif
