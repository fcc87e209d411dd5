#include <assert.h>
#include <stdlib.h>

#include "base/own.h"
#include "identify/index_rows.h"
#include "identify/kernel.h"

/* One file being written. Everything but the segments lives in the arena of the call. */
struct file_write {
    const struct index_build *build;
    const struct release_rows *release;
    struct arena *arena;
    struct resolved all;
    uint32_t *numbers; /* text of the pool -> text number of the file + 1; 0: absent, or not in it */
    uint32_t *orders;  /* text of the pool -> place among the versions of the present source */
    uint32_t *texts;   /* of the file, ascending */
    size_t text_count;
    uint32_t record_count, source_count[2], support_count, feed_count;
    bool complete;
    uint8_t id_size;
    struct writer segments[INDEX_SEGMENT_COUNT];
};

static void end_segments(struct file_write *file)
{
    for (size_t i = 0; i < INDEX_SEGMENT_COUNT; i++)
        writer_end(&file->segments[i]);
}

static struct text text_at(const struct file_write *file, uint32_t number)
{
    return text_pool_at(&file->build->texts, number);
}

static size_t shared_size(struct text a, struct text b, size_t max)
{
    size_t shared = 0;

    while (shared < max && shared < a.size && shared < b.size && a.at[shared] == b.at[shared])
        shared++;
    return shared;
}

static void put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

static void write_feeds(struct file_write *file)
{
    for (size_t i = 0; i < file->build->feed_count; i++) {
        const struct feed_put *feed = &file->build->feeds[i];
        if (!feed->kept)
            continue;
        origin_write(&file->segments[INDEX_FEEDS], feed->name, &feed->facts);
        file->complete = file->complete || feed->facts.complete;
        file->feed_count++;
    }
}

static void write_ids(struct file_write *file)
{
    struct writer *w = &file->segments[INDEX_IDS];
    const struct resolved *all = &file->all;
    size_t blocks = (all->cve_count + INDEX_ID_BLOCK - 1) / INDEX_ID_BLOCK;

    for (size_t block = 0; block < blocks; block++) {
        writer_u32(w, all->cves[block * INDEX_ID_BLOCK]);
        writer_u32(w, 0);
    }
    for (size_t i = 0; i < all->cve_count; i++) {
        if (i % INDEX_ID_BLOCK == 0)
            writer_patch_u32(w, i / INDEX_ID_BLOCK * 8 + 4, (uint32_t)(w->size - 8 * blocks));
        else
            writer_varint(w, all->cves[i] - all->cves[i - 1] - 1);
    }
    for (size_t i = 0; i < all->other_count; i++)
        writer_u32(&file->segments[INDEX_OTHERS], file->numbers[all->others[i]] - 1);

    size_t id_count = all->cve_count + all->other_count;
    for (size_t i = 0; i < id_count; i += 2)
        writer_byte(&file->segments[INDEX_SEVERITIES],
                    (uint8_t)(all->severities[i] | (i + 1 < id_count ? all->severities[i + 1] << 4 : 0)));
}

/* A note that more source packages than this share stands with the texts, else in its records. */
#define NOTE_SHARED 2

/* How many source packages each note is said of. */
static bool count_notes(const struct file_write *file, uint32_t **out, struct error *err)
{
    const struct resolved *all = &file->all;
    uint32_t *counts = ARENA_ARRAY(file->arena, uint32_t, file->build->texts.count);
    uint32_t *last = ARENA_ARRAY(file->arena, uint32_t, file->build->texts.count);

    if (counts == NULL || last == NULL)
        return arena_full(file->arena, err);
    for (size_t i = 0; i < all->row_count; i++) { /* rows stand by source */
        uint32_t note = all->rows[i].note;
        counts[note] += last[note] != all->rows[i].source + 1;
        last[note] = all->rows[i].source + 1;
    }
    *out = counts;
    return true;
}

