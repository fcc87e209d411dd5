#include "server/settings.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "format/yaml.h"

#define SYSTEM_FILE "/etc/suture/sutured.yaml"
#define AT(member)  offsetof(struct server_settings, member)

const struct settings_row settings_rows[] = {
    {"data", SETTINGS_TEXT, AT(data), "/var/lib/sutured", 0, 0, "the folder with keys, database and content"},
    {"listen", SETTINGS_TEXT, AT(listen), "::", 0, 0, "the address of all listeners; :: is every address"},
    {"agents_port", SETTINGS_NUMBER, AT(agents_port), "8440", 0, 65535,
     "machines, by mutual TLS; 0: the system chooses"},
    {"people_port", SETTINGS_NUMBER, AT(people_port), "8441", 0, 65535, "people and programs, by HTTPS"},
    {"static_port", SETTINGS_NUMBER, AT(static_port), "8442", 0, 65535, "signed files, by plain HTTP"},
    {"store", SETTINGS_TEXT, AT(store), "sqlite:", 0, 0,
     "sqlite:PATH or postgres:CONNINFO; by default DATA/store/store.db"},
    {"names", SETTINGS_NAMES, AT(names), "", 0, 0,
     "by which it is reached: DNS names and addresses, for its certificate"},
    {"content", SETTINGS_TEXT, AT(content), "", 0, 0,
     "the address of a mirror of the plain listener, for machines"},
    {"repository", SETTINGS_TEXT, AT(repository), "", 0, 0,
     "the folder of the fleet's signed repository; by default DATA/repo, with one person's key"},
    {"interval_s", SETTINGS_NUMBER, AT(interval_s), "0", 0, 86400,
     "seconds between two check-ins of a machine; 0: by the size of the fleet"},
    {"threads", SETTINGS_NUMBER, AT(threads), "2", 1, 256,
     "of each listener; one for each processor is best"},
    {"connections", SETTINGS_NUMBER, AT(connections), "40000", 16, 1000000, "of each listener, at one time"},
    {"connections_an_address", SETTINGS_NUMBER, AT(connections_an_address), "2000", 0, 1000000,
     "the same, from one address, which may be that of a whole office; 0: any number"},
    {"requests", SETTINGS_NUMBER, AT(requests), "1024", 16, 100000,
     "of machines under way, before some are told to come back"},
    {"slots", SETTINGS_NUMBER, AT(slots), "200", 1, 100000, "so many a second of them come back"},
    {"head_s", SETTINGS_NUMBER, AT(head_s), "15", 1, 600, "for a handshake and the head of a request"},
    {"body_s", SETTINGS_NUMBER, AT(body_s), "20", 1, 600,
     "for a body or an answer, and a second more for each 4 KiB"},
    {"rest_s", SETTINGS_NUMBER, AT(rest_s), "30", 1, 3600, "until the next request on a connection"},
    {"feeds_h", SETTINGS_NUMBER, AT(feeds_h), "6", 0, 720,
     "hours between updates of the advisories; 0: by hand"},
    {"log", SETTINGS_LEVEL, AT(log_level), "info", 0, 0, "error, warning, info or debug"},
    {0},
};
#define ROW_COUNT (sizeof(settings_rows) / sizeof(*settings_rows) - 1)

/* What stands in the file: every scalar as text, so that "0" is told from nothing. */
struct in_file {
    const char *values[ROW_COUNT];
    const char **names;
    uint32_t name_count;
};

static const cyaml_schema_value_t name_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, const char, 1, LIMIT_YAML_TEXT),
};

/* libcyaml's form of the table. */
static void make_fields(cyaml_schema_field_t fields[ROW_COUNT + 1])
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        cyaml_schema_field_t *field = &fields[i];
        bool is_names = settings_rows[i].kind == SETTINGS_NAMES;
        *field = (cyaml_schema_field_t){
            .key = settings_rows[i].key,
            .data_offset = (uint32_t)(is_names ? offsetof(struct in_file, names)
                                               : offsetof(struct in_file, values) + i * sizeof(char *)),
        };
        field->value.flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL;
        field->value.type = is_names ? CYAML_SEQUENCE : CYAML_STRING;
        field->value.data_size = is_names ? sizeof(const char *) : sizeof(char);
        if (is_names) {
            field->count_offset = offsetof(struct in_file, name_count);
            field->count_size = sizeof(uint32_t);
            field->value.sequence.entry = &name_schema;
            field->value.sequence.min = 0;
            field->value.sequence.max = SETTINGS_NAMES_MAX;
        } else {
            field->value.string.min = 0;
            field->value.string.max = LIMIT_YAML_TEXT;
        }
    }
    fields[ROW_COUNT] = (cyaml_schema_field_t){.key = NULL};
}

