#include "delta/decode.h"

#include <stdlib.h>

#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/assemble.h"
#include "delta/old_image.h"
#include "delta/spool.h"

/* One run of the decoder. */
struct decode {
    const struct delta *delta;
    struct bytes file;
    const struct base *base;
    const struct decode_work *work;
    struct decode_cost cost;
    struct old_image old;
    const struct delta_old *olds; /* what it was made from */
    bool held;
    bool checked; /* parts of the base are compared with their MD5 */
    bool stopped;
    uint64_t done;
};

static void end_decode(struct decode *decode)
{
    old_image_end(&decode->old);
}

/* ---- the base ---- */

static bool same_package(const struct delta_name *name, const struct base *base)
{
    return text_equal(name->package, base->package) && text_equal(name->version, base->version) &&
           text_equal(name->arch, base->arch);
}

bool delta_check_base(const struct delta *delta, const struct base *base, struct error *err)
{
    const struct delta_name *from = &delta->base;
    struct digest identity;

    if (base->kind == delta->base_kind) {
        if (!base_identity(base, &identity, err))
            return false;
        if (memcmp(identity.at, delta->identity, DELTA_IDENTITY_SIZE) == 0)
            return true;
    }
    if (from->package.size == 0)
        return error_set(err, ERROR_CONFLICT, "base: not what this delta was made from");
    if (base->kind != BASE_KIND_PACKAGE)
        return error_set(err, ERROR_CONFLICT,
                         "base: this delta was made from %.*s %.*s %.*s, and this is no package",
                         TEXT_ARG(from->package), TEXT_ARG(from->version), TEXT_ARG(from->arch));
    if (same_package(from, base))
        return error_set(err, ERROR_CONFLICT,
                         "base: this delta was made from %.*s %.*s %.*s with other files than these",
                         TEXT_ARG(from->package), TEXT_ARG(from->version), TEXT_ARG(from->arch));
    return error_set(err, ERROR_CONFLICT,
                     "base: this delta was made from %.*s %.*s %.*s, and this is %.*s %.*s %.*s",
                     TEXT_ARG(from->package), TEXT_ARG(from->version), TEXT_ARG(from->arch),
                     TEXT_ARG(base->package), TEXT_ARG(base->version), TEXT_ARG(base->arch));
}

/* The window's old image, unless it is held already: a large file's windows are made from the same. */
static bool take_old(struct decode *decode, const struct delta_window *window, struct error *err)
{
    int64_t begin = time_cpu_us();

    if (decode->held && decode->olds == window->olds)
        return true;
    decode->held = false;
    old_image_end(&decode->old);
    if (!old_image_take(decode->base, window->olds, window->old_count, (size_t)window->old_size,
                        decode->checked, &decode->old, err))
        return false;
    if (decode->old.bytes.size != window->old_size)
        return error_set(err, ERROR_INPUT, "old image: %zu bytes, announced were %llu",
                         decode->old.bytes.size, (unsigned long long)window->old_size);
    decode->olds = window->olds;
    decode->held = true;
    decode->cost.open_us += time_cpu_us() - begin;
    return true;
}

/* ---- windows ---- */

static bool report(struct decode *decode, uint64_t done, struct error *err)
{
    const struct decode_work *work = decode->work;

    decode->done += done;
    if (work->progress == NULL ||
        work->progress(work->self, decode->done, decode->delta->image_size + decode->delta->output_size))
        return true;
    decode->stopped = true;
    return error_set(err, ERROR_CONFLICT, "stopped");
}

/* Where a window's bytes go. */
struct window_writer {
    struct decode *decode;
    uint64_t at, left;
    struct digester digester;
    uint8_t piece[256 * KIB]; /* gathered, since windows come in small pieces */
    size_t filled;
};

static void end_window_writer(struct window_writer **writer)
{
    if (*writer != NULL)
        digester_end(&(*writer)->digester);
    free(*writer);
    *writer = NULL;
}

static bool put_piece(struct window_writer *writer, struct bytes piece, struct error *err)
{
    if (!digester_add(&writer->digester, piece, err) ||
        !spool_write(writer->decode->work->spool, writer->at, piece, err))
        return false;
    writer->at += piece.size;
    return report(writer->decode, piece.size, err);
}

static bool flush(struct window_writer *writer, struct error *err)
{
    struct bytes piece = {writer->piece, writer->filled};

    writer->filled = 0;
    return put_piece(writer, piece, err);
}

static bool put_window(void *self, struct bytes bytes, struct error *err)
{
    struct window_writer *writer = self;

    if (bytes.size > writer->left)
        return error_set(err, ERROR_INPUT, "more bytes than announced");
    writer->left -= bytes.size;
    if (writer->filled == 0 && bytes.size >= sizeof(writer->piece) / 4)
        return put_piece(writer, bytes, err);
    while (bytes.size > 0) {
        size_t room = sizeof(writer->piece) - writer->filled, some = bytes.size < room ? bytes.size : room;
        memcpy(writer->piece + writer->filled, bytes.at, some);
        writer->filled += some;
        bytes.at += some;
        bytes.size -= some;
        if (writer->filled == sizeof(writer->piece) && !flush(writer, err))
            return false;
    }
    return true;
}

