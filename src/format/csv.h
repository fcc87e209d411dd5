/*
 * Comma-separated lines (RFC 4180): fields may be quoted, a quote in a quoted field is doubled, a quoted field may
 * not hold a newline here. Lines end in LF or CRLF. Nothing is copied; a field that held doubled quotes is refused, for none of our sources writes one.
 */
#ifndef FORMAT_CSV_H
#define FORMAT_CSV_H

#include "base/bytes.h"

#define CSV_FIELDS_MAX 32

struct csv {
    struct bytes left;
    size_t line; /* of the row returned last, from 1 */
};
struct csv_row {
    struct bytes fields[CSV_FIELDS_MAX];
    size_t count;
};
struct csv csv_with(struct bytes bytes);
/* Empty lines are passed over. *found is false at the end. Errors name the line. */
bool csv_next(struct csv *csv, struct csv_row *out, bool *found, struct error *err) MUST_USE;
/* The next line as it is, for comments before the head. */
bool csv_line(struct csv *csv, struct bytes *out);

#endif
