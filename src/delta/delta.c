#include "delta/delta.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "delta/delta_table.h"

#define HEADER_FIXED 54

static const uint8_t magic[4] = {'S', 'U', 'T', 'D'};

const char *delta_kind_name(enum delta_kind kind)
{
    static const char *const names[DELTA_KIND_COUNT] = {[DELTA_KIND_UNKNOWN] = "unknown",
                                                        [DELTA_FILE] = "file",
                                                        [DELTA_FOLDER] = "folder",
                                                        [DELTA_DEB] = "deb"};

    return kind < DELTA_KIND_COUNT ? names[kind] : names[DELTA_KIND_UNKNOWN];
}

/* ---- the header ---- */

static bool read_header(struct reader *r, struct delta *delta, uint64_t *table_size, struct error *err)
{
    struct bytes start = reader_take(r, sizeof(magic)), digest, identity;
    unsigned version = reader_u8(r), kinds = reader_u8(r);

    if (!reader_ok(r) || memcmp(start.at, magic, sizeof(magic)) != 0)
        return error_set(err, ERROR_INPUT, "not a delta of suture");
    if (version != DELTA_VERSION)
        return error_set(err, ERROR_CONFLICT, "a delta of version %u; this program knows version %d", version,
                         DELTA_VERSION);
    delta->kind = (enum delta_kind)(kinds & 15);
    delta->base_kind = (enum base_kind)(kinds >> 4);
    digest = reader_take(r, 32);
    identity = reader_take(r, DELTA_IDENTITY_SIZE);
    delta->output_size = reader_varint_max(r, LIMIT_DELTA_SPOOL);
    *table_size = reader_varint_max(r, LIMIT_DELTA_TABLE);
    if (!reader_ok(r) || delta->kind == DELTA_KIND_UNKNOWN || delta->kind >= DELTA_KIND_COUNT ||
        delta->base_kind == BASE_KIND_UNKNOWN || delta->base_kind >= BASE_KIND_COUNT)
        return error_set(err, ERROR_INPUT, "header: broken, or cut off");
    delta->output.kind = DIGEST_SHA256;
    memcpy(delta->output.at, digest.at, 32);
    memcpy(delta->identity, identity.at, DELTA_IDENTITY_SIZE);
    return true;
}

bool delta_wants(struct bytes start, uint64_t *out, struct error *err)
{
    struct reader r = reader_with(start);
    struct delta delta = {0};
    uint64_t table_size;

    if (!read_header(&r, &delta, &table_size, err))
        return false;
    *out = reader_place(&r) + table_size;
    return true;
}

/* A file has no structure and is one part; what the others have, its layout's reader checks. */
static bool check_kinds(const struct delta *delta, struct error *err)
{
    bool plain = delta->kind == DELTA_FILE;

    if (plain ? delta->part_count != 1 || delta->structure_size != 0 : delta->structure_size == 0)
        return error_set(err, ERROR_INPUT, "table: not what a %s has", delta_kind_name(delta->kind));
    return true;
}

/* Names come from outside and are shown to people. */
static bool check_name(const struct delta_name *name, struct error *err)
{
    struct text checked;

    return (text_from_bytes(bytes_of_text(name->package), LIMIT_DELTA_LABEL, &checked, err) &&
            text_from_bytes(bytes_of_text(name->version), LIMIT_DELTA_LABEL, &checked, err) &&
            text_from_bytes(bytes_of_text(name->arch), LIMIT_DELTA_LABEL, &checked, err)) ||
           error_at(err, "table: a name");
}

bool delta_read(struct bytes start, struct arena *arena, struct delta *out, struct error *err)
{
    struct reader r = reader_with(start);
    struct delta delta = {0};
    struct delta_window *windows;
    uint64_t table_size = 0, table_end;

    if (!read_header(&r, &delta, &table_size, err))
        return false;
    struct bytes coded = reader_take(&r, (size_t)table_size);
    if (!reader_ok(&r))
        return error_set(err, ERROR_INPUT, "table: cut off");
    if (!delta_table_read(coded, arena, &delta, err) || !check_kinds(&delta, err) ||
        !check_name(&delta.base, err) || !check_name(&delta.made, err))
        return false;
    table_end = reader_place(&r);
    delta.file_size += table_end;
    windows = ARENA_ARRAY(arena, struct delta_window, delta.window_count);
    if (windows == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < delta.window_count; i++) {
        windows[i] = delta.windows[i];
        windows[i].coded_at += table_end;
    }
    delta.windows = windows;
    *out = delta;
    return true;
}

