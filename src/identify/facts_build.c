#include "identify/facts_build.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "identify/facts.h"
#include "identify/text_pool.h"

#define CHUNK     1024
#define FEEDS_MAX 255
#define OTHER     UINT32_C(0x80000000) /* an id that is no CVE: this | its text */

/* A score with its vector in the pool. */
struct pooled_score {
    uint32_t vector;
    int16_t tenths;
    uint8_t version, from;
};

/* What one feed says of one id. */
struct part {
    uint32_t id;
    uint32_t place;       /* how many were put before it */
    uint32_t first_score; /* in the build's scores */
    uint32_t published;   /* seconds + 1, or 0 */
    uint32_t epss, percentile;
    uint16_t kev_added, kev_due; /* day + 1, or 0 */
    uint8_t score_count, feed;
    uint8_t kev : 1, ransomware : 1, rejected : 1;
    uint8_t exploitation : 2, automatable : 2, impact : 2;
};

struct part_chunk {
    struct part_chunk *next;
    size_t count;
    struct part parts[CHUNK];
};

struct facts_feed {
    struct text name;
    struct feed_facts facts;
    uint8_t rank;
    bool kept;
};

struct facts_build {
    struct arena *arena;
    struct text_pool texts;
    struct part_chunk *first, *last;
    size_t part_count;
    struct pooled_score *scores;
    size_t score_count, score_capacity;
    struct facts_feed feeds[FEEDS_MAX];
    size_t feed_count;
};

struct facts_build *facts_build_begin(struct arena *arena)
{
    struct facts_build *build = ARENA_NEW(arena, struct facts_build);

    if (build == NULL)
        return NULL;
    build->arena = arena;
    build->texts = text_pool_with(arena);
    return build;
}

