#include "deploy/solve_pool.h"

#include <stdio.h>

#include <solv/repo.h>

/* A package that can never be installed asks for this, which nothing provides. */
#define BROKEN "@broken"

void solve_pool_end(struct solve_pool *pool)
{
    if (pool->pool != NULL)
        pool_free(pool->pool);
    pool->pool = NULL;
}

uint32_t solve_pool_package(const struct solve_pool *pool, Id solvable)
{
    size_t count = pool->relate->universe->count;

    return solvable >= pool->first && (size_t)(solvable - pool->first) < count
               ? (uint32_t)(solvable - pool->first)
               : UINT32_MAX;
}

/* libsolv wants C strings of known length. */
static Id make_id(struct solve_pool *pool, struct text text)
{
    return pool_strn2id(pool->pool, text.at, (unsigned)text.size, 1);
}

static Id name_id(struct solve_pool *pool, const struct universe_package *package)
{
    const struct universe *universe = pool->relate->universe;
    struct text name = package->name;

    if (!relate_same_arch(universe, package->arch, universe->native))
        name = text_format(pool->arena, "%.*s:%.*s", TEXT_ARG(name), TEXT_ARG(package->arch));
    return name.at == NULL ? 0 : make_id(pool, name);
}

/* A package with its name and version; what it needs and provides comes when all are there. */
static bool add_solvable(struct solve_pool *pool, Repo *repo, const struct universe_package *package,
                         struct error *err)
{
    Id name = name_id(pool, package), id = repo_add_solvable(repo);
    Solvable *s = pool_id2solvable(pool->pool, id);

    if (name == 0)
        return arena_full(pool->arena, err);
    if (pool->first == 0)
        pool->first = id;
    s->name = name;
    s->evr = make_id(pool, package->version.size > 0 ? package->version : TEXT("0"));
    s->arch = ARCH_ALL; /* its name says it: libsolv is to have no opinion */
    s->provides = repo_addid_dep(repo, s->provides, pool_rel2id(pool->pool, s->name, s->evr, REL_EQ, 1), 0);
    return true;
}

/* A made-up capability, and every package that the relation means provides it. */
static bool make_capability(struct solve_pool *pool, const struct relation *relation, struct relate_from from,
                            struct text key, struct error *err)
{
    struct relate_walk walk = relate_find(pool->relate, relation, from);
    char name[32];
    uint32_t package;

    struct text *texts =
        arena_grow(pool->arena, pool->texts, pool->count, &pool->capacity, pool->count + 1, sizeof(*texts));
    Id *ids =
        arena_grow(pool->arena, pool->ids, pool->count, &pool->id_capacity, pool->count + 1, sizeof(*ids));
    if (texts == NULL || ids == NULL)
        return arena_full(pool->arena, err);
    pool->texts = texts;
    pool->ids = ids;
    (void)snprintf(name, sizeof(name), "@%zu", pool->count);
    Id id = pool_str2id(pool->pool, name, 1);
    texts[pool->count] = relation->raw;
    ids[pool->count] = id;
    while (relate_next(&walk, &package)) {
        Solvable *s = pool_id2solvable(pool->pool, solve_pool_id(pool, package));
        s->provides = repo_addid(s->repo, s->provides, id);
    }
    return map_put(&pool->capabilities, key, (uint32_t)pool->count++, err);
}

/* The same words of the same architecture mean the same packages; against its own kin each is apart. */
static bool capability_of(struct solve_pool *pool, const struct relation *relation, struct relate_from from,
                          Id *out, struct error *err)
{
    const struct universe *universe = pool->relate->universe;
    const struct universe_package *package = &universe->packages[from.package];
    struct text key = relation->raw;

    if (from.against)
        key = text_format(pool->arena, "%.*s !%.*s", TEXT_ARG(key), TEXT_ARG(package->name));
    else if (universe->arch_count > 1 && !relate_same_arch(universe, package->arch, universe->native))
        key = text_format(pool->arena, "%.*s ?%.*s", TEXT_ARG(key), TEXT_ARG(package->arch));
    if (key.at == NULL)
        return arena_full(pool->arena, err);
    uint32_t found = map_get(&pool->capabilities, key);
    if (found == MAP_NONE) {
        if (!make_capability(pool, relation, from, key, err))
            return false;
        found = (uint32_t)pool->count - 1;
    }
    *out = pool->ids[found];
    return true;
}

static bool add_needs(struct solve_pool *pool, uint32_t package, enum relation_kind kind, struct error *err)
{
    Solvable *s = pool_id2solvable(pool->pool, solve_pool_id(pool, package));
    struct relation_walk walk = relate_walk_field(pool->relate, package, kind);
    struct relate_group group;
    bool found;

    for (;;) {
        if (!relate_next_group(&walk, &group, &found, err))
            return error_at(err, "%s", relation_kind_name(kind));
        if (!found)
            return true;
        Id whole = 0, one;
        for (size_t i = group.count; i > 0; i--) { /* a | (b | c) */
            if (!capability_of(pool, &group.alternatives[i - 1], (struct relate_from){package, false}, &one,
                               err))
                return false;
            whole = whole == 0 ? one : pool_rel2id(pool->pool, one, whole, REL_OR, 1);
        }
        s->requires = repo_addid(s->repo, s->requires, whole);
    }
}

