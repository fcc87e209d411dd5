#include <assert.h>
#include <stdlib.h>

#include "base/own.h"
#include "identify/fleet_index_parts.h"
#include "identify/kernel.h"
#include "identify/match.h"

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_LIMIT, "no memory for what the fleet is exposed to");
}

/* What is said of one source. */

/* A text of a record that matching asks for, into the hash. Numbers of texts differ from one generation to the next. */
static bool mix_text(const struct index *advisories, uint32_t number, struct arena *arena, uint64_t *hash,
                     struct error *err)
{
    struct text text;

    if (number == INDEX_NO_TEXT)
        return true;
    if (!index_text(advisories, number, arena, &text, err))
        return false;
    *hash = kept_hash_mix(*hash, text_hash(text, 7));
    return true;
}

static bool mix_record(const struct index *advisories, const struct index_record *record, struct arena *arena,
                       uint64_t *hash, struct error *err)
{
    *hash = kept_hash_mix(*hash, (uint64_t)record->status << 1 | record->unimportant);
    *hash = kept_hash_mix(*hash, text_hash(record->fixed, 1));
    *hash = kept_hash_mix(*hash, text_hash(record->introduced, 2));
    *hash = kept_hash_mix(*hash, text_hash(record->last_affected, 3));
    return mix_text(advisories, record->stream, arena, hash, err) &&
           mix_text(advisories, record->arch, arena, hash, err);
}

/* Ids are places in the index, which move with every new one: what they stand for goes into the hash. */
static bool mix_ids(const struct index *advisories, struct index_records *walk, uint32_t count,
                    struct index_cves *cves, struct arena *arena, uint64_t *hash, struct error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = index_records_id(walk);
        struct text text;
        if (id < advisories->cve_count) {
            *hash = kept_hash_mix(*hash, index_cve(advisories, cves, id));
        } else {
            if (!index_id(advisories, cves, id, arena, &text, err))
                return false;
            *hash = kept_hash_mix(*hash, text_hash(text, 8));
        }
    }
    return true;
}

bool kept_stated(const struct index *advisories, const struct index_source *source, uint64_t *out,
                 struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_CHUNK_MEMORY);
    struct index_cves cves = {.at = 0};
    struct index_records walk;
    struct index_record record;
    uint64_t hash = 0;

    index_records_begin(&walk, advisories, source);
    while (index_records_next(&walk, &record))
        if (!mix_record(advisories, &record, &arena, &hash, err) ||
            !mix_ids(advisories, &walk, record.count, &cves, &arena, &hash, err))
            return false;
    if (!index_records_ok(&walk))
        return index_broken(err, "the records of a source");
    *out = hash | 1;
    return true;
}

bool kept_stated_one(const struct index *advisories, struct text source, uint64_t *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_CHUNK_MEMORY);
    struct index_source found;
    struct text kernel;

    *out = 0;
    if (text_starts(source, TEXT("linux-")) && kernel_twin(source, &arena, &kernel) != KERNEL_TWIN_NONE &&
        kernel.at != NULL)
        source = kernel; /* the signed twin of a kernel has its holes, under its name */
    for (unsigned kernels = 0; kernels < 2; kernels++) {
        struct index_sources walk = index_sources_with(advisories, kernels == 1);
        if (index_sources_seek(&walk, source, &found))
            return kept_stated(advisories, &found, out, err);
        if (!index_sources_ok(&walk))
            return index_broken(err, "its list of source packages");
    }
    return true;
}

/* Judging. */

/* A machine that has one variant of each of some sources. */
struct bench {
    struct fleet_index *index;
    const struct index *advisories;
    struct arena *arena;
    struct kept_variant *const *variants;
    size_t count;
    struct package *packages;
    uint32_t *owner; /* of each package: its variant */
    size_t package_count, package_capacity, owner_capacity;
    struct text running;
    struct kept_verdict *out;
    uint32_t *capacities; /* of each verdict */
};

static enum package_type type_of(enum version_order order)
{
    return order == VERSION_RPM ? PACKAGE_RPM : order == VERSION_APK ? PACKAGE_APK : PACKAGE_DEB;
}

static bool seat_package(struct bench *bench, uint32_t owner, const struct kept_part *part,
                         struct text source, struct error *err)
{
    size_t count = bench->package_count;
    struct package *packages = arena_grow(bench->arena, bench->packages, count, &bench->package_capacity,
                                          count + 1, sizeof(*packages));
    uint32_t *owners =
        arena_grow(bench->arena, bench->owner, count, &bench->owner_capacity, count + 1, sizeof(*owners));

