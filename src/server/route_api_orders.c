/*
 * Orders: GET /api/1/orders lists those that people signed, as they lie in the repository, and the server's own "patch now";
 * POST /api/1/orders makes one of the latter, POST /api/1/orders/{number}/end ends it. Signed orders are not made here: nothing that is sent to this
 * server can (suture order crisis, block, approval).
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "server/api_routes.h"
#include "server/deed.h"
#include "server/first_start.h"
#include "server/now_orders.h"
#include "server/readers.h"
#include "store/fleet_read.h"
#include "trust/repo_orders.h"

#define NOW_SCHEMA                                                                                           \
    API_TEXT("number")                                                                                       \
    "," API_TEXT("fix") "," API_TEXT("class") "," API_TEXT("by") "," API_TEXT("reason") "," API_TIME(        \
        "made") "," API_TIME("ends") "," API_TIME("withdrawn") "," API_TEXT("state")
#define SIGNED_SCHEMA                                                                                        \
    API_TEXT("kind")                                                                                         \
    "," API_TEXT("id") "," API_TEXT("by") "," API_TEXT("reason") "," API_TIME("made") "," API_TIME(          \
        "ends") "," API_TEXT("state")

/* ---- list ---- */

static const char *state_of(const struct fleet_now_item *item, int64_t now_us)
{
    if (item->withdrawn_us != 0)
        return "withdrawn";
    return item->ends_us <= now_us ? "ended" : "in-force";
}

static void put_now(struct api_json *a, const char *name, const struct fleet_now_item *item, int64_t now_us)
{
    api_open(a, name);
    api_put_id(a, "number", (uint64_t)item->number);
    api_put_string(a, "state", state_of(item, now_us));
    api_put_text(a, "fix", item->fix);
    api_put_text(a, "class", item->class);
    api_put_text(a, "by", item->by);
    api_put_text(a, "reason", item->reason);
    api_put_time(a, "made", item->made_us);
    api_put_time(a, "ends", item->ends_us);
    api_put_time(a, "withdrawn", item->withdrawn_us);
    api_close(a);
}

static void put_signed(struct api_json *a, const struct repo_order *order)
{
    bool read = order->why.kind == ERROR_NONE;

    api_open(a, NULL);
    api_put_string(a, "kind", read ? signed_order_kind_name(order->order.kind) : "");
    api_put_text(a, "id", order->order.id);
    api_put_string(a, "state", repo_order_state_name(order->state));
    api_put_string(a, "level",
                   read && order->order.kind == SIGNED_ORDER_CRISIS ? level_name(order->order.level) : "");
    api_put_text(a, "package", order->order.package);
    api_put_text(a, "by", order->order.by);
    api_put_text(a, "reason", order->order.reason);
    api_put_time(a, "made", order->order.made_us);
    api_put_time(a, "ends", order->end_us == TIME_ABSENT ? 0 : order->end_us);
    api_put_text(a, "path", order->path);
    api_put_string(a, "problem", read ? "" : order->why.text);
    api_close(a);
}

/*
 * What is published, which is all that this process may read; what still waits for signatures the people who sign see.
 * When it cannot be read the answer says so, and the rest of it is as good.
 */
static bool read_published(struct server *server, struct request *request, struct repo *repo,
                           struct repo_orders *out, struct error *why)
{
    struct server_paths paths;

    if (!server_paths_of(server->settings, repo->arena, &paths, why))
        return false;
    repo->metadata = paths.metadata;
    repo->targets = file_path(repo->arena, paths.public_folder, "targets");
    if (repo->targets == NULL)
        return arena_full(repo->arena, why);
    repo->objects = repo->targets;
    return repo_read_metadata(paths.metadata, TIME_ABSENT, repo->arena, &repo->published, why) &&
           repo_orders_list(repo, request->now_us, out, why);
}

static void put_repository(struct server *server, struct request *request, struct api_json *a)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_REPO_MEMORY);
    OWN(repo_close) struct repo repo = {.arena = &arena, .lock = -1};
    struct repo_orders orders = {0};
    struct error why = {0};
    bool read = read_published(server, request, &repo, &orders, &why);

    api_open_list(a, "signed");
    for (size_t i = 0; read && i < orders.count; i++)
        put_signed(a, &orders.at[i]);
    api_close_list(a);
    api_put_string(a, "signed_problem", read ? "" : why.text);
}

static bool read_items(struct server *server, struct request *request, bool all, struct fleet_now_items *out,
                       struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    return readers_take(server, &lease, err) &&
           fleet_store_now_items(lease.store, all ? 0 : request->now_us, request->arena, out, err);
}

static bool list_orders(struct server *server, struct request *request, struct error *err)
{
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_now_items items;

    if (!read_items(server, request, request_has_query(request, "all"), &items, err))
        return false;
    api_json_begin(&a, "suture.orders/1");
    api_open_list(&a, "now");
    for (size_t i = 0; i < items.count; i++)
        put_now(&a, NULL, &items.at[i], request->now_us);
    api_close_list(&a);
    put_repository(server, request, &a);
    return api_json_send(&a, request, 200, err);
}

