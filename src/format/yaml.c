#include "format/yaml.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/nearest.h"
#include "base/own.h"

#define SHOWN_MAX 40 /* bytes of a wrong value in an error: the place must still fit in front */
#define NAMES_MAX 64 /* keys of one mapping, words of one enumeration: the bits of a uint64_t */

/* One open mapping or list of the file, and the schema that it must follow. */
struct frame {
    const cyaml_schema_value_t *schema;
    const char *key; /* whose value it is; NULL for the file itself */
    yaml_mark_t mark;
    const cyaml_schema_field_t *field; /* mapping: the key was read, its value comes next */
    uint64_t seen;                     /* mapping: bits of the keys read */
    uint32_t count;                    /* list: entries read */
};

struct walk {
    struct text name;
    const struct yaml_form *form;
    struct frame stack[LIMIT_YAML_DEPTH];
    size_t depth;
    bool begun;
};

static bool fail_at(const struct walk *walk, yaml_mark_t mark, struct error *err)
{
    return error_at(err, "%.*s:%zu:%zu", TEXT_ARG(walk->name), mark.line + 1, mark.column + 1);
}

void yaml_hint(struct text wrong, const char *const *names, char out[YAML_HINT_MAX])
{
    struct nearest nearest = nearest_with(wrong);

    nearest.distance = SIZE_MAX; /* the files are small and so are the choices: even a far name helps */
    for (size_t i = 0; names[i] != NULL; i++)
        nearest_try(&nearest, text_of(names[i]));
    out[0] = 0;
    if (nearest.best.size > 0)
        (void)snprintf(out, YAML_HINT_MAX, "; did you mean \"%.*s\"?", TEXT_ARG(nearest.best));
}

/* -- scalars against their schema -- */

static struct text shown(struct text value)
{
    return text_part(value, 0, SHOWN_MAX);
}

static struct text scalar_text(const yaml_event_t *event)
{
    return (struct text){(const char *)event->data.scalar.value, event->data.scalar.length};
}

static bool check_word(const cyaml_schema_value_t *schema, const char *key, struct text value,
                       struct error *err)
{
    const char *names[NAMES_MAX + 1] = {0};
    char words[100] = "", hint[YAML_HINT_MAX];
    size_t size = 0;

    assert(schema->enumeration.count <= NAMES_MAX);
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        names[i] = schema->enumeration.strings[i].str;
        if (text_equal(value, text_of(names[i])))
            return true;
        int written = snprintf(words + size, sizeof(words) - size, i ? ", %s" : "%s", names[i]);
        size = written > 0 && (size_t)written < sizeof(words) - size ? size + (size_t)written : size;
    }
    yaml_hint(value, names, hint);
    return error_set(err, ERROR_INPUT, "\"%s\" is one of %s, not \"%.*s\"%s", key, words,
                     TEXT_ARG(shown(value)), hint);
}

static bool check_number(const cyaml_schema_value_t *schema, const char *key, struct text value,
                         struct error *err)
{
    uint64_t max = schema->data_size >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * schema->data_size)) - 1;
    struct error ignored;
    uint64_t number;

    /* "010" is eight to some readers of YAML and ten to others. */
    bool plain = value.size == 1 || (value.size > 1 && value.at[0] != '0');
    if (!plain || !text_to_u64(value, &number, &ignored) || number > max)
        return error_set(err, ERROR_INPUT, "\"%s\" is a whole number up to %llu, not \"%.*s\"", key,
                         (unsigned long long)max, TEXT_ARG(shown(value)));
    return true;
}

static bool check_answer(const char *key, struct text value, struct error *err)
{
    /* libcyaml takes every word but "false", "no", "disable" and "0" for true. */
    static const char *const answers[] = {"true", "false", "yes", "no", NULL};

    for (size_t i = 0; answers[i] != NULL; i++)
        if (text_equal(value, text_of(answers[i])))
            return true;
    return error_set(err, ERROR_INPUT, "\"%s\" is yes or no, not \"%.*s\"", key, TEXT_ARG(shown(value)));
}

static bool check_text(const struct walk *walk, const cyaml_schema_value_t *schema, const char *key,
                       struct text value, struct error *err)
{
    struct text checked;

