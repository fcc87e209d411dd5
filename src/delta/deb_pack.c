#include "delta/deb_pack.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/deb_pack_codec.h"

#define ROOM_SIZE   (64 * KIB)
#define USUAL_OTHER 255

static const struct deb_pack_codec *const codecs[DEB_PACK_KIND_COUNT] = {
    [DEB_PACK_XZ] = &deb_pack_xz,
    [DEB_PACK_ZSTD] = &deb_pack_zstd,
    [DEB_PACK_GZIP] = &deb_pack_gzip,
};

/* For ever: a structure says their places. dpkg-deb's of Debian and of Ubuntu, and those before them. */
static const struct deb_packing usual[] = {
    {.kind = DEB_PACK_NONE},
    {.kind = DEB_PACK_XZ, .level = 6, .threaded = true, .check = 4},
    {.kind = DEB_PACK_ZSTD, .level = 19, .threaded = true, .check = 1},
    {.kind = DEB_PACK_GZIP, .level = 9, .check = 8},
    {.kind = DEB_PACK_XZ, .level = 6, .check = 4},
    {.kind = DEB_PACK_XZ, .level = 9, .threaded = true, .check = 4},
    {.kind = DEB_PACK_XZ, .level = 9, .threaded = true, .extreme = true, .check = 4},
    {.kind = DEB_PACK_ZSTD,
     .level = 19,
     .threaded = true,
     .sized = true,
     .check = 1}, /* fits into one buffer */
};
#define USUAL (sizeof(usual) / sizeof(usual[0]))

struct deb_packer {
    const struct deb_pack_codec *codec; /* NULL: nothing is packed */
    void *state;
    struct opener_sink sink;
    uint8_t room[ROOM_SIZE];
};

static bool same(const struct deb_packing *a, const struct deb_packing *b)
{
    return a->kind == b->kind && a->level == b->level && a->threaded == b->threaded &&
           a->extreme == b->extreme && a->sized == b->sized && a->check == b->check &&
           a->block_size == b->block_size;
}

void deb_packing_write(const struct deb_packing *packing, struct writer *out)
{
    for (size_t i = 0; i < USUAL; i++)
        if (same(packing, &usual[i])) {
            writer_byte(out, (uint8_t)i);
            return;
        }
    writer_byte(out, USUAL_OTHER);
    writer_byte(out, (uint8_t)packing->kind);
    writer_byte(out, packing->level);
    writer_byte(out, (uint8_t)(packing->threaded | packing->extreme << 1 | packing->sized << 2));
    writer_byte(out, packing->check);
    writer_varint(out, packing->block_size);
}

struct deb_packing deb_packing_read(struct reader *r)
{
    uint8_t first = reader_u8(r);

    if (first < USUAL)
        return usual[first];
    if (first != USUAL_OTHER)
        reader_fail(r);
    struct deb_packing packing = {.kind = reader_u8(r) % DEB_PACK_KIND_COUNT, .level = reader_u8(r)};
    uint8_t flags = reader_u8(r);
    packing.threaded = flags & 1;
    packing.extreme = flags >> 1 & 1;
    packing.sized = flags >> 2 & 1;
    packing.check = reader_u8(r);
    packing.block_size = (uint32_t)reader_varint_max(r, UINT32_MAX);
    if (!reader_ok(r) || flags > 7 || codecs[packing.kind] == NULL ||
        !codecs[packing.kind]->allows(&packing)) {
        reader_fail(r);
        return usual[0];
    }
    return packing;
}

struct text deb_packing_suffix(const struct deb_packing *packing)
{
    return packing->kind == DEB_PACK_NONE ? TEXT("") : codecs[packing->kind]->suffix;
}

bool deb_packer_open(const struct deb_packing *packing, uint64_t size, struct deb_budget budget,
                     struct opener_sink sink, struct deb_packer **out, struct error *err)
{
    struct deb_packer *packer = malloc(sizeof(*packer));

