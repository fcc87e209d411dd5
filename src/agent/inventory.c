#include "agent/inventory.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "format/json.h"
#include "identify/os_release.h"
#include "manager/dpkg_status.h"
#include "wire/agent_chunk.h"

#define STATUS_PATH  "/var/lib/dpkg/status"
#define UPDATES_PATH "/var/lib/dpkg/updates"
#define KEPT_MAGIC   "SUTRINV1"
#define KEPT_SIZE    (8 + AGENT_BUCKETS * sizeof(struct short_hash))
#define TRIES_MAX    3 /* a machine whose packages change meanwhile */

/* ---- the chunks ---- */

struct entry {
    struct agent_entry entry;
    uint8_t bucket;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    return left->bucket != right->bucket ? (left->bucket < right->bucket ? -1 : 1)
                                         : agent_entry_compare(&left->entry, &right->entry);
}

static uint8_t flags_of(const struct package *package)
{
    bool broken = package->state == PACKAGE_HALF_INSTALLED || package->state == PACKAGE_UNPACKED ||
                  package->state == PACKAGE_HALF_CONFIGURED;

    return (uint8_t)((package->held ? AGENT_ENTRY_HELD : 0) | (broken ? AGENT_ENTRY_BROKEN : 0));
}

static bool make_entries(const struct dpkg_status *status, struct entry *entries, struct text *arch,
                         struct error *err)
{
    for (size_t i = 0; i < status->count; i++) {
        const struct package *package = &status->packages[i];
        entries[i].entry = (struct agent_entry){
            .source = package->source,
            .source_version = package->source_version,
            .package = package->name,
            .version = package->version,
            .arch = package->arch,
            .flags = flags_of(package),
        };
        if (text_equal(package->name, TEXT("dpkg")))
            *arch = package->arch;
        if (!agent_bucket_of(package->source, &entries[i].bucket, err))
            return false;
    }
    if (status->count > 0)
        qsort(entries, status->count, sizeof(*entries), compare_entries);
    return true;
}

static bool make_chunk(const struct entry *entries, size_t count, const uint8_t chunk_key[32],
                       struct arena *arena, struct inventory *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_CHUNK_MAX);
    OWN(own_memory) struct agent_entry *plain = calloc(count, sizeof(*plain));
    uint8_t bucket = entries[0].bucket;
    struct bytes raw;

    if (plain == NULL || count > AGENT_CHUNK_ENTRIES)
        return error_set(err, ERROR_LIMIT, "%zu packages in one bucket", count);
    for (size_t i = 0; i < count; i++)
        plain[i] = entries[i].entry;
    agent_chunk_write(&w, bucket, plain, count);
    if (!writer_done(&w, &raw, err))
        return false;
    uint8_t *copy = arena_take(arena, raw.size);
    if (copy == NULL)
        return arena_full(arena, err);
    memcpy(copy, raw.at, raw.size);
    out->chunks[bucket] = (struct bytes){copy, raw.size};
    return agent_chunk_hash(chunk_key, out->chunks[bucket], &out->hashes[bucket], err);
}

bool inventory_make(const char *root, const uint8_t chunk_key[32], struct arena *arena, struct inventory *out,
                    struct error *err)
{
    const char *path = file_below(arena, root, STATUS_PATH), *updates = file_below(arena, root, UPDATES_PATH);
    struct dpkg_status status;

