#include "flow/rebuild_work.h"

#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/decode.h"
#include "delta/supplement.h"
#include "manager/installed_base.h"

/* What is open while a delta is looked at or carried out. */
struct rebuild {
    const struct rebuild_question *question;
    const struct rebuild_files *files;
    struct arena *arena;
    struct file_map delta_map, supplement_maps[REBUILD_SUPPLEMENTS_MAX];
    struct delta delta;
    struct dpkg_database database;
    struct base installed; /* as it is */
    struct base base;      /* with what the supplements have; borrows */
};

static void own_rebuild(struct rebuild *rebuild)
{
    installed_base_end(&rebuild->installed);
    for (size_t i = 0; i < REBUILD_SUPPLEMENTS_MAX; i++)
        file_unmap(&rebuild->supplement_maps[i]);
    file_unmap(&rebuild->delta_map);
}

static bool read_delta(struct rebuild *rebuild, struct error *err)
{
    struct delta *delta = &rebuild->delta;

    if (!file_map_fd(rebuild->files->delta, LIMIT_DEB_FILE, &rebuild->delta_map, err) ||
        !delta_read(rebuild->delta_map.bytes, rebuild->arena, delta, err))
        return error_at(err, "delta");
    if (delta->kind != DELTA_DEB || delta->base_kind != BASE_KIND_PACKAGE || delta->base.package.size == 0)
        return error_set(err, ERROR_INPUT, "delta: makes no package from an installed one");
    uint64_t memory = delta_memory(delta);
    if (memory > rebuild->question->memory_max)
        return error_set(err, ERROR_LIMIT, "delta: takes %llu MiB of memory, and %llu are allowed",
                         (unsigned long long)((memory + MIB - 1) / MIB),
                         (unsigned long long)(rebuild->question->memory_max / MIB));
    return true;
}

static bool open_installed(struct rebuild *rebuild, struct error *err)
{
    const struct rebuild_question *question = rebuild->question;
    const struct delta_name *wanted = &rebuild->delta.base;
    const char *root = text_string(rebuild->arena, question->root);
    const struct dpkg_record *record;

    if (root == NULL)
        return arena_full(rebuild->arena, err);
    bool is_named = question->package.size > 0;
    return dpkg_database_open(root, rebuild->arena, &rebuild->database, err) &&
           installed_base_choose(&rebuild->database, is_named ? question->package : wanted->package,
                                 is_named ? question->arch : wanted->arch, &record, err) &&
           installed_base_open(&rebuild->database, record, rebuild->arena, &rebuild->installed, err) &&
           delta_check_base(&rebuild->delta, &rebuild->installed, err);
}

static bool open_supplements(struct rebuild *rebuild, struct error *err)
{
    struct supplement *supplements = ARENA_ARRAY(rebuild->arena, struct supplement, REBUILD_SUPPLEMENTS_MAX);
    const size_t count = rebuild->question->supplement_count;

    if (supplements == NULL)
        return arena_full(rebuild->arena, err);
    for (size_t i = 0; i < count; i++)
        if (!file_map_fd(rebuild->files->supplements[i], LIMIT_SUPPLEMENT, &rebuild->supplement_maps[i],
                         err) ||
            !supplement_read(rebuild->supplement_maps[i].bytes, &rebuild->installed, rebuild->arena,
                             &supplements[i], err))
            return error_at(err, "supplement %zu", i + 1);
    return base_with_supplements(&rebuild->installed, supplements, count, rebuild->arena, &rebuild->base,
                                 err);
}

static bool look(struct rebuild *rebuild, struct rebuild_view *view, struct error *err)
{
    const struct base *base = &rebuild->base;
    bool *used = ARENA_ARRAY(rebuild->arena, bool, base->part_count);
    struct base_gaps gaps;

    if (used == NULL)
        return arena_full(rebuild->arena, err);
    if (!delta_parts_used(&rebuild->delta, used, base->part_count, err) ||
        !base_find_gaps(base, used, (size_t)rebuild->question->memory_max, &gaps, err))
        return false;
    for (size_t i = 0; i < BASE_CLASS_COUNT; i++)
        view->missing[i] = (uint32_t)gaps.of_class[i];
    view->missing_first = text_copy(rebuild->arena, text_of(gaps.count > 0 ? gaps.first.text : ""));
    return view->missing_first.at != NULL || arena_full(rebuild->arena, err);
}

/* ---- making ---- */

struct output {
    int fd;
};

static bool put_output(void *self, struct bytes bytes, struct error *err)
{
    const struct output *output = self;

    while (bytes.size > 0) {
        ssize_t put = write(output->fd, bytes.at, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_system(err, "the output cannot be written");
        bytes = (struct bytes){bytes.at + put, bytes.size - (size_t)put};
    }
    return true;
}

static bool make(struct rebuild *rebuild, struct rebuild_progress progress, struct error *err)
{
    const struct rebuild_question *question = rebuild->question;
    struct output output = {rebuild->files->output};
    const struct decode_work work = {
        .spool = rebuild->files->spool,
        .sink = {put_output, &output},
        .threads = question->threads,
        .memory_max = (size_t)question->memory_max,
        .progress = progress.told,
        .self = progress.self,
    };
    struct decode_cost cost;

    return delta_decode(&rebuild->delta, rebuild->delta_map.bytes, &rebuild->base, &work, &cost, err);
}

/* ---- all ---- */

static struct rebuild_view view_of(const struct delta *delta)
{
    return (struct rebuild_view){
        .package = delta->base.package,
        .version = delta->base.version,
        .arch = delta->base.arch,
        .made_name = delta->made.package,
        .made_version = delta->made.version,
        .made_arch = delta->made.arch,
        .size = delta->output_size,
        .digest = delta->output,
        .spool_size = delta_room(delta),
        .memory = delta_memory(delta),
    };
}

bool rebuild_work(const struct rebuild_question *question, const struct rebuild_files *files,
                  struct rebuild_progress progress, struct arena *arena, struct rebuild_view *out,
                  struct error *err)
{
    OWN(own_rebuild) struct rebuild rebuild = {.question = question, .files = files, .arena = arena};

    if (!read_delta(&rebuild, err) || !open_installed(&rebuild, err) || !open_supplements(&rebuild, err))
        return false;
    struct rebuild_view view = view_of(&rebuild.delta);
    if (question->what == REBUILD_LOOK ? !look(&rebuild, &view, err) : !make(&rebuild, progress, err))
        return false;
    *out = view;
    return true;
}
