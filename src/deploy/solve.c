#include "deploy/solve.h"

#include <stdlib.h>

#include <solv/solver.h>

#include "base/own.h"
#include "deploy/solve_pool.h"

/* What is allowed, one after the other. */
enum stage { STAGE_UPDATES, STAGE_NEW, STAGE_REMOVALS, STAGE_COUNT };

struct work {
    const struct solve_request *request;
    const struct universe *universe;
    struct arena *arena;
    struct solve_pool pool;
    bool *chosen;         /* of request->wanted: still asked for */
    struct text *refused; /* of request->wanted: why not; absent: not refused */
    uint32_t *successor;  /* of each installed package: what stands there afterwards, or SOLVE_NONE */
    bool *after;          /* of each package: is there afterwards */
    bool *first;          /* of each package: is the first alternative of some offered one */
};

static void end_solver(Solver **solver)
{
    if (*solver != NULL)
        solver_free(*solver);
}

static void end_queue(Queue *queue)
{
    queue_free(queue);
}

static const struct package *installed_package(const struct work *work, uint32_t index)
{
    return &work->request->host->packages[work->universe->packages[index].package];
}

/* A person may have asked for it, or the system cannot be without it. */
static bool must_stay(const struct work *work, uint32_t index)
{
    return work->universe->packages[index].essential || !installed_package(work, index)->automatic;
}

/* A choice among new packages falls on what its dependent names first. */
static bool find_first(struct work *work, struct error *err)
{
    const struct universe *universe = work->universe;
    struct relation relation;
    struct error ignored; /* what cannot be read is never installed */
    uint32_t found;
    bool more;

    work->first = ARENA_ARRAY(work->arena, bool, universe->count);
    if (work->first == NULL)
        return arena_full(work->arena, err);
    for (uint32_t i = (uint32_t)universe->installed_count; i < universe->count; i++) {
        struct relation_walk walk = relate_walk_field(work->request->relate, i, RELATION_DEPENDS);
        while (relation_next(&walk, &relation, &more, &ignored) && more) {
            struct relate_walk meant =
                relate_find(work->request->relate, &relation, (struct relate_from){i, false});
            while (relation.first && relate_next(&meant, &found))
                if (text_equal(universe->packages[found].name, relation.name))
                    work->first[found] = true;
        }
    }
    return true;
}

static bool is_new(const struct universe_package *package)
{
    return !package->installed && package->package == PACKAGE_NONE;
}

/* Of those that are disfavoured, libsolv takes the one that was said first before the others. */
static void disfavour_new(const struct work *work, Queue *jobs)
{
    for (int first = 1; first >= 0; first--)
        for (size_t i = work->universe->count; i > work->universe->installed_count; i--)
            if (is_new(&work->universe->packages[i - 1]) && work->first[i - 1] == (first == 1))
                queue_push2(jobs, SOLVER_DISFAVOR | SOLVER_SOLVABLE,
                            solve_pool_id(&work->pool, (uint32_t)(i - 1)));
}

/* The jobs begin with the wanted ones that are still asked for, in their order. */
static void make_jobs(const struct work *work, enum stage stage, Queue *jobs)
{
    const struct universe *universe = work->universe;

    for (size_t i = 0; i < work->request->wanted_count; i++)
        if (work->chosen[i])
            queue_push2(jobs, SOLVER_INSTALL | SOLVER_SOLVABLE,
                        solve_pool_id(&work->pool, work->request->wanted[i]));
    for (uint32_t i = 0; i < universe->count; i++) {
        Id id = solve_pool_id(&work->pool, i);
        if (!universe->packages[i].installed) {
            if (stage == STAGE_UPDATES && is_new(&universe->packages[i]))
                queue_push2(jobs, SOLVER_LOCK | SOLVER_SOLVABLE, id);
        } else if (installed_package(work, i)->held) {
            queue_push2(jobs, SOLVER_LOCK | SOLVER_SOLVABLE, id);
        } else if (stage == STAGE_REMOVALS && !must_stay(work, i)) {
            queue_push2(jobs, SOLVER_ALLOWUNINSTALL | SOLVER_SOLVABLE, id);
        }
    }
    if (stage != STAGE_UPDATES)
        disfavour_new(work, jobs);
}

static struct text spell(const struct work *work, uint32_t index)
{
    const struct universe_package *package = &work->universe->packages[index];

    return text_format(work->arena, "%.*s %.*s", TEXT_ARG(package->name), TEXT_ARG(package->version));
}

/* What is said of a package that stands in the way. */
static const char *standing_of(const struct work *work, uint32_t index)
{
    const struct universe_package *package = &work->universe->packages[index];

    if (package->installed)
        return installed_package(work, index)->held ? ", which is held" : ", which is installed";
    if (package->package != PACKAGE_NONE && work->request->host->packages[package->package].held)
        return ", of which another version is held";
    return package->package == PACKAGE_NONE ? ", which is not installed" : "";
}

