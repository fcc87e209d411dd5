/*
 * The ar file around a package: ar(5) as dpkg-deb writes it, names of at most 16 bytes in the head itself.
 */
#ifndef DELTA_DEB_AR_H
#define DELTA_DEB_AR_H

#include "base/reader.h"
#include "base/writer.h"

#define DEB_AR_MAGIC     BYTES("!<arch>\n")
#define DEB_AR_HEAD_SIZE ((size_t)60)
#define DEB_AR_NAME_MAX  16

struct deb_ar_member {
    struct bytes head; /* DEB_AR_HEAD_SIZE bytes */
    struct bytes name; /* without spaces behind it, and without the slash of GNU's ar */
    struct bytes bytes;
    uint64_t time; /* 0 where the field holds no number */
    bool bare;     /* of an odd size, and no newline behind it: the file ends there */
};

/* The next member of a reader that stands behind the magic. ERROR_INPUT with the place. */
bool deb_ar_next(struct reader *r, struct deb_ar_member *out, struct error *err) MUST_USE;
/* The head as dpkg-deb makes it: owner 0:0, mode 100644. False: the name or the numbers do not fit. */
bool deb_ar_head(struct bytes name, uint64_t time, uint64_t size, uint8_t out[DEB_AR_HEAD_SIZE]);

#endif