/* ---- values ---- */

static bool set_number(const struct settings_row *row, const char *value, uint32_t *out, struct error *err)
{
    uint64_t number = 0;

    if (!text_to_u64(text_of(value), &number, err))
        return false;
    if (number < row->min || number > row->max)
        return error_set(err, ERROR_INPUT, "%s is not from %u to %u", value, row->min, row->max);
    *out = (uint32_t)number;
    return true;
}

static bool set_level(const char *value, uint32_t *out, struct error *err)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"error", LOG_ERROR}, {"warning", LOG_WARNING}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};

    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
        if (strcmp(levels[i].name, value) == 0) {
            *out = levels[i].level;
            return true;
        }
    return error_set(err, ERROR_INPUT, "\"%s\" is none of error, warning, info and debug", value);
}

static bool set_value(const struct settings_row *row, const char *value, struct server_settings *settings,
                      struct error *err)
{
    char *at = (char *)settings + row->offset;
    uint32_t number = 0;

    if (row->kind == SETTINGS_NAMES)
        return true;
    if (row->kind == SETTINGS_TEXT) {
        memcpy(at, &value, sizeof(value));
        return true;
    }
    if (!(row->kind == SETTINGS_NUMBER ? set_number(row, value, &number, err)
                                       : set_level(value, &number, err)))
        return error_at(err, "%s", row->key);
    memcpy(at, &number, sizeof(number));
    return true;
}

static bool take_file(const struct in_file *file, struct text name, struct server_settings *out,
                      struct error *err)
{
    struct server_settings got = {.names = file->names, .name_count = file->name_count};

    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct settings_row *row = &settings_rows[i];
        if (!set_value(row, file->values[i] == NULL ? row->absent : file->values[i], &got, err))
            return error_at(err, "%.*s", TEXT_ARG(name));
    }
    *out = got;
    return true;
}

bool settings_parse(struct bytes raw, struct text name, struct arena *arena, struct server_settings *out,
                    struct error *err)
{
    cyaml_schema_field_t fields[ROW_COUNT + 1];
    const cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct in_file, fields)};
    const struct yaml_form form = {&schema, NULL, NULL};
    void *got = NULL;

    make_fields(fields);
    return yaml_read(raw, name, &form, arena, &got, err) && take_file(got, name, out, err);
}

/* ---- all together ---- */

static bool read_file(const char *path, struct arena *arena, struct server_settings *out, struct error *err)
{
    static const struct in_file nothing = {{NULL}, NULL, 0};
    struct bytes raw = {0};

    if (path == NULL && !file_exists(SYSTEM_FILE))
        return take_file(&nothing, TEXT(""), out, err);
    if (path == NULL)
        path = SYSTEM_FILE;
    return file_read(path, LIMIT_YAML_FILE, arena, &raw, err) &&
           settings_parse(raw, text_of(path), arena, out, err);
}

bool settings_read(const struct settings_options *options, struct arena *arena, struct server_settings *out,
                   struct error *err)
{
    struct server_settings got;

    if (!read_file(options->config, arena, &got, err))
        return false;
    if (options->data != NULL)
        got.data = options->data;
    if (options->listen != NULL)
        got.listen = options->listen;
    if (options->store != NULL)
        got.store = options->store;
    if (got.data[0] != '/' || (got.repository[0] != '/' && got.repository[0] != 0))
        return error_set(err, ERROR_INPUT, "the folders data and repository begin with '/'");
    if (strcmp(got.store, "sqlite:") == 0)
        got.store = text_format(arena, "sqlite:%s/store/store.db", got.data).at;
    if (got.store == NULL)
        return arena_full(arena, err);
    *out = got;
    return true;
}

void settings_write_sample(FILE *out)
{
    fputs("# Settings of sutured. Each line shows the default; take away its '#' to change it. What has "
          "\"...\" has none.\n",
          out);
    for (const struct settings_row *row = settings_rows; row->key != NULL; row++) {
        const char *quote = row->kind == SETTINGS_TEXT ? "\"" : "";
        if (row->absent[0] == 0)
            fprintf(out, "\n# %s\n# %s: %s\n", row->help, row->key,
                    row->kind == SETTINGS_NAMES ? "[...]" : "...");
        else
            fprintf(out, "\n# %s\n#%s: %s%s%s\n", row->help, row->key, quote, row->absent, quote);
    }
}
