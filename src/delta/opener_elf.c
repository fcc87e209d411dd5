/*
 * ELF files: what can be made from their other bytes is zero.
 *
 *     image:    the file, .eh_frame_hdr zero. It is the sorted index of .eh_frame, in which every number changes with every byte
 *               that is put in before (delta/elf_frames.h)
 *     settings: nothing
 *
 * The index stands before what it is made from: closing holds .eh_frame back until it has the whole. A file without section headers,
 * which stand at its end, is taken for one that was cut off, and stays closed.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/elf_frames.h"
#include "delta/opener.h"
#include "delta/pour.h"

#define CHUNK (64 * KIB)

/* Whether closing would find the index's place in a file of that size, from its begin alone. */
static bool has_index(const struct elf_layout *layout, size_t file_size)
{
    return layout->frames_size >= 12 && layout->frames_size <= LIMIT_ELF_FRAMES &&
           layout->frames_at >= layout->header_size && layout->frames_at <= file_size &&
           layout->frames_size <= file_size - layout->frames_at && elf_frames_begin(layout) <= file_size;
}

static bool knows(struct bytes file)
{
    struct elf_layout layout;

    return elf_layout_read(file, &layout) && has_index(&layout, file.size) && elf_section_count(file) > 0;
}

/* All of .eh_frame that the index speaks of. */
static bool find_frames(const struct elf_layout *layout, struct bytes file, struct bytes *out,
                        struct error *err)
{
    struct bytes rest = {file.at + elf_frames_begin(layout), file.size - (size_t)elf_frames_begin(layout)};
    struct elf_frames_walk walk = {0};

    if (elf_frames_wants(&walk, layout, rest, rest.size) != 0 || walk.at > LIMIT_ELF_FRAMES)
        return error_set(err, ERROR_INPUT, "elf: frames of more than %zu bytes", LIMIT_ELF_FRAMES);
    *out = (struct bytes){rest.at, walk.at};
    return true;
}

static bool open_elf(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                     struct error *err)
{
    struct elf_layout layout;
    struct bytes frames;

    (void)settings;
    if (!elf_layout_read(file, &layout) || !has_index(&layout, file.size))
        return error_set(err, ERROR_INPUT, "elf: no index of frames");
    if (elf_section_count(file) == 0)
        return error_set(err, ERROR_INPUT, "elf: no section headers");
    if (file.size > image_max)
        return error_set(err, ERROR_LIMIT, "elf: opened it has more than %zu bytes", image_max);
    OWN(own_memory) uint8_t *index = calloc(1, (size_t)layout.frames_size);
    if (index == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!find_frames(&layout, file, &frames, err) || !elf_frames_header(&layout, frames, index, err))
        return false;
    struct bytes before = {file.at, (size_t)layout.frames_at};
    size_t behind = before.size + (size_t)layout.frames_size;
    if (memcmp(index, file.at + before.size, (size_t)layout.frames_size) != 0)
        return error_set(err, ERROR_INPUT, "elf: the index of frames is another one");
    memset(index, 0, (size_t)layout.frames_size);
    writer_put(image, before);
    writer_put(image, (struct bytes){index, (size_t)layout.frames_size});
    writer_put(image, (struct bytes){file.at + behind, file.size - behind});
    return writer_ok(image) || error_set(err, ERROR_LIMIT, "elf: no room for the image");
}

/* Closing on the way. */
struct closing {
    struct draw image;
    struct pour file;
    struct elf_layout layout;
};

static bool close_through(struct closing *c, size_t size, struct error *err)
{
    uint8_t chunk[4096];

    while (size > 0) {
        size_t part = size < sizeof(chunk) ? size : sizeof(chunk);
        if (!draw_exactly(&c->image, chunk, part, err) ||
            !pour_put(&c->file, (struct bytes){chunk, part}, err))
            return false;
        size -= part;
    }
    return true;
}

