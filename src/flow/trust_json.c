#include "flow/trust_json.h"

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.size == 0)
        json_put_null(j);
    else
        json_put_text(j, text);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_u64(struct json_writer *j, const char *name, uint64_t number)
{
    json_name(j, name);
    json_put_u64(j, number);
}

static void put_role(struct json_writer *j, const struct trust_role *role, int64_t now_us)
{
    json_open_object(j);
    put_text(j, "role", role->name);
    put_text(j, "state", text_of(trust_age_name(trust_role_age(role, now_us))));
    put_u64(j, "version", role->version);
    put_time(j, "signed", role->made_us);
    put_time(j, "expires", role->expires_us);
    put_u64(j, "threshold", role->threshold);
    put_u64(j, "persons", role->persons);
    put_text(j, "problem", role->problem);
    json_close_object(j);
}

const char *trust_order_state(const struct trust_record *record, const struct trust_order *order,
                              int64_t now_us)
{
    if (trust_order_holds(record, order, now_us))
        return "holds";
    return now_us < order->begins_us || now_us < order->order.made_us ? "waits" : "ended";
}

static void put_order(struct json_writer *j, const struct trust_record *record,
                      const struct trust_order *order, int64_t now_us)
{
    json_open_object(j);
    put_text(j, "kind", text_of(signed_order_kind_name(order->order.kind)));
    put_text(j, "id", order->order.id);
    put_text(j, "state", text_of(trust_order_state(record, order, now_us)));
    put_text(j, "by", order->order.by);
    put_text(j, "reason", order->order.reason);
    put_text(j, "level",
             order->order.kind == SIGNED_ORDER_CRISIS ? text_of(level_name(order->order.level))
                                                      : (struct text){0});
    put_text(j, "package", order->order.package);
    put_u64(j, "persons", order->persons);
    put_time(j, "made", order->order.made_us);
    put_time(j, "seen", order->seen_us);
    put_time(j, "begins", order->begins_us);
    put_time(j, "ends", signed_order_end_us(&order->order, order->persons));
    json_close_object(j);
}

static void put_policy(struct json_writer *j, const char *name, const struct trust_file *file)
{
    char hex[DIGEST_HEX_MAX + 1];

    json_name(j, name);
    if (file == NULL || file->digest.kind == DIGEST_UNKNOWN) {
        json_put_null(j);
        return;
    }
    digest_hex(&file->digest, hex);
    json_open_object(j);
    put_u64(j, "version", file->version);
    put_text(j, "sha256", text_of(hex));
    put_time(j, "seen", file->seen_us);
    put_time(j, "begins", file->begins_us);
    json_close_object(j);
}

void trust_json_put(struct json_writer *j, const struct trust_record *record, int64_t now_us)
{
    const struct trust_file *policy = trust_record_policy(record, now_us);

    json_open_object(j);
    put_text(j, "repository", record->repository);
    json_name(j, "solo");
    json_put_bool(j, record->solo);
    put_time(j, "solo_until", record->solo_until_us);
    put_time(j, "tried", record->tried_us);
    put_time(j, "refreshed", record->refreshed_us);
    put_text(j, "problem", record->problem);
    json_name(j, "roles");
    json_open_array(j);
    for (size_t i = 0; i < record->role_count; i++)
        put_role(j, &record->roles[i], now_us);
    json_close_array(j);
    json_name(j, "orders");
    json_open_array(j);
    for (size_t i = 0; i < record->order_count; i++)
        put_order(j, record, &record->orders[i], now_us);
    json_close_array(j);
    put_policy(j, "policy", policy);
    put_policy(j, "next_policy", policy == &record->next_policy ? NULL : &record->next_policy);
    json_close_object(j);
}
