/*
 * Who has it: GET /api/1/where/{what}, PACKAGE or PACKAGE=VERSION, by the package's own name and version or its source's. For
 * each host since when, and from which run: the first question after a poisoned update.
 *
 * "Since" is when the inventory that first had it was committed; how a bucket of packages changed is kept, and walked back
 * until it did not have it. Null: the host had it in its first inventory, so it is older than what is known here.
 */
#include "base/limits.h"
#include "base/own.h"
#include "server/api_numbers.h"
#include "server/readers.h"
#include "store/fleet_read.h"
#include "wire/agent_chunk.h"

#define CHANGES_MAX   64                /* of one bucket that are walked back */
#define RUN_BEFORE_US (2 * TIME_DAY_US) /* how long before an inventory the run may have ended that made it */

/* ---- since when ---- */

/* What is looked for in a host's bucket. */
struct sought {
    struct fleet_store *store;
    struct arena *arena;
    const struct fleet_index_row *row;
};

static bool chunk_has(const struct sought *sought, const uint8_t hash[FLEET_HASH_SIZE], bool *has,
                      struct error *err)
{
    static const uint8_t none[FLEET_HASH_SIZE] = {0};
    struct agent_chunk chunk;
    struct agent_entry entry;
    struct bytes body;

    *has = false;
    if (memcmp(hash, none, sizeof(none)) == 0)
        return true;
    if (!fleet_store_chunk(sought->store, hash, sought->arena, &body, err))
        return err->kind == ERROR_ABSENT; /* dropped with its month: it had whatever nobody knows any more */
    if (!agent_chunk_parse(body, &chunk, err))
        return false;
    for (struct agent_chunk_walk walk = agent_chunk_walk_with(&chunk); agent_chunk_next(&walk, &entry);)
        if (text_equal(entry.package, sought->row->package) &&
            text_equal(entry.version, sought->row->version) && text_equal(entry.arch, sought->row->arch)) {
            *has = true;
            return true;
        }
    return true;
}

/* 0: since before anything that is known here. */
static bool find_since(const struct sought *sought, int64_t hid, int64_t *since_us, struct error *err)
{
    struct text source = sought->row->source.size > 0 ? sought->row->source : sought->row->package;
    struct fleet_changes changes;
    uint8_t bucket;
    bool has = true;

    *since_us = 0;
    if (!agent_bucket_of(source, &bucket, err) ||
        !fleet_store_changes(sought->store, hid, bucket, 0, CHANGES_MAX, sought->arena, &changes, err))
        return false;
    for (size_t i = 0; i < changes.count && has; i++) {
        if (!chunk_has(sought, changes.at[i].was, &has, err))
            return false;
        if (!has)
            *since_us = changes.at[i].at_us;
    }
    return true;
}

/* The newest run that had ended when the inventory was committed. */
static bool put_run(const struct sought *sought, int64_t hid, int64_t since_us, struct api_json *a,
                    struct error *err)
{
    const struct fleet_event_filter filter = {
        .hid = hid,
        .kinds = UINT64_C(1) << AGENT_EVENT_RUN_ENDED,
        .before_us = since_us + 1,
        .before_epoch = UINT64_MAX,
        .before_seq = INT64_MAX,
        .bodies = true,
        .limit = 1,
    };
    struct fleet_event_rows rows = {0};

    if (since_us != 0 && !fleet_store_events(sought->store, &filter, sought->arena, &rows, err))
        return false;
    bool found = rows.count > 0 && since_us - rows.at[0].received_us < RUN_BEFORE_US;
    struct text body = found
                           ? (struct text){(const char *)rows.at[0].event.body.at, rows.at[0].event.body.size}
                           : (struct text){0};
    api_put_json(a, "run", body);
    return true;
}

static bool put_since(struct sought *sought, int64_t hid, struct api_json *a, struct error *err)
{
    int64_t since_us;

    if (!find_since(sought, hid, &since_us, err))
        return false;
    api_put_time(a, "since", since_us);
    return put_run(sought, hid, since_us, a, err);
}

