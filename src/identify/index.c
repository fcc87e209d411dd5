#include "identify/index.h"

#include <assert.h>

#include "identify/index_read.h"
#include "identify/keys.h"

bool index_broken(struct error *err, const char *where)
{
    return error_set(err, ERROR_INPUT, "the index is broken: %s", where);
}

/* Header. */

static bool open_release(struct bytes header, struct release *out)
{
    const char *name = (const char *)header.at + 16;
    size_t size = 0;

    if (header.at[13] >= VERSION_ORDER_COUNT)
        return false;
    while (size < RELEASE_NAME_MAX && name[size] != '\0') {
        char c = name[size++];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
            return false;
    }
    if (size == 0 || size == RELEASE_NAME_MAX)
        return false;
    for (size_t i = size; i < RELEASE_NAME_MAX; i++)
        if (name[i] != '\0')
            return false;
    memcpy(out->name, name, RELEASE_NAME_MAX);
    out->order = (enum version_order)header.at[13];
    return true;
}

static bool open_segments(struct bytes file, struct index *index, struct error *err)
{
    size_t place = INDEX_HEADER_SIZE;

    for (unsigned i = 0; i < INDEX_SEGMENT_COUNT; i++) {
        size_t size = u32_at(file, 120 + 4 * (size_t)i);
        if (size > file.size - place)
            return error_set(err, ERROR_INPUT, "segment %u has %zu bytes, %zu are left", i, size,
                             file.size - place);
        index->segments[i] = (struct bytes){file.at + place, size};
        place += size;
    }
    if (place != file.size)
        return error_set(err, ERROR_INPUT, "%zu bytes behind the last segment", file.size - place);
    return true;
}

/* A count is believed only as far as its bytes are there. */
static bool check_counts(const struct index *index, struct error *err)
{
    const struct bytes *segments = index->segments;
    const struct {
        const char *name;
        uint32_t count;
        size_t fixed, each; /* bytes that so many take at least */
        size_t size;
    } counts[] = {
        {"CVEs", index->cve_count, 7 * blocks_of(index->cve_count, INDEX_ID_BLOCK), 1,
         segments[INDEX_IDS].size},
        {"other ids", index->other_count, 0, 4, segments[INDEX_OTHERS].size},
        {"texts", index->text_count, 4 * blocks_of(index->text_count, INDEX_TEXT_BLOCK), 2,
         segments[INDEX_TEXTS].size},
        {"support rows", index->support_count, 0, 5, segments[INDEX_SUPPORT].size},
        {"feeds", index->feed_count, 0, ORIGIN_SIZE_MIN, segments[INDEX_FEEDS].size},
        {"source packages", index->source_count[false], 0, 2, segments[INDEX_NAMES].size},
        {"sizes", index->source_count[false], 0, 2, segments[INDEX_SIZES].size},
        {"kernels", index->source_count[true], 0, 2, segments[INDEX_KERNEL_NAMES].size},
        {"sizes of kernels", index->source_count[true], 0, 2, segments[INDEX_KERNEL_SIZES].size},
        {"records", index->record_count, 0, 1,
         segments[INDEX_RECORDS].size + segments[INDEX_KERNEL_RECORDS].size},
        {"pairs", index->pair_count, 0, 1, segments[INDEX_LISTS].size + segments[INDEX_KERNEL_LISTS].size},
    };

    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        if (counts[i].fixed + counts[i].each * counts[i].count > counts[i].size)
            return error_set(err, ERROR_INPUT, "%u %s do not fit into %zu bytes", counts[i].count,
                             counts[i].name, counts[i].size);
    uint64_t ids = (uint64_t)index->cve_count + index->other_count;
    if (ids > UINT32_MAX || segments[INDEX_SEVERITIES].size != (size_t)(ids + 1) / 2)
        return error_set(err, ERROR_INPUT, "%zu bytes of severities for %llu ids",
                         segments[INDEX_SEVERITIES].size, (unsigned long long)ids);
    return true;
}

