/*
 * Comma-separated lines (RFC 4180): fields may be quoted, so that they can hold commas. Lines end in LF or CRLF.
 * Nothing is copied; so a doubled quote inside a quoted field is refused, and a newline there too: none of our sources
 * writes them.
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
    struct bytes fields[CSV_FIELDS_MAX]; /* without their quotes; what is kept goes through text_from_bytes */
    size_t count;
};
struct csv csv_with(struct bytes bytes);
/*
 * Empty lines are passed over. *found is false at the end. Errors name the line: ERROR_INPUT for quotes, ERROR_LIMIT for
 * more than CSV_FIELDS_MAX fields or LIMIT_LINE bytes; *out is then not to be read.
 */
bool csv_next(struct csv *csv, struct csv_row *out, bool *found, struct error *err) MUST_USE;
/* The next line without its end, for comments before the head; false when there is none. */
bool csv_line(struct csv *csv, struct bytes *out);

#endif
