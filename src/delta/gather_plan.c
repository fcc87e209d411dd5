#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/gather.h"
#include "delta/openers.h"
#include "delta/parallel.h"
#include "delta/plan.h"

/* A window's sides, where there is memory enough: what a decoder may hold, and what is lost when one is broken off. */
#define OLD_MAX   (24 * MIB)
#define NEW_MAX   (64 * MIB)
#define PIECE_MAX (512 * MIB)

/* How many bytes coding takes for one of the old and of the new side, and so how large they may be where memory is short. */
#define MEMORY_OF_OLD 8
#define MEMORY_OF_NEW 4

/* The size of an old part that nobody has read. */
#define UNUSABLE UINT64_MAX

/* Old parts that are wanted. */
struct looks {
    const struct base *base;
    const struct delta_part *parts;
    const struct target *target;
    uint32_t *wanted; /* parts of the base */
    uint32_t *first;  /* the new part that each is wanted for; DELTA_NEW: the structure */
    size_t count;
    uint64_t *sizes;   /* of each part of the base, opened */
    uint32_t *openers; /* of each part of the base */
};

/* Where the new part could not be closed again it stays as it is, and so does the old one. */
static bool stays_closed(uint32_t kind, struct bytes made)
{
    const struct opener *opener = openers_get(kind);

    return opener == NULL || opener->knows(made);
}

/* As the new part is opened; else as it can be. */
static bool choose_opener(struct looks *looks, uint32_t part, uint32_t for_part, struct bytes raw,
                          struct error *err)
{
    OWN(writer_end) struct writer image = writer_with(LIMIT_DELTA_IMAGE);
    const struct opener *like = openers_get(looks->parts[for_part].opener);
    enum opener_kind kind = OPENER_NONE;
    struct error unused = {0};

    if (like != NULL && like->knows(raw) && like->open(raw, LIMIT_DELTA_IMAGE, &image, NULL, &unused)) {
        looks->openers[part] = looks->parts[for_part].opener;
        looks->sizes[part] = image.size;
        return true;
    }
    writer_clear(&image);
    if (!openers_choose_old(raw, LIMIT_DELTA_IMAGE, &kind, &image, err))
        return false;
    if (kind == OPENER_NONE || (like == NULL && stays_closed(kind, looks->target->parts[for_part].bytes)))
        return true;
    looks->openers[part] = kind;
    looks->sizes[part] = image.size;
    return true;
}

static bool look_at(void *self, size_t job, struct error *err)
{
    OWN(writer_end) struct writer file = writer_with(LIMIT_DELTA_IMAGE);
    struct looks *looks = self;
    uint32_t part = looks->wanted[job];

    if (!looks->base->read(looks->base->self, part, &file, err))
        return err->kind == ERROR_LIMIT || error_at(err, "base"); /* too large to help: it stays UNUSABLE */
    looks->sizes[part] = file.size;
    looks->openers[part] = OPENER_NONE;
    return looks->first[job] == DELTA_NEW ||
           choose_opener(looks, part, looks->first[job], writer_bytes(&file), err);
}

/* Each part of the base once: for the structure the lists, for a new part its twin. */
static void find_wanted(struct looks *looks, const struct pairing *pairs, bool structure)
{
    for (size_t i = 0; structure && i < looks->base->part_count; i++)
        if (looks->base->parts[i].class == BASE_LIST) {
            looks->sizes[i] = UNUSABLE;
            looks->first[looks->count] = DELTA_NEW;
            looks->wanted[looks->count++] = (uint32_t)i;
        }
    for (size_t i = 0; i < looks->target->part_count; i++) {
        uint32_t twin = pairs[i].twin;
        if (looks->parts[i].same != DELTA_NEW || twin == PAIRING_NONE || looks->sizes[twin] == UNUSABLE)
            continue;
        looks->sizes[twin] = UNUSABLE; /* until it was looked at */
        looks->first[looks->count] = (uint32_t)i;
        looks->wanted[looks->count++] = twin;
    }
}

static bool look_at_olds(const struct gather_request *request, const struct gathered *gathered,
                         struct arena *arena, struct looks *out, struct error *err)
{
    size_t count = request->base->part_count;
    struct looks looks = {.base = request->base, .parts = gathered->parts, .target = request->target};
    struct parallel jobs = {.threads = request->threads, .run = look_at, .self = &looks};

    looks.wanted = ARENA_ARRAY(arena, uint32_t, count);
    looks.first = ARENA_ARRAY(arena, uint32_t, count);
    looks.sizes = ARENA_ARRAY(arena, uint64_t, count);
    looks.openers = ARENA_ARRAY(arena, uint32_t, count);
    if (looks.wanted == NULL || looks.first == NULL || looks.sizes == NULL || looks.openers == NULL)
        return arena_full(arena, err);
    find_wanted(&looks, gathered->pairs, request->target->structure.size > 0);
    jobs.count = looks.count;
    if (!parallel_run(&jobs, err))
        return false;
    *out = looks;
    return true;
}

/* ---- pieces ---- */

static bool add_piece(struct plan_piece *piece, uint64_t size, const struct looks *looks,
                      const uint32_t *parts, size_t count, struct arena *arena, struct error *err)
{
    struct delta_old *olds = ARENA_ARRAY(arena, struct delta_old, count);

    if (olds == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        olds[i] = (struct delta_old){parts[i], looks->openers[parts[i]]};
    *piece = (struct plan_piece){size, olds, count};
    return true;
}

static bool list_pieces(const struct gathered *gathered, const struct looks *looks, struct arena *arena,
                        struct plan_request *plan, struct error *err)
{
    struct plan_piece *pieces = ARENA_ARRAY(arena, struct plan_piece, looks->target->part_count + 1);
    size_t count = 0, lists = 0;

    if (pieces == NULL)
        return arena_full(arena, err);
    while (lists < looks->count && looks->first[lists] == DELTA_NEW)
        lists++;
    if (looks->target->structure.size > 0 &&
        !add_piece(&pieces[count++], looks->target->structure.size, looks, looks->wanted, lists, arena, err))
        return false;
    for (size_t i = 0; i < looks->target->part_count; i++) {
        const struct delta_part *part = &gathered->parts[i];
        uint32_t twin = gathered->pairs[i].twin;
        if (part->same == DELTA_NEW &&
            !add_piece(&pieces[count++], part->image_size, looks, &twin,
                       twin != PAIRING_NONE && looks->sizes[twin] != UNUSABLE, arena, err))
            return false;
    }
    plan->pieces = pieces;
    plan->piece_count = count;
    return true;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool gather_plan(const struct gather_request *request, struct gathered *gathered, struct arena *arena,
                 struct delta_window **out, size_t *count, struct error *err)
{
    struct looks looks;
    struct plan_request plan = {
        .base_count = request->base->part_count,
        .old_max = at_most(OLD_MAX, request->memory_max / 2 / MEMORY_OF_OLD),
        .new_max = at_most(NEW_MAX, request->memory_max / 2 / MEMORY_OF_NEW),
        .piece_max = PIECE_MAX,
    };
    int64_t begin = time_cpu_us();

    if (!look_at_olds(request, gathered, arena, &looks, err))
        return false;
    gathered->open_old_us = time_cpu_us() - begin;
    plan.old_sizes = looks.sizes;
    return list_pieces(gathered, &looks, arena, &plan, err) && plan_windows(&plan, arena, out, count, err);
}
