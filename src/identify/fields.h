/*
 * Fields: the members that a reader wants of a JSON object, as a table.
 *
 *     static const struct field row_fields[] = {
 *         FIELD_TEXT(struct row, id, "cveID", FIELD_REQUIRED, LIMIT_ADVISORY_ID),
 *         FIELD_TIME(struct row, added, "dateAdded", FIELD_REQUIRED),
 *     };
 *     struct row row = {0};
 *     if (!FIELDS_READ(object, row_fields, &row, err)) ...
 *
 * The object is walked once, whatever the number of fields: a look-up for each would walk it for each. Members
 * that no field names are passed over; null counts as absent. On failure the struct may be half filled.
 */
#ifndef IDENTIFY_FIELDS_H
#define IDENTIFY_FIELDS_H

#include "format/json.h"

enum field_kind {
    FIELD_KIND_UNKNOWN,
    FIELD_KIND_TEXT,  /* struct text */
    FIELD_KIND_TIME,  /* int64_t, microseconds */
    FIELD_KIND_ARRAY, /* struct json */
    FIELD_KIND_OBJECT,
    FIELD_KIND_VALUE, /* struct json of any type */
    FIELD_KIND_COUNT
};

#define FIELD_OPTIONAL false
#define FIELD_REQUIRED true
#define FIELDS_MAX     32

struct field {
    const char *name;
    size_t name_size;
    enum field_kind kind;
    bool required;
    size_t limit; /* of a text */
    size_t offset;
};

#define FIELD_OF(type, member, name, kind, required, limit)                                                  \
    {                                                                                                        \
        name, sizeof(name) - 1, kind, required, limit, offsetof(type, member)                                \
    }
#define FIELD_TEXT(type, member, name, required, limit)                                                      \
    FIELD_OF(type, member, name, FIELD_KIND_TEXT, required, limit)
#define FIELD_TIME(type, member, name, required)  FIELD_OF(type, member, name, FIELD_KIND_TIME, required, 64)
#define FIELD_ARRAY(type, member, name, required) FIELD_OF(type, member, name, FIELD_KIND_ARRAY, required, 0)
#define FIELD_OBJECT(type, member, name, required)                                                           \
    FIELD_OF(type, member, name, FIELD_KIND_OBJECT, required, 0)
#define FIELD_VALUE(type, member, name, required) FIELD_OF(type, member, name, FIELD_KIND_VALUE, required, 0)

/* ERROR_INPUT with the field's name: absent, of another type, not text, no time; or when `object` is no object. */
bool fields_read(struct json object, const struct field *fields, size_t count, void *into, struct error *err)
    MUST_USE;

#define FIELDS_READ(object, fields, into, err)                                                               \
    fields_read((object), (fields), sizeof(fields) / sizeof((fields)[0]), (into), (err))

#endif
