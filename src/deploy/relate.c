#include "deploy/relate.h"

struct relate_row {
    uint32_t package;
    uint32_t next;       /* row of the same name, or MAP_NONE */
    struct text version; /* absent: provided without one */
};

static bool add_row(struct relate *relate, struct text name, struct relate_row row, struct error *err)
{
    struct relate_row *rows = arena_grow(relate->arena, relate->rows, relate->row_count,
                                         &relate->row_capacity, relate->row_count + 1, sizeof(*rows));

    if (rows == NULL)
        return arena_full(relate->arena, err);
    relate->rows = rows;
    row.next = map_get(&relate->names, name);
    rows[relate->row_count] = row;
    return map_put(&relate->names, name, (uint32_t)relate->row_count++, err);
}

static bool add_package(struct relate *relate, uint32_t index, struct error *err)
{
    const struct universe_package *package = &relate->universe->packages[index];
    struct relation_walk walk = relation_walk_with(package->fields[RELATION_PROVIDES], package->arch);
    struct relation provided;
    struct error ignored; /* what cannot be read provides nothing */
    bool found;

    if (!add_row(relate, package->name, (struct relate_row){.package = index, .version = package->version},
                 err))
        return false;
    while (relation_next(&walk, &provided, &found, &ignored) && found)
        if (!add_row(relate, provided.name,
                     (struct relate_row){.package = index, .version = provided.version}, err))
            return false;
    return true;
}

bool relate_open(const struct universe *universe, struct arena *arena, struct relate *out, struct error *err)
{
    struct relate relate = {.universe = universe, .arena = arena, .names = map_with(arena)};

    /* Backwards: rows of a name are then walked in the universe's order. */
    for (size_t i = universe->count; i > 0; i--)
        if (!add_package(&relate, (uint32_t)(i - 1), err))
            return false;
    *out = relate;
    return true;
}

bool relate_same_arch(const struct universe *universe, struct text a, struct text b)
{
    a = text_equal(a, TEXT("all")) ? universe->native : a;
    b = text_equal(b, TEXT("all")) ? universe->native : b;
    return text_equal(a, b);
}

static bool arch_fits(const struct relate *relate, const struct relation *relation, struct relate_from from,
                      const struct universe_package *package)
{
    const struct universe *universe = relate->universe;

    if (relation->arch.size == 0)
        return from.against || package->multi_arch == MULTI_ARCH_FOREIGN ||
               relate_same_arch(universe, universe->packages[from.package].arch, package->arch);
    if (text_equal(relation->arch, TEXT("any")))
        return from.against || package->multi_arch == MULTI_ARCH_ALLOWED;
    if (text_equal(relation->arch, TEXT("native")))
        return relate_same_arch(universe, universe->native, package->arch);
    return relate_same_arch(universe, relation->arch, package->arch);
}

/* Two versions of one package, or one package in two architectures. */
static bool is_kin(const struct universe_package *a, const struct universe_package *b)
{
    return text_equal(a->name, b->name);
}

static bool row_means(const struct relate_walk *walk, const struct relate_row *row)
{
    const struct universe_package *packages = walk->relate->universe->packages;

    return !(walk->from.against && is_kin(&packages[row->package], &packages[walk->from.package])) &&
           relation_holds(walk->relation, row->version) &&
           arch_fits(walk->relate, walk->relation, walk->from, &packages[row->package]);
}

struct relate_walk relate_find(const struct relate *relate, const struct relation *relation,
                               struct relate_from from)
{
    return (struct relate_walk){relate, relation, from, map_get(&relate->names, relation->name)};
}

bool relate_next(struct relate_walk *walk, uint32_t *package)
{
    while (walk->row != MAP_NONE) {
        const struct relate_row *row = &walk->relate->rows[walk->row];
        walk->row = row->next;
        if (row_means(walk, row)) {
            *package = row->package;
            return true;
        }
    }
    return false;
}

struct relation_walk relate_walk_field(const struct relate *relate, uint32_t package, enum relation_kind kind)
{
    const struct universe_package *from = &relate->universe->packages[package];

    return relation_walk_with(from->fields[kind], from->arch);
}

bool relate_next_group(struct relation_walk *walk, struct relate_group *out, bool *found, struct error *err)
{
    struct relation next;
    bool more;

    out->count = 0;
    for (;;) {
        struct relation_walk before = *walk;
        if (!relation_next(walk, &next, &more, err))
            return false;
        if (more && next.first && out->count > 0) {
            *walk = before; /* it begins the next group */
            break;
        }
        if (!more)
            break;
        if (out->count < LIMIT_ALTERNATIVES)
            out->alternatives[out->count++] = next;
    }
    *found = out->count > 0;
    return true;
}

bool relate_means(const struct relate *relate, const struct relation *relation, struct relate_from from,
                  uint32_t package)
{
    struct relate_walk walk = relate_find(relate, relation, from);
    uint32_t found;

    while (relate_next(&walk, &found))
        if (found == package)
            return true;
    return false;
}