    *out = (struct inventory){0};
    if (path == NULL || updates == NULL)
        return arena_full(arena, err);
    if (!dpkg_status_read(path, updates, arena, &status, err))
        return false;
    OWN(own_memory) struct entry *entries = calloc(status.count + 1, sizeof(*entries));
    if (entries == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory for %zu packages", status.count);
    if (!make_entries(&status, entries, &out->arch, err))
        return false;
    for (size_t from = 0, to; from < status.count; from = to) {
        for (to = from; to < status.count && entries[to].bucket == entries[from].bucket;)
            to++;
        if (!make_chunk(&entries[from], to - from, chunk_key, arena, out, err))
            return false;
    }
    return agent_inventory_root(out->hashes, &out->root, err);
}

/* ---- what the server has ---- */

/* Whether the status is the file that the last inventory was made of. */
static bool is_unchanged(const struct agent *agent, uint64_t identity[4])
{
    struct file_identity file;
    struct error ignored;

    if (!file_identify(STATUS_PATH, &file, &ignored))
        return false;
    identity[0] = file.inode;
    identity[1] = file.size;
    identity[2] = (uint64_t)file.mtime_ns;
    identity[3] = (uint64_t)file.ctime_ns;
    return memcmp(identity, agent->memory.status_identity, sizeof(agent->memory.status_identity)) == 0;
}

static void read_kept(const struct agent *agent, struct short_hash hashes[AGENT_BUCKETS])
{
    struct bytes raw;
    struct error ignored;
    const char *path;

    memset(hashes, 0, AGENT_BUCKETS * sizeof(*hashes));
    if (agent_path(agent, "inventory", &path, &ignored) &&
        file_read(path, KEPT_SIZE, agent->arena, &raw, &ignored) && raw.size == KEPT_SIZE &&
        memcmp(raw.at, KEPT_MAGIC, 8) == 0)
        memcpy(hashes, raw.at + 8, KEPT_SIZE - 8);
}

static bool write_kept(const struct agent *agent, const struct inventory *inventory, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(KEPT_SIZE);
    struct bytes raw;
    const char *path;

    writer_string(&w, KEPT_MAGIC);
    writer_put(&w, (struct bytes){inventory->hashes[0].at, KEPT_SIZE - 8});
    return writer_done(&w, &raw, err) && agent_path(agent, "inventory", &path, err) &&
           file_replace_cache(path, raw, 0600, err);
}

/* ---- telling ---- */

/* One attempt, from a base. */
struct telling {
    struct agent *agent;
    struct link *link;
    const struct inventory *inventory;
    struct agent_inventory message;
    struct link_answer answer;
};

static bool call(struct telling *t, enum link_method method, const char *path, struct writer *w,
                 struct error *err)
{
    struct link_request request = {.method = method, .path = path, .answer_max = AGENT_SMALL_MAX};

    if (!writer_done(w, &request.body, err))
        return false;
    t->agent->memory.bytes_up += request.body.size;
    return link_request(t->link, &request, &t->answer, err);
}

static const struct bytes *chunk_named(const struct inventory *inventory, const uint8_t *name)
{
    for (size_t i = 0; i < AGENT_BUCKETS; i++)
        if (inventory->chunks[i].size > 0 &&
            memcmp(inventory->hashes[i].at, name, sizeof(struct short_hash)) == 0)
            return &inventory->chunks[i];
    return NULL;
}

/* Only chunks of ours: a server that asks for others learns nothing. */
static bool send_lacking(struct telling *t, struct error *err)
{
    const struct bytes answer = t->answer.body;
    struct agent_lacks lacks;

    if (!agent_lacks_parse(answer, &lacks, err))
        return false;
    for (size_t i = 0; i < lacks.hashes.size; i += sizeof(struct short_hash)) {
        const struct bytes *chunk = chunk_named(t->inventory, lacks.hashes.at + i);
        struct link_request request = {.method = LINK_PUT, .answer_max = AGENT_SMALL_MAX};
        char path[sizeof(AGENT_PATH_CHUNK) + SHORT_HASH_HEX] = AGENT_PATH_CHUNK;
        struct short_hash hash;
        if (chunk == NULL)
            return error_set(err, ERROR_INPUT, "the server asks for a chunk that this machine does not have");
        memcpy(hash.at, lacks.hashes.at + i, sizeof(hash.at));
        short_hash_hex(&hash, path + sizeof(AGENT_PATH_CHUNK) - 1);
        request.path = path;
        request.body = *chunk;
        t->agent->memory.bytes_up += chunk->size;
        if (!link_request(t->link, &request, &t->answer, err))
            return false;
        if (t->answer.status != 204 && t->answer.status != 200)
            return link_refused("chunk", &t->answer, err);
    }
    return true;
}

static bool offer(struct telling *t, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);

    agent_inventory_write(&w, &t->message);
    if (!call(t, LINK_POST, AGENT_PATH_INVENTORY, &w, err))
        return false;
    if (t->answer.status != 200)
        return link_refused("inventory", &t->answer, err);
    return send_lacking(t, err);
}