    assert(key != NULL); /* only the file itself has none, and it is a mapping */
    if (value.size == 0)
        return error_set(err, ERROR_INPUT, "\"%s\" is empty", key);
    if (!text_from_bytes(bytes_of_text(value), schema->string.max, &checked, err))
        return error_at(err, "\"%s\"", key);
    for (const struct yaml_check *c = walk->form->checks; c != NULL && c->key != NULL; c++)
        if (strcmp(c->key, key) == 0)
            return c->check(walk->form->self, checked, err);
    return true;
}

static bool wrong_kind(const cyaml_schema_value_t *schema, const char *key, struct error *err)
{
    const char *wanted = "a single value";

    if (schema->type == CYAML_MAPPING)
        wanted = "keys with values";
    else if (schema->type == CYAML_SEQUENCE || schema->type == CYAML_SEQUENCE_FIXED ||
             schema->type == CYAML_FLAGS)
        wanted = "a list, like [a, b]";
    if (key == NULL)
        return error_set(err, ERROR_INPUT, "the file needs %s", wanted);
    return error_set(err, ERROR_INPUT, "\"%s\" needs %s", key, wanted);
}

static bool check_scalar(const struct walk *walk, const cyaml_schema_value_t *schema, const char *key,
                         struct text value, struct error *err)
{
    if (schema->type == CYAML_STRING)
        return check_text(walk, schema, key, value, err);
    if (schema->type == CYAML_ENUM || schema->type == CYAML_FLAGS)
        return check_word(schema, key, value, err);
    if (schema->type == CYAML_UINT)
        return check_number(schema, key, value, err);
    if (schema->type == CYAML_BOOL)
        return check_answer(key, value, err);
    return wrong_kind(schema, key, err);
}

/* -- the walk -- */

static bool take_key(struct walk *walk, const yaml_event_t *event, struct error *err)
{
    assert(walk->depth > 0);
    struct frame *top = &walk->stack[walk->depth - 1];
    const char *names[NAMES_MAX + 1] = {0};
    char hint[YAML_HINT_MAX];

    if (event->type != YAML_SCALAR_EVENT) {
        (void)error_set(err, ERROR_INPUT, "a key must be a single word or some");
        return fail_at(walk, event->start_mark, err);
    }
    struct text key = scalar_text(event);
    for (uint32_t i = 0; top->schema->mapping.fields[i].key != NULL; i++) {
        assert(i < NAMES_MAX);
        names[i] = top->schema->mapping.fields[i].key;
        if (!text_equal(key, text_of(names[i])))
            continue;
        if (top->seen >> i & 1) {
            (void)error_set(err, ERROR_INPUT, "\"%s\" is given twice", names[i]);
            return fail_at(walk, event->start_mark, err);
        }
        top->seen |= UINT64_C(1) << i;
        top->field = &top->schema->mapping.fields[i];
        return true;
    }
    yaml_hint(key, names, hint);
    (void)error_set(err, ERROR_INPUT, "unknown key \"%.*s\"%s", TEXT_ARG(shown(key)), hint);
    return fail_at(walk, event->start_mark, err);
}

/* What must come next: NULL when it is a key. */
static const cyaml_schema_value_t *expected(struct walk *walk, const char **key)
{
    struct frame *top = walk->depth > 0 ? &walk->stack[walk->depth - 1] : NULL;

    *key = top == NULL ? NULL : top->key;
    if (top == NULL)
        return walk->form->schema;
    if (top->schema->type != CYAML_MAPPING) {
        top->count++;
        return top->schema->type == CYAML_FLAGS ? top->schema : top->schema->sequence.entry;
    }
    if (top->field == NULL)
        return NULL;
    const cyaml_schema_value_t *schema = &top->field->value;
    *key = top->field->key;
    top->field = NULL;
    return schema;
}

static bool may_open(const struct walk *walk, const cyaml_schema_value_t *schema, const yaml_event_t *event)
{
    bool in_flags = walk->depth > 0 && walk->stack[walk->depth - 1].schema == schema;

    if (event->type == YAML_MAPPING_START_EVENT)
        return schema->type == CYAML_MAPPING;
    return schema->type == CYAML_SEQUENCE || schema->type == CYAML_SEQUENCE_FIXED ||
           (schema->type == CYAML_FLAGS && !in_flags);
}

