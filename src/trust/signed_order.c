#include "trust/signed_order.h"

#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "format/json_canonical.h"

#define ID_MAX         23
#define KIND_BIT(kind) (1u << SIGNED_ORDER_##kind)
#define ALL_KINDS      (KIND_BIT(CRISIS) | KIND_BIT(BLOCK) | KIND_BIT(APPROVAL))

static const struct {
    const char *name;
    int64_t lasts_max_us;
    const char *lasts; /* the same in words */
} kinds[SIGNED_ORDER_KIND_COUNT] = {
    [SIGNED_ORDER_UNKNOWN] = {"unknown", 0, ""},
    [SIGNED_ORDER_CRISIS] = {"crisis", 30 * TIME_DAY_US, "30 days"},
    [SIGNED_ORDER_BLOCK] = {"block", 366 * TIME_DAY_US, "366 days"},
    [SIGNED_ORDER_APPROVAL] = {"approval", 366 * TIME_DAY_US, "366 days"},
};

/* Every member that an order may have, and of which kinds. */
static const struct {
    const char *name;
    unsigned kinds;
} members[] = {
    {"schema", ALL_KINDS},
    {"kind", ALL_KINDS},
    {"id", ALL_KINDS},
    {"made", ALL_KINDS},
    {"ends", ALL_KINDS},
    {"by", ALL_KINDS},
    {"reason", ALL_KINDS},
    {"level", KIND_BIT(CRISIS)},
    {"package", KIND_BIT(BLOCK) | KIND_BIT(APPROVAL)},
    {"versions", KIND_BIT(BLOCK)},
    {"everything", KIND_BIT(BLOCK)},
    {"sha256", KIND_BIT(BLOCK) | KIND_BIT(APPROVAL)},
    {"version", KIND_BIT(APPROVAL)},
    {"arch", KIND_BIT(APPROVAL)},
    {"powers", KIND_BIT(APPROVAL)},
    {"lifts", KIND_BIT(APPROVAL)},
};

const char *signed_order_kind_name(enum signed_order_kind kind)
{
    return kind < SIGNED_ORDER_KIND_COUNT ? kinds[kind].name : kinds[SIGNED_ORDER_UNKNOWN].name;
}

enum signed_order_kind signed_order_kind_find(struct text name)
{
    for (enum signed_order_kind kind = SIGNED_ORDER_CRISIS; kind < SIGNED_ORDER_KIND_COUNT; kind++)
        if (text_equal(name, text_of(kinds[kind].name)))
            return kind;
    return SIGNED_ORDER_UNKNOWN;
}

/* ---- its place ---- */

bool signed_order_name(struct signed_order *order, uint32_t random, struct arena *arena, struct error *err)
{
    struct civil day = time_civil(order->made_us);

    order->id = text_format(arena, "%04u-%02u-%02u-%08x", (unsigned)day.year, (unsigned)day.month,
                            (unsigned)day.day, random);
    return order->id.at != NULL || arena_full(arena, err);
}

bool signed_order_is_path(struct text path)
{
    return text_starts(path, TEXT("orders/"));
}

struct text signed_order_path(const struct signed_order *order, struct arena *arena)
{
    return text_format(arena, "orders/%s/%.*s.json", signed_order_kind_name(order->kind),
                       TEXT_ARG(order->id));
}

bool signed_order_check_path(const struct signed_order *order, struct text path, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * KIB);
    struct text due = signed_order_path(order, &arena);

    if (due.at == NULL)
        return arena_full(&arena, err);
    return text_equal(path, due) || error_set(err, ERROR_INPUT, "this order belongs at %.*s", TEXT_ARG(due));
}

/* ---- its rules ---- */

static bool check_words(struct text text, const char *name, size_t limit, struct error *err)
{
    if (text_trim(text).size == 0)
        return error_set(err, ERROR_INPUT, "%s is empty", name);
    if (text.size > limit)
        return error_set(err, ERROR_LIMIT, "%s: %zu bytes, more than %zu", name, text.size, limit);
    return visible_check(text, err) || error_at(err, "%s", name);
}

/* Names of packages, versions and architectures: no spaces, no slashes, ASCII. */
static bool check_name(struct text text, const char *name, size_t limit, struct error *err)
{
    if (text.size == 0)
        return error_set(err, ERROR_INPUT, "%s is empty", name);
    if (text.size > limit)
        return error_set(err, ERROR_LIMIT, "%s: %zu bytes, more than %zu", name, text.size, limit);
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     memchr("+-.:_~^", c, 7) != NULL;
        if (!plain)
            return error_set(err, ERROR_INPUT, "%s: \"%.*s\" has a character that no such name has", name,
                             TEXT_ARG(text_part(text, 0, 80)));
    }
    return true;
}

