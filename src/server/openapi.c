#include "server/openapi.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"
#include "server/roles.h"

static const char *const methods[REQUEST_METHOD_COUNT] = {
    [REQUEST_METHOD_UNKNOWN] = "", [REQUEST_GET] = "get",       [REQUEST_POST] = "post",
    [REQUEST_PUT] = "put",         [REQUEST_DELETE] = "delete",
};

static void put_string(struct json_writer *j, const char *name, const char *value)
{
    json_name(j, name);
    json_put_string(j, value);
}

/* A schema that a row has as text. */
static bool put_schema(struct json_writer *j, const char *schema, struct error *err)
{
    OWN(json_end) struct json_document document = {0};

    json_name(j, "schema");
    if (schema == NULL) {
        json_open_object(j);
        json_close_object(j);
        return true;
    }
    if (!json_parse(bytes_of_text(text_of(schema)), LIMIT_API_ANSWER, &document, err))
        return error_at(err, "schema");
    json_put_value(j, json_root(&document));
    return true;
}

/* ---- parameters ---- */

static void put_type(struct json_writer *j, enum route_type type)
{
    static const struct {
        const char *type, *format;
    } types[] = {
        [ROUTE_TYPE_UNKNOWN] = {"string", NULL}, [ROUTE_TEXT] = {"string", NULL},
        [ROUTE_NUMBER] = {"integer", NULL},      [ROUTE_SWITCH] = {"string", NULL},
        [ROUTE_TIME] = {"string", "date-time"},  [ROUTE_ID] = {"string", NULL},
    };

    json_name(j, "schema");
    json_open_object(j);
    put_string(j, "type", types[type].type);
    if (types[type].format != NULL)
        put_string(j, "format", types[type].format);
    json_close_object(j);
}

static void put_parameters(struct json_writer *j, const struct route_parameter *parameters)
{
    static const char *const places[] = {
        [ROUTE_PLACE_UNKNOWN] = "",
        [ROUTE_IN_PATH] = "path",
        [ROUTE_IN_QUERY] = "query",
        [ROUTE_IN_HEADER] = "header",
    };

    json_name(j, "parameters");
    json_open_array(j);
    for (; parameters != NULL && parameters->name != NULL; parameters++) {
        json_open_object(j);
        put_string(j, "name", parameters->name);
        put_string(j, "in", places[parameters->place]);
        put_string(j, "description", parameters->help);
        json_name(j, "required");
        json_put_bool(j, parameters->needed);
        put_type(j, parameters->type);
        json_close_object(j);
    }
    json_close_array(j);
}

/* ---- bodies and answers ---- */

static bool put_content(struct json_writer *j, const char *type, const char *schema, struct error *err)
{
    json_name(j, "content");
    json_open_object(j);
    json_name(j, type);
    json_open_object(j);
    if (!put_schema(j, schema, err))
        return false;
    json_close_object(j);
    json_close_object(j);
    return true;
}

static bool put_body(struct json_writer *j, const struct route *route, struct error *err)
{
    if (route->body_type == NULL)
        return true;
    json_name(j, "requestBody");
    json_open_object(j);
    if (!put_content(j, route->body_type, route->body_schema, err))
        return false;
    json_close_object(j);
    return true;
}

static bool put_answer(struct json_writer *j, const struct route_answer *answer, struct error *err)
{
    char status[8];

    (void)snprintf(status, sizeof(status), "%u", answer->status);
    json_name(j, status);
    json_open_object(j);
    put_string(j, "description", answer->help);
    if (answer->type != NULL && !put_content(j, answer->type, answer->schema, err))
        return false;
    json_close_object(j);
    return true;
}

static bool has_answer(const struct route *route, unsigned status)
{
    for (const struct route_answer *answer = route->answers; answer->status != 0; answer++)
        if (answer->status == status)
            return true;
    return false;
}

/* What the gate answers by itself, beside what the row says. */
static bool put_answers(struct json_writer *j, const struct route *route, struct error *err)
{
    static const struct route_answer of_gate[] = {
        {400, "text/plain", "the request is not what it should be", NULL},
        {401, "text/plain", "nobody has logged in, or the token has ended", NULL},
        {403, "text/plain", "the roles do not permit it", NULL},
        {404, "text/plain", "there is no such thing", NULL},
        {409, "text/plain", "it changed meanwhile", NULL},
        {413, "text/plain", "larger than it may be", NULL},
        {503, "text/plain", "not now: Retry-After", NULL},
    };

    json_name(j, "responses");
    json_open_object(j);
    for (const struct route_answer *answer = route->answers; answer->status != 0; answer++)
        if (!put_answer(j, answer, err))
            return false;
    for (size_t i = 0; i < sizeof(of_gate) / sizeof(*of_gate); i++)
        if (!has_answer(route, of_gate[i].status) && !put_answer(j, &of_gate[i], err))
            return false;
    json_close_object(j);
    return true;
}

/* ---- the document ---- */

static bool put_route(struct json_writer *j, const struct route *route, struct error *err)
{
    json_name(j, methods[route->method]);
    json_open_object(j);
    put_string(j, "summary", route->summary);
    put_string(j, "x-permission", permission_name((enum permission)route->permission));
    if (route->permission == PERMISSION_NONE) {
        json_name(j, "security");
        json_open_array(j);
        json_close_array(j);
    }
    put_parameters(j, route->parameters);
    if (!put_body(j, route, err) || !put_answers(j, route, err))
        return false;
    json_close_object(j);
    return true;
}

static bool is_first_of_path(const struct route *const *table, const struct route *const *row)
{
    for (; table != row; table++)
        if ((*table)->listener == ROUTE_PEOPLE && strcmp((*table)->path, (*row)->path) == 0)
            return false;
    return true;
}

/* All methods of one path stand together. */
static bool put_path(struct json_writer *j, const struct route *const *row, struct error *err)
{
    const char *path = (*row)->path;

    json_name(j, path);
    json_open_object(j);
    for (; *row != NULL; row++)
        if ((*row)->listener == ROUTE_PEOPLE && strcmp((*row)->path, path) == 0 && !put_route(j, *row, err))
            return error_at(err, "%s", path);
    json_close_object(j);
    return true;
}

static void put_security(struct json_writer *j)
{
    json_name(j, "components");
    json_open_object(j);
    json_name(j, "securitySchemes");
    json_open_object(j);
    json_name(j, "token");
    json_open_object(j);
    put_string(j, "type", "http");
    put_string(j, "scheme", "bearer");
    json_close_object(j);
    json_close_object(j);
    json_close_object(j);
    json_name(j, "security");
    json_open_array(j);
    json_open_object(j);
    json_name(j, "token");
    json_open_array(j);
    json_close_array(j);
    json_close_object(j);
    json_close_array(j);
}

bool openapi_write(const struct route *const *table, struct writer *out, struct error *err)
{
    struct json_writer j = json_writer_with(out, false);

    json_open_object(&j);
    put_string(&j, "openapi", "3.1.0");
    json_name(&j, "info");
    json_open_object(&j);
    put_string(&j, "title", "Suture");
    put_string(&j, "version", "1");
    json_close_object(&j);
    put_security(&j);
    json_name(&j, "paths");
    json_open_object(&j);
    for (const struct route *const *row = table; *row != NULL; row++)
        if ((*row)->listener == ROUTE_PEOPLE && is_first_of_path(table, row) && !put_path(&j, row, err))
            return false;
    json_close_object(&j);
    json_close_object(&j);
    return true;
}
