/*
 * Which packages of a universe a relation means: by name or by what they provide, by version, and by architecture.
 *
 * The rules are dpkg's. A relation without an architecture means packages of the one that states it, and those that
 * are Multi-Arch: foreign; "name:any" means packages of any that are Multi-Arch: allowed; Conflicts and Breaks without
 * one strike every architecture. "all" counts as the native one. What is provided without a version satisfies no
 * relation that has one.
 */
#ifndef DEPLOY_RELATE_H
#define DEPLOY_RELATE_H

#include "base/limits.h"
#include "base/map.h"
#include "model/universe.h"

struct relate_row;

struct relate {
    const struct universe *universe;
    struct arena *arena;
    struct map names;
    struct relate_row *rows;
    size_t row_count, row_capacity;
};
bool relate_open(const struct universe *universe, struct arena *arena, struct relate *out, struct error *err)
    MUST_USE;

/* What states the relation: the index of its package, and whether it is Conflicts or Breaks. */
struct relate_from {
    uint32_t package;
    bool against;
};

/* The packages that the relation means; one may come twice. A package is never meant by what it holds against others itself. */
struct relate_walk {
    const struct relate *relate;
    const struct relation *relation;
    struct relate_from from;
    uint32_t row;
};
struct relate_walk relate_find(const struct relate *relate, const struct relation *relation,
                               struct relate_from from);
bool relate_next(struct relate_walk *walk, uint32_t *package);

/* One group of a field: its alternatives. Those beyond LIMIT_ALTERNATIVES are not looked at. */
struct relate_group {
    struct relation alternatives[LIMIT_ALTERNATIVES];
    size_t count;
};
/* The next group of a field that the package states; *found is false at the end. Errors name the field's place. */
bool relate_next_group(struct relation_walk *walk, struct relate_group *out, bool *found, struct error *err)
    MUST_USE;
/* The walk over a field of a package. */
struct relation_walk relate_walk_field(const struct relate *relate, uint32_t package,
                                       enum relation_kind kind);

bool relate_means(const struct relate *relate, const struct relation *relation, struct relate_from from,
                  uint32_t package);

/* Whether two architectures are one to dpkg: "all" is the native one. */
bool relate_same_arch(const struct universe *universe, struct text a, struct text b);

#endif
