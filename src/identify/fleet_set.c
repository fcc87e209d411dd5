#include "identify/fleet_set.h"

#include <stdlib.h>

#define WORD_BITS 64

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_LIMIT, "no memory for a set of hosts");
}

static size_t words_of(uint32_t universe)
{
    return ((size_t)universe + WORD_BITS - 1) / WORD_BITS;
}

/* The sorted numbers of a set that is no bitmap. */
static const uint32_t *numbers_of(const struct fleet_set *set)
{
    return set->form == FLEET_SET_ARRAY ? set->array : set->few;
}

/* Where the host is, or would be put. */
static uint32_t place_of(const struct fleet_set *set, uint32_t host)
{
    const uint32_t *numbers = numbers_of(set);
    uint32_t low = 0, high = set->count;

    if (high > 0 && numbers[high - 1] < host)
        return high; /* fleets are loaded in ascending order */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (numbers[middle] < host)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool fleet_set_has(const struct fleet_set *set, uint32_t host)
{
    if (set->form == FLEET_SET_BITMAP)
        return host / WORD_BITS < set->room && (set->bits[host / WORD_BITS] >> host % WORD_BITS & 1) != 0;
    uint32_t place = place_of(set, host);
    return place < set->count && numbers_of(set)[place] == host;
}

static bool to_bitmap(struct fleet_set *set, size_t words, struct error *err)
{
    uint64_t *bits = calloc(words, sizeof(*bits));

    if (bits == NULL)
        return no_memory(err);
    fleet_set_mark(set, bits, words);
    if (set->form == FLEET_SET_ARRAY)
        free(set->array);
    set->bits = bits;
    set->room = (uint32_t)words & 0x3fffffff;
    set->form = FLEET_SET_BITMAP;
    return true;
}

/* Room for one more number of an array. */
static bool grow_array(struct fleet_set *set, struct error *err)
{
    uint32_t had = set->room, room = set->form == FLEET_SET_IN_PLACE ? 4 : had + had / 2;

    if (set->form == FLEET_SET_ARRAY && set->count < set->room)
        return true;
    uint32_t *array = realloc(set->form == FLEET_SET_ARRAY ? set->array : NULL, room * sizeof(*array));
    if (array == NULL)
        return no_memory(err);
    if (set->form == FLEET_SET_IN_PLACE)
        memcpy(array, set->few, set->count * sizeof(*array));
    set->array = array;
    set->room = room & 0x3fffffff;
    set->form = FLEET_SET_ARRAY;
    return true;
}

static bool add_bit(struct fleet_set *set, uint32_t host, uint32_t universe, struct error *err)
{
    size_t words = words_of(universe);

    if (host / WORD_BITS >= set->room) {
        if (words <= host / WORD_BITS)
            words = host / WORD_BITS + 1;
        uint64_t *bits = realloc(set->bits, words * sizeof(*bits));
        if (bits == NULL)
            return no_memory(err);
        memset(bits + set->room, 0, (words - set->room) * sizeof(*bits));
        set->bits = bits;
        set->room = (uint32_t)words & 0x3fffffff;
    }
    uint64_t bit = UINT64_C(1) << host % WORD_BITS;
    if ((set->bits[host / WORD_BITS] & bit) == 0)
        set->count++;
    set->bits[host / WORD_BITS] |= bit;
    return true;
}

bool fleet_set_add(struct fleet_set *set, uint32_t host, uint32_t universe, struct error *err)
{
    if (set->form == FLEET_SET_BITMAP)
        return add_bit(set, host, universe, err);
    uint32_t place = place_of(set, host);
    if (place < set->count && numbers_of(set)[place] == host)
        return true;
    if (set->count >= 16 &&
        ((size_t)set->count + 1) * sizeof(uint32_t) > words_of(universe) * sizeof(uint64_t))
        return to_bitmap(set, words_of(universe), err) && add_bit(set, host, universe, err);
    if ((set->form == FLEET_SET_ARRAY || set->count == FLEET_SET_FEW) && !grow_array(set, err))
        return false;
    uint32_t *numbers = set->form == FLEET_SET_ARRAY ? set->array : set->few;
    memmove(numbers + place + 1, numbers + place, (set->count - place) * sizeof(*numbers));
    numbers[place] = host;
    set->count++;
    return true;
}

/* A bitmap of which little is left becomes an array again; without memory for one it stays. */
static void shrink(struct fleet_set *set)
{
    struct fleet_set smaller = {.form = FLEET_SET_ARRAY, .room = set->count & 0x3fffffff};

    if ((size_t)set->count * sizeof(uint32_t) * 4 > set->room * sizeof(uint64_t) ||
        set->count <= FLEET_SET_FEW)
        return;
    smaller.array = malloc(set->count * sizeof(uint32_t));
    if (smaller.array == NULL)
        return;
    for (uint32_t word = 0; word < set->room; word++)
        for (uint64_t left = set->bits[word]; left != 0; left &= left - 1)
            smaller.array[smaller.count++] = word * WORD_BITS + (uint32_t)__builtin_ctzll(left);
    free(set->bits);
    *set = smaller;
}

void fleet_set_remove(struct fleet_set *set, uint32_t host)
{
    if (!fleet_set_has(set, host))
        return;
    if (set->form == FLEET_SET_BITMAP) {
        set->bits[host / WORD_BITS] &= ~(UINT64_C(1) << host % WORD_BITS);
        set->count--;
        shrink(set);
        return;
    }
    uint32_t place = place_of(set, host);
    uint32_t *numbers = set->form == FLEET_SET_ARRAY ? set->array : set->few;
    set->count--;
    memmove(numbers + place, numbers + place + 1, (set->count - place) * sizeof(*numbers));
}

void fleet_set_mark(const struct fleet_set *set, uint64_t *bits, size_t words)
{
    if (set->form == FLEET_SET_BITMAP) {
        for (size_t i = 0; i < set->room && i < words; i++)
            bits[i] |= set->bits[i];
        return;
    }
    const uint32_t *numbers = numbers_of(set);
    for (uint32_t i = 0; i < set->count; i++)
        if (numbers[i] / WORD_BITS < words)
            bits[numbers[i] / WORD_BITS] |= UINT64_C(1) << numbers[i] % WORD_BITS;
}

size_t fleet_set_memory(const struct fleet_set *set)
{
    switch ((enum fleet_set_form)set->form) {
    case FLEET_SET_ARRAY:
        return set->room * sizeof(uint32_t);
    case FLEET_SET_BITMAP:
        return set->room * sizeof(uint64_t);
    case FLEET_SET_IN_PLACE:
        break;
    }
    return 0;
}

void fleet_set_end(struct fleet_set *set)
{
    if (set->form == FLEET_SET_ARRAY)
        free(set->array);
    else if (set->form == FLEET_SET_BITMAP)
        free(set->bits);
    *set = (struct fleet_set){.count = 0};
}
