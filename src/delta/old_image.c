#include "delta/old_image.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/openers.h"

void old_image_end(struct old_image *image)
{
    writer_end(&image->bytes);
    free(image->pieces);
    free(image->parts);
    *image = (struct old_image){0};
}

struct window_image old_image_view(const struct old_image *image)
{
    return (struct window_image){writer_bytes(&image->bytes), image->pieces, image->piece_count};
}

/* Where the parts are. */
struct old_source {
    const struct base *base;
    bool checked;
    struct writer
        file; /* a part that is to be opened: one block for all, since new memory costs more than what is read into it */
};

static void source_end(struct old_source *source)
{
    writer_end(&source->file);
}

static bool read_old(const struct old_source *source, uint32_t part, struct writer *out, struct error *err)
{
    const struct base *base = source->base;

    return source->checked || base->read_unchecked == NULL ? base->read(base->self, part, out, err)
                                                           : base->read_unchecked(base->self, part, out, err);
}

/* Room for the part, where its size is known; who reads it says what is wrong with it. */
static void expect_old(struct old_source *source, uint32_t part)
{
    struct error unused = {0};
    uint64_t size;

    writer_clear(&source->file);
    if (source->base->size != NULL && source->base->size(source->base->self, part, &size, &unused) &&
        size <= source->file.limit)
        writer_expect(&source->file, (size_t)size);
}

static bool read_opened(struct old_source *source, const struct delta_old *old, struct writer *out,
                        struct error *err)
{
    const struct opener *opener = openers_get(old->opener);

    if (opener == NULL)
        return error_set(err, ERROR_CONFLICT, "opener %u, which this program does not know", old->opener);
    expect_old(source, old->part);
    if (!read_old(source, old->part, &source->file, err))
        return false;
    return opener->open(writer_bytes(&source->file), out->limit - out->size, out, NULL, err) ||
           error_at(err, "%.*s: %s", TEXT_ARG(source->base->parts[old->part].name), opener->name);
}

static bool add_old(struct old_image *image, struct old_source *source, const struct delta_old *old,
                    struct error *err)
{
    const struct base *base = source->base;
    size_t before = image->bytes.size, size;

    if (old->part >= base->part_count)
        return error_set(err, ERROR_INPUT, "part %u of a base that has %zu", old->part, base->part_count);
    if (old->opener == OPENER_NONE ? !read_old(source, old->part, &image->bytes, err)
                                   : !read_opened(source, old, &image->bytes, err))
        return error_at(err, "base");
    size = image->bytes.size - before;
    if (!writer_ok(&image->bytes))
        return error_set(err, ERROR_LIMIT, "base: more than %zu bytes", image->bytes.limit);
    if (size == 0)
        return true;
    image->parts[image->piece_count] = old->part;
    image->pieces[image->piece_count++] = (struct window_piece){(uint32_t)before, (uint32_t)size};
    return true;
}

bool old_image_take(const struct base *base, const struct delta_old *olds, size_t count, size_t size_max,
                    bool checked, struct old_image *out, struct error *err)
{
    OWN(old_image_end) struct old_image image = {.bytes = writer_with(size_max)};
    OWN(source_end) struct old_source source = {base, checked, writer_with(LIMIT_DELTA_IMAGE)};

    if (size_max > LIMIT_DELTA_IMAGE)
        return error_set(err, ERROR_LIMIT, "old image: %zu bytes", size_max);
    image.pieces = calloc(count + 1, sizeof(*image.pieces));
    image.parts = calloc(count + 1, sizeof(*image.parts));
    if (image.pieces == NULL || image.parts == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    writer_expect(&image.bytes, size_max);
    for (size_t i = 0; i < count; i++)
        if (!add_old(&image, &source, &olds[i], err))
            return false;
    *out = image;
    image = (struct old_image){0};
    return true;
}
