/*
 * A table from hashes to numbers that forgets again: what base/map.h cannot, whose keys must outlive it. The things themselves are
 * somebody else's, who tells equal ones apart; here are their hashes, which come from a random key.
 */
#ifndef IDENTIFY_FLEET_TABLE_H
#define IDENTIFY_FLEET_TABLE_H

#include "base/bytes.h"

struct fleet_table {
    uint64_t *slots; /* upper half of the hash, then number + 1; 0: empty */
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

#define FLEET_TABLE_NONE UINT32_MAX

/*
 * The numbers that were put with this hash (or one that agrees in half of its bits), one after the other:
 *     for (size_t at = fleet_table_first(table, hash); (n = fleet_table_next(table, hash, &at)) != FLEET_TABLE_NONE;)
 */
size_t fleet_table_first(const struct fleet_table *table, uint64_t hash);
uint32_t fleet_table_next(const struct fleet_table *table, uint64_t hash, size_t *at);

bool fleet_table_put(struct fleet_table *table, uint64_t hash, uint32_t number, struct error *err) MUST_USE;
void fleet_table_drop(struct fleet_table *table, uint64_t hash, uint32_t number);
void fleet_table_end(struct fleet_table *table);

#endif
