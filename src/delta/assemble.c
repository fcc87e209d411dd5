#include "delta/assemble.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/openers.h"
#include "delta/spool.h"

#define PIECE      (256 * KIB)

#define NOT_CLOSED UINT64_MAX

/* The part that is read at the moment. */
struct assembly {
    const struct assemble_request *request;
    struct writer held; /* a copy, or a closed file */
    size_t taken;       /* of it */
    struct spool_part spooled;
    uint64_t *sizes;     /* of each part */
    uint64_t *closed_at; /* where in the spool an opened part lies, closed; or NOT_CLOSED */
    uint64_t spool_size;
};

static void end_assembly(struct assembly *assembly)
{
    writer_end(&assembly->held);
    free(assembly->sizes);
    free(assembly->closed_at);
}

static bool get_held(void *self, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    struct assembly *assembly = self;
    size_t left = assembly->held.size - assembly->taken, some = size < left ? size : left;

    (void)err;
    if (some > 0)
        memcpy(into, assembly->held.at + assembly->taken, some);
    assembly->taken += some;
    *got = some;
    return true;
}

static bool put_held(void *self, struct bytes bytes, struct error *err)
{
    struct writer *held = self;

    writer_put(held, bytes);
    return writer_ok(held) || error_set(err, ERROR_INPUT, "closed, it is more than announced");
}

static bool close_part(struct assembly *assembly, const struct delta_part *part, struct error *err)
{
    const struct opener *opener = openers_get(part->opener);
    struct spool_part image = {assembly->request->spool, part->image_at, part->image_size};

    if (opener == NULL)
        return error_set(err, ERROR_CONFLICT, "opener %u, which this program does not know", part->opener);
    if (part->image_size > LIMIT_DELTA_IMAGE)
        return error_set(err, ERROR_LIMIT, "%s: an image of %llu bytes", opener->name,
                         (unsigned long long)part->image_size);
    assembly->held = writer_with((size_t)part->file_size);
    if (!opener->close(part->settings, spool_source(&image), (size_t)part->image_size,
                       (size_t)part->file_size, (struct opener_sink){put_held, &assembly->held}, err))
        return error_at(err, "%s", opener->name);
    return assembly->held.size == part->file_size ||
           error_set(err, ERROR_INPUT, "%s: closed, it has %zu bytes, announced were %llu", opener->name,
                     assembly->held.size, (unsigned long long)part->file_size);
}

static bool copy_part(struct assembly *assembly, const struct delta_part *part, struct error *err)
{
    const struct base *base = assembly->request->base;

    if (part->same >= base->part_count)
        return error_set(err, ERROR_INPUT, "part %u of a base that has %zu", part->same, base->part_count);
    assembly->held = writer_with(LIMIT_DELTA_IMAGE);
    return base->read(base->self, part->same, &assembly->held, err) || error_at(err, "base");
}

/* What is in the spool, as it is or closed before, is read from there; everything else is held in memory. */
static bool open_part(void *self, size_t index, struct opener_source *out, struct error *err)
{
    struct assembly *assembly = self;
    const struct delta_part *part = &assembly->request->delta->parts[index];
    bool plain = part->same == DELTA_NEW && part->opener == OPENER_NONE;

    writer_end(&assembly->held);
    assembly->taken = 0;
    if (plain || assembly->closed_at[index] != NOT_CLOSED) {
        uint64_t at = plain ? part->image_at : assembly->closed_at[index];
        assembly->spooled = (struct spool_part){assembly->request->spool, at, assembly->sizes[index]};
        *out = spool_source(&assembly->spooled);
        return true;
    }
    if (part->same != DELTA_NEW ? !copy_part(assembly, part, err) : !close_part(assembly, part, err))
        return false;
    if (assembly->held.size != assembly->sizes[index])
        return error_set(err, ERROR_CONFLICT, "part %zu: has another size than the base said", index);
    *out = (struct opener_source){get_held, assembly};
    return true;
}

static bool size_of_copy(struct assembly *assembly, const struct delta_part *part, uint64_t *out,
                         struct error *err)
{
    const struct base *base = assembly->request->base;

    if (base->size != NULL && part->same < base->part_count)
        return base->size(base->self, part->same, out, err) || error_at(err, "base");
    writer_end(&assembly->held);
    if (!copy_part(assembly, part, err))
        return false;
    *out = assembly->held.size;
    return true;
}

