#include <assert.h>
#include <stdlib.h>

#include "base/own.h"
#include "base/writer.h"
#include "identify/fleet_index_parts.h"
#include "identify/kernel.h"

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_LIMIT, "no memory for the fleet's index");
}

/* Numbers. */

bool kept_numbers_add(struct fleet_index *index, struct kept_numbers *numbers, uint32_t number,
                      struct error *err)
{
    if (numbers->count == numbers->capacity) {
        uint32_t capacity = numbers->capacity == 0 ? 2 : numbers->capacity + numbers->capacity / 2;
        uint32_t *grown = realloc(numbers->at, capacity * sizeof(*grown));
        if (grown == NULL)
            return no_memory(err);
        index->memory += (capacity - numbers->capacity) * sizeof(*grown);
        numbers->at = grown;
        numbers->capacity = capacity;
    }
    numbers->at[numbers->count++] = number;
    return true;
}

void kept_numbers_drop(struct kept_numbers *numbers, uint32_t number)
{
    for (uint32_t i = numbers->count; i > 0; i--) /* what came last goes first most often */
        if (numbers->at[i - 1] == number) {
            numbers->at[i - 1] = numbers->at[--numbers->count];
            return;
        }
}

/* Lists. */

static bool grow_list(struct fleet_index *index, struct kept_list *list, struct error *err)
{
    uint32_t capacity = list->capacity == 0 ? 64 : list->capacity + list->capacity / 2;

    if (list->count < list->capacity)
        return true;
    if (list->capacity >= LIMIT_FLEET_CHUNKS)
        return error_set(err, ERROR_LIMIT, "more than %d of one kind in the fleet's index",
                         LIMIT_FLEET_CHUNKS);
    void **at = realloc(list->at, capacity * sizeof(*at));
    if (at == NULL)
        return no_memory(err);
    index->memory += (capacity - list->capacity) * sizeof(*at);
    list->at = at;
    list->capacity = capacity;
    return true;
}

static bool list_put(struct fleet_index *index, struct kept_list *list, void *thing, uint32_t *out,
                     struct error *err)
{
    if (list->free.count > 0) {
        *out = list->free.at[--list->free.count];
    } else {
        if (!grow_list(index, list, err))
            return false;
        *out = list->count++;
    }
    list->at[*out] = thing;
    return true;
}

/* The number is given again; without memory to remember it, it is not. */
static void list_drop(struct fleet_index *index, struct kept_list *list, uint32_t number)
{
    struct error ignored;

    list->at[number] = NULL;
    (void)!kept_numbers_add(index, &list->free, number, &ignored);
}

static void *take(struct fleet_index *index, size_t size)
{
    void *taken = calloc(1, size);

    if (taken != NULL)
        index->memory += size;
    return taken;
}

static void give_back(struct fleet_index *index, void *taken, size_t size)
{
    index->memory -= size;
    free(taken);
}

/* Variants as bytes. */

static struct text take_text(struct reader *walk)
{
    struct bytes raw = reader_take(walk, (size_t)reader_varint_max(walk, UINT16_MAX));

    return (struct text){(const char *)raw.at, raw.size};
}

static void put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

struct text kept_variant_kernel(const struct kept_variant *variant, struct reader *walk)
{
    *walk = reader_with((struct bytes){variant->body, variant->body_size});
    return take_text(walk);
}

bool kept_part_next(struct reader *walk, struct kept_part *out)
{
    if (reader_left(walk) == 0)
        return false;
    out->source_version = take_text(walk);
    out->package = take_text(walk);
    out->version = take_text(walk);
    out->arch = take_text(walk);
    return true;
}

/* Sources. */

uint64_t kept_kernel_hash(const struct fleet_index *index, struct text kernel)
{
    return text_hash(kernel, index->key) |
           1; /* that none is known is one of its names: 0 is "does not matter" */
}

static uint64_t hash_of_source(const struct fleet_index *index, uint32_t release, struct text name)
{
    return kept_hash_mix(text_hash(name, index->key), release);
}

