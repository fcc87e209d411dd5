#include "trust/tuf_metadata_roles.h"

#include <stdlib.h>

#include "base/control.h"
#include "base/limits.h"

/* Of an id or a role's name, as much as a message needs. */
#define SHOWN_MAX 64

static int compare_keys(const void *a, const void *b)
{
    return text_compare(((const struct tuf_key *)a)->id, ((const struct tuf_key *)b)->id);
}

bool tuf_keys_take(struct json object, struct arena *arena, struct tuf_keys *out, struct error *err)
{
    struct json value;

    if (!json_get_object(object, "keys", true, &value, err))
        return false;
    size_t count = json_count(value);
    if (count > LIMIT_TUF_KEYS)
        return error_set(err, ERROR_LIMIT, "%zu keys, more than %d", count, LIMIT_TUF_KEYS);
    struct tuf_key *keys = ARENA_ARRAY(arena, struct tuf_key, count);
    struct json_walk walk = json_walk_with(value);
    if (keys == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk)) {
        struct text id;
        if (!json_name_text(&walk, LIMIT_TUF_KEY_ID, &id, err))
            return error_at(err, "keys: an id");
        if (!tuf_key_parse(id, walk.value, arena, &keys[walk.index], err))
            return error_at(err, "key %.*s", TEXT_ARG(text_part(id, 0, SHOWN_MAX)));
    }
    qsort(keys, count, sizeof(*keys), compare_keys);
    *out = (struct tuf_keys){keys, count};
    return true;
}

static const struct tuf_key *find_key(const struct tuf_keys *keys, struct text id)
{
    const struct tuf_key key = {.id = id};

    return keys->count == 0 ? NULL : bsearch(&key, keys->at, keys->count, sizeof(*keys->at), compare_keys);
}

/* One key that may sign, which must be another key than all before it. */
static bool take_role_key(struct json value, const struct tuf_keys *keys, const struct tuf_key **into,
                          size_t count, struct error *err)
{
    struct text id;

    if (!json_as_text(value, LIMIT_TUF_KEY_ID, &id, err))
        return false;
    const struct tuf_key *key = find_key(keys, id);
    if (key == NULL)
        return error_set(err, ERROR_INPUT, "%.*s is not among the keys",
                         TEXT_ARG(text_part(id, 0, SHOWN_MAX)));
    for (size_t i = 0; i < count; i++) {
        if (into[i] == key)
            return error_set(err, ERROR_INPUT, "%.*s is given twice", TEXT_ARG(text_part(id, 0, SHOWN_MAX)));
        if (tuf_key_same(into[i], key) && control_holds(CONTROL_TUF_DISTINCT_KEYS))
            return error_set(err, ERROR_INPUT, "%.*s and %.*s are one key",
                             TEXT_ARG(text_part(into[i]->id, 0, SHOWN_MAX)),
                             TEXT_ARG(text_part(id, 0, SHOWN_MAX)));
    }
    into[count] = key;
    return true;
}

bool tuf_role_take(struct json role, const struct tuf_keys *keys, struct arena *arena, struct tuf_role *out,
                   struct error *err)
{
    uint64_t threshold = 0;
    struct json ids;

    if (!json_get_array(role, "keyids", true, &ids, err) ||
        !json_get_u64(role, "threshold", true, UINT32_MAX, &threshold, err))
        return false;
    if (threshold == 0 && control_holds(CONTROL_TUF_THRESHOLD_ZERO))
        return error_set(err, ERROR_INPUT, "threshold is 0, so that nobody had to sign");
    size_t count = json_count(ids);
    if (count > LIMIT_TUF_ROLE_KEYS)
        return error_set(err, ERROR_LIMIT, "%zu keyids, more than %d", count, LIMIT_TUF_ROLE_KEYS);
    const struct tuf_key **at = ARENA_ARRAY(arena, const struct tuf_key *, count);
    struct json_walk walk = json_walk_with(ids);
    if (at == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk))
        if (!take_role_key(walk.value, keys, at, walk.index, err))
            return error_at(err, "keyids");
    *out = (struct tuf_role){at, count, (uint32_t)threshold};
    return true;
}

/* A prefix of a SHA-256 in lower-case digits; an empty one stands for every path. */
static bool check_prefix(struct text prefix, struct error *err)
{
    for (size_t i = 0; i < prefix.size; i++)
        if ((prefix.at[i] < '0' || prefix.at[i] > '9') && (prefix.at[i] < 'a' || prefix.at[i] > 'f'))
            return error_set(err, ERROR_INPUT, "\"%.*s\" is not lower-case hexadecimal", TEXT_ARG(prefix));
    return true;
}