/* Who puts parts together wants to know all sizes first: those of copies only the base knows. */
static bool find_sizes(struct assembly *assembly, struct error *err)
{
    const struct delta *delta = assembly->request->delta;
    uint64_t copied = 0;

    assembly->sizes = calloc(delta->part_count + 1, sizeof(*assembly->sizes));
    assembly->closed_at = calloc(delta->part_count + 1, sizeof(*assembly->closed_at));
    assembly->spool_size = delta->image_size;
    if (assembly->sizes == NULL || assembly->closed_at == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    for (size_t i = 0; i < delta->part_count; i++) {
        const struct delta_part *part = &delta->parts[i];
        assembly->closed_at[i] = NOT_CLOSED;
        assembly->sizes[i] = part->file_size;
        if (part->same == DELTA_NEW)
            continue;
        if (!size_of_copy(assembly, part, &assembly->sizes[i], err))
            return error_at(err, "part %zu", i);
        if (ckd_add(&copied, copied, assembly->sizes[i]) || copied > LIMIT_DELTA_SPOOL)
            return error_set(err, ERROR_LIMIT, "copies of more than %zu bytes",
                             LIMIT_DELTA_SPOOL); /* some bits can ask for a million */
    }
    return true;
}

/* ---- MD5 for md5sums, which stands before the files ---- */

/* A file that was closed for its MD5 is kept in the spool: packing it again takes long. */
static bool keep_closed(struct assembly *assembly, size_t index, struct error *err)
{
    if (!spool_write(assembly->request->spool, assembly->spool_size, writer_bytes(&assembly->held), err))
        return false;
    assembly->closed_at[index] = assembly->spool_size;
    assembly->spool_size += assembly->held.size;
    return true;
}

static bool digest_part(void *self, size_t index, struct digest *out, struct error *err)
{
    struct assembly *assembly = self;
    const struct delta_part *part = &assembly->request->delta->parts[index];
    struct opener_source unused;

    if (part->same != DELTA_NEW) {
        *out = assembly->request->base->parts[part->same]
                   .md5; /* what it must be; it is compared when it is read */
        return true;
    }
    if (part->opener == OPENER_NONE)
        return spool_digest(assembly->request->spool, part->image_at, part->image_size, DIGEST_MD5, out, err);
    if (!open_part(assembly, index, &unused, err))
        return false;
    if (assembly->closed_at[index] == NOT_CLOSED && !keep_closed(assembly, index, err))
        return false;
    return spool_digest(assembly->request->spool, assembly->closed_at[index], part->file_size, DIGEST_MD5,
                        out, err);
}

/* ---- what is made of them ---- */

static bool put_source(struct opener_source source, struct opener_sink sink, struct error *err)
{
    OWN(own_memory) uint8_t *piece = malloc(PIECE);
    size_t got = 0;

    if (piece == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    for (;;) {
        if (!source.get(source.self, piece, PIECE, &got, err))
            return false;
        if (got == 0)
            return true;
        if (!sink.put(sink.self, (struct bytes){piece, got}, err))
            return false;
    }
}

static bool put_number(uint64_t value, struct opener_sink sink, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(16);

    writer_varint(&w, value);
    return sink.put(sink.self, writer_bytes(&w), err);
}

/* A folder's stream has sizes, a file is its one part. */
static bool put_parts(struct assembly *assembly, bool sizes, struct error *err)
{
    struct opener_sink sink = assembly->request->sink;

    for (size_t i = 0; i < assembly->request->delta->part_count; i++) {
        struct opener_source source;
        if (!open_part(assembly, i, &source, err) || (sizes && !put_number(assembly->sizes[i], sink, err)) ||
            !put_source(source, sink, err))
            return error_at(err, "part %zu", i);
    }
    return true;
}

bool assemble(const struct assemble_request *request, struct error *err)
{
    OWN(end_assembly) struct assembly assembly = {.request = request};
    OWN(own_memory) uint8_t *raw = malloc((size_t)request->delta->structure_size + 1);
    struct bytes structure = {raw, (size_t)request->delta->structure_size};
    struct opener_sink sink = request->sink;

    if (raw == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!find_sizes(&assembly, err))
        return false;
    if (request->delta->kind == DELTA_FILE)
        return put_parts(&assembly, false, err);
    if (!spool_read(request->spool, 0, raw, structure.size, err))
        return false;
    if (request->delta->kind == DELTA_FOLDER)
        return put_number(structure.size, sink, err) && sink.put(sink.self, structure, err) &&
               put_parts(&assembly, true, err);
    struct deb_contents contents = {assembly.sizes, open_part, digest_part, &assembly};
    return deb_put_together(structure, request->delta->part_count, contents, request->budget,
                            request->delta->output_size, sink, err);
}