static bool open_feeds(struct index *index, struct error *err)
{
    struct origins walk = index_origins(index);
    int64_t complete = TIME_ABSENT, oldest = INT64_MAX;
    struct origin origin;

    while (origins_next(&walk, &origin)) {
        if (origin.complete && origin.generated_us > complete)
            complete = origin.generated_us;
        if (origin.generated_us < oldest)
            oldest = origin.generated_us;
    }
    if (!origins_ok(&walk))
        return error_set(err, ERROR_INPUT, "its feeds cannot be read");
    index->generated_us = index->complete ? complete : oldest == INT64_MAX ? TIME_ABSENT : oldest;
    return true;
}

static bool is_zero(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.at[i] != 0)
            return false;
    return true;
}

bool index_open(struct bytes file, struct index *out, struct error *err)
{
    struct index index = {.id_size = 0};

    if (file.size < 12 || memcmp(file.at, INDEX_MAGIC, 8) != 0)
        return error_set(err, ERROR_INPUT, "this is no advisory index");
    uint32_t version = u32_at(file, 8);
    if (version > INDEX_VERSION)
        return error_set(err, ERROR_INPUT,
                         "the index has version %u, this program reads up to %d: update the program, or "
                         "build the index anew",
                         version, INDEX_VERSION);
    if (version == 0 || file.size < INDEX_HEADER_SIZE)
        return error_set(err, ERROR_INPUT, "the index is cut short: %zu bytes, its header has %d", file.size,
                         INDEX_HEADER_SIZE);
    if (file.size > LIMIT_INDEX_FILE)
        return error_set(err, ERROR_LIMIT, "%zu bytes, more than %zu", file.size, LIMIT_INDEX_FILE);
    index.complete = file.at[12] & 1;
    index.id_size = file.at[14];
    index.cve_count = u32_at(file, 80);
    index.other_count = u32_at(file, 84);
    index.text_count = u32_at(file, 88);
    index.support_count = u32_at(file, 92);
    index.feed_count = u32_at(file, 96);
    index.record_count = u32_at(file, 100);
    index.pair_count = u32_at(file, 104);
    index.source_count[false] = u32_at(file, 108);
    index.source_count[true] = u32_at(file, 112);
    if (!open_release(file, &index.release) || file.at[12] > 1 || index.id_size < 1 || index.id_size > 4 ||
        file.at[15] != 0 || !is_zero((struct bytes){file.at + 116, 4}) ||
        !is_zero((struct bytes){file.at + 176, 16}))
        return error_set(err, ERROR_INPUT, "the index's header is broken");
    if (!open_segments(file, &index, err) || !check_counts(&index, err) || !open_feeds(&index, err))
        return error_at(err, "index of %s", index.release.name);
    *out = index;
    return true;
}

struct origins index_origins(const struct index *index)
{
    return origins_with(index->segments[INDEX_FEEDS], index->feed_count);
}

/* Sources. */

struct index_sources index_sources_with(const struct index *index, bool kernels)
{
    const struct bytes *segments = index->segments + (kernels ? INDEX_KERNEL_NAMES : INDEX_NAMES);

    return (struct index_sources){
        .names = reader_with(segments[0]),
        .sizes = reader_with(segments[1]),
        .records = reader_with(segments[2]),
        .lists = reader_with(segments[3]),
        .left = index->source_count[kernels],
    };
}

bool index_sources_ok(const struct index_sources *walk)
{
    return reader_ok(&walk->names) && reader_ok(&walk->sizes) && reader_ok(&walk->records) &&
           reader_ok(&walk->lists);
}

