/*
 * A delta's table, coded (delta/delta.h has its layout). One walk serves both ways.
 */
#ifndef DELTA_DELTA_TABLE_H
#define DELTA_DELTA_TABLE_H

#include "delta/delta.h"

/* Fills all of *delta that the table says; coded_at counts from the table's end. */
bool delta_table_read(struct bytes coded, struct arena *arena, struct delta *delta, struct error *err)
    MUST_USE;
bool delta_table_write(const struct delta *delta, struct writer *out, struct error *err) MUST_USE;

#endif