/* A package that would be there, needs something that some package has, and yet that one cannot come. */
static struct text explain_need(const struct work *work, uint32_t from, Id dep)
{
    struct text who = from == UINT32_MAX ? TEXT("it") : spell(work, from);
    struct text what = solve_pool_text(&work->pool, dep);
    Id *provider = pool_whatprovides_ptr(work->pool.pool, dep);

    if (from != UINT32_MAX && work->universe->packages[from].installed)
        return text_format(work->arena, "%.*s, which is installed, needs %.*s", TEXT_ARG(who),
                           TEXT_ARG(what));
    for (; *provider != 0; provider++) {
        uint32_t index = solve_pool_package(&work->pool, *provider);
        uint32_t package = index == UINT32_MAX ? PACKAGE_NONE : work->universe->packages[index].package;
        if (package != PACKAGE_NONE && work->request->host->packages[package].held)
            return text_format(work->arena, "%.*s needs %.*s, and %.*s is held", TEXT_ARG(who),
                               TEXT_ARG(what), TEXT_ARG(work->universe->packages[index].name));
    }
    return text_format(work->arena, "%.*s needs %.*s, which stands against what must stay", TEXT_ARG(who),
                       TEXT_ARG(what));
}

/* libsolv's finding in our words. */
static struct text explain(const struct work *work, Solver *solver, Id problem)
{
    Id source = 0, target = 0, dep = 0;
    SolverRuleinfo info =
        solver_ruleinfo(solver, solver_findproblemrule(solver, problem), &source, &target, &dep);
    uint32_t from = solve_pool_package(&work->pool, source), to = solve_pool_package(&work->pool, target);
    struct text who = from == UINT32_MAX ? TEXT("it") : spell(work, from);

    switch ((unsigned)info) {
    case SOLVER_RULE_PKG_NOTHING_PROVIDES_DEP: {
        struct text what = solve_pool_text(&work->pool, dep);
        return text_format(work->arena, "%.*s needs %.*s, which no archive here offers", TEXT_ARG(who),
                           TEXT_ARG(what));
    }
    case SOLVER_RULE_PKG_REQUIRES:
        return explain_need(work, from, dep);
    case SOLVER_RULE_PKG_CONFLICTS:
    case SOLVER_RULE_PKG_SAME_NAME:
    case SOLVER_RULE_PKG_IMPLICIT_OBSOLETES:
    case SOLVER_RULE_PKG_OBSOLETES:
    case SOLVER_RULE_PKG_INSTALLED_OBSOLETES:
        if (to != UINT32_MAX) {
            struct text whom = spell(work, to);
            return text_format(work->arena, "%.*s stands against %.*s%s", TEXT_ARG(who), TEXT_ARG(whom),
                               standing_of(work, to));
        }
        break;
    default:
        break;
    }
    return text_format(work->arena, "%.*s cannot be brought together with what is installed", TEXT_ARG(who));
}

/* The last of the wanted ones that take part in the problem, as an index into request->wanted; SIZE_MAX: none does. */
static size_t last_wanted(const struct work *work, Solver *solver, Id problem)
{
    OWN(end_queue) Queue rules = {0};
    size_t last = SIZE_MAX;

    queue_init(&rules);
    solver_findallproblemrules(solver, problem, &rules);
    for (int i = 0; i < rules.count; i++) {
        Id what = 0;
        Id how = solver_rule2job(solver, rules.elements[i], &what);
        if ((how & SOLVER_JOBMASK) != SOLVER_INSTALL)
            continue;
        uint32_t package = solve_pool_package(&work->pool, what);
        for (size_t k = 0; k < work->request->wanted_count; k++)
            if (work->chosen[k] && work->request->wanted[k] == package && (last == SIZE_MAX || k > last))
                last = k;
    }
    return last;
}

/* Leaves out one wanted package of each problem. */
static bool leave_out(struct work *work, Solver *solver, struct error *err)
{
    bool left = false;
    Id problem = 0;

    while ((problem = solver_next_problem(solver, problem)) != 0) {
        size_t wanted = last_wanted(work, solver, problem);
        if (wanted == SIZE_MAX)
            continue;
        work->refused[wanted] = explain(work, solver, problem);
        if (work->refused[wanted].at == NULL)
            return arena_full(work->arena, err);
        work->chosen[wanted] = false;
        left = true;
    }
    return left ||
           error_set(err, ERROR_CONFLICT,
                     "what is installed contradicts itself (apt-get check says how): nothing can be planned");
}