static const struct route_parameter list_parameters[] = {
    {"all", ROUTE_IN_QUERY, ROUTE_SWITCH, "\"patch now\" that has ended, too", false},
    {0},
};
static const struct route_answer list_answers[] = {
    {200, API_JSON, "\"patch now\", newest first, and the signed orders of the repository",
     API_OBJECT(
         "\"now\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{" NOW_SCHEMA
         "}}},\"signed\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{" SIGNED_SCHEMA
         "}}}")},
    {0},
};
const struct route route_api_orders = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/orders",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "the orders that hold, or did",
    .parameters = list_parameters,
    .answers = list_answers,
    .handle = list_orders,
};

/* ---- patch now ---- */

static bool parse_new(struct request *request, struct json body, struct fleet_now_item *item,
                      struct error *err)
{
    item->made_us = request->now_us;
    item->ends_us = request->now_us + NOW_ORDER_LENGTH_US;
    item->by = request->principal.name;
    if (!api_body_text(body, "fix", true, LIMIT_PACKAGE_NAME, &item->fix, err) ||
        !api_body_text(body, "class", false, API_LABEL, &item->class, err) ||
        !api_body_text(body, "reason", true, API_REASON, &item->reason, err) ||
        !api_body_time(body, "ends", &item->ends_us, err) || !now_orders_check_fix(item->fix, err) ||
        !now_orders_check_class(item->class, err))
        return false;
    if (item->ends_us <= request->now_us || item->ends_us - request->now_us > NOW_ORDER_MAX_US)
        return error_set(err, ERROR_INPUT, "ends: within 30 days from now");
    return true;
}

static bool new_order(struct server *server, struct request *request, struct error *err)
{
    static const char *const names[] = {"fix", "class", "reason", "ends", NULL};
    OWN(json_end) struct json_document document = {0};
    OWN(api_json_end) struct api_json a = {0};
    struct fleet_write write = {.kind = FLEET_WRITE_NOW_ITEM};
    struct fleet_result result;

    if (!api_body(request, names, &document, err) ||
        !parse_new(request, json_root(&document), &write.now_item, err))
        return false;
    struct deed deed = {"order.now", write.now_item.fix, {0}};
    if (!deed_write(server, request, &write, &deed, &result, err) || !now_orders_publish(server, err))
        return false;
    write.now_item.number = (int64_t)result.number;
    api_json_begin(&a, "suture.order-now/1");
    put_now(&a, "order", &write.now_item, request->now_us);
    return api_json_send(&a, request, 201, err);
}

#define ONE_SCHEMA API_OBJECT("\"order\":{\"type\":\"object\",\"properties\":{" NOW_SCHEMA "}}")

static const struct route_answer new_answers[] = {
    {201, API_JSON, "the order, which is in the plan now", ONE_SCHEMA},
    {0},
};
const struct route route_api_order_now = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/orders",
    .permission = PERMISSION_OPERATE,
    .admission = ADMIT_PEOPLE,
    .body_max = API_BODY,
    .body_type = API_JSON,
    .body_schema =
        "{\"type\":\"object\",\"required\":[\"fix\",\"reason\"],\"properties\":{\"fix\":{\"type\":"
        "\"string\",\"description\":\"a CVE or a source package\"},\"class\":{\"enum\":[\"security\","
        "\"functional\"]},\"reason\":{\"type\":\"string\",\"maxLength\":512},\"ends\":{\"type\":"
        "\"string\",\"format\":\"date-time\"}},\"additionalProperties\":false}",
    .summary = "\"patch now\": each machine takes the fix that it would have taken in its window",
    .answers = new_answers,
    .handle = new_order,
};

static bool find_item(struct server *server, struct request *request, struct fleet_now_item *out,
                      struct error *err)
{
    struct fleet_now_items items;
    int64_t number;

    if (!api_number(request->parts[0], &number, err) || !read_items(server, request, true, &items, err))
        return false;
    for (size_t i = 0; i < items.count; i++)
        if (items.at[i].number == number) {
            *out = items.at[i];
            return true;
        }
    return error_set(err, ERROR_ABSENT, "there is no order %lld", (long long)number);
}

static bool end_order(struct server *server, struct request *request, struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_NOW_ITEM};
    OWN(api_json_end) struct api_json a = {0};

    if (!find_item(server, request, &write.now_item, err))
        return false;
    struct deed deed = {"order.end", write.now_item.fix, {0}};
    if (write.now_item.withdrawn_us == 0) {
        write.now_item.withdrawn_us = request->now_us;
        if (!deed_write(server, request, &write, &deed, NULL, err) || !now_orders_publish(server, err))
            return false;
    }
    api_json_begin(&a, "suture.order-now/1");
    put_now(&a, "order", &write.now_item, request->now_us);
    return api_json_send(&a, request, 200, err);
}

static const struct route_parameter end_parameters[] = {
    {"number", ROUTE_IN_PATH, ROUTE_ID, "the order", true},
    {0},
};
static const struct route_answer end_answers[] = {
    {200, API_JSON, "the order, which is in no plan from now on", ONE_SCHEMA},
    {0},
};
const struct route route_api_order_end = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_POST,
    .path = "/api/1/orders/{number}/end",
    .permission = PERMISSION_OPERATE,
    .admission = ADMIT_PEOPLE,
    .summary = "end a \"patch now\"; what machines did already stays",
    .parameters = end_parameters,
    .answers = end_answers,
    .handle = end_order,
};
