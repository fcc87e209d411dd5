/*
 * Logging in and out, who one is, and one's password: POST /api/1/login, POST /api/1/logout, GET /api/1/self,
 * POST /api/1/password.
 */
#include "base/own.h"
#include "server/api_json.h"
#include "server/api_routes.h"
#include "server/api_token.h"
#include "server/deed.h"
#include "server/people.h"
#include "server/readers.h"
#include "server/tokens.h"
#include "store/fleet_read.h"

#define SECOND_UP(us) ((uint32_t)(((us) + TIME_SECOND_US - 1) / TIME_SECOND_US))
#define BUSY_S        2
#define BUSY_SPREAD_S 5

/* ---- tries that do not succeed ---- */

static bool answer_slow(struct request *request, int64_t wait_us)
{
    (void)request_refuse(request, 429, "too many tries: again in %u s", SECOND_UP(wait_us));
    request->answer.retry_after_s = SECOND_UP(wait_us);
    return true;
}

/* A name that is none may be a password in the wrong field: it does not go into the log. */
static bool answer_wrong(struct server *server, struct request *request, const struct people_tried *tried,
                         struct error *err)
{
    struct deed deed = {"login.refused", tried->user.name, {0}};

    if (tried->user.name.size > 0 && !deed_note(server, request, &deed, err))
        return false;
    return request_refuse(request, 401, "the name or the password is wrong");
}

static bool refuse_try(struct server *server, struct request *request, const struct people_tried *tried,
                       struct error *err)
{
    if (tried->answer == PEOPLE_SLOW)
        return answer_slow(request, tried->wait_us);
    if (tried->answer == PEOPLE_BUSY)
        return request_refuse_for_now(request, 503, BUSY_S, BUSY_SPREAD_S);
    if (tried->answer == PEOPLE_NEEDS_NEW)
        return request_refuse(request, 409, "this password was for once: give a new_password with it");
    return answer_wrong(server, request, tried, err);
}

/* ---- login ---- */

static bool set_password(struct server *server, struct request *request, const struct fleet_user *user,
                         struct text password, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_USER, .user = *user};
    struct deed deed = {"user.password", user->name, {0}};

    if (!password_check(password, user->name, err) ||
        !people_hash(server, password, request->arena, &write.user.password, err))
        return false;
    write.user.must_change = false;
    write.user.changed_us = request->now_us;
    return deed_write(server, request, &write, &deed, NULL, err);
}

static bool make_session(struct server *server, struct request *request, const struct fleet_user *user,
                         struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_API_TOKEN};
    struct deed deed = {"login", user->name, {0}};
    OWN(api_json_end) struct api_json a = {0};
    uint8_t secret[API_TOKEN_SECRET];
    char text[API_TOKEN_TEXT];

    server_random(server, secret, sizeof(secret));
    write.api_token = (struct fleet_api_token){
        .user = user->name,
        .label = TEXT("session"),
        .session = true,
        .made_us = request->now_us,
        .ends_us = request->now_us + PEOPLE_SESSION_US,
    };
    if (!api_token_write(secret, text, write.api_token.secret, err) ||
        !deed_write(server, request, &write, &deed, NULL, err))
        return false;
    api_json_begin(&a, "suture.session/1");
    api_put_string(&a, "token", text);
    api_put_text(&a, "user", user->name);
    api_put_words(&a, "roles", user->role);
    api_put_time(&a, "ends", write.api_token.ends_us);
    return api_json_send(&a, request, 200, err);
}

static bool parse_login(const struct request *request, struct people_login *out,
                        struct json_document *document, struct error *err)
{
    static const char *const names[] = {"user", "password", "new_password", NULL};

    if (!api_body(request, names, document, err))
        return false;
    struct json body = json_root(document);
    return json_get_text(body, "user", true, PEOPLE_NAME_MAX, &out->user, err) &&
           json_get_text(body, "password", true, PASSWORD_MAX, &out->password, err) &&
           json_get_text(body, "new_password", false, PASSWORD_MAX, &out->new_password, err);
}

static bool login(struct server *server, struct request *request, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct people_login login = {0};
    struct people_tried tried;

    if (!parse_login(request, &login, &document, err) || !people_try(server, request, &login, &tried, err))
        return false;
    if (tried.answer != PEOPLE_KNOWN)
        return refuse_try(server, request, &tried, err);
    /* From here on the log says who it is. */
    request->principal =
        (struct request_principal){.roles = ROLE_ALL, .name = tried.user.name, .session = true};
    if (login.new_password.size > 0 && !set_password(server, request, &tried.user, login.new_password, err))
        return false;
    return make_session(server, request, &tried.user, err);
}