static bool take_value(struct walk *walk, const yaml_event_t *event, struct error *err)
{
    const char *key;
    const cyaml_schema_value_t *schema = expected(walk, &key);

    walk->begun = true;
    if (schema == NULL)
        return take_key(walk, event, err);
    if (event->type == YAML_SCALAR_EVENT) {
        bool listed = walk->depth > 0 && walk->stack[walk->depth - 1].schema == schema;
        bool good = schema->type == CYAML_FLAGS && !listed
                        ? wrong_kind(schema, key, err)
                        : check_scalar(walk, schema, key, scalar_text(event), err);
        return good || fail_at(walk, event->start_mark, err);
    }
    if (!may_open(walk, schema, event)) {
        (void)wrong_kind(schema, key, err);
        return fail_at(walk, event->start_mark, err);
    }
    if (walk->depth == LIMIT_YAML_DEPTH) {
        (void)error_set(err, ERROR_LIMIT, "more than %d levels", LIMIT_YAML_DEPTH);
        return fail_at(walk, event->start_mark, err);
    }
    walk->stack[walk->depth++] = (struct frame){.schema = schema, .key = key, .mark = event->start_mark};
    return true;
}

static bool check_complete(const struct frame *frame, struct error *err)
{
    const cyaml_schema_value_t *schema = frame->schema;

    if (schema->type == CYAML_SEQUENCE || schema->type == CYAML_SEQUENCE_FIXED) {
        if (frame->count >= schema->sequence.min && frame->count <= schema->sequence.max)
            return true;
        return error_set(err, frame->count < schema->sequence.min ? ERROR_INPUT : ERROR_LIMIT,
                         "\"%s\" has %u entries, not %u to %u", frame->key, frame->count,
                         schema->sequence.min, schema->sequence.max);
    }
    if (schema->type == CYAML_FLAGS)
        return frame->count > 0 || error_set(err, ERROR_INPUT, "\"%s\" is an empty list", frame->key);
    if (frame->seen == 0 && frame->key != NULL)
        return error_set(err, ERROR_INPUT, "\"%s\" is without keys", frame->key);
    for (uint32_t i = 0; schema->mapping.fields[i].key != NULL; i++) {
        const cyaml_schema_field_t *field = &schema->mapping.fields[i];
        if ((field->value.flags & CYAML_FLAG_OPTIONAL) == 0 && (frame->seen >> i & 1) == 0)
            return error_set(err, ERROR_INPUT, "\"%s\" is missing here", field->key);
    }
    return true;
}

/* A file must mean what it shows. */
static bool check_plain(const yaml_event_t *event, struct error *err)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_ALIAS_EVENT)
        return error_set(err, ERROR_INPUT, "alias \"*%.40s\": aliases are not allowed",
                         (const char *)event->data.alias.anchor);
    if (event->type == YAML_SCALAR_EVENT)
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    else if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    if (anchor != NULL)
        return error_set(err, ERROR_INPUT, "anchor \"&%.40s\": anchors are not allowed",
                         (const char *)anchor);
    if (tag != NULL)
        return error_set(err, ERROR_INPUT, "tag \"%.40s\": tags are not allowed", (const char *)tag);
    return true;
}

static bool take_event(struct walk *walk, const yaml_event_t *event, struct error *err)
{
    if (!check_plain(event, err))
        return fail_at(walk, event->start_mark, err);
    if (event->type == YAML_SCALAR_EVENT || event->type == YAML_SEQUENCE_START_EVENT ||
        event->type == YAML_MAPPING_START_EVENT)
        return take_value(walk, event, err);
    if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT) {
        assert(walk->depth > 0); /* libyaml ends only what it began */
        const struct frame *frame = &walk->stack[--walk->depth];
        assert(frame->schema != NULL);
        return check_complete(frame, err) || fail_at(walk, frame->mark, err);
    }
    if (event->type == YAML_DOCUMENT_START_EVENT && walk->begun) {
        (void)error_set(err, ERROR_INPUT, "a second document begins; one is allowed");
        return fail_at(walk, event->start_mark, err);
    }
    if (event->type == YAML_STREAM_END_EVENT && !walk->begun) {
        (void)error_set(err, ERROR_INPUT, "the file is empty");
        return fail_at(walk, event->start_mark, err);
    }
    return true;
}

