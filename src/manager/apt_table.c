#include "manager/apt_table.h"

#include <endian.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/reader.h"

#define HEAD_SIZE      64
#define SLOT_SIZE      8
#define INDEX_ROW_SIZE 12 /* place and hash of one record, while it is built */

static const uint8_t magic[8] = "SUTLIST";

enum flag {
    FLAG_SOURCE = 1,
    FLAG_SOURCE_VERSION = 2,
    FLAG_PHASED = 4,
    FLAG_ALL = 8,
    FLAG_ARCH = 16,
    FLAG_MORE = 32,
    FLAGS = 63,
};

static uint32_t load_u32(const uint8_t *at)
{
    uint32_t raw;

    memcpy(&raw, at, sizeof(raw));
    return le32toh(raw);
}

static uint64_t load_u64(const uint8_t *at)
{
    return load_u32(at) | (uint64_t)load_u32(at + 4) << 32;
}

struct apt_table_builder apt_table_builder_with(struct text arch)
{
    static const uint8_t head[HEAD_SIZE] = {0};
    struct apt_table_builder builder = {
        .out = writer_with(LIMIT_PACKAGES_FILE),
        .index = writer_with((size_t)LIMIT_PACKAGES_COUNT * INDEX_ROW_SIZE),
        .names = writer_with((size_t)LIMIT_PACKAGES_COUNT * INDEX_ROW_SIZE),
        .more = writer_with(LIMIT_PARAGRAPH),
        .arch = arch,
    };

    os_random(&builder.key, sizeof(builder.key));
    writer_put(&builder.out, (struct bytes){head, HEAD_SIZE});
    return builder;
}

void apt_table_builder_end(struct apt_table_builder *builder)
{
    writer_end(&builder->out);
    writer_end(&builder->index);
    writer_end(&builder->names);
    writer_end(&builder->more);
}

static void put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

bool apt_table_add(struct apt_table_builder *builder, const struct apt_record *record, struct error *err)
{
    struct writer *w = &builder->out;
    unsigned flags = 0;

    flags |= text_equal(record->source, record->name) ? 0 : FLAG_SOURCE;
    flags |= text_equal(record->source_version, record->version) ? 0 : FLAG_SOURCE_VERSION;
    flags |= record->phased == 100 ? 0 : FLAG_PHASED;
    flags |= record->more.size == 0 ? 0 : FLAG_MORE;
    if (text_equal(record->arch, TEXT("all")))
        flags |= FLAG_ALL;
    else if (!text_equal(record->arch, builder->arch))
        flags |= FLAG_ARCH;
    writer_u32(&builder->index, (uint32_t)writer_bytes(w).size);
    writer_u64(&builder->index, text_hash(record->name, builder->key));
    writer_byte(w, (uint8_t)flags);
    put_text(w, record->name);
    put_text(w, record->version);
    if (flags & FLAG_SOURCE)
        put_text(w, record->source);
    if (flags & FLAG_SOURCE_VERSION)
        put_text(w, record->source_version);
    if (flags & FLAG_ARCH)
        put_text(w, record->arch);
    writer_varint(w, record->size);
    if (flags & FLAG_PHASED)
        writer_byte(w, (uint8_t)record->phased);
    if (flags & FLAG_MORE) {
        writer_varint(w, record->more.size);
        writer_put(w, record->more);
    }
    if (!writer_ok(w) || !writer_ok(&builder->index))
        return error_set(err, ERROR_LIMIT, "more packages than %d, or out of memory", LIMIT_PACKAGES_COUNT);
    builder->count++;
    return true;
}

bool apt_table_add_name(struct apt_table_builder *builder, struct text name, struct error *err)
{
    const uint8_t *last = writer_bytes(&builder->index).at + (size_t)(builder->count - 1) * INDEX_ROW_SIZE;

    writer_u32(&builder->names, load_u32(last));
    writer_u64(&builder->names, text_hash(name, builder->key));
    if (!writer_ok(&builder->names))
        return error_set(err, ERROR_LIMIT, "more provided names than %d, or out of memory",
                         LIMIT_PACKAGES_COUNT);
    builder->name_count++;
    return true;
}

