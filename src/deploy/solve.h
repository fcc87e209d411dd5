/*
 * From updates that are wanted to the smallest set of changes that brings them (libsolv's core).
 *
 * A wanted version is installed exactly as it is named or not at all; everything else stays as it is unless a wanted
 * one strictly needs it. First no new package and no removal is allowed. What cannot be had so is tried again with new
 * packages, then with removals: of packages that were installed for others, never of one that a person asked for, of
 * an essential or a held one. What cannot be had at all is refused with the reason in words, and the rest is solved
 * without it. The same universe and wishes always give the same changes.
 *
 * Relations are read and compared by our own rules (model/relation.h, deploy/relate.h): libsolv is given the finished
 * sets and only chooses. A library of its own, because it needs libsolv: only the helper programs link it.
 */
#ifndef DEPLOY_SOLVE_H
#define DEPLOY_SOLVE_H

#include "deploy/relate.h"

#define SOLVE_NONE UINT32_MAX

struct solve_request {
    const struct relate *relate; /* of the universe */
    const struct host *host;     /* held and automatic packages are named there */
    const uint32_t *
        wanted; /* indexes of offered packages, in order of importance: of two that exclude each other the later one is refused */
    size_t wanted_count;
};

struct solve_change {
    uint32_t from, to; /* indexes in the universe; SOLVE_NONE: new, or removed */
    bool wanted;
    uint32_t by;    /* not wanted: the package (installed afterwards) that needs it so, or SOLVE_NONE */
    bool conflicts; /* `by` does not need it, it stands against the version before */
};

struct solve_refusal {
    uint32_t wanted; /* index in the universe */
    struct text why;
};

struct solution {
    struct solve_change *changes; /* by name, then architecture */
    size_t change_count;
    struct solve_refusal *refused; /* in the order of the request */
    size_t refused_count;
};

/* ERROR_INPUT when the relations of a package that is installed cannot be read; ERROR_CONFLICT when held packages exclude each other. */
bool solve(const struct solve_request *request, struct arena *arena, struct solution *out, struct error *err)
    MUST_USE;

#endif
