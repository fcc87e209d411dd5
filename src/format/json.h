/*
 * JSON, strict (RFC 8259, over yyjson): UTF-8 only, no byte order mark, no comments, no name twice in one object;
 * depth, strings, members and memory limited. Numbers keep the digits they were written with.
 *
 * Reading: json_parse makes a document that owns everything; values are small handles into it. A missing member is
 * a handle that is absent, and every question to an absent handle is answered "absent": so a chain of look-ups
 * needs one test at its end. Typed getters fail with the path's last name and what was found instead.
 */
#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H

#include "base/bytes.h"
#include "base/writer.h"

struct json_document {
    void *yyjson;
    void *memory; /* the copy that was parsed in place, or what is known of the caller's bytes */
};
void json_end(struct json_document *document); /* OWN(json_end) */

struct json { /* one value; absent when at == NULL */
    void *at;
};

/* ERROR_INPUT says line and column; ERROR_LIMIT for depth, size or memory. */
bool json_parse(struct bytes raw, size_t limit, struct json_document *out, struct error *err) MUST_USE;

/* Zero bytes that have to lie behind what is parsed where it lies. */
#define JSON_PADDING 8
/*
 * The same, without a copy of large bytes: they are the caller's, writable, followed by JSON_PADDING zero bytes, and outlive the
 * document, whose texts are views of them. After success they are as they were, after a failure they may not be. Bytes with an escape,
 * or with a space behind a digit, cannot be put back and are copied all the same.
 */
bool json_parse_in_place(struct bytes raw, size_t limit, struct json_document *out, struct error *err)
    MUST_USE;
struct json json_root(const struct json_document *document);

static inline bool json_is_absent(struct json value)
{
    return value.at == 0;
}
bool json_is_object(struct json value);
bool json_is_array(struct json value);
bool json_is_text(struct json value);
bool json_is_null(struct json value); /* null is not absent */

/* Where a text of the document, which is not copied, began in the bytes that were parsed: behind its quote. */
size_t json_place(const struct json_document *document, struct text text);

/* Absent when value is no object or has no such member. Looks at each member in turn: for large objects, walk. */
struct json json_member(struct json value, const char *name);
/* Elements of an array, or members of an object; 0 for others. */
size_t json_count(struct json value);

/* Walks an array or an object: `struct json_walk walk = json_walk_with(v); while (json_walk_next(&walk)) use(walk.name, walk.value)`. */
struct json_walk {
    struct text name; /* of the member; unchecked for control bytes: json_name_text for one that is kept */
    struct json value;
    size_t index; /* of the value, from 0 */
    size_t count;
    void *next;
    bool object;
};
struct json_walk json_walk_with(struct json container);
bool json_walk_next(struct json_walk *walk);
/* The name, checked as json_get_text checks. */
bool json_name_text(const struct json_walk *walk, size_t limit, struct text *out, struct error *err) MUST_USE;

/*
 * Typed getters. `required` absent: ERROR_INPUT "NAME is missing"; not required and absent (or null): *out is left as it is and the call is true.
 * Another type: ERROR_INPUT "NAME is a number, not a text".
 */
bool json_get_text(struct json object, const char *name, bool required, size_t limit, struct text *out,
                   struct error *err) MUST_USE;
/*
 * For remarks, never required: tabs and newlines are allowed, a longer one is cut at a character's end. Other control
 * bytes become spaces, in the document itself: who reads the member again sees them.
 */
bool json_get_note(struct json object, const char *name, size_t limit, struct text *out, struct error *err)
    MUST_USE;
bool json_get_u64(struct json object, const char *name, bool required, uint64_t max, uint64_t *out,
                  struct error *err) MUST_USE;
bool json_get_bool(struct json object, const char *name, bool required, bool *out, struct error *err)
    MUST_USE;
/* A number such as a score, as tenths: 9.8 gives 98; a second decimal but 0, an exponent, or outside 0 to max_tenths is refused. */
bool json_get_tenths(struct json object, const char *name, bool required, int16_t max_tenths, int16_t *out,
                     struct error *err) MUST_USE;
/* The array or object of that name, or fails; not required and absent: *out is absent. */
bool json_get_array(struct json object, const char *name, bool required, struct json *out, struct error *err)
    MUST_USE;
bool json_get_object(struct json object, const char *name, bool required, struct json *out, struct error *err)
    MUST_USE;
/* The value itself: for elements of an array. */
bool json_as_text(struct json value, size_t limit, struct text *out, struct error *err) MUST_USE;
bool json_as_u64(struct json value, uint64_t max, uint64_t *out, struct error *err) MUST_USE;
bool json_as_bool(struct json value, bool *out, struct error *err) MUST_USE;
/* A text's bytes as they are, control bytes too (they are UTF-8); a number's digits as they were written. Absent for other values. */
struct bytes json_bytes(struct json value);
struct text json_digits(struct json value);
bool json_is_bool(struct json value);

/*
 * Writing: a writer that knows where it is, so that commas and brackets cannot be wrong. Members come in the order
 * they are written. Compact unless pretty (two spaces).
 */
struct json_writer {
    struct writer *out;
    uint32_t depth;
    bool pretty;
    bool first; /* nothing was written yet at this depth */
    bool named; /* a name was written, its value is due */
};
struct json_writer json_writer_with(struct writer *out, bool pretty);
void json_open_object(struct json_writer *j);
void json_close_object(struct json_writer *j);
void json_open_array(struct json_writer *j);
void json_close_array(struct json_writer *j);
void json_name(struct json_writer *j, const char *name);
/* The same of a name that stands in a document. */
void json_name_of(struct json_writer *j, struct text name);
void json_put_text(struct json_writer *j, struct text value);
void json_put_string(struct json_writer *j, const char *value);
void json_put_u64(struct json_writer *j, uint64_t value);
void json_put_bool(struct json_writer *j, bool value);
void json_put_null(struct json_writer *j);
/* 98 as 9.8; CVSS_NONE and the like are the caller's to write as null. */
void json_put_tenths(struct json_writer *j, int32_t tenths);
/* 12345 millionths as 0.012345, without trailing zeros. */
void json_put_millionths(struct json_writer *j, uint32_t millionths);
/* ISO 8601 in UTC; TIME_ABSENT as null. */
void json_put_time(struct json_writer *j, int64_t us);
/* A number by the digits that a document has for it. */
void json_put_digits(struct json_writer *j, struct text digits);
/* A value of a document as it stands there; null when it is absent. (json_copy.c) */
void json_put_value(struct json_writer *j, struct json value);

#endif
