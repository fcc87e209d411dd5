/*
 * The fleet's schema: each version is a step behind the one before, and a new database takes all of them. doc/fleet-store.md
 * says what every table is for. Only the store's own files include this.
 */
#ifndef STORE_FLEET_SCHEMA_H
#define STORE_FLEET_SCHEMA_H

#include "store/store.h"

#define FLEET_SCHEMA 3

/* The version that the database has, 0 when there is nothing in it. ERROR_INPUT: newer than this program knows, or not ours. */
bool fleet_schema_version(const struct store *kind, void *handle, uint32_t *out, struct error *err) MUST_USE;
/* From the version that it has up to `version`, in the transaction that is open. */
bool fleet_schema_upgrade(const struct store *kind, void *handle, uint32_t from, uint32_t version,
                          int64_t now_us, struct error *err) MUST_USE;

/* A table as a copy sees it: in an order in which all rows can be read and written again. */
struct fleet_table {
    const char *name;
    const char *columns; /* with ", " between them */
    const char *types;
    const char *key;
    const char *condition; /* " WHERE ..." of the rows that are copied; NULL: all */
};
/* All but those of single months and of writers; the last has no name. */
extern const struct fleet_table fleet_tables[];
/* Of a month: the name is %s_YYYYMM. */
extern const struct fleet_table fleet_month_tables[];

/* Makes the tables of a month; `month` is year * 100 + month. */
bool fleet_schema_month(const struct store *kind, void *handle, int64_t month, struct error *err) MUST_USE;

#endif
