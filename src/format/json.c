#include "format/json.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <yyjson.h>

#include "base/control.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

/*
 * yyjson reads a copy, or the caller's own bytes, in place and leaves its values in one array, in the order of the document. check_values then
 * goes over that array once for what yyjson does not refuse: depth, long strings, names given twice.
 */

/* What yyjson asks for, and enough to load eight bytes from any name. */
#define PADDING JSON_PADDING
/* Up to here the names of one object are compared each with each, above by a table. */
#define FEW_MEMBERS 16

#define LARGE_MIN   (16 * MIB)

static_assert(PADDING >= YYJSON_PADDING_SIZE, "yyjson reads behind the end");

/* What yyjson may still take for its values. It stands in front of the copy, where there is one, for yyjson keeps a pointer to it. */
struct budget {
    size_t left;
    char *bytes; /* what is parsed: the copy, or the caller's */
    char copy[];
};

/* Only of large ones: in a small one the last large page, hardly begun, is more than all the rest. */
static void expect_filling(void *memory, size_t size)
{
    if (size >= LARGE_MIN)
        os_expect_filling(memory, size);
}

static void *budget_malloc(void *self, size_t size)
{
    struct budget *budget = self;

    if (size > budget->left)
        return NULL;
    budget->left -= size;
    void *memory = malloc(size);
    expect_filling(memory, size);
    return memory;
}

static void *budget_realloc(void *self, void *memory, size_t size_before, size_t size)
{
    struct budget *budget = self;

    if (size > size_before && size - size_before > budget->left)
        return NULL;
    budget->left = budget->left + size_before - size;
    memory = realloc(memory, size);
    expect_filling(memory, size);
    return memory;
}

static void budget_free(void *self, void *memory)
{
    (void)self;
    free(memory);
}

/* The place is counted in the bytes that came, for in the copy escapes are gone already. Columns are bytes. */
static bool fail_at(struct bytes raw, size_t offset, enum error_kind kind, struct error *err,
                    const char *what)
{
    size_t line = 1, begin = 0;

    for (size_t i = 0; i < offset && i < raw.size; i++)
        if (raw.at[i] == '\n') {
            line++;
            begin = i + 1;
        }
    return error_set(err, kind, "line %zu, column %zu: %s", line, offset - begin + 1, what);
}

/* In our words: yyjson's change with its version. */
static bool fail_as_yyjson(struct bytes raw, const yyjson_read_err *said, struct error *err)
{
    const struct {
        yyjson_read_code code;
        const char *text;
    } texts[] = {
        {YYJSON_READ_ERROR_EMPTY_CONTENT, "nothing but white space"},
        {YYJSON_READ_ERROR_UNEXPECTED_CONTENT, "something follows the end of the document"},
        {YYJSON_READ_ERROR_UNEXPECTED_END, "ends in the middle of the document"},
        {YYJSON_READ_ERROR_JSON_STRUCTURE, "a comma with nothing behind it"},
        {YYJSON_READ_ERROR_INVALID_NUMBER, "broken number"},
        {YYJSON_READ_ERROR_INVALID_STRING, "broken string (control byte, escape or UTF-8)"},
        {YYJSON_READ_ERROR_LITERAL, "unexpected word"},
    };

    if (said->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return error_set(err, ERROR_LIMIT, "its values take more than %zu bytes of memory",
                         LIMIT_FEED_MEMORY);
    if (said->code == YYJSON_READ_ERROR_UNEXPECTED_CHARACTER && said->pos < raw.size) {
        uint8_t byte = raw.at[said->pos];
        char what[32];
        (void)snprintf(what, sizeof(what),
                       byte > 0x20 && byte < 0x7f ? "unexpected %c" : "unexpected byte 0x%02x", byte);
        return fail_at(raw, said->pos, ERROR_INPUT, err, what);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].code == said->code)
            return fail_at(raw, said->pos, ERROR_INPUT, err, texts[i].text);
    return fail_at(raw, said->pos, ERROR_INPUT, err, "not JSON");
}

/* One slot of the table of an object's names; value 0: free, else the name's place among the values, plus 1. */
struct slot {
    uint32_t hash;
    uint32_t value;
};