static bool is_kernel(struct text source)
{
    char memory[512];
    struct text kernel;

    if (kernel_is_source(source))
        return true;
    if (!text_starts(source, TEXT("linux-")) || source.size > sizeof(memory) / 2)
        return false;
    OWN(arena_end) struct arena arena = arena_with(4096);
    return kernel_twin(source, &arena, &kernel) != KERNEL_TWIN_NONE;
}

uint32_t kept_source_find(const struct fleet_index *index, uint32_t release, struct text name)
{
    uint64_t hash = hash_of_source(index, release, name);
    uint32_t number;

    for (size_t at = fleet_table_first(&index->source_table, hash);
         (number = fleet_table_next(&index->source_table, hash, &at)) != FLEET_TABLE_NONE;) {
        const struct kept_source *source = kept_source_at(index, number);
        if (source->release == release && text_equal(kept_source_name(source), name))
            return number;
    }
    return KEPT_NONE;
}

static bool make_source(struct fleet_index *index, uint32_t release, struct text name, uint8_t bucket,
                        uint32_t *out, struct error *err)
{
    const struct index *advisories = index->releases[release].advisories;
    uint64_t stated = 0;

    if (name.size == 0 || name.size > UINT8_MAX)
        return error_set(err, ERROR_INPUT, "a source package's name has %zu bytes", name.size);
    if (advisories != NULL && !kept_stated_one(advisories, name, &stated, err))
        return false;
    struct kept_source *source = take(index, sizeof(*source) + name.size);
    if (source == NULL)
        return no_memory(err);
    source->hash = hash_of_source(index, release, name);
    source->stated = stated;
    source->release = release;
    source->bucket = bucket;
    source->kernel = is_kernel(name);
    source->name_size = (uint8_t)name.size;
    memcpy(source->name, name.at, name.size);
    if (!list_put(index, &index->sources, source, out, err)) {
        give_back(index, source, sizeof(*source) + name.size);
        return false;
    }
    if (!fleet_table_put(&index->source_table, source->hash, *out, err)) {
        list_drop(index, &index->sources, *out);
        give_back(index, source, sizeof(*source) + name.size);
        return false;
    }
    index->releases[release].sources++;
    return true;
}

static void release_source(struct fleet_index *index, uint32_t number)
{
    struct kept_source *source = kept_source_at(index, number);

    if (source->variants.count > 0)
        return;
    fleet_table_drop(&index->source_table, source->hash, number);
    index->releases[source->release].sources--;
    index->memory -= source->variants.capacity * sizeof(uint32_t) + source->id_count * sizeof(uint32_t);
    free(source->variants.at);
    free(source->ids);
    list_drop(index, &index->sources, number);
    give_back(index, source, sizeof(*source) + source->name_size);
}

/* Variants. */

static uint64_t hash_of_body(const struct fleet_index *index, uint32_t source, struct bytes body)
{
    return kept_hash_mix(text_hash((struct text){(const char *)body.at, body.size}, index->key), source);
}

static uint32_t find_variant(const struct fleet_index *index, uint32_t source, struct bytes body,
                             uint64_t hash)
{
    uint32_t number;

    for (size_t at = fleet_table_first(&index->variant_table, hash);
         (number = fleet_table_next(&index->variant_table, hash, &at)) != FLEET_TABLE_NONE;) {
        const struct kept_variant *variant = kept_variant_at(index, number);
        if (variant->source == source && variant->body_size == body.size &&
            memcmp(variant->body, body.at, body.size) == 0)
            return number;
    }
    return KEPT_NONE;
}

/* Of a variant that no chunk has; its source goes too when that was its last. */
static void release_variant(struct fleet_index *index, uint32_t number)
{
    struct kept_variant *variant = kept_variant_at(index, number);

    if (variant->chunks.count > 0)
        return;
    uint32_t source = variant->source;
    fleet_table_drop(&index->variant_table, variant->hash, number);
    kept_numbers_drop(&kept_source_at(index, source)->variants, number);
    index->memory -=
        variant->chunks.capacity * sizeof(uint32_t) + variant->hole_count * sizeof(*variant->holes);
    free(variant->chunks.at);
    free(variant->holes);
    list_drop(index, &index->variants, number);
    give_back(index, variant, sizeof(*variant) + variant->body_size);
    release_source(index, source);
}

