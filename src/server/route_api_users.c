/*
 * Users: GET and POST /api/1/users, POST /api/1/users/{name}, POST /api/1/users/{name}/once.
 *
 * Nobody changes their own roles, or makes themselves a password for once: a session that was stolen from an administrator
 * makes another user at most, who is told in the audit log, and cannot sign anything either.
 */
#include "base/own.h"
#include "server/api_routes.h"
#include "server/deed.h"
#include "server/people.h"
#include "server/readers.h"
#include "server/tokens.h"
#include "store/fleet_read.h"

#define USER_SCHEMA                                                                                          \
    API_TEXT("name")                                                                                         \
    "," API_WORDS("roles") "," API_FLAG("disabled") "," API_FLAG("once") "," API_TIME("made") "," API_TIME(  \
        "changed")

static void put_user(struct api_json *a, const char *name, const struct fleet_user *user)
{
    api_open(a, name);
    api_put_text(a, "name", user->name);
    api_put_words(a, "roles", user->role);
    api_put_flag(a, "disabled", user->disabled);
    api_put_flag(a, "once", user->must_change);
    api_put_time(a, "made", user->made_us);
    api_put_time(a, "changed", user->changed_us);
    api_close(a);
}

static bool read_user(struct server *server, struct request *request, struct text name,
                      struct fleet_user *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    if (!readers_take(server, &lease, err))
        return false;
    return fleet_store_user(lease.store, name, request->arena, out, err) || error_at(err, "user");
}

/* ---- list ---- */

static bool list_users(struct server *server, struct request *request, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_users users;

    if (!readers_take(server, &lease, err) || !fleet_store_users(lease.store, request->arena, &users, err))
        return false;
    api_json_begin(&a, "suture.users/1");
    api_open_list(&a, "users");
    for (size_t i = 0; i < users.count; i++)
        put_user(&a, NULL, &users.at[i]);
    api_close_list(&a);
    return api_json_send(&a, request, 200, err);
}

static const struct route_answer list_answers[] = {
    {200, API_JSON, "all users, without their passwords", API_LIST("users", USER_SCHEMA)},
    {0},
};
const struct route route_api_users = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/users",
    .permission = PERMISSION_MANAGE,
    .admission = ADMIT_PEOPLE,
    .summary = "the users",
    .answers = list_answers,
    .handle = list_users,
};

/* ---- new, and a password for once ---- */

/* A password that is told in this answer and nowhere else. */
static bool put_once(struct server *server, struct request *request, struct fleet_user *user,
                     char once[PASSWORD_ONCE], struct error *err)
{
    uint8_t random[PASSWORD_ONCE_BYTES];

    server_random(server, random, sizeof(random));
    password_once(random, once);
    user->must_change = true;
    user->changed_us = request->now_us;
    return people_hash(server, text_of(once), request->arena, &user->password, err);
}

static bool send_once(struct request *request, const struct fleet_user *user, const char *once,
                      unsigned status, struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};

    api_json_begin(&a, "suture.user/1");
    put_user(&a, "user", user);
    api_put_string(&a, "password", once);
    api_put_time(&a, "password_ends", user->changed_us + PEOPLE_ONCE_US);
    return api_json_send(&a, request, status, err);
}

static bool parse_roles(struct json body, struct arena *arena, struct text *out, struct error *err)
{
    struct text names = {0};
    uint32_t found;

    if (!json_get_text(body, "roles", true, 256, &names, err) || !roles_parse(names, &found, err))
        return error_at(err, "roles");
    *out = roles_names(found, arena);
    return out->at != NULL || arena_full(arena, err);
}

static struct text roles_detail(struct request *request, struct text names)
{
    return text_format(request->arena, "{\"roles\":\"%.*s\"}", TEXT_ARG(names));
}

static bool new_user(struct server *server, struct request *request, struct error *err)
{
    static const char *const names[] = {"name", "roles", NULL};
    OWN(json_end) struct json_document document = {0};
    struct fleet_write write = {.kind = FLEET_WRITE_USER};
    struct fleet_user *user = &write.user;
    char once[PASSWORD_ONCE];

    if (!api_body(request, names, &document, err) ||
        !json_get_text(json_root(&document), "name", true, PEOPLE_NAME_MAX, &user->name, err) ||
        !people_check_name(user->name, err) ||
        !parse_roles(json_root(&document), request->arena, &user->role, err) ||
        !put_once(server, request, user, once, err))
        return false;
    user->made_us = request->now_us;
    struct deed deed = {"user.new", user->name, roles_detail(request, user->role)};
    return deed_write(server, request, &write, &deed, NULL, err) && send_once(request, user, once, 201, err);
}

