/*
 * A large JSON document in pieces: the members of its outermost object or array, one after the other, each
 * parsed by itself and forgotten before the next.
 *
 *     OWN(json_split_end) struct json_split split = {0};
 *     if (!json_split_open(raw, limit, &arena, &split, err)) return false;
 *     for (;;) {
 *         if (!json_split_next(&split, &found, err)) return false;
 *         if (!found) break;
 *         if (!json_split_take(&split, &piece, err)) return false;
 *         ...
 *     }
 *
 * The tree of a document of 75 MB takes 250 MB, and most of the time goes into getting that memory from the
 * system; small pieces use the same few pages again. Accepted is what json_parse accepts, but that depth counts
 * anew in each piece. Errors name the same places as json_parse: for those the document is parsed as a whole.
 * What was handed out before a failure is not to be used.
 */
#ifndef FORMAT_JSON_SPLIT_H
#define FORMAT_JSON_SPLIT_H

#include "base/map.h"
#include "format/json.h"

#define JSON_SPLIT_DEPTH 2 /* the outermost container, and one that was entered */

struct json_split {
    struct bytes raw;
    size_t limit;
    struct arena *arena;
    size_t at;         /* in raw; at a value when one is pending */
    bool pending;      /* found, neither taken nor entered */
    struct bytes name; /* of it as it is written, with quotes; none in an array */
    size_t depth;      /* containers that are open */
    struct json_split_level {
        bool object;
        bool begun;       /* something was found in it */
        struct map names; /* that it has had, in the arena */
    } levels[JSON_SPLIT_DEPTH];
    struct writer member; /* one member with braces around it */
    struct json_document document;
};

/* Goes into the outermost container. Fails when the document is none. The names of members go into the arena. */
bool json_split_open(struct bytes raw, size_t limit, struct arena *arena, struct json_split *out,
                     struct error *err) MUST_USE;
void json_split_end(struct json_split *split); /* OWN */

/* Whether the container that we are in is an object. */
bool json_split_in_object(const struct json_split *split);
/*
 * To the next member or element of the container that we are in; one that was not taken is checked and passed
 * over. *found is false at its end; we are then in the container around it.
 */
bool json_split_next(struct json_split *split, bool *found, struct error *err) MUST_USE;
/* Whether the member that was found has this name, written without escapes. */
bool json_split_named(const struct json_split *split, const char *name);
/* The element; or the member, as an object that has nothing else. It lives until the next call. */
bool json_split_take(struct json_split *split, struct json *piece, struct error *err) MUST_USE;
/* Goes into the value instead. *entered is false, and it can still be taken, when it is neither object nor array. */
bool json_split_enter(struct json_split *split, bool *entered, struct error *err) MUST_USE;

#endif
