#include "store/seen.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "base/reader.h"
#include "base/writer.h"
#include "model/cve.h"

#define HEAD_SIZE  24
#define ENTRY_SIZE 32
#define NO_TEXT    UINT32_MAX

/* One entry with its texts, or one item. */
struct entry {
    struct text place, source;
    uint32_t cve;
    struct text id; /* absent when cve is not 0 */
    int64_t first_us, gone_us;
};

static int compare(const struct entry *a, const struct entry *b)
{
    int result = text_compare(a->place, b->place);

    if (result == 0)
        result = text_compare(a->source, b->source);
    if (result == 0)
        result = (a->cve > b->cve) - (a->cve < b->cve);
    return result == 0 ? text_compare(a->id, b->id) : result;
}

/* ---- reading ---- */

bool seen_parse(struct bytes raw, struct seen *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 8);
    struct seen seen = {0};
    uint32_t version = reader_u32(&r);

    seen.count = reader_u32(&r);
    uint32_t text_size = reader_u32(&r);
    reader_skip(&r, 4);
    if (!reader_ok(&r) || memcmp(magic.at, "SUTSEEN", 8) != 0)
        return error_set(err, ERROR_INPUT, "is no memory of findings");
    if (version != 1)
        return error_set(err, ERROR_INPUT, "layout %u, this version of Suture knows 1", version);
    if (reader_left(&r) != (uint64_t)seen.count * ENTRY_SIZE + text_size)
        return error_set(err, ERROR_INPUT, "%u findings and %u bytes of text in %zu bytes", seen.count,
                         text_size, raw.size);
    seen.entries = reader_take(&r, (size_t)seen.count * ENTRY_SIZE);
    seen.texts = reader_take(&r, text_size);
    *out = seen;
    return true;
}

