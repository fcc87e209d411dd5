#include <stdlib.h>

#include "base/own.h"
#include "identify/fleet_index_parts.h"

#define WORD_BITS 64

static const char *const state_names[FLEET_INDEX_STATE_COUNT] = {
    [FLEET_INDEX_UNKNOWN] = "unknown",
    [FLEET_INDEX_CLEAR] = "clear",
    [FLEET_INDEX_STALE] = "stale",
    [FLEET_INDEX_EXPOSED] = "exposed",
    [FLEET_INDEX_EXPOSED_STALE] = "exposed-stale",
};

const char *fleet_index_state_name(enum fleet_index_state state)
{
    return state_names[state];
}

/* Sets of hosts while a question is answered. */
struct asking {
    const struct fleet_index *index;
    struct arena arena;
    size_t words;
    uint64_t *open;              /* exposed, or have it */
    uint64_t *doubted;           /* by what the vendor does not know */
    struct kept_numbers sources; /* of which some variant is concerned; in the arena */
    size_t source_capacity;
};

static void asking_end(struct asking *asking)
{
    arena_end(&asking->arena);
}

static bool begin(struct asking *asking, const struct fleet_index *index, struct error *err)
{
    *asking = (struct asking){.index = index,
                              .arena = arena_with(LIMIT_FLEET_INDEX_WORK),
                              .words = ((size_t)index->host_count + WORD_BITS - 1) / WORD_BITS};
    asking->open = ARENA_ARRAY(&asking->arena, uint64_t, asking->words);
    asking->doubted = ARENA_ARRAY(&asking->arena, uint64_t, asking->words);
    return (asking->open != NULL && asking->doubted != NULL) || arena_full(&asking->arena, err);
}

