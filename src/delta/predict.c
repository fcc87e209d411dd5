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
    free(p->ranges);
    free(p->range_buckets);
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
    if (a->count == a->max)
        return;
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
    if (a->count == a->max)
        return;
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

static bool is_seen(const struct predict *p, uint64_t key)
{
    uint64_t hash = told_hash(key);

    return p->seen[hash / 64 % PREDICT_SEEN] >> hash % 64 & 1;
}

uint64_t predict_first(const struct predict *p, uint64_t old)
{
    uint64_t place = old - p->ranges_base, out[PREDICT_MAX];
    enum predict_source source;

    if (place < p->ranges_size && !is_seen(p, old)) {
        const struct predict_range *range = &p->ranges[p->range_buckets[place >> p->range_shift]];
        while (range->end <= place)
            range++;
        if (range->begin <= place)
            return old + range->moved;
    }
    return predict_ask(p, old, false, 1, out, &source) == 0 ? old : out[0];
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
        uint64_t hash = told_hash(key);
        p->seen[hash / 64 % PREDICT_SEEN] |= UINT64_C(1) << hash % 64;
    }
    slot->new = new;
    return in_copy(p, old, file_space) || ordered_add(p, key, new, err);
}

/* ---- ranges ---- */

/* Ascending and apart, so that the first segment that an address or an offset lies in is the only one. */
static bool is_plain(const struct elf_layout *layout, bool in_file)
{
    uint64_t end = 0;

    for (size_t i = 0; i < layout->segment_count; i++) {
        const struct elf_segment *segment = &layout->segments[i];
        uint64_t begin = in_file ? segment->offset : segment->address;
        if (begin < end)
            return false;
        end = begin + (in_file ? segment->file_size : segment->memory_size);
    }
    return true;
}

/* What of a segment lies in a span: a range for each segment of the new file that it went to. */
static void ranges_of_span(struct predict *p, const struct elf_segment *was, const struct predict_span *span,
                           size_t *count)
{
    for (size_t i = 0; i < p->new_layout.segment_count; i++) {
        const struct elf_segment *is = &p->new_layout.segments[i];
        uint64_t begin = span->old_at, end = begin + span->size;
        uint64_t first = is->offset + span->old_at, last = first + is->file_size;
        /* Offsets of the old file, as all here. */
        first = first > span->new_at ? first - span->new_at : 0;
        last = last > span->new_at ? last - span->new_at : 0;
        begin = begin < was->offset ? was->offset : begin;
        begin = begin < first ? first : begin;
        end = end > was->offset + was->file_size ? was->offset + was->file_size : end;
        end = end > last ? last : end;
        if (begin >= end)
            continue;
        uint64_t address = begin - was->offset + was->address;
        uint64_t new = begin - span->old_at + span->new_at - is->offset + is->address;
        p->ranges[(*count)++] =
            (struct predict_range){(uint32_t)(address - p->ranges_base),
                                   (uint32_t)(address - p->ranges_base + end - begin), new - address};
    }
}

static bool range_buckets_fill(struct predict *p, size_t count, struct error *err)
{
    size_t range = 0, buckets;

    for (p->range_shift = 4; (p->ranges_size >> p->range_shift) > count * 2 && p->range_shift < 31;)
        p->range_shift++;
    buckets = (size_t)(p->ranges_size >> p->range_shift) + 1;
    p->range_buckets = malloc(buckets * sizeof(*p->range_buckets));
    if (p->range_buckets == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu buckets", buckets);
    for (size_t i = 0; i < buckets; i++) {
        while (range < count && p->ranges[range].end <= (uint64_t)i << p->range_shift)
            range++;
        p->range_buckets[i] = (uint32_t)range;
    }
    return true;
}

bool predict_settle(struct predict *p, struct error *err)
{
    const struct elf_layout *old = p->old_layout;
    size_t count = 0, room = p->span_count + old->segment_count + p->new_layout.segment_count * 2 + 1;

    if (p->settled)
        return true;
    p->settled = true;
    if (old->segment_count == 0 || !is_plain(old, false) || !is_plain(old, true) ||
        !is_plain(&p->new_layout, true))
        return true;
    const struct elf_segment *last = &old->segments[old->segment_count - 1];
    uint64_t size = last->address + last->memory_size - old->segments[0].address;
    if (size > UINT32_MAX)
        return true;
    p->ranges = malloc(room * sizeof(*p->ranges));
    if (p->ranges == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: %zu ranges", room);
    p->ranges_base = old->segments[0].address;
    for (size_t i = 0; i < old->segment_count; i++) {
        const struct elf_segment *segment = &old->segments[i];
        uint64_t end = segment->offset + segment->file_size;
        for (size_t j = span_above(p, segment->offset); j < p->span_count && p->spans[j].old_at < end; j++)
            ranges_of_span(p, segment, &p->spans[j], &count);
    }
    p->ranges[count] = (struct predict_range){UINT32_MAX, UINT32_MAX, 0};
    p->ranges_size = size;
    return range_buckets_fill(p, count, err);
}
