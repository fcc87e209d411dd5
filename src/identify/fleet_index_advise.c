/*
 * A new generation of advisories: what says something else than before is judged anew, then all of it is put in place at once.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/own.h"
#include "identify/fleet_index_parts.h"

/* One source of which something else is said now. */
struct changed_source {
    uint32_t source;
    uint64_t stated;
};
/* A fix that may have other hosts now, and a variant (its place among the changed) that is exposed to it. */
struct exposed_pair {
    uint32_t fix, variant;
};

struct advice {
    struct fleet_index *index;
    struct arena *arena;                          /* of the work */
    const struct index *of[LIMIT_FLEET_RELEASES]; /* by release: what counts from now on */
    uint64_t *stated;                             /* what is said of each source */
    struct changed_source *sources;
    size_t source_count, source_capacity;
    struct kept_variant **variants; /* of all changed sources */
    struct kept_verdict *verdicts;  /* of each of them */
    size_t variant_count;
    struct exposed_pair *pairs;
    size_t pair_count, pair_capacity;
    uint8_t *fix_changed; /* of each fix */
};

/* What is said of every source of the fleet. */

/* A kernel's twins are looked up by the kernel's name, the others as the walk passes them. */
static bool state_kernels(struct advice *advice, struct error *err)
{
    struct fleet_index *index = advice->index;

    for (uint32_t i = 0; i < index->sources.count; i++) {
        const struct kept_source *source = kept_source_at(index, i);
        if (source != NULL && source->kernel && advice->of[source->release] != NULL &&
            !kept_stated_one(advice->of[source->release], kept_source_name(source), &advice->stated[i], err))
            return false;
    }
    return true;
}

static bool state_release(struct advice *advice, uint32_t release, struct error *err)
{
    struct index_sources walk = index_sources_with(advice->of[release], false);
    struct index_source source;

    while (index_sources_next(&walk, &source)) {
        uint32_t number = kept_source_find(advice->index, release, source.name);
        if (number != KEPT_NONE && !kept_source_at(advice->index, number)->kernel &&
            !kept_stated(advice->of[release], &source, &advice->stated[number], err))
            return false;
    }
    return index_sources_ok(&walk) || index_broken(err, "its list of source packages");
}