/* Decodes the next name over the last one. */
static bool take_name(struct index_sources *walk)
{
    struct reader *r = &walk->names;
    size_t size = r->at < r->end ? *r->at & 0x7fu : SIZE_MAX;

    if (size > walk->name_size || *r->at < 0x80) {
        reader_fail(r);
        return false;
    }
    const uint8_t *at = r->at + 1;
    while (at < r->end && *at < 0x80 && size < INDEX_NAME_MAX)
        walk->name[size++] = (char)*at++;
    if (at == r->at + 1 || (at < r->end && *at < 0x80)) {
        reader_fail(r); /* adds nothing, or is too long */
        return false;
    }
    r->at = at;
    walk->name_size = size;
    return true;
}

static bool take_source(struct index_sources *walk)
{
    if (walk->left == 0)
        return false;
    walk->left--;
    if (!take_name(walk))
        return false;
    walk->held_records = take_bytes(&walk->records, take_varint(&walk->sizes));
    walk->held_lists = take_bytes(&walk->lists, take_varint(&walk->sizes));
    if (walk->held_records.size == 0)
        reader_fail(&walk->records); /* a source of which nothing is said is not named */
    return index_sources_ok(walk);
}

bool index_sources_next(struct index_sources *walk, struct index_source *out)
{
    if (!walk->held && !take_source(walk)) {
        walk->left = 0;
        return false;
    }
    walk->held = false;
    *out = (struct index_source){{walk->name, walk->name_size}, walk->held_records, walk->held_lists};
    return true;
}

bool index_sources_seek(struct index_sources *walk, struct text name, struct index_source *out)
{
    uint64_t key = key_of_text(name);

    while (walk->held || take_source(walk)) {
        struct text here = {walk->name, walk->name_size};
        uint64_t key_here = key_of_text(here);
        int order = key_here < key ? -1 : key_here > key ? 1 : text_compare(here, name);
        if (order >= 0) {
            walk->held = true;
            if (order == 0)
                *out = (struct index_source){here, walk->held_records, walk->held_lists};
            return order == 0;
        }
        walk->held = false;
    }
    walk->left = 0;
    return false;
}

/* Records. */

void index_records_begin(struct index_records *walk, const struct index *index,
                         const struct index_source *source)
{
    walk->records = reader_with(source->records);
    walk->lists = reader_with(source->lists);
    walk->ids_left = 0;
    walk->first = true;
    walk->id_size = index->id_size;
    walk->id = 0;
    walk->day = INDEX_FIRST_DAY;
    walk->version_size = 0;
    walk->version_last = 0;
}

bool index_records_ok(const struct index_records *walk)
{
    return reader_ok(&walk->records) && reader_ok(&walk->lists);
}

uint32_t index_records_id(struct index_records *walk)
{
    assert(walk->ids_left > 0);
    walk->ids_left--;
    if (walk->first) {
        struct bytes raw = take_bytes(&walk->lists, walk->id_size);
        walk->id = 0;
        for (size_t i = raw.size; i > 0; i--)
            walk->id = walk->id << 8 | raw.at[i - 1];
        walk->first = false;
        return walk->id;
    }
    uint64_t next = walk->id + 1 + (uint64_t)take_u32(&walk->lists);
    if (next > UINT32_MAX)
        reader_fail(&walk->lists);
    walk->id = (uint32_t)next;
    return reader_ok(&walk->lists) ? walk->id : 0;
}

/* Passes over the ids that nobody asked for: a varint ends with its first byte below 0x80. */
static void pass_ids(struct index_records *walk)
{
    if (walk->first && walk->ids_left > 0) {
        (void)take_bytes(&walk->lists, walk->id_size);
        walk->ids_left--;
    }
    for (; walk->ids_left > 0; walk->ids_left--)
        while (take_byte(&walk->lists) >= 0x80)
            ;
}

/* Decodes one version into its buffer; the shared bytes come from wherever the one before it was decoded. */
static struct text take_version(struct index_records *walk, int8_t which)
{
    struct reader *r = &walk->records;
    uint32_t size = take_byte(r);
    char *at = walk->versions[which];
    uint8_t byte = 0;