/* What libyaml could not read: its own words, at its place. */
static bool fail_parser(const struct walk *walk, const yaml_parser_t *parser, struct error *err)
{
    const char *problem = parser->problem == NULL ? "memory is out" : parser->problem;
    yaml_mark_t mark = parser->problem_mark;

    if (parser->error == YAML_READER_ERROR)
        return error_set(err, ERROR_INPUT, "%.*s: byte %zu: %s", TEXT_ARG(walk->name), parser->problem_offset,
                         problem);
    (void)error_set(err, parser->error == YAML_MEMORY_ERROR ? ERROR_LIMIT : ERROR_INPUT, "%s", problem);
    return fail_at(walk, mark, err);
}

/* Embeddings, overrides and isolates of Unicode's UAX 9: they show what follows, comments too, in another order. */
static bool turns_direction(const uint8_t *at, size_t left)
{
    return left >= 3 && at[0] == 0xe2 &&
           ((at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) ||
            (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
}

static bool check_direction(struct bytes file, const struct walk *walk, struct error *err)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < file.size; i++) {
        if (turns_direction(file.at + i, file.size - i)) {
            (void)error_set(err, ERROR_INPUT, "a character that turns the direction of writing");
            return fail_at(walk, mark, err);
        }
        if (file.at[i] == '\n')
            mark = (yaml_mark_t){.line = mark.line + 1};
        else
            mark.column += (file.at[i] & 0xc0) != 0x80;
    }
    return true;
}

static bool check_file(struct bytes file, struct walk *walk, struct error *err)
{
    OWN(yaml_parser_delete) yaml_parser_t parser = {0};
    bool good = true, more = true;

    if (!yaml_parser_initialize(&parser))
        return error_set(err, ERROR_LIMIT, "%.*s: memory is out", TEXT_ARG(walk->name));
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, file.at, file.size);
    while (good && more) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event))
            return fail_parser(walk, &parser, err);
        more = event.type != YAML_STREAM_END_EVENT;
        good = take_event(walk, &event, err);
        yaml_event_delete(&event);
    }
    return good;
}

/* -- the mapping -- */

/* libcyaml's memory, from the arena: the size stands before each piece, because it asks for more as it goes. */
static void *take_memory(void *context, void *piece, size_t size)
{
    struct arena *arena = context;
    size_t *taken, before = 0;

    if (size == 0)
        return NULL;
    if (piece != NULL)
        before = ((const size_t *)piece)[-2];
    if (before >= size)
        return piece;
    taken = size > LIMIT_YAML_MEMORY ? NULL : arena_take(arena, size + 2 * sizeof(size_t));
    if (taken == NULL)
        return NULL;
    taken[0] = size;
    if (piece != NULL)
        memcpy(taken + 2, piece, before);
    return taken + 2;
}

bool yaml_read(struct bytes file, struct text name, const struct yaml_form *form, struct arena *arena,
               void **out, struct error *err)
{
    struct walk walk = {.name = name, .form = form};
    cyaml_config_t config = {
        .log_level = CYAML_LOG_ERROR, .mem_fn = take_memory, .mem_ctx = arena, .flags = CYAML_CFG_NO_ALIAS};
    cyaml_data_t *data = NULL;

    if (file.size > LIMIT_YAML_FILE)
        return error_set(err, ERROR_LIMIT, "%.*s: %zu bytes, more than %zu", TEXT_ARG(name), file.size,
                         LIMIT_YAML_FILE);
    if (!check_direction(file, &walk, err) || !check_file(file, &walk, err))
        return false;
    cyaml_err_t result = cyaml_load_data(file.at, file.size, &config, form->schema, &data, NULL);
    if (result == CYAML_ERR_OOM) {
        (void)arena_full(arena, err);
        return error_at(err, "%.*s", TEXT_ARG(name));
    }
    if (result != CYAML_OK)
        return error_set(err, ERROR_INPUT, "%.*s: %s", TEXT_ARG(name), cyaml_strerror(result));
    *out = data;
    return true;
}