struct check {
    struct bytes raw;
    const char *copy;
    yyjson_val *root;
    struct slot *slots; /* grown as objects need it */
    size_t slot_count;
    uint64_t key; /* of the hash, drawn when the first slots are made */
};

static struct text text_of_value(yyjson_val *value)
{
    return (struct text){unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)};
}

static yyjson_val *value_after(yyjson_val *name)
{
    return unsafe_yyjson_get_next(name);
}

static yyjson_val *name_after(yyjson_val *name)
{
    return unsafe_yyjson_get_next(value_after(name));
}

static bool fail_at_value(const struct check *check, yyjson_val *value, enum error_kind kind,
                          struct error *err, const char *what)
{
    /* A string begins in the copy where it begins in what came; one before it is its quote. */
    return fail_at(check->raw, (size_t)(unsafe_yyjson_get_str(value) - check->copy) - 1, kind, err, what);
}

static bool fail_twice(const struct check *check, yyjson_val *name, struct error *err)
{
    struct text text = text_of_value(name);
    char what[128];

    if (!control_holds(CONTROL_JSON_TWICE))
        return true;
    (void)snprintf(what, sizeof(what), "\"%.*s\" is given twice", (int)(text.size < 80 ? text.size : 80),
                   text.at);
    return fail_at_value(check, name, ERROR_INPUT, err, what);
}

/* Differs for most names that differ: from the length, the first eight bytes and the last eight. */
static uint64_t mark_of(struct text name)
{
    uint64_t first, last;

    memcpy(&first, name.at, sizeof(first));
    first = le64toh(first);
    if (name.size < sizeof(first))
        return (first & ((UINT64_C(1) << (8 * name.size)) - 1)) + (name.size << 60);
    memcpy(&last, name.at + name.size - sizeof(last), sizeof(last));
    return (first ^ (last * UINT64_C(0x9e3779b97f4a7c15))) + name.size;
}

static bool check_few_names(const struct check *check, yyjson_val *object, size_t count, struct error *err)
{
    uint64_t marks[FEW_MEMBERS];
    yyjson_val *names[FEW_MEMBERS];
    yyjson_val *name = unsafe_yyjson_get_first(object);

    for (size_t i = 0; i < count; i++) {
        marks[i] = mark_of(text_of_value(name));
        names[i] = name;
        for (size_t j = 0; j < i; j++)
            if (marks[j] == marks[i] && text_equal(text_of_value(names[j]), text_of_value(name)))
                return fail_twice(check, name, err);
        if (i + 1 < count)
            name = name_after(name);
    }
    return true;
}

/* An empty table with at least twice as many slots as names. Gives their number, a power of two; 0: memory is out. */
static size_t clear_slots(struct check *check, size_t count)
{
    size_t needed = 4 * FEW_MEMBERS;

    while (needed < 2 * count)
        needed *= 2;
    if (check->slots != NULL && needed <= check->slot_count) {
        memset(check->slots, 0, needed * sizeof(struct slot));
        return needed;
    }
    own_memory(&check->slots);
    check->slots = calloc(needed, sizeof(struct slot));
    check->slot_count = check->slots == NULL ? 0 : needed;
    if (check->key == 0)
        os_random(&check->key, sizeof(check->key));
    return check->slot_count;
}

static bool check_many_names(struct check *check, yyjson_val *object, size_t count, struct error *err)
{
    yyjson_val *name = unsafe_yyjson_get_first(object);

    if (count > LIMIT_JSON_MEMBERS)
        return error_set(err, ERROR_LIMIT, "an object of %zu members, more than %d", count,
                         LIMIT_JSON_MEMBERS);
    size_t mask = clear_slots(check, count) - 1;
    if (mask == SIZE_MAX)
        return error_set(err, ERROR_LIMIT, "out of memory");
    for (size_t i = 0; i < count; i++) {
        struct text text = text_of_value(name);
        uint64_t hash = text_hash(text, check->key);
        size_t place = hash & mask;
        for (; check->slots[place].value != 0; place = (place + 1) & mask)
            if (check->slots[place].hash == hash >> 32 &&
                text_equal(text_of_value(check->root + (check->slots[place].value - 1)), text))
                return fail_twice(check, name, err);
        check->slots[place] = (struct slot){(uint32_t)(hash >> 32), (uint32_t)(name - check->root) + 1};
        if (i + 1 < count)
            name = name_after(name);
    }
    return true;
}