    assert(budget.threads > 0);
    if (packer == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for packing");
    packer->codec = codecs[packing->kind];
    packer->state = NULL;
    packer->sink = sink;
    if (packer->codec != NULL) {
        packer->state = packer->codec->open(packing, size, budget, err);
        if (packer->state == NULL) {
            free(packer);
            return false;
        }
    }
    *out = packer;
    return true;
}

void deb_packer_end(struct deb_packer **packer)
{
    if (*packer != NULL && (*packer)->state != NULL)
        (*packer)->codec->end((*packer)->state);
    free(*packer);
    *packer = NULL;
}

/* Until all of `in` is taken, or with `last` until the stream's end. */
static bool push(struct deb_packer *packer, struct bytes in, bool last, struct error *err)
{
    bool ended = false;

    while (in.size > 0 || (last && !ended)) {
        struct deb_pack_room room = {packer->room, ROOM_SIZE};
        if (!packer->codec->step(packer->state, &in, &room, last, &ended, err))
            return false;
        struct bytes made = {packer->room, ROOM_SIZE - room.size};
        if (made.size > 0 && !packer->sink.put(packer->sink.self, made, err))
            return false;
    }
    return true;
}

bool deb_packer_put(struct deb_packer *packer, struct bytes bytes, struct error *err)
{
    if (bytes.size == 0)
        return true;
    if (packer->codec == NULL)
        return packer->sink.put(packer->sink.self, bytes, err);
    return push(packer, bytes, false, err);
}

bool deb_packer_close(struct deb_packer *packer, struct error *err)
{
    return packer->codec == NULL ? true : push(packer, BYTES(""), true, err);
}

/* ---- finding out ---- */

/* A sink that stops at the first byte that is another one. */
struct comparison {
    struct bytes expected; /* what is left */
    bool differs;
};

static bool compare(void *self, struct bytes bytes, struct error *err)
{
    struct comparison *comparison = self;

    if (bytes.size > comparison->expected.size ||
        memcmp(bytes.at, comparison->expected.at, bytes.size) != 0) {
        comparison->differs = true;
        return error_set(err, ERROR_CONFLICT, "packed in another way");
    }
    comparison->expected.at += bytes.size;
    comparison->expected.size -= bytes.size;
    return true;
}

static bool try_packing(const struct deb_packing *packing, struct bytes packed, struct bytes raw,
                        struct deb_budget budget, bool *found, struct error *err)
{
    OWN(deb_packer_end) struct deb_packer *packer = NULL;
    struct comparison comparison = {.expected = packed};
    bool done = true;

    if (!deb_packer_open(packing, raw.size, budget, (struct opener_sink){compare, &comparison}, &packer, err))
        return false;
    for (size_t at = 0; done && at < raw.size; at += MIB) {
        size_t size = raw.size - at < MIB ? raw.size - at : MIB;
        done = deb_packer_put(packer, (struct bytes){raw.at + at, size}, err);
    }
    done = done && deb_packer_close(packer, err);
    *found = done && comparison.expected.size == 0;
    return done || comparison.differs;
}

static bool prove(const struct deb_packing *packing, struct bytes packed, struct bytes raw,
                  const struct deb_proof *proof, bool *found, struct error *err)
{
    const struct deb_pack_codec *codec = codecs[packing->kind];
    enum deb_pack_probe probe =
        proof->quick && codec->probe != NULL ? codec->probe(packing, packed, raw) : DEB_PACK_PROBE_UNKNOWN;

    *found = probe == DEB_PACK_PROBE_LIKELY;
    return probe != DEB_PACK_PROBE_UNKNOWN || try_packing(packing, packed, raw, proof->budget, found, err);
}

bool deb_packing_find(struct bytes packed, struct bytes raw, const struct deb_proof *proof,
                      struct deb_packing *out, bool *found, struct error *err)
{
    struct deb_packing candidates[DEB_PACK_CANDIDATES_MAX];
    size_t count = 0;

    *found = false;
    for (size_t kind = 1; kind < DEB_PACK_KIND_COUNT; kind++)
        if (packed.size >= codecs[kind]->magic.size &&
            memcmp(packed.at, codecs[kind]->magic.at, codecs[kind]->magic.size) == 0)
            count = codecs[kind]->candidates(packed, candidates);
    for (size_t i = 0; i < count && !*found; i++) {
        if (!prove(&candidates[i], packed, raw, proof, found, err))
            return false;
        if (*found)
            *out = candidates[i];
    }
    return true;
}
