#include "flow/delta_settings.h"

#include "base/file.h"
#include "base/limits.h"
#include "flow/config_path.h"
#include "format/yaml.h"

/* What stands in the file. */
struct in_file {
    const char *source, *key;
    enum choice_use use;
    bool metered;
};

static const cyaml_strval_t use_words[] = {
    {"auto", CHOICE_AUTO}, {"always", CHOICE_ALWAYS}, {"never", CHOICE_NEVER}};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, struct in_file, source, 1, LIMIT_YAML_TEXT),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct in_file, key, 1,
                           LIMIT_YAML_TEXT),
    CYAML_FIELD_ENUM("use", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct in_file, use, use_words,
                     CHOICE_USE_COUNT),
    CYAML_FIELD_BOOL("metered", CYAML_FLAG_OPTIONAL, struct in_file, metered),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct in_file, fields),
};

static bool check_source(void *self, struct text value, struct error *err)
{
    (void)self;
    return text_starts(value, TEXT("https://")) || text_starts(value, TEXT("http://")) ||
           text_starts(value, TEXT("file:///")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with https://, http:// or file:///",
                     TEXT_ARG(value));
}

static bool check_key(void *self, struct text value, struct error *err)
{
    struct public_key key;
    struct error ignored;

    (void)self;
    return public_key_parse(value, &key, &ignored) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" is no key: it has %d hexadecimal digits",
                     TEXT_ARG(text_part(value, 0, 20)), PUBLIC_KEY_HEX_SIZE);
}

static const struct yaml_check checks[] = {{"source", check_source}, {"key", check_key}, {NULL, NULL}};
static const struct yaml_form form = {&schema, checks, NULL};

bool delta_settings_parse(struct bytes raw, struct text name, struct arena *arena, struct delta_settings *out,
                          struct error *err)
{
    const struct in_file *file = NULL;
    struct delta_settings got;
    void *read = NULL;

    if (!yaml_read(raw, name, &form, arena, &read, err))
        return false;
    file = read;
    const struct text source = text_of(file->source);
    got = (struct delta_settings){
        .source = text_format(arena, "%.*s%s", TEXT_ARG(source), text_ends(source, TEXT("/")) ? "" : "/"),
        .use = file->use,
        .metered = file->metered,
        .has_key = file->key != NULL,
    };
    if (got.source.at == NULL)
        return arena_full(arena, err);
    if (got.has_key && !public_key_parse(text_of(file->key), &got.key, err))
        return error_at(err, "%.*s: key", TEXT_ARG(name));
    *out = got;
    return true;
}

bool delta_settings_in_force(struct arena *arena, struct delta_settings *out, struct error *err)
{
    const char *path = NULL;
    struct bytes raw = {0};

    if (!config_path("deltas.yaml", arena, &path, err))
        return false;
    *out = (struct delta_settings){0};
    return path == NULL || (file_read(path, LIMIT_YAML_FILE, arena, &raw, err) &&
                            delta_settings_parse(raw, text_of(path), arena, out, err));
}