static const struct route_answer new_answers[] = {
    {201, API_JSON, "the user, and a password for once that is told here and never again",
     API_OBJECT("\"user\":{\"type\":\"object\",\"properties\":{" USER_SCHEMA
                "}}," API_TEXT("password") "," API_TIME("password_ends"))},
    {409, "text/plain", "there is a user of this name", NULL},
    {0},
};
const struct route route_api_user_new = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/users",
    .permission = PERMISSION_MANAGE,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema =
        "{\"type\":\"object\",\"required\":[\"name\",\"roles\"],\"properties\":{\"name\":{\"type\":"
        "\"string\"},\"roles\":{\"type\":\"string\",\"description\":\"names with ',' between "
        "them\"}},\"additionalProperties\":false}",
    .summary = "a new user",
    .answers = new_answers,
    .handle = new_user,
};

static bool not_oneself(const struct request *request, struct error *err)
{
    return !text_equal(request->parts[0], request->principal.name) ||
           error_set(err, ERROR_TRUST, "nobody does this to themselves: another administrator may");
}

static bool new_once(struct server *server, struct request *request, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_USER};
    struct deed deed = {"user.once", request->parts[0], {0}};
    char once[PASSWORD_ONCE];

    return not_oneself(request, err) && read_user(server, request, request->parts[0], &write.user, err) &&
           put_once(server, request, &write.user, once, err) &&
           deed_write(server, request, &write, &deed, NULL, err) &&
           tokens_end(server, request, write.user.name, TOKENS_SESSIONS, err) &&
           send_once(request, &write.user, once, 200, err);
}

static const struct route_parameter user_parameters[] = {
    {"name", ROUTE_IN_PATH, ROUTE_TEXT, "the user", true},
    {0},
};
static const struct route_answer once_answers[] = {
    {200, API_JSON, "the user, and a password for once", API_OBJECT(API_TEXT("password"))},
    {403, "text/plain", "oneself", NULL},
    {0},
};
const struct route route_api_user_once = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/users/{name}/once",
    .permission = PERMISSION_MANAGE,
    .admission = ADMIT_PEOPLE,
    .summary = "a one-time password for somebody who lost theirs; their sessions end",
    .parameters = user_parameters,
    .answers = once_answers,
    .handle = new_once,
};

/* ---- change ---- */

static bool parse_change(struct request *request, struct fleet_user *user, struct error *err)
{
    static const char *const names[] = {"roles", "disabled", NULL};
    OWN(json_end) struct json_document document = {0};

    if (!api_body(request, names, &document, err) ||
        !json_get_bool(json_root(&document), "disabled", false, &user->disabled, err))
        return false;
    return json_is_absent(json_member(json_root(&document), "roles")) ||
           parse_roles(json_root(&document), request->arena, &user->role, err);
}

static bool change_user(struct server *server, struct request *request, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_USER};
    struct fleet_user *user = &write.user;

    if (!not_oneself(request, err) || !read_user(server, request, request->parts[0], user, err) ||
        !parse_change(request, user, err))
        return false;
    struct deed deed = {user->disabled ? "user.disable" : "user.change", user->name,
                        roles_detail(request, user->role)};
    if (!deed_write(server, request, &write, &deed, NULL, err) ||
        (user->disabled && !tokens_end(server, request, user->name, TOKENS_ALL, err)))
        return false;
    OWN(api_json_end) struct api_json a = {0};
    api_json_begin(&a, "suture.user/1");
    put_user(&a, "user", user);
    return api_json_send(&a, request, 200, err);
}

static const struct route_answer change_answers[] = {
    {200, API_JSON, "the user as it is now",
     API_OBJECT("\"user\":{\"type\":\"object\",\"properties\":{" USER_SCHEMA "}}")},
    {403, "text/plain", "oneself", NULL},
    {0},
};
const struct route route_api_user_change = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/users/{name}",
    .permission = PERMISSION_MANAGE,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema =
        "{\"type\":\"object\",\"properties\":{\"roles\":{\"type\":\"string\"},\"disabled\":{\"type\":"
        "\"boolean\"}},\"additionalProperties\":false}",
    .summary = "other roles for a user, or none: they hold at once, for their tokens too",
    .parameters = user_parameters,
    .answers = change_answers,
    .handle = change_user,
};
