/*
 * A universe as libsolv sees it: for deploy/solve alone.
 *
 * Every distinct relation is one made-up capability, provided by the packages that it means: so the rules of names,
 * versions and architectures stay ours. Packages of other architectures than the native one have it in their name.
 */
#ifndef DEPLOY_SOLVE_POOL_H
#define DEPLOY_SOLVE_POOL_H

#include <solv/pool.h>

#include "deploy/relate.h"

struct solve_pool {
    const struct relate *relate;
    struct arena *arena;
    Pool *pool;
    Id first;                /* solvable of universe.packages[0]; the others follow in order */
    struct map capabilities; /* relation, and the architecture of who states it -> index into texts */
    struct text *texts;      /* of the relation, as it stands */
    Id *ids;                 /* its capability */
    size_t count, capacity, id_capacity;
};

/* OWN(solve_pool_end). ERROR_INPUT: a relation of an installed package cannot be read. */
bool solve_pool_open(const struct relate *relate, struct arena *arena, struct solve_pool *out,
                     struct error *err) MUST_USE;
void solve_pool_end(struct solve_pool *pool);

static inline Id solve_pool_id(const struct solve_pool *pool, uint32_t package)
{
    return pool->first + (Id)package;
}
/* SOLVE_NONE-like UINT32_MAX for what is no package of the universe. */
uint32_t solve_pool_package(const struct solve_pool *pool, Id solvable);
/* The relation, or the group of them, that a capability stands for; at == NULL when memory is out. */
struct text solve_pool_text(const struct solve_pool *pool, Id capability);

#endif