    if (packages == NULL || owners == NULL)
        return arena_full(bench->arena, err);
    bench->packages = packages;
    bench->owner = owners;
    packages[count] = (struct package){
        .type = type_of(bench->advisories->release.order),
        .name = part->package,
        .arch = part->arch,
        .version = part->version,
        .source = source,
        .source_version = part->source_version,
        .state = PACKAGE_INSTALLED,
        .candidate = OFFER_NONE,
    };
    owners[count] = owner;
    bench->package_count++;
    return true;
}

static bool seat(struct bench *bench, struct error *err)
{
    for (size_t i = 0; i < bench->count; i++) {
        const struct kept_variant *variant = bench->variants[i];
        struct text source = kept_source_name(kept_source_at(bench->index, variant->source));
        struct reader walk;
        struct kept_part part;
        struct text running = kept_variant_kernel(variant, &walk);
        if (running.size > 0)
            bench->running = running;
        while (kept_part_next(&walk, &part))
            if (!seat_package(bench, (uint32_t)i, &part, source, err))
                return false;
    }
    return true;
}

/* The number of a fix, a new one where it has none yet. */
static bool fix_number(struct fleet_index *index, const struct kept_fix *fix, uint32_t *out,
                       struct error *err)
{
    uint64_t hash =
        kept_hash_mix(kept_hash_mix(kept_hash_mix(index->key, fix->release), fix->source), fix->fixed);

    for (size_t at = fleet_table_first(&index->fix_table, hash);
         (*out = fleet_table_next(&index->fix_table, hash, &at)) != FLEET_TABLE_NONE;)
        if (memcmp(&index->fixes[*out], fix, sizeof(*fix)) == 0)
            return true;
    if (index->fix_count == index->fix_capacity) {
        uint32_t capacity = index->fix_capacity == 0 ? 1024 : index->fix_capacity * 2;
        struct kept_fix *grown = realloc(index->fixes, capacity * sizeof(*grown));
        if (grown == NULL || capacity > INT32_MAX / 2) {
            index->fixes = grown == NULL ? index->fixes : grown;
            return no_memory(err);
        }
        index->memory += (capacity - index->fix_capacity) * sizeof(*grown);
        index->fixes = grown;
        index->fix_capacity = capacity;
    }
    if (!fleet_table_put(&index->fix_table, hash, index->fix_count, err))
        return false;
    *out = index->fix_count;
    index->fixes[index->fix_count++] = *fix;
    return true;
}

static bool hole_of(struct bench *bench, const struct finding *finding, struct kept_hole *out,
                    struct error *err)
{
    struct fleet_index *index = bench->index;
    uint32_t id = cve_pack(finding->id), number;
    struct kept_fix fix;

    if (id == 0) {
        if (!text_pool_put(&index->texts, finding->id, &id, err))
            return false;
        id |= KEPT_OTHER_ID;
    }
    if (!text_pool_put(&index->texts, text_of(bench->advisories->release.name), &fix.release, err) ||
        !text_pool_put(&index->texts, finding->source, &fix.source, err) ||
        !text_pool_put(&index->texts, finding->fixed, &fix.fixed, err) ||
        !fix_number(index, &fix, &number, err))
        return false;
    *out = (struct kept_hole){
        .id = id,
        .fix = number & 0x7fffffff,
        .open = finding->suppressed_by != SUPPRESSION_END_OF_LIFE &&
                finding->suppressed_by != SUPPRESSION_UNDETERMINED,
    };
    return true;
}

static bool put_hole(struct bench *bench, uint32_t owner, const struct kept_hole *hole, struct error *err)
{
    struct kept_verdict *verdict = &bench->out[owner];

    if (verdict->count > 0 && verdict->holes[verdict->count - 1].id == hole->id)
        return true; /* another package of the same source */
    if (verdict->count == bench->capacities[owner]) {
        uint32_t capacity = verdict->count == 0 ? 4 : verdict->count * 2;
        struct kept_hole *grown = realloc(verdict->holes, capacity * sizeof(*grown));
        if (grown == NULL)
            return no_memory(err);
        verdict->holes = grown;
        bench->capacities[owner] = capacity;
    }
    verdict->holes[verdict->count++] = *hole;
    return true;
}

static bool take_finding(struct bench *bench, const struct finding *finding, struct error *err)
{
    struct kept_hole hole;

    if (finding->class_of == CLASS_NOT_EXECUTABLE || finding->suppressed_by == SUPPRESSION_NOT_AFFECTED ||
        finding->suppressed_by == SUPPRESSION_VEX)
        return true;
    if (!hole_of(bench, finding, &hole, err))
        return false;
    for (size_t i = 0; i < finding->package_count; i++)
        if (!put_hole(bench, bench->owner[finding->packages[i]], &hole, err))
            return false;
    return true;
}

