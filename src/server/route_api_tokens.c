/*
 * Enrolment tokens, by which machines join: GET and POST /api/1/tokens, DELETE /api/1/tokens/{number}.
 */
#include "base/digest.h"
#include "base/own.h"
#include "server/api_routes.h"
#include "server/deed.h"
#include "server/readers.h"
#include "store/fleet_read.h"
#include "wire/enrol_token.h"

#define USES_MAX   100000
#define LENGTH_US  (24 * TIME_HOUR_US) /* when nothing is said */
#define LENGTH_MAX (90 * TIME_DAY_US)
#define TOKEN_SCHEMA                                                                                         \
    API_TEXT("number")                                                                                       \
    "," API_TEXT("label") "," API_TEXT("by") "," API_TEXT("class") "," API_COUNT("uses") "," API_COUNT(      \
        "uses_max") "," API_TIME("made") "," API_TIME("ends") "," API_TIME("revoked") "," API_TEXT("state")

static const char *state_of(const struct fleet_enrol_token *token, int64_t now_us)
{
    if (token->revoked_us != 0)
        return "revoked";
    if (token->uses >= token->uses_max)
        return "used";
    return token->ends_us <= now_us ? "ended" : "good";
}

static void put_token(struct api_json *a, const char *name, const struct fleet_enrol_token *token,
                      int64_t now_us)
{
    api_open(a, name);
    api_put_id(a, "number", (uint64_t)token->number);
    api_put_string(a, "state", state_of(token, now_us));
    api_put_text(a, "label", token->label);
    api_put_text(a, "by", token->by);
    api_put_text(a, "class", token->class);
    api_put_number(a, "uses", token->uses);
    api_put_number(a, "uses_max", token->uses_max);
    api_put_time(a, "made", token->made_us);
    api_put_time(a, "ends", token->ends_us);
    api_put_time(a, "revoked", token->revoked_us);
    api_close(a);
}

static bool read_tokens(struct server *server, struct request *request, int64_t after,
                        struct fleet_enrol_tokens *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    return readers_take(server, &lease, err) &&
           fleet_store_enrol_tokens(lease.store, after, request->arena, out, err);
}

static bool list_tokens(struct server *server, struct request *request, struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_enrol_tokens tokens;
    int64_t after;

    if (!api_after(request, &after, err) || !read_tokens(server, request, after, &tokens, err))
        return false;
    int64_t last = tokens.count > 0 ? tokens.at[tokens.count - 1].number : 0;
    api_json_begin(&a, "suture.tokens/1");
    api_open_list(&a, "tokens");
    for (size_t i = 0; i < tokens.count; i++)
        put_token(&a, NULL, &tokens.at[i], request->now_us);
    api_put_next(&a, tokens.count == API_PAGE_MAX, text_format(request->arena, "%lld", (long long)last));
    return api_json_send(&a, request, 200, err);
}

static const struct route_parameter list_parameters[] = {
    API_PARAMETER_AFTER("the number of the last row of the page before"),
    {0},
};
static const struct route_answer list_answers[] = {
    {200, API_JSON, "the enrolment tokens; never their secrets", API_LIST("tokens", TOKEN_SCHEMA)},
    {0},
};
const struct route route_api_tokens = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/tokens",
    .permission = PERMISSION_ENROL,
    .admission = ADMIT_PEOPLE,
    .summary = "the enrolment tokens",
    .parameters = list_parameters,
    .answers = list_answers,
    .handle = list_tokens,
};

/* ---- new ---- */

static bool parse_new(struct request *request, struct json body, struct fleet_enrol_token *token,
                      struct error *err)
{
    uint64_t uses = 1;

    token->ends_us = request->now_us + LENGTH_US;
    if (!api_body_text(body, "label", false, API_LABEL, &token->label, err) ||
        !api_body_text(body, "class", false, API_LABEL, &token->class, err) ||
        !json_get_u64(body, "uses", false, USES_MAX, &uses, err) ||
        !api_body_time(body, "ends", &token->ends_us, err))
        return false;
    if (uses == 0)
        return error_set(err, ERROR_INPUT, "uses: at least one");
    if (token->ends_us <= request->now_us || token->ends_us - request->now_us > LENGTH_MAX)
        return error_set(err, ERROR_INPUT, "ends: within 90 days from now");
    token->uses_max = (uint32_t)uses;
    return true;
}

