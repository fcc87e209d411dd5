#include "identify/index_build.h"

#include <assert.h>

#include "identify/index_rows.h"

struct index_build *index_build_begin(struct arena *arena, const char *only)
{
    struct index_build *build = ARENA_NEW(arena, struct index_build);

    if (build == NULL)
        return NULL;
    build->arena = arena;
    build->only = only;
    build->texts = text_pool_with(arena);
    build->release_numbers = map_with(arena);
    return build;
}

bool index_build_feed(struct index_build *build, struct text name, uint8_t rank, struct error *err)
{
    if (build->feed_count == FEEDS_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d feeds", FEEDS_MAX);
    struct feed_put feed = {.name = text_copy(build->arena, name), .rank = rank};
    if (feed.name.at == NULL)
        return arena_full(build->arena, err);
    build->feeds[build->feed_count++] = feed;
    return true;
}

void index_build_keep(struct index_build *build, const struct feed_facts *facts)
{
    assert(build->feed_count > 0);
    struct feed_put *feed = &build->feeds[build->feed_count - 1];
    feed->facts = *facts;
    feed->kept = true;
}

void index_build_drop(struct index_build *build)
{
    assert(build->feed_count > 0);
    build->feeds[build->feed_count - 1].kept = false;
}

static bool find_release(struct index_build *build, const struct release *release, struct release_rows **out,
                         struct error *err)
{
    uint32_t number = map_get(&build->release_numbers, text_of(release->name));

    if (number == MAP_NONE) {
        struct release_rows *grown =
            arena_grow(build->arena, build->releases, build->release_count, &build->release_capacity,
                       build->release_count + 1, sizeof(*grown));
        struct text name = text_copy(build->arena, text_of(release->name));
        if (grown == NULL || name.at == NULL)
            return arena_full(build->arena, err);
        build->releases = grown;
        number = (uint32_t)build->release_count++;
        grown[number] = (struct release_rows){.release = *release};
        if (!map_put(&build->release_numbers, name, number, err))
            return false;
    }
    *out = &build->releases[number];
    return true;
}

static bool is_wanted(const struct index_build *build, const struct release *release)
{
    return build->only == NULL || strcmp(build->only, release->name) == 0;
}

static struct row *add_row(struct index_build *build, struct release_rows *release)
{
    if (release->last == NULL || release->last->count == ROW_CHUNK) {
        struct row_chunk *chunk = ARENA_NEW(build->arena, struct row_chunk);
        if (chunk == NULL)
            return NULL;
        if (release->last == NULL)
            release->first = chunk;
        else
            release->last->next = chunk;
        release->last = chunk;
    }
    release->row_count++;
    return &release->last->rows[release->last->count++];
}

/* "UBUNTU-CVE-2021-1", "DEBIAN-CVE-2021-1" and the CVE itself are records of the vulnerability: they are no notice of a fix. */
static bool is_notice(const struct advisory *advisory)
{
    for (size_t i = 0; i < advisory->cve_count; i++)
        if (text_ends(advisory->id, advisory->cves[i]))
            return false;
    return advisory->id.size > 0;
}

static int32_t day_of(int64_t us)
{
    int64_t day = us / TIME_DAY_US - (us % TIME_DAY_US < 0);

    return us == TIME_ABSENT || day < -INDEX_DAY_MAX || day > INDEX_DAY_MAX ? NO_DAY : (int32_t)day;
}

/* What the file can hold: versions and names are kept in seven bits a character. */
static bool is_plain(struct text text, size_t limit)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] >= 0x7f || (unsigned char)text.at[i] <= 0x20)
            return false;
    return text.size <= limit;
}

static bool fits(const struct advisory *advisory)
{
    return advisory->package.size > 0 && is_plain(advisory->package, INDEX_NAME_MAX) &&
           is_plain(advisory->fixed, LIMIT_VERSION) && is_plain(advisory->introduced, LIMIT_VERSION) &&
           is_plain(advisory->last_affected, LIMIT_VERSION) && advisory->stream.size <= LIMIT_NOTE &&
           advisory->arch.size <= LIMIT_NOTE && advisory->id.size <= LIMIT_NOTE &&
           advisory->note.size <= LIMIT_NOTE && advisory->cve_count > 0;
}

static bool is_said(enum advisory_status status)
{
    return status > ADVISORY_UNKNOWN && status < ADVISORY_STATUS_COUNT;
}