bool facts_build_feed(struct facts_build *build, struct text name, uint8_t rank, struct error *err)
{
    if (build->feed_count == FEEDS_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d feeds", FEEDS_MAX);
    struct facts_feed feed = {.name = text_copy(build->arena, name), .rank = rank};
    if (feed.name.at == NULL)
        return arena_full(build->arena, err);
    build->feeds[build->feed_count++] = feed;
    return true;
}

void facts_build_keep(struct facts_build *build, const struct feed_facts *facts)
{
    assert(build->feed_count > 0);
    build->feeds[build->feed_count - 1].facts = *facts;
    build->feeds[build->feed_count - 1].kept = true;
}

void facts_build_drop(struct facts_build *build)
{
    assert(build->feed_count > 0);
    build->feeds[build->feed_count - 1].kept = false;
}

static uint16_t day_and_1(int64_t us)
{
    int64_t day = us == TIME_ABSENT || us < 0 ? UINT16_MAX : us / TIME_DAY_US;

    return day >= UINT16_MAX ? 0 : (uint16_t)(day + 1);
}

static uint32_t second_and_1(int64_t us)
{
    int64_t second = us == TIME_ABSENT || us < 0 ? UINT32_MAX : us / TIME_SECOND_US;

    return second >= UINT32_MAX ? 0 : (uint32_t)second + 1;
}

static struct part *add_part(struct facts_build *build)
{
    if (build->last == NULL || build->last->count == CHUNK) {
        struct part_chunk *chunk = ARENA_NEW(build->arena, struct part_chunk);
        if (chunk == NULL)
            return NULL;
        if (build->last == NULL)
            build->first = chunk;
        else
            build->last->next = chunk;
        build->last = chunk;
    }
    build->part_count++;
    return &build->last->parts[build->last->count++];
}

static bool add_scores(struct facts_build *build, const struct vulnerability *from, struct part *part,
                       struct error *err)
{
    struct pooled_score *scores =
        arena_grow(build->arena, build->scores, build->score_count, &build->score_capacity,
                   build->score_count + VULNERABILITY_SCORES_MAX, sizeof(*scores));

    assert(from->score_count <= VULNERABILITY_SCORES_MAX);
    if (scores == NULL)
        return arena_full(build->arena, err);
    build->scores = scores;
    part->first_score = (uint32_t)build->score_count;
    part->score_count = (uint8_t)from->score_count;
    for (size_t i = 0; i < from->score_count; i++) {
        const struct score *score = &from->scores[i];
        struct pooled_score *pooled = &scores[build->score_count + i];
        *pooled = (struct pooled_score){
            .tenths = score->tenths, .version = (uint8_t)score->version, .from = (uint8_t)score->from};
        if (!text_pool_put(&build->texts, score->vector, &pooled->vector, err))
            return false;
    }
    build->score_count += from->score_count;
    return true;
}

bool facts_build_put(struct facts_build *build, const struct vulnerability *from, struct error *err)
{
    struct part part = {
        .id = cve_pack(from->id),
        .place = (uint32_t)build->part_count,
        .published = second_and_1(from->published_us),
        .epss = from->epss_millionths,
        .percentile = from->epss_percentile_millionths,
        .kev_added = day_and_1(from->kev_added_us),
        .kev_due = day_and_1(from->kev_due_us),
        .feed = (uint8_t)(build->feed_count - 1),
        .kev = from->kev,
        .ransomware = from->ransomware,
        .rejected = from->rejected,
        .exploitation = (unsigned)from->exploitation & 3,
        .automatable = (unsigned)from->automatable & 3,
        .impact = (unsigned)from->technical_impact & 3,
    };

    assert(build->feed_count > 0 && !build->feeds[build->feed_count - 1].kept);
    if (from->id.size == 0 || from->id.size > LIMIT_VECTOR)
        return error_set(err, ERROR_INPUT, "an id of %zu bytes", from->id.size);
    if (build->part_count >= 4 * (size_t)LIMIT_EPSS_ROWS)
        return error_set(err, ERROR_LIMIT, "more than %d statements", 4 * LIMIT_EPSS_ROWS);
    if (part.id == 0) {
        if (!text_pool_put(&build->texts, from->id, &part.id, err))
            return false;
        part.id |= OTHER;
    }
    if (from->score_count > 0 && !add_scores(build, from, &part, err))
        return false;
    struct part *added = add_part(build);
    if (added == NULL)
        return arena_full(build->arena, err);
    *added = part;
    return true;
}

static bool sink_vulnerability(void *self, const struct vulnerability *vulnerability, struct error *err)
{
    return facts_build_put(self, vulnerability, err);
}

struct feed_sink facts_build_sink(struct facts_build *build)
{
    return (struct feed_sink){.self = build, .vulnerability = sink_vulnerability};
}

struct part_place {
    const struct part *part;
};

/* The file being written. */
struct facts_write {
    const struct facts_build *build;
    struct arena *arena;
    struct part_place *parts; /* by id, then trust, then as they were put */
    size_t part_count;
    uint32_t *numbers; /* of vectors: pool -> file, + 1 */
    uint32_t feed_count, cve_count, other_count, score_count, vector_count;
    struct writer segments[FACTS_SEGMENT_COUNT];
};

static void end_segments(struct facts_write *file)
{
    for (size_t i = 0; i < FACTS_SEGMENT_COUNT; i++)
        writer_end(&file->segments[i]);
}

static int compare_parts(const void *a, const void *b, void *build)
{
    const struct facts_build *from = build;
    const struct part *x = ((const struct part_place *)a)->part, *y = ((const struct part_place *)b)->part;

    if (x->id != y->id) {
        if (x->id >= OTHER && y->id >= OTHER)
            return text_compare(text_pool_at(&from->texts, x->id - OTHER),
                                text_pool_at(&from->texts, y->id - OTHER));
        return x->id > y->id ? 1 : -1;
    }
    int by_rank = (int)from->feeds[x->feed].rank - (int)from->feeds[y->feed].rank;
    return by_rank != 0 ? by_rank : (x->place > y->place) - (x->place < y->place);
}

static bool sort_parts(struct facts_write *file, struct error *err)
{
    struct facts_build copy = *file->build; /* qsort_r's context is not const */
    struct part_place *parts = ARENA_ARRAY(file->arena, struct part_place, file->build->part_count);

    if (parts == NULL)
        return arena_full(file->arena, err);
    for (const struct part_chunk *chunk = file->build->first; chunk != NULL; chunk = chunk->next)
        for (size_t i = 0; i < chunk->count; i++)
            if (file->build->feeds[chunk->parts[i].feed].kept)
                parts[file->part_count++].part = &chunk->parts[i];
    file->parts = parts;
    if (file->part_count > 0)
        qsort_r(parts, file->part_count, sizeof(*parts), compare_parts, &copy);
    return true;
}

/* Vectors in the order of their texts, so that the file does not depend on the order of the feeds. */
static bool write_vectors(struct facts_write *file, struct error *err)
{
    uint32_t *used = ARENA_ARRAY(file->arena, uint32_t, file->build->score_count);
    struct writer *w = &file->segments[FACTS_VECTORS];
    size_t count = 0, place = 0;

    file->numbers = ARENA_ARRAY(file->arena, uint32_t, file->build->texts.count);
    if (used == NULL || file->numbers == NULL)
        return arena_full(file->arena, err);
    for (size_t i = 0; i < file->part_count; i++)
        for (size_t j = 0; j < file->parts[i].part->score_count; j++)
            if (file->build->scores[file->parts[i].part->first_score + j].vector != 0)
                used[count++] = file->build->scores[file->parts[i].part->first_score + j].vector;
    count = text_pool_sort(&file->build->texts, used, count);
    for (size_t i = 0; i < count; i++) {
        file->numbers[used[i]] = (uint32_t)i + 1;
        writer_u32(w, (uint32_t)place);
        place += text_pool_at(&file->build->texts, used[i]).size;
    }
    writer_u32(w, (uint32_t)place);
    for (size_t i = 0; i < count; i++)
        writer_text(w, text_pool_at(&file->build->texts, used[i]));
    file->vector_count = (uint32_t)count;
    return true;
}

struct merged {
    struct part facts; /* its scores are below */
    struct pooled_score scores[VULNERABILITY_SCORES_MAX];
    size_t score_count;
    uint8_t exploited_by;
};

/* By which feed it came, not by what it says: a record that quotes the catalogue is one voice. */
static uint8_t exploited_by(const struct facts_build *build, const struct part *part)
{
    if (!part->kev && part->exploitation != EXPLOITATION_ACTIVE)
        return 0;
    return text_equal(build->feeds[part->feed].name, TEXT("kev")) ? EXPLOITED_BY_CATALOGUE
                                                                  : EXPLOITED_BY_RECORD;
}

static void merge_scores(struct merged *to, const struct pooled_score *scores, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < to->score_count &&
               (to->scores[j].version != scores[i].version || to->scores[j].from != scores[i].from))
            j++;
        if (j == to->score_count && j < VULNERABILITY_SCORES_MAX)
            to->scores[to->score_count++] = scores[i];
    }
}

