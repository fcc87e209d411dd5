#include "delta/predict.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define ORDERED_MAX 16384 /* inserted into by moving: 256 KB at most each time */
#define KEY_NONE    0

void predict_end(struct predict *p)
{
    free(p->spans);
    free(p->buckets);
    free(p->told);
    free(p->ordered);
    *p = (struct predict){0};
}

static int span_order(const void *a, const void *b)
{
    const struct predict_span *x = a, *y = b;

    if (x->old_at != y->old_at)
        return x->old_at < y->old_at ? -1 : 1;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->new_at < y->new_at ? -1 : x->new_at > y->new_at;
}

/* Where spans overlap the longer one has the bytes. */
static void spans_part(struct predict *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->span_count; i++) {
        struct predict_span span = p->spans[i];
        if (kept > 0) {
            struct predict_span *before = &p->spans[kept - 1];
            uint32_t end = before->old_at + before->size;
            if (end > span.old_at && span.size > before->size && span.old_at > before->old_at)
                before->size = span.old_at - before->old_at;
            else if (end > span.old_at) {
                uint32_t less = end - span.old_at;
                if (less >= span.size)
                    continue;
                span.old_at += less;
                span.new_at += less;
                span.size -= less;
            }
        }
        p->spans[kept++] = span;
    }
    p->span_count = kept;
}

static bool buckets_fill(struct predict *p, uint32_t old_size, struct error *err)
{
    size_t span = 0;

    for (p->shift = 4; (old_size >> p->shift) > p->span_count * 2 && p->shift < 31;)
        p->shift++;
    p->bucket_count = ((size_t)old_size >> p->shift) + 1;
    p->buckets = malloc(p->bucket_count * sizeof(*p->buckets));
    if (p->buckets == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu buckets", p->bucket_count);
    for (size_t i = 0; i < p->bucket_count; i++) {
        uint64_t begin = (uint64_t)i << p->shift;
        while (span < p->span_count && (uint64_t)p->spans[span].old_at + p->spans[span].size <= begin)
            span++;
        p->buckets[i] = (uint32_t)span;
    }
    return true;
}

bool predict_begin(struct predict *p, const struct elf_layout *old_layout, struct window_piece old,
                   uint32_t new_base, const struct copy *copies, size_t count, struct error *err)
{
    *p = (struct predict){.old_layout = old_layout};
    p->spans = malloc((count + 1) * sizeof(*p->spans));
    if (p->spans == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu copies", count);
    for (size_t i = 0; i < count; i++)
        if (copies[i].old_at >= old.at && copies[i].old_at - old.at < old.size)
            p->spans[p->span_count++] =
                (struct predict_span){copies[i].old_at - old.at, copies[i].new_at - new_base, copies[i].size};
    qsort(p->spans, p->span_count, sizeof(*p->spans), span_order);
    spans_part(p);
    return buckets_fill(p, old.size, err);
}

/* The first span that ends behind the place. */
static size_t span_above(const struct predict *p, uint64_t place)
{
    size_t bucket = (size_t)(place >> p->shift), low = p->buckets[bucket];
    size_t high = bucket + 1 < p->bucket_count ? p->buckets[bucket + 1] : p->span_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uint64_t)p->spans[middle].old_at + p->spans[middle].size <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the address has a place in the old file, and the first span that ends behind it. */
static bool place_of(const struct predict *p, uint64_t old, bool file_space, uint64_t *place, size_t *span)
{
    *place = old;
    if ((!file_space && !elf_offset_of(p->old_layout, old, place)) || *place >> p->shift >= p->bucket_count)
        return false;
    *span = span_above(p, *place);
    return true;
}

static uint64_t told_hash(uint64_t old)
{
    return (old * UINT64_C(0x9e3779b97f4a7c15)) >> 20;
}

static struct predict_told *told_slot(const struct predict *p, uint64_t old)
{
    size_t i = told_hash(old) & (p->told_capacity - 1);

    while (p->told[i].old != KEY_NONE && p->told[i].old != old + 1)
        i = (i + 1) & (p->told_capacity - 1);
    return &p->told[i];
}

/* The first that is greater. */
static size_t ordered_above(const struct predict *p, uint64_t old)
{
    size_t low = 0, high = p->ordered_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->ordered[middle].old <= old)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct asking {
    uint64_t *out;
    size_t count;
    size_t max;
    enum predict_source source;
    bool file_space;
};

static void offer(struct asking *a, uint64_t new, enum predict_source source)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->out[i] == new)
            return;
    if (a->count == a->max)
        return;
    if (a->count == 0)
        a->source = source;
    a->out[a->count++] = new;
}

static void offer_span(const struct predict *p, struct asking *a, size_t span, uint32_t place,
                       enum predict_source source)
{
    uint32_t new_at = p->spans[span].new_at + (place - p->spans[span].old_at);
    uint64_t address = new_at;

    if (a->file_space || elf_address_of(&p->new_layout, new_at, &address))
        offer(a, address, source);
}

