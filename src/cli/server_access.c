#include "cli/server_access.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/config_path.h"
#include "format/json.h"
#include "format/yaml.h"

struct in_file {
    const char *server, *user, *token, *ends;
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("server", CYAML_FLAG_POINTER, struct in_file, server, 1, LIMIT_YAML_TEXT),
    CYAML_FIELD_STRING_PTR("user", CYAML_FLAG_POINTER, struct in_file, user, 1, LIMIT_YAML_TEXT),
    CYAML_FIELD_STRING_PTR("token", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct in_file, token, 1,
                           LIMIT_YAML_TEXT),
    CYAML_FIELD_STRING_PTR("ends", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct in_file, ends, 1,
                           LIMIT_YAML_TEXT),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct in_file, fields),
};

static bool check_server(void *self, struct text value, struct error *err)
{
    (void)self;
    return text_starts(value, TEXT("https://")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with https://", TEXT_ARG(value));
}
static const struct yaml_check checks[] = {{"server", check_server}, {NULL, NULL}};
static const struct yaml_form form = {&schema, checks, NULL};

static struct text copy_of(struct arena *arena, const char *string)
{
    return string == NULL ? TEXT("") : text_copy(arena, text_of(string));
}

bool server_access_parse(struct bytes raw, struct text name, const char *folder, struct arena *arena,
                         struct server_access *out, struct error *err)
{
    const struct in_file *file;
    void *read = NULL;

    if (!yaml_read(raw, name, &form, arena, &read, err))
        return false;
    file = read;
    struct server_access got = {
        .server = copy_of(arena, file->server),
        .user = copy_of(arena, file->user),
        .token = copy_of(arena, file->token),
        .ends = copy_of(arena, file->ends),
        .ca = file_path(arena, folder, SERVER_ACCESS_CA),
    };
    if (got.server.at == NULL || got.user.at == NULL || got.token.at == NULL || got.ends.at == NULL ||
        got.ca == NULL)
        return arena_full(arena, err);
    *out = got;
    return true;
}

/* A script's token comes by its environment: an option's value is seen by every process. */
static bool take_environment(struct server_access *access, struct error *err)
{
    const char *token = os_environment("SUTURE_TOKEN");

    if (token == NULL)
        return true;
    return text_from_bytes(bytes_of_text(text_of(token)), LIMIT_YAML_TEXT, &access->token, err) ||
           error_at(err, "SUTURE_TOKEN");
}

bool server_access_read(struct arena *arena, struct server_access *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    const char *folder, *path;

    if (!config_folder(arena, &folder, err))
        return false;
    path = file_path(arena, folder, SERVER_ACCESS_FILE);
    if (path == NULL)
        return arena_full(arena, err);
    if (!file_exists(path))
        return error_set(err, ERROR_ABSENT, "no server is known here: suture login https://SERVER");
    if (!file_map_own(path, LIMIT_YAML_FILE, &map, err) ||
        !server_access_parse(map.bytes, text_of(path), folder, arena, out, err) ||
        !take_environment(out, err))
        return false;
    return out->token.size > 0 ||
           error_set(err, ERROR_ABSENT, "logged out: suture login %.*s", TEXT_ARG(out->server));
}

/* ---- writing ---- */

static bool make_folder(struct arena *arena, const char **out, struct error *err)
{
    return config_folder(arena, out, err) && file_make_folders(*out, 0755, err);
}

bool server_access_keep_ca(struct bytes pem, struct arena *arena, const char **path, struct error *err)
{
    const char *folder, *ca;

    if (!make_folder(arena, &folder, err))
        return false;
    ca = file_path(arena, folder, SERVER_ACCESS_CA);
    if (ca == NULL)
        return arena_full(arena, err);
    if (!file_replace(ca, pem, 0644, err))
        return false;
    *path = ca;
    return true;
}

/* A text in double quotes, with the escapes that JSON and YAML have in common. */
static void put_line(struct writer *w, const char *key, struct text value)
{
    struct json_writer j = json_writer_with(w, false);

    writer_format(w, "%s: ", key);
    json_put_text(&j, value);
    writer_byte(w, '\n');
}

bool server_access_keep(const struct server_access *access, struct arena *arena, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_YAML_FILE);
    const char *folder, *path;
    struct bytes bytes;

    writer_string(&w, "# Written by suture login. Whoever reads this file can act in your name.\n");
    put_line(&w, "server", access->server);
    put_line(&w, "user", access->user);
    if (access->token.size > 0) {
        put_line(&w, "token", access->token);
        put_line(&w, "ends", access->ends);
    }
    if (!writer_done(&w, &bytes, err) || !make_folder(arena, &folder, err))
        return false;
    path = file_path(arena, folder, SERVER_ACCESS_FILE);
    return path == NULL ? arena_full(arena, err) : file_replace(path, bytes, 0600, err);
}

bool server_access_forget(struct arena *arena, struct error *err)
{
    struct server_access access;

    if (!server_access_read(arena, &access, err))
        return false;
    access.token = TEXT("");
    return server_access_keep(&access, arena, err);
}
