#include "delta/deb_columns.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "delta/deb_expect.h"
#include "delta/deb_links.h"
#include "delta/deb_runs.h"

/* Columns that may be left out: bits, for ever. */
enum {
    HAS_DIALECT = 1,
    HAS_END = 2,
    HAS_LAST_LINKS = 4,
    HAS_KINDS = 8,
    HAS_MODES = 16,
    HAS_OWNERS = 32,
    HAS_TIMES = 64,
    HAS_HEADS = 128,
    HAS_ALL = 255
};

static struct text as_text(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

static uint64_t folded(int64_t value)
{
    return value < 0 ? ~((uint64_t)value << 1) : (uint64_t)value << 1;
}

static int64_t unfolded(uint64_t value)
{
    return (int64_t)(value >> 1 ^ -(value & 1));
}

/* ---- writing ---- */

struct columns_writer {
    const struct deb_tar *tar;
    struct deb_columns columns;
    struct writer *numbers, *targets;
    uint64_t *values; /* one for each entry, for the column that is being made */
    unsigned present; /* columns that are not left out */
};

static void put_bytes(struct writer *out, struct bytes bytes)
{
    writer_varint(out, bytes.size);
    writer_put(out, bytes);
}

static void put_names(struct columns_writer *w)
{
    writer_varint(w->numbers, w->tar->count);
    for (size_t i = 0; i < w->tar->count; i++) {
        struct bytes path = w->tar->entries[i].path;
        size_t known = 0;
        while (known < DEB_EXPECT_NAMES && !text_equal(as_text(path), deb_expect_name(known)))
            known++;
        writer_varint(w->numbers, known < DEB_EXPECT_NAMES ? known + 1 : 0);
        if (known == DEB_EXPECT_NAMES)
            put_bytes(w->numbers, path);
    }
}

static void put_dialect(struct columns_writer *w)
{
    writer_varint(w->numbers, w->tar->dialect);
}

static void put_end(struct columns_writer *w)
{
    writer_varint(w->numbers, w->tar->end);
}

static size_t count_last_links(const struct deb_tar *tar)
{
    size_t links = 0;

    while (links < tar->count && tar->entries[tar->count - 1 - links].kind == DEB_TAR_LINK)
        links++;
    return links;
}

static void put_last_links(struct columns_writer *w)
{
    writer_varint(w->numbers, count_last_links(w->tar));
}

static void put_kinds(struct columns_writer *w)
{
    const struct deb_tar *tar = w->tar;
    size_t links = count_last_links(tar);

    for (size_t i = 0; i < tar->count; i++)
        w->values[i] = tar->entries[i].kind == deb_expect_kind(tar, i, links) ? 0 : tar->entries[i].kind;
    deb_runs_put(w->values, tar->count, w->numbers);
}

static void put_modes(struct columns_writer *w)
{
    const struct deb_tar *tar = w->tar;
    uint32_t last = DEB_TAR_NONE;

    for (size_t i = 0; i < tar->count; i++) {
        uint32_t mode = tar->entries[i].mode;
        w->values[i] = mode == deb_expect_mode(tar, i, last, w->columns.control) ? 0 : UINT64_C(1) + mode;
        if (tar->entries[i].kind == DEB_TAR_FILE)
            last = (uint32_t)i;
    }
    deb_runs_put(w->values, tar->count, w->numbers);
}

static void put_owners(struct columns_writer *w)
{
    const struct deb_tar *tar = w->tar;

    writer_varint(w->numbers, tar->owner_count - 1);
    for (size_t i = 1; i < tar->owner_count; i++) {
        put_bytes(w->numbers, tar->owners[i].user);
        put_bytes(w->numbers, tar->owners[i].group);
        writer_varint(w->numbers, tar->owners[i].uid);
        writer_varint(w->numbers, tar->owners[i].gid);
    }
    for (size_t i = 0; i < tar->count; i++)
        w->values[i] = tar->entries[i].owner;
    deb_runs_put(w->values, tar->count, w->numbers);
}

static bool put_times(struct columns_writer *w, struct writer *out, struct arena *arena, struct error *err)
{
    OWN(writer_end) struct writer table = writer_with(LIMIT_DEB_STRUCTURE);
    struct map known = map_with(arena);
    uint32_t count = 0;

    for (size_t i = 0; i < w->tar->count; i++) {
        const uint64_t *time = &w->tar->entries[i].time;
        struct text key = {(const char *)time, sizeof(*time)};
        uint32_t index = *time == w->columns.time ? 0 : map_get(&known, key);
        if (index == MAP_NONE) {
            index = ++count;
            if (!map_put(&known, key, index, err))
                return false;
            writer_varint(&table, folded((int64_t)(*time - w->columns.time)));
        }
        w->values[i] = index;
    }
    struct bytes made;
    if (!writer_done(&table, &made, err))
        return false;
    if (count == 0)
        return true;
    w->present |= HAS_TIMES;
    deb_runs_put(w->values, w->tar->count, out);
    writer_put(out, made);
    return true;
}

static void put_hard_links(struct columns_writer *w)
{
    for (size_t i = 0; i < w->tar->count; i++) {
        const struct deb_tar_entry *entry = &w->tar->entries[i];
        if (entry->kind == DEB_TAR_HARD)
            writer_varint(w->numbers, entry->hard == DEB_TAR_NONE ? 0 : i - entry->hard);
    }
}

static bool put_targets(struct columns_writer *w, struct arena *arena, struct error *err)
{
    const struct deb_tar *tar = w->tar;
    struct map paths = map_with(arena);
    uint32_t last = 0, to;

    for (size_t i = 0; i < tar->count; i++)
        if (!map_put(&paths, as_text(tar->entries[i].path), (uint32_t)i, err))
            return false;
    for (size_t i = 0; i < tar->count; i++) {
        const struct deb_tar_entry *entry = &tar->entries[i];
        bool absolute;
        if (entry->kind != DEB_TAR_LINK)
            continue;
        if (entry->target.size == 0)
            return error_set(err, ERROR_INPUT, "entry %zu: a link leads nowhere", i);
        if (deb_links_find(tar, entry, &paths, &to, &absolute)) {
            writer_varint(w->numbers, 1 + 2 * folded((int64_t)to - last) + (absolute ? 1 : 0));
            last = to;
        } else {
            writer_varint(w->numbers, 0);
            writer_put(w->targets, entry->target);
            writer_byte(w->targets, '\n');
        }
    }
    return true;
}

static void put_devices(struct columns_writer *w)
{
    for (size_t i = 0; i < w->tar->count; i++) {
        const struct deb_tar_entry *entry = &w->tar->entries[i];
        if (entry->kind == DEB_TAR_CHARACTERS || entry->kind == DEB_TAR_BLOCKS) {
            writer_varint(w->numbers, entry->major);
            writer_varint(w->numbers, entry->minor);
        }
    }
}

static void put_heads(struct columns_writer *w)
{
    const struct deb_tar *tar = w->tar;
    size_t heads = 0, before = 0;

    for (size_t i = 0; i < tar->count; i++)
        heads += tar->entries[i].head.size > 0;
    writer_varint(w->numbers, heads);
    for (size_t i = 0; i < tar->count; i++) {
        struct bytes head = tar->entries[i].head;
        before++;
        if (head.size == 0)
            continue;
        writer_varint(w->numbers, before - 1);
        writer_varint(w->numbers, head.size / DEB_TAR_BLOCK);
        writer_put(w->numbers, head);
        before = 0;
    }
}

/* A column that may be left out: it is, where all of it is zeros. */
static void put_column(struct columns_writer *w, unsigned bit, void (*put)(struct columns_writer *w),
                       struct writer *scratch)
{
    struct writer *numbers = w->numbers;
    size_t zeros = 0;

    writer_clear(scratch);
    w->numbers = scratch;
    put(w);
    w->numbers = numbers;
    struct bytes made = writer_bytes(scratch);
    while (zeros < made.size && made.at[zeros] == 0)
        zeros++;
    if (zeros == made.size && writer_ok(scratch))
        return;
    w->present |= bit;
    if (!writer_ok(scratch))
        numbers->failed = true;
    writer_put(numbers, made);
}

bool deb_columns_write(const struct deb_tar *tar, struct deb_columns columns, struct writer *numbers,
                       struct writer *targets, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DEB_COLUMNS);
    OWN(writer_end)
    struct writer made = writer_with(LIMIT_DEB_STRUCTURE), scratch = writer_with(LIMIT_DEB_STRUCTURE);
    struct columns_writer w = {.tar = tar,
                               .columns = columns,
                               .numbers = &made,
                               .targets = targets,
                               .values = ARENA_ARRAY(&arena, uint64_t, tar->count)};

    if (w.values == NULL)
        return arena_full(&arena, err);
    put_column(&w, HAS_DIALECT, put_dialect, &scratch);
    put_column(&w, HAS_END, put_end, &scratch);
    if (columns.control)
        put_names(&w);
    put_column(&w, HAS_LAST_LINKS, put_last_links, &scratch);
    put_column(&w, HAS_KINDS, put_kinds, &scratch);
    put_hard_links(&w);
    put_column(&w, HAS_MODES, put_modes, &scratch);
    put_column(&w, HAS_OWNERS, put_owners, &scratch);
    if (!put_times(&w, &made, &arena, err) || !put_targets(&w, &arena, err))
        return false;
    put_devices(&w);
    put_column(&w, HAS_HEADS, put_heads, &scratch);
    struct bytes bytes;
    if (!writer_done(&made, &bytes, err))
        return false;
    writer_varint(numbers, w.present);
    writer_put(numbers, bytes);
    return true;
}