static bool note_source(struct asking *asking, uint32_t source, struct error *err)
{
    uint32_t count = asking->sources.count;
    uint32_t *grown = arena_grow(&asking->arena, asking->sources.at, count, &asking->source_capacity,
                                 (size_t)count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(&asking->arena, err);
    asking->sources.at = grown;
    grown[asking->sources.count++] = source;
    return true;
}

static void mark_variant(const struct asking *asking, const struct kept_variant *variant, uint64_t *bits)
{
    for (uint32_t i = 0; i < variant->chunks.count; i++)
        fleet_set_mark(&kept_chunk_at(asking->index, variant->chunks.at[i])->hosts, bits, asking->words);
}

/* The number of an id; KEPT_NONE: no advisory of this fleet's packages has it. */
static uint32_t id_number(const struct fleet_index *index, struct text id)
{
    uint32_t number = cve_pack(id);

    if (number != 0)
        return number;
    number = id.size == 0 ? MAP_NONE : map_get(&index->texts.numbers, id);
    return number == MAP_NONE ? KEPT_NONE : number | KEPT_OTHER_ID;
}

static const struct kept_hole *find_hole(const struct kept_variant *variant, uint32_t id)
{
    uint32_t low = 0, high = variant->hole_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (variant->holes[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < variant->hole_count && variant->holes[low].id == id ? &variant->holes[low] : NULL;
}

static bool has_id(const struct kept_source *source, uint32_t id)
{
    uint32_t low = 0, high = source->id_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (source->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < source->id_count && source->ids[low] == id;
}

static bool mark_exposed(struct asking *asking, uint32_t id, struct error *err)
{
    for (uint32_t i = 0; i < asking->index->sources.count; i++) {
        const struct kept_source *source = kept_source_at(asking->index, i);
        if (source == NULL || !has_id(source, id))
            continue;
        if (!note_source(asking, i, err))
            return false;
        for (uint32_t j = 0; j < source->variants.count; j++) {
            const struct kept_variant *variant = kept_variant_at(asking->index, source->variants.at[j]);
            const struct kept_hole *hole = find_hole(variant, id);
            if (hole != NULL)
                mark_variant(asking, variant, hole->open ? asking->open : asking->doubted);
        }
    }
    return true;
}

static bool has_bit(const uint64_t *bits, uint32_t host)
{
    return (bits[host / WORD_BITS] >> host % WORD_BITS & 1) != 0;
}

/* by_advisories: an answer that is only as good as what is known of the host's release. */
static enum fleet_index_state state_of(const struct asking *asking, uint32_t number, int64_t stale_us,
                                       bool by_advisories)
{
    const struct kept_host *host = &asking->index->hosts[number];
    bool stale = __atomic_load_n(&host->scanned_us, __ATOMIC_RELAXED) < stale_us;

    if (host->chunks == NULL)
        return FLEET_INDEX_UNKNOWN;
    if (has_bit(asking->open, number))
        return stale ? FLEET_INDEX_EXPOSED_STALE : FLEET_INDEX_EXPOSED;
    if (has_bit(asking->doubted, number) ||
        (by_advisories && asking->index->releases[host->release].advisories == NULL))
        return FLEET_INDEX_UNKNOWN;
    return stale ? FLEET_INDEX_STALE : FLEET_INDEX_CLEAR;
}

static void count_states(const struct asking *asking, int64_t stale_us, bool by_advisories,
                         struct fleet_index_count *out)
{
    *out = (struct fleet_index_count){.generation = asking->index->generation};
    for (uint32_t i = 0; i < asking->index->host_count; i++)
        if (asking->index->hosts[i].present) {
            out->hosts[state_of(asking, i, stale_us, by_advisories)]++;
            out->total++;
        }
}

static bool exposed(const struct fleet_index *index, struct text id, int64_t stale_us,
                    struct fleet_index_count *out, struct error *err)
{
    OWN(asking_end) struct asking asking = {.index = NULL};
    uint32_t number = id_number(index, id);

    if (!begin(&asking, index, err) || (number != KEPT_NONE && !mark_exposed(&asking, number, err)))
        return false;
    count_states(&asking, stale_us, true, out);
    return true;
}

bool fleet_index_exposed(struct fleet_index *index, struct text id, int64_t stale_us,
                         struct fleet_index_count *out, struct error *err)
{
    (void)pthread_rwlock_rdlock(&index->lock);
    bool done = exposed(index, id, stale_us, out, err);
    (void)pthread_rwlock_unlock(&index->lock);
    return done;
}

/* Pages. */

static bool copy_into(struct arena *arena, struct text *text, struct error *err)
{
    if (text->size == 0) {
        *text = (struct text){NULL, 0};
        return true;
    }
    *text = text_copy(arena, *text);
    return text->at != NULL || arena_full(arena, err);
}

static bool copy_row(struct arena *arena, struct fleet_index_row *row, struct error *err)
{
    return copy_into(arena, &row->source, err) && copy_into(arena, &row->installed, err) &&
           copy_into(arena, &row->package, err) && copy_into(arena, &row->version, err) &&
           copy_into(arena, &row->arch, err) && copy_into(arena, &row->fixed, err);
}

/* The variant of the source that the host has; NULL: none. */
static const struct kept_variant *variant_of(const struct fleet_index *index, const struct kept_host *host,
                                             uint32_t source)
{
    const struct kept_source *kept = kept_source_at(index, source);
    uint32_t chunk =
        host->chunks == NULL || kept->release != host->release ? KEPT_NONE : host->chunks[kept->bucket];

    return chunk == KEPT_NONE ? NULL : kept_chunk_variant(index, kept_chunk_at(index, chunk), source);
}

/* Fills in what the row says beside host, state and time; what it says is still in the index. */
typedef bool describe(const struct asking *asking, const void *question, const struct kept_variant *variant,
                      struct fleet_index_row *row);

static void describe_host(const struct asking *asking, describe *tell, const void *question, uint32_t number,
                          struct fleet_index_row *row)
{
    for (uint32_t i = 0; i < asking->sources.count; i++) {
        const struct kept_variant *variant =
            variant_of(asking->index, &asking->index->hosts[number], asking->sources.at[i]);
        if (variant == NULL || !tell(asking, question, variant, row))
            continue;
        row->source = kept_source_name(kept_source_at(asking->index, asking->sources.at[i]));
        return;
    }
}

static bool make_page(const struct asking *asking, const struct fleet_index_page *page, bool by_advisories,
                      describe *tell, const void *question, struct arena *arena, struct fleet_index_rows *out,
                      struct error *err)
{
    struct fleet_index_row *rows = ARENA_ARRAY(arena, struct fleet_index_row, page->room);
    struct fleet_index_rows found = {.generation = asking->index->generation, .rows = rows};

    if (rows == NULL)
        return arena_full(arena, err);
    for (uint32_t i = page->after == FLEET_INDEX_NONE ? 0 : page->after + 1; i < asking->index->host_count;
         i++) {
        if (!asking->index->hosts[i].present)
            continue;
        enum fleet_index_state state = state_of(asking, i, page->stale_us, by_advisories);
        if ((page->wanted >> state & 1) == 0)
            continue;
        if (found.count == page->room) {
            found.more = true;
            break;
        }
        struct fleet_index_row *row = &rows[found.count++];
        *row = (struct fleet_index_row){
            .host = i, .state = state, .scanned_us = asking->index->hosts[i].scanned_us};
        describe_host(asking, tell, question, i, row);
        if (!copy_row(arena, row, err))
            return false;
    }
    *out = found;
    return true;
}

/* The oldest source version among the variant's packages: that one has the hole. */
static struct text oldest_version(const struct asking *asking, const struct kept_variant *variant)
{
    const struct kept_source *source = kept_source_at(asking->index, variant->source);
    const struct index *advisories = asking->index->releases[source->release].advisories;
    enum version_order order = advisories == NULL ? VERSION_ORDER_UNKNOWN : advisories->release.order;
    struct text oldest = {NULL, 0};
    struct reader walk;
    struct kept_part part;

    (void)kept_variant_kernel(variant, &walk);
    while (kept_part_next(&walk, &part))
        if (oldest.size == 0 || version_compare(order, part.source_version, oldest) < 0)
            oldest = part.source_version;
    return oldest;
}

static bool describe_hole(const struct asking *asking, const void *question,
                          const struct kept_variant *variant, struct fleet_index_row *row)
{
    uint32_t id;

    memcpy(&id, question, sizeof(id));
    const struct kept_hole *hole = find_hole(variant, id);
    if (hole == NULL)
        return false;
    row->installed = oldest_version(asking, variant);
    row->fixed = text_pool_at(&asking->index->texts, asking->index->fixes[hole->fix].fixed);
    return true;
}

static bool exposed_page(const struct fleet_index *index, struct text id, const struct fleet_index_page *page,
                         struct arena *arena, struct fleet_index_rows *out, struct error *err)
{
    OWN(asking_end) struct asking asking = {.index = NULL};
    uint32_t number = id_number(index, id);

    return begin(&asking, index, err) && (number == KEPT_NONE || mark_exposed(&asking, number, err)) &&
           make_page(&asking, page, true, describe_hole, &number, arena, out, err);
}

bool fleet_index_exposed_page(struct fleet_index *index, struct text id, const struct fleet_index_page *page,
                              struct arena *arena, struct fleet_index_rows *out, struct error *err)
{
    (void)pthread_rwlock_rdlock(&index->lock);
    bool done = exposed_page(index, id, page, arena, out, err);
    (void)pthread_rwlock_unlock(&index->lock);
    return done;
}

/* Who has a package. */

struct wanted_package {
    struct text name, version;
    bool of_source; /* the name is the source package's: any package of it counts */
};

static bool is_version(const struct kept_part *part, struct text version)
{
    return version.size == 0 || text_equal(part->version, version) ||
           text_equal(part->source_version, version);
}

static bool has_package(const struct kept_variant *variant, const struct wanted_package *wanted,
                        struct kept_part *out)
{
    struct reader walk;

    (void)kept_variant_kernel(variant, &walk);
    while (kept_part_next(&walk, out))
        if ((wanted->of_source || text_equal(out->package, wanted->name)) && is_version(out, wanted->version))
            return true;
    return false;
}

static bool is_source(const struct asking *asking, const struct kept_variant *variant, struct text name)
{
    return text_equal(kept_source_name(kept_source_at(asking->index, variant->source)), name);
}

static bool describe_package(const struct asking *asking, const void *question,
                             const struct kept_variant *variant, struct fleet_index_row *row)
{
    struct wanted_package wanted = *(const struct wanted_package *)question;
    struct kept_part part;

    if (!has_package(variant, &wanted, &part)) {
        wanted.of_source = is_source(asking, variant, wanted.name);
        if (!wanted.of_source || !has_package(variant, &wanted, &part))
            return false;
    }
    row->installed = part.source_version;
    row->package = part.package;
    row->version = part.version;
    row->arch = part.arch;
    return true;
}

static bool mark_having(struct asking *asking, const struct wanted_package *question, struct error *err)
{
    for (uint32_t i = 0; i < asking->index->sources.count; i++) {
        const struct kept_source *source = kept_source_at(asking->index, i);
        struct wanted_package wanted = *question;
        struct kept_part part;
        bool found = false;
        wanted.of_source = source != NULL && text_equal(kept_source_name(source), question->name);
        for (uint32_t j = 0; source != NULL && j < source->variants.count; j++) {
            const struct kept_variant *variant = kept_variant_at(asking->index, source->variants.at[j]);
            if (has_package(variant, &wanted, &part)) {
                mark_variant(asking, variant, asking->open);
                found = true;
            }
        }
        if (found && !note_source(asking, i, err))
            return false;
    }
    return true;
}

static bool where(const struct fleet_index *index, const struct wanted_package *wanted,
                  const struct fleet_index_page *page, struct arena *arena, struct fleet_index_rows *out,
                  struct fleet_index_count *count, struct error *err)
{
    OWN(asking_end) struct asking asking = {.index = NULL};

    if (!begin(&asking, index, err) || !mark_having(&asking, wanted, err) ||
        !make_page(&asking, page, false, describe_package, wanted, arena, out, err))
        return false;
    if (count != NULL)
        count_states(&asking, page->stale_us, false, count);
    return true;
}

bool fleet_index_where(struct fleet_index *index, struct text package, struct text version,
                       const struct fleet_index_page *page, struct arena *arena, struct fleet_index_rows *out,
                       struct fleet_index_count *count, struct error *err)
{
    const struct wanted_package wanted = {.name = package, .version = version};

    (void)pthread_rwlock_rdlock(&index->lock);
    bool done = where(index, &wanted, page, arena, out, count, err);
    (void)pthread_rwlock_unlock(&index->lock);
    return done;
}