static bool put_changed(struct advice *advice, uint32_t number, struct error *err)
{
    struct changed_source *grown =
        arena_grow(advice->arena, advice->sources, advice->source_count, &advice->source_capacity,
                   advice->source_count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(advice->arena, err);
    advice->sources = grown;
    grown[advice->source_count++] = (struct changed_source){number, advice->stated[number]};
    advice->variant_count += kept_source_at(advice->index, number)->variants.count;
    return true;
}

/* Of rpm the index names binary packages: which of them a source has is not known before matching, so all are asked. */
static bool is_by_package(const struct index *advisories)
{
    return advisories != NULL && advisories->release.order == VERSION_RPM;
}

static bool find_changed(struct advice *advice, struct error *err)
{
    struct fleet_index *index = advice->index;

    advice->stated = ARENA_ARRAY(advice->arena, uint64_t, index->sources.count);
    if (advice->stated == NULL)
        return arena_full(advice->arena, err);
    for (uint32_t i = 1; i < LIMIT_FLEET_RELEASES; i++)
        if (advice->of[i] != NULL && index->releases[i].sources > 0 && !state_release(advice, i, err))
            return error_at(err, "%s", index->releases[i].name);
    if (!state_kernels(advice, err))
        return false;
    for (uint32_t i = 0; i < index->sources.count; i++) {
        const struct kept_source *source = kept_source_at(index, i);
        if (source != NULL &&
            (advice->stated[i] != source->stated || is_by_package(advice->of[source->release]) ||
             (advice->of[source->release] == NULL) !=
                 (index->releases[source->release].advisories == NULL)) &&
            !put_changed(advice, i, err))
            return false;
    }
    return true;
}

/* Judging: in each round one variant of every source, for matching takes a machine, and walks over the whole index for it. */

struct round {
    struct kept_variant **variants;
    size_t *places; /* of each among all changed variants */
    struct kept_verdict *verdicts;
    size_t count;
};

static bool judge_round(struct advice *advice, uint32_t release, struct round *round, struct error *err)
{
    if (round->count == 0 || advice->of[release] == NULL)
        return true;
    if (!kept_judge(advice->index, advice->of[release], round->variants, round->count, round->verdicts, err))
        return false;
    for (size_t i = 0; i < round->count; i++)
        advice->verdicts[round->places[i]] = round->verdicts[i];
    return true;
}

static void seat_one(struct advice *advice, struct round *round, size_t place)
{
    round->variants[round->count] = advice->variants[place];
    round->places[round->count++] = place;
}

/* The `turn`th variant of every changed source of this release; false in *any when none has so many. */
static bool judge_turn(struct advice *advice, uint32_t release, uint32_t turn, struct round *round, bool *any,
                       struct error *err)
{
    size_t place = 0;

    round->count = 0;
    *any = false;
    for (size_t i = 0; i < advice->source_count; i++) {
        const struct kept_source *source = kept_source_at(advice->index, advice->sources[i].source);
        size_t first = place;
        place += source->variants.count;
        if (source->release != release || turn >= source->variants.count)
            continue;
        *any = true;
        if (source->kernel) {
            struct round alone = {round->variants + advice->source_count,
                                  round->places + advice->source_count,
                                  round->verdicts + advice->source_count, 0};
            seat_one(advice, &alone, first + turn);
            if (!judge_round(advice, release, &alone, err))
                return false;
        } else {
            seat_one(advice, round, first + turn);
        }
    }
    return judge_round(advice, release, round, err);
}

static bool judge_all(struct advice *advice, struct error *err)
{
    size_t room = advice->source_count + 1, place = 0;
    struct round round = {.variants = ARENA_ARRAY(advice->arena, struct kept_variant *, room),
                          .places = ARENA_ARRAY(advice->arena, size_t, room),
                          .verdicts = ARENA_ARRAY(advice->arena, struct kept_verdict, room)};

    advice->variants = ARENA_ARRAY(advice->arena, struct kept_variant *, advice->variant_count);
    advice->verdicts = ARENA_ARRAY(advice->arena, struct kept_verdict, advice->variant_count);
    if (round.variants == NULL || round.places == NULL || round.verdicts == NULL ||
        advice->variants == NULL || advice->verdicts == NULL)
        return arena_full(advice->arena, err);
    for (size_t i = 0; i < advice->source_count; i++) {
        const struct kept_source *source = kept_source_at(advice->index, advice->sources[i].source);
        for (uint32_t j = 0; j < source->variants.count; j++)
            advice->variants[place++] = kept_variant_at(advice->index, source->variants.at[j]);
    }
    for (uint32_t release = 1; release < LIMIT_FLEET_RELEASES; release++) {
        bool any = advice->of[release] != NULL;
        for (uint32_t turn = 0; any; turn++)
            if (!judge_turn(advice, release, turn, &round, &any, err))
                return false;
    }
    return true;
}

/* Putting in place. */

static bool holes_equal(const struct kept_variant *variant, const struct kept_verdict *verdict)
{
    return variant->hole_count == verdict->count &&
           (verdict->count == 0 ||
            memcmp(variant->holes, verdict->holes, verdict->count * sizeof(*verdict->holes)) == 0);
}

static void mark_changed(struct advice *advice)
{
    for (size_t i = 0; i < advice->variant_count; i++) {
        const struct kept_variant *variant = advice->variants[i];
        const struct kept_verdict *verdict = &advice->verdicts[i];
        if (holes_equal(variant, verdict))
            continue;
        for (uint32_t j = 0; j < variant->hole_count; j++)
            advice->fix_changed[variant->holes[j].fix] = 1;
        for (uint32_t j = 0; j < verdict->count; j++)
            advice->fix_changed[verdict->holes[j].fix] = 1;
    }
}

static bool pair_up(struct advice *advice, struct error *err)
{
    for (size_t i = 0; i < advice->variant_count; i++) {
        const struct kept_verdict *verdict = &advice->verdicts[i];
        uint32_t last = KEPT_NONE;
        for (uint32_t j = 0; j < verdict->count; j++) {
            uint32_t fix = verdict->holes[j].fix;
            if (!verdict->holes[j].open || !advice->fix_changed[fix] || fix == last)
                continue;
            struct exposed_pair *grown =
                arena_grow(advice->arena, advice->pairs, advice->pair_count, &advice->pair_capacity,
                           advice->pair_count + 1, sizeof(*grown));
            if (grown == NULL)
                return arena_full(advice->arena, err);
            advice->pairs = grown;
            grown[advice->pair_count++] = (struct exposed_pair){fix, (uint32_t)i};
            last = fix;
        }
    }
    return true;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct exposed_pair *x = a, *y = b;

    if (x->fix != y->fix)
        return x->fix < y->fix ? -1 : 1;
    return (x->variant > y->variant) - (x->variant < y->variant);
}

bool kept_fix_texts(const struct fleet_index *index, uint32_t number, struct arena *arena,
                    struct fleet_index_fix *out, struct error *err)
{
    const struct kept_fix *fix = &index->fixes[number];

    *out = (struct fleet_index_fix){number, text_copy(arena, text_pool_at(&index->texts, fix->release)),
                                    text_copy(arena, text_pool_at(&index->texts, fix->source)),
                                    text_copy(arena, text_pool_at(&index->texts, fix->fixed))};
    return (out->release.at != NULL && out->source.at != NULL && out->fixed.at != NULL) ||
           arena_full(arena, err);
}

/* The chunks and hosts of the variants of these pairs, all of one fix. */
static bool tell_fix(const struct advice *advice, const struct exposed_pair *pairs, size_t count,
                     uint64_t *bits, size_t words, struct arena *arena, struct fleet_index_fix_change *out,
                     struct error *err)
{
    size_t chunk_count = 0;

    memset(bits, 0, words * sizeof(*bits));
    for (size_t i = 0; i < count; i++)
        chunk_count += advice->variants[pairs[i].variant]->chunks.count;
    uint8_t *chunks = arena_take_array(arena, chunk_count, FLEET_INDEX_HASH_SIZE);
    if (chunks == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        const struct kept_numbers *numbers = &advice->variants[pairs[i].variant]->chunks;
        if (i > 0 && pairs[i].variant == pairs[i - 1].variant)
            continue;
        for (uint32_t j = 0; j < numbers->count; j++) {
            const struct kept_chunk *chunk = kept_chunk_at(advice->index, numbers->at[j]);
            memcpy(chunks + out->chunk_count++ * FLEET_INDEX_HASH_SIZE, chunk->hash, FLEET_INDEX_HASH_SIZE);
            fleet_set_mark(&chunk->hosts, bits, words);
        }
    }
    for (size_t i = 0; i < words; i++)
        out->hosts += (uint32_t)__builtin_popcountll(bits[i]);
    out->chunks = chunks;
    return true;
}

static bool tell(const struct advice *advice, struct arena *arena, struct fleet_index_change *out,
                 struct error *err)
{
    const struct fleet_index *index = advice->index;
    size_t words = ((size_t)index->host_count + 63) / 64, count = 0, pair = 0;
    uint64_t *bits = ARENA_ARRAY(advice->arena, uint64_t, words);
    struct fleet_index_fix_change *fixes;

    for (uint32_t i = 0; i < index->fix_count; i++)
        count += advice->fix_changed[i];
    fixes = ARENA_ARRAY(arena, struct fleet_index_fix_change, count);
    if (bits == NULL || fixes == NULL)
        return arena_full(arena, err);
    if (advice->pair_count > 0)
        qsort(advice->pairs, advice->pair_count, sizeof(*advice->pairs), compare_pairs);
    for (uint32_t i = 0; i < index->fix_count; i++) {
        size_t first = pair;
        while (pair < advice->pair_count && advice->pairs[pair].fix == i)
            pair++;
        if (!advice->fix_changed[i])
            continue;
        struct fleet_index_fix_change *change = &fixes[out->fix_count++];
        if (!kept_fix_texts(index, i, arena, &change->fix, err) ||
            !tell_fix(advice, pair == first ? NULL : advice->pairs + first, pair - first, bits, words, arena,
                      change, err))
            return false;
    }
    out->fixes = fixes;
    out->sources = (uint32_t)advice->source_count;
    out->variants = (uint32_t)advice->variant_count;
    return true;
}

/* The ids that some variant of the source is exposed to, as it will be: made before anything is put in place. */
static bool gather_ids(struct advice *advice, size_t first, size_t count, uint32_t **out, uint32_t *out_count,
                       struct error *err)
{
    size_t total = 0, at = 0;

    *out = NULL;
    *out_count = 0;
    for (size_t i = 0; i < count; i++)
        total += advice->verdicts[first + i].count;
    if (total == 0)
        return true;
    uint32_t *ids = malloc(total * sizeof(*ids));
    if (ids == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for what the fleet is exposed to");
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < advice->verdicts[first + i].count; j++)
            ids[at++] = advice->verdicts[first + i].holes[j].id;
    *out_count = (uint32_t)numbers_sort(ids, total);
    *out = ids;
    return true;
}

struct new_ids {
    uint32_t *ids;
    uint32_t count;
};

static void put_in_place(struct advice *advice, const struct new_ids *ids)
{
    struct fleet_index *index = advice->index;

    for (size_t i = 0; i < advice->source_count; i++) {
        struct kept_source *source = kept_source_at(index, advice->sources[i].source);
        index->memory += ids[i].count * sizeof(uint32_t);
        index->memory -= source->id_count * sizeof(uint32_t);
        free(source->ids);
        source->ids = ids[i].ids;
        source->id_count = ids[i].count;
        source->stated = advice->sources[i].stated;
    }
    for (size_t i = 0; i < advice->variant_count; i++) {
        struct kept_variant *variant = advice->variants[i];
        index->memory += advice->verdicts[i].count * sizeof(struct kept_hole);
        index->memory -= variant->hole_count * sizeof(struct kept_hole);
        free(variant->holes);
        variant->holes = advice->verdicts[i].holes;
        variant->hole_count = advice->verdicts[i].count;
        advice->verdicts[i].holes = NULL;
    }
    for (uint32_t i = 1; i < LIMIT_FLEET_RELEASES; i++)
        index->releases[i].advisories = advice->of[i];
}

static bool gather_all_ids(struct advice *advice, struct new_ids *ids, struct error *err)
{
    size_t place = 0;

    for (size_t i = 0; i < advice->source_count; i++) {
        uint32_t count = kept_source_at(advice->index, advice->sources[i].source)->variants.count;
        if (!gather_ids(advice, place, count, &ids[i].ids, &ids[i].count, err)) {
            for (size_t j = 0; j < i; j++)
                free(ids[j].ids);
            return false;
        }
        place += count;
    }
    return true;
}

static bool carry_through(struct advice *advice, struct arena *arena, struct fleet_index_change *out,
                          struct error *err)
{
    struct new_ids *ids = ARENA_ARRAY(advice->arena, struct new_ids, advice->source_count);

    if (!judge_all(advice, err))
        return false;
    advice->fix_changed = arena_take(advice->arena, advice->index->fix_count);
    if (ids == NULL || advice->fix_changed == NULL)
        return arena_full(advice->arena, err);
    mark_changed(advice);
    if (!pair_up(advice, err) || !tell(advice, arena, out, err) || !gather_all_ids(advice, ids, err))
        return false;
    put_in_place(advice, ids);
    return true;
}

static bool advise(struct advice *advice, uint64_t generation, struct arena *arena,
                   struct fleet_index_change *out, struct error *err)
{
    struct fleet_index_change change = {.generation = generation};

    (void)pthread_rwlock_rdlock(&advice->index->lock);
    bool done = find_changed(advice, err);
    (void)pthread_rwlock_unlock(&advice->index->lock);
    if (!done)
        return false;
    (void)pthread_rwlock_wrlock(&advice->index->lock);
    done = carry_through(advice, arena, &change, err);
    if (done)
        advice->index->generation = generation;
    (void)pthread_rwlock_unlock(&advice->index->lock);
    for (size_t i = 0; advice->verdicts != NULL && i < advice->variant_count; i++)
        free(advice->verdicts[i].holes);
    if (done)
        *out = change;
    return done;
}

bool fleet_index_advise(struct fleet_index *index, const struct index *const *advisories, size_t count,
                        uint64_t generation, struct arena *arena, struct fleet_index_change *out,
                        struct error *err)
{
    OWN(arena_end) struct arena work = arena_with(LIMIT_FLEET_INDEX_WORK);
    struct advice *advice = ARENA_NEW(&work, struct advice);

    if (advice == NULL)
        return arena_full(&work, err);
    if (generation <= fleet_index_generation(index))
        return error_set(err, ERROR_CONFLICT, "generation %llu of the advisories is not above %llu",
                         (unsigned long long)generation, (unsigned long long)fleet_index_generation(index));
    advice->index = index;
    advice->arena = &work;
    (void)pthread_rwlock_wrlock(&index->lock);
    for (size_t i = 0; i < count; i++) {
        uint32_t release = kept_release_put(index, text_of(advisories[i]->release.name));
        if (release != 0)
            advice->of[release] = advisories[i];
    }
    (void)pthread_rwlock_unlock(&index->lock);
    return advise(advice, generation, arena, out, err);
}
