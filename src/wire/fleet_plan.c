#include "wire/fleet_plan.h"

#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"
#include "format/json_canonical.h"
#include "trust/signature.h"

#define SCHEMA     "suture.fleet-plan/1"
#define SEAL_MAGIC "SAG1"

_Static_assert(FLEET_PLAN_HEAD == sizeof(SEAL_MAGIC) - 1 + SIGNATURE_SIZE, "the head is magic and signature");

/* ---- writing: names in the order of their bytes, which is the canonical one ---- */

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_put_text(j, text);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_name(j, name);
    json_put_u64(j, value);
}

static void put_now(struct json_writer *j, const struct fleet_now *now)
{
    json_open_object(j);
    put_text(j, "by", now->by);
    put_text(j, "class", now->class);
    put_time(j, "ends", now->ends_us);
    put_text(j, "fix", now->fix);
    put_text(j, "id", now->id);
    put_time(j, "made", now->made_us);
    put_text(j, "reason", now->reason);
    json_close_object(j);
}

void fleet_plan_write(struct writer *w, const struct fleet_plan *plan)
{
    struct json_writer j = json_writer_with(w, false);
    char hex[DIGEST_HEX_MAX + 1];

    assert(plan->now_count <= FLEET_PLAN_NOW && plan->generation <= JSON_CANONICAL_NUMBER_MAX);
    json_open_object(&j);
    if (plan->advisories != 0) {
        json_name(&j, "advisories");
        json_open_object(&j);
        put_number(&j, "generation", plan->advisories);
        digest_hex(&plan->advisories_digest, hex);
        put_text(&j, "sha256", text_of(hex));
        put_number(&j, "size", plan->advisories_size);
        json_close_object(&j);
    }
    fleet_id_hex(&plan->fleet, hex);
    put_text(&j, "fleet", text_of(hex));
    put_number(&j, "generation", plan->generation);
    put_number(&j, "interval_s", plan->interval_s);
    put_time(&j, "made", plan->made_us);
    json_name(&j, "now");
    json_open_array(&j);
    for (size_t i = 0; i < plan->now_count; i++)
        put_now(&j, &plan->now[i]);
    json_close_array(&j);
    put_number(&j, "repository", plan->repository);
    put_text(&j, "schema", TEXT(SCHEMA));
    json_close_object(&j);
}

/* ---- reading ---- */

/* The document ends before the plan does: its texts are copied. */
static bool get_text(struct json object, const char *name, size_t limit, struct arena *arena,
                     struct text *out, struct error *err)
{
    struct text text = {0};

    if (!json_get_text(object, name, true, limit, &text, err))
        return false;
    *out = text_copy(arena, text);
    return out->at != NULL || arena_full(arena, err);
}

static bool get_time(struct json object, const char *name, int64_t *out, struct error *err)
{
    struct text text = {0};

    if (!json_get_text(object, name, true, AGENT_NAME_MAX, &text, err))
        return false;
    return time_parse(text, out, err) || error_at(err, "%s", name);
}

static bool check_id(struct text id, struct error *err)
{
    for (size_t i = 0; i < id.size; i++) {
        char c = id.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return error_set(err, ERROR_INPUT, "id: no letter, digit or \"-\" at %zu", i);
    }
    return id.size > 0 || error_set(err, ERROR_INPUT, "id: is empty");
}

static bool parse_now(struct json value, struct arena *arena, struct fleet_now *out, struct error *err)
{
    if (!get_text(value, "by", LIMIT_PERSON, arena, &out->by, err) ||
        !get_text(value, "class", AGENT_NAME_MAX, arena, &out->class, err) ||
        !get_time(value, "ends", &out->ends_us, err) ||
        !get_text(value, "fix", LIMIT_PACKAGE_NAME, arena, &out->fix, err) ||
        !get_text(value, "id", FLEET_PLAN_ID_MAX, arena, &out->id, err) ||
        !get_time(value, "made", &out->made_us, err) ||
        !get_text(value, "reason", LIMIT_ORDER_TEXT, arena, &out->reason, err) || !check_id(out->id, err))
        return false;
    if (out->fix.size == 0)
        return error_set(err, ERROR_INPUT, "fix: is empty");
    return out->made_us < out->ends_us || error_set(err, ERROR_INPUT, "it ends before it was made");
}

