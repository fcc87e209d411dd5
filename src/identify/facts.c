#include "identify/facts.h"

#include <assert.h>

#include "base/limits.h"

static uint32_t u32_at(struct bytes bytes, size_t place)
{
    const uint8_t *at = bytes.at + place;

    assert(bytes.size >= 4 && place <= bytes.size - 4);
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t u16_at(struct bytes bytes, size_t place)
{
    return (uint32_t)bytes.at[place] | (uint32_t)bytes.at[place + 1] << 8;
}

static bool open_segments(struct bytes file, struct facts *facts, struct error *err)
{
    size_t place = FACTS_HEADER_SIZE;

    for (unsigned i = 0; i < FACTS_SEGMENT_COUNT; i++) {
        size_t size = u32_at(file, 48 + 4 * (size_t)i);
        if (size > file.size - place)
            return error_set(err, ERROR_INPUT, "segment %u has %zu bytes, %zu are left", i, size,
                             file.size - place);
        facts->segments[i] = (struct bytes){file.at + place, size};
        place += size;
    }
    return place == file.size ||
           error_set(err, ERROR_INPUT, "%zu bytes behind the last segment", file.size - place);
}

static bool check_sizes(const struct facts *facts, struct error *err)
{
    const struct bytes *segments = facts->segments;
    uint64_t rows = (uint64_t)facts->cve_count + facts->other_count;
    const struct {
        const char *name;
        uint64_t size;
        enum facts_segment segment;
        bool exact;
    } sizes[] = {
        {"feeds", (uint64_t)facts->feed_count * ORIGIN_SIZE_MIN, FACTS_FEEDS, false},
        {"years", (FACTS_YEARS + 1) * 4, FACTS_YEAR_TABLE, true},
        {"CVEs", (uint64_t)facts->cve_count * 4, FACTS_CVES, true},
        {"other ids", ((uint64_t)facts->other_count + 1) * 4, FACTS_OTHERS, true},
        {"rows", rows * FACTS_ROW_SIZE, FACTS_ROWS, true},
        {"scores", (uint64_t)facts->score_count * FACTS_SCORE_SIZE, FACTS_SCORES, true},
        {"vectors", ((uint64_t)facts->vector_count + 1) * 4, FACTS_VECTORS, false},
    };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        size_t size = segments[sizes[i].segment].size;
        if (sizes[i].exact ? size != sizes[i].size : size < sizes[i].size)
            return error_set(err, ERROR_INPUT, "its %s take %llu bytes, %zu are there", sizes[i].name,
                             (unsigned long long)sizes[i].size, size);
    }
    if (segments[FACTS_EXPLOITED].size % 4 != 0)
        return error_set(err, ERROR_INPUT, "its exploited CVEs are cut short");
    for (size_t year = 0; year <= FACTS_YEARS; year++) {
        uint32_t here = u32_at(segments[FACTS_YEAR_TABLE], 4 * year);
        if (here > facts->cve_count ||
            (year > 0 && here < u32_at(segments[FACTS_YEAR_TABLE], 4 * year - 4)) ||
            (year == FACTS_YEARS && here != facts->cve_count))
            return error_set(err, ERROR_INPUT, "its table of years is broken");
    }
    return true;
}

static bool is_zero(struct bytes file, size_t from, size_t size)
{
    for (size_t i = from; i < from + size; i++)
        if (file.at[i] != 0)
            return false;
    return true;
}

bool facts_open(struct bytes file, struct facts *out, struct error *err)
{
    struct facts facts = {.feed_count = 0};

    if (file.size < 12 || memcmp(file.at, FACTS_MAGIC, 8) != 0)
        return error_set(err, ERROR_INPUT, "this is no facts file");
    uint32_t version = u32_at(file, 8);
    if (version > FACTS_VERSION)
        return error_set(
            err, ERROR_INPUT,
            "the facts have version %u, this program reads up to %d: update the program, or build them anew",
            version, FACTS_VERSION);
    if (version == 0 || file.size < FACTS_HEADER_SIZE)
        return error_set(err, ERROR_INPUT, "the facts are cut short: %zu bytes, their header has %d",
                         file.size, FACTS_HEADER_SIZE);
    if (file.size > LIMIT_INDEX_FILE)
        return error_set(err, ERROR_LIMIT, "%zu bytes, more than %zu", file.size, LIMIT_INDEX_FILE);
    facts.feed_count = u32_at(file, 12);
    facts.cve_count = u32_at(file, 16);
    facts.other_count = u32_at(file, 20);
    facts.score_count = u32_at(file, 24);
    facts.vector_count = u32_at(file, 28);
    if (!is_zero(file, 32, 16) || !is_zero(file, 84, 12))
        return error_set(err, ERROR_INPUT, "the facts' header is broken");
    if (!open_segments(file, &facts, err) || !check_sizes(&facts, err))
        return error_at(err, "facts");
    struct origins walk = facts_origins(&facts);
    for (struct origin origin; origins_next(&walk, &origin);)
        ;
    if (!origins_ok(&walk))
        return error_set(err, ERROR_INPUT, "facts: its feeds cannot be read");
    *out = facts;
    return true;
}