static bool make_variant(struct fleet_index *index, uint32_t source, struct bytes body, uint64_t hash,
                         uint32_t *out, struct error *err)
{
    struct kept_variant *variant = take(index, sizeof(*variant) + body.size);

    if (variant == NULL)
        return no_memory(err);
    variant->hash = hash;
    variant->source = source;
    variant->body_size = (uint32_t)body.size;
    memcpy(variant->body, body.at, body.size);
    if (!list_put(index, &index->variants, variant, out, err)) {
        give_back(index, variant, sizeof(*variant) + body.size);
        return false;
    }
    if (!fleet_table_put(&index->variant_table, hash, *out, err) ||
        !kept_numbers_add(index, &kept_source_at(index, source)->variants, *out, err)) {
        release_variant(index, *out);
        return false;
    }
    return true;
}

/* Chunks. */

static uint64_t hash_of_chunk(const struct fleet_index *index, uint32_t release, uint64_t kernel,
                              const uint8_t *hash)
{
    uint64_t low, high;

    memcpy(&low, hash, sizeof(low));
    memcpy(&high, hash + sizeof(low), sizeof(high));
    return kept_hash_mix(kept_hash_mix(kept_hash_mix(index->key ^ low, high), kernel), release);
}

static uint32_t find_exact(const struct fleet_index *index, uint32_t release, uint64_t kernel,
                           const uint8_t *hash)
{
    uint64_t key = hash_of_chunk(index, release, kernel, hash);
    uint32_t number;

    for (size_t at = fleet_table_first(&index->chunk_table, key);
         (number = fleet_table_next(&index->chunk_table, key, &at)) != FLEET_TABLE_NONE;) {
        const struct kept_chunk *chunk = kept_chunk_at(index, number);
        if (chunk->release == release && chunk->kernel == kernel &&
            memcmp(chunk->hash, hash, FLEET_INDEX_HASH_SIZE) == 0)
            return number;
    }
    return KEPT_NONE;
}

uint32_t kept_chunk_find(const struct fleet_index *index, const struct kept_site *site,
                         const uint8_t hash[FLEET_INDEX_HASH_SIZE])
{
    /* The same bytes either have a kernel's code or not: never are there chunks of both kinds. */
    uint32_t number = find_exact(index, site->release, 0, hash);

    return number == KEPT_NONE ? find_exact(index, site->release, site->kernel, hash) : number;
}

/* The variants of a chunk that is being made. */
struct making {
    struct fleet_index *index;
    const struct kept_site *site;
    uint8_t bucket;
    bool kernel_code;   /* some variant depends on the running kernel */
    uint32_t *variants; /* in an arena, room for one each entry */
    struct kept_variant **fresh;
    uint32_t count, fresh_count;
};

/* Variants that were made and are in no chunk are forgotten again. */
static void unmake(struct making *making)
{
    for (uint32_t i = 0; i < making->count; i++)
        if (kept_variant_at(making->index, making->variants[i])->chunks.count == 0)
            release_variant(making->index, making->variants[i]);
}

static struct text source_of(const struct fleet_index_entry *entry)
{
    return entry->source.size > 0 ? entry->source : entry->package;
}

static void put_part(struct writer *body, const struct fleet_index_entry *entry)
{
    put_text(body, entry->source_version.size > 0 ? entry->source_version : entry->version);
    put_text(body, entry->package);
    put_text(body, entry->version);
    put_text(body, entry->arch);
}

static bool has_kernel_code(const struct fleet_index_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kernel_has_code(entries[i].package))
            return true;
    return false;
}