/* At most two of three are taken. */
static uint32_t slots_for(uint32_t count)
{
    uint32_t slot_count = 2;

    while (slot_count < count + count / 2 + 1)
        slot_count *= 2;
    return slot_count;
}

/* The slots of these rows, at the end of what was written. */
static void put_slots(struct writer *w, const struct writer *rows, uint32_t count, uint32_t slot_count)
{
    const uint8_t *row = writer_bytes(rows).at;
    size_t slots = writer_bytes(w).size;

    for (uint32_t i = 0; i < slot_count; i++)
        writer_u64(w, 0);
    for (uint32_t i = 0; i < count && writer_ok(w); i++, row += INDEX_ROW_SIZE) {
        uint64_t hash = load_u64(row + 4);
        uint32_t slot = (uint32_t)hash & (slot_count - 1);
        while (load_u32(writer_bytes(w).at + slots + (size_t)slot * SLOT_SIZE) != 0)
            slot = (slot + 1) & (slot_count - 1);
        writer_patch_u32(w, slots + (size_t)slot * SLOT_SIZE, load_u32(row));
        writer_patch_u32(w, slots + (size_t)slot * SLOT_SIZE + 4, (uint32_t)(hash >> 32));
    }
}

bool apt_table_finish(struct apt_table_builder *builder, struct bytes note, struct bytes *out,
                      struct error *err)
{
    struct writer *w = &builder->out;
    size_t records_size = writer_bytes(w).size - HEAD_SIZE, slots, name_slots, note_at;
    uint32_t slot_count = slots_for(builder->count);
    uint32_t name_slot_count = builder->wide ? slots_for(builder->name_count) : 0;

    writer_align(w, SLOT_SIZE);
    slots = writer_bytes(w).size;
    put_slots(w, &builder->index, builder->count, slot_count);
    name_slots = builder->wide ? writer_bytes(w).size : 0;
    put_slots(w, &builder->names, builder->name_count, name_slot_count);
    note_at = writer_bytes(w).size;
    writer_put(w, note);
    const uint32_t head[] = {
        APT_TABLE_VERSION,      (uint32_t)writer_bytes(w).size,
        (uint32_t)note.size,    HEAD_SIZE,
        (uint32_t)records_size, builder->count,
        (uint32_t)slots,        slot_count,
        (uint32_t)note_at,      (uint32_t)name_slots,
        (uint32_t)builder->key, (uint32_t)(builder->key >> 32),
        name_slot_count,        builder->name_count,
    };
    writer_patch_u32(w, 0, load_u32(magic));
    writer_patch_u32(w, 4, load_u32(magic + 4));
    for (size_t i = 0; i < sizeof(head) / sizeof(*head); i++)
        writer_patch_u32(w, 8 + 4 * i, head[i]);
    return writer_done(w, out, err);
}

/* The part [place, place + size) of the whole; fails the reader when it is not inside. */
static struct bytes part(struct bytes whole, uint32_t place, uint64_t size, struct reader *r)
{
    if (place < HEAD_SIZE || place > whole.size || size > whole.size - place) {
        reader_fail(r);
        return (struct bytes){0};
    }
    return (struct bytes){whole.at + place, (size_t)size};
}

static bool is_slot_count(uint32_t slot_count, uint32_t count)
{
    return slot_count > count && (slot_count & (slot_count - 1)) == 0;
}