static void take_result(struct work *work, Solver *solver)
{
    const struct universe *universe = work->universe;

    for (uint32_t i = 0; i < universe->count; i++)
        work->after[i] = solver_get_decisionlevel(solver, solve_pool_id(&work->pool, i)) > 0;
    for (uint32_t i = 0; i < universe->installed_count; i++)
        work->successor[i] = work->after[i] ? i : SOLVE_NONE;
    for (uint32_t i = (uint32_t)universe->installed_count; i < universe->count; i++)
        if (work->after[i] && universe->packages[i].package != PACKAGE_NONE)
            work->successor[universe->packages[i].package] = i;
}

/* Solves until every problem is gone; what was in the way is left out. */
static bool solve_stage(struct work *work, enum stage stage, struct error *err)
{
    for (;;) {
        OWN(end_queue) Queue jobs = {0};
        OWN(end_solver) Solver *solver = solver_create(work->pool.pool);
        queue_init(&jobs);
        make_jobs(work, stage, &jobs);
        solver_set_flag(solver, SOLVER_FLAG_IGNORE_RECOMMENDED, 1);
        solver_set_flag(solver, SOLVER_FLAG_ALLOW_DOWNGRADE, 1); /* a pin may choose an older version */
        if (solver_solve(solver, &jobs) == 0) {
            take_result(work, solver);
            return true;
        }
        if (!leave_out(work, solver, err))
            return false;
    }
}

static bool any_refused(const struct work *work)
{
    for (size_t i = 0; i < work->request->wanted_count; i++)
        if (!work->chosen[i])
            return true;
    return false;
}

/* What was refused with less is tried with more. */
static bool solve_stages(struct work *work, struct error *err)
{
    for (unsigned stage = STAGE_UPDATES; stage < STAGE_COUNT; stage++) {
        for (size_t i = 0; i < work->request->wanted_count; i++)
            work->chosen[i] = true;
        if (!solve_stage(work, (enum stage)stage, err))
            return false;
        if (!any_refused(work))
            break;
    }
    return true;
}

/* Whether some package of the group is there afterwards, `but` left out. */
static bool group_holds(const struct work *work, const struct relate_group *group, uint32_t package,
                        uint32_t but)
{
    uint32_t found;

    for (size_t i = 0; i < group->count; i++) {
        struct relate_walk walk =
            relate_find(work->request->relate, &group->alternatives[i], (struct relate_from){package, false});
        while (relate_next(&walk, &found))
            if (found != but && work->after[found])
                return true;
    }
    return false;
}

static bool group_means(const struct work *work, const struct relate_group *group, uint32_t package,
                        uint32_t wanted)
{
    for (size_t i = 0; i < group->count; i++)
        if (relate_means(work->request->relate, &group->alternatives[i], (struct relate_from){package, false},
                         wanted))
            return true;
    return false;
}

/* Whether `package`, there afterwards, has a relation that only `needed` satisfies. */
static bool needs(const struct work *work, uint32_t package, uint32_t needed)
{
    static const enum relation_kind kinds[] = {RELATION_PRE_DEPENDS, RELATION_DEPENDS};
    struct relate_group group;
    struct error ignored;
    bool found;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct relation_walk walk = relate_walk_field(work->request->relate, package, kinds[i]);
        while (relate_next_group(&walk, &group, &found, &ignored) && found)
            if (group_means(work, &group, package, needed) && !group_holds(work, &group, package, needed))
                return true;
    }
    return false;
}

/* Whether the relations of `package` hold against `other`. */
static bool stands_against(const struct work *work, uint32_t package, uint32_t other)
{
    static const enum relation_kind kinds[] = {RELATION_CONFLICTS, RELATION_BREAKS};
    struct relation relation;
    struct error ignored;
    bool found;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct relation_walk walk = relate_walk_field(work->request->relate, package, kinds[i]);
        while (relation_next(&walk, &relation, &found, &ignored) && found)
            if (relate_means(work->request->relate, &relation, (struct relate_from){package, true}, other))
                return true;
    }
    return false;
}

/* One package in two architectures: they are of one version, or there is only one of them. */
static bool is_sibling(const struct work *work, uint32_t a, uint32_t b)
{
    return text_equal(work->universe->packages[a].name, work->universe->packages[b].name);
}

/* Whether `package` as it was could not have stayed because of what `other` became. */
static bool lost(const struct work *work, uint32_t package, const struct solve_change *other)
{
    static const enum relation_kind kinds[] = {RELATION_PRE_DEPENDS, RELATION_DEPENDS};
    struct relate_group group;
    struct error ignored;
    bool found;

    if (other->from == SOLVE_NONE)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct relation_walk walk = relate_walk_field(work->request->relate, package, kinds[i]);
        while (relate_next_group(&walk, &group, &found, &ignored) && found)
            if (group_means(work, &group, package, other->from) &&
                !group_holds(work, &group, package, SOLVE_NONE))
                return true;
    }
    return false;
}

