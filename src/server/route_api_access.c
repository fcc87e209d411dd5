/*
 * API tokens of one's own, for scripts: GET and POST /api/1/api-tokens, DELETE /api/1/api-tokens/{number}.
 *
 * A token has some of its user's roles and an end. Only who has logged in makes one: a token cannot outlive itself by
 * making another.
 */
#include "base/own.h"
#include "server/api_routes.h"
#include "server/api_token.h"
#include "server/deed.h"
#include "server/people.h"
#include "server/readers.h"
#include "store/fleet_read.h"

#define TOKEN_SCHEMA                                                                                         \
    API_TEXT("number")                                                                                       \
    "," API_TEXT("label") "," API_TEXT("user") "," API_WORDS("roles") "," API_TIME("made") "," API_TIME(     \
        "ends") "," API_TIME("revoked")

static void put_token(struct api_json *a, const char *name, const struct fleet_api_token *token)
{
    api_open(a, name);
    api_put_id(a, "number", (uint64_t)token->number);
    api_put_text(a, "label", token->label);
    api_put_text(a, "user", token->user);
    api_put_words(a, "roles", token->role);
    api_put_time(a, "made", token->made_us);
    api_put_time(a, "ends", token->ends_us);
    api_put_time(a, "revoked", token->revoked_us);
    api_close(a);
}

static bool read_tokens(struct server *server, struct request *request, int64_t after,
                        struct fleet_api_tokens *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    return readers_take(server, &lease, err) &&
           fleet_store_api_tokens(lease.store, request->principal.name, false, after, request->arena, out,
                                  err);
}

static bool list_tokens(struct server *server, struct request *request, struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_api_tokens tokens;
    int64_t after;

    if (!api_after(request, &after, err) || !read_tokens(server, request, after, &tokens, err))
        return false;
    int64_t last = tokens.count > 0 ? tokens.at[tokens.count - 1].number : 0;
    api_json_begin(&a, "suture.api-tokens/1");
    api_open_list(&a, "tokens");
    for (size_t i = 0; i < tokens.count; i++)
        put_token(&a, NULL, &tokens.at[i]);
    api_put_next(&a, tokens.count == API_PAGE_MAX, text_format(request->arena, "%lld", (long long)last));
    return api_json_send(&a, request, 200, err);
}

static const struct route_parameter list_parameters[] = {
    API_PARAMETER_AFTER("the number of the last row of the page before"),
    {0},
};
static const struct route_answer list_answers[] = {
    {200, API_JSON, "one's own API tokens; never their secrets", API_LIST("tokens", TOKEN_SCHEMA)},
    {0},
};
const struct route route_api_access = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/api-tokens",
    .permission = PERMISSION_SELF,
    .admission = ADMIT_PEOPLE,
    .summary = "one's own API tokens",
    .parameters = list_parameters,
    .answers = list_answers,
    .handle = list_tokens,
};

/* ---- new ---- */

/* No more than the person has who asks. */
static bool parse_roles(struct request *request, struct json body, struct text *out, struct error *err)
{
    uint32_t wanted = request->principal.roles;
    struct text names = {0};

    if (!json_get_text(body, "roles", false, 256, &names, err) ||
        (names.size > 0 && !roles_parse(names, &wanted, err)))
        return error_at(err, "roles");
    if ((wanted & ~request->principal.roles) != 0)
        return error_set(err, ERROR_TRUST, "roles: a token has no more than its user");
    *out = roles_names(wanted, request->arena);
    return out->at != NULL || arena_full(request->arena, err);
}

static bool parse_new(struct request *request, struct json body, struct fleet_api_token *token,
                      struct error *err)
{
    token->ends_us = request->now_us + PEOPLE_TOKEN_US;
    if (!api_body_text(body, "label", true, API_LABEL, &token->label, err) ||
        !parse_roles(request, body, &token->role, err) || !api_body_time(body, "ends", &token->ends_us, err))
        return false;
    if (token->ends_us <= request->now_us)
        return error_set(err, ERROR_INPUT, "ends: is over already");
    if (token->ends_us - request->now_us > PEOPLE_TOKEN_MAX_US)
        return error_set(err, ERROR_INPUT, "ends: a token lasts a year at most");
    return true;
}

