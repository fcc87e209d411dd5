#include "delta/elf_reading.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

static bool grow(void *array, size_t size, size_t capacity)
{
    void *old, *moved;

    memcpy(&old, array, sizeof old);
    moved = realloc(old, size * capacity);
    if (moved == NULL)
        return false;
    memcpy(array, &moved, sizeof moved);
    os_expect_filling(moved, size * capacity);
    return true;
}

static size_t more(size_t capacity)
{
    size_t wanted = capacity < 1024 ? 1024 : capacity * 2;
    return wanted < LIMIT_ELF_FIELDS ? wanted : LIMIT_ELF_FIELDS;
}

void elf_offsets_put(struct elf_offsets *offsets, uint32_t at)
{
    if (offsets->full)
        return;
    if (offsets->count == offsets->capacity) {
        size_t capacity = more(offsets->capacity);
        if (capacity == offsets->capacity || !grow(&offsets->at, sizeof *offsets->at, capacity)) {
            offsets->full = true;
            return;
        }
        offsets->capacity = capacity;
    }
    offsets->at[offsets->count++] = at;
}

static int compare_offsets(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

#define DIGIT_BITS 11
#define DIGITS     (1 << DIGIT_BITS)

/* By one digit, keeping the order of those that have the same. */
static void sort_by_digit(const uint32_t *from, uint32_t *to, size_t count, unsigned shift)
{
    uint32_t places[DIGITS + 1] = {0};

    for (size_t i = 0; i < count; i++)
        places[(from[i] >> shift & (DIGITS - 1)) + 1]++;
    for (size_t i = 0; i < DIGITS; i++)
        places[i + 1] += places[i];
    for (size_t i = 0; i < count; i++)
        to[places[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

/* A program has a million of them, and comparing each with twenty others takes as long as all else that is read of it. */
static void sort(struct elf_offsets *offsets)
{
    OWN(own_memory)
    uint32_t *other = offsets->count > DIGITS ? reallocarray(NULL, offsets->count, sizeof *other) : NULL;

    if (other == NULL) {
        qsort(offsets->at, offsets->count, sizeof *offsets->at, compare_offsets);
        return;
    }
    os_expect_filling(other, offsets->count * sizeof *other);
    sort_by_digit(offsets->at, other, offsets->count, 0);
    sort_by_digit(other, offsets->at, offsets->count, DIGIT_BITS);
    sort_by_digit(offsets->at, other, offsets->count, 2 * DIGIT_BITS);
    memcpy(offsets->at, other, offsets->count * sizeof *other);
}

void elf_offsets_sort(struct elf_offsets *offsets)
{
    size_t kept = 1;
    bool ascends = true;

    for (size_t i = 1; i < offsets->count; i++)
        ascends = ascends && offsets->at[i - 1] < offsets->at[i];
    if (ascends)
        return;
    sort(offsets);
    for (size_t i = 1; i < offsets->count; i++)
        if (offsets->at[i] != offsets->at[kept - 1])
            offsets->at[kept++] = offsets->at[i];
    offsets->count = kept;
}

void elf_offsets_end(struct elf_offsets *offsets)
{
    free(offsets->at);
    *offsets = (struct elf_offsets){0};
}

void elf_reading_grow(struct elf_reading *reading)
{
    struct elf_fields *fields = reading->fields;
    size_t capacity = more(reading->capacity);

    if (reading->full)
        return;
    if (capacity == reading->capacity) {
        reading->full = true;
        return;
    }
    if (!grow(&fields->at, sizeof *fields->at, capacity) ||
        !grow(&fields->kind, sizeof *fields->kind, capacity)) {
        reading->full = reading->no_memory = true;
        return;
    }
    reading->capacity = capacity;
}

void elf_reading_weave(struct elf_reading *reading, uint32_t until)
{
    if (reading->full)
        return;
    for (; reading->next_place < reading->places.count; reading->next_place++) {
        uint32_t at = reading->places.at[reading->next_place];
        if (at >= until)
            return;
        if (until - at >= elf_field_size(FIELD_POINTER))
            elf_reading_append(reading, at, FIELD_POINTER);
    }
}