/* ---- reading ---- */

struct columns_reader {
    struct reader *r; /* of the column that is read: the numbers, or zeros */
    struct reader zeros;
    unsigned present;
    struct bytes paths, *targets;
    struct deb_columns columns;
    struct arena *arena;
    struct deb_tar tar;
    uint64_t *values;
};

static struct bytes take_bytes(struct reader *r, size_t max)
{
    return reader_take(r, (size_t)reader_varint_max(r, max));
}

static bool take_line(struct bytes *rest, struct bytes *line)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->at, '\n', rest->size);

    if (end == NULL)
        return false;
    *line = (struct bytes){rest->at, (size_t)(end - rest->at)};
    *rest = (struct bytes){end + 1, rest->size - line->size - 1};
    return true;
}

static bool take_count(struct columns_reader *c, struct error *err)
{
    struct bytes rest = c->paths, line;
    size_t count = 0;

    if (c->columns.control)
        count = (size_t)reader_varint_max(c->r, reader_left(c->r));
    while (!c->columns.control && take_line(&rest, &line))
        count++;
    if (!reader_ok(c->r) || count > LIMIT_DEB_ENTRIES)
        return error_set(err, ERROR_INPUT, "more than %d entries, or than there are names",
                         LIMIT_DEB_ENTRIES);
    c->tar.count = count;
    c->tar.entries = ARENA_ARRAY(c->arena, struct deb_tar_entry, count);
    c->values = ARENA_ARRAY(c->arena, uint64_t, count);
    return c->tar.entries != NULL && c->values != NULL ? true : arena_full(c->arena, err);
}

