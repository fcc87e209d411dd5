/*
 * deb822, the format of dpkg's status, Packages, Release and .sources files (deb822(5)).
 *
 *     Package: expat
 *     Version: 2.5.0-1+deb12u1
 *     Description: XML parsing C library
 *      more lines begin with a space
 *                                              an empty line ends the paragraph
 *
 * Built for lists of 50 MB of which a caller wants ten fields: one pass, nothing copied, nothing allocated. Values
 * are raw bytes without the field's name, spaces around and trailing newline; continuation lines keep their
 * newlines and leading spaces (and comments that stand between them). What a caller keeps it passes through
 * text_from_bytes.
 */
#ifndef FORMAT_DEB822_H
#define FORMAT_DEB822_H

#include "base/bytes.h"

#define DEB822_FIELDS_MAX 48

/* The wanted fields, in the order of the values. Names are compared without case, as deb822 says. */
struct deb822_fields {
    const char *const *names;
    size_t count;
};

struct deb822_paragraph {
    struct bytes whole; /* from its first field to its last line's end */
    struct bytes
        values[DEB822_FIELDS_MAX]; /* at == NULL: the field is not there; only fields.count are set */
    size_t line;                   /* of its first field, from 1 */
};

/*
 * For a stream, `left` is set to the next window when deb822_next found no more in the last one (see deb822_whole);
 * lines are counted on.
 */
struct deb822 {
    struct bytes left;
    size_t line; /* read so far */
    struct deb822_fields fields;
    bool comments; /* lines that begin with '#' are passed over (.sources, preferences) */
    /* Where to look for a name: the first wanted field with such a first letter, and for each the next one. */
    uint8_t first[32];
    uint8_t next[DEB822_FIELDS_MAX];
    uint8_t sizes[DEB822_FIELDS_MAX];
};
struct deb822 deb822_with(struct bytes bytes, struct deb822_fields fields, bool comments);

/*
 * The next paragraph. *found is false at the end. ERROR_INPUT with the line: a line that is neither field nor
 * continuation, a wanted field given twice; ERROR_LIMIT: a paragraph over LIMIT_PARAGRAPH. *out is not to be read when
 * it was not found or failed.
 */
bool deb822_next(struct deb822 *deb822, struct deb822_paragraph *out, bool *found, struct error *err)
    MUST_USE;

/*
 * Bytes at the front of `bytes` that end with a whole paragraph and its empty line: what of a stream's buffer can be
 * parsed now. 0: none ends in it. What is left is kept in front of the next piece.
 */
size_t deb822_whole(struct bytes bytes);

#endif