static bool new_token(struct server *server, struct request *request, struct error *err)
{
    static const char *const names[] = {"label", "roles", "ends", NULL};
    OWN(json_end) struct json_document document = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_write write = {.kind = FLEET_WRITE_API_TOKEN};
    struct fleet_api_token *token = &write.api_token;
    uint8_t secret[API_TOKEN_SECRET];
    char text[API_TOKEN_TEXT];
    struct fleet_result result;

    if (!request->principal.session)
        return error_set(err, ERROR_TRUST, "a token makes no tokens: log in");
    if (!api_body(request, names, &document, err) || !parse_new(request, json_root(&document), token, err))
        return false;
    token->user = request->principal.name;
    token->made_us = request->now_us;
    server_random(server, secret, sizeof(secret));
    struct deed deed = {"api-token.new", token->label,
                        text_format(request->arena, "{\"roles\":\"%.*s\"}", TEXT_ARG(token->role))};
    if (!api_token_write(secret, text, token->secret, err) ||
        !deed_write(server, request, &write, &deed, &result, err))
        return false;
    token->number = (int64_t)result.number;
    api_json_begin(&a, "suture.api-token/1");
    put_token(&a, "token", token);
    api_put_string(&a, "secret", text);
    return api_json_send(&a, request, 201, err);
}

static const struct route_answer new_answers[] = {
    {201, API_JSON, "the token; its secret is told here and never again",
     API_OBJECT("\"token\":{\"type\":\"object\",\"properties\":{" TOKEN_SCHEMA "}}," API_TEXT("secret"))},
    {403, "text/plain", "more roles than one has, or asked with a token", NULL},
    {0},
};
const struct route route_api_access_new = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/api-tokens",
    .permission = PERMISSION_SELF,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema =
        "{\"type\":\"object\",\"required\":[\"label\"],\"properties\":{\"label\":{\"type\":\"string\"},"
        "\"roles\":{\"type\":\"string\"},\"ends\":{\"type\":\"string\",\"format\":\"date-time\"}},"
        "\"additionalProperties\":false}",
    .summary = "an API token for a script, with some of one's roles",
    .answers = new_answers,
    .handle = new_token,
};

/* ---- revoke ---- */

static bool find_token(struct server *server, struct request *request, int64_t number,
                       struct fleet_api_token *out, struct error *err)
{
    struct fleet_api_tokens tokens;

    if (!read_tokens(server, request, number - 1, &tokens, err))
        return false;
    if (tokens.count == 0 || tokens.at[0].number != number)
        return error_set(err, ERROR_ABSENT, "you have no API token %lld", (long long)number);
    *out = tokens.at[0];
    return true;
}

static bool revoke_token(struct server *server, struct request *request, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_API_TOKEN};
    struct deed deed = {"api-token.revoke", request->parts[0], {0}};
    int64_t number;

    if (!api_number(request->parts[0], &number, err) ||
        !find_token(server, request, number, &write.api_token, err))
        return false;
    if (write.api_token.revoked_us != 0)
        return request_send_nothing(request, 204);
    write.api_token.revoked_us = request->now_us;
    return deed_write(server, request, &write, &deed, NULL, err) && request_send_nothing(request, 204);
}

static const struct route_parameter revoke_parameters[] = {
    {"number", ROUTE_IN_PATH, ROUTE_ID, "the token", true},
    {0},
};
const struct route route_api_access_revoke = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_DELETE,
    .path = "/api/1/api-tokens/{number}",
    .permission = PERMISSION_SELF,
    .admission = ADMIT_PEOPLE,
    .summary = "revoke one of one's own API tokens",
    .parameters = revoke_parameters,
    .answers = api_answers_nothing,
    .handle = revoke_token,
};
