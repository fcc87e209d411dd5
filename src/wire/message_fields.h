/*
 * Messages of fixed fields as tables: one row for each field, in the order of the bytes, written and read by the same table.
 * For the sources of wire/ alone.
 */
#ifndef WIRE_MESSAGE_FIELDS_H
#define WIRE_MESSAGE_FIELDS_H

#include "base/bytes.h"
#include "base/reader.h"
#include "base/writer.h"

enum field_kind {
    FIELD_UNKNOWN,
    FIELD_NUMBER,       /* `size` bytes (1, 2, 4, 8) little-endian, into a number of that size */
    FIELD_RAW,          /* `size` bytes into an array */
    FIELD_TEXT,         /* struct text: varint and at most `size` bytes */
    FIELD_BLOB,         /* struct bytes: varint and 1 to `size` bytes */
    FIELD_BLOB_OR_NONE, /* the same, and 0 bytes are good too */
    FIELD_LIST,         /* struct bytes: u16 count and so many times `size` bytes */
    FIELD_KIND_COUNT
};

struct message_field {
    const char *name;
    enum field_kind kind;
    size_t size;
    size_t offset; /* in the struct */
};

struct message_form {
    const char *name;
    const char *magic; /* four bytes */
    const struct message_field *fields;
    size_t count;
};

#define NUMBER_FIELD(type, member)                                                                           \
    {                                                                                                        \
#member, FIELD_NUMBER, sizeof(((type *)0)->member), offsetof(type, member)                           \
    }
#define RAW_FIELD(type, member)                                                                              \
    {                                                                                                        \
#member, FIELD_RAW, sizeof(((type *)0)->member), offsetof(type, member)                              \
    }
#define TEXT_FIELD(type, member, limit)                                                                      \
    {                                                                                                        \
#member, FIELD_TEXT, limit, offsetof(type, member)                                                   \
    }
#define BLOB_FIELD(type, member, limit)                                                                      \
    {                                                                                                        \
#member, FIELD_BLOB, limit, offsetof(type, member)                                                   \
    }
#define LIST_FIELD(type, member, each)                                                                       \
    {                                                                                                        \
#member, FIELD_LIST, each, offsetof(type, member)                                                    \
    }

void message_write(struct writer *w, const struct message_form *form, const void *from);
/* Fills the fields of *out; when it fails *out may be half filled: a caller gives a local. Views point into `raw`. */
bool message_parse(struct bytes raw, const struct message_form *form, void *out, struct error *err) MUST_USE;

void message_write_text(struct writer *w, struct text text);
bool message_read_text(struct reader *r, const char *name, size_t limit, struct text *out, struct error *err)
    MUST_USE;
bool message_read_magic(struct reader *r, const struct message_form *form, struct error *err) MUST_USE;

#endif