/* ---- the answer ---- */

static bool put_rows(struct server *server, struct request *request, const struct fleet_index_rows *rows,
                     struct api_json *a, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    char last[2 * FLEET_ID_SIZE + 1] = "";

    if (!readers_take(server, &lease, err))
        return false;
    const struct api_numbered context = {server, lease.store, request->arena};
    api_open_list(a, "hosts");
    for (size_t i = 0; i < rows->count; i++) {
        struct sought sought = {lease.store, request->arena, &rows->rows[i]};
        struct fleet_host host = {0};
        api_open(a, NULL);
        if (!api_put_numbered(a, &context, &rows->rows[i], &host, err) ||
            (host.hid != 0 && rows->rows[i].package.size > 0 && !put_since(&sought, host.hid, a, err)))
            return false;
        api_close(a);
        api_host_hex(host.id, last);
    }
    api_put_next(a, rows->more, text_of(last));
    return true;
}

static bool parse_what(struct text what, struct text *package, struct text *version, struct error *err)
{
    /* No name of a package has a ':'; "nobody has it" would be a lie. */
    if (text_find_byte(what, ':') < text_find_byte(what, '='))
        return error_set(err, ERROR_INPUT,
                         "machines report names and versions, not files: PACKAGE or PACKAGE=VERSION");
    *version = what;
    if (!text_cut(version, '=', package) || package->size == 0)
        return error_set(err, ERROR_INPUT, "PACKAGE or PACKAGE=VERSION");
    if (text_find_byte(what, '=') != SIZE_MAX && version->size == 0)
        return error_set(err, ERROR_INPUT, "a version is missing behind '='");
    return true;
}

static bool where(struct server *server, struct request *request, struct error *err)
{
    const unsigned wanted = 1U << FLEET_INDEX_EXPOSED | 1U << FLEET_INDEX_EXPOSED_STALE;
    OWN(api_json_end) struct api_json a = {0};
    struct text package, version;
    struct fleet_index_count count;
    struct fleet_index_page page;
    struct fleet_index_rows rows;

    if (!parse_what(request->parts[0], &package, &version, err) ||
        !api_index_page(server, request, wanted, &page, err) ||
        !fleet_index_where(server->index, package, version, &page, request->arena, &rows, &count, err))
        return false;
    api_json_begin(&a, "suture.where/1");
    api_put_text(&a, "package", package);
    api_put_text(&a, "version", version);
    /* Of `where`, "exposed" would be the wrong word: it has it. */
    api_open(&a, "counts");
    api_put_number(&a, "have", count.hosts[FLEET_INDEX_EXPOSED]);
    api_put_number(&a, "had-when-last-seen", count.hosts[FLEET_INDEX_EXPOSED_STALE]);
    api_put_number(&a, "unknown", count.hosts[FLEET_INDEX_UNKNOWN]);
    api_put_number(&a, "total", count.total);
    api_close(&a);
    return put_rows(server, request, &rows, &a, err) && api_json_send(&a, request, 200, err);
}

static const struct route_parameter parameters[] = {
    {"what", ROUTE_IN_PATH, ROUTE_TEXT, "PACKAGE or PACKAGE=VERSION", true},
    API_INDEX_PARAMETERS,
    {0},
};
static const struct route_answer answers[] = {
    {200, API_JSON, "counts, and a page of the hosts that have it, since when, from which run",
     API_OBJECT(
         API_TEXT("package") "," API_TEXT("version") ",\"counts\":{\"type\":\"object\"},\"hosts\":{\"type\":"
                                                     "\"array\"},\"next\":{\"type\":[\"string\","
                                                     "\"null\"]}")},
    {0},
};
const struct route route_api_where = {
    .listener = ROUTE_PEOPLE,
    .method = REQUEST_GET,
    .path = "/api/1/where/{what}",
    .permission = PERMISSION_READ,
    .admission = ADMIT_PEOPLE,
    .summary = "who has a package",
    .parameters = parameters,
    .answers = answers,
    .handle = where,
};
