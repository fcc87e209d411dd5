#include "flow/plan_json.h"

#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "format/json_canonical.h"
#include "model/relation.h"

#define SCHEMA "suture.plan/1"

/* What reads one plan: errors are of the caller, texts go into the arena. */
struct reading {
    struct arena *arena;
    struct error *err;
};

static bool copy(const struct reading *r, struct text *text)
{
    if (text->size == 0) {
        *text = (struct text){0};
        return true;
    }
    *text = text_copy(r->arena, *text);
    return text->at != NULL || arena_full(r->arena, r->err);
}

/* A text; absent (null) when it is not required. Empty is no text. */
static bool get_text(const struct reading *r, struct json object, const char *name, bool required,
                     size_t limit, struct text *out)
{
    struct text got = {0};

    if (!json_get_text(object, name, required, limit, &got, r->err))
        return false;
    if (got.size == 0 && (required || json_is_text(json_member(object, name))))
        return error_set(r->err, ERROR_INPUT, "%s is empty", name);
    *out = got;
    return copy(r, out);
}

static bool get_name(const struct reading *r, struct json object, const char *name, bool required,
                     struct text *out)
{
    struct text got = {0};

    if (!get_text(r, object, name, required, LIMIT_PACKAGE_NAME, &got))
        return false;
    if (got.size > 0 && !relation_is_name(got))
        return error_set(r->err, ERROR_INPUT, "%s \"%.*s\" is no package's name", name,
                         TEXT_ARG(text_part(got, 0, 40)));
    *out = got;
    return true;
}

/* Letters, digits and a few marks; begins with none of the marks, so that no program takes it for an option. */
static bool is_word(struct text word, const char *marks)
{
    for (size_t i = 0; i < word.size; i++) {
        char byte = word.at[i];
        bool plain =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        if (!plain && (i == 0 || strchr(marks, byte) == NULL || byte == 0))
            return false;
    }
    return word.size > 0;
}

static bool get_word(const struct reading *r, struct json object, const char *name, const char *marks,
                     struct text *out)
{
    bool version = strcmp(name, "arch") != 0;
    struct text got = {0};

    if (!get_text(r, object, name, !version, version ? LIMIT_VERSION : LIMIT_ARCH, &got))
        return false;
    if (got.size > 0 && !is_word(got, marks))
        return error_set(r->err, ERROR_INPUT, "%s \"%.*s\" is no %s", name, TEXT_ARG(text_part(got, 0, 40)),
                         version ? "version" : "architecture");
    *out = got;
    return true;
}

static bool get_version(const struct reading *r, struct json object, const char *name, struct text *out)
{
    return get_word(r, object, name, ".+-~:", out);
}

static bool get_time(const struct reading *r, struct json object, const char *name, bool required,
                     int64_t *out)
{
    struct text got = {0};

    *out = TIME_ABSENT;
    if (!json_get_text(object, name, required, LIMIT_ARCH, &got, r->err))
        return false;
    return got.size == 0 || time_parse(got, out, r->err) || error_at(r->err, "%s", name);
}

static bool get_disk(const struct reading *r, struct json object, uint64_t max, int64_t *out)
{
    uint64_t added = 0, freed = 0;

    if (!json_get_u64(object, "disk_added", true, max, &added, r->err) ||
        !json_get_u64(object, "disk_freed", true, max, &freed, r->err))
        return false;
    if (added > 0 && freed > 0)
        return error_set(r->err, ERROR_INPUT, "disk_added and disk_freed exclude each other");
    *out = (int64_t)added - (int64_t)freed;
    return true;
}

static bool get_digest(const struct reading *r, struct json object, const char *name, struct digest *out)
{
    struct text hex = {0};

    if (!json_get_text(object, name, false, DIGEST_HEX_MAX, &hex, r->err))
        return false;
    for (size_t i = 0; i < hex.size; i++)
        if (hex.at[i] >= 'A' && hex.at[i] <= 'F')
            return error_set(r->err, ERROR_INPUT, "%s has capital letters", name);
    return hex.size == 0 || digest_parse(DIGEST_SHA256, hex, out, r->err) || error_at(r->err, "%s", name);
}