/* What is not said yet is taken from the next part. */
static void merge_part(struct merged *to, const struct part *part)
{
    struct part *facts = &to->facts;

    if (facts->published == 0)
        facts->published = part->published;
    if (facts->epss == EPSS_ABSENT) {
        facts->epss = part->epss;
        facts->percentile = part->percentile;
    }
    if (facts->kev_added == 0)
        facts->kev_added = part->kev_added;
    if (facts->kev_due == 0)
        facts->kev_due = part->kev_due;
    if (facts->exploitation == EXPLOITATION_UNKNOWN)
        facts->exploitation = part->exploitation;
    if (facts->automatable == ANSWER_UNKNOWN)
        facts->automatable = part->automatable;
    if (facts->impact == TECHNICAL_IMPACT_UNKNOWN)
        facts->impact = part->impact;
    facts->kev |= part->kev;
    facts->ransomware |= part->ransomware;
    facts->rejected |= part->rejected;
}

static void write_row(struct facts_write *file, const struct merged *merged)
{
    struct writer *w = &file->segments[FACTS_ROWS];
    const struct part *facts = &merged->facts;

    writer_u32(w, facts->published);
    writer_u32(w, facts->epss);
    writer_u32(w, facts->percentile);
    writer_u32(w, file->score_count);
    writer_u16(w, facts->kev_added);
    writer_u16(w, facts->kev_due);
    writer_byte(w, (uint8_t)merged->score_count);
    writer_byte(w, (uint8_t)(facts->kev | facts->ransomware << 1 | facts->rejected << 2));
    writer_byte(w, (uint8_t)(facts->exploitation | facts->automatable << 2 | facts->impact << 4));
    writer_byte(w, merged->exploited_by);
    for (size_t i = 0; i < merged->score_count; i++) {
        const struct pooled_score *score = &merged->scores[i];
        writer_byte(&file->segments[FACTS_SCORES], score->version);
        writer_byte(&file->segments[FACTS_SCORES], score->from);
        writer_u16(&file->segments[FACTS_SCORES], score->tenths < 0 ? UINT16_MAX : (uint16_t)score->tenths);
        writer_u32(&file->segments[FACTS_SCORES], file->numbers[score->vector]);
    }
    file->score_count += (uint32_t)merged->score_count;
}