/* The variant of these entries, all of one source. */
static bool put_variant(struct making *making, const struct fleet_index_entry *entries, size_t count,
                        struct writer *body, struct error *err)
{
    struct fleet_index *index = making->index;
    uint32_t source = kept_source_find(index, making->site->release, source_of(entries)), variant;
    struct bytes bytes;

    if (source == KEPT_NONE &&
        !make_source(index, making->site->release, source_of(entries), making->bucket, &source, err))
        return false;
    bool code = kept_source_at(index, source)->kernel && has_kernel_code(entries, count);
    writer_clear(body);
    put_text(body, code ? making->site->kernel_name : (struct text){NULL, 0});
    for (size_t i = 0; i < count; i++)
        put_part(body, &entries[i]);
    if (!writer_done(body, &bytes, err)) {
        release_source(index, source);
        return false;
    }
    uint64_t hash = hash_of_body(index, source, bytes);
    variant = find_variant(index, source, bytes, hash);
    if (variant == KEPT_NONE) {
        if (!make_variant(index, source, bytes, hash, &variant, err)) {
            if (kept_source_find(index, making->site->release, source_of(entries)) != KEPT_NONE)
                release_source(index, source);
            return false;
        }
        making->fresh[making->fresh_count++] = kept_variant_at(index, variant);
    }
    making->kernel_code = making->kernel_code || code;
    for (uint32_t i = 0; i < making->count; i++)
        if (making->variants[i] == variant)
            return true; /* named in two places */
    making->variants[making->count++] = variant;
    return true;
}

static bool put_variants(struct making *making, const struct fleet_index_entry *entries, size_t count,
                         struct error *err)
{
    OWN(writer_end) struct writer body = writer_with(LIMIT_FLEET_CHUNK_MEMORY);

    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && text_equal(source_of(&entries[end]), source_of(&entries[i])); end++)
            ;
        if (!put_variant(making, entries + i, end - i, &body, err))
            return false;
    }
    return true;
}

static void free_chunk(struct fleet_index *index, struct kept_chunk *chunk)
{
    fleet_set_end(&chunk->hosts);
    give_back(index, chunk, sizeof(*chunk) + chunk->variant_count * sizeof(*chunk->variants));
}

static void disconnect(struct fleet_index *index, uint32_t number, uint32_t variant_count)
{
    const struct kept_chunk *chunk = kept_chunk_at(index, number);

    for (uint32_t i = 0; i < variant_count; i++)
        kept_numbers_drop(&kept_variant_at(index, chunk->variants[i])->chunks, number);
}

/* Puts a chunk with its variants into lists and tables. What fails is undone, its memory is the caller's. */
static bool connect(struct fleet_index *index, struct kept_chunk *chunk, uint32_t *out, struct error *err)
{
    uint64_t key = hash_of_chunk(index, chunk->release, chunk->kernel, chunk->hash);

    if (!list_put(index, &index->chunks, chunk, out, err))
        return false;
    for (uint32_t i = 0; i < chunk->variant_count; i++)
        if (!kept_numbers_add(index, &kept_variant_at(index, chunk->variants[i])->chunks, *out, err)) {
            disconnect(index, *out, i);
            list_drop(index, &index->chunks, *out);
            return false;
        }
    if (!fleet_table_put(&index->chunk_table, key, *out, err)) {
        disconnect(index, *out, chunk->variant_count);
        list_drop(index, &index->chunks, *out);
        return false;
    }
    return true;
}

static bool finish_chunk(struct making *making, const uint8_t *hash, uint32_t *out, struct error *err)
{
    struct fleet_index *index = making->index;
    struct kept_chunk *chunk = take(index, sizeof(*chunk) + making->count * sizeof(*chunk->variants));

    if (chunk == NULL)
        return no_memory(err);
    memcpy(chunk->hash, hash, FLEET_INDEX_HASH_SIZE);
    chunk->kernel = making->kernel_code ? making->site->kernel : 0;
    chunk->release = making->site->release;
    chunk->bucket = making->bucket;
    chunk->variant_count = (uint16_t)making->count;
    memcpy(chunk->variants, making->variants, making->count * sizeof(*chunk->variants));
    if (!kept_judge_new(index, making->site->release, making->fresh, making->fresh_count, err) ||
        !connect(index, chunk, out, err)) {
        free_chunk(index, chunk);
        return false;
    }
    return true;
}