static bool check_names(struct check *check, yyjson_val *object, struct error *err)
{
    size_t count = unsafe_yyjson_get_len(object);

    return count <= 1 || (count <= FEW_MEMBERS ? check_few_names(check, object, count, err)
                                               : check_many_names(check, object, count, err));
}

/* Values that hold others do not know where they stood: the place is searched for, once, when it is too deep. */
static bool fail_deep(const struct check *check, struct error *err)
{
    size_t depth = 0, i = 0;
    bool quoted = false;

    for (; i < check->raw.size; i++) {
        uint8_t byte = check->raw.at[i];
        if (quoted && byte == '\\')
            i++;
        else if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '[' || byte == '{') && ++depth > LIMIT_JSON_DEPTH)
            break;
        else if (!quoted && (byte == ']' || byte == '}'))
            depth--;
    }
    char what[64];
    (void)snprintf(what, sizeof(what), "nested deeper than %d", LIMIT_JSON_DEPTH);
    return fail_at(check->raw, i, ERROR_LIMIT, err, what);
}

static bool check_values(struct check *check, struct error *err)
{
    yyjson_val *ends[LIMIT_JSON_DEPTH];
    yyjson_val *end = unsafe_yyjson_get_next(check->root);
    size_t depth = 0;

    for (yyjson_val *value = check->root; value != end;) {
        while (depth > 0 && value == ends[depth - 1])
            depth--;
        if (!unsafe_yyjson_is_ctn(value)) {
            if (unsafe_yyjson_is_str(value) && unsafe_yyjson_get_len(value) > LIMIT_JSON_STRING)
                return fail_at_value(check, value, ERROR_LIMIT, err, "a string of more than a MiB");
            value = unsafe_yyjson_get_next(value);
            continue;
        }
        if (depth == LIMIT_JSON_DEPTH)
            return fail_deep(check, err);
        ends[depth++] = unsafe_yyjson_get_next(value);
        if (unsafe_yyjson_is_obj(value) && !check_names(check, value, err))
            return false;
        value = unsafe_yyjson_get_first(value);
    }
    return true;
}

void json_end(struct json_document *document)
{
    yyjson_doc_free(document->yyjson);
    free(document->memory);
    *document = (struct json_document){0};
}

static struct json_document document_take(struct json_document *document)
{
    struct json_document taken = *document;

    *document = (struct json_document){0};
    return taken;
}

/* Whether yyjson only writes zero bytes where it is known what stood there: behind a text its quote, behind a number , ] or }. */
static bool can_put_back(struct bytes raw)
{
    for (size_t i = 1; i < raw.size; i++)
        if (raw.at[i] <= ' ' && raw.at[i - 1] >= '0' && raw.at[i - 1] <= '9')
            return false;
    return memchr(raw.at, '\\', raw.size) == NULL;
}

/* Puts back what yyjson overwrote, up to the first value that is nested too deep: check_values refuses the document then. */
static void put_back(char *bytes, yyjson_val *root)
{
    struct {
        yyjson_val *end;
        char closing;
    } around[LIMIT_JSON_DEPTH];
    yyjson_val *end = unsafe_yyjson_get_next(root);
    size_t depth = 0;

    for (yyjson_val *value = root; value != end;) {
        while (depth > 0 && value == around[depth - 1].end)
            depth--;
        yyjson_val *next = unsafe_yyjson_get_next(value);
        if (unsafe_yyjson_is_ctn(value)) {
            if (depth == LIMIT_JSON_DEPTH)
                return;
            around[depth].end = next;
            around[depth++].closing = unsafe_yyjson_is_obj(value) ? '}' : ']';
            next = unsafe_yyjson_get_first(value);
        } else if (unsafe_yyjson_is_str(value) || (unsafe_yyjson_is_raw(value) && depth > 0)) {
            char *behind = bytes + (value->uni.str - bytes) + unsafe_yyjson_get_len(value);
            *behind = ',';
            if (unsafe_yyjson_is_str(value))
                *behind = '"';
            else if (next == around[depth - 1].end)
                *behind = around[depth - 1].closing;
        }
        value = next;
    }
}