static void write_id(struct facts_write *file, uint32_t id, size_t *year)
{
    if (id < OTHER) {
        for (; *year <= id >> 24; ++*year)
            writer_u32(&file->segments[FACTS_YEAR_TABLE], file->cve_count);
        writer_u32(&file->segments[FACTS_CVES], id);
        file->cve_count++;
        return;
    }
    writer_u32(&file->segments[FACTS_OTHERS], (uint32_t)file->segments[FACTS_NAMES].size);
    writer_text(&file->segments[FACTS_NAMES], text_pool_at(&file->build->texts, id - OTHER));
    file->other_count++;
}

static void write_rows(struct facts_write *file)
{
    size_t year = 0;

    for (size_t i = 0; i < file->part_count;) {
        struct merged merged = {.facts = *file->parts[i].part};
        size_t end = i;
        for (; end < file->part_count && file->parts[end].part->id == file->parts[i].part->id; end++) {
            merge_part(&merged, file->parts[end].part);
            merged.exploited_by |= exploited_by(file->build, file->parts[end].part);
            if (file->parts[end].part->score_count > 0)
                merge_scores(&merged, file->build->scores + file->parts[end].part->first_score,
                             file->parts[end].part->score_count);
        }
        if (merged.facts.id < OTHER && (merged.facts.kev || merged.facts.exploitation == EXPLOITATION_ACTIVE))
            writer_u32(&file->segments[FACTS_EXPLOITED], merged.facts.id);
        write_id(file, merged.facts.id, &year);
        write_row(file, &merged);
        i = end;
    }
    for (; year <= FACTS_YEARS; year++)
        writer_u32(&file->segments[FACTS_YEAR_TABLE], file->cve_count);
    writer_u32(&file->segments[FACTS_OTHERS], (uint32_t)file->segments[FACTS_NAMES].size);
}

static bool write_header(struct facts_write *file, struct writer *out, struct error *err)
{
    const uint32_t counts[] = {file->feed_count, file->cve_count, file->other_count, file->score_count,
                               file->vector_count};

    writer_put(out, BYTES(FACTS_MAGIC));
    writer_u32(out, FACTS_VERSION);
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        writer_u32(out, counts[i]);
    for (size_t i = 32; i < 48; i++)
        writer_byte(out, 0);
    for (size_t i = 0; i < FACTS_SEGMENT_COUNT; i++) {
        struct bytes segment;
        if (!writer_done(&file->segments[i], &segment, err))
            return false;
        writer_u32(out, (uint32_t)segment.size);
    }
    for (size_t i = 48 + 4 * FACTS_SEGMENT_COUNT; i < FACTS_HEADER_SIZE; i++)
        writer_byte(out, 0);
    return true;
}

static bool write_file(struct facts_write *file, struct writer *out, struct error *err)
{
    if (!sort_parts(file, err) || !write_vectors(file, err))
        return false;
    for (size_t i = 0; i < file->build->feed_count; i++)
        if (file->build->feeds[i].kept) {
            origin_write(&file->segments[FACTS_FEEDS], file->build->feeds[i].name,
                         &file->build->feeds[i].facts);
            file->feed_count++;
        }
    write_rows(file);
    if (!write_header(file, out, err))
        return false;
    for (size_t i = 0; i < FACTS_SEGMENT_COUNT; i++)
        writer_put(out, writer_bytes(&file->segments[i]));
    struct bytes done;
    return writer_done(out, &done, err);
}

bool facts_build_write(const struct facts_build *build, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    OWN(end_segments) struct facts_write file = {.build = build, .arena = &arena};

    for (size_t i = 0; i < FACTS_SEGMENT_COUNT; i++)
        file.segments[i] = writer_with(LIMIT_INDEX_FILE);
    return write_file(&file, out, err) || error_at(err, "facts");
}
