#include "wire/agent_chunk.h"

#include <assert.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/message_fields.h"

static const struct message_form chunk_form = {.name = "chunk", .magic = "SAB1"};

bool agent_bucket_of(struct text source, uint8_t *out, struct error *err)
{
    struct digest digest;

    if (!digest_bytes(DIGEST_SHA256, bytes_of_text(source), &digest, err))
        return false;
    *out = digest.at[0];
    return true;
}

int agent_entry_compare(const struct agent_entry *a, const struct agent_entry *b)
{
    const struct text *const left[] = {&a->source, &a->package, &a->arch, &a->version};
    const struct text *const right[] = {&b->source, &b->package, &b->arch, &b->version};
    int order = 0;

    for (size_t i = 0; order == 0 && i < sizeof(left) / sizeof(*left); i++)
        order = text_compare(*left[i], *right[i]);
    return order;
}

void agent_chunk_write(struct writer *w, uint8_t bucket, const struct agent_entry *entries, size_t count)
{
    assert(count > 0 && count <= AGENT_CHUNK_ENTRIES);
    writer_string(w, chunk_form.magic);
    writer_byte(w, bucket);
    writer_u16(w, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        message_write_text(w, entries[i].source);
        message_write_text(w, entries[i].source_version);
        message_write_text(w, entries[i].package);
        message_write_text(w, entries[i].version);
        message_write_text(w, entries[i].arch);
        writer_byte(w, entries[i].flags);
    }
}

static bool read_entry(struct reader *r, struct agent_entry *out, struct error *err)
{
    if (!message_read_text(r, "source", LIMIT_PACKAGE_NAME, &out->source, err) ||
        !message_read_text(r, "source version", LIMIT_VERSION, &out->source_version, err) ||
        !message_read_text(r, "package", LIMIT_PACKAGE_NAME, &out->package, err) ||
        !message_read_text(r, "version", LIMIT_VERSION, &out->version, err) ||
        !message_read_text(r, "arch", LIMIT_ARCH, &out->arch, err))
        return false;
    out->flags = reader_u8(r);
    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "ends in the middle");
    return (out->source.size > 0 && out->package.size > 0) ||
           error_set(err, ERROR_INPUT, "a name is missing");
}

/* What is known of the entry before, so that names are hashed and compared once. */
struct former {
    struct agent_entry entry;
    bool any;
};

static bool check_entry(const struct agent_chunk *chunk, const struct former *former,
                        const struct agent_entry *entry, struct error *err)
{
    uint8_t bucket;

    if (former->any && agent_entry_compare(&former->entry, entry) >= 0)
        return error_set(err, ERROR_INPUT, "does not come behind the one before");
    if (former->any && text_equal(former->entry.source, entry->source))
        return true;
    if (!agent_bucket_of(entry->source, &bucket, err))
        return false;
    return bucket == chunk->bucket ||
           error_set(err, ERROR_INPUT, "belongs to bucket %u, not %u", bucket, chunk->bucket);
}

bool agent_chunk_parse(struct bytes raw, struct agent_chunk *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct agent_chunk got = {0};
    struct former former = {0};
    struct agent_entry entry;

    if (!message_read_magic(&r, &chunk_form, err))
        return false;
    got.bucket = reader_u8(&r);
    got.count = reader_u16(&r);
    if (!reader_ok(&r) || got.count == 0 || got.count > AGENT_CHUNK_ENTRIES)
        return error_set(err, ERROR_INPUT, "chunk: %u entries, not 1 to %d", got.count, AGENT_CHUNK_ENTRIES);
    got.entries = (struct bytes){r.at, reader_left(&r)};
    for (uint16_t i = 0; i < got.count; i++) {
        if (!read_entry(&r, &entry, err) || !check_entry(&got, &former, &entry, err))
            return error_at(err, "chunk: entry %u", i);
        former = (struct former){entry, true};
    }
    if (reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "chunk: %zu bytes behind the end", reader_left(&r));
    *out = got;
    return true;
}

struct agent_chunk_walk agent_chunk_walk_with(const struct agent_chunk *chunk)
{
    return (struct agent_chunk_walk){reader_with(chunk->entries), chunk->count};
}

bool agent_chunk_next(struct agent_chunk_walk *walk, struct agent_entry *out)
{
    struct error err;

    if (walk->count == 0 || !read_entry(&walk->left, out, &err))
        return false;
    walk->count--;
    return true;
}

bool agent_chunk_hash(const uint8_t key[32], struct bytes raw, struct short_hash *out, struct error *err)
{
    struct digest digest;

    if (!digest_keyed((struct bytes){key, 32}, raw, &digest, err))
        return false;
    memcpy(out->at, digest.at, sizeof(out->at));
    return true;
}

bool agent_inventory_root(const struct short_hash hashes[AGENT_BUCKETS], struct short_hash *out,
                          struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    struct digest digest;
    bool empty = true;

    for (size_t i = 0; empty && i < AGENT_BUCKETS; i++)
        empty = short_hash_is_zero(&hashes[i]);
    if (empty) {
        *out = (struct short_hash){0};
        return true;
    }
    if (!digester_open(DIGEST_SHA256, &digester, err) ||
        !digester_add(&digester, BYTES("suture-inventory-1"), err) ||
        !digester_add(&digester, (struct bytes){hashes[0].at, AGENT_BUCKETS * sizeof(*hashes)}, err))
        return false;
    digester_close(&digester, &digest);
    memcpy(out->at, digest.at, sizeof(out->at));
    return true;
}