bool apt_table_open(struct bytes whole, struct apt_table *out, struct error *err)
{
    struct reader r = reader_with(whole);
    struct bytes begin = reader_take(&r, sizeof(magic));

    if (!reader_ok(&r) || memcmp(begin.at, magic, sizeof(magic)) != 0)
        return error_set(err, ERROR_INPUT, "is no table of packages");
    uint32_t version = reader_u32(&r), size = reader_u32(&r), note_size = reader_u32(&r);
    uint32_t records = reader_u32(&r), records_size = reader_u32(&r), count = reader_u32(&r);
    uint32_t slots = reader_u32(&r), slot_count = reader_u32(&r), note = reader_u32(&r);
    uint32_t name_slots = reader_u32(&r);
    struct apt_table table = {.key = reader_u64(&r), .count = count, .whole = whole};
    uint32_t name_slot_count = reader_u32(&r), name_count = reader_u32(&r);
    if (reader_ok(&r) && version != APT_TABLE_VERSION)
        return error_set(err, ERROR_INPUT, "is of version %u, not %d", version, APT_TABLE_VERSION);
    table.records = part(whole, records, records_size, &r);
    table.slots = part(whole, slots, (uint64_t)slot_count * SLOT_SIZE, &r);
    if (name_slots != 0)
        table.name_slots = part(whole, name_slots, (uint64_t)name_slot_count * SLOT_SIZE, &r);
    table.note = part(whole, note, note_size, &r);
    if (!reader_ok(&r) || size != whole.size || records != HEAD_SIZE || !is_slot_count(slot_count, count) ||
        (name_slots != 0 && !is_slot_count(name_slot_count, name_count)))
        return error_set(err, ERROR_INPUT, "is a broken table of packages");
    *out = table;
    return true;
}

struct apt_table_walk apt_table_find(const struct apt_table *table, struct text name)
{
    uint64_t hash = text_hash(name, table->key);

    return (struct apt_table_walk){
        .table = table, .slots = table->slots, .name = name, .hash = hash, .slot = (uint32_t)hash};
}

struct apt_table_walk apt_table_find_providers(const struct apt_table *table, struct text name)
{
    uint64_t hash = text_hash(name, table->key);

    return (struct apt_table_walk){
        .table = table, .slots = table->name_slots, .hash = hash, .slot = (uint32_t)hash, .any_name = true};
}

static struct text take_text(struct reader *r)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, LIMIT_LINE));

    return (struct text){(const char *)raw.at, raw.size};
}

/* The record at this place of the file, when it is one that the walk looks for. */
static bool read_record(const struct apt_table_walk *walk, uint32_t place, struct apt_record *out)
{
    const struct apt_table *table = walk->table;

    if (place < HEAD_SIZE || place - HEAD_SIZE >= table->records.size)
        return false;
    size_t from = place - HEAD_SIZE;
    struct reader r = reader_with((struct bytes){table->records.at + from, table->records.size - from});
    unsigned flags = reader_u8(&r);
    struct text name = take_text(&r);

    if (!reader_ok(&r) || (flags & ~(unsigned)FLAGS) != 0 ||
        (!walk->any_name && !text_equal(name, walk->name)))
        return false;
    struct apt_record got = {.name = name, .version = take_text(&r), .phased = 100};
    got.source = flags & FLAG_SOURCE ? take_text(&r) : got.name;
    got.source_version = flags & FLAG_SOURCE_VERSION ? take_text(&r) : got.version;
    got.arch = flags & FLAG_ALL ? TEXT("all") : flags & FLAG_ARCH ? take_text(&r) : table->arch;
    got.size = reader_varint(&r);
    if (flags & FLAG_PHASED)
        got.phased = reader_u8(&r);
    if (flags & FLAG_MORE)
        got.more = reader_take(&r, (size_t)reader_varint_max(&r, LIMIT_PARAGRAPH));
    if (!reader_ok(&r))
        return false;
    *out = got;
    return true;
}

bool apt_table_next(struct apt_table_walk *walk, struct apt_record *out)
{
    uint32_t count = (uint32_t)(walk->slots.size / SLOT_SIZE);

    while (walk->tried++ < count) {
        const uint8_t *slot = walk->slots.at + (size_t)(walk->slot++ & (count - 1)) * SLOT_SIZE;
        uint32_t place = load_u32(slot);
        if (place == 0)
            break;
        if (load_u32(slot + 4) == (uint32_t)(walk->hash >> 32) && read_record(walk, place, out))
            return true;
    }
    walk->tried = count; /* an ended walk stays ended */
    return false;
}
