/*
 * A small form that has one key of every kind, for the test and the fuzz target.
 */
#ifndef FORMAT_YAML_SAMPLE_H
#define FORMAT_YAML_SAMPLE_H

#include "base/limits.h"
#include "format/yaml.h"

struct sample_item {
    const char *title;
    uint32_t weight;
};

struct sample {
    const char *name;
    uint16_t users;
    bool loud;
    uint32_t colour;
    uint32_t colours;
    const char **names;
    uint32_t name_count;
    struct sample_item *items;
    uint32_t item_count;
};

static const cyaml_strval_t sample_colours[] = {{"red", 1}, {"green", 2}, {"blue", 4}};

static const cyaml_schema_value_t sample_text = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, const char, 1, 20),
};

static const cyaml_schema_field_t sample_item_fields[] = {
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, struct sample_item, title, 1, 20),
    CYAML_FIELD_UINT("weight", CYAML_FLAG_OPTIONAL, struct sample_item, weight),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t sample_item_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sample_item, sample_item_fields),
};

static const cyaml_schema_field_t sample_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct sample, name, 1, 20),
    CYAML_FIELD_UINT("users", CYAML_FLAG_OPTIONAL, struct sample, users),
    CYAML_FIELD_BOOL("loud", CYAML_FLAG_OPTIONAL, struct sample, loud),
    CYAML_FIELD_ENUM("colour", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct sample, colour, sample_colours,
                     3),
    CYAML_FIELD_FLAGS("all colours", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct sample, colours,
                      sample_colours, 3),
    CYAML_FIELD_SEQUENCE_COUNT("names", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sample, names,
                               name_count, &sample_text, 1, 3),
    CYAML_FIELD_SEQUENCE_COUNT("items", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sample, items,
                               item_count, &sample_item_schema, 0, 3),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t sample_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct sample, sample_fields),
};

/* "names" have no capitals. */
static inline bool sample_check_name(void *self, struct text value, struct error *err)
{
    (void)self;
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] >= 'A' && value.at[i] <= 'Z')
            return error_set(err, ERROR_INPUT, "\"%.*s\" has a capital", TEXT_ARG(value));
    return true;
}

static const struct yaml_check sample_checks[] = {{"names", sample_check_name}, {NULL, NULL}};
static const struct yaml_form sample_form = {&sample_schema, sample_checks, NULL};

#endif