static bool check_id(struct text id, struct error *err)
{
    bool digits = id.size > 0 && id.size <= ID_MAX;

    for (size_t i = 0; digits && i < id.size; i++)
        digits = memchr("0123456789abcdef-", id.at[i], 17) != NULL;
    return digits || error_set(err, ERROR_INPUT, "id is none of an order");
}

static bool check_times(const struct signed_order *order, struct error *err)
{
    if (order->made_us % TIME_SECOND_US != 0 || order->ends_us % TIME_SECOND_US != 0)
        return error_set(err, ERROR_INPUT, "a time with parts of a second");
    if (order->ends_us <= order->made_us)
        return error_set(err, ERROR_INPUT, "an order that ends before it begins");
    /* Both lie in the years 1 to 9999. */
    if (order->ends_us - order->made_us > kinds[order->kind].lasts_max_us &&
        control_holds(CONTROL_ORDER_LENGTH))
        return error_set(err, ERROR_LIMIT, "an order of kind %s lasts %s at most; renewing is a new order",
                         kinds[order->kind].name, kinds[order->kind].lasts);
    return true;
}

static bool check_block(const struct signed_order *order, struct error *err)
{
    bool named = order->package.size > 0 || order->version_count > 0 || order->digest_count > 0;

    if (order->everything)
        return !named || error_set(err, ERROR_INPUT, "blocks everything, and names a package beside that");
    if (!check_name(order->package, "package", LIMIT_PACKAGE_NAME, err))
        return false;
    if (order->version_count > LIMIT_SIGNED_ORDER_LIST || order->digest_count > LIMIT_SIGNED_ORDER_LIST)
        return error_set(err, ERROR_LIMIT, "names more than %d versions or files", LIMIT_SIGNED_ORDER_LIST);
    for (size_t i = 0; i < order->version_count; i++) {
        if (!check_name(order->versions[i], "versions", LIMIT_VERSION, err))
            return false;
        for (size_t k = 0; k < i; k++)
            if (text_equal(order->versions[i], order->versions[k]))
                return error_set(err, ERROR_INPUT, "versions: %.*s is named twice",
                                 TEXT_ARG(text_part(order->versions[i], 0, 80)));
    }
    for (size_t i = 0; i < order->digest_count; i++)
        for (size_t k = 0; k < i; k++)
            if (digest_equal(&order->digests[i], &order->digests[k]))
                return error_set(err, ERROR_INPUT, "sha256: a digest is named twice");
    return true;
}

static bool check_approval(const struct signed_order *order, struct error *err)
{
    bool powers = (order->lifts & SIGNED_ORDER_LIFTS_POWERS) != 0;

    if (!check_name(order->package, "package", LIMIT_PACKAGE_NAME, err) ||
        !check_name(order->version, "version", LIMIT_VERSION, err) ||
        !check_name(order->arch, "arch", LIMIT_ARCH, err))
        return false;
    if (order->digest_count != 1)
        return error_set(err, ERROR_INPUT, "an approval is of exactly one file");
    if (order->lifts == 0)
        return error_set(err, ERROR_INPUT, "lifts nothing");
    if (powers != (order->powers.kind == DIGEST_SHA256))
        return error_set(err, ERROR_INPUT,
                         powers ? "lifts powers, and does not say which were shown"
                                : "says which powers were shown, and does not lift them");
    return true;
}

bool signed_order_check(const struct signed_order *order, struct error *err)
{
    if (order->kind == SIGNED_ORDER_UNKNOWN || order->kind >= SIGNED_ORDER_KIND_COUNT)
        return error_set(err, ERROR_INPUT, "is an order of no known kind");
    if (!check_id(order->id, err) || !check_words(order->by, "by", LIMIT_PERSON, err) ||
        !check_words(order->reason, "reason", LIMIT_ORDER_TEXT, err) || !check_times(order, err))
        return false;
    if (order->kind == SIGNED_ORDER_BLOCK)
        return check_block(order, err);
    if (order->kind == SIGNED_ORDER_APPROVAL)
        return check_approval(order, err);
    return order->level == LEVEL_ESSENTIAL || order->level == LEVEL_EMERGENCY_ONLY ||
           error_set(err, ERROR_INPUT, "the level of a crisis is essential or emergency-only");
}