static bool take_paths(struct columns_reader *c, struct error *err)
{
    for (size_t i = 0; i < c->tar.count; i++) {
        struct bytes *path = &c->tar.entries[i].path;
        uint64_t known = c->columns.control ? reader_varint_max(c->r, DEB_EXPECT_NAMES) : 0;
        if (!c->columns.control)
            (void)take_line(&c->paths, path); /* they were counted */
        else if (known > 0)
            *path = bytes_of_text(deb_expect_name((size_t)known - 1));
        else
            *path = take_bytes(c->r, LIMIT_PATH);
        if (!reader_ok(c->r) || path->size == 0 || path->size > LIMIT_PATH || path->at[0] != '/')
            return error_set(err, ERROR_INPUT, "entry %zu has no name", i);
    }
    return true;
}

static bool take_kinds(struct columns_reader *c, size_t links)
{
    if (!deb_runs_take(c->r, c->values, c->tar.count))
        return false;
    for (size_t i = 0; i < c->tar.count; i++) {
        if (c->values[i] >= DEB_TAR_KIND_COUNT)
            reader_fail(c->r);
        else
            c->tar.entries[i].kind =
                c->values[i] > 0 ? (enum deb_tar_kind)c->values[i] : deb_expect_kind(&c->tar, i, links);
    }
    return reader_ok(c->r);
}

