#include "delta/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/base_path.h"
#include "delta/create.h"
#include "delta/spool.h"
#include "delta/tree.h"

#define MEMORY_USUAL (1024 * MIB)

struct apply {
    const struct apply_request *request;
    struct arena *arena;
    struct delta delta;
    struct file_map map; /* of the delta */
    struct base_path base;
    const char *work;          /* the folder that all of it lies in */
    char *spool_path, *beside; /* NULL: not made by us, not ours to remove */
    int spool, out;
    uint64_t out_size;
    struct tree_maker *maker; /* of a folder */
};

static void end_apply(struct apply *apply)
{
    struct error unused = {0};

    if (apply->spool_path != NULL)
        (void)unlink(apply->spool_path);
    if (apply->beside != NULL && !file_remove_tree(apply->beside, &unused))
        unused = (struct error){0}; /* the failure that led here is the one to tell */
    own_fd(&apply->spool);
    own_fd(&apply->out);
    tree_maker_end(&apply->maker);
    base_path_end(&apply->base);
    file_unmap(&apply->map);
}

/* The lock is on the spool: who has it works on this output. */
static bool open_spool(struct apply *apply, struct error *err)
{
    char *path = text_string(apply->arena, text_format(apply->arena, "%s" SPOOL_ENDING, apply->request->out));

    if (path == NULL)
        return arena_full(apply->arena, err);
    if (!spool_open_at(path, &apply->spool, err))
        return false;
    apply->spool_path = path;
    return true;
}

static bool open_beside(struct apply *apply, struct error *err)
{
    char *path = text_string(apply->arena, text_format(apply->arena, "%s" SPOOL_MADE, apply->request->out));

    if (path == NULL)
        return arena_full(apply->arena, err);
    if (!file_remove_tree(path, err))
        return false;
    if (apply->delta.kind == DELTA_FOLDER) {
        if (file_exists(apply->request->out))
            return error_set(err, ERROR_CONFLICT, "%s: is there already", apply->request->out);
        if (mkdir(path, 0700) != 0)
            return error_system(err, "%s", path);
        apply->beside = path;
        return tree_maker_open(path, apply->arena, &apply->maker, err);
    }
    if (file_is_folder(apply->request->out))
        return error_set(err, ERROR_CONFLICT, "%s: is a folder", apply->request->out);
    apply->out = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (apply->out < 0)
        return error_system(err, "%s", path);
    apply->beside = path;
    return true;
}

static bool put_file(void *self, struct bytes bytes, struct error *err)
{
    struct apply *apply = self;

    if (!spool_write(apply->out, apply->out_size, bytes, err))
        return error_at(err, "%s", apply->request->out);
    apply->out_size += bytes.size;
    return true;
}

static bool put_folder(void *self, struct bytes bytes, struct error *err)
{
    return tree_maker_put(((struct apply *)self)->maker, bytes, err);
}

/* What was made gets its name; from here on nothing is taken away any more. */
static bool give_name(struct apply *apply, struct error *err)
{
    const char *out = apply->request->out;

    if (apply->delta.kind == DELTA_FOLDER ? !tree_maker_close(apply->maker, err) : false)
        return false;
    if (apply->delta.kind != DELTA_FOLDER && fsync(apply->out) != 0)
        return error_system(err, "%s", out);
    if (rename(apply->beside, out) != 0)
        return error_system(err, "%s", out);
    apply->beside = NULL;
    return file_sync_folder(apply->work, err);
}

static bool decode(struct apply *apply, struct apply_result *result, struct error *err)
{
    const struct apply_request *request = apply->request;
    struct decode_work work = {
        .sink = {apply->delta.kind == DELTA_FOLDER ? put_folder : put_file, apply},
        .threads = request->threads == 0 ? os_processor_count() : request->threads,
        .memory_max = request->memory_max == 0 ? MEMORY_USUAL : request->memory_max,
        .progress = request->progress,
        .self = request->self,
    };

    if (!open_spool(apply, err) || !open_beside(apply, err))
        return false;
    work.spool = apply->spool;
    return delta_decode(&apply->delta, apply->map.bytes, &apply->base.base, &work, &result->cost, err) &&
           give_name(apply, err);
}

static bool open_inputs(struct apply *apply, struct apply_result *result, struct error *err)
{
    const struct apply_request *request = apply->request;
    int64_t begin;

    apply->work = create_folder_of(apply->arena, request->out);
    if (apply->work == NULL)
        return arena_full(apply->arena, err);
    if (!file_map(request->delta, LIMIT_DELTA_FILE, &apply->map, err))
        return false;
    if (!delta_read(apply->map.bytes, apply->arena, &apply->delta, err))
        return error_at(err, "%s", request->delta);
    begin = time_cpu_us();
    if (!base_path_open(request->old, apply->delta.base_kind, apply->work, apply->arena, &apply->base, err))
        return false;
    result->apart_us = time_cpu_us() - begin;
    result->kind = apply->delta.kind;
    result->delta_size = apply->map.bytes.size;
    result->output_size = apply->delta.output_size;
    result->raw_size = apply->delta.image_size;
    result->windows = apply->delta.window_count;
    return true;
}

bool delta_apply(const struct apply_request *request, struct apply_result *result, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    OWN(end_apply) struct apply apply = {.request = request, .arena = &arena, .spool = -1, .out = -1};
    struct apply_result got = {0};

    if (!open_inputs(&apply, &got, err) || !decode(&apply, &got, err))
        return false;
    *result = got;
    return true;
}