static int compare_holes(const void *a, const void *b)
{
    const struct kept_hole *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static void trim(struct kept_verdict *verdict)
{
    if (verdict->count == 0)
        return;
    qsort(verdict->holes, verdict->count, sizeof(*verdict->holes), compare_holes);
    struct kept_hole *smaller = realloc(verdict->holes, verdict->count * sizeof(*smaller));
    if (smaller != NULL)
        verdict->holes = smaller;
}

static bool run_bench(struct bench *bench, struct error *err)
{
    struct host host = {.release = bench->advisories->release};
    struct match_input input = {.host = &host, .index = bench->advisories, .all = true};
    struct match match;

    if (!seat(bench, err))
        return false;
    host.packages = bench->packages;
    host.package_count = bench->package_count;
    host.kernel_running = bench->running;
    if (!match_host(&input, bench->arena, &match, err))
        return false;
    for (size_t i = 0; i < match.finding_count; i++)
        if (!take_finding(bench, &match.findings[i], err))
            return false;
    for (size_t i = 0; i < bench->count; i++)
        trim(&bench->out[i]);
    return true;
}

bool kept_judge(struct fleet_index *index, const struct index *advisories,
                struct kept_variant *const *variants, size_t count, struct kept_verdict *out,
                struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    struct bench bench = {.index = index,
                          .advisories = advisories,
                          .arena = &arena,
                          .variants = variants,
                          .count = count,
                          .out = out,
                          .capacities = ARENA_ARRAY(&arena, uint32_t, count)};

    memset(out, 0, count * sizeof(*out));
    if (bench.capacities == NULL)
        return arena_full(&arena, err);
    if (run_bench(&bench, err))
        return true;
    for (size_t i = 0; i < count; i++)
        free(out[i].holes);
    memset(out, 0, count * sizeof(*out));
    return false;
}

/* The ids of one more variant into those of its source. */
static bool add_ids(struct fleet_index *index, struct kept_source *source, const struct kept_verdict *verdict,
                    struct error *err)
{
    uint32_t count = 0;
    uint32_t *merged = malloc(((size_t)source->id_count + verdict->count) * sizeof(*merged));

    if (merged == NULL)
        return no_memory(err);
    for (uint32_t i = 0, j = 0; i < source->id_count || j < verdict->count;) {
        bool old = j >= verdict->count || (i < source->id_count && source->ids[i] <= verdict->holes[j].id);
        uint32_t id = old ? source->ids[i++] : verdict->holes[j++].id;
        if (count == 0 || merged[count - 1] != id)
            merged[count++] = id;
    }
    index->memory += (count - source->id_count) * sizeof(*merged);
    free(source->ids);
    source->ids = merged;
    source->id_count = count;
    return true;
}

static bool settle(struct fleet_index *index, struct kept_variant *variant, struct kept_verdict *verdict,
                   struct error *err)
{
    if (verdict->count > 0 && !add_ids(index, kept_source_at(index, variant->source), verdict, err))
        return false;
    index->memory += verdict->count * sizeof(*verdict->holes);
    variant->holes = verdict->holes;
    variant->hole_count = verdict->count;
    verdict->holes = NULL;
    return true;
}

static bool judge_and_settle(struct fleet_index *index, const struct index *advisories,
                             struct kept_variant *const *variants, size_t count,
                             struct kept_verdict *verdicts, struct error *err)
{
    bool done = kept_judge(index, advisories, variants, count, verdicts, err);

    for (size_t i = 0; i < count; i++) {
        done = done && settle(index, variants[i], &verdicts[i], err);
        free(verdicts[i].holes);
    }
    return done;
}

bool kept_judge_new(struct fleet_index *index, uint32_t release, struct kept_variant *const *variants,
                    size_t count, struct error *err)
{
    const struct index *advisories = index->releases[release].advisories;
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_CHUNK_MEMORY);
    struct kept_variant **plain = ARENA_ARRAY(&arena, struct kept_variant *, count);
    struct kept_verdict *verdicts = ARENA_ARRAY(&arena, struct kept_verdict, count);
    size_t plain_count = 0;

    if (plain == NULL || verdicts == NULL)
        return arena_full(&arena, err);
    for (size_t i = 0; advisories != NULL && i < count; i++) {
        if (!kept_source_at(index, variants[i]->source)->kernel)
            plain[plain_count++] = variants[i];
        else if (!judge_and_settle(index, advisories, &variants[i], 1, verdicts, err))
            return false;
    }
    return plain_count == 0 || judge_and_settle(index, advisories, plain, plain_count, verdicts, err);
}
