#include "manager/apt_memory.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/reader.h"

#define NOTE_VERSION           2
#define NOTE_WITHOUT_PUBLISHER 1
#define VALID_US               (7 * TIME_DAY_US)
#define DIGEST_SIZE            32

enum flag { FLAG_NOT_AUTOMATIC = 1, FLAG_BUT_AUTOMATIC_UPGRADES = 2 };

/* FNV-1a: names a file, decides nothing; two lists with one name would only forget each other. */
char *apt_memory_path(const char *folder, const char *list, bool wide, struct arena *arena)
{
    uint64_t hash = 0xcbf29ce484222325u;
    char name[32];

    for (const char *at = list; *at != 0; at++)
        hash = (hash ^ (uint8_t)*at) * 0x100000001b3u;
    (void)snprintf(name, sizeof(name), "%016llx.%s", (unsigned long long)hash, wide ? "wide" : "list");
    return file_path(arena, folder, name);
}

static void put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

static void put_identity(struct writer *w, const struct file_identity *identity)
{
    writer_u64(w, identity->device);
    writer_u64(w, identity->inode);
    writer_u64(w, identity->size);
    writer_u64(w, (uint64_t)identity->mtime_ns);
    writer_u64(w, (uint64_t)identity->ctime_ns);
}

bool apt_memory_note(const struct apt_memory_key *key, const struct apt_memory_facts *facts,
                     struct writer *out, struct error *err)
{
    const struct inrelease *release = &facts->release;
    const struct text texts[] = {release->origin, release->label, release->suite, release->codename,
                                 release->version};
    struct bytes all;

    writer_u32(out, NOTE_VERSION);
    writer_u64(out, (uint64_t)facts->verified_us);
    put_text(out, key->source);
    put_identity(out, &release->identity);
    put_identity(out, &facts->list);
    writer_varint(out, release->keyring_count);
    for (size_t i = 0; i < release->keyring_count; i++) {
        put_text(out, release->keyrings[i].path);
        put_identity(out, &release->keyrings[i].identity);
        writer_put(out, (struct bytes){release->keyrings[i].digest.at, DIGEST_SIZE});
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        put_text(out, texts[i]);
    writer_byte(out, (uint8_t)((release->not_automatic ? FLAG_NOT_AUTOMATIC : 0) |
                               (release->but_automatic_upgrades ? FLAG_BUT_AUTOMATIC_UPGRADES : 0)));
    writer_u64(out, (uint64_t)release->date_us);
    writer_u64(out, (uint64_t)release->valid_until_us);
    put_text(out, facts->publisher);
    return writer_done(out, &all, err);
}

static struct bytes take_bytes(struct reader *r)
{
    return reader_take(r, (size_t)reader_varint_max(r, LIMIT_APT_FILE));
}

/* A text that will be shown: what is none fails the reader. */
static struct text take_text(struct reader *r)
{
    struct text text = {0};
    struct error ignored;

    if (!text_from_bytes(take_bytes(r), LIMIT_RELEASE_FIELD, &text, &ignored))
        reader_fail(r);
    return text;
}

static bool take_same(struct reader *r, struct text wanted)
{
    struct bytes raw = take_bytes(r);

    return text_equal((struct text){(const char *)raw.at, raw.size}, wanted);
}

static struct file_identity take_identity(struct reader *r)
{
    struct file_identity identity = {.device = reader_u64(r), .inode = reader_u64(r), .size = reader_u64(r)};

    identity.mtime_ns = (int64_t)reader_u64(r);
    identity.ctime_ns = (int64_t)reader_u64(r);
    return identity;
}

static bool is_file(const char *path, const struct file_identity *identity)
{
    struct file_identity now;
    struct error ignored;

    return file_identify(path, &now, &ignored) && file_identity_equal(&now, identity);
}

/* The keyring is still named by the source, and still the one that was used. */
static bool keyring_counts(const struct keyring *used, const struct apt_memory_key *key, struct arena *arena)
{
    struct error ignored;
    struct digest digest;
    struct bytes raw;

    for (size_t i = 0; i < key->keyring_count; i++) {
        const char *path = key->keyrings[i];
        if (!text_equal(text_of(path), used->path))
            continue;
        return is_file(path, &used->identity) ||
               (file_read(path, LIMIT_KEYRING, arena, &raw, &ignored) &&
                digest_bytes(DIGEST_SHA256, raw, &digest, &ignored) && digest_equal(&digest, &used->digest));
    }
    return false;
}

static struct keyring take_keyring(struct reader *r)
{
    struct bytes path = take_bytes(r);
    struct keyring keyring = {.path = {(const char *)path.at, path.size}, .identity = take_identity(r)};
    struct bytes digest = reader_take(r, DIGEST_SIZE);

    keyring.digest.kind = DIGEST_SHA256;
    if (digest.at != NULL)
        memcpy(keyring.digest.at, digest.at, DIGEST_SIZE);
    return keyring;
}

static void take_release(struct reader *r, struct inrelease *release)
{
    release->origin = take_text(r);
    release->label = take_text(r);
    release->suite = take_text(r);
    release->codename = take_text(r);
    release->version = take_text(r);
    uint8_t flags = reader_u8(r);
    release->not_automatic = (flags & FLAG_NOT_AUTOMATIC) != 0;
    release->but_automatic_upgrades = (flags & FLAG_BUT_AUTOMATIC_UPGRADES) != 0;
    release->date_us = (int64_t)reader_u64(r);
    release->valid_until_us = (int64_t)reader_u64(r);
}

bool apt_memory_read(struct bytes note, const struct apt_memory_key *key, struct arena *arena,
                     struct apt_memory_facts *facts, bool *same, struct error *err)
{
    struct reader r = reader_with(note);
    uint32_t version = reader_u32(&r);
    struct apt_memory_facts got = {.verified_us = (int64_t)reader_u64(&r)};

    if (!reader_ok(&r) || (version != NOTE_VERSION && version != NOTE_WITHOUT_PUBLISHER))
        return error_set(err, ERROR_INPUT, "is of version %u, not %d", version, NOTE_VERSION);
    bool counts = got.verified_us <= key->now_us && got.verified_us > key->now_us - VALID_US;
    counts = take_same(&r, key->source) && counts;
    got.release.identity = take_identity(&r);
    got.list = take_identity(&r);
    counts = counts && is_file(key->inrelease, &got.release.identity) && is_file(key->list, &got.list);
    uint64_t keyrings = reader_varint_max(&r, LIMIT_APT_FILES);
    for (uint64_t i = 0; i < keyrings && reader_ok(&r); i++) {
        struct keyring keyring = take_keyring(&r);
        counts = counts && reader_ok(&r) && keyring_counts(&keyring, key, arena);
    }
    take_release(&r, &got.release);
    if (version == NOTE_WITHOUT_PUBLISHER)
        counts = false;
    else
        got.publisher = take_text(&r);
    if (!reader_ok(&r) || reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "is broken");
    *facts = got;
    *same = counts;
    return true;
}

bool apt_memory_load(const char *path, const struct apt_memory_key *key, struct arena *arena,
                     struct file_map *map, struct apt_table *table, struct apt_memory_facts *facts)
{
    struct error ignored;
    bool same = false;

    if (!file_map_own(path, LIMIT_PACKAGES_FILE, map, &ignored))
        return false;
    if (apt_table_open(map->bytes, table, &ignored) &&
        apt_memory_read(table->note, key, arena, facts, &same, &ignored) && same)
        return true;
    file_unmap(map);
    return false;
}