/* A place in no copy, between two spans of which either may be missing. */
static void offer_gap(const struct predict *p, struct asking *a, size_t above, uint32_t place, uint64_t old)
{
    size_t next = ordered_above(p, old);
    uint64_t below_far = UINT64_MAX, above_far = UINT64_MAX;

    if (above > 0)
        below_far = place - (p->spans[above - 1].old_at + p->spans[above - 1].size);
    if (above < p->span_count)
        above_far = p->spans[above].old_at - place;
    if (next > 0 && old - p->ordered[next - 1].old <= below_far)
        offer(a, p->ordered[next - 1].new + (old - p->ordered[next - 1].old), PREDICT_NEAR);
    if (below_far <= above_far && above > 0)
        offer_span(p, a, above - 1, place, PREDICT_GAP);
    if (above < p->span_count)
        offer_span(p, a, above, place, PREDICT_GAP);
    if (above > 0)
        offer_span(p, a, above - 1, place, PREDICT_GAP);
}

/* In the memory of a segment, behind its file's part: as far from the end of it as before; or as what was told next to it. */
static void offer_segment(const struct predict *p, struct asking *a, uint64_t old)
{
    size_t next = ordered_above(p, old), count = p->old_layout->segment_count;

    if (next > 0)
        offer(a, p->ordered[next - 1].new + (old - p->ordered[next - 1].old), PREDICT_SEGMENT);
    if (next < p->ordered_count)
        offer(a, p->ordered[next].new - (p->ordered[next].old - old), PREDICT_SEGMENT);
    if (count > p->new_layout.segment_count)
        count = p->new_layout.segment_count;
    for (size_t i = 0; i < count; i++) {
        const struct elf_segment *was = &p->old_layout->segments[i], *is = &p->new_layout.segments[i];
        if (old - was->address <= was->memory_size) {
            offer(a, old - was->address - was->file_size + is->address + is->file_size, PREDICT_SEGMENT);
            offer(a, old - was->address - was->memory_size + is->address + is->memory_size, PREDICT_SEGMENT);
        }
    }
    offer(a, old, PREDICT_SEGMENT);
}

/* What is remembered of offsets in the file stands beside what is of addresses. */
static uint64_t key_of(uint64_t old, bool file_space)
{
    return file_space ? old ^ UINT64_C(1) << 62 : old;
}

size_t predict_ask(const struct predict *p, uint64_t old, bool file_space, size_t max,
                   uint64_t out[PREDICT_MAX], enum predict_source *source)
{
    struct asking a = {.out = out, .max = max, .file_space = file_space};
    uint64_t key = key_of(old, file_space);
    uint64_t place;
    size_t span;

    if (p->told_count > 0) {
        const struct predict_told *slot = told_slot(p, key);
        if (slot->old != KEY_NONE)
            offer(&a, slot->new, PREDICT_TOLD);
    }
    if (a.count == max) {
        /* told */
    } else if (place_of(p, old, file_space, &place, &span)) {
        if (span < p->span_count && p->spans[span].old_at <= place)
            offer_span(p, &a, span, (uint32_t)place, PREDICT_COPY);
        else
            offer_gap(p, &a, span, (uint32_t)place, key);
    } else if (!file_space)
        offer_segment(p, &a, old);
    *source = a.source;
    return a.count;
}

static bool told_grow(struct predict *p, struct error *err)
{
    struct predict grown = *p;

    grown.told_capacity = p->told_capacity == 0 ? 1024 : p->told_capacity * 2;
    grown.told = calloc(grown.told_capacity, sizeof(*grown.told));
    if (grown.told == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu addresses", grown.told_capacity);
    for (size_t i = 0; i < p->told_capacity; i++)
        if (p->told[i].old != KEY_NONE)
            *told_slot(&grown, p->told[i].old - 1) = p->told[i];
    free(p->told);
    *p = grown;
    return true;
}

static bool ordered_add(struct predict *p, uint64_t old, uint64_t new, struct error *err)
{
    size_t next = ordered_above(p, old);

    if (next > 0 && p->ordered[next - 1].old == old) {
        p->ordered[next - 1].new = new;
        return true;
    }
    if (p->ordered_count == ORDERED_MAX)
        return true;
    if (p->ordered_count == p->ordered_capacity) {
        size_t capacity = p->ordered_capacity * 2 + 64;
        struct predict_told *more = reallocarray(p->ordered, capacity, sizeof(*more));
        if (more == NULL)
            return error_set(err, ERROR_LIMIT, "out of memory: %zu addresses", capacity);
        p->ordered = more;
        p->ordered_capacity = capacity;
    }
    memmove(&p->ordered[next + 1], &p->ordered[next], (p->ordered_count - next) * sizeof(*p->ordered));
    p->ordered[next] = (struct predict_told){old, new};
    p->ordered_count++;
    return true;
}

/* Whether a copy says where it went. */
static bool in_copy(const struct predict *p, uint64_t old, bool file_space)
{
    uint64_t place;
    size_t span;

    return place_of(p, old, file_space, &place, &span) && span < p->span_count &&
           p->spans[span].old_at <= place;
}

bool predict_tell(struct predict *p, uint64_t old, bool file_space, uint64_t new, struct error *err)
{
    uint64_t key = key_of(old, file_space);

    if (p->told_count < LIMIT_DELTA_TOLD && p->told_count * 2 >= p->told_capacity && !told_grow(p, err))
        return false;
    struct predict_told *slot = told_slot(p, key);
    if (slot->old == KEY_NONE) {
        if (p->told_count >= LIMIT_DELTA_TOLD || key == UINT64_MAX)
            return true;
        p->told_count++;
        slot->old = key + 1;
    }
    slot->new = new;
    return in_copy(p, old, file_space) || ordered_add(p, key, new, err);
}