/* The bytes where yyjson may write, behind what it may take. NULL: memory is out. */
static struct budget *make_budget(struct bytes raw, bool in_place)
{
    struct budget *budget = malloc(sizeof(*budget) + (in_place ? 0 : raw.size + PADDING));

    if (budget == NULL)
        return NULL;
    /* Who asks for it to be read in place says that it is writable. */
    *budget = (struct budget){.left = LIMIT_FEED_MEMORY,
                              .bytes = in_place ? (char *)(uintptr_t)raw.at : budget->copy};
    if (in_place)
        return budget;
    expect_filling(budget, raw.size);
    memcpy(budget->copy, raw.at, raw.size);
    memset(budget->copy + raw.size, 0, PADDING);
    return budget;
}

static bool parse(struct bytes raw, size_t limit, bool in_place, struct json_document *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    yyjson_read_err said = {0};

    if (raw.size > limit || raw.size > SIZE_MAX / 2)
        return error_set(err, ERROR_LIMIT, "%zu bytes, more than the %zu allowed", raw.size, limit);
    if (raw.size == 0)
        return error_set(err, ERROR_INPUT, "line 1, column 1: nothing but white space");
    in_place = in_place && can_put_back(raw);
    struct budget *budget = make_budget(raw, in_place);
    if (budget == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for %zu bytes", raw.size);
    document.memory = budget;

    /* Numbers stay the digits they are: a score must not pass through binary fractions. */
    yyjson_alc memory = {budget_malloc, budget_realloc, budget_free, budget};
    document.yyjson = yyjson_read_opts(budget->bytes, raw.size,
                                       YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW, &memory, &said);
    if (document.yyjson == NULL)
        return fail_as_yyjson(raw, &said, err);

    struct check check = {.raw = raw, .copy = budget->bytes, .root = yyjson_doc_get_root(document.yyjson)};
    if (in_place)
        put_back(budget->bytes, check.root);
    bool good = check_values(&check, err);
    own_memory(&check.slots);
    if (good)
        *out = document_take(&document);
    return good;
}

bool json_parse(struct bytes raw, size_t limit, struct json_document *out, struct error *err)
{
    return parse(raw, limit, false, out, err);
}

bool json_parse_in_place(struct bytes raw, size_t limit, struct json_document *out, struct error *err)
{
    return parse(raw, limit, true, out, err);
}

struct json json_root(const struct json_document *document)
{
    return (struct json){yyjson_doc_get_root(document->yyjson)};
}

size_t json_place(const struct json_document *document, struct text text)
{
    const struct budget *budget = document->memory;

    return (size_t)(text.at - budget->bytes);
}

bool json_is_object(struct json value)
{
    return yyjson_is_obj(value.at);
}

bool json_is_array(struct json value)
{
    return yyjson_is_arr(value.at);
}

bool json_is_text(struct json value)
{
    return yyjson_is_str(value.at);
}

bool json_is_null(struct json value)
{
    return yyjson_is_null(value.at);
}

struct json json_member(struct json value, const char *name)
{
    return (struct json){yyjson_obj_get(value.at, name)};
}

size_t json_count(struct json value)
{
    return yyjson_is_ctn(value.at) ? unsafe_yyjson_get_len(value.at) : 0;
}

struct json_walk json_walk_with(struct json container)
{
    size_t count = json_count(container);

    return (struct json_walk){
        .index = SIZE_MAX,
        .count = count,
        .next = count > 0 ? unsafe_yyjson_get_first(container.at) : NULL,
        .object = json_is_object(container),
    };
}

bool json_walk_next(struct json_walk *walk)
{
    if (walk->index + 1 >= walk->count) /* SIZE_MAX + 1 is 0: before the first */
        return false;
    yyjson_val *value = walk->next;
    if (walk->object) {
        walk->name = text_of_value(value);
        value = value_after(value);
    }
    walk->value = (struct json){value};
    walk->index++;
    if (walk->index + 1 < walk->count)
        walk->next = unsafe_yyjson_get_next(value);
    return true;
}
