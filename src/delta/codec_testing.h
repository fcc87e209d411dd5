/*
 * A base and a target in memory, for tests and fuzz targets of the codec. Only they include this.
 */
#ifndef DELTA_CODEC_TESTING_H
#define DELTA_CODEC_TESTING_H

#include <assert.h>
#include <stdlib.h>

#include "delta/encode.h"
#include "delta/spool.h"
#include "delta/tree.h"

#define CODEC_PARTS_MAX 16

struct codec_file {
    const char *name; /* "/a" */
    struct bytes bytes;
};

/* Files of which some may be missing or edited since. */
struct codec_base {
    struct base base;
    struct base_part parts[CODEC_PARTS_MAX];
    struct bytes bytes[CODEC_PARTS_MAX];
    bool absent[CODEC_PARTS_MAX], edited[CODEC_PARTS_MAX];
};

static bool codec_read(void *self, size_t index, struct writer *out, struct error *err)
{
    const struct codec_base *base = self;

    if (base->absent[index])
        return error_set(err, ERROR_ABSENT, "%.*s is not there", TEXT_ARG(base->parts[index].name));
    if (base->edited[index])
        return error_set(err, ERROR_CONFLICT, "%.*s is not as it was installed",
                         TEXT_ARG(base->parts[index].name));
    writer_put(out, base->bytes[index]);
    return writer_ok(out) || error_set(err, ERROR_LIMIT, "more than %zu bytes", out->limit);
}

static void codec_base_with(struct codec_base *out, enum base_kind kind, const struct codec_file *files,
                            size_t count)
{
    struct error err = {0};

    assert(count <= CODEC_PARTS_MAX);
    *out = (struct codec_base){
        .base = {.kind = kind, .parts = out->parts, .part_count = count, .read = codec_read, .self = out}};
    for (size_t i = 0; i < count; i++) {
        out->parts[i] = (struct base_part){.name = text_of(files[i].name), .class = BASE_FILE};
        out->bytes[i] = files[i].bytes;
        if (!digest_bytes(DIGEST_MD5, files[i].bytes, &out->parts[i].md5, &err))
            abort();
    }
}

struct codec_target {
    struct target target;
    struct deb_layout_part parts[CODEC_PARTS_MAX];
    struct writer structure, stream;
};

static void codec_target_end(struct codec_target *target)
{
    writer_end(&target->structure);
    writer_end(&target->stream);
}

static void codec_target_file(struct codec_target *out, struct bytes bytes)
{
    struct error err = {0};

    *out = (struct codec_target){
        .target = {.kind = DELTA_FILE, .parts = out->parts, .part_count = 1, .output_size = bytes.size}};
    out->parts[0] = (struct deb_layout_part){.class = BASE_FILE, .bytes = bytes};
    if (!digest_bytes(DIGEST_SHA256, bytes, &out->target.output, &err))
        abort();
}

/* A folder whose tree has these files, in order. */
static void codec_target_folder(struct codec_target *out, const struct codec_file *files, size_t count)
{
    struct error err = {0};

    *out = (struct codec_target){.target = {.kind = DELTA_FOLDER, .parts = out->parts, .part_count = count},
                                 .structure = writer_with(1 << 20),
                                 .stream = writer_with((size_t)1 << 30)};
    writer_string(&out->structure, "d755 /");
    writer_byte(&out->structure, 0);
    for (size_t i = 0; i < count; i++) {
        writer_format(&out->structure, "f644 %s", files[i].name);
        writer_byte(&out->structure, 0);
        out->parts[i] = (struct deb_layout_part){text_of(files[i].name), BASE_FILE, files[i].bytes};
    }
    out->target.structure = writer_bytes(&out->structure);
    writer_varint(&out->stream, out->structure.size);
    writer_put(&out->stream, out->target.structure);
    for (size_t i = 0; i < count; i++) {
        writer_varint(&out->stream, files[i].bytes.size);
        writer_put(&out->stream, files[i].bytes);
    }
    out->target.output_size = out->stream.size;
    if (!digest_bytes(DIGEST_SHA256, writer_bytes(&out->stream), &out->target.output, &err))
        abort();
}

/* A sink into a writer. */
static bool codec_put(void *self, struct bytes bytes, struct error *err)
{
    struct writer *w = self;

    writer_put(w, bytes);
    return writer_ok(w) || error_set(err, ERROR_LIMIT, "the disk is full");
}

#endif