static bool get_texts(const struct reading *r, struct json object, const char *name, const struct text **out,
                      size_t *count)
{
    struct json array = {0};

    if (!json_get_array(object, name, true, &array, r->err))
        return false;
    struct text *texts = ARENA_ARRAY(r->arena, struct text, json_count(array));
    if (texts == NULL)
        return arena_full(r->arena, r->err);
    struct json_walk walk = json_walk_with(array);
    while (json_walk_next(&walk))
        if (!json_as_text(walk.value, LIMIT_PACKAGE_NAME, &texts[walk.index], r->err) ||
            !copy(r, &texts[walk.index]))
            return error_at(r->err, "%s %zu", name, walk.index);
    *out = texts;
    *count = json_count(array);
    return true;
}

/* The value of an enum by its word; 0 is never written. */
static bool get_enum(const struct reading *r, struct json object, const char *name, unsigned count,
                     const char *(*word)(unsigned), unsigned *out)
{
    struct text got = {0};

    if (!json_get_text(object, name, true, LIMIT_PACKAGE_NAME, &got, r->err))
        return false;
    for (unsigned i = 1; i < count; i++)
        if (text_equal(got, text_of(word(i)))) {
            *out = i;
            return true;
        }
    return error_set(r->err, ERROR_INPUT, "%s \"%.*s\" is not known", name, TEXT_ARG(text_part(got, 0, 40)));
}

static const char *kind_word(unsigned value)
{
    return change_kind_name((enum change_kind)value);
}
static const char *reason_word(unsigned value)
{
    return change_reason_name((enum change_reason)value);
}
static const char *left_word(unsigned value)
{
    return left_reason_name((enum left_reason)value);
}
static const char *level_word(unsigned value)
{
    return level_name((enum level)value);
}

static bool get_bool(const struct reading *r, struct json object, const char *name, bool *out)
{
    return json_get_bool(object, name, true, out, r->err);
}

static bool get_number(const struct reading *r, struct json object, const char *name, uint64_t max,
                       uint64_t *out)
{
    return json_get_u64(object, name, true, max, out, r->err);
}

/* Relative, below its archive, and of no byte that an address or a path would read otherwise. */
static bool is_file(struct text file)
{
    struct text rest = file, part;

    for (size_t i = 0; i < file.size; i++)
        if (file.at[i] <= ' ' || file.at[i] > '~' || file.at[i] == '?' || file.at[i] == '#')
            return false;
    while (text_cut(&rest, '/', &part))
        if (part.size == 0 || text_equal(part, TEXT("..")) || text_equal(part, TEXT(".")))
            return false;
    return file.size > 0 && !text_ends(file, TEXT("/"));
}

static bool get_origin(const struct reading *r, struct json json, struct plan_change *into)
{
    bool fetched = into->kind != CHANGE_REMOVE;

    if (!get_text(r, json, "uri", fetched, LIMIT_URL, &into->uri) ||
        !get_text(r, json, "file", fetched, LIMIT_PATH, &into->file) ||
        !get_text(r, json, "suite", fetched, LIMIT_RELEASE_FIELD, &into->suite) ||
        !get_digest(r, json, "sha256", &into->digest) ||
        !get_number(r, json, "size", LIMIT_PLAN_BYTES, &into->size) ||
        !json_get_u64(json, "delta_size", false, into->size, &into->delta_size, r->err))
        return false;
    if (!fetched)
        return (into->uri.size == 0 && into->file.size == 0 && into->size == 0 &&
                into->digest.kind == DIGEST_UNKNOWN) ||
               error_set(r->err, ERROR_INPUT, "a removal fetches nothing");
    if (!text_ends(into->uri, TEXT("/")) || text_find(into->uri, TEXT(":/")) == SIZE_MAX)
        return error_set(r->err, ERROR_INPUT, "uri \"%.*s\" is no archive's",
                         TEXT_ARG(text_part(into->uri, 0, 80)));
    if (!is_file(into->file))
        return error_set(r->err, ERROR_INPUT, "file \"%.*s\" is no path below its archive",
                         TEXT_ARG(text_part(into->file, 0, 80)));
    return into->digest.kind == DIGEST_SHA256 || error_set(r->err, ERROR_INPUT, "sha256 is missing");
}

