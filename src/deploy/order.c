#include "deploy/order.h"

#include <stdlib.h>

#define NONE UINT32_MAX

/* `from` goes not before `to`. */
struct edge {
    uint32_t from, to;
};

enum presence { PRESENCE_NEVER, PRESENCE_STAYS, PRESENCE_GOES, PRESENCE_COMES };

struct work {
    const struct relate *relate;
    struct arena *arena;
    struct order_change *changes;
    size_t count;
    uint8_t *presence; /* of each package of the universe */
    uint32_t *owner;   /* the change that it goes or comes with */
    struct edge *edges;
    size_t edge_count, edge_capacity;
    bool *apart; /* of each change: its source is not one group by itself */
    bool pre;    /* what is looked at now is Pre-Depends */
};

static bool add_edge(struct work *work, uint32_t from, uint32_t to, struct error *err)
{
    if (from == to)
        return true;
    struct edge *edges = arena_grow(work->arena, work->edges, work->edge_count, &work->edge_capacity,
                                    work->edge_count + 1, sizeof(*edges));
    if (edges == NULL)
        return arena_full(work->arena, err);
    work->edges = edges;
    edges[work->edge_count++] = (struct edge){from, to};
    return true;
}

/* What a group of alternatives means of the changes. */
struct meant {
    bool always;            /* something satisfies it before, between and after */
    uint32_t *goes, *comes; /* changes whose old, or new, package satisfies it */
    size_t goes_count, comes_count;
};

static void mean_change(uint32_t *changes, size_t *count, uint32_t change)
{
    for (size_t i = 0; i < *count; i++)
        if (changes[i] == change)
            return;
    changes[(*count)++] = change;
}

static void mean(const struct work *work, uint32_t found, struct meant *into)
{
    if (work->presence[found] == PRESENCE_STAYS)
        into->always = true;
    else if (work->presence[found] == PRESENCE_GOES)
        mean_change(into->goes, &into->goes_count, work->owner[found]);
    else if (work->presence[found] == PRESENCE_COMES)
        mean_change(into->comes, &into->comes_count, work->owner[found]);
}

static void look_up(const struct work *work, const struct relate_group *group, uint32_t package,
                    struct meant *out)
{
    uint32_t found;

    out->always = false;
    out->goes_count = out->comes_count = 0;
    for (size_t i = 0; i < group->count && !out->always; i++) {
        struct relate_walk walk =
            relate_find(work->relate, &group->alternatives[i], (struct relate_from){package, false});
        while (relate_next(&walk, &found))
            mean(work, found, out);
    }
    for (size_t i = 0; i < out->goes_count && !out->always; i++)
        for (size_t k = 0; k < out->comes_count; k++)
            out->always = out->always || out->goes[i] == out->comes[k];
}

/* What this group of a package that comes, goes or stays says about the order. */
static bool order_group(struct work *work, uint32_t package, const struct meant *meant, struct error *err)
{
    uint32_t own = work->owner[package];

    switch ((enum presence)work->presence[package]) {
    case PRESENCE_COMES:
        for (size_t i = 0; i < meant->comes_count; i++) {
            if (work->pre && own != meant->comes[i])
                work->apart[own] = work->apart[meant->comes[i]] = true;
            if (!add_edge(work, own, meant->comes[i], err))
                return false;
        }
        return true;
    case PRESENCE_GOES:
        for (size_t i = 0; i < meant->goes_count; i++)
            if (!add_edge(work, meant->goes[i], own, err))
                return false;
        return true;
    case PRESENCE_STAYS:
        for (size_t i = 0; i < meant->goes_count; i++)
            for (size_t k = 0; k < meant->comes_count; k++)
                if (!add_edge(work, meant->goes[i], meant->comes[k], err))
                    return false;
        return true;
    case PRESENCE_NEVER:
        break;
    }
    return true;
}

static bool order_needs(struct work *work, uint32_t package, enum relation_kind kind, struct meant *scratch,
                        struct error *err)
{
    struct relation_walk walk = relate_walk_field(work->relate, package, kind);
    struct relate_group group;
    bool found;

