#include "flow/trust_settings.h"

#include "base/file.h"
#include "base/limits.h"
#include "flow/config_path.h"
#include "format/yaml.h"

/* What stands in the file. */
struct in_file {
    const char *repository, *root, *ca_file;
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("repository", CYAML_FLAG_POINTER, struct in_file, repository, 1, LIMIT_YAML_TEXT),
    CYAML_FIELD_STRING_PTR("root", CYAML_FLAG_POINTER, struct in_file, root, 1, LIMIT_YAML_TEXT),
    CYAML_FIELD_STRING_PTR("ca_file", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct in_file, ca_file, 1,
                           LIMIT_YAML_TEXT),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct in_file, fields),
};

static bool check_repository(void *self, struct text value, struct error *err)
{
    (void)self;
    return text_starts(value, TEXT("https://")) || text_starts(value, TEXT("http://")) ||
           text_starts(value, TEXT("file:///")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with https://, http:// or file:///",
                     TEXT_ARG(value));
}

static bool check_absolute(void *self, struct text value, struct error *err)
{
    (void)self;
    return text_starts(value, TEXT("/")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with /", TEXT_ARG(value));
}

static const struct yaml_check checks[] = {
    {"repository", check_repository}, {"ca_file", check_absolute}, {NULL, NULL}};
static const struct yaml_form form = {&schema, checks, NULL};

bool trust_settings_parse(struct bytes raw, struct text name, const char *folder, struct arena *arena,
                          struct trust_settings *out, struct error *err)
{
    const struct in_file *file = NULL;
    struct trust_settings got = {0};
    void *read = NULL;

    if (!yaml_read(raw, name, &form, arena, &read, err))
        return false;
    file = read;
    const struct text repository = text_of(file->repository);
    got.repository =
        text_format(arena, "%.*s%s", TEXT_ARG(repository), text_ends(repository, TEXT("/")) ? "" : "/");
    got.root =
        file->root[0] == '/' ? text_string(arena, text_of(file->root)) : file_path(arena, folder, file->root);
    if (file->ca_file != NULL)
        got.ca_file = text_copy(arena, text_of(file->ca_file));
    if (got.repository.at == NULL || got.root == NULL || (file->ca_file != NULL && got.ca_file.at == NULL))
        return arena_full(arena, err);
    *out = got;
    return true;
}

/* The folder of an absolute path; NULL when memory is out. */
static char *folder_of(struct arena *arena, const char *path)
{
    return text_string(arena, (struct text){path, (size_t)(strrchr(path, '/') - path)});
}

bool trust_settings_in_force(struct arena *arena, struct trust_settings *out, struct error *err)
{
    const char *path = NULL;
    struct bytes raw = {0};

    if (!config_path(TRUST_SETTINGS_FILE, arena, &path, err))
        return false;
    *out = (struct trust_settings){0};
    if (path == NULL)
        return true;
    const char *folder = folder_of(arena, path);
    return folder == NULL ? arena_full(arena, err)
                          : file_read(path, LIMIT_YAML_FILE, arena, &raw, err) &&
                                trust_settings_parse(raw, text_of(path), folder, arena, out, err);
}