/* Lists the texts that the file needs, and gives them their numbers. */
static bool number_texts(struct file_write *file, struct error *err)
{
    const struct resolved *all = &file->all;
    size_t most = 4 * all->row_count + all->other_count + 3 * file->release->support_count, count = 0;
    uint32_t *texts = ARENA_ARRAY(file->arena, uint32_t, most), *notes = NULL;

    if (texts == NULL)
        return arena_full(file->arena, err);
    if (!count_notes(file, &notes, err))
        return false;
    for (size_t i = 0; i < all->row_count; i++) {
        const struct row *row = &all->rows[i];
        const uint32_t used[] = {notes[row->note] > NOTE_SHARED ? row->note : 0, row->advisory, row->stream,
                                 row->arch};
        for (size_t j = 0; j < 4; j++)
            if (used[j] != 0)
                texts[count++] = used[j];
    }
    for (size_t i = 0; i < all->other_count; i++)
        texts[count++] = all->others[i];
    for (size_t i = 0; i < file->release->support_count; i++) {
        const struct support_put *put = &file->release->supports[i];
        const uint32_t used[] = {put->package, put->version, put->note};
        for (size_t j = 0; j < 3; j++)
            if (used[j] != 0 && file->build->feeds[put->feed].kept)
                texts[count++] = used[j];
    }
    file->texts = texts;
    file->text_count = text_pool_sort(&file->build->texts, texts, count);
    for (size_t i = 0; i < file->text_count; i++)
        file->numbers[texts[i]] = (uint32_t)i + 1;
    return true;
}

static void write_texts(struct file_write *file)
{
    struct writer *w = &file->segments[INDEX_TEXTS];
    size_t blocks = (file->text_count + INDEX_TEXT_BLOCK - 1) / INDEX_TEXT_BLOCK;
    struct text before = {NULL, 0};

    for (size_t block = 0; block < blocks; block++)
        writer_u32(w, 0);
    for (size_t i = 0; i < file->text_count; i++) {
        struct text text = text_at(file, file->texts[i]);
        if (i % INDEX_TEXT_BLOCK == 0) {
            writer_patch_u32(w, i / INDEX_TEXT_BLOCK * 4, (uint32_t)(w->size - 4 * blocks));
            before.size = 0;
        }
        size_t shared = shared_size(before, text, SIZE_MAX);
        writer_varint(w, shared);
        put_text(w, text_part(text, shared, text.size));
        before = text;
    }
}

static void write_support(struct file_write *file)
{
    struct writer *w = &file->segments[INDEX_SUPPORT];

    for (size_t i = 0; i < file->release->support_count; i++) {
        const struct support_put *put = &file->release->supports[i];
        if (!file->build->feeds[put->feed].kept)
            continue;
        bool dated =
            put->at_us != TIME_ABSENT && put->at_us >= 0 && put->at_us / TIME_DAY_US <= INDEX_DAY_MAX;
        writer_varint(w, file->numbers[put->package]);
        writer_byte(w, put->kind);
        writer_varint(w, dated ? (uint64_t)(put->at_us / TIME_DAY_US) + 1 : 0);
        writer_varint(w, file->numbers[put->version]);
        writer_varint(w, file->numbers[put->note]);
        file->support_count++;
    }
}

/* Records. */

static bool is_versioned_fix(const struct row *row)
{
    return row->status == ADVISORY_FIXED && row->fixed != 0;
}

static int by_text(const struct file_write *file, uint32_t x, uint32_t y)
{
    return x == y ? 0 : text_compare(text_at(file, x), text_at(file, y));
}

/*
 * What makes two rows the same record: everything but the id. In the order of records in the file, which is told by
 * texts, never by when they were put.
 */
static int compare_records(const struct file_write *file, const struct row *x, const struct row *y)
{
    bool fixes = is_versioned_fix(x);

    if (fixes != is_versioned_fix(y))
        return fixes ? 1 : -1;
    const uint32_t keys[][2] = {
        {x->status, y->status},
        {fixes ? y->version_order : x->version_order, fixes ? x->version_order : y->version_order},
        {x->flags & ROW_UNIMPORTANT, y->flags & ROW_UNIMPORTANT},
        {x->severity, y->severity},
        {(uint32_t)x->day + ROW_OTHER, (uint32_t)y->day + ROW_OTHER},
        {file->numbers[x->advisory], file->numbers[y->advisory]},
        {file->numbers[x->stream], file->numbers[y->stream]},
        {file->numbers[x->arch], file->numbers[y->arch]},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] > keys[i][1] ? 1 : -1;
    int by = by_text(file, x->introduced, y->introduced);
    if (by == 0)
        by = by_text(file, x->last_affected, y->last_affected);
    return by != 0 ? by : by_text(file, x->note, y->note);
}

static int compare_rows(const void *a, const void *b, void *file)
{
    const struct row *x = a, *y = b;
    int by = compare_records(file, x, y);

    return by != 0 ? by : (x->id > y->id) - (x->id < y->id);
}

struct version_sort {
    const struct text *texts;
    enum version_order order;
};

static int compare_versions(const void *a, const void *b, void *context)
{
    const struct version_sort *sort = context;
    uint32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    int by = version_compare(sort->order, sort->texts[x], sort->texts[y]);
    return by != 0 ? by : text_compare(sort->texts[x], sort->texts[y]);
}