    work->pre = kind == RELATION_PRE_DEPENDS;
    for (;;) {
        if (!relate_next_group(&walk, &group, &found, err))
            return false;
        if (!found)
            return true;
        look_up(work, &group, package, scratch);
        if (!scratch->always && !order_group(work, package, scratch, err))
            return false;
    }
}

static bool order_conflicts(struct work *work, uint32_t package, enum relation_kind kind, struct error *err)
{
    struct relation_walk walk = relate_walk_field(work->relate, package, kind);
    struct relation relation;
    uint32_t other;
    bool found;

    for (;;) {
        if (!relation_next(&walk, &relation, &found, err))
            return false;
        if (!found)
            return true;
        struct relate_walk struck = relate_find(work->relate, &relation, (struct relate_from){package, true});
        while (relate_next(&struck, &other)) {
            bool comes = work->presence[package] == PRESENCE_COMES;
            if (work->presence[other] != (comes ? PRESENCE_GOES : PRESENCE_COMES))
                continue;
            uint32_t first = comes ? package : other, second = comes ? other : package;
            if (!add_edge(work, work->owner[first], work->owner[second], err))
                return false;
        }
    }
}

static bool find_edges(struct work *work, struct error *err)
{
    const struct universe *universe = work->relate->universe;
    struct meant scratch = {
        .goes = ARENA_ARRAY(work->arena, uint32_t, work->count),
        .comes = ARENA_ARRAY(work->arena, uint32_t, work->count),
    };

    if (scratch.goes == NULL || scratch.comes == NULL)
        return arena_full(work->arena, err);
    for (uint32_t i = 0; i < universe->count; i++) {
        uint8_t presence = work->presence[i];
        if (presence == PRESENCE_NEVER)
            continue;
        if (!order_needs(work, i, RELATION_PRE_DEPENDS, &scratch, err) ||
            !order_needs(work, i, RELATION_DEPENDS, &scratch, err))
            return error_at(err, "%.*s", TEXT_ARG(universe->packages[i].name));
        if (presence != PRESENCE_STAYS && (!order_conflicts(work, i, RELATION_CONFLICTS, err) ||
                                           !order_conflicts(work, i, RELATION_BREAKS, err)))
            return error_at(err, "%.*s", TEXT_ARG(universe->packages[i].name));
    }
    return true;
}

/* A change and the source that its new package is built from. */
struct member {
    struct text source;
    uint32_t change;
};

static int compare_members(const void *a, const void *b)
{
    const struct member *one = a, *other = b;
    int order = text_compare(one->source, other->source);

    return order != 0 ? order : (one->change > other->change) - (one->change < other->change);
}

/* Packages of one source go together: a ring of edges. */
static bool join_sources(struct work *work, struct error *err)
{
    struct member *members = ARENA_ARRAY(work->arena, struct member, work->count);
    size_t count = 0;

    if (members == NULL)
        return arena_full(work->arena, err);
    for (uint32_t i = 0; i < work->count; i++)
        if (work->changes[i].to != NONE && !work->apart[i])
            members[count++] =
                (struct member){work->relate->universe->packages[work->changes[i].to].source, i};
    if (count > 1)
        qsort(members, count, sizeof(*members), compare_members);
    for (size_t i = 1; i < count; i++)
        if (text_equal(members[i - 1].source, members[i].source) &&
            (!add_edge(work, members[i - 1].change, members[i].change, err) ||
             !add_edge(work, members[i].change, members[i - 1].change, err)))
            return false;
    return true;
}

static int compare_edges(const void *a, const void *b)
{
    const struct edge *one = a, *other = b;

    if (one->from != other->from)
        return one->from < other->from ? -1 : 1;
    return (one->to > other->to) - (one->to < other->to);
}

/* Tarjan's search, with a stack of its own: a component is complete when all that it waits for is. */
struct search {
    struct work *work;
    uint32_t *first; /* of each change: its first edge; one more than changes */
    uint32_t *seen;  /* number in the order of the search, from 1 */
    uint32_t *low;
    uint32_t *next; /* edge to look at next */
    uint32_t *open; /* stack of what belongs to no component yet */
    uint32_t *path; /* stack of the search */
    bool *is_open;
    uint32_t open_count, path_count, seen_count, group_count;
};

