#include "flow/publish_prune.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"

struct pruning {
    const struct publish_repository *repository;
    struct arena *arena;
    struct text *named; /* paths below the repository, sorted */
    size_t named_count, capacity;
    size_t removed;
};

static int compare_texts(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static bool name_it(struct pruning *p, struct text path, struct error *err)
{
    p->named =
        arena_grow(p->arena, p->named, p->named_count, &p->capacity, p->named_count + 1, sizeof(*p->named));
    if (p->named == NULL || path.at == NULL)
        return arena_full(p->arena, err);
    p->named[p->named_count++] = path;
    return true;
}

static bool name_files(struct pruning *p, const struct delta_index *index, struct error *err)
{
    for (size_t v = 0; v < index->version_count; v++)
        for (size_t b = 0; b < index->versions[v].base_count; b++) {
            const struct delta_base *base = &index->versions[v].bases[b];
            if (!name_it(p, delta_file_path(&base->delta.digest, p->arena), err))
                return false;
            for (size_t s = 0; s < base->supplement_count; s++)
                if (!name_it(p, delta_supplement_path(&base->supplements[s].file.digest, p->arena), err))
                    return false;
        }
    return true;
}

static bool is_planned(const struct publish_targets *targets, const struct publish_package *packages,
                       const struct delta_index *index)
{
    for (size_t i = 0; i < targets->count; i++) {
        const struct publish_package *package = &packages[targets->at[i].package];
        if (text_equal(package->name, index->package) && text_equal(package->arch, index->arch))
            return true;
    }
    return false;
}

static bool list(struct pruning *p, const char *folder, struct file_names *out, struct error *err)
{
    *out = (struct file_names){0};
    return !file_is_folder(folder) || file_list(folder, LIMIT_DELTA_FILES, p->arena, out, err);
}

static bool read_indexes(struct pruning *p, const struct publish_targets *targets,
                         const struct publish_package *packages, struct text *unwanted,
                         size_t *unwanted_count, const struct file_names *names, const char *folder,
                         struct error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *path = file_path(p->arena, folder, names->names[i].at);
        struct delta_index index;
        struct bytes raw;
        if (path == NULL)
            return arena_full(p->arena, err);
        if (!file_read(path, LIMIT_DELTA_INDEX, p->arena, &raw, err) ||
            !delta_index_open(raw, &p->repository->key->public_key, p->arena, &index, err))
            return error_at(err, "%s", path);
        if (!is_planned(targets, packages, &index))
            unwanted[(*unwanted_count)++] = text_of(path);
        else if (!name_files(p, &index, err))
            return false;
    }
    return true;
}

/* What is below "delta" or "supplement" and has no name in any index. */
static bool sweep(struct pruning *p, const char *kind, struct error *err)
{
    const char *folder = file_path(p->arena, p->repository->folder, kind);
    struct file_names parts, names;

    if (folder == NULL)
        return arena_full(p->arena, err);
    if (!list(p, folder, &parts, err))
        return false;
    for (size_t i = 0; i < parts.count; i++) {
        const char *part = file_path(p->arena, folder, parts.names[i].at);
        if (part == NULL)
            return arena_full(p->arena, err);
        if (!list(p, part, &names, err))
            return false;
        for (size_t k = 0; k < names.count; k++) {
            struct text below = text_format(p->arena, "%s/%.*s/%.*s", kind, TEXT_ARG(parts.names[i]),
                                            TEXT_ARG(names.names[k]));
            const char *path = below.at == NULL ? NULL : file_path(p->arena, p->repository->folder, below.at);
            if (path == NULL)
                return arena_full(p->arena, err);
            if (p->named_count > 0 &&
                bsearch(&below, p->named, p->named_count, sizeof(*p->named), compare_texts) != NULL)
                continue;
            if (!file_remove(path, err))
                return false;
            p->removed++;
        }
    }
    return true;
}

bool publish_prune(const struct publish_repository *repository, const struct publish_targets *targets,
                   const struct publish_package *packages, struct arena *arena, size_t *removed,
                   struct error *err)
{
    struct pruning p = {.repository = repository, .arena = arena};
    const char *folder = file_path(arena, repository->folder, "index");
    struct file_names names;
    size_t unwanted_count = 0;

    if (folder == NULL)
        return arena_full(arena, err);
    if (!list(&p, folder, &names, err))
        return false;
    struct text *unwanted = ARENA_ARRAY(arena, struct text, names.count);
    if (unwanted == NULL)
        return arena_full(arena, err);
    if (!read_indexes(&p, targets, packages, unwanted, &unwanted_count, &names, folder, err))
        return false;
    if (p.named_count > 1)
        qsort(p.named, p.named_count, sizeof(*p.named), compare_texts);
    for (size_t i = 0; i < unwanted_count; i++, p.removed++)
        if (!file_remove(unwanted[i].at, err))
            return false;
    if (!sweep(&p, "delta", err) || !sweep(&p, "supplement", err))
        return false;
    *removed = p.removed;
    return true;
}