static bool parse_orders(struct json root, struct arena *arena, struct fleet_plan *out, struct error *err)
{
    struct json list = {0};

    if (!json_get_array(root, "now", true, &list, err))
        return false;
    size_t count = json_count(list);
    if (count > FLEET_PLAN_NOW)
        return error_set(err, ERROR_LIMIT, "now: %zu orders, more than %d", count, FLEET_PLAN_NOW);
    struct fleet_now *now = ARENA_ARRAY(arena, struct fleet_now, count + 1);
    if (now == NULL)
        return arena_full(arena, err);
    struct json_walk walk = json_walk_with(list);
    while (json_walk_next(&walk))
        if (!parse_now(walk.value, arena, &now[walk.index], err))
            return error_at(err, "now: %zu", walk.index);
    out->now = now;
    out->now_count = count;
    return true;
}

static bool parse_advisories(struct json root, struct fleet_plan *out, struct error *err)
{
    struct json advisories = {0};
    struct text hex = {0};

    if (!json_get_object(root, "advisories", false, &advisories, err))
        return false;
    if (json_is_absent(advisories))
        return true;
    if (!json_get_u64(advisories, "generation", true, JSON_CANONICAL_NUMBER_MAX, &out->advisories, err) ||
        !json_get_text(advisories, "sha256", true, DIGEST_HEX_MAX, &hex, err) ||
        !digest_parse(DIGEST_SHA256, hex, &out->advisories_digest, err) ||
        !json_get_u64(advisories, "size", true, LIMIT_STATE_FILE, &out->advisories_size, err))
        return error_at(err, "advisories");
    return out->advisories > 0 || error_set(err, ERROR_INPUT, "advisories: generation 0");
}

static bool parse_root(struct json root, struct arena *arena, struct fleet_plan *out, struct error *err)
{
    struct text schema = {0}, fleet = {0};
    uint64_t interval_s = 0;

    if (!json_get_text(root, "schema", true, AGENT_NAME_MAX, &schema, err))
        return false;
    if (!text_equal(schema, TEXT(SCHEMA)))
        return error_set(err, ERROR_INPUT, "schema \"%.*s\" is not " SCHEMA, TEXT_ARG(schema));
    if (!json_get_text(root, "fleet", true, FLEET_ID_HEX, &fleet, err) ||
        !fleet_id_parse(fleet, &out->fleet, err) ||
        !json_get_u64(root, "generation", true, JSON_CANONICAL_NUMBER_MAX, &out->generation, err) ||
        !json_get_u64(root, "interval_s", true, AGENT_NEXT_MAX_S, &interval_s, err) ||
        !get_time(root, "made", &out->made_us, err) ||
        !json_get_u64(root, "repository", true, JSON_CANONICAL_NUMBER_MAX, &out->repository, err))
        return false;
    out->interval_s = (uint32_t)interval_s;
    return parse_advisories(root, out, err) && parse_orders(root, arena, out, err);
}

bool fleet_plan_parse(struct bytes json, struct arena *arena, struct fleet_plan *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct fleet_plan got = {0};

    if (!json_parse(json, AGENT_PLAN_MAX, &document, err) || !json_canonical_check(&document, json, err) ||
        !parse_root(json_root(&document), arena, &got, err))
        return error_at(err, "plan");
    *out = got;
    return true;
}

/* ---- the seal ---- */

void fleet_plan_seal(struct writer *w, const uint8_t signature[64], struct bytes json)
{
    writer_string(w, SEAL_MAGIC);
    writer_put(w, (struct bytes){signature, SIGNATURE_SIZE});
    writer_put(w, json);
}

bool fleet_plan_open(struct bytes raw, const uint8_t plan_key[32], struct bytes *json, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, sizeof(SEAL_MAGIC) - 1),
                 raw_signature = reader_take(&r, SIGNATURE_SIZE);
    struct signature signature;
    struct public_key key;

    if (!reader_ok(&r) || memcmp(magic.at, SEAL_MAGIC, magic.size) != 0)
        return error_set(err, ERROR_INPUT, "plan: does not begin with " SEAL_MAGIC " and a signature");
    struct bytes content = reader_take(&r, reader_left(&r));
    if (content.size == 0 || content.at[0] != '{')
        return error_set(err, ERROR_INPUT, "plan: is no object");
    memcpy(signature.at, raw_signature.at, SIGNATURE_SIZE);
    memcpy(key.at, plan_key, SIGNATURE_KEY_SIZE);
    if (!signature_verify(&key, content, &signature, err))
        return error_at(err, "plan");
    *json = content;
    return true;
}