static bool search_open(struct work *work, struct search *out, struct error *err)
{
    struct search search = {.work = work};
    uint32_t **const arrays[] = {&search.first, &search.seen, &search.low,
                                 &search.next,  &search.open, &search.path};

    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
        *arrays[i] = ARENA_ARRAY(work->arena, uint32_t, work->count + 1);
        if (*arrays[i] == NULL)
            return arena_full(work->arena, err);
    }
    search.is_open = ARENA_ARRAY(work->arena, bool, work->count + 1);
    if (search.is_open == NULL)
        return arena_full(work->arena, err);
    if (work->edge_count > 1)
        qsort(work->edges, work->edge_count, sizeof(*work->edges), compare_edges);
    for (size_t i = 0; i < work->edge_count; i++)
        search.first[work->edges[i].from + 1]++;
    for (size_t i = 0; i < work->count; i++)
        search.first[i + 1] += search.first[i];
    *out = search;
    return true;
}

static void enter(struct search *search, uint32_t change)
{
    search->seen[change] = search->low[change] = ++search->seen_count;
    search->next[change] = search->first[change];
    search->open[search->open_count++] = change;
    search->is_open[change] = true;
    search->path[search->path_count++] = change;
}

/* All that was opened since this change is one component with it. */
static void close_component(struct search *search, uint32_t change)
{
    uint32_t member;

    do {
        member = search->open[--search->open_count];
        search->is_open[member] = false;
        search->work->changes[member].group = search->group_count;
    } while (member != change);
    search->group_count++;
}

static void leave(struct search *search, uint32_t change)
{
    if (search->low[change] == search->seen[change])
        close_component(search, change);
    search->path_count--;
    if (search->path_count > 0) {
        uint32_t parent = search->path[search->path_count - 1];
        if (search->low[change] < search->low[parent])
            search->low[parent] = search->low[change];
    }
}

static void search_from(struct search *search, uint32_t start)
{
    enter(search, start);
    while (search->path_count > 0) {
        uint32_t change = search->path[search->path_count - 1];
        if (search->next[change] == search->first[change + 1]) {
            leave(search, change);
            continue;
        }
        uint32_t to = search->work->edges[search->next[change]++].to;
        if (search->seen[to] == 0)
            enter(search, to);
        else if (search->is_open[to] && search->seen[to] < search->low[change])
            search->low[change] = search->seen[to];
    }
}

static bool work_open(const struct relate *relate, struct order_change *changes, size_t count,
                      struct arena *arena, struct work *out)
{
    const struct universe *universe = relate->universe;
    struct work work = {
        .relate = relate,
        .arena = arena,
        .changes = changes,
        .count = count,
        .presence = ARENA_ARRAY(arena, uint8_t, universe->count),
        .owner = ARENA_ARRAY(arena, uint32_t, universe->count),
        .apart = ARENA_ARRAY(arena, bool, count),
    };

    if (work.presence == NULL || work.owner == NULL || work.apart == NULL)
        return false;
    for (size_t i = 0; i < universe->installed_count; i++)
        work.presence[i] = PRESENCE_STAYS;
    for (uint32_t i = 0; i < count; i++) {
        if (changes[i].from != NONE) {
            work.presence[changes[i].from] = PRESENCE_GOES;
            work.owner[changes[i].from] = i;
        }
        if (changes[i].to != NONE) {
            work.presence[changes[i].to] = PRESENCE_COMES;
            work.owner[changes[i].to] = i;
        }
    }
    *out = work;
    return true;
}

bool order_groups(const struct relate *relate, struct order_change *changes, size_t count,
                  struct arena *arena, uint32_t *group_count, struct error *err)
{
    struct work work;
    struct search search;

    if (!work_open(relate, changes, count, arena, &work))
        return arena_full(arena, err);
    if (!find_edges(&work, err) || !join_sources(&work, err) || !search_open(&work, &search, err))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (search.seen[i] == 0)
            search_from(&search, i);
    *group_count = search.group_count;
    return true;
}