struct origins facts_origins(const struct facts *facts)
{
    return origins_with(facts->segments[FACTS_FEEDS], facts->feed_count);
}

struct bytes facts_exploited(const struct facts *facts)
{
    return facts->segments[FACTS_EXPLOITED];
}

/* A text between two places of a table, in the bytes behind it. Absent when the table is broken. */
static struct text text_between(struct bytes table, size_t number, struct bytes texts)
{
    size_t begin = u32_at(table, 4 * number), end = u32_at(table, 4 * number + 4);
    struct text text = {NULL, 0};
    struct error err;

    if (begin > end || end > texts.size ||
        !text_from_bytes((struct bytes){texts.at + begin, end - begin}, LIMIT_VECTOR, &text, &err))
        return (struct text){NULL, 0};
    return text;
}

static struct score score_at(const struct facts *facts, size_t number)
{
    struct bytes scores = facts->segments[FACTS_SCORES], vectors = facts->segments[FACTS_VECTORS];
    const uint8_t *at = scores.at + number * FACTS_SCORE_SIZE;
    uint32_t tenths = u16_at(scores, number * FACTS_SCORE_SIZE + 2);
    uint32_t vector = u32_at(scores, number * FACTS_SCORE_SIZE + 4);
    size_t table = 4 * ((size_t)facts->vector_count + 1);
    struct score score = {
        .version = at[0] < CVSS_VERSION_COUNT ? (enum cvss_version)at[0] : CVSS_UNKNOWN,
        .from = at[1] < SCORE_SOURCE_COUNT ? (enum score_source)at[1] : SCORE_SOURCE_UNKNOWN,
        .tenths = tenths <= 100 ? (int16_t)tenths : CVSS_NONE,
    };

    if (vector > 0 && vector <= facts->vector_count)
        score.vector =
            text_between(vectors, vector - 1, (struct bytes){vectors.at + table, vectors.size - table});
    return score;
}

static int64_t day_or_absent(uint32_t day_and_1)
{
    return day_and_1 == 0 ? TIME_ABSENT : (int64_t)(day_and_1 - 1) * TIME_DAY_US;
}

static struct vulnerability row_at(const struct facts *facts, size_t row, struct text id)
{
    struct bytes rows = facts->segments[FACTS_ROWS];
    size_t at = row * FACTS_ROW_SIZE;
    struct vulnerability got = vulnerability_with(id);
    uint32_t published = u32_at(rows, at), first = u32_at(rows, at + 12);
    uint8_t flags = rows.at[at + 21], points = rows.at[at + 22];

    if (published > 0)
        got.published_us = (int64_t)(published - 1) * TIME_SECOND_US;
    got.epss_millionths = u32_at(rows, at + 4);
    got.epss_percentile_millionths = u32_at(rows, at + 8);
    got.kev_added_us = day_or_absent(u16_at(rows, at + 16));
    got.kev_due_us = day_or_absent(u16_at(rows, at + 18));
    got.kev = flags & 1;
    got.ransomware = flags & 2;
    got.rejected = flags & 4;
    got.exploited_by = rows.at[at + 23] & (EXPLOITED_BY_CATALOGUE | EXPLOITED_BY_RECORD);
    got.exploitation = (enum exploitation)(points & 3);
    if ((points >> 2 & 3) < ANSWER_COUNT)
        got.automatable = (enum answer)(points >> 2 & 3);
    if ((points >> 4 & 3) < TECHNICAL_IMPACT_COUNT)
        got.technical_impact = (enum technical_impact)(points >> 4 & 3);
    for (uint32_t i = 0; i < rows.at[at + 20] && first < facts->score_count - i; i++)
        vulnerability_put_score(&got, score_at(facts, first + i));
    return got;
}

bool facts_find_packed(const struct facts *facts, uint32_t cve, struct text id, struct vulnerability *out)
{
    struct bytes cves = facts->segments[FACTS_CVES], years = facts->segments[FACTS_YEAR_TABLE];
    size_t year = cve >> 24;

    if (cve == 0 || year >= FACTS_YEARS)
        return false;
    size_t low = u32_at(years, 4 * year), high = u32_at(years, 4 * year + 4), end = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u32_at(cves, 4 * middle) < cve)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == end || u32_at(cves, 4 * low) != cve)
        return false;
    *out = row_at(facts, low, id);
    return true;
}

static bool find_other(const struct facts *facts, struct text id, struct vulnerability *out)
{
    size_t low = 0, high = facts->other_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct text here = text_between(facts->segments[FACTS_OTHERS], middle, facts->segments[FACTS_NAMES]);
        int order = text_compare(here, id);
        if (order == 0) {
            *out = row_at(facts, facts->cve_count + middle, id);
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool facts_find(const struct facts *facts, struct text id, struct vulnerability *out)
{
    uint32_t cve = cve_pack(id);

    return cve != 0 ? facts_find_packed(facts, cve, id, out) : find_other(facts, id, out);
}
