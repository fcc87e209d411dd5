#include "identify/fleet_table.h"

#include <assert.h>
#include <stdlib.h>

#define TABLE_FIRST 64

static uint64_t slot_of(uint64_t hash, uint32_t number)
{
    return (hash & UINT64_C(0xffffffff00000000)) | (number + UINT32_C(1));
}

/* Where a slot would stand if nothing were in its way: by the bits of the hash that it keeps. */
static size_t home_of(const struct fleet_table *table, uint64_t slot)
{
    return (size_t)((slot >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (table->capacity - 1);
}

size_t fleet_table_first(const struct fleet_table *table, uint64_t hash)
{
    return table->capacity == 0 ? 0 : home_of(table, hash);
}

uint32_t fleet_table_next(const struct fleet_table *table, uint64_t hash, size_t *at)
{
    while (table->capacity > 0 && table->slots[*at] != 0) {
        uint64_t slot = table->slots[*at];
        *at = (*at + 1) & (table->capacity - 1);
        if (slot >> 32 == hash >> 32)
            return (uint32_t)slot - 1;
    }
    return FLEET_TABLE_NONE;
}

static void place(struct fleet_table *table, uint64_t slot)
{
    size_t at = home_of(table, slot);

    while (table->slots[at] != 0)
        at = (at + 1) & (table->capacity - 1);
    table->slots[at] = slot;
}

static bool grow(struct fleet_table *table, struct error *err)
{
    struct fleet_table larger = {.capacity = table->capacity == 0 ? TABLE_FIRST : table->capacity * 2,
                                 .count = table->count};

    larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for a table of %zu", larger.capacity);
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i] != 0)
            place(&larger, table->slots[i]);
    free(table->slots);
    *table = larger;
    return true;
}

bool fleet_table_put(struct fleet_table *table, uint64_t hash, uint32_t number, struct error *err)
{
    assert(number != FLEET_TABLE_NONE);
    if ((table->count + 1) * 4 > table->capacity * 3 && !grow(table, err))
        return false;
    place(table, slot_of(hash, number));
    table->count++;
    return true;
}

/* Those behind it move up where their way led over the empty place, so that no search ends too early. */
static void close_gap(struct fleet_table *table, size_t gap)
{
    size_t mask = table->capacity - 1;

    for (size_t at = (gap + 1) & mask; table->slots[at] != 0; at = (at + 1) & mask) {
        size_t home = home_of(table, table->slots[at]);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            table->slots[gap] = table->slots[at];
            gap = at;
        }
    }
    table->slots[gap] = 0;
}

void fleet_table_drop(struct fleet_table *table, uint64_t hash, uint32_t number)
{
    uint64_t wanted = slot_of(hash, number);

    for (size_t at = fleet_table_first(table, hash); table->capacity > 0 && table->slots[at] != 0;
         at = (at + 1) & (table->capacity - 1))
        if (table->slots[at] == wanted) {
            close_gap(table, at);
            table->count--;
            return;
        }
}

void fleet_table_end(struct fleet_table *table)
{
    free(table->slots);
    *table = (struct fleet_table){.slots = NULL};
}