/* Versions of one source are compared once each; its rows then sort by numbers. */
static bool order_versions(struct file_write *file, struct row *rows, size_t count, struct error *err)
{
    struct version_sort sort = {file->build->texts.texts, file->release->release.order};
    uint32_t *versions = ARENA_ARRAY(file->arena, uint32_t, count);
    size_t version_count = 0;

    if (versions == NULL)
        return arena_full(file->arena, err);
    for (size_t i = 0; i < count; i++)
        if (rows[i].fixed != 0)
            versions[version_count++] = rows[i].fixed;
    version_count = text_pool_sort(&file->build->texts, versions, version_count);
    if (version_count > 0)
        qsort_r(versions, version_count, sizeof(*versions), compare_versions, &sort);
    for (size_t i = 0; i < version_count; i++)
        file->orders[versions[i]] = (uint32_t)i + 1;
    for (size_t i = 0; i < count; i++)
        rows[i].version_order = rows[i].fixed != 0 ? file->orders[rows[i].fixed] : 0;
    return true;
}

struct record_write {
    struct writer *records, *lists;
    struct text version; /* the one before, in this source */
    int64_t day;
};

/* At least one byte is written: the last one says that it is the last. */
static void put_version(struct record_write *to, struct text version)
{
    size_t shared = shared_size(to->version, version, version.size - 1);

    writer_byte(to->records, (uint8_t)shared);
    writer_text(to->records, text_part(version, shared, version.size - shared - 1));
    writer_byte(to->records, (uint8_t)(version.at[version.size - 1] | 0x80));
    to->version = version;
}

static uint8_t details_of(const struct row *row)
{
    return (uint8_t)((row->introduced != 0 ? 1 : 0) | (row->last_affected != 0 ? 2 : 0) |
                     (row->note != 0 ? 4 : 0) | (row->advisory != 0 ? 8 : 0) | (row->day != NO_DAY ? 16 : 0) |
                     (row->severity != ROW_SAME_SEVERITY ? 32 : 0) |
                     (row->stream != 0 || row->arch != 0 ? 64 : 0) |
                     (row->flags & ROW_UNIMPORTANT ? 128 : 0));
}

static void put_record(struct file_write *file, struct record_write *to, const struct row *row, size_t count)
{
    struct writer *w = to->records;
    uint8_t details = details_of(row);

    writer_byte(w, (uint8_t)(row->status | (count < 4 ? count << 4 : 0) | (row->fixed != 0 ? 0x40 : 0) |
                             (details != 0 ? 0x80 : 0)));
    if (details != 0)
        writer_byte(w, details);
    if (count >= 4)
        writer_varint(w, count - 4);
    const uint32_t versions[] = {row->fixed, row->introduced, row->last_affected};
    for (size_t i = 0; i < 3; i++)
        if (versions[i] != 0)
            put_version(to, text_at(file, versions[i]));
    if (row->note != 0) {
        writer_varint(w, file->numbers[row->note]);
        if (file->numbers[row->note] == 0)
            put_text(w, text_at(file, row->note));
    }
    if (row->advisory != 0)
        writer_varint(w, file->numbers[row->advisory] - 1);
    if (row->day != NO_DAY) {
        int64_t delta = row->day - to->day;
        writer_varint(w, delta < 0 ? (uint64_t)(-delta) * 2 - 1 : (uint64_t)delta * 2);
        to->day = row->day;
    }
    if (row->severity != ROW_SAME_SEVERITY)
        writer_byte(w, row->severity);
    if (row->stream != 0 || row->arch != 0) {
        writer_varint(w, file->numbers[row->stream]);
        writer_varint(w, file->numbers[row->arch]);
    }
}

static void put_list(const struct file_write *file, struct writer *lists, const struct row *rows,
                     size_t count)
{
    for (size_t i = 0; i < file->id_size; i++)
        writer_byte(lists, (uint8_t)(rows[0].id >> (8 * i)));
    for (size_t i = 1; i < count; i++)
        writer_varint(lists, rows[i].id - rows[i - 1].id - 1);
}

static bool write_source(struct file_write *file, struct row *rows, size_t count, struct text *before,
                         struct error *err)
{
    struct text name = text_at(file, file->all.sources[rows[0].source]);
    bool kernel = kernel_is_source(name);
    struct writer *segments = file->segments + (kernel ? INDEX_KERNEL_NAMES : INDEX_NAMES);
    struct record_write to = {.records = &segments[2], .lists = &segments[3], .day = INDEX_FIRST_DAY};
    size_t records_before = to.records->size, lists_before = to.lists->size;

