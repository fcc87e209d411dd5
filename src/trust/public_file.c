#include "trust/public_file.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"

static bool check(const struct tuf_key *key, struct arena *arena, struct error *err)
{
    struct text id = {0};

    if (key->scheme == TUF_SCHEME_UNKNOWN)
        return error_set(err, ERROR_INPUT, "is a key of a kind that this version of Suture does not know");
    if (!tuf_key_make_id(key, arena, &id, err))
        return false;
    if (!text_equal(id, key->id))
        return error_set(err, ERROR_INPUT, "its keyid is not that of its key");
    if (!visible_check(key->person, err))
        return error_at(err, "x-suture-person");
    return visible_check(key->duty, err) || error_at(err, "x-suture-duty");
}

bool public_file_parse(struct bytes raw, struct arena *arena, struct tuf_key *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct tuf_key key = {0};
    struct text id = {0};

    if (!json_parse(raw, LIMIT_PUBLIC_FILE, &document, err))
        return false;
    struct json root = json_root(&document);
    if (!json_is_object(root))
        return error_set(err, ERROR_INPUT, "is no public key");
    if (!json_get_text(root, "keyid", true, 64, &id, err) || !tuf_key_parse(id, root, arena, &key, err) ||
        !check(&key, arena, err))
        return false;
    *out = key;
    return true;
}

bool public_file_read(const char *path, struct arena *arena, struct tuf_key *out, struct error *err)
{
    struct bytes raw = {0};

    return file_read(path, LIMIT_PUBLIC_FILE, arena, &raw, err) &&
           (public_file_parse(raw, arena, out, err) || error_at(err, "%s", path));
}

/* The member of "keys" as metadata has it, with its id in front. */
bool public_file_write(struct writer *w, const struct tuf_key *key, struct error *err)
{
    OWN(writer_end) struct writer plain = writer_with(LIMIT_PUBLIC_FILE);
    OWN(json_end) struct json_document document = {0};
    struct json_writer inner = json_writer_with(&plain, false), j = json_writer_with(w, true);
    struct bytes raw, written;

    tuf_key_write(&inner, key);
    if (!writer_done(&plain, &raw, err) || !json_parse(raw, LIMIT_PUBLIC_FILE, &document, err))
        return false;
    struct json_walk walk = json_walk_with(json_root(&document));
    json_open_object(&j);
    json_name(&j, "keyid");
    json_put_text(&j, key->id);
    while (json_walk_next(&walk)) {
        json_name_of(&j, walk.name);
        json_put_value(&j, walk.value);
    }
    json_close_object(&j);
    writer_byte(w, '\n');
    return writer_done(w, &written, err);
}

bool public_file_create(const char *path, const struct tuf_key *key, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PUBLIC_FILE);

    return public_file_write(&w, key, err) && file_create(path, writer_bytes(&w), 0644, err);
}