bool seen_open(const char *path, struct seen *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct seen seen = {0};

    if (!file_map(path, LIMIT_STATE_FILE, &map, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
    } else if (!seen_parse(map.bytes, &seen, err)) {
        struct error cause = *err;
        return error_set(err, cause.kind, "%s: %s; remove it, and dates of first sight begin anew", path,
                         cause.text);
    }
    *out = seen;
    out->map = map;
    map = (struct file_map){0};
    return true;
}

void seen_close(struct seen *seen)
{
    file_unmap(&seen->map);
    *seen = (struct seen){0};
}

static bool text_at(const struct seen *seen, uint32_t place, struct text *out)
{
    struct reader r = reader_with(seen->texts);

    reader_skip(&r, place);
    struct bytes raw = reader_take(&r, reader_u16(&r));
    *out = (struct text){(const char *)raw.at, raw.size};
    return reader_ok(&r);
}

/* A walk over all entries in order; texts are looked up again only when they differ from the entry before. */
struct walk {
    const struct seen *seen;
    struct reader r;
    uint32_t number;
    uint32_t place_at, source_at;
    struct entry entry;
    bool there; /* entry holds one */
};

static bool walk_next(struct walk *walk, struct error *err)
{
    struct entry *entry = &walk->entry;
    bool first = walk->number == 0, found = true;
    uint32_t id_at;

    walk->there = reader_left(&walk->r) > 0;
    if (!walk->there)
        return true;
    uint32_t place_at = reader_u32(&walk->r), source_at = reader_u32(&walk->r);
    entry->cve = reader_u32(&walk->r);
    id_at = reader_u32(&walk->r);
    entry->first_us = (int64_t)reader_u64(&walk->r);
    entry->gone_us = (int64_t)reader_u64(&walk->r);
    if (first || place_at != walk->place_at)
        found = text_at(walk->seen, place_at, &entry->place);
    if (found && (first || source_at != walk->source_at))
        found = text_at(walk->seen, source_at, &entry->source);
    entry->id = (struct text){0};
    if (found && entry->cve == 0)
        found = text_at(walk->seen, id_at, &entry->id);
    walk->place_at = place_at;
    walk->source_at = source_at;
    return found ? (walk->number++, true)
                 : error_set(err, ERROR_INPUT, "memory of findings: entry %u is broken", walk->number);
}

static bool walk_begin(const struct seen *seen, struct walk *out, struct error *err)
{
    *out = (struct walk){.seen = seen, .r = reader_with(seen->entries)};
    return walk_next(out, err);
}

/* ---- items ---- */

static struct entry entry_of(struct text place, const struct seen_item *item)
{
    uint32_t cve = cve_pack(item->id);

    return (struct entry){.place = place,
                          .source = item->source,
                          .cve = cve,
                          .id = cve == 0 ? item->id : (struct text){0},
                          .first_us = item->first_us,
                          .gone_us = TIME_ABSENT};
}

struct sorted {
    struct entry entry;
    size_t index; /* into items */
};

static int compare_sorted(const void *a, const void *b)
{
    return compare(&((const struct sorted *)a)->entry, &((const struct sorted *)b)->entry);
}

static bool sort_items(struct text place, const struct seen_item *items, size_t count, struct arena *arena,
                       struct sorted **out, struct error *err)
{
    struct sorted *sorted = ARENA_ARRAY(arena, struct sorted, count);
    bool ascending = true;

    if (sorted == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = (struct sorted){entry_of(place, &items[i]), i};
        ascending = ascending && (i == 0 || compare(&sorted[i - 1].entry, &sorted[i].entry) < 0);
    }
    if (!ascending)
        qsort(sorted, count, sizeof(*sorted), compare_sorted);
    *out = sorted;
    return true;
}

bool seen_look(const struct seen *seen, struct text place, struct seen_item *items, size_t count,
               int64_t now_us, struct arena *arena, struct error *err)
{
    struct sorted *sorted = NULL;
    struct walk walk;

    if (!sort_items(place, items, count, arena, &sorted, err) || !walk_begin(seen, &walk, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct seen_item *item = &items[sorted[i].index];
        int order = -1;
        while (walk.there && (order = compare(&walk.entry, &sorted[i].entry)) < 0)
            if (!walk_next(&walk, err))
                return false;
        item->first_us = !walk.there || order != 0      ? TIME_ABSENT
                         : walk.entry.first_us > now_us ? now_us
                                                        : walk.entry.first_us;
    }
    return true;
}

static bool keep_item(const struct entry *entry, struct arena *arena, struct seen_item *out,
                      struct error *err)
{
    char cve[CVE_TEXT_MAX];
    struct text id = entry->id;

    if (entry->cve != 0)
        id = (struct text){cve, cve_write(entry->cve, cve)};
    *out = (struct seen_item){
        .source = text_copy(arena, entry->source), .id = text_copy(arena, id), .first_us = entry->first_us};
    return (out->source.at != NULL && out->id.at != NULL) || arena_full(arena, err);
}

bool seen_since(const struct seen *seen, struct text place, struct text source, int64_t since_us,
                struct arena *arena, struct seen_item **out, size_t *count, struct error *err)
{
    struct seen_item *items = NULL;
    size_t got = 0, capacity = 0;
    struct walk walk;

    if (!walk_begin(seen, &walk, err))
        return false;
    while (walk.there) {
        const struct entry *entry = &walk.entry;
        if (text_equal(entry->place, place) && text_equal(entry->source, source) &&
            (entry->gone_us == TIME_ABSENT || entry->gone_us >= since_us)) {
            items = arena_grow(arena, items, got, &capacity, got + 1, sizeof(*items));
            if (items == NULL)
                return arena_full(arena, err);
            if (!keep_item(entry, arena, &items[got++], err))
                return false;
        }
        if (!walk_next(&walk, err))
            return false;
    }
    *out = items;
    *count = got;
    return true;
}

/* ---- writing ---- */

struct update {
    struct writer entries;
    struct writer texts;
    struct arena arena; /* of the map */
    struct map places;  /* where each text begins */
    uint32_t count;
    int64_t now_us;
    bool keep_gone;
    bool writing; /* false: only whether something changed is to be known */
    bool changed;
    const struct sorted *items;
    size_t item_count;
};

static bool put_text(struct update *update, struct text text, uint32_t *out, struct error *err)
{
    uint32_t place = map_get(&update->places, text);

    if (place == MAP_NONE) {
        place = (uint32_t)update->texts.size;
        writer_u16(&update->texts, (uint16_t)text.size);
        writer_text(&update->texts, text);
        if (!map_put(&update->places, text, place, err))
            return false;
    }
    *out = place;
    return true;
}

static bool put_entry(struct update *update, const struct entry *entry, struct error *err)
{
    uint32_t place, source, id = NO_TEXT;

    if (++update->count > LIMIT_SEEN)
        return error_set(err, ERROR_LIMIT, "more than %d findings are remembered", LIMIT_SEEN);
    if (!update->writing)
        return true;
    if (!put_text(update, entry->place, &place, err) || !put_text(update, entry->source, &source, err) ||
        (entry->cve == 0 && !put_text(update, entry->id, &id, err)))
        return false;
    writer_u32(&update->entries, place);
    writer_u32(&update->entries, source);
    writer_u32(&update->entries, entry->cve);
    writer_u32(&update->entries, id);
    writer_u64(&update->entries, (uint64_t)entry->first_us);
    writer_u64(&update->entries, (uint64_t)entry->gone_us);
    return true;
}

/* An entry that stands in the file: it is here still (or again), gone, or of another place. */
static bool put_former(struct update *update, struct entry entry, bool here, bool same_place,
                       struct error *err)
{
    if (here) {
        if (entry.gone_us != TIME_ABSENT || entry.first_us > update->now_us)
            update->changed = true;
        entry.gone_us = TIME_ABSENT;
        if (entry.first_us > update->now_us)
            entry.first_us = update->now_us;
    } else if (same_place && entry.gone_us == TIME_ABSENT) {
        entry.gone_us = update->now_us;
        update->changed = true;
    } else if (entry.gone_us != TIME_ABSENT &&
               (!update->keep_gone || entry.gone_us < update->now_us - SEEN_KEEP_US)) {
        update->changed = true;
        return true;
    }
    return put_entry(update, &entry, err);
}

static bool put_new(struct update *update, struct entry entry, struct error *err)
{
    entry.first_us = update->now_us;
    update->changed = true;
    return put_entry(update, &entry, err);
}

static bool merge(struct update *update, const struct seen *seen, struct text place, struct error *err)
{
    size_t next = 0;
    struct walk walk;

    if (!walk_begin(seen, &walk, err))
        return false;
    while (walk.there || next < update->item_count) {
        int order = !walk.there                  ? 1
                    : next == update->item_count ? -1
                                                 : compare(&walk.entry, &update->items[next].entry);
        bool put = order > 0
                       ? put_new(update, update->items[next].entry, err)
                       : put_former(update, walk.entry, order == 0, text_equal(walk.entry.place, place), err);
        if (!put || (order <= 0 && !walk_next(&walk, err)))
            return false;
        next += order >= 0;
    }
    return true;
}

static bool write_file(const struct update *update, const char *path, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_STATE_FILE);
    struct bytes raw;

    writer_put(&w, (struct bytes){(const uint8_t *)"SUTSEEN", 8});
    writer_u32(&w, 1);
    writer_u32(&w, update->count);
    writer_u32(&w, (uint32_t)update->texts.size);
    writer_u32(&w, 0);
    writer_put(&w, writer_bytes(&update->entries));
    writer_put(&w, writer_bytes(&update->texts));
    if (!writer_ok(&update->entries) || !writer_ok(&update->texts))
        return error_set(err, ERROR_LIMIT, "%s: more findings than can be remembered", path);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}

static void end_update(struct update *update)
{
    writer_end(&update->entries);
    writer_end(&update->texts);
    arena_end(&update->arena);
}

static bool update_once(const struct seen *seen, const char *path, struct text place, struct update *update,
                        struct error *err)
{
    if (!merge(update, seen, place, err))
        return error_at(err, "%s", path);
    if (!update->changed)
        return true;
    update->places = map_with(&update->arena);
    update->writing = true;
    update->count = 0;
    return merge(update, seen, place, err) && write_file(update, path, err);
}

bool seen_update(const struct seen *seen, const char *path, struct text place, const struct seen_item *items,
                 size_t count, int64_t now_us, bool *changed, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    struct sorted *sorted = NULL;

    if (!sort_items(place, items, count, &arena, &sorted, err))
        return false;
    /* Those that are gone make room when all together are too many. */
    for (int keep_gone = 1; keep_gone >= 0; keep_gone--) {
        OWN(end_update)
        struct update update = {.entries = writer_with(LIMIT_STATE_FILE),
                                .texts = writer_with(LIMIT_STATE_FILE),
                                .arena = arena_with(LIMIT_SCAN_MEMORY),
                                .now_us = now_us,
                                .keep_gone = keep_gone == 1,
                                .items = sorted,
                                .item_count = count};
        bool done = update_once(seen, path, place, &update, err);
        *changed = done && update.changed;
        if (done || err->kind != ERROR_LIMIT)
            return done;
    }
    return false;
}
