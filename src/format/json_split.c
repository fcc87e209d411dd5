#include "format/json_split.h"

#include <assert.h>
#include <endian.h>

#include "base/limits.h"
#include "base/own.h"

enum byte_kind { BYTE_OTHER, BYTE_QUOTE, BYTE_OPEN, BYTE_CLOSE };

static const uint8_t byte_kinds[256] = {
    ['"'] = BYTE_QUOTE, ['{'] = BYTE_OPEN, ['['] = BYTE_OPEN, ['}'] = BYTE_CLOSE, [']'] = BYTE_CLOSE,
};

/* The parser of whole documents has the words and the place. */
static bool fail(const struct json_split *split, struct error *err)
{
    OWN(json_end) struct json_document document = {0};

    return json_parse(split->raw, split->limit, &document, err) &&
           error_set(err, ERROR_INPUT, "not JSON at byte %zu", split->at);
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* The byte behind white space, not taken; 0, which is none of JSON's, at the end. */
static uint8_t peek(struct json_split *split)
{
    while (split->at < split->raw.size && is_space(split->raw.at[split->at]))
        split->at++;
    return split->at < split->raw.size ? split->raw.at[split->at] : 0;
}

static bool take_byte(struct json_split *split, uint8_t byte)
{
    if (peek(split) != byte)
        return false;
    split->at++;
    return true;
}

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* The highest bit of the first byte of `word` that is `byte`, and maybe of later ones. */
static uint64_t mark_byte(uint64_t word, uint8_t byte)
{
    uint64_t difference = word ^ EACH_BYTE * byte;

    return (difference - EACH_BYTE) & ~difference & EACH_BYTE << 7;
}

/* The next quote or backslash, or `size`; eight bytes at a time, for most of a document is in strings. */
static size_t find_quote(const uint8_t *at, size_t from, size_t size)
{
    for (uint64_t word; from + sizeof(word) <= size; from += sizeof(word)) {
        memcpy(&word, at + from, sizeof(word));
        word = le64toh(word);
        uint64_t marks = mark_byte(word, '"') | mark_byte(word, '\\');
        if (marks != 0)
            return from + (size_t)__builtin_ctzll(marks) / 8;
    }
    while (from < size && at[from] != '"' && at[from] != '\\')
        from++;
    return from;
}

/* From behind a string's quote to behind its other one; past `size` when there is none. */
static size_t string_end(const uint8_t *at, size_t from, size_t size)
{
    while (from < size) {
        from = find_quote(at, from, size);
        if (from < size && at[from] == '"')
            break;
        from += 2; /* a backslash, and what it escapes */
    }
    return from + 1;
}

/* From a container's bracket to behind the one that closes it, of whichever kind; past `size` when none does. */
static size_t container_end(const uint8_t *at, size_t from, size_t size)
{
    size_t depth = 0;

    while (from < size) {
        switch ((enum byte_kind)byte_kinds[at[from++]]) {
        case BYTE_QUOTE:
            from = string_end(at, from, size);
            break;
        case BYTE_OPEN:
            depth++;
            break;
        case BYTE_CLOSE:
            if (--depth == 0)
                return from;
            break;
        case BYTE_OTHER:
            break;
        }
    }
    return size + 1;
}

static size_t scalar_end(const uint8_t *at, size_t from, size_t size)
{
    while (from < size && !is_space(at[from]) && at[from] != ',' && byte_kinds[at[from]] == BYTE_OTHER)
        from++;
    return from;
}

/* The bytes of the value that begins here. What is in them the parser judges. */
static bool take_value(struct json_split *split, struct bytes *out)
{
    const uint8_t *at = split->raw.at;
    size_t size = split->raw.size;
    uint8_t kind = byte_kinds[peek(split)];
    size_t begin = split->at;
    size_t end = kind == BYTE_QUOTE  ? string_end(at, begin + 1, size)
                 : kind == BYTE_OPEN ? container_end(at, begin, size)
                                     : scalar_end(at, begin, size);

    if (end == begin || end > size)
        return false;
    *out = (struct bytes){at + begin, end - begin};
    split->at = end;
    return true;
}

static void open_level(struct json_split *split)
{
    split->levels[split->depth++] = (struct json_split_level){
        .object = split->raw.at[split->at] == '{',
        .names = map_with(split->arena),
    };
    split->at++;
}

static bool close_level(struct json_split *split, struct error *err)
{
    split->at++;
    split->depth--;
    return split->depth > 0 || (peek(split) == 0 && split->at == split->raw.size) || fail(split, err);
}

void json_split_end(struct json_split *split)
{
    json_end(&split->document);
    writer_end(&split->member);
}

bool json_split_open(struct bytes raw, size_t limit, struct arena *arena, struct json_split *out,
                     struct error *err)
{
    struct json_split split = {.raw = raw, .limit = limit, .arena = arena};

    if (raw.size > limit)
        return fail(&split, err);
    if (byte_kinds[peek(&split)] != BYTE_OPEN) {
        OWN(json_end) struct json_document document = {0};
        return json_parse(raw, limit, &document, err) &&
               error_set(err, ERROR_INPUT, "neither an object nor an array");
    }
    open_level(&split);
    split.member = writer_with(raw.size + 2);
    *out = split;
    return true;
}

bool json_split_in_object(const struct json_split *split)
{
    return split->depth > 0 && split->levels[split->depth - 1].object;
}

bool json_split_next(struct json_split *split, bool *found, struct error *err)
{
    struct json passed;

    assert(split->depth > 0);
    if (split->pending && !json_split_take(split, &passed, err))
        return false;
    struct json_split_level *level = &split->levels[split->depth - 1];
    *found = peek(split) != (level->object ? '}' : ']');
    if (!*found)
        return close_level(split, err);
    if (level->begun && !take_byte(split, ','))
        return fail(split, err);
    split->name = (struct bytes){0};
    if (level->object && (peek(split) != '"' || !take_value(split, &split->name) || !take_byte(split, ':')))
        return fail(split, err);
    (void)peek(split);
    level->begun = true;
    split->pending = true;
    return true;
}

bool json_split_named(const struct json_split *split, const char *name)
{
    size_t size = strlen(name);

    return split->name.size == size + 2 && memcmp(split->name.at + 1, name, size) == 0;
}

/* A name that comes twice is one of a document that the parser of whole ones refuses. */
static bool put_name(struct json_split *split, struct text name, struct error *err)
{
    struct map *names = &split->levels[split->depth - 1].names;

    if (map_get(names, name) != MAP_NONE)
        return fail(split, err);
    if (names->count == LIMIT_JSON_MEMBERS)
        return error_set(err, ERROR_LIMIT, "an object of more than %d members", LIMIT_JSON_MEMBERS);
    struct text kept = text_copy(split->arena, name);
    if (kept.at == NULL)
        return arena_full(split->arena, err);
    return map_put(names, kept, 0, err);
}

static bool parse(struct json_split *split, struct bytes raw, struct json *out, struct error *err)
{
    struct error in_piece; /* names a place in the piece */

    json_end(&split->document);
    if (!json_parse(raw, SIZE_MAX, &split->document, &in_piece))
        return fail(split, err);
    *out = json_root(&split->document);
    return true;
}

static bool take_member(struct json_split *split, struct bytes value, struct json *out, struct error *err)
{
    struct bytes whole;

    writer_clear(&split->member);
    writer_byte(&split->member, '{');
    writer_put(&split->member, split->name);
    writer_byte(&split->member, ':');
    writer_put(&split->member, value);
    writer_byte(&split->member, '}');
    if (!writer_done(&split->member, &whole, err) || !parse(split, whole, out, err))
        return false;
    struct json_walk walk = json_walk_with(*out);
    return json_walk_next(&walk) && put_name(split, walk.name, err);
}

bool json_split_take(struct json_split *split, struct json *piece, struct error *err)
{
    struct bytes value;

    assert(split->pending);
    split->pending = false;
    if (!take_value(split, &value))
        return fail(split, err);
    return json_split_in_object(split) ? take_member(split, value, piece, err)
                                       : parse(split, value, piece, err);
}

bool json_split_enter(struct json_split *split, bool *entered, struct error *err)
{
    struct json name;

    assert(split->pending && split->depth < JSON_SPLIT_DEPTH);
    *entered = byte_kinds[peek(split)] == BYTE_OPEN;
    if (!*entered)
        return true;
    split->pending = false;
    if (json_split_in_object(split) && !take_member(split, BYTES("0"), &name, err))
        return false;
    open_level(split);
    return true;
}