/* ---- reading ---- */

static bool take_time(struct json object, const char *name, int64_t *out, struct error *err)
{
    struct text text = {0};

    /* The one spelling "2026-11-22T00:10:00Z" is seen to when the whole is written again. */
    return json_get_text(object, name, true, 32, &text, err) &&
           (time_parse(text, out, err) || error_at(err, "%s", name));
}

static bool take_digest(struct text hex, struct digest *out, struct error *err)
{
    return digest_parse(DIGEST_SHA256, hex, out, err) || error_at(err, "sha256");
}

static bool take_versions(struct json list, struct arena *arena, struct signed_order *out, struct error *err)
{
    size_t count = json_count(list);
    struct text *versions = ARENA_ARRAY(arena, struct text, count);
    struct json_walk walk = json_walk_with(list);

    if (count > LIMIT_SIGNED_ORDER_LIST)
        return error_set(err, ERROR_LIMIT, "versions: %zu, more than %d", count, LIMIT_SIGNED_ORDER_LIST);
    if (versions == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk)) {
        struct text version = {0};
        if (!json_as_text(walk.value, LIMIT_VERSION, &version, err))
            return error_at(err, "versions");
        versions[walk.index] = text_copy(arena, version);
        if (versions[walk.index].at == NULL)
            return arena_full(arena, err);
    }
    out->versions = versions;
    out->version_count = count;
    return count > 0 || error_set(err, ERROR_INPUT, "versions is empty");
}

static bool take_digests(struct json list, struct arena *arena, struct signed_order *out, struct error *err)
{
    size_t count = json_count(list);
    struct digest *digests = ARENA_ARRAY(arena, struct digest, count);
    struct json_walk walk = json_walk_with(list);
    struct text hex = {0};

    if (count > LIMIT_SIGNED_ORDER_LIST)
        return error_set(err, ERROR_LIMIT, "sha256: %zu, more than %d", count, LIMIT_SIGNED_ORDER_LIST);
    if (digests == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk))
        if (!json_as_text(walk.value, 64, &hex, err) || !take_digest(hex, &digests[walk.index], err))
            return false;
    out->digests = digests;
    out->digest_count = count;
    return count > 0 || error_set(err, ERROR_INPUT, "sha256 is empty");
}

static bool take_block(struct json object, struct arena *arena, struct signed_order *out, struct error *err)
{
    struct json versions = {0}, digests = {0};

    return json_get_bool(object, "everything", false, &out->everything, err) &&
           json_get_text(object, "package", !out->everything, LIMIT_PACKAGE_NAME, &out->package, err) &&
           json_get_array(object, "versions", false, &versions, err) &&
           json_get_array(object, "sha256", false, &digests, err) &&
           (json_is_absent(versions) || take_versions(versions, arena, out, err)) &&
           (json_is_absent(digests) || take_digests(digests, arena, out, err));
}

static bool take_lifts(struct json list, unsigned *out, struct error *err)
{
    struct json_walk walk = json_walk_with(list);
    struct text word = {0};

    while (json_walk_next(&walk)) {
        unsigned bit = 0;
        if (!json_as_text(walk.value, 32, &word, err))
            return error_at(err, "lifts");
        for (size_t i = 0; signed_order_lifts[i].name != NULL; i++)
            bit |= text_equal(word, text_of(signed_order_lifts[i].name)) ? signed_order_lifts[i].bit : 0;
        if (bit == 0)
            return error_set(err, ERROR_INPUT, "lifts: \"%.*s\" is nothing that an approval can lift",
                             TEXT_ARG(word));
        *out |= bit;
    }
    return true;
}

static bool take_approval(struct json object, struct arena *arena, struct signed_order *out,
                          struct error *err)
{
    struct digest *digest = ARENA_NEW(arena, struct digest);
    struct text sha256 = {0}, powers = {0};
    struct json list = {0};

    if (digest == NULL)
        return arena_full(arena, err);
    if (!json_get_text(object, "package", true, LIMIT_PACKAGE_NAME, &out->package, err) ||
        !json_get_text(object, "version", true, LIMIT_VERSION, &out->version, err) ||
        !json_get_text(object, "arch", true, LIMIT_ARCH, &out->arch, err) ||
        !json_get_text(object, "sha256", true, 64, &sha256, err) || !take_digest(sha256, digest, err) ||
        !json_get_array(object, "lifts", true, &list, err) || !take_lifts(list, &out->lifts, err) ||
        !json_get_text(object, "powers", false, 64, &powers, err))
        return false;
    out->digests = digest;
    out->digest_count = 1;
    return powers.at == NULL || digest_parse(DIGEST_SHA256, powers, &out->powers, err) ||
           error_at(err, "powers");
}