/* The token's text, for the person; and of its secret what is kept. */
static bool make_secret(struct server *server, struct fleet_enrol_token *token,
                        char text[ENROL_TOKEN_SIZE + 1], struct error *err)
{
    struct enrol_token whole = {.fleet = server->fleet};
    struct digest digest;

    memcpy(whole.ca, server->ca_digest, sizeof(whole.ca));
    server_random(server, whole.secret, sizeof(whole.secret));
    if (!digest_bytes(DIGEST_SHA256, (struct bytes){whole.secret, sizeof(whole.secret)}, &digest, err))
        return false;
    memcpy(token->secret, digest.at, sizeof(token->secret));
    return enrol_token_write(&whole, text, err);
}

static bool new_token(struct server *server, struct request *request, struct error *err)
{
    static const char *const names[] = {"label", "class", "uses", "ends", NULL};
    OWN(json_end) struct json_document document = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_write write = {.kind = FLEET_WRITE_ENROL_TOKEN};
    struct fleet_enrol_token *token = &write.enrol_token;
    char text[ENROL_TOKEN_SIZE + 1];
    struct fleet_result result;

    if (!api_body(request, names, &document, err) || !parse_new(request, json_root(&document), token, err) ||
        !make_secret(server, token, text, err))
        return false;
    token->by = request->principal.name;
    token->made_us = request->now_us;
    struct deed deed = {"token.new", token->label,
                        text_format(request->arena, "{\"uses\":%u}", (unsigned)token->uses_max)};
    if (!deed_write(server, request, &write, &deed, &result, err))
        return false;
    token->number = (int64_t)result.number;
    api_json_begin(&a, "suture.token/1");
    put_token(&a, "token", token, request->now_us);
    api_put_string(&a, "secret", text);
    return api_json_send(&a, request, 201, err);
}

static const struct route_answer new_answers[] = {
    {201, API_JSON, "the token; its secret is told here and never again",
     API_OBJECT("\"token\":{\"type\":\"object\",\"properties\":{" TOKEN_SCHEMA "}}," API_TEXT("secret"))},
    {0},
};
const struct route route_api_token_new = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/tokens",
    .permission = PERMISSION_ENROL,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema = "{\"type\":\"object\",\"properties\":{\"label\":{\"type\":\"string\"},\"class\":{\"type\":"
                   "\"string\"},\"uses\":{\"type\":\"integer\",\"minimum\":1},\"ends\":{\"type\":\"string\","
                   "\"format\":\"date-time\"}},\"additionalProperties\":false}",
    .summary = "an enrolment token: for one machine and a day, or as is said",
    .answers = new_answers,
    .handle = new_token,
};

/* ---- revoke ---- */

static bool find_token(struct server *server, struct request *request, int64_t number,
                       struct fleet_enrol_token *out, struct error *err)
{
    struct fleet_enrol_tokens tokens;

    if (!read_tokens(server, request, number - 1, &tokens, err))
        return false;
    if (tokens.count == 0 || tokens.at[0].number != number)
        return error_set(err, ERROR_ABSENT, "there is no enrolment token %lld", (long long)number);
    *out = tokens.at[0];
    return true;
}

static bool revoke_token(struct server *server, struct request *request, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_ENROL_TOKEN};
    struct deed deed = {"token.revoke", request->parts[0], {0}};
    int64_t number;

    if (!api_number(request->parts[0], &number, err) ||
        !find_token(server, request, number, &write.enrol_token, err))
        return false;
    if (write.enrol_token.revoked_us != 0)
        return request_send_nothing(request, 204);
    write.enrol_token.revoked_us = request->now_us;
    return deed_write(server, request, &write, &deed, NULL, err) && request_send_nothing(request, 204);
}

static const struct route_parameter revoke_parameters[] = {
    {"number", ROUTE_IN_PATH, ROUTE_ID, "the token", true},
    {0},
};
const struct route route_api_token_revoke = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_DELETE,
    .path = "/api/1/tokens/{number}",
    .permission = PERMISSION_ENROL,
    .admission = ADMIT_PEOPLE,
    .summary = "revoke an enrolment token; machines that joined by it stay",
    .parameters = revoke_parameters,
    .answers = api_answers_nothing,
    .handle = revoke_token,
};