/* What may be missing: nobody has judged it then. */
static bool get_judgement(const struct reading *r, struct json json, struct plan_change *into)
{
    struct text lane = {0};

    if (!json_get_text(json, "lane", false, LIMIT_PACKAGE_NAME, &lane, r->err) ||
        !json_get_bool(json, "new_package", false, &into->new_package, r->err) ||
        !get_name(r, json, "follows", false, &into->follows))
        return false;
    into->lane = lane_find(lane);
    if (lane.size > 0 && into->lane == LANE_UNKNOWN)
        return error_set(r->err, ERROR_INPUT, "lane \"%.*s\" is not known", TEXT_ARG(text_part(lane, 0, 40)));
    return (!into->new_package && into->follows.size == 0) || into->kind == CHANGE_NEW ||
           error_set(r->err, ERROR_INPUT, "only what is new is a new package or follows one");
}

static bool check_versions(const struct reading *r, const struct plan_change *change)
{
    bool from = change->kind != CHANGE_NEW, to = change->kind != CHANGE_REMOVE;

    if ((change->from.size > 0) != from || (change->to.size > 0) != to)
        return error_set(r->err, ERROR_INPUT, "versions do not belong to \"%s\"",
                         change_kind_name(change->kind));
    return true;
}

static bool read_change(const struct reading *r, struct json json, struct plan_change *out)
{
    struct plan_change got = {0};
    unsigned kind = 0, reason = 0;
    uint64_t group = 0;

    if (!get_name(r, json, "name", true, &got.name) || !get_word(r, json, "arch", "-", &got.arch) ||
        !get_enum(r, json, "kind", CHANGE_KIND_COUNT, kind_word, &kind) ||
        !get_enum(r, json, "reason", CHANGE_REASON_COUNT, reason_word, &reason) ||
        !get_version(r, json, "from", &got.from) || !get_version(r, json, "to", &got.to) ||
        !get_name(r, json, "source", true, &got.source) ||
        !get_name(r, json, "needed_by", false, &got.needed_by) ||
        !get_bool(r, json, "automatic", &got.automatic) ||
        !get_disk(r, json, LIMIT_PLAN_BYTES, &got.disk_bytes) ||
        !get_texts(r, json, "cves", &got.cves, &got.cve_count) ||
        !get_bool(r, json, "exploited", &got.exploited) || !get_bool(r, json, "late", &got.late) ||
        !get_bool(r, json, "reboot", &got.reboot) || !get_time(r, json, "due", false, &got.due_us) ||
        !get_texts(r, json, "services", &got.services, &got.service_count) ||
        !get_number(r, json, "group", LIMIT_PLAN_CHANGES, &group))
        return false;
    got.kind = (enum change_kind)kind;
    got.reason = (enum change_reason)reason;
    got.group = (uint32_t)group;
    if (!check_versions(r, &got) || !get_origin(r, json, &got) || !get_judgement(r, json, &got))
        return false;
    *out = got;
    return true;
}

static bool read_left(const struct reading *r, struct json json, struct plan_left *out)
{
    struct plan_left got = {0};
    unsigned reason = 0;
    uint64_t cves = 0;

    if (!get_name(r, json, "name", true, &got.name) || !get_word(r, json, "arch", "-", &got.arch) ||
        !get_version(r, json, "from", &got.from) || !get_version(r, json, "to", &got.to) ||
        !get_name(r, json, "source", true, &got.source) ||
        !get_enum(r, json, "reason", LEFT_REASON_COUNT, left_word, &reason) ||
        !get_text(r, json, "why", true, LIMIT_NOTE, &got.why) ||
        !get_number(r, json, "size", LIMIT_PLAN_BYTES, &got.size) ||
        !get_number(r, json, "cves", LIMIT_ADVISORY_CVES, &cves) ||
        !get_time(r, json, "due", false, &got.due_us) || !get_time(r, json, "until", false, &got.until_us) ||
        !get_bool(r, json, "reboot", &got.reboot))
        return false;
    got.reason = (enum left_reason)reason;
    got.cve_count = (uint32_t)cves;
    *out = got;
    return true;
}