static bool take_texts(struct json array, bool prefixes, struct arena *arena, const struct text **out,
                       size_t *count, struct error *err)
{
    size_t size = json_count(array);

    if (size > LIMIT_TUF_PATTERNS)
        return error_set(err, ERROR_LIMIT, "%zu of them, more than %d", size, LIMIT_TUF_PATTERNS);
    struct text *texts = ARENA_ARRAY(arena, struct text, size);
    struct json_walk walk = json_walk_with(array);
    if (texts == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk))
        if (!json_as_text(walk.value, prefixes ? 2 * digest_size(DIGEST_SHA256) : LIMIT_PATH,
                          &texts[walk.index], err) ||
            (prefixes && !check_prefix(texts[walk.index], err)))
            return error_at(err, "%zu", walk.index);
    *out = texts;
    *count = size;
    return true;
}

static bool take_scope(struct json value, struct arena *arena, struct tuf_delegation *out, struct error *err)
{
    struct json paths = {0}, prefixes = {0};

    if (!json_get_array(value, "paths", false, &paths, err) ||
        !json_get_array(value, "path_hash_prefixes", false, &prefixes, err))
        return false;
    if (json_is_absent(paths) == json_is_absent(prefixes))
        return error_set(err, ERROR_INPUT, "%s paths and path_hash_prefixes",
                         json_is_absent(paths) ? "neither of" : "both of");
    if (!json_is_absent(paths))
        return take_texts(paths, false, arena, &out->paths, &out->path_count, err) || error_at(err, "paths");
    return take_texts(prefixes, true, arena, &out->hash_prefixes, &out->hash_prefix_count, err) ||
           error_at(err, "path_hash_prefixes");
}

static bool take_name(struct json value, struct text *out, struct error *err)
{
    if (!json_get_text(value, "name", true, LIMIT_TUF_ROLE_NAME, out, err))
        return false;
    if (out->size == 0)
        return error_set(err, ERROR_INPUT, "name is empty");
    for (enum tuf_type type = TUF_ROOT; type < TUF_TYPE_COUNT; type++)
        if (text_equal(*out, text_of(tuf_type_name(type))))
            return error_set(err, ERROR_INPUT, "name is %s, which is nobody's to delegate",
                             tuf_type_name(type));
    return true;
}

static bool take_delegation(struct json value, const struct tuf_keys *keys, struct arena *arena,
                            struct tuf_delegation *out, struct error *err)
{
    if (!json_is_object(value))
        return error_set(err, ERROR_INPUT, "is no object");
    if (!take_name(value, &out->name, err))
        return false;
    return (tuf_role_take(value, keys, arena, &out->role, err) &&
            json_get_bool(value, "terminating", true, &out->terminating, err) &&
            take_scope(value, arena, out, err)) ||
           error_at(err, "%.*s", TEXT_ARG(text_part(out->name, 0, SHOWN_MAX)));
}

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static bool check_names(const struct tuf_delegation *delegations, size_t count, struct arena *arena,
                        struct error *err)
{
    struct text *names = ARENA_ARRAY(arena, struct text, count);

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        names[i] = delegations[i].name;
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++)
        if (text_equal(names[i - 1], names[i]))
            return error_set(err, ERROR_INPUT, "%.*s is delegated twice",
                             TEXT_ARG(text_part(names[i], 0, SHOWN_MAX)));
    return true;
}

bool tuf_delegations_take(struct json delegations, struct arena *arena, const struct tuf_delegation **out,
                          size_t *count, struct error *err)
{
    struct tuf_keys keys;
    struct json roles;

    if (!tuf_keys_take(delegations, arena, &keys, err) ||
        !json_get_array(delegations, "roles", true, &roles, err))
        return false;
    size_t size = json_count(roles);
    if (size > LIMIT_TUF_DELEGATIONS)
        return error_set(err, ERROR_LIMIT, "%zu roles, more than %d", size, LIMIT_TUF_DELEGATIONS);
    struct tuf_delegation *at = ARENA_ARRAY(arena, struct tuf_delegation, size);
    struct json_walk walk = json_walk_with(roles);
    if (at == NULL)
        return arena_full(arena, err);
    while (json_walk_next(&walk))
        if (!take_delegation(walk.value, &keys, arena, &at[walk.index], err))
            return error_at(err, "roles: %zu", walk.index);
    if (!check_names(at, size, arena, err))
        return false;
    *out = at;
    *count = size;
    return true;
}
