/*
 * The field Range of a request (RFC 9110, 14.1.2), for one part of bytes: "bytes=0-499", "bytes=500-", "bytes=-500".
 */
#ifndef SERVER_RANGE_H
#define SERVER_RANGE_H

#include "base/bytes.h"

enum range_kind {
    RANGE_WHOLE, /* no such field, another unit, several parts, or not well formed: it is to be passed over */
    RANGE_PART,
    RANGE_NONE, /* none of it is there: 416 */
};
struct range {
    enum range_kind kind;
    uint64_t from, size; /* of PART: at least one byte, within the file */
};
struct range range_parse(struct text field, uint64_t file_size);

#endif
