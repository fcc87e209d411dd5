#include "flow/publish_plan.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/limits.h"
#include "model/version.h"

bool publish_select_parse(struct text text, struct arena *arena, struct publish_select *out,
                          struct error *err)
{
    struct publish_select select = {0};
    struct text rest = text, item;
    struct error ignored;
    uint64_t last;

    if (text_to_u64(text, &last, &ignored)) {
        if (last == 0 || last > LIMIT_DELTA_BASES)
            return error_set(err, ERROR_INPUT, "\"%.*s\": from 1 to %d versions", TEXT_ARG(text),
                             LIMIT_DELTA_BASES);
        select.last = (size_t)last;
        *out = select;
        return true;
    }
    struct text *patterns = ARENA_ARRAY(arena, struct text, text.size + 1);
    if (patterns == NULL)
        return arena_full(arena, err);
    while (text_cut(&rest, ',', &item)) {
        if (item.size == 0)
            return error_set(err, ERROR_INPUT, "\"%.*s\": a version is empty", TEXT_ARG(text));
        patterns[select.pattern_count] = text_copy(arena, item);
        if (patterns[select.pattern_count++].at == NULL)
            return arena_full(arena, err);
    }
    select.patterns = patterns;
    *out = select;
    return true;
}

struct text publish_family(struct text name, struct arena *arena)
{
    char *family = arena_take(arena, name.size + 1);
    size_t size = 0;
    bool inside = false;

    if (family == NULL)
        return (struct text){0};
    for (size_t i = 0; i < name.size; i++) {
        bool digit = name.at[i] >= '0' && name.at[i] <= '9';
        if (!digit || !inside)
            family[size++] = digit ? '#' : name.at[i];
        inside = digit;
    }
    return (struct text){family, size};
}

/* ---- order ---- */

static int compare_packages(const void *a, const void *b)
{
    const struct publish_package *one = a, *other = b;
    int order = text_compare(one->name, other->name);

    order = order != 0 ? order : text_compare(one->arch, other->arch);
    order = order != 0 ? order : version_compare(VERSION_DEB, one->version, other->version);
    return order != 0 ? order : strcmp(one->path, other->path);
}

/* A mirror may have one file in several places. */
static bool drop_doubles(struct publish_package *packages, size_t *count, struct error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        const struct publish_package *former = kept == 0 ? NULL : &packages[kept - 1];
        bool same = former != NULL && text_equal(former->name, packages[i].name) &&
                    text_equal(former->arch, packages[i].arch) &&
                    version_compare(VERSION_DEB, former->version, packages[i].version) == 0;
        if (!same) {
            packages[kept++] = packages[i];
            continue;
        }
        if (!digest_equal(&former->deb.digest, &packages[i].deb.digest))
            return error_set(err, ERROR_CONFLICT, "%s and %s are different files of one version",
                             former->path, packages[i].path);
    }
    *count = kept;
    return true;
}

/* ---- planning ---- */

/* One package among those of its source whose names differ in numbers alone. */
struct member {
    const struct publish_package *package;
    struct text family;
};

struct planning {
    const struct publish_package *packages;
    const struct publish_select *select;
    struct arena *arena;
    struct member *members; /* families stand together */
    size_t count;
};

static int compare_families(const struct member *a, const struct member *b)
{
    int order = text_compare(a->family, b->family);

    order = order != 0 ? order : text_compare(a->package->arch, b->package->arch);
    return order != 0 ? order : text_compare(a->package->source, b->package->source);
}

/* In a family the newest first. */
static int compare_members(const void *a, const void *b)
{
    const struct member *one = a, *other = b;
    int order = compare_families(one, other);

    order = order != 0 ? order : version_compare(VERSION_DEB, other->package->version, one->package->version);
    return order != 0 ? order : (one->package < other->package) - (one->package > other->package);
}

static bool same_name(const struct publish_package *a, const struct publish_package *b)
{
    return text_equal(a->name, b->name) && text_equal(a->arch, b->arch);
}