/* By name, then architecture, and each once. */
static bool comes_before(struct text name, struct text arch, struct text next_name, struct text next_arch)
{
    int order = text_compare(name, next_name);

    return order < 0 || (order == 0 && text_compare(arch, next_arch) < 0);
}

static bool get_list(const struct reading *r, struct json json, const char *name, struct json *out,
                     size_t *count)
{
    if (!json_get_array(json, name, true, out, r->err))
        return false;
    *count = json_count(*out);
    return *count <= LIMIT_PLAN_CHANGES ||
           error_set(r->err, ERROR_LIMIT, "%s: %zu of them, more than %d", name, *count, LIMIT_PLAN_CHANGES);
}

static bool read_changes(const struct reading *r, struct json json, struct plan *into)
{
    struct json list = {0};
    struct plan_change *changes;

    if (!get_list(r, json, "changes", &list, &into->change_count))
        return false;
    changes = ARENA_ARRAY(r->arena, struct plan_change, into->change_count);
    if (changes == NULL)
        return arena_full(r->arena, r->err);
    struct json_walk walk = json_walk_with(list);
    for (size_t i = 0; json_walk_next(&walk); i++) {
        if (!read_change(r, walk.value, &changes[i]))
            return error_at(r->err, "change %zu", i);
        if (i > 0 &&
            !comes_before(changes[i - 1].name, changes[i - 1].arch, changes[i].name, changes[i].arch))
            return error_set(r->err, ERROR_INPUT, "change %zu: %.*s is out of order, or there twice", i,
                             TEXT_ARG(changes[i].name));
    }
    into->changes = changes;
    return true;
}

static bool read_lefts(const struct reading *r, struct json json, struct plan *into)
{
    struct json list = {0};
    struct plan_left *left;

    if (!get_list(r, json, "left", &list, &into->left_count))
        return false;
    left = ARENA_ARRAY(r->arena, struct plan_left, into->left_count);
    if (left == NULL)
        return arena_full(r->arena, r->err);
    struct json_walk walk = json_walk_with(list);
    for (size_t i = 0; json_walk_next(&walk); i++) {
        if (!read_left(r, walk.value, &left[i]))
            return error_at(r->err, "left %zu", i);
        if (i > 0 && !comes_before(left[i - 1].name, left[i - 1].arch, left[i].name, left[i].arch))
            return error_set(r->err, ERROR_INPUT, "left %zu: %.*s is out of order, or there twice", i,
                             TEXT_ARG(left[i].name));
    }
    into->left = left;
    return true;
}

static bool read_data(const struct reading *r, struct json json, struct plan *into)
{
    struct json list = {0};
    struct plan_data *data;

    if (!get_list(r, json, "data", &list, &into->data_count))
        return false;
    data = ARENA_ARRAY(r->arena, struct plan_data, into->data_count);
    if (data == NULL)
        return arena_full(r->arena, r->err);
    struct json_walk walk = json_walk_with(list);
    for (size_t i = 0; json_walk_next(&walk); i++)
        if (!get_text(r, walk.value, "feed", true, LIMIT_RELEASE_FIELD, &data[i].feed) ||
            !get_time(r, walk.value, "generated", false, &data[i].generated_us))
            return error_at(r->err, "data %zu", i);
    into->data = data;
    return true;
}

/* What is summed up is what the changes say. */
static bool check_sums(const struct reading *r, const struct plan *plan)
{
    bool *used = ARENA_ARRAY(r->arena, bool, plan->group_count);
    uint64_t fetch = 0, by_delta = 0;
    int64_t disk = 0;
    uint32_t groups = 0;
    bool reboot = false;

    if (used == NULL)
        return arena_full(r->arena, r->err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->group >= plan->group_count)
            return error_set(r->err, ERROR_INPUT, "change %zu: group %u of %u", i, change->group,
                             plan->group_count);
        groups += !used[change->group];
        used[change->group] = true;
        fetch += change->size;
        by_delta += change->delta_size > 0 ? change->delta_size : change->size;
        disk += change->disk_bytes;
        reboot = reboot || change->reboot;
    }
    if (groups != plan->group_count)
        return error_set(r->err, ERROR_INPUT, "%u groups, of which %u are empty", plan->group_count,
                         plan->group_count - groups);
    if (by_delta != (plan->delta_bytes > 0 ? plan->delta_bytes : fetch))
        return error_set(r->err, ERROR_INPUT, "delta_bytes is not what deltas leave to fetch");
    if (fetch != plan->fetch_bytes || disk != plan->disk_bytes || reboot != plan->reboot)
        return error_set(r->err, ERROR_INPUT, "its sums are not those of its changes");
    return true;
}