static bool commit(struct telling *t, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    struct arena *arena = t->agent->arena;
    struct os_release os = {0};
    struct os_names names = {0};
    struct error ignored;

    if (!os_release_read("/", arena, &os, &ignored))
        os = (struct os_release){0};
    if (!os_names(arena, &names, err))
        return false;
    struct agent_commit message = {
        .inventory = t->message,
        .scanned_us = t->agent->now_us,
        .os = text_part(os.id, 0, AGENT_NAME_MAX),
        .release = text_part(os.codename.size > 0 ? os.codename : os.version_id, 0, AGENT_NAME_MAX),
        .arch = text_part(t->inventory->arch, 0, AGENT_NAME_MAX),
        .host_name = text_part(names.host, 0, AGENT_NAME_MAX),
        .kernel = text_part(names.kernel_release, 0, AGENT_KERNEL_MAX),
    };
    agent_commit_write(&w, &message);
    if (!call(t, LINK_POST, AGENT_PATH_COMMIT, &w, err))
        return false;
    return t->answer.status == 204 || t->answer.status == 200 || link_refused("inventory", &t->answer, err);
}

static bool tell_from(struct telling *t, const struct short_hash base[AGENT_BUCKETS], struct error *err)
{
    OWN(writer_end) struct writer changes = writer_with(AGENT_BUCKETS * AGENT_CHANGE_SIZE);

    if (!agent_inventory_root(base, &t->message.base, err))
        return false;
    t->message.root = t->inventory->root;
    for (size_t i = 0; i < AGENT_BUCKETS; i++) {
        struct agent_change change = {(uint8_t)i, t->inventory->hashes[i]};
        if (!short_hash_equal(&base[i], &change.hash))
            agent_change_put(&changes, &change);
    }
    if (!writer_done(&changes, &t->message.changes, err) || !offer(t, err))
        return false;
    for (unsigned tries = 1; !commit(t, err); tries++)
        /* Something is lacking that was not a moment ago: it is told in the answer, where there is one. */
        if (t->answer.status != 409 || t->answer.body.size < 4 || tries == TRIES_MAX || !send_lacking(t, err))
            return false;
    return true;
}

bool inventory_tell(struct agent *agent, struct link *link, bool whole, struct error *err)
{
    static const struct short_hash nothing[AGENT_BUCKETS];
    struct short_hash base[AGENT_BUCKETS];
    struct inventory inventory;
    uint64_t identity[4] = {0};
    struct telling t = {.agent = agent, .link = link, .inventory = &inventory};

    if (!whole && is_unchanged(agent, identity))
        return true;
    (void)is_unchanged(agent, identity);
    if (!inventory_make("/", agent->enrolled.chunk_key, agent->arena, &inventory, err))
        return false;
    read_kept(agent, base);
    /* A base that the server does not have any more: all of it, from nothing. */
    if (!(whole ? tell_from(&t, nothing, err)
                : tell_from(&t, base, err) || (t.answer.status == 409 && tell_from(&t, nothing, err))))
        return false;
    memcpy(agent->memory.inventory_root, inventory.root.at, sizeof(agent->memory.inventory_root));
    memcpy(agent->memory.status_identity, identity, sizeof(identity));
    return write_kept(agent, &inventory, err);
}

/* ---- for people ---- */

static void put_entry(struct json_writer *j, const struct agent_entry *entry)
{
    json_open_object(j);
    json_name(j, "source");
    json_put_text(j, entry->source);
    json_name(j, "source_version");
    json_put_text(j, entry->source_version);
    json_name(j, "package");
    json_put_text(j, entry->package);
    json_name(j, "version");
    json_put_text(j, entry->version);
    json_name(j, "arch");
    json_put_text(j, entry->arch);
    json_name(j, "held");
    json_put_bool(j, (entry->flags & AGENT_ENTRY_HELD) != 0);
    json_close_object(j);
}

bool inventory_write_json(const struct agent *agent, struct writer *out, struct error *err)
{
    struct json_writer j = json_writer_with(out, true);
    struct inventory inventory;
    struct agent_chunk chunk;
    struct agent_entry entry;

    if (!inventory_make("/", agent->enrolled.chunk_key, agent->arena, &inventory, err))
        return false;
    json_open_array(&j);
    for (size_t i = 0; i < AGENT_BUCKETS; i++) {
        if (inventory.chunks[i].size == 0)
            continue;
        if (!agent_chunk_parse(inventory.chunks[i], &chunk, err))
            return false;
        struct agent_chunk_walk walk = agent_chunk_walk_with(&chunk);
        while (agent_chunk_next(&walk, &entry))
            put_entry(&j, &entry);
    }
    json_close_array(&j);
    return true;
}