static bool is_newer(const struct publish_package *a, const struct publish_package *b)
{
    return version_compare(VERSION_DEB, a->version, b->version) > 0;
}

static bool is_selected(const struct publish_select *select, const struct publish_package *package,
                        size_t taken)
{
    for (size_t i = 0; i < select->pattern_count; i++)
        if (fnmatch(select->patterns[i].at, package->version.at, 0) == 0)
            return true;
    return select->pattern_count == 0 && taken < select->last;
}

/* Of the family's older members those of this name, or those of others; appended. */
static void take_bases(const struct planning *p, const struct member *family, size_t count,
                       const struct publish_package *package, bool own, struct publish_target *into,
                       size_t *bases)
{
    size_t taken = 0;

    for (size_t i = 0; i < count && into->base_count < LIMIT_DELTA_BASES; i++) {
        const struct publish_package *older = family[i].package;
        if (same_name(older, package) != own || !is_newer(package, older) ||
            !is_selected(p->select, older, taken))
            continue;
        bases[into->base_count++] = (size_t)(older - p->packages);
        taken++;
    }
}

/* Each newest of its name gets its own older ones; the newest of all, which stands first, those of other names too. */
static bool plan_family(const struct planning *p, const struct member *family, size_t count,
                        struct publish_target *targets, size_t *target_count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct publish_package *package = family[i].package;
        bool newest = package + 1 == p->packages + p->count || !same_name(package, package + 1);
        struct publish_target target = {.package = (size_t)(package - p->packages)};
        if (!newest)
            continue;
        size_t *bases = ARENA_ARRAY(p->arena, size_t, count < LIMIT_DELTA_BASES ? count : LIMIT_DELTA_BASES);
        if (bases == NULL)
            return arena_full(p->arena, err);
        take_bases(p, family, count, package, true, &target, bases);
        if (!is_newer(family[0].package, package))
            take_bases(p, family, count, package, false, &target, bases);
        target.bases = bases;
        if (target.base_count > 0)
            targets[(*target_count)++] = target;
    }
    return true;
}

static bool list_members(struct planning *p, struct error *err)
{
    p->members = ARENA_ARRAY(p->arena, struct member, p->count);
    if (p->members == NULL)
        return arena_full(p->arena, err);
    for (size_t i = 0; i < p->count; i++) {
        p->members[i] = (struct member){&p->packages[i], publish_family(p->packages[i].name, p->arena)};
        if (p->members[i].family.at == NULL)
            return arena_full(p->arena, err);
    }
    if (p->count > 1)
        qsort(p->members, p->count, sizeof(*p->members), compare_members);
    return true;
}

static int by_package(const void *a, const void *b)
{
    const struct publish_target *one = a, *other = b;

    return (one->package > other->package) - (one->package < other->package);
}

bool publish_plan(struct publish_package *packages, size_t *count, const struct publish_select *select,
                  struct arena *arena, struct publish_targets *out, struct error *err)
{
    if (*count > 1)
        qsort(packages, *count, sizeof(*packages), compare_packages);
    if (!drop_doubles(packages, count, err))
        return false;
    struct planning p = {.packages = packages, .select = select, .arena = arena, .count = *count};
    struct publish_target *targets = ARENA_ARRAY(arena, struct publish_target, *count);
    size_t target_count = 0;
    if (targets == NULL)
        return arena_full(arena, err);
    if (!list_members(&p, err))
        return false;
    for (size_t from = 0, to; from < p.count; from = to) {
        for (to = from + 1; to < p.count && compare_families(&p.members[from], &p.members[to]) == 0;)
            to++;
        if (!plan_family(&p, p.members + from, to - from, targets, &target_count, err))
            return false;
    }
    if (target_count > 1)
        qsort(targets, target_count, sizeof(*targets), by_package);
    *out = (struct publish_targets){targets, target_count};
    return true;
}