bool delta_write(const struct delta *delta, struct writer *out, struct error *err)
{
    OWN(writer_end) struct writer table = writer_with(LIMIT_DELTA_TABLE);
    struct bytes raw;

    if (!delta_table_write(delta, &table, err) || !writer_done(&table, &raw, err))
        return false;
    writer_put(out, (struct bytes){magic, sizeof(magic)});
    writer_byte(out, DELTA_VERSION);
    writer_byte(out, (uint8_t)(delta->kind | delta->base_kind << 4));
    writer_put(out, (struct bytes){delta->output.at, 32});
    writer_put(out, (struct bytes){delta->identity, DELTA_IDENTITY_SIZE});
    writer_varint(out, delta->output_size);
    writer_varint(out, raw.size);
    writer_put(out, raw);
    return writer_done(out, &raw, err);
}

/* ---- what it means ---- */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t delta_memory(const struct delta *delta)
{
    uint64_t most = delta->structure_size;

    for (size_t i = 0; i < delta->window_count; i++)
        most = larger(most, delta->windows[i].old_size);
    for (size_t i = 0; i < delta->part_count; i++)
        if (delta->parts[i].same == DELTA_NEW && delta->parts[i].opener != OPENER_NONE)
            most = larger(most, delta->parts[i].file_size);
    return most + LIMIT_DELTA_SPARE;
}

uint64_t delta_room(const struct delta *delta)
{
    uint64_t room = delta->image_size;

    for (size_t i = 0; i < delta->part_count; i++)
        if (delta->parts[i].same == DELTA_NEW && delta->parts[i].opener != OPENER_NONE)
            room += delta->parts[i].file_size;
    return room;
}

static bool use_part(uint32_t part, bool *used, size_t part_count, struct error *err)
{
    if (part >= part_count)
        return error_set(err, ERROR_INPUT, "part %u of a base that has %zu", part, part_count);
    used[part] = true;
    return true;
}

bool delta_parts_used(const struct delta *delta, bool *used, size_t part_count, struct error *err)
{
    for (size_t i = 0; i < part_count; i++)
        used[i] = false;
    for (size_t i = 0; i < delta->part_count; i++)
        if (delta->parts[i].same != DELTA_NEW && !use_part(delta->parts[i].same, used, part_count, err))
            return false;
    for (size_t i = 0; i < delta->window_count; i++)
        for (size_t old = 0; old < delta->windows[i].old_count; old++)
            if (!use_part(delta->windows[i].olds[old].part, used, part_count, err))
                return false;
    return true;
}

struct pieces {
    struct window_piece *at; /* NULL: only counted */
    uint32_t *parts;
    size_t count;
};

/* What of the image that begins at `at` lies in the window. */
static void add_piece(struct pieces *pieces, const struct delta_window *window, uint32_t part, uint64_t at,
                      uint64_t size)
{
    uint64_t end = window->new_at + window->new_size;
    uint64_t from = larger(at, window->new_at), to = at + size < end ? at + size : end;

    if (from >= to)
        return;
    if (pieces->at != NULL) {
        pieces->at[pieces->count] =
            (struct window_piece){(uint32_t)(from - window->new_at), (uint32_t)(to - from)};
        pieces->parts[pieces->count] = part;
    }
    pieces->count++;
}

static void find_pieces(const struct delta *delta, const struct delta_window *window, struct pieces *pieces)
{
    add_piece(pieces, window, DELTA_NEW, 0, delta->structure_size);
    for (size_t i = 0; i < delta->part_count; i++)
        if (delta->parts[i].same == DELTA_NEW)
            add_piece(pieces, window, (uint32_t)i, delta->parts[i].image_at, delta->parts[i].image_size);
}

bool delta_pieces(const struct delta *delta, size_t window, struct arena *arena, struct delta_pieces *out,
                  struct error *err)
{
    struct pieces pieces = {0};

    find_pieces(delta, &delta->windows[window], &pieces);
    pieces.at = ARENA_ARRAY(arena, struct window_piece, pieces.count);
    pieces.parts = ARENA_ARRAY(arena, uint32_t, pieces.count);
    if (pieces.at == NULL || pieces.parts == NULL)
        return arena_full(arena, err);
    pieces.count = 0;
    find_pieces(delta, &delta->windows[window], &pieces);
    *out = (struct delta_pieces){pieces.at, pieces.parts, pieces.count};
    return true;
}