    if (!order_versions(file, rows, count, err))
        return false;
    qsort_r(rows, count, sizeof(*rows), compare_rows, file);
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && compare_records(file, &rows[i], &rows[end]) == 0)
            end++;
        put_record(file, &to, &rows[i], end - i);
        put_list(file, to.lists, rows + i, end - i);
        file->record_count++;
        i = end;
    }
    size_t shared = shared_size(*before, name, 127);
    writer_byte(&segments[0], (uint8_t)(0x80 | shared));
    writer_text(&segments[0], text_part(name, shared, name.size));
    writer_varint(&segments[1], to.records->size - records_before);
    writer_varint(&segments[1], to.lists->size - lists_before);
    file->source_count[kernel]++;
    *before = name;
    return true;
}

static bool write_sources(struct file_write *file, struct error *err)
{
    struct text before[2] = {{NULL, 0}, {NULL, 0}};
    const struct resolved *all = &file->all;

    for (size_t i = 0; i < all->row_count;) {
        size_t end = i + 1;
        while (end < all->row_count && all->rows[end].source == all->rows[i].source)
            end++;
        bool kernel = kernel_is_source(text_at(file, all->sources[all->rows[i].source]));
        if (!write_source(file, all->rows + i, end - i, &before[kernel], err))
            return false;
        i = end;
    }
    return true;
}

static bool write_header(struct file_write *file, struct writer *out, struct error *err)
{
    const struct release *release = &file->release->release;
    size_t name_size = strlen(release->name), begin = out->size;

    writer_put(out, BYTES(INDEX_MAGIC));
    writer_u32(out, INDEX_VERSION);
    writer_byte(out, file->complete);
    writer_byte(out, (uint8_t)release->order);
    writer_byte(out, file->id_size);
    writer_byte(out, 0);
    writer_put(out, (struct bytes){(const uint8_t *)release->name, name_size});
    for (size_t i = name_size; i < RELEASE_NAME_MAX; i++)
        writer_byte(out, 0);
    const size_t counts[] = {
        file->all.cve_count,      file->all.other_count,
        file->text_count,         file->support_count,
        file->feed_count,         file->record_count,
        file->all.row_count,      file->source_count[false],
        file->source_count[true], 0,
    };
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        writer_u32(out, (uint32_t)counts[i]);
    for (size_t i = 0; i < INDEX_SEGMENT_COUNT; i++) {
        struct bytes segment;
        if (!writer_done(&file->segments[i], &segment, err))
            return false;
        writer_u32(out, (uint32_t)segment.size);
    }
    for (size_t i = 120 + 4 * INDEX_SEGMENT_COUNT; i < INDEX_HEADER_SIZE; i++)
        writer_byte(out, 0);
    assert(!writer_ok(out) || out->size - begin == INDEX_HEADER_SIZE);
    return true;
}

static bool write_file(struct file_write *file, struct writer *out, struct error *err)
{
    const struct index_build *build = file->build;

    if (!index_resolve(build, file->release, file->arena, &file->all, err))
        return false;
    file->numbers = ARENA_ARRAY(file->arena, uint32_t, build->texts.count);
    file->orders = ARENA_ARRAY(file->arena, uint32_t, build->texts.count);
    if (file->numbers == NULL || file->orders == NULL)
        return arena_full(file->arena, err);
    size_t id_max = file->all.cve_count + file->all.other_count;
    for (file->id_size = 1; file->id_size < 4 && id_max > (size_t)1 << (8 * file->id_size); file->id_size++)
        ;
    if (!number_texts(file, err))
        return false;
    write_feeds(file);
    write_ids(file);
    write_texts(file);
    write_support(file);
    if (!write_sources(file, err) || !write_header(file, out, err))
        return false;
    for (size_t i = 0; i < INDEX_SEGMENT_COUNT; i++)
        writer_put(out, writer_bytes(&file->segments[i]));
    struct bytes done;
    return writer_done(out, &done, err);
}

bool index_build_write(const struct index_build *build, size_t release, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    OWN(end_segments) struct file_write file = {.build = build, .arena = &arena};

    assert(release < build->release_count);
    file.release = &build->releases[release];
    for (size_t i = 0; i < INDEX_SEGMENT_COUNT; i++)
        file.segments[i] = writer_with(LIMIT_INDEX_FILE);
    return write_file(&file, out, err) || error_at(err, "index of %s", file.release->release.name);
}