static bool add_conflicts(struct solve_pool *pool, uint32_t package, enum relation_kind kind,
                          struct error *err)
{
    Solvable *s = pool_id2solvable(pool->pool, solve_pool_id(pool, package));
    struct relation_walk walk = relate_walk_field(pool->relate, package, kind);
    struct relation relation;
    bool found;
    Id id;

    for (;;) {
        if (!relation_next(&walk, &relation, &found, err))
            return error_at(err, "%s", relation_kind_name(kind));
        if (!found)
            return true;
        if (!capability_of(pool, &relation, (struct relate_from){package, true}, &id, err))
            return false;
        s->conflicts = repo_addid(s->repo, s->conflicts, id);
    }
}

/* Siblings in other architectures: only Multi-Arch: same stands beside one of its name, and only in one version. */
static void add_siblings(struct solve_pool *pool, uint32_t package)
{
    const struct universe *universe = pool->relate->universe;
    const struct universe_package *one = &universe->packages[package];
    Solvable *s = pool_id2solvable(pool->pool, solve_pool_id(pool, package));
    struct relation name = {.name = one->name};
    struct relate_walk walk = relate_find(pool->relate, &name, (struct relate_from){package, false});
    uint32_t other;

    for (size_t i = 0; i < universe->arch_count; i++) {
        name.arch = universe->archs[i];
        walk = relate_find(pool->relate, &name, (struct relate_from){package, false});
        while (relate_next(&walk, &other)) {
            const struct universe_package *sibling = &universe->packages[other];
            if (!text_equal(sibling->name, one->name) || relate_same_arch(universe, sibling->arch, one->arch))
                continue;
            if (one->multi_arch == MULTI_ARCH_SAME && sibling->multi_arch == MULTI_ARCH_SAME &&
                text_equal(one->version, sibling->version))
                continue;
            Solvable *against = pool_id2solvable(pool->pool, solve_pool_id(pool, other));
            s->conflicts = repo_addid(s->repo, s->conflicts,
                                      pool_rel2id(pool->pool, against->name, against->evr, REL_EQ, 1));
        }
    }
}

static bool add_relations(struct solve_pool *pool, uint32_t package, struct error *err)
{
    if (pool->relate->universe->arch_count > 1)
        add_siblings(pool, package);
    return add_needs(pool, package, RELATION_PRE_DEPENDS, err) &&
           add_needs(pool, package, RELATION_DEPENDS, err) &&
           add_conflicts(pool, package, RELATION_CONFLICTS, err) &&
           add_conflicts(pool, package, RELATION_BREAKS, err);
}

bool solve_pool_open(const struct relate *relate, struct arena *arena, struct solve_pool *out,
                     struct error *err)
{
    const struct universe *universe = relate->universe;
    struct solve_pool *pool = out;

    *pool = (struct solve_pool){
        .relate = relate, .arena = arena, .pool = pool_create(), .capabilities = map_with(arena)};
    if (pool_setdisttype(pool->pool, DISTTYPE_DEB) < 0)
        return error_set(err, ERROR_SYSTEM, "this libsolv was built without Debian's rules");
    Repo *installed = repo_create(pool->pool, "installed"), *offered = repo_create(pool->pool, "offered");
    pool_set_installed(pool->pool, installed);
    for (size_t i = 0; i < universe->count; i++)
        if (!add_solvable(pool, i < universe->installed_count ? installed : offered, &universe->packages[i],
                          err))
            return false;
    for (uint32_t i = 0; i < universe->count; i++) {
        const struct universe_package *package = &universe->packages[i];
        if (add_relations(pool, i, err))
            continue;
        if (err->kind == ERROR_LIMIT)
            return false;
        if (package->installed)
            return error_at(err, "%.*s", TEXT_ARG(package->name));
        Solvable *s = pool_id2solvable(pool->pool, solve_pool_id(pool, i));
        s->requires = repo_addid(s->repo, s->requires, pool_str2id(pool->pool, BROKEN, 1));
    }
    pool_createwhatprovides(pool->pool);
    return true;
}

struct text solve_pool_text(const struct solve_pool *pool, Id capability)
{
    if (ISRELDEP((unsigned)capability)) {
        const Reldep *both = pool->pool->rels + GETRELID((unsigned)capability);
        struct text one = solve_pool_text(pool, both->name), rest = solve_pool_text(pool, both->evr);
        return text_format(pool->arena, "%.*s | %.*s", TEXT_ARG(one), TEXT_ARG(rest));
    }
    const char *name = pool_id2str(pool->pool, capability);
    uint64_t index;
    struct error ignored;
    if (name[0] == '@' && text_to_u64(text_of(name + 1), &index, &ignored) && index < pool->count)
        return pool->texts[index];
    return TEXT("relations that cannot be read");
}