static bool read_plan(const struct reading *r, struct json json, struct plan *out)
{
    struct plan got = {0};
    struct text schema = {0}, id = {0};
    unsigned level = 0;
    uint64_t groups = 0;

    if (!json_get_text(json, "schema", true, LIMIT_RELEASE_NAME, &schema, r->err))
        return false;
    if (!text_equal(schema, TEXT(SCHEMA)))
        return error_set(r->err, ERROR_INPUT, "its schema is \"%.*s\", not " SCHEMA, TEXT_ARG(schema));
    if (!json_get_text(json, "id", true, DIGEST_HEX_MAX, &id, r->err) ||
        !get_time(r, json, "now", true, &got.now_us) ||
        !get_enum(r, json, "level", LEVEL_COUNT, level_word, &level) ||
        !get_text(r, json, "host", true, LIMIT_RELEASE_FIELD, &got.host) ||
        !get_text(r, json, "release", true, LIMIT_RELEASE_NAME, &got.release) ||
        !get_word(r, json, "arch", "-", &got.arch) ||
        !get_text(r, json, "policy", true, LIMIT_NOTE, &got.policy) || !read_data(r, json, &got) ||
        !get_digest(r, json, "status", &got.status) || !read_changes(r, json, &got) ||
        !read_lefts(r, json, &got) || !get_number(r, json, "groups", LIMIT_PLAN_CHANGES, &groups) ||
        !get_number(r, json, "fetch_bytes", JSON_CANONICAL_NUMBER_MAX, &got.fetch_bytes) ||
        !json_get_u64(json, "delta_bytes", false, got.fetch_bytes, &got.delta_bytes, r->err) ||
        !get_disk(r, json, JSON_CANONICAL_NUMBER_MAX, &got.disk_bytes) ||
        !get_bool(r, json, "reboot", &got.reboot))
        return false;
    got.level = (enum level)level;
    got.group_count = (uint32_t)groups;
    if (got.status.kind != DIGEST_SHA256)
        return error_set(r->err, ERROR_INPUT, "status is missing");
    if (!check_sums(r, &got) || !plan_name(&got, r->err))
        return false;
    if (!text_equal(id, text_of(got.id)))
        return error_set(r->err, ERROR_TRUST,
                         "its id is not that of its content: it was changed, or not made by suture");
    *out = got;
    return true;
}

/* All that the document says was read, and nothing was read that it does not say: a key that is missing is not null. */
static bool check_whole(const struct reading *r, struct json json, const struct plan *plan)
{
    OWN(writer_end) struct writer given = writer_with(LIMIT_PLAN_FILE), read = writer_with(LIMIT_PLAN_FILE);

    if (!json_canonical_value(json, &given, r->err) || !plan_write_json(plan, &read, r->err))
        return false;
    struct bytes one = writer_bytes(&given), other = writer_bytes(&read);
    return (one.size == other.size && memcmp(one.at, other.at, one.size) == 0) ||
           error_set(r->err, ERROR_INPUT, "it has other keys than " SCHEMA);
}

bool plan_read_json(struct bytes raw, struct arena *arena, struct plan *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct reading r = {arena, err};

    if (!json_parse(raw, LIMIT_PLAN_FILE, &document, err))
        return error_at(err, "plan");
    if (!json_is_object(json_root(&document)))
        return error_set(err, ERROR_INPUT, "plan: is no object");
    struct plan got;
    if (!read_plan(&r, json_root(&document), &got) || !check_whole(&r, json_root(&document), &got))
        return error_at(err, "plan");
    *out = got;
    return true;
}