static bool check_members(struct json object, enum signed_order_kind kind, struct error *err)
{
    struct json_walk walk = json_walk_with(object);

    while (json_walk_next(&walk)) {
        unsigned allowed = 0;
        for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
            if (text_equal(walk.name, text_of(members[i].name)))
                allowed = members[i].kinds;
        if ((allowed & 1u << kind) == 0)
            return error_set(err, ERROR_INPUT, "\"%.*s\": an order of kind %s has no such member",
                             TEXT_ARG(text_part(walk.name, 0, 80)), kinds[kind].name);
    }
    return true;
}

static bool take_head(struct json object, struct signed_order *out, struct error *err)
{
    struct text schema = {0}, kind = {0};

    if (!json_is_object(object))
        return error_set(err, ERROR_INPUT, "is no order");
    if (!json_get_text(object, "schema", true, 64, &schema, err))
        return false;
    if (!text_equal(schema, TEXT(SIGNED_ORDER_SCHEMA)))
        return error_set(err, ERROR_INPUT,
                         "schema \"%.*s\", this version of Suture knows " SIGNED_ORDER_SCHEMA,
                         TEXT_ARG(schema));
    if (!json_get_text(object, "kind", true, 32, &kind, err))
        return false;
    out->kind = signed_order_kind_find(kind);
    if (out->kind == SIGNED_ORDER_UNKNOWN)
        return error_set(err, ERROR_INPUT, "kind \"%.*s\" is not known", TEXT_ARG(kind));
    return check_members(object, out->kind, err) &&
           json_get_text(object, "id", true, ID_MAX, &out->id, err) &&
           take_time(object, "made", &out->made_us, err) && take_time(object, "ends", &out->ends_us, err) &&
           json_get_text(object, "by", true, LIMIT_PERSON, &out->by, err) &&
           json_get_text(object, "reason", true, LIMIT_ORDER_TEXT, &out->reason, err);
}

static bool take_kind(struct json object, struct arena *arena, struct signed_order *out, struct error *err)
{
    struct text level = {0};

    if (out->kind == SIGNED_ORDER_BLOCK)
        return take_block(object, arena, out, err);
    if (out->kind == SIGNED_ORDER_APPROVAL)
        return take_approval(object, arena, out, err);
    if (!json_get_text(object, "level", true, 32, &level, err))
        return false;
    out->level = level_find(level);
    return true;
}

/* One order has one spelling: what is written of what was read is what was there. */
static bool check_spelling(const struct signed_order *order, struct bytes raw, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_SIGNED_ORDER + KIB);
    size_t same = 0;

    if (!signed_order_write(&w, order, err))
        return false;
    while (same < raw.size && same < w.size && raw.at[same] == w.at[same])
        same++;
    return (same == raw.size && same == w.size) ||
           error_set(err, ERROR_INPUT, "is not in canonical form (byte %zu)", same);
}

static bool keep_text(struct text *text, struct arena *arena)
{
    if (text->at != NULL)
        *text = text_copy(arena, *text);
    return text->size == 0 || text->at != NULL;
}

/* The document goes; its texts stay in the arena (those of a list are there already). */
static bool keep(struct signed_order *order, struct arena *arena, struct error *err)
{
    bool kept = keep_text(&order->id, arena) && keep_text(&order->by, arena) &&
                keep_text(&order->reason, arena) && keep_text(&order->package, arena) &&
                keep_text(&order->arch, arena) && keep_text(&order->version, arena);
    return kept || arena_full(arena, err);
}

bool signed_order_parse(struct bytes raw, struct arena *arena, struct signed_order *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct signed_order order = {0};

    if (raw.size > LIMIT_SIGNED_ORDER)
        return error_set(err, ERROR_LIMIT, "an order of %zu bytes, more than %zu", raw.size,
                         LIMIT_SIGNED_ORDER);
    if (!json_parse(raw, LIMIT_SIGNED_ORDER, &document, err))
        return false;
    struct json object = json_root(&document);
    if (!take_head(object, &order, err) || !take_kind(object, arena, &order, err) ||
        !signed_order_check(&order, err) || !check_spelling(&order, raw, err))
        return false;
    if (!keep(&order, arena, err))
        return false;
    *out = order;
    return true;
}
