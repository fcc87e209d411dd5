#include "delta/create.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/base_path.h"

#define MEMORY_USUAL (1024 * MIB)

static unsigned threads_of(const struct create_request *request)
{
    return request->threads == 0 ? os_processor_count() : request->threads;
}

static size_t memory_of(const struct create_request *request)
{
    return request->memory_max == 0 ? MEMORY_USUAL : request->memory_max;
}

char *create_folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return text_string(arena, TEXT("."));
    return text_string(arena, (struct text){path, slash == path ? 1 : (size_t)(slash - path)});
}

/* What the old side is taken for depends on both: a .deb is only apart where the other one is too. */
static bool kinds_of(const struct create_request *request, enum base_kind *base, enum delta_kind *target,
                     struct error *err)
{
    enum delta_kind old;

    if (!target_kind(request->old, &old, err) || !target_kind(request->new, target, err))
        return false;
    *base = old == DELTA_FOLDER ? BASE_KIND_FOLDER : BASE_KIND_FILE;
    if (old == DELTA_DEB && *target == DELTA_DEB)
        *base = BASE_KIND_PACKAGE;
    else if (*target == DELTA_DEB)
        *target = DELTA_FILE;
    return true;
}

static bool encode(const struct create_request *request, const struct base *base, const struct target *target,
                   const char *work, struct create_result *result, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_DELTA_FILE);
    struct encode_request wanted = {
        .base = base,
        .target = target,
        .work = work,
        .threads = threads_of(request),
        .memory_max = memory_of(request),
        .progress = request->progress,
        .self = request->self,
    };
    struct bytes raw;

    if (!delta_encode(&wanted, &w, &result->encode, err) || !writer_done(&w, &raw, err))
        return false;
    result->delta_size = raw.size;
    return file_replace(request->out, raw, 0644, err);
}

bool delta_create(const struct create_request *request, struct create_result *result, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    OWN(base_path_end) struct base_path base = {0};
    OWN(target_end) struct target target = {0};
    struct create_result got = {0};
    const char *work = create_folder_of(&arena, request->out);
    struct deb_budget budget = {threads_of(request), memory_of(request)};
    enum base_kind base_kind = BASE_KIND_UNKNOWN;
    int64_t begin = time_cpu_us();

    if (work == NULL)
        return arena_full(&arena, err);
    if (!kinds_of(request, &base_kind, &got.kind, err) ||
        !base_path_open(request->old, base_kind, work, &arena, &base, err) ||
        !target_open(request->new, got.kind, work, budget, &arena, &target, err))
        return false;
    got.apart_us = time_cpu_us() - begin;
    got.new_size = target.output_size;
    if (!encode(request, &base.base, &target, work, &got, err))
        return false;
    *result = got;
    return true;
}