    if (size > walk->version_size) {
        reader_fail(r);
        return (struct text){NULL, 0};
    }
    if (which != walk->version_last && size > 0)
        memcpy(at, walk->versions[walk->version_last], size);
    for (; byte < 0x80 && size < LIMIT_VERSION && reader_left(r) > 0; size++) {
        byte = take_byte(r);
        at[size] = (char)(byte & 0x7f);
    }
    if (byte < 0x80)
        reader_fail(r); /* too long, or cut short */
    walk->version_last = which;
    walk->version_size = size;
    return (struct text){at, size};
}

enum { DETAIL_INTRODUCED = 1, DETAIL_LAST = 2, DETAIL_NOTE = 4, DETAIL_ADVISORY = 8, DETAIL_DATE = 16 };
enum { DETAIL_SEVERITY = 32, DETAIL_SCOPE = 64, DETAIL_UNIMPORTANT = 128 };

static void take_details(struct index_records *walk, uint8_t details, struct index_record *record)
{
    struct reader *r = &walk->records;

    if (details & DETAIL_INTRODUCED)
        record->introduced = take_version(walk, 1);
    if (details & DETAIL_LAST)
        record->last_affected = take_version(walk, 2);
    if (details & DETAIL_NOTE) {
        record->note = text_or_none(take_u32(r));
        if (record->note == INDEX_NO_TEXT)
            record->own_note = take_bytes(r, take_varint(r));
    }
    if (details & DETAIL_ADVISORY)
        record->advisory = take_u32(r);
    if (details & DETAIL_DATE) {
        uint32_t zigzag = take_u32(r);
        walk->day += (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
        if (walk->day < -INDEX_DAY_MAX || walk->day > INDEX_DAY_MAX) {
            reader_fail(r);
            walk->day = 0;
        }
        record->published_us = walk->day * TIME_DAY_US;
    }
    if (details & DETAIL_SEVERITY) {
        uint8_t severity = take_byte(r);
        record->severity = severity < SEVERITY_COUNT ? (enum severity)severity : SEVERITY_UNKNOWN;
        record->has_severity = true;
    }
    if (details & DETAIL_SCOPE) {
        record->stream = text_or_none(take_u32(r));
        record->arch = text_or_none(take_u32(r));
    }
    record->unimportant = (details & DETAIL_UNIMPORTANT) != 0;
}

bool index_records_next(struct index_records *walk, struct index_record *out)
{
    static const enum advisory_status statuses[16] = {
        ADVISORY_UNKNOWN, ADVISORY_FIXED,   ADVISORY_OPEN,      ADVISORY_PENDING,     ADVISORY_NOT_AFFECTED,
        ADVISORY_NO_DSA,  ADVISORY_IGNORED, ADVISORY_POSTPONED, ADVISORY_END_OF_LIFE, ADVISORY_UNDETERMINED,
    };
    struct reader *r = &walk->records;

    pass_ids(walk);
    if (reader_left(r) == 0 || !reader_ok(&walk->lists))
        return false;
    uint8_t head = take_byte(r), details = head & 0x80 ? take_byte(r) : 0;
    uint32_t count = (head >> 4) & 3;
    if (count == 0)
        count = take_u32(r) + 4;
    if (statuses[head & 15] == ADVISORY_UNKNOWN || count < 1)
        reader_fail(r);
    *out = (struct index_record){
        .status = statuses[head & 15],
        .note = INDEX_NO_TEXT,
        .advisory = INDEX_NO_TEXT,
        .stream = INDEX_NO_TEXT,
        .arch = INDEX_NO_TEXT,
        .published_us = TIME_ABSENT,
        .count = count,
    };
    if (head & 0x40)
        out->fixed = take_version(walk, 0);
    if (details != 0)
        take_details(walk, details, out);
    walk->ids_left = count;
    walk->first = true;
    return reader_ok(r);
}
