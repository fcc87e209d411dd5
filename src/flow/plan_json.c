#include "flow/plan_json.h"

#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "format/json_canonical.h"

#define SCHEMA "suture.plan/1"

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.size == 0)
        json_put_null(j);
    else
        json_put_text(j, text);
}

static void put_bool(struct json_writer *j, const char *name, bool value)
{
    json_name(j, name);
    json_put_bool(j, value);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_name(j, name);
    json_put_u64(j, value);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

/* The canonical form has no sign. */
static void put_disk(struct json_writer *j, int64_t bytes)
{
    put_number(j, "disk_added", bytes > 0 ? (uint64_t)bytes : 0);
    put_number(j, "disk_freed", bytes < 0 ? (uint64_t)-bytes : 0);
}

static void put_digest(struct json_writer *j, const char *name, const struct digest *digest)
{
    char hex[DIGEST_HEX_MAX + 1] = "";

    if (digest->kind == DIGEST_SHA256)
        digest_hex(digest, hex);
    put_text(j, name, text_of(hex));
}

static void put_texts(struct json_writer *j, const char *name, const struct text *texts, size_t count)
{
    json_name(j, name);
    json_open_array(j);
    for (size_t i = 0; i < count; i++)
        json_put_text(j, texts[i]);
    json_close_array(j);
}

/* What has not been judged is not there. */
static void put_judgement(struct json_writer *j, const struct plan_change *change)
{
    if (change->lane != LANE_UNKNOWN)
        put_text(j, "lane", text_of(lane_name(change->lane)));
    if (change->new_package)
        put_bool(j, "new_package", true);
    if (change->follows.size > 0)
        put_text(j, "follows", change->follows);
}

static void put_change(struct json_writer *j, const struct plan_change *change, bool named)
{
    json_open_object(j);
    if (named && change->delta_size > 0)
        put_number(j, "delta_size", change->delta_size);
    if (named)
        put_judgement(j, change);
    put_text(j, "kind", text_of(change_kind_name(change->kind)));
    put_text(j, "reason", text_of(change_reason_name(change->reason)));
    put_text(j, "name", change->name);
    put_text(j, "arch", change->arch);
    put_text(j, "from", change->from);
    put_text(j, "to", change->to);
    put_text(j, "source", change->source);
    put_text(j, "needed_by", change->needed_by);
    put_bool(j, "automatic", change->automatic);
    put_text(j, "uri", change->uri);
    put_text(j, "file", change->file);
    put_text(j, "suite", change->suite);
    put_number(j, "size", change->size);
    put_digest(j, "sha256", &change->digest);
    put_disk(j, change->disk_bytes);
    put_texts(j, "cves", change->cves, change->cve_count);
    put_bool(j, "exploited", change->exploited);
    put_bool(j, "late", change->late);
    put_bool(j, "reboot", change->reboot);
    put_time(j, "due", change->due_us);
    put_texts(j, "services", change->services, change->service_count);
    put_number(j, "group", change->group);
    json_close_object(j);
}

static void put_left(struct json_writer *j, const struct plan_left *left, bool named)
{
    json_open_object(j);
    if (named && left->until_us != TIME_ABSENT)
        put_time(j, "until", left->until_us);
    put_text(j, "name", left->name);
    put_text(j, "arch", left->arch);
    put_text(j, "from", left->from);
    put_text(j, "to", left->to);
    put_text(j, "source", left->source);
    put_text(j, "reason", text_of(left_reason_name(left->reason)));
    put_text(j, "why", left->why);
    put_number(j, "size", left->size);
    put_number(j, "cves", left->cve_count);
    put_time(j, "due", left->due_us);
    put_bool(j, "reboot", left->reboot);
    json_close_object(j);
}

static void put_plan(struct json_writer *j, const struct plan *plan, bool named)
{
    json_open_object(j);
    put_text(j, "schema", TEXT(SCHEMA));
    if (named) {
        put_text(j, "id", text_of(plan->id));
        put_time(j, "now", plan->now_us);
        if (plan->delta_bytes > 0)
            put_number(j, "delta_bytes", plan->delta_bytes);
    }
    put_text(j, "level", text_of(level_name(plan->level)));
    put_text(j, "host", plan->host);
    put_text(j, "release", plan->release);
    put_text(j, "arch", plan->arch);
    put_text(j, "policy", plan->policy);
    json_name(j, "data");
    json_open_array(j);
    for (size_t i = 0; i < plan->data_count; i++) {
        json_open_object(j);
        put_text(j, "feed", plan->data[i].feed);
        put_time(j, "generated", plan->data[i].generated_us);
        json_close_object(j);
    }
    json_close_array(j);
    put_digest(j, "status", &plan->status);
    json_name(j, "changes");
    json_open_array(j);
    for (size_t i = 0; i < plan->change_count; i++)
        put_change(j, &plan->changes[i], named);
    json_close_array(j);
    json_name(j, "left");
    json_open_array(j);
    for (size_t i = 0; i < plan->left_count; i++)
        put_left(j, &plan->left[i], named);
    json_close_array(j);
    put_number(j, "groups", plan->group_count);
    put_number(j, "fetch_bytes", plan->fetch_bytes);
    put_disk(j, plan->disk_bytes);
    put_bool(j, "reboot", plan->reboot);
    json_close_object(j);
}

static bool write_form(const struct plan *plan, bool named, struct writer *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PLAN_FILE);
    struct json_writer j = json_writer_with(&w, false);
    struct bytes bytes;

    put_plan(&j, plan, named);
    return writer_done(&w, &bytes, err) && json_canonical(bytes, LIMIT_PLAN_FILE, out, err);
}

bool plan_name(struct plan *plan, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PLAN_FILE);
    struct digest digest;
    struct bytes bytes;

    if (!write_form(plan, false, &w, err) || !writer_done(&w, &bytes, err) ||
        !digest_bytes(DIGEST_SHA256, bytes, &digest, err))
        return false;
    digest_hex(&digest, plan->id);
    return true;
}

bool plan_write_json(const struct plan *plan, struct writer *out, struct error *err)
{
    return write_form(plan, true, out, err);
}
