#include "delta/gather.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/openers.h"
#include "delta/parallel.h"
#include "delta/spool.h"

/* Opened images that are held until they are written in their order. */
#define BATCH_BYTES (64 * MIB)
#define BATCH_PARTS 1024

void gathered_end(struct gathered *gathered)
{
    file_unmap(&gathered->image);
}

/* ---- opening ---- */

struct opened {
    size_t part;
    enum opener_kind kind;
    struct writer image, settings;
};

struct gatherer {
    const struct gather_request *request;
    struct arena *arena;
    struct delta_part *parts;
    struct opened batch[BATCH_PARTS];
    size_t batch_count;
    uint64_t batch_bytes;
    int spool;
    uint64_t size; /* of what is in the spool */
};

static void clear_batch(struct gatherer *gatherer)
{
    for (size_t i = 0; i < gatherer->batch_count; i++) {
        writer_end(&gatherer->batch[i].image);
        writer_end(&gatherer->batch[i].settings);
    }
    gatherer->batch_count = 0;
    gatherer->batch_bytes = 0;
}

static void end_gatherer(struct gatherer **gatherer)
{
    if (*gatherer != NULL) {
        clear_batch(*gatherer);
        own_fd(&(*gatherer)->spool);
    }
    free(*gatherer);
    *gatherer = NULL;
}

static bool open_part(void *self, size_t job, struct error *err)
{
    struct gatherer *gatherer = self;
    struct opened *opened = &gatherer->batch[job];
    struct bytes file = gatherer->request->target->parts[opened->part].bytes;

    opened->image = writer_with(LIMIT_DELTA_IMAGE);
    opened->settings = writer_with(LIMIT_DELTA_SETTINGS);
    if (file.size > LIMIT_DELTA_IMAGE)
        return true;
    return openers_choose(file, LIMIT_DELTA_IMAGE, &opened->kind, &opened->image, &opened->settings, err);
}

static bool put_opened(struct gatherer *gatherer, const struct opened *opened, struct error *err)
{
    struct bytes file = gatherer->request->target->parts[opened->part].bytes;
    struct bytes image = opened->kind == OPENER_NONE ? file : writer_bytes(&opened->image);
    struct text settings = {0};

    if (opened->kind != OPENER_NONE) {
        struct bytes raw = writer_bytes(&opened->settings);
        settings = text_copy(gatherer->arena, (struct text){(const char *)raw.at, raw.size});
        if (settings.at == NULL)
            return arena_full(gatherer->arena, err);
    }
    gatherer->parts[opened->part] = (struct delta_part){
        .same = DELTA_NEW,
        .opener = opened->kind,
        .settings = bytes_of_text(settings),
        .file_size = file.size,
        .image_at = gatherer->size,
        .image_size = image.size,
    };
    if (!spool_write(gatherer->spool, gatherer->size, image, err))
        return false;
    gatherer->size += image.size;
    return true;
}

static bool run_batch(struct gatherer *gatherer, struct error *err)
{
    struct parallel jobs = {.count = gatherer->batch_count,
                            .threads = gatherer->request->threads,
                            .run = open_part,
                            .self = gatherer};

    if (!parallel_run(&jobs, err))
        return false;
    for (size_t i = 0; i < gatherer->batch_count; i++)
        if (!put_opened(gatherer, &gatherer->batch[i], err))
            return false;
    clear_batch(gatherer);
    return true;
}

static bool gather_parts(struct gatherer *gatherer, const struct pairing *pairs, struct error *err)
{
    const struct target *target = gatherer->request->target;

    for (size_t i = 0; i < target->part_count; i++) {
        if (pairs[i].same != PAIRING_NONE) {
            gatherer->parts[i] = (struct delta_part){.same = pairs[i].same};
            continue;
        }
        gatherer->batch[gatherer->batch_count++] = (struct opened){.part = i};
        gatherer->batch_bytes += target->parts[i].bytes.size;
        if ((gatherer->batch_count == BATCH_PARTS || gatherer->batch_bytes > BATCH_BYTES) &&
            !run_batch(gatherer, err))
            return false;
    }
    return run_batch(gatherer, err);
}

bool gather_run(const struct gather_request *request, struct arena *arena, struct gathered *out,
                struct error *err)
{
    OWN(end_gatherer) struct gatherer *gatherer = calloc(1, sizeof(*gatherer));
    const struct target *target = request->target;
    struct gathered got = {0};

    if (gatherer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    gatherer->request = request;
    gatherer->arena = arena;
    gatherer->spool = -1;
    gatherer->parts = ARENA_ARRAY(arena, struct delta_part, target->part_count);
    if (gatherer->parts == NULL)
        return arena_full(arena, err);
    if (!pairing_find(request->base, target->parts, target->part_count, arena, &got.pairs, err) ||
        !spool_open(request->work, &gatherer->spool, err) ||
        !spool_write(gatherer->spool, 0, target->structure, err))
        return false;
    gatherer->size = target->structure.size;
    if (!gather_parts(gatherer, got.pairs, err) ||
        !file_map_fd(gatherer->spool, LIMIT_DELTA_SPOOL, &got.image, err))
        return false;
    got.parts = gatherer->parts;
    *out = got;
    return true;
}