bool kept_chunk_make(struct fleet_index *index, const struct kept_site *site,
                     const struct fleet_index_bucket *bucket, uint32_t *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_CHUNK_MEMORY);
    struct making making = {.index = index, .site = site, .bucket = bucket->bucket};

    if (bucket->entry_count > UINT16_MAX)
        return error_set(err, ERROR_LIMIT, "%zu entries in one chunk", bucket->entry_count);
    making.variants = ARENA_ARRAY(&arena, uint32_t, bucket->entry_count);
    making.fresh = ARENA_ARRAY(&arena, struct kept_variant *, bucket->entry_count);
    if (making.variants == NULL || making.fresh == NULL)
        return arena_full(&arena, err);
    if (!put_variants(&making, bucket->entries, bucket->entry_count, err) ||
        !finish_chunk(&making, bucket->hash, out, err)) {
        unmake(&making);
        return false;
    }
    return true;
}

void kept_chunk_release(struct fleet_index *index, uint32_t number)
{
    struct kept_chunk *chunk = kept_chunk_at(index, number);

    if (chunk->hosts.count > 0)
        return;
    fleet_table_drop(&index->chunk_table, hash_of_chunk(index, chunk->release, chunk->kernel, chunk->hash),
                     number);
    disconnect(index, number, chunk->variant_count);
    list_drop(index, &index->chunks, number);
    for (uint32_t i = 0; i < chunk->variant_count; i++)
        release_variant(index, chunk->variants[i]);
    free_chunk(index, chunk);
}

const struct kept_variant *kept_chunk_variant(const struct fleet_index *index, const struct kept_chunk *chunk,
                                              uint32_t source)
{
    for (uint32_t i = 0; i < chunk->variant_count; i++)
        if (kept_variant_at(index, chunk->variants[i])->source == source)
            return kept_variant_at(index, chunk->variants[i]);
    return NULL;
}

/* The entries of a chunk, as they were given; texts are in its variants. */
static bool entries_of(const struct fleet_index *index, const struct kept_chunk *chunk, struct arena *arena,
                       struct fleet_index_bucket *out, struct error *err)
{
    struct fleet_index_entry *entries = NULL;
    size_t count = 0, capacity = 0;

    for (uint32_t i = 0; i < chunk->variant_count; i++) {
        const struct kept_variant *variant = kept_variant_at(index, chunk->variants[i]);
        struct reader walk;
        struct kept_part part;
        (void)kept_variant_kernel(variant, &walk);
        while (kept_part_next(&walk, &part)) {
            entries = arena_grow(arena, entries, count, &capacity, count + 1, sizeof(*entries));
            if (entries == NULL)
                return arena_full(arena, err);
            entries[count++] = (struct fleet_index_entry){
                .source = kept_source_name(kept_source_at(index, variant->source)),
                .source_version = part.source_version,
                .package = part.package,
                .version = part.version,
                .arch = part.arch,
            };
        }
    }
    *out = (struct fleet_index_bucket){
        .bucket = chunk->bucket, .given = true, .entries = entries, .entry_count = count};
    memcpy(out->hash, chunk->hash, sizeof(out->hash));
    return true;
}

bool kept_chunk_move(struct fleet_index *index, const struct kept_site *site, uint32_t number, uint32_t *out,
                     struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_CHUNK_MEMORY);
    const struct kept_chunk *chunk = kept_chunk_at(index, number);
    struct fleet_index_bucket bucket;
    uint32_t found = kept_chunk_find(index, site, chunk->hash);

    if (found != KEPT_NONE) {
        *out = found;
        return true;
    }
    return entries_of(index, chunk, &arena, &bucket, err) && kept_chunk_make(index, site, &bucket, out, err);
}
