#include <assert.h>
#include <stdlib.h>

#include "identify/index_rows.h"

/* What wins among statements of one feed of the same range: a fix, then what is open, then the reasons not to fix. */
static const uint8_t preference[ADVISORY_STATUS_COUNT] = {
    [ADVISORY_FIXED] = 1,       [ADVISORY_PENDING] = 2,      [ADVISORY_OPEN] = 3,
    [ADVISORY_POSTPONED] = 4,   [ADVISORY_NO_DSA] = 5,       [ADVISORY_IGNORED] = 6,
    [ADVISORY_END_OF_LIFE] = 7, [ADVISORY_UNDETERMINED] = 8, [ADVISORY_NOT_AFFECTED] = 9,
};

static int compare_u32(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

/* The rows of kept feeds, as they were put. */
static bool gather(const struct index_build *build, const struct release_rows *release, struct arena *arena,
                   struct resolved *out, struct error *err)
{
    out->rows = ARENA_ARRAY(arena, struct row, release->row_count);
    if (out->rows == NULL)
        return arena_full(arena, err);
    for (const struct row_chunk *chunk = release->first; chunk != NULL; chunk = chunk->next)
        for (size_t i = 0; i < chunk->count; i++)
            if (build->feeds[chunk->rows[i].feed].kept)
                out->rows[out->row_count++] = chunk->rows[i];
    return true;
}

/* Lists sources and ids of the rows in their order, and puts their places into the rows. */
static bool number_rows(const struct index_build *build, struct arena *arena, struct resolved *all,
                        struct error *err)
{
    uint32_t *sources = ARENA_ARRAY(arena, uint32_t, all->row_count);
    uint32_t *ids = ARENA_ARRAY(arena, uint32_t, all->row_count);
    uint32_t *places = ARENA_ARRAY(arena, uint32_t, build->texts.count);

    if (sources == NULL || ids == NULL || places == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < all->row_count; i++) {
        sources[i] = all->rows[i].source;
        ids[i] = all->rows[i].id;
    }
    all->sources = sources;
    all->source_count = text_pool_sort(&build->texts, sources, all->row_count);
    for (size_t i = 0; i < all->source_count; i++)
        places[sources[i]] = (uint32_t)i;
    for (size_t i = 0; i < all->row_count; i++)
        all->rows[i].source = places[all->rows[i].source];

    size_t count = numbers_sort(ids, all->row_count);
    all->cves = ids;
    while (all->cve_count < count && ids[all->cve_count] < ROW_OTHER)
        all->cve_count++;
    all->others = ids + all->cve_count;
    all->other_count = count - all->cve_count;
    for (size_t i = 0; i < all->other_count; i++)
        all->others[i] -= ROW_OTHER;
    all->other_count = text_pool_sort(&build->texts, all->others, all->other_count);
    for (size_t i = 0; i < all->other_count; i++)
        places[all->others[i]] = (uint32_t)(all->cve_count + i);
    for (size_t i = 0; i < all->row_count; i++) {
        struct row *row = &all->rows[i];
        if (row->id >= ROW_OTHER) {
            row->id = places[row->id - ROW_OTHER];
            continue;
        }
        const uint32_t *found = bsearch(&row->id, all->cves, all->cve_count, sizeof(*all->cves), compare_u32);
        assert(found != NULL);
        row->id = (uint32_t)(found - all->cves);
    }
    return true;
}

/* Days in their order, none behind all others. */
static uint32_t day_order(int32_t day)
{
    return (uint32_t)day - 1 + ROW_OTHER;
}

struct order {
    const struct index_build *build;
    enum version_order versions;
};

static int compare_numbers(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/*
 * By source and id; then by trust; then range by range, what wins first (rule 2 of index_build.h). What is equal in
 * all of that is told apart by its texts, so that the order in which statements came does not matter.
 */
static int compare_rows(const void *a, const void *b, void *context)
{
    const struct row *x = a, *y = b;
    const struct order *order = context;
    const struct text *texts = order->build->texts.texts;
    int by = compare_numbers(x->source, y->source);

    if (by == 0)
        by = compare_numbers(x->id, y->id);
    if (by == 0)
        by = compare_numbers(order->build->feeds[x->feed].rank, order->build->feeds[y->feed].rank);
    if (by == 0 && x->introduced != y->introduced)
        by = text_compare(texts[x->introduced], texts[y->introduced]);
    if (by == 0 && x->stream != y->stream)
        by = text_compare(texts[x->stream], texts[y->stream]);
    if (by == 0 && x->arch != y->arch)
        by = text_compare(texts[x->arch], texts[y->arch]);
    if (by == 0)
        by = compare_numbers(preference[x->status], preference[y->status]);
    if (by == 0)
        by = compare_numbers(x->flags & ROW_NOTICE, y->flags & ROW_NOTICE);
    if (by == 0 && x->fixed != y->fixed) {
        by = -version_compare(order->versions, texts[x->fixed], texts[y->fixed]);
        by = by != 0 ? by : text_compare(texts[x->fixed], texts[y->fixed]);
    }
    if (by == 0 && x->last_affected != y->last_affected)
        by = text_compare(texts[x->last_affected], texts[y->last_affected]);
    if (by == 0)
        by = compare_numbers(day_order(x->day), day_order(y->day));
    if (by == 0)
        by = text_compare(texts[x->advisory], texts[y->advisory]);
    return by != 0 ? by : text_compare(texts[x->note], texts[y->note]);
}

static bool is_fix(const struct row *row)
{
    return row->status == ADVISORY_FIXED;
}

/* Whether a fix that another feed knows is of no use: a fix or "not affected" is said by the trusted one itself. */
static bool is_settled(const struct row *row)
{
    return row->status == ADVISORY_FIXED || row->status == ADVISORY_NOT_AFFECTED;
}

static uint8_t rank_of(const struct index_build *build, const struct row *row)
{
    return build->feeds[row->feed].rank;
}

/* Notices of one source by fixed version, then date: where a fix finds the one that announced it. */
struct notice {
    const struct row *row;
};
struct notices {
    struct notice *rows;
    size_t count;
};

static int compare_notices(const void *a, const void *b, void *texts)
{
    const struct row *x = ((const struct notice *)a)->row, *y = ((const struct notice *)b)->row;
    const struct text *pool = texts;

    int by = compare_numbers(x->fixed, y->fixed);
    if (by == 0)
        by = compare_numbers(day_order(x->day), day_order(y->day));
    return by != 0 ? by : text_compare(pool[x->advisory], pool[y->advisory]);
}

static const struct row *find_notice(const struct notices *notices, uint32_t fixed)
{
    size_t low = 0, high = notices->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (notices->rows[middle].row->fixed < fixed)
            low = middle + 1;
        else
            high = middle;
    }
    return low < notices->count && notices->rows[low].row->fixed == fixed ? notices->rows[low].row : NULL;
}

/* Rule 3: id and date of the notice that announced this fix. */
static void join_notice(struct row *fix, const struct row *group, size_t count, const struct notices *notices)
{
    const struct row *found = NULL;

    for (size_t i = 0; i < count && found == NULL; i++)
        if ((group[i].flags & ROW_NOTICE) && is_fix(&group[i]) && group[i].fixed == fix->fixed)
            found = &group[i];
    if (found == NULL)
        found = find_notice(notices, fix->fixed);
    for (size_t i = 0; i < count && found == NULL; i++)
        if ((group[i].flags & ROW_NOTICE) && is_fix(&group[i]))
            found = &group[i];
    if (found != NULL) {
        fix->advisory = found->advisory;
        fix->day = found->day;
    }
}

/* Decides about one (source, id): the rows that count are written to `out`. Returns how many. */
static size_t resolve_group(const struct index_build *build, const struct row *group, size_t count,
                            const struct notices *notices, struct row *out)
{
    uint8_t rank = rank_of(build, &group[0]), severity = SEVERITY_UNKNOWN;
    size_t kept = 0, from = 0;
    bool settled = false, unimportant = false;

    for (size_t i = 0; i < count && rank_of(build, &group[i]) == rank; i++) {
        settled = settled || is_settled(&group[i]);
        unimportant = unimportant || (group[i].flags & ROW_UNIMPORTANT) != 0;
    }
    for (size_t i = 0; i < count && severity == SEVERITY_UNKNOWN; i++)
        severity = group[i].severity;
    while (!settled && from < count && !is_fix(&group[from]))
        from++;
    bool overridden = !settled && from < count; /* rule 1: an existing fix */
    if (overridden)
        rank = rank_of(build, &group[from]);
    else
        from = 0;
    for (size_t i = from; i < count && rank_of(build, &group[i]) == rank; i++) {
        const struct row *last = kept > 0 ? &out[kept - 1] : NULL;
        if ((overridden && !is_fix(&group[i])) ||
            (last != NULL && last->introduced == group[i].introduced && last->stream == group[i].stream &&
             last->arch == group[i].arch))
            continue;
        struct row row = group[i];
        if (is_fix(&row) && row.advisory == 0)
            join_notice(&row, group, count, notices);
        if (row.severity == SEVERITY_UNKNOWN)
            row.severity = severity;
        if (unimportant)
            row.flags |= ROW_UNIMPORTANT;
        out[kept++] = row;
    }
    return kept;
}

static void gather_notices(const struct index_build *build, const struct row *rows, size_t count,
                           struct notices *notices)
{
    notices->count = 0;
    for (size_t i = 0; i < count; i++)
        if ((rows[i].flags & ROW_NOTICE) && is_fix(&rows[i]) && rows[i].fixed != 0)
            notices->rows[notices->count++].row = &rows[i];
    if (notices->count > 0)
        qsort_r(notices->rows, notices->count, sizeof(*notices->rows), compare_notices, build->texts.texts);
}

static size_t same_source(const struct resolved *all, size_t from)
{
    size_t end = from;

    while (end < all->row_count && all->rows[end].source == all->rows[from].source)
        end++;
    return end;
}

static size_t same_id(const struct row *rows, size_t from, size_t count)
{
    size_t end = from;

    while (end < count && rows[end].id == rows[from].id)
        end++;
    return end;
}

static bool resolve_rows(const struct index_build *build, struct arena *arena, struct resolved *all,
                         struct error *err)
{
    struct row *kept = ARENA_ARRAY(arena, struct row, all->row_count);
    struct notices notices = {.rows = ARENA_ARRAY(arena, struct notice, all->row_count)};
    size_t kept_count = 0;

    if (kept == NULL || notices.rows == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < all->row_count;) {
        size_t end = same_source(all, i);
        gather_notices(build, all->rows + i, end - i, &notices);
        for (size_t j = i; j < end;) {
            size_t next = same_id(all->rows, j, end);
            kept_count += resolve_group(build, all->rows + j, next - j, &notices, kept + kept_count);
            j = next;
        }
        i = end;
    }
    all->rows = kept;
    all->row_count = kept_count;
    return true;
}

/* What most rows of each id say of its severity stands with the id; only rows that differ keep their own. */
static bool share_severities(struct arena *arena, struct resolved *all, struct error *err)
{
    size_t id_count = all->cve_count + all->other_count;
    uint32_t(*votes)[SEVERITY_COUNT] = arena_take_array(arena, id_count, sizeof(*votes));

    all->severities = arena_take(arena, id_count);
    if (votes == NULL || all->severities == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < all->row_count; i++)
        votes[all->rows[i].id][all->rows[i].severity]++;
    for (size_t id = 0; id < id_count; id++)
        for (unsigned severity = 1; severity < SEVERITY_COUNT; severity++)
            if (votes[id][severity] > votes[id][all->severities[id]])
                all->severities[id] = (uint8_t)severity;
    for (size_t i = 0; i < all->row_count; i++)
        if (all->rows[i].severity == all->severities[all->rows[i].id])
            all->rows[i].severity = ROW_SAME_SEVERITY;
    return true;
}

bool index_resolve(const struct index_build *build, const struct release_rows *release, struct arena *arena,
                   struct resolved *out, struct error *err)
{
    struct order order = {build, release->release.order};
    struct resolved all = {.row_count = 0};

    if (!gather(build, release, arena, &all, err) || !number_rows(build, arena, &all, err))
        return false;
    if (all.row_count > 0)
        qsort_r(all.rows, all.row_count, sizeof(*all.rows), compare_rows, &order);
    if (!resolve_rows(build, arena, &all, err) || !share_severities(arena, &all, err))
        return false;
    *out = all;
    return true;
}