static bool run_window(struct decode *decode, const struct delta_window *window,
                       const struct delta_pieces *pieces, struct error *err)
{
    OWN(end_window_writer) struct window_writer *writer = calloc(1, sizeof(*writer));
    struct bytes coded = {decode->file.at + window->coded_at, (size_t)window->coded_size};
    struct window_image old = old_image_view(&decode->old),
                        new = {.pieces = pieces->at, .piece_count = pieces->count};
    struct digest digest;

    if (writer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    writer->decode = decode;
    writer->at = window->new_at;
    writer->left = window->new_size;
    if (!digester_open(DIGEST_SHA256, &writer->digester, err) ||
        !window_decode(&old, &new, coded, (struct window_sink){put_window, writer}, err) ||
        !flush(writer, err))
        return false;
    digester_close(&writer->digester, &digest);
    if (writer->left > 0 || memcmp(digest.at, window->hash, DELTA_HASH_SIZE) != 0)
        return error_set(err, ERROR_INPUT,
                         "its bytes are not the announced ones: the delta is broken, or its base");
    return true;
}

static bool make_window(struct decode *decode, size_t index, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    const struct delta_window *window = &decode->delta->windows[index];
    struct delta_pieces pieces;
    int64_t begin;

    if (!delta_pieces(decode->delta, index, &arena, &pieces, err) || !take_old(decode, window, err))
        return false;
    begin = time_cpu_us();
    if (!run_window(decode, window, &pieces, err))
        return false;
    decode->cost.decode_us += time_cpu_us() - begin;
    return true;
}

/*
 * First from the base as it lies there. When that gives other bytes than announced, perhaps a file of it was edited: then all are
 * read once more, each against its MD5, so that the one who asked is told which.
 */
static bool decode_window(struct decode *decode, size_t index, struct error *err)
{
    const struct delta_window *window = &decode->delta->windows[index];
    uint64_t done = decode->done;
    bool held = false;

    if (!spool_holds(decode->work->spool, window->new_at, window->new_size,
                     (struct bytes){window->hash, DELTA_HASH_SIZE}, &held, err))
        return false;
    if (held) {
        decode->cost.windows_kept++;
        return report(decode, window->new_size, err);
    }
    if (make_window(decode, index, err))
        return true;
    if (decode->checked || decode->stopped || decode->base->read_unchecked == NULL)
        return false;
    decode->checked = true;
    decode->held = false;
    decode->done = done;
    return make_window(decode, index, err);
}

/* ---- the whole ---- */

struct output {
    struct decode *decode;
    struct digester digester;
    uint64_t left;
};

static void end_output(struct output *output)
{
    digester_end(&output->digester);
}

static bool put_output(void *self, struct bytes bytes, struct error *err)
{
    struct output *output = self;
    struct opener_sink sink = output->decode->work->sink;

    if (bytes.size > output->left)
        return error_set(err, ERROR_INPUT, "more bytes than announced");
    output->left -= bytes.size;
    return digester_add(&output->digester, bytes, err) && sink.put(sink.self, bytes, err) &&
           report(output->decode, bytes.size, err);
}

static bool make_output(struct decode *decode, struct error *err)
{
    OWN(end_output) struct output output = {.decode = decode, .left = decode->delta->output_size};
    struct assemble_request request = {
        .delta = decode->delta,
        .base = decode->base,
        .spool = decode->work->spool,
        .budget = {.threads = decode->work->threads == 0 ? 1 : decode->work->threads,
                   .memory_max = decode->work->memory_max},
        .sink = {put_output, &output},
    };
    int64_t begin = time_cpu_us();
    struct digest digest;

    if (!digester_open(DIGEST_SHA256, &output.digester, err) || !assemble(&request, err))
        return false;
    digester_close(&output.digester, &digest);
    if ((output.left > 0 || !digest_equal(&digest, &decode->delta->output)) &&
        control_holds(CONTROL_DELTA_OUTPUT))
        return error_set(err, ERROR_TRUST,
                         "the output is not what was announced: the delta is broken, or its base");
    decode->cost.pack_us = time_cpu_us() - begin;
    return true;
}

static bool decode_all(struct decode *decode, struct error *err)
{
    for (size_t i = 0; i < decode->delta->window_count; i++)
        if (!decode_window(decode, i, err))
            return error_at(err, "window %zu of %zu", i + 1, decode->delta->window_count);
    old_image_end(&decode->old); /* before the memory is needed for packing */
    return spool_cut(decode->work->spool, decode->delta->image_size, err) && make_output(decode, err);
}

bool delta_decode(const struct delta *delta, struct bytes file, const struct base *base,
                  const struct decode_work *work, struct decode_cost *cost, struct error *err)
{
    OWN(end_decode) struct decode decode = {.delta = delta, .file = file, .base = base, .work = work};

    if (file.size != delta->file_size)
        return error_set(err, ERROR_INPUT,
                         "the delta has %zu bytes, not %llu: cut off, or not all of it here", file.size,
                         (unsigned long long)delta->file_size);
    if (!delta_check_base(delta, base, err) || !decode_all(&decode, err))
        return false;
    if (cost != NULL)
        *cost = decode.cost;
    return true;
}