static bool take_hard_links(struct columns_reader *c)
{
    for (size_t i = 0; i < c->tar.count; i++) {
        struct deb_tar_entry *entry = &c->tar.entries[i];
        entry->hard = DEB_TAR_NONE;
        uint64_t way = entry->kind == DEB_TAR_HARD ? reader_varint_max(c->r, i) : 0;
        if (way == 0)
            continue;
        entry->hard = (uint32_t)(i - way);
        enum deb_tar_kind kind = c->tar.entries[entry->hard].kind;
        if (kind != DEB_TAR_FILE && kind != DEB_TAR_HARD)
            reader_fail(c->r);
    }
    return reader_ok(c->r);
}

static bool take_modes(struct columns_reader *c)
{
    uint32_t last = DEB_TAR_NONE;

    if (!deb_runs_take(c->r, c->values, c->tar.count))
        return false;
    for (size_t i = 0; i < c->tar.count; i++) {
        struct deb_tar_entry *entry = &c->tar.entries[i];
        uint64_t value = c->values[i];
        if (value > UINT64_C(1) + DEB_TAR_MODE_MAX)
            reader_fail(c->r);
        entry->mode =
            value > 0 ? (uint32_t)(value - 1) : deb_expect_mode(&c->tar, i, last, c->columns.control);
        if (entry->kind == DEB_TAR_FILE)
            last = (uint32_t)i;
    }
    return reader_ok(c->r);
}

static bool take_owners(struct columns_reader *c, struct error *err)
{
    size_t count = 1 + (size_t)reader_varint_max(c->r, LIMIT_DEB_OWNERS - 1);
    struct deb_tar_owner *owners = ARENA_ARRAY(c->arena, struct deb_tar_owner, count);

    if (owners == NULL)
        return arena_full(c->arena, err);
    owners[0] = deb_tar_root;
    for (size_t i = 1; i < count; i++) {
        owners[i].user = take_bytes(c->r, DEB_TAR_OWNER_MAX);
        owners[i].group = take_bytes(c->r, DEB_TAR_OWNER_MAX);
        owners[i].uid = (uint32_t)reader_varint_max(c->r, UINT32_MAX);
        owners[i].gid = (uint32_t)reader_varint_max(c->r, UINT32_MAX);
    }
    c->tar.owners = owners;
    c->tar.owner_count = count;
    if (!deb_runs_take(c->r, c->values, c->tar.count))
        return error_set(err, ERROR_INPUT, "broken owners");
    for (size_t i = 0; i < c->tar.count; i++) {
        if (c->values[i] >= count)
            return error_set(err, ERROR_INPUT, "entry %zu has no owner", i);
        c->tar.entries[i].owner = (uint32_t)c->values[i];
    }
    return true;
}

static bool take_times(struct columns_reader *c, struct error *err)
{
    uint64_t count = 0;

    if (!deb_runs_take(c->r, c->values, c->tar.count))
        return error_set(err, ERROR_INPUT, "broken times");
    for (size_t i = 0; i < c->tar.count; i++)
        count = c->values[i] > count ? c->values[i] : count;
    if (count > c->tar.count || count > reader_left(c->r))
        return error_set(err, ERROR_INPUT, "more times than entries");
    uint64_t *times = ARENA_ARRAY(c->arena, uint64_t, (size_t)count + 1);
    if (times == NULL)
        return arena_full(c->arena, err);
    times[0] = c->columns.time;
    for (size_t i = 1; i <= count; i++)
        times[i] = c->columns.time + (uint64_t)unfolded(reader_varint(c->r));
    for (size_t i = 0; i < c->tar.count; i++)
        c->tar.entries[i].time = times[c->values[i]];
    return reader_ok(c->r) ? true : error_set(err, ERROR_INPUT, "broken times");
}