static const struct route_answer login_answers[] = {
    {200, API_JSON, "the session's token, to be sent as \"Authorization: Bearer TOKEN\"",
     API_OBJECT(API_TEXT("token") "," API_TEXT("user") "," API_WORDS("roles") "," API_TIME("ends"))},
    {401, "text/plain", "the name or the password is wrong", NULL},
    {409, "text/plain", "a one-time password: again, with new_password", NULL},
    {429, "text/plain", "too many tries: Retry-After", NULL},
    {0},
};

const struct route route_api_login = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/login",
    .permission = PERMISSION_NONE,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema =
        "{\"type\":\"object\",\"required\":[\"user\",\"password\"],\"properties\":{\"user\":{\"type\":"
        "\"string\"},\"password\":{\"type\":\"string\"},\"new_password\":{\"type\":\"string\","
        "\"minLength\":12}},\"additionalProperties\":false}",
    .summary = "a session for a name and a password",
    .answers = login_answers,
    .handle = login,
};

/* ---- logout ---- */

static bool read_own_token(struct server *server, struct request *request, struct fleet_api_token *out,
                           struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    uint8_t hash[API_TOKEN_HASH];

    return api_token_hash(api_token_of_field(request_header(request, "Authorization")), hash, err) &&
           readers_take(server, &lease, err) &&
           fleet_store_api_token(lease.store, hash, request->arena, out, err);
}

static bool logout(struct server *server, struct request *request, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_API_TOKEN};
    struct deed deed = {"logout", request->principal.name, {0}};

    if (!read_own_token(server, request, &write.api_token, err))
        return false;
    write.api_token.revoked_us = request->now_us;
    return deed_write(server, request, &write, &deed, NULL, err) && request_send_nothing(request, 204);
}

const struct route route_api_logout = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/logout",
    .permission = PERMISSION_SELF,
    .admission = ADMIT_PEOPLE,
    .summary = "end this session, or this token for good",
    .answers = api_answers_nothing,
    .handle = logout,
};

/* ---- self ---- */

static bool show_self(struct server *server, struct request *request, struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};

    (void)server;
    api_json_begin(&a, "suture.self/1");
    api_put_text(&a, "user", request->principal.name);
    api_put_words(&a, "roles", roles_names(request->principal.roles, request->arena));
    api_put_flag(&a, "session", request->principal.session);
    return api_json_send(&a, request, 200, err);
}

static const struct route_answer self_answers[] = {
    {200, API_JSON, "the user and what this token may do",
     API_OBJECT(API_TEXT("user") "," API_WORDS("roles") "," API_FLAG("session"))},
    {0},
};

const struct route route_api_self = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/self",
    .permission = PERMISSION_SELF,
    .admission = ADMIT_PEOPLE,
    .summary = "who asks, and what they may do",
    .answers = self_answers,
    .handle = show_self,
};

/* ---- one's own password ---- */

static bool change_password(struct server *server, struct request *request, struct error *err)
{
    static const char *const names[] = {"password", "new_password", NULL};
    OWN(json_end) struct json_document document = {0};
    struct people_login login = {.user = request->principal.name};
    struct people_tried tried;

    if (!api_body(request, names, &document, err) ||
        !json_get_text(json_root(&document), "password", true, PASSWORD_MAX, &login.password, err) ||
        !json_get_text(json_root(&document), "new_password", true, PASSWORD_MAX, &login.new_password, err) ||
        !people_try(server, request, &login, &tried, err))
        return false;
    if (tried.answer != PEOPLE_KNOWN)
        return refuse_try(server, request, &tried, err);
    return set_password(server, request, &tried.user, login.new_password, err) &&
           tokens_end(server, request, tried.user.name, TOKENS_SESSIONS, err) &&
           request_send_nothing(request, 204);
}

const struct route route_api_password = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/password",
    .permission = PERMISSION_SELF,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema =
        "{\"type\":\"object\",\"required\":[\"password\",\"new_password\"],\"properties\":{\"password\":{"
        "\"type\":\"string\"},\"new_password\":{\"type\":\"string\",\"minLength\":12}},"
        "\"additionalProperties\":false}",
    .summary = "another password for oneself; all sessions end, this one too",
    .answers = api_answers_nothing,
    .handle = change_password,
};
