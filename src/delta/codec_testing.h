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

static inline bool codec_read(void *self, size_t index, struct writer *out, struct error *err)
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

/* As it lies there: of an edited file other bytes, and nobody says so. */
static inline bool codec_read_unchecked(void *self, size_t index, struct writer *out, struct error *err)
{
    const struct codec_base *base = self;
    size_t before = out->size;

    if (!base->edited[index])
        return codec_read(self, index, out, err);
    writer_put(out, base->bytes[index]);
    for (size_t i = before; i < out->size; i++)
        out->at[i] ^= 0x20;
    return writer_ok(out) || error_set(err, ERROR_LIMIT, "more than %zu bytes", out->limit);
}

static inline void codec_base_with(struct codec_base *out, enum base_kind kind,
                                   const struct codec_file *files, size_t count)
{
    struct error err = {0};

    assert(count <= CODEC_PARTS_MAX);
    *out = (struct codec_base){.base = {.kind = kind,
                                        .parts = out->parts,
                                        .part_count = count,
                                        .read = codec_read,
                                        .read_unchecked = codec_read_unchecked,
                                        .self = out}};
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

static inline void codec_target_end(struct codec_target *target)
{
    writer_end(&target->structure);
    writer_end(&target->stream);
}

static inline void codec_target_file(struct codec_target *out, struct bytes bytes)
{
    struct error err = {0};

    *out = (struct codec_target){
        .target = {.kind = DELTA_FILE, .parts = out->parts, .part_count = 1, .output_size = bytes.size}};
    out->parts[0] = (struct deb_layout_part){.class = BASE_FILE, .bytes = bytes};
    if (!digest_bytes(DIGEST_SHA256, bytes, &out->target.output, &err))
        abort();
}

/* A folder whose tree has these files, in order. */
static inline void codec_target_folder(struct codec_target *out, const struct codec_file *files, size_t count)
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

#define TEXT_SIZE 30000

/* The sample: fuzz corpora and golden deltas are made from it, so it never changes. */
struct made {
    uint8_t old_text[TEXT_SIZE], new_text[TEXT_SIZE + 100], old_noise[TEXT_SIZE], new_noise[TEXT_SIZE];
    struct codec_file olds[4], news[5];
};

static inline uint32_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* A text with an insertion, noise with scattered changes, a file that stays, one that goes, one that comes, one that moves. */
static inline void make(struct made *m)
{
    static const char words[][8] = {"old ", "new ", "file ", "delta\n", "window ", "of a ", "base\n", "the "};
    uint64_t state = 7;
    size_t at = 0;

    while (at < TEXT_SIZE) {
        const char *word = words[draw(&state) % (sizeof(words) / sizeof(*words))];
        for (size_t i = 0; word[i] != 0 && at < TEXT_SIZE; i++)
            m->old_text[at++] = (uint8_t)word[i];
    }
    memcpy(m->new_text, m->old_text, 10000);
    memset(m->new_text + 10000, '#', 100);
    memcpy(m->new_text + 10100, m->old_text + 10000, TEXT_SIZE - 10000);
    for (size_t i = 0; i < TEXT_SIZE; i++)
        m->old_noise[i] = m->new_noise[i] = (uint8_t)draw(&state);
    for (size_t i = 0; i < 100; i++)
        m->new_noise[draw(&state) % TEXT_SIZE]++;
    m->olds[0] = (struct codec_file){"/gone", BYTES("this one goes")};
    m->olds[1] = (struct codec_file){"/lib/libx.so.1.2", {m->old_noise, TEXT_SIZE}};
    m->olds[2] = (struct codec_file){"/same", BYTES("this one stays, and another has its bytes")};
    m->olds[3] = (struct codec_file){"/text", {m->old_text, TEXT_SIZE}};
    m->news[0] = (struct codec_file){"/empty", {0}};
    m->news[1] = (struct codec_file){"/libx.so.1.3", {m->new_noise, TEXT_SIZE}};
    m->news[2] = (struct codec_file){"/moved", BYTES("this one stays, and another has its bytes")};
    m->news[3] = (struct codec_file){"/same", BYTES("this one stays, and another has its bytes")};
    m->news[4] = (struct codec_file){"/text", {m->new_text, TEXT_SIZE + 100}};
}

/* A sink into a writer. */
static inline bool codec_put(void *self, struct bytes bytes, struct error *err)
{
    struct writer *w = self;

    writer_put(w, bytes);
    return writer_ok(w) || error_set(err, ERROR_LIMIT, "the disk is full");
}

#endif
