#include "delta/encode.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/decode.h"
#include "delta/gather.h"
#include "delta/old_image.h"
#include "delta/parallel.h"
#include "delta/plan.h"
#include "delta/spool.h"

/* Shares of 1000 of the whole that each step takes, roughly. */
enum { SHARE_OPENED = 100, SHARE_ENCODED = 850, SHARE_PROVED = 1000 };

/* Bytes that coding takes for each byte of the old image beside the image: its suffix array, and places of its references. */
#define MEMORY_OF_OLD 6
#define MEMORY_OF_NEW 3

struct encode {
    const struct encode_request *request;
    struct arena *arena;
    struct delta delta;
    struct gathered gathered;
    struct delta_window *windows;
    struct writer *coded; /* of each window */
    pthread_mutex_t lock; /* of progress */
    uint64_t done;        /* bytes of the new image that are coded */
};

static void end_encode(struct encode *encode)
{
    for (size_t i = 0; encode->coded != NULL && i < encode->delta.window_count; i++)
        writer_end(&encode->coded[i]);
    free(encode->coded);
    gathered_end(&encode->gathered);
    (void)pthread_mutex_destroy(&encode->lock);
}

static bool report(const struct encode_request *request, uint64_t share, struct error *err)
{
    if (request->progress == NULL || request->progress(request->self, (unsigned)share))
        return true;
    return error_set(err, ERROR_CONFLICT, "stopped");
}

/* ---- windows ---- */

static uint64_t window_cost(void *self, size_t index)
{
    const struct delta_window *window = &((const struct encode *)self)->windows[index];

    return (1 + MEMORY_OF_OLD) * window->old_size + MEMORY_OF_NEW * window->new_size;
}

struct window_report {
    struct encode *encode;
    uint64_t told; /* of this window */
};

static bool report_window(void *self, uint64_t done)
{
    struct window_report *window = self;
    struct encode *encode = window->encode;
    uint64_t all = encode->delta.image_size;
    struct error unused = {0};
    bool go_on;

    (void)pthread_mutex_lock(&encode->lock);
    encode->done += done > window->told ? done - window->told : 0;
    window->told = done > window->told ? done : window->told;
    go_on =
        report(encode->request, SHARE_OPENED + encode->done * (SHARE_ENCODED - SHARE_OPENED) / all, &unused);
    (void)pthread_mutex_unlock(&encode->lock);
    return go_on;
}

/* For each new piece the old one that it comes from. Both are few, or in about the same order. */
static bool find_twins(const struct encode *encode, const struct delta_pieces *pieces,
                       const struct old_image *old, struct arena *arena, const uint32_t **out,
                       struct error *err)
{
    uint32_t *twins = ARENA_ARRAY(arena, uint32_t, pieces->count);
    uint32_t *piece_of = ARENA_ARRAY(arena, uint32_t, encode->request->base->part_count);

    if (twins == NULL || piece_of == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < old->piece_count; i++)
        piece_of[old->parts[i]] = (uint32_t)i + 1;
    for (size_t i = 0; i < pieces->count; i++) {
        uint32_t twin = pieces->parts[i] == DELTA_NEW ? (old->piece_count > 0 ? old->parts[0] : PAIRING_NONE)
                                                      : encode->gathered.pairs[pieces->parts[i]].twin;
        twins[i] = twin == PAIRING_NONE || piece_of[twin] == 0 ? WINDOW_NO_TWIN : piece_of[twin] - 1;
    }
    *out = twins;
    return true;
}

static bool code_window(struct encode *encode, size_t index, const struct old_image *old, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    struct delta_window *window = &encode->windows[index];
    struct window_report told = {.encode = encode};
    struct window_choice choice = {
        .memory_max = encode->request->memory_max, .progress = report_window, .self = &told};
    struct window_image old_view = old_image_view(old), new = {0};
    struct writer *coded = &encode->coded[index];
    struct delta_pieces pieces;
    struct digest digest;

    if (!delta_pieces(&encode->delta, index, &arena, &pieces, err) ||
        !find_twins(encode, &pieces, old, &arena, &choice.twins, err))
        return false;
    new.pieces = pieces.at;
    new.piece_count = pieces.count;
    new.bytes = (struct bytes){encode->gathered.image.bytes.at + window->new_at, (size_t)window->new_size};
    if (!digest_bytes(DIGEST_SHA256, new.bytes, &digest, err) ||
        !window_encode(&old_view, &new, &choice, coded, err))
        return false;
    memcpy(window->hash, digest.at, DELTA_HASH_SIZE);
    window->coded_size = coded->size;
    return report_window(&told, window->new_size) || error_set(err, ERROR_CONFLICT, "stopped");
}

