#include "server/api_testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "format/json.h"
#include "identify/fleet_index.h"
#include "server/committer.h"
#include "server/host_table.h"
#include "server/readers.h"
#include "server/roles.h"

#define START  (INT64_C(1800000000) * TIME_SECOND_US)
#define MEMORY (256 * MIB)

static int64_t now(void *self)
{
    return ((struct api_testing *)self)->now_us;
}

/* Each byte another one, the same in each run. */
static void roll(void *self, void *out, size_t size)
{
    struct api_testing *testing = self;

    for (size_t i = 0; i < size; i++) {
        testing->dice = testing->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)out)[i] = (uint8_t)(testing->dice >> 56);
    }
}

static void open_server(struct api_testing *testing)
{
    const struct fleet_store_options options = {.make = true, .now_us = START};
    struct server *server = &testing->server;
    struct error err;

    (void)snprintf(testing->store_path, sizeof(testing->store_path), "sqlite:%s/store.db", testing->folder);
    testing->settings = (struct server_settings){
        .data = testing->folder, .store = testing->store_path, .repository = "", .content = ""};
    server->settings = &testing->settings;
    server->world = (struct server_world){now, roll, testing};
    assert_done("store", fleet_store_open(testing->store_path, &options, &testing->store, &err), &err);
    assert_done("hosts", host_table_make(7, &server->hosts, &err), &err);
    assert_done("index", fleet_index_make(7, &server->index, &err), &err);
    assert_done("committer", committer_make(testing->store, server->hosts, &server->committer, &err), &err);
    assert_done("readers", readers_part.start(server, &err), &err);
    assert_done("people", people_part.start(server, &err), &err);
    memcpy(testing->once, server->first_password, sizeof(testing->once));
}

int api_testing_begin(void **state)
{
    struct api_testing *testing = calloc(1, sizeof(*testing));

    assert_non_null(testing);
    test_folder(testing->folder);
    testing->arena = arena_with(MEMORY);
    testing->now_us = START;
    testing->address = "192.0.2.1";
    open_server(testing);
    *state = testing;
    return 0;
}

int api_testing_end(void **state)
{
    struct api_testing *testing = *state;
    struct error err;

    people_part.stop(&testing->server);
    readers_part.stop(&testing->server);
    committer_end(&testing->server.committer);
    fleet_store_close(&testing->store);
    fleet_index_end(&testing->server.index);
    host_table_end(&testing->server.hosts);
    assert_done("remove", file_remove_tree(testing->folder, &err), &err);
    arena_end(&testing->arena);
    free(testing);
    return 0;
}

/* What the gate does with a request that it has read: gate_serve.c. */
static bool serve(struct api_testing *testing, const struct api_asked *asked, struct request *request,
                  struct error *err)
{
    struct server *server = &testing->server;

    const struct route_asked matched = {
        .table = routes,
        .listener = ROUTE_PEOPLE,
        .method = text_of(asked->method),
        .target = bytes_of_text(text_of(asked->target)),
    };

    if (!route_match(&matched, request, err) || !server->guards.authenticate(server, request, err))
        return false;
    if (!server->guards.permits(request->principal.roles, request->route->permission))
        return error_set(err, ERROR_TRUST, "not permitted: %s", permission_name(request->route->permission));
    return request->route->handle(server, request, err);
}

struct api_answer api_testing_ask(struct api_testing *testing, const struct api_asked *asked)
{
    struct request request = request_with(&testing->arena, NULL, testing->now_us);
    struct error err = {0};

    request.peer.address = text_of(testing->address);
    if (asked->token != NULL)
        request.headers[request.header_count++] = (struct request_pair){
            TEXT("Authorization"), text_format(&testing->arena, "Bearer %s", asked->token)};
    if (asked->body != NULL)
        request.body = bytes_of_text(text_of(asked->body));
    if (!serve(testing, asked, &request, &err)) {
        unsigned status = request_status_of(err.kind);
        struct text why = text_format(&testing->arena, "%s", err.text);
        return (struct api_answer){status == 403 && request.principal.roles == 0 ? 401 : status, why, 0, {0}};
    }
    struct text body = text_copy(
        &testing->arena, (struct text){(const char *)request.answer.body.at, request.answer.body.size});
    return (struct api_answer){request.answer.status, body, request.answer.retry_after_s,
                               request.answer.etag};
}

const char *api_testing_text(struct api_testing *testing, const struct api_answer *answer, const char *name)
{
    struct json_document document = {0};
    struct text text = {0};
    struct error err;

    assert_done("answer", json_parse(bytes_of_text(answer->body), LIMIT_API_ANSWER, &document, &err), &err);
    assert_done(name, json_get_text(json_root(&document), name, true, 4096, &text, &err), &err);
    const char *copy = text_string(&testing->arena, text);
    json_end(&document);
    return copy;
}

static const char *session(struct api_testing *testing, const char *user, const char *once)
{
    const char *body =
        text_format(&testing->arena, "{\"user\":\"%s\",\"password\":\"%s\",\"new_password\":\"%s\"}", user,
                    once, API_TESTING_PASSWORD)
            .at;
    const struct api_asked asked = {.method = "POST", .target = "/api/1/login", .body = body};
    struct api_answer answer = api_testing_ask(testing, &asked);

    if (answer.status != 200)
        fail_msg("login of %s: %u %s", user, answer.status, answer.body.at);
    return api_testing_text(testing, &answer, "token");
}

const char *api_testing_admin(struct api_testing *testing)
{
    return session(testing, PEOPLE_FIRST_USER, testing->once);
}

const char *api_testing_user(struct api_testing *testing, const char *admin, const char *name,
                             const char *role_names)
{
    const char *body =
        text_format(&testing->arena, "{\"name\":\"%s\",\"roles\":\"%s\"}", name, role_names).at;
    const struct api_asked asked = {.token = admin, .method = "POST", .target = "/api/1/users", .body = body};
    struct api_answer answer = api_testing_ask(testing, &asked);

    assert_int_equal(answer.status, 201);
    return session(testing, name, api_testing_text(testing, &answer, "password"));
}

struct fleet_result api_testing_write(struct api_testing *testing, const struct fleet_write *write)
{
    struct fleet_result result = {0};
    struct error err;

    assert_done("write", committer_write(testing->server.committer, write, 1, &result, &err), &err);
    if (result.outcome != FLEET_OUTCOME_DONE)
        fail_msg("write: %s", result.why);
    return result;
}