/* A package that stays and needs the new one, because what it needed before goes. */
static uint32_t find_staying(const struct work *work, uint32_t needed)
{
    for (uint32_t i = 0; i < work->universe->installed_count; i++)
        if (work->successor[i] == i && needs(work, i, needed))
            return i;
    return SOLVE_NONE;
}

/* Who needs a change that nobody asked for: a wanted one first. */
static void find_reason(const struct work *work, struct solution *solution, struct solve_change *change)
{
    change->by = SOLVE_NONE;
    for (int pass = 0; pass < 2 && change->by == SOLVE_NONE; pass++)
        for (size_t i = 0; i < solution->change_count; i++) {
            const struct solve_change *other = &solution->changes[i];
            if (other == change || other->to == SOLVE_NONE || other->wanted != (pass == 0))
                continue;
            bool needed = change->to != SOLVE_NONE && needs(work, other->to, change->to);
            bool against =
                !needed && change->from != SOLVE_NONE &&
                (is_sibling(work, other->to, change->from) || stands_against(work, other->to, change->from) ||
                 stands_against(work, change->from, other->to) || lost(work, change->from, other));
            if (needed || against) {
                change->by = other->to;
                change->conflicts = against;
                break;
            }
        }
    if (change->by == SOLVE_NONE && change->to != SOLVE_NONE)
        change->by = find_staying(work, change->to);
}

static int compare_changes(const void *a, const void *b, void *context)
{
    const struct solve_change *one = a, *other = b;
    const struct universe *universe = context;
    const struct universe_package *left = &universe->packages[one->to != SOLVE_NONE ? one->to : one->from];
    const struct universe_package *right =
        &universe->packages[other->to != SOLVE_NONE ? other->to : other->from];
    int order = text_compare(left->name, right->name);

    return order != 0 ? order : text_compare(left->arch, right->arch);
}

static bool is_wanted(const struct work *work, uint32_t package)
{
    for (size_t i = 0; i < work->request->wanted_count; i++)
        if (work->chosen[i] && work->request->wanted[i] == package)
            return true;
    return false;
}

static bool collect(struct work *work, struct solution *out, struct error *err)
{
    const struct universe *universe = work->universe;
    struct solution got = {
        .changes = ARENA_ARRAY(work->arena, struct solve_change, universe->count),
        .refused = ARENA_ARRAY(work->arena, struct solve_refusal, work->request->wanted_count),
    };

    if (got.changes == NULL || got.refused == NULL)
        return arena_full(work->arena, err);
    for (uint32_t i = 0; i < universe->installed_count; i++)
        if (work->successor[i] != i)
            got.changes[got.change_count++] = (struct solve_change){.from = i, .to = work->successor[i]};
    for (uint32_t i = (uint32_t)universe->installed_count; i < universe->count; i++)
        if (work->after[i] && universe->packages[i].package == PACKAGE_NONE)
            got.changes[got.change_count++] = (struct solve_change){.from = SOLVE_NONE, .to = i};
    if (got.change_count > 1)
        qsort_r(got.changes, got.change_count, sizeof(*got.changes), compare_changes,
                (void *)(uintptr_t)universe);
    for (size_t i = 0; i < got.change_count; i++)
        got.changes[i].wanted = got.changes[i].to != SOLVE_NONE && is_wanted(work, got.changes[i].to);
    for (size_t i = 0; i < got.change_count; i++)
        if (!got.changes[i].wanted)
            find_reason(work, &got, &got.changes[i]);
    for (size_t i = 0; i < work->request->wanted_count; i++)
        if (!work->chosen[i])
            got.refused[got.refused_count++] =
                (struct solve_refusal){work->request->wanted[i], work->refused[i]};
    *out = got;
    return true;
}

static void end_work(struct work *work)
{
    solve_pool_end(&work->pool);
}

bool solve(const struct solve_request *request, struct arena *arena, struct solution *out, struct error *err)
{
    const struct universe *universe = request->relate->universe;
    OWN(end_work)
    struct work work = {
        .request = request,
        .universe = universe,
        .arena = arena,
        .chosen = ARENA_ARRAY(arena, bool, request->wanted_count),
        .refused = ARENA_ARRAY(arena, struct text, request->wanted_count),
        .successor = ARENA_ARRAY(arena, uint32_t, universe->count),
        .after = ARENA_ARRAY(arena, bool, universe->count),
    };

    if (work.chosen == NULL || work.refused == NULL || work.successor == NULL || work.after == NULL)
        return arena_full(arena, err);
    if (request->wanted_count == 0) {
        *out = (struct solution){0};
        return true;
    }
    return find_first(&work, err) && solve_pool_open(request->relate, arena, &work.pool, err) &&
           solve_stages(&work, err) && collect(&work, out, err);
}