static bool take_targets(struct columns_reader *c, struct error *err)
{
    int64_t last = 0;

    for (size_t i = 0; i < c->tar.count; i++) {
        struct deb_tar_entry *entry = &c->tar.entries[i];
        if (entry->kind != DEB_TAR_LINK)
            continue;
        uint64_t value = reader_varint_max(c->r, UINT32_MAX);
        if (value == 0) {
            if (!take_line(c->targets, &entry->target) || entry->target.size > LIMIT_PATH)
                return error_set(err, ERROR_INPUT, "entry %zu leads nowhere", i);
            continue;
        }
        last += unfolded((value - 1) / 2);
        if (last < 0 || (uint64_t)last >= c->tar.count)
            return error_set(err, ERROR_INPUT, "entry %zu leads to no other one", i);
        if (!deb_links_make(entry->path, c->tar.entries[last].path, (value - 1) % 2 != 0, c->arena,
                            &entry->target, err))
            return error_at(err, "entry %zu", i);
    }
    return true;
}

static bool take_devices(struct columns_reader *c)
{
    for (size_t i = 0; i < c->tar.count; i++) {
        struct deb_tar_entry *entry = &c->tar.entries[i];
        if (entry->kind != DEB_TAR_CHARACTERS && entry->kind != DEB_TAR_BLOCKS)
            continue;
        entry->major = (uint32_t)reader_varint_max(c->r, UINT32_MAX);
        entry->minor = (uint32_t)reader_varint_max(c->r, UINT32_MAX);
    }
    return reader_ok(c->r);
}

static bool take_heads(struct columns_reader *c)
{
    size_t heads = (size_t)reader_varint_max(c->r, c->tar.count);
    size_t index = 0;

    for (size_t i = 0; i < heads && reader_ok(c->r); i++, index++) {
        index += (size_t)reader_varint_max(c->r, c->tar.count);
        uint64_t blocks = reader_varint_max(c->r, LIMIT_DEB_HEAD / DEB_TAR_BLOCK);
        struct bytes head = reader_take(c->r, (size_t)blocks * DEB_TAR_BLOCK);
        if (index >= c->tar.count || head.size == 0)
            reader_fail(c->r);
        else
            c->tar.entries[index].head = head;
    }
    return reader_ok(c->r);
}

/* Where a column is read from: one that was left out has zeros. */
static struct columns_reader *column(struct columns_reader *c, struct reader *numbers, unsigned bit)
{
    static const uint8_t none[2]; /* owners have two numbers */

    c->zeros = reader_with((struct bytes){none, sizeof(none)});
    c->r = (c->present & bit) != 0 ? numbers : &c->zeros;
    return c;
}

static bool take_columns(struct columns_reader *c, struct reader *numbers, struct error *err)
{
    c->present = (unsigned)reader_varint_max(numbers, HAS_ALL);
    c->tar.dialect = (unsigned)reader_varint_max(column(c, numbers, HAS_DIALECT)->r, DEB_TAR_DIALECTS - 1);
    c->tar.end = reader_varint_max(column(c, numbers, HAS_END)->r, LIMIT_DEB_DATA);
    c->r = numbers;
    if (!take_count(c, err) || !take_paths(c, err))
        return false;
    size_t links = (size_t)reader_varint_max(column(c, numbers, HAS_LAST_LINKS)->r, c->tar.count);
    if (!take_kinds(column(c, numbers, HAS_KINDS), links))
        return error_set(err, ERROR_INPUT, "broken kinds");
    c->r = numbers;
    if (!take_hard_links(c))
        return error_set(err, ERROR_INPUT, "broken hard links");
    if (!take_modes(column(c, numbers, HAS_MODES)))
        return error_set(err, ERROR_INPUT, "broken modes");
    if (!take_owners(column(c, numbers, HAS_OWNERS), err))
        return false;
    if (!take_times(column(c, numbers, HAS_TIMES), err))
        return false;
    c->r = numbers;
    if (!take_targets(c, err))
        return false;
    if (!take_devices(c) || !take_heads(column(c, numbers, HAS_HEADS)) || !reader_ok(numbers))
        return error_set(err, ERROR_INPUT, "broken devices or heads");
    return true;
}

bool deb_columns_read(struct reader *numbers, struct bytes paths, struct bytes *targets,
                      struct deb_columns columns, struct arena *arena, struct deb_tar *out, struct error *err)
{
    struct columns_reader c = {.paths = paths, .targets = targets, .columns = columns, .arena = arena};

    if (!take_columns(&c, numbers, err))
        return false;
    *out = c.tar;
    return true;
}
