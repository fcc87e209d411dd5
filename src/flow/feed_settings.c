#include "flow/feed_settings.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "format/yaml.h"
#include "identify/feeds.h"

#define SYSTEM_FILE "/etc/suture/feeds.yaml"

/* ---- the form ---- */

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, const char, 1, LIMIT_RELEASE_NAME),
};

static const cyaml_schema_field_t setting_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct feed_setting, name, 1, LIMIT_RELEASE_NAME),
    CYAML_FIELD_STRING_PTR("url", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct feed_setting, url, 1,
                           LIMIT_YAML_TEXT),
    CYAML_FIELD_BOOL("disabled", CYAML_FLAG_OPTIONAL, struct feed_setting, disabled),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t setting_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct feed_setting, setting_fields),
};

static const cyaml_schema_field_t settings_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("feeds", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct feed_settings, feeds,
                               feed_count, &setting_schema, 0, 64),
    CYAML_FIELD_SEQUENCE_COUNT("releases", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct feed_settings,
                               releases, release_count, &text_schema, 0, 64),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t settings_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct feed_settings, settings_fields),
};

/* ---- what values must be ---- */

#define FEEDS_MAX 64

static bool check_name(void *self, struct text value, struct error *err)
{
    const char *names[FEEDS_MAX + 1] = {NULL};
    char hint[YAML_HINT_MAX];

    (void)self;
    if (feeds_find(value) != NULL)
        return true;
    for (size_t i = 0; i < FEEDS_MAX && feeds[i] != NULL; i++)
        names[i] = feeds[i]->name;
    yaml_hint(value, names, hint);
    return error_set(err, ERROR_INPUT, "no feed is called \"%.*s\"%s", TEXT_ARG(value), hint);
}

static bool check_url(void *self, struct text value, struct error *err)
{
    (void)self;
    return text_starts(value, TEXT("https://")) || text_starts(value, TEXT("http://")) ||
           text_starts(value, TEXT("file:///")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with https://, http:// or file:///",
                     TEXT_ARG(value));
}

/* "debian-12": it becomes the name of a file. */
static bool check_release(void *self, struct text value, struct error *err)
{
    bool good = value.size < LIMIT_RELEASE_NAME;

    (void)self;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.at[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '.' && i > 0));
    }
    return good || error_set(err, ERROR_INPUT, "\"%.*s\" is no release such as debian-12", TEXT_ARG(value));
}

static const struct yaml_check checks[] = {
    {"name", check_name}, {"url", check_url}, {"releases", check_release}, {NULL, NULL}};
static const struct yaml_form form = {&settings_schema, checks, NULL};

/* ---- reading ---- */

bool feed_settings_parse(struct bytes raw, struct text name, struct arena *arena, struct feed_settings *out,
                         struct error *err)
{
    void *got = NULL;

    if (!yaml_read(raw, name, &form, arena, &got, err))
        return false;
    *out = *(const struct feed_settings *)got;
    return true;
}

bool feed_settings_read(const char *path, struct arena *arena, struct feed_settings *out, struct error *err)
{
    struct bytes raw = {0};

    return file_read(path, LIMIT_YAML_FILE, arena, &raw, err) &&
           feed_settings_parse(raw, text_of(path), arena, out, err);
}

bool feed_settings_path(struct arena *arena, const char **out, struct error *err)
{
    const char *config = os_environment("XDG_CONFIG_HOME"), *home = os_environment("HOME");
    struct text own = {0};

    *out = NULL;
    if (!os_is_root() && config != NULL && config[0] == '/')
        own = text_format(arena, "%s/suture/feeds.yaml", config);
    else if (!os_is_root() && home != NULL && home[0] == '/')
        own = text_format(arena, "%s/.config/suture/feeds.yaml", home);
    else
        own = text_format(arena, "%s", SYSTEM_FILE);
    if (own.at == NULL)
        return arena_full(arena, err);
    if (file_exists(own.at))
        *out = own.at;
    else if (file_exists(SYSTEM_FILE))
        *out = SYSTEM_FILE;
    return true;
}

const struct feed_setting *feed_settings_find(const struct feed_settings *settings, const struct feed *feed)
{
    for (uint32_t i = 0; i < settings->feed_count; i++)
        if (strcmp(settings->feeds[i].name, feed->name) == 0)
            return &settings->feeds[i];
    return NULL;
}