static bool run_window(void *self, size_t index, struct error *err)
{
    struct encode *encode = self;
    OWN(old_image_end) struct old_image old = {0};
    const struct delta_window *window = &encode->windows[index];

    return (old_image_take(encode->request->base, window->olds, window->old_count, (size_t)window->old_size,
                           true, &old, err) &&
            code_window(encode, index, &old, err)) ||
           error_at(err, "window %zu of %zu", index + 1, encode->delta.window_count);
}

static bool code_windows(struct encode *encode, struct error *err)
{
    struct parallel jobs = {
        .count = encode->delta.window_count,
        .threads = encode->request->threads,
        .budget = encode->request->memory_max,
        .cost = window_cost,
        .run = run_window,
        .self = encode,
    };

    encode->coded = calloc(jobs.count + 1, sizeof(*encode->coded));
    if (encode->coded == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    for (size_t i = 0; i < jobs.count; i++)
        encode->coded[i] = writer_with(LIMIT_DELTA_FILE);
    return parallel_run(&jobs, err);
}

/* ---- the file ---- */

static bool write_file(struct encode *encode, struct writer *out, struct error *err)
{
    struct bytes all;

    if (!delta_write(&encode->delta, out, err))
        return false;
    for (size_t i = 0; i < encode->delta.window_count; i++)
        writer_put(out, writer_bytes(&encode->coded[i]));
    return writer_done(out, &all, err);
}

static bool drop(void *self, struct bytes bytes, struct error *err)
{
    (void)self, (void)bytes, (void)err;
    return true;
}

static bool report_proof(void *self, uint64_t done, uint64_t all)
{
    struct error unused = {0};

    return report(self, SHARE_ENCODED + done * (SHARE_PROVED - SHARE_ENCODED) / (all == 0 ? 1 : all),
                  &unused);
}

/* The whole way back, by what a reader of the file would do. */
static bool prove(const struct encode_request *request, struct bytes file, struct arena *arena,
                  struct error *err)
{
    OWN(own_fd) int spool = -1;
    struct decode_work work = {.sink = {drop, NULL},
                               .threads = request->threads,
                               .memory_max = request->memory_max,
                               .progress = report_proof};
    struct delta delta;

    work.self = (void *)(uintptr_t)request; /* for report_proof alone, which does not write to it */
    if (!delta_read(file, arena, &delta, err) || !spool_open(request->work, &spool, err))
        return false;
    work.spool = spool;
    return delta_decode(&delta, file, request->base, &work, NULL, err);
}

/* ---- the whole ---- */

static bool begin_delta(struct encode *encode, struct error *err)
{
    const struct target *target = encode->request->target;
    const struct base *base = encode->request->base;
    struct digest identity;

    if (!base_identity(base, &identity, err))
        return false;
    encode->delta = (struct delta){
        .kind = target->kind,
        .base_kind = base->kind,
        .output_size = target->output_size,
        .output = target->output,
        .base = {base->package, base->version, base->arch},
        .made = target->name,
        .structure_size = target->structure.size,
        .parts = encode->gathered.parts,
        .part_count = target->part_count,
        .image_size = encode->gathered.image.bytes.size,
    };
    memcpy(encode->delta.identity, identity.at, DELTA_IDENTITY_SIZE);
    return true;
}

static bool make(struct encode *encode, struct writer *out, struct encode_result *result, struct error *err)
{
    const struct encode_request *request = encode->request;
    struct gather_request gather = {request->base, request->target, request->work, request->threads,
                                    request->memory_max};
    int64_t begin = time_cpu_us();

    if (!gather_run(&gather, encode->arena, &encode->gathered, err) || !begin_delta(encode, err) ||
        !gather_plan(&gather, &encode->gathered, encode->arena, &encode->windows, &encode->delta.window_count,
                     err) ||
        !report(request, SHARE_OPENED, err))
        return false;
    result->open_old_us = encode->gathered.open_old_us;
    result->open_new_us = time_cpu_us() - begin - result->open_old_us;
    begin = time_cpu_us();
    encode->delta.windows = encode->windows;
    if (!code_windows(encode, err) || !write_file(encode, out, err))
        return false;
    result->encode_us = time_cpu_us() - begin;
    result->raw_size = encode->delta.image_size;
    result->windows = encode->delta.window_count;
    return true;
}

bool delta_encode(const struct encode_request *request, struct writer *out, struct encode_result *result,
                  struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    struct encode_result got = {0};
    int64_t begin;

    {
        OWN(end_encode) struct encode encode = {.request = request, .arena = &arena};
        (void)pthread_mutex_init(&encode.lock, NULL);
        if (!make(&encode, out, &got, err))
            return false;
    }
    begin = time_cpu_us();
    if (!prove(request, writer_bytes(out), &arena, err))
        return error_at(err, "proof");
    got.prove_us = time_cpu_us() - begin;
    if (result != NULL)
        *result = got;
    return true;
}
