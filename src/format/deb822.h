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
 * are raw bytes without the field's name, leading spaces and trailing newline; continuation lines keep their
 * newlines and leading spaces. What a caller keeps it passes through text_from_bytes.
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
    struct bytes whole;
    struct bytes values[DEB822_FIELDS_MAX]; /* at == NULL: the field is not there */
    size_t line;                            /* of the paragraph's first line, from 1 */
};

struct deb822 {
    struct bytes left;
    size_t line;
    struct deb822_fields fields;
    bool comments; /* lines that begin with '#' are passed over (.sources, preferences) */
};
struct deb822 deb822_with(struct bytes bytes, struct deb822_fields fields, bool comments);

/*
 * The next paragraph. *found is false at the end. ERROR_INPUT with the line: a line that is neither field nor continuation, a wanted field given twice;
 * ERROR_LIMIT: a paragraph over LIMIT_PARAGRAPH.
 */
bool deb822_next(struct deb822 *deb822, struct deb822_paragraph *out, bool *found, struct error *err)
    MUST_USE;

/* Bytes at the front of `bytes` that end with a whole paragraph: what of a stream's buffer can be parsed now. 0: none ends in it. */
size_t deb822_whole(struct bytes bytes);

#endif