/* The begin, as far as the layout needs it. */
static bool close_begin(struct closing *c, size_t file_size, struct error *err)
{
    uint8_t start[ELF_START_MAX];
    size_t first = file_size < 64 ? file_size : 64, wanted;

    if (!draw_exactly(&c->image, start, first, err))
        return false;
    wanted = elf_layout_wants((struct bytes){start, first});
    if (wanted == 0 || wanted < first || wanted > file_size ||
        !draw_exactly(&c->image, start + first, wanted - first, err))
        return error_set(err, ERROR_INPUT, "elf: no ELF file");
    if (!elf_layout_read((struct bytes){start, wanted}, &c->layout) || !has_index(&c->layout, file_size))
        return error_set(err, ERROR_INPUT, "elf: no index of frames");
    return pour_put(&c->file, (struct bytes){start, wanted}, err);
}

static bool close_skip(struct closing *c, size_t size, struct error *err)
{
    uint8_t chunk[4096];

    while (size > 0) {
        size_t part = size < sizeof(chunk) ? size : sizeof(chunk);
        if (!draw_exactly(&c->image, chunk, part, err))
            return false;
        for (size_t i = 0; i < part; i++)
            if (chunk[i] != 0)
                return error_set(err, ERROR_INPUT, "elf: an index of frames that is not zero");
        size -= part;
    }
    return true;
}

/* Room for `wanted` bytes, and these read. */
static bool hold(struct closing *c, uint8_t **held, size_t *size, size_t wanted, size_t most,
                 struct error *err)
{
    size_t to = most - wanted < CHUNK ? most : wanted + CHUNK;
    uint8_t *more = realloc(*held, to + 1);

    if (more == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    *held = more;
    if (!draw_exactly(&c->image, more + *size, to - *size, err))
        return false;
    *size = to;
    return true;
}

/* The index and all that was held back for it. */
static bool close_index(struct closing *c, size_t file_size, struct error *err)
{
    const struct elf_layout *layout = &c->layout;
    size_t behind = (size_t)(layout->frames_at + layout->frames_size),
           gap = (size_t)elf_frames_begin(layout) - behind;
    size_t most = file_size - behind, size = 0, wanted;
    struct elf_frames_walk walk = {0};
    OWN(own_memory) uint8_t *index = calloc(1, (size_t)layout->frames_size), *held = NULL;

    if (index == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!hold(c, &held, &size, gap, most, err))
        return false;
    while ((wanted = elf_frames_wants(&walk, layout, (struct bytes){held + gap, size - gap}, most - gap)) !=
           0) {
        if (wanted > LIMIT_ELF_FRAMES)
            return error_set(err, ERROR_INPUT, "elf: frames of more than %zu bytes", LIMIT_ELF_FRAMES);
        if (!hold(c, &held, &size, gap + wanted, most, err))
            return false;
    }
    return elf_frames_header(layout, (struct bytes){held + gap, walk.at}, index, err) &&
           pour_put(&c->file, (struct bytes){index, (size_t)layout->frames_size}, err) &&
           pour_put(&c->file, (struct bytes){held, size}, err);
}

static bool close_elf(struct bytes settings, struct opener_source source, size_t image_size, size_t file_size,
                      struct opener_sink sink, struct error *err)
{
    struct closing c = {.image = draw_with(source, image_size, false)};

    if (settings.size != 0 || image_size != file_size)
        return error_set(err, ERROR_INPUT, "elf: settings that are none");
    pour_begin(&c.file, sink, file_size);
    return close_begin(&c, file_size, err) &&
           close_through(&c, (size_t)c.layout.frames_at - c.layout.header_size, err) &&
           close_skip(&c, (size_t)c.layout.frames_size, err) && close_index(&c, file_size, err) &&
           close_through(&c, c.file.left, err) && pour_end(&c.file, err);
}

const struct opener opener_elf = {.name = "elf", .knows = knows, .open = open_elf, .close = close_elf};