/* What all rows of the statement share. */
static bool make_row(struct index_build *build, const struct advisory *advisory, struct row *out,
                     struct error *err)
{
    static const struct text zero = {"0", 1};
    bool notice = is_notice(advisory);
    bool never = advisory->status == ADVISORY_FIXED && text_equal(advisory->fixed, zero);
    struct text introduced = text_equal(advisory->introduced, zero) ? TEXT("") : advisory->introduced;
    struct row row = {
        .day = notice ? day_of(advisory->published_us) : NO_DAY,
        .status = (uint8_t)(never                        ? ADVISORY_NOT_AFFECTED
                            : !is_said(advisory->status) ? ADVISORY_UNDETERMINED
                                                         : advisory->status),
        .severity =
            (uint8_t)((unsigned)advisory->severity < SEVERITY_COUNT ? advisory->severity : SEVERITY_UNKNOWN),
        .feed = (uint8_t)(build->feed_count - 1),
        .flags = (uint8_t)((advisory->unimportant ? ROW_UNIMPORTANT : 0) | (notice ? ROW_NOTICE : 0)),
    };

    if (!text_pool_put(&build->texts, advisory->package, &row.source, err) ||
        !text_pool_put(&build->texts, never ? TEXT("") : advisory->fixed, &row.fixed, err) ||
        !text_pool_put(&build->texts, introduced, &row.introduced, err) ||
        !text_pool_put(&build->texts, advisory->last_affected, &row.last_affected, err) ||
        !text_pool_put(&build->texts, advisory->stream, &row.stream, err) ||
        !text_pool_put(&build->texts, advisory->arch, &row.arch, err) ||
        !text_pool_put(&build->texts, notice ? advisory->id : TEXT(""), &row.advisory, err) ||
        !text_pool_put(&build->texts, advisory->note, &row.note, err))
        return false;
    *out = row;
    return true;
}

bool index_build_put(struct index_build *build, const struct advisory *advisory, struct error *err)
{
    struct release_rows *release;
    struct row row;

    assert(build->feed_count > 0 && !build->feeds[build->feed_count - 1].kept);
    if (!is_wanted(build, &advisory->release))
        return true;
    if (!fits(advisory)) {
        build->skipped++;
        return true;
    }
    if (!find_release(build, &advisory->release, &release, err) || !make_row(build, advisory, &row, err))
        return false;
    if (advisory->cve_count > LIMIT_INDEX_RECORDS - release->row_count)
        return error_set(err, ERROR_LIMIT, "%s: more than %d statements", release->release.name,
                         LIMIT_INDEX_RECORDS);
    for (size_t i = 0; i < advisory->cve_count; i++) {
        row.id = cve_pack(advisory->cves[i]);
        if (row.id == 0 && (advisory->cves[i].size == 0 || advisory->cves[i].size > LIMIT_NOTE)) {
            build->skipped++;
            continue;
        }
        if (row.id == 0) {
            if (!text_pool_put(&build->texts, advisory->cves[i], &row.id, err))
                return false;
            row.id |= ROW_OTHER;
        }
        struct row *added = add_row(build, release);
        if (added == NULL)
            return arena_full(build->arena, err);
        *added = row;
    }
    return true;
}

bool index_build_support(struct index_build *build, const struct support *support, struct error *err)
{
    struct release_rows *release;
    struct support_put put = {.at_us = support->at_us, .kind = (uint8_t)support->kind};

    assert(build->feed_count > 0);
    if (!is_wanted(build, &support->release) || support->kind == SUPPORT_UNKNOWN)
        return true;
    put.feed = (uint8_t)(build->feed_count - 1);
    if (!find_release(build, &support->release, &release, err) ||
        !text_pool_put(&build->texts, support->package, &put.package, err) ||
        !text_pool_put(&build->texts, support->version, &put.version, err) ||
        !text_pool_put(&build->texts, support->note, &put.note, err))
        return false;
    struct support_put *grown =
        arena_grow(build->arena, release->supports, release->support_count, &release->support_capacity,
                   release->support_count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(build->arena, err);
    release->supports = grown;
    grown[release->support_count++] = put;
    return true;
}

static bool sink_advisory(void *self, const struct advisory *advisory, struct error *err)
{
    return index_build_put(self, advisory, err);
}

static bool sink_support(void *self, const struct support *support, struct error *err)
{
    return index_build_support(self, support, err);
}

struct feed_sink index_build_sink(struct index_build *build)
{
    return (struct feed_sink){.self = build, .advisory = sink_advisory, .support = sink_support};
}

size_t index_build_release_count(const struct index_build *build)
{
    return build->release_count;
}

const struct release *index_build_release(const struct index_build *build, size_t release)
{
    assert(release < build->release_count);
    return &build->releases[release].release;
}

uint64_t index_build_skipped(const struct index_build *build)
{
    return build->skipped;
}
