#include "store/rollback_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "store/kept_delta.h"

#define MAGIC        BYTES("SUTBACK\0")
#define CONTENT_SIZE 40
/* The smallest of each row, for counts to be checked against the bytes that are left. */
#define PACKAGE_SIZE_MIN (4 * 2 + 1)
#define CHANGE_SIZE_MIN  (1 + 1 + 4 + 4 * 2 + CONTENT_SIZE + 4)
#define PART_SIZE_MIN    (4 + 2 + 4 + CONTENT_SIZE)
#define FILE_SIZE_MIN    (4 + 1 + 1 + 4 * 3 + 8 + 4 + 2 * 2 + CONTENT_SIZE)
#define HEX_SIZE         65
#define PIECE_SIZE       (256 * KIB)

/* ---- the manifest ---- */

static void write_text(struct writer *into, struct text text)
{
    if (text.size > UINT16_MAX)
        into->failed = true;
    writer_u16(into, (uint16_t)text.size);
    writer_text(into, text);
}

static void write_content(struct writer *into, const struct kept_content *content)
{
    static const uint8_t none[32];
    bool is = content->digest.kind == DIGEST_SHA256;

    writer_put(into, (struct bytes){is ? content->digest.at : none, 32});
    writer_u64(into, is ? content->size : 0);
}

static uint32_t version_of(const struct rollback_store *store)
{
    return store->version == 0 ? ROLLBACK_STORE_VERSION : store->version;
}

static void write_changes(const struct rollback_store *store, struct writer *into)
{
    writer_u32(into, (uint32_t)store->change_count);
    for (size_t i = 0; i < store->change_count; i++) {
        const struct kept_change *change = &store->changes[i];
        writer_byte(into, (uint8_t)change->kind);
        writer_byte(into, (uint8_t)change->origin);
        writer_u32(into, change->group);
        write_text(into, change->name);
        write_text(into, change->arch);
        write_text(into, change->from);
        write_text(into, change->to);
        write_content(into, &change->deb);
        if (version_of(store) > 1)
            write_content(into, &change->plain);
        writer_u32(into, (uint32_t)change->paragraph.size);
        writer_put(into, change->paragraph);
    }
}

static void write_files(const struct rollback_store *store, struct writer *into)
{
    writer_u32(into, (uint32_t)store->file_count);
    for (size_t i = 0; i < store->file_count; i++) {
        const struct kept_file *file = &store->files[i];
        writer_u32(into, file->change);
        writer_byte(into, (uint8_t)file->kind);
        writer_byte(into, file->conffile);
        writer_u32(into, file->mode);
        writer_u32(into, file->uid);
        writer_u32(into, file->gid);
        writer_u64(into, (uint64_t)file->mtime_s);
        writer_u32(into, file->mtime_ns);
        write_text(into, file->path);
        write_text(into, file->target);
        write_content(into, &file->content);
    }
}

void rollback_store_write(const struct rollback_store *store, struct writer *into)
{
    writer_put(into, MAGIC);
    writer_u32(into, version_of(store));
    writer_u32(into, 0);
    writer_u64(into, (uint64_t)store->made_us);
    write_text(into, store->run);
    write_text(into, store->plan);
    write_text(into, store->arch);
    write_content(into, &store->extended);
    writer_u32(into, (uint32_t)store->package_count);
    for (size_t i = 0; i < store->package_count; i++) {
        write_text(into, store->packages[i].name);
        write_text(into, store->packages[i].arch);
        write_text(into, store->packages[i].version);
        write_text(into, store->packages[i].status);
        writer_byte(into, store->packages[i].automatic);
    }
    write_changes(store, into);
    writer_u32(into, (uint32_t)store->part_count);
    for (size_t i = 0; i < store->part_count; i++) {
        writer_u32(into, store->parts[i].change);
        write_text(into, store->parts[i].name);
        writer_u32(into, store->parts[i].mode);
        write_content(into, &store->parts[i].content);
    }
    write_files(store, into);
}

/* A text in the arena, with a zero behind; what is no text fails the reader. */
struct taking {
    struct reader r;
    struct arena *arena;
};

static struct text take_text(struct taking *t, size_t limit)
{
    struct bytes raw = reader_take(&t->r, reader_u16(&t->r));
    struct error not_text;
    struct text text = {0};

    if (!reader_ok(&t->r) || raw.size == 0)
        return text;
    if (!text_from_bytes(raw, limit, &text, &not_text)) {
        reader_fail(&t->r);
        return (struct text){0};
    }
    text = text_copy(t->arena, text);
    if (text.at == NULL)
        reader_fail(&t->r);
    return text;
}

static struct kept_content take_content(struct taking *t)
{
    struct bytes digest = reader_take(&t->r, 32);
    struct kept_content content = {.size = reader_u64(&t->r)};
    static const uint8_t none[32];

    if (!reader_ok(&t->r))
        return (struct kept_content){0};
    if (memcmp(digest.at, none, 32) == 0) {
        if (content.size != 0)
            reader_fail(&t->r);
        return (struct kept_content){0};
    }
    content.digest.kind = DIGEST_SHA256;
    memcpy(content.digest.at, digest.at, 32);
    return content;
}

static uint32_t take_below(struct taking *t, uint32_t value, uint32_t count)
{
    if (value >= count)
        reader_fail(&t->r);
    return reader_ok(&t->r) ? value : 0;
}

/* Room for as many rows as the next count says, when so many fit into what is left; NULL fails the reader. */
static void *take_rows(struct taking *t, size_t size_min, size_t size, size_t *count)
{
    *count = reader_u32(&t->r);
    if (!reader_ok(&t->r) || *count > reader_left(&t->r) / size_min) {
        reader_fail(&t->r);
        *count = 0;
    }
    void *rows = arena_take_array(t->arena, *count, size);
    if (rows == NULL) {
        reader_fail(&t->r);
        *count = 0;
    }
    return rows;
}

static void take_packages(struct taking *t, struct rollback_store *out)
{
    struct kept_package *rows = take_rows(t, PACKAGE_SIZE_MIN, sizeof(*rows), &out->package_count);

    for (size_t i = 0; i < out->package_count && reader_ok(&t->r); i++) {
        rows[i].name = take_text(t, LIMIT_PACKAGE_NAME);
        rows[i].arch = take_text(t, LIMIT_ARCH);
        rows[i].version = take_text(t, LIMIT_VERSION);
        rows[i].status = take_text(t, LIMIT_PACKAGE_NAME);
        rows[i].automatic = take_below(t, reader_u8(&t->r), 2) == 1;
    }
    out->packages = rows;
}

static int compare_changes(const struct kept_change *a, const struct kept_change *b)
{
    int order = text_compare(a->name, b->name);

    return order != 0 ? order : text_compare(a->arch, b->arch);
}

static void take_changes(struct taking *t, struct rollback_store *out)
{
    struct kept_change *rows = take_rows(t, CHANGE_SIZE_MIN, sizeof(*rows), &out->change_count);

    for (size_t i = 0; i < out->change_count && reader_ok(&t->r); i++) {
        rows[i].kind = (enum change_kind)take_below(t, reader_u8(&t->r), CHANGE_KIND_COUNT);
        rows[i].origin = (enum kept_origin)take_below(t, reader_u8(&t->r), KEPT_ORIGIN_COUNT);
        rows[i].group = reader_u32(&t->r);
        rows[i].name = take_text(t, LIMIT_PACKAGE_NAME);
        rows[i].arch = take_text(t, LIMIT_ARCH);
        rows[i].from = take_text(t, LIMIT_VERSION);
        rows[i].to = take_text(t, LIMIT_VERSION);
        rows[i].deb = take_content(t);
        if (out->version > 1)
            rows[i].plain = take_content(t);
        rows[i].paragraph = reader_take(&t->r, reader_u32(&t->r));
        bool has_deb = rows[i].deb.digest.kind == DIGEST_SHA256;
        if (rows[i].kind == CHANGE_UNKNOWN || rows[i].name.size == 0 ||
            has_deb != (rows[i].origin != KEPT_NONE) || has_deb != (rows[i].kind != CHANGE_NEW) ||
            (has_deb && rows[i].paragraph.size == 0) ||
            (!has_deb && rows[i].plain.digest.kind != DIGEST_UNKNOWN) ||
            (i > 0 && compare_changes(&rows[i - 1], &rows[i]) >= 0))
            reader_fail(&t->r);
    }
    out->changes = rows;
}

static void take_parts(struct taking *t, struct rollback_store *out)
{
    struct kept_part *rows = take_rows(t, PART_SIZE_MIN, sizeof(*rows), &out->part_count);

    for (size_t i = 0; i < out->part_count && reader_ok(&t->r); i++) {
        rows[i].change = take_below(t, reader_u32(&t->r), (uint32_t)out->change_count);
        rows[i].name = take_text(t, LIMIT_PACKAGE_NAME);
        rows[i].mode = take_below(t, reader_u32(&t->r), 010000);
        rows[i].content = take_content(t);
        if (rows[i].name.size == 0 || text_find_byte(rows[i].name, '/') != SIZE_MAX ||
            text_find_byte(rows[i].name, '.') != SIZE_MAX || rows[i].content.digest.kind == DIGEST_UNKNOWN)
            reader_fail(&t->r);
    }
    out->parts = rows;
}

static bool file_holds(const struct kept_file *file)
{
    bool has = file->content.digest.kind == DIGEST_SHA256;
    bool leads = file->target.size > 0;

    if (file->path.size < 2 || file->path.at[0] != '/')
        return false;
    if (file->kind == KEPT_ABSENT)
        return !has && !leads;
    if (file->kind == KEPT_FILE)
        return has && !leads;
    return file->kind == KEPT_LINK ? !has && leads : has && leads;
}

static void take_files(struct taking *t, struct rollback_store *out)
{
    struct kept_file *rows = take_rows(t, FILE_SIZE_MIN, sizeof(*rows), &out->file_count);

    for (size_t i = 0; i < out->file_count && reader_ok(&t->r); i++) {
        rows[i].change = take_below(t, reader_u32(&t->r), (uint32_t)out->change_count);
        rows[i].kind = (enum kept_kind)take_below(t, reader_u8(&t->r), KEPT_KIND_COUNT);
        rows[i].conffile = take_below(t, reader_u8(&t->r), 2) == 1;
        rows[i].mode = take_below(t, reader_u32(&t->r), 010000);
        rows[i].uid = reader_u32(&t->r);
        rows[i].gid = reader_u32(&t->r);
        rows[i].mtime_s = (int64_t)reader_u64(&t->r);
        rows[i].mtime_ns = take_below(t, reader_u32(&t->r), 1000000000);
        rows[i].path = take_text(t, LIMIT_PATH);
        rows[i].target = take_text(t, LIMIT_PATH);
        rows[i].content = take_content(t);
        if (rows[i].kind == KEPT_UNKNOWN || !file_holds(&rows[i]))
            reader_fail(&t->r);
    }
    out->files = rows;
}

bool rollback_store_parse(struct bytes raw, struct arena *arena, struct rollback_store *out,
                          struct error *err)
{
    struct taking t = {.r = reader_with(raw), .arena = arena};
    struct rollback_store got = {0};
    struct bytes magic = reader_take(&t.r, MAGIC.size);
    uint32_t version = reader_u32(&t.r), zero = reader_u32(&t.r);

    if (!reader_ok(&t.r) || memcmp(magic.at, MAGIC.at, MAGIC.size) != 0)
        return error_set(err, ERROR_INPUT, "no manifest of a rollback store");
    if (version == 0 || version > ROLLBACK_STORE_VERSION)
        return error_set(err, ERROR_INPUT,
                         "its layout is version %u, made by a newer suture; this one reads up to %d", version,
                         ROLLBACK_STORE_VERSION);
    got.version = version;
    got.made_us = (int64_t)reader_u64(&t.r);
    got.run = take_text(&t, LIMIT_PACKAGE_NAME);
    got.plan = take_text(&t, LIMIT_PACKAGE_NAME);
    got.arch = take_text(&t, LIMIT_ARCH);
    got.extended = take_content(&t);
    take_packages(&t, &got);
    take_changes(&t, &got);
    take_parts(&t, &got);
    take_files(&t, &got);
    if (!reader_ok(&t.r) || zero != 0 || reader_left(&t.r) > 0)
        return error_set(err, ERROR_INPUT, "broken at byte %zu", reader_place(&t.r));
    *out = got;
    return true;
}

/* ---- the folder ---- */

bool rollback_store_begin(const char *folder, struct error *err)
{
    return file_remove_tree(folder, err) && file_make_folders(folder, 0700, err);
}

static bool name_content(const char *folder, const struct kept_content *content, const char *ending,
                         char out[LIMIT_PATH + 1], struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&content->digest, hex);
    int size = snprintf(out, LIMIT_PATH + 1, "%s/%s%s", folder, hex, ending);
    return (size > 0 && size <= LIMIT_PATH) || error_set(err, ERROR_LIMIT, "%s: too long a path", folder);
}

bool rollback_store_put(const char *folder, struct bytes content, struct kept_content *out, struct error *err)
{
    struct kept_content kept = {.size = content.size};
    char path[LIMIT_PATH + 1];

    if (!digest_bytes(DIGEST_SHA256, content, &kept.digest, err) ||
        !name_content(folder, &kept, "", path, err))
        return false;
    /* Synced one and all by the seal, so each by itself need not be. */
    if (!file_exists(path) && !file_replace_cache(path, content, 0600, err))
        return false;
    *out = kept;
    return true;
}

bool rollback_store_take_deb(const char *folder, const char *path, const struct kept_content *content,
                             struct error *err)
{
    char name[LIMIT_PATH + 1];

    if (!name_content(folder, content, ".deb", name, err))
        return false;
    return rename(path, name) == 0 || error_system(err, "%s", name);
}

bool rollback_store_seal(const char *folder, const struct rollback_store *store, struct digest *seal,
                         struct error *err)
{
    OWN(writer_end) struct writer manifest = writer_with(LIMIT_ROLLBACK_MANIFEST);
    char path[LIMIT_PATH + 1];
    struct bytes bytes;

    rollback_store_write(store, &manifest);
    if (!writer_done(&manifest, &bytes, err))
        return error_at(err, "rollback store");
    if ((size_t)snprintf(path, sizeof(path), "%s/manifest", folder) >= sizeof(path))
        return error_set(err, ERROR_LIMIT, "%s: too long a path", folder);
    /* All contents of this file system at once; one by one they would cost a wait each. */
    OWN(own_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) != 0)
        return error_system(err, "%s: cannot be made durable", folder);
    return file_replace(path, bytes, 0600, err) && digest_bytes(DIGEST_SHA256, bytes, seal, err);
}

static bool tampered(struct error *err, const char *path, const char *how)
{
    return error_set(err, ERROR_TRUST, "rollback store: %s %s", path, how);
}

/* Hashed in pieces: a package may have gigabytes. */
static bool check_content(const char *folder, const struct kept_content *content, const char *ending,
                          struct error *err)
{
    OWN(own_fd) int fd = -1;
    OWN(own_memory) uint8_t *piece = NULL;
    OWN(digester_end) struct digester digester = {0};
    char path[LIMIT_PATH + 1];
    struct digest digest;
    uint64_t size = 0;

    if (content->digest.kind == DIGEST_UNKNOWN)
        return true;
    if (!name_content(folder, content, ending, path, err))
        return false;
    if (!file_open(path, &fd, err))
        return err->kind == ERROR_ABSENT ? tampered(err, path, "is gone") : false;
    piece = malloc(PIECE_SIZE);
    if (piece == NULL)
        return error_set(err, ERROR_LIMIT, "no memory");
    if (!digester_open(DIGEST_SHA256, &digester, err))
        return false;
    for (;;) {
        ssize_t got = read(fd, piece, PIECE_SIZE);
        if (got < 0)
            return error_system(err, "%s", path);
        if (got == 0)
            break;
        size += (uint64_t)got;
        if (!digester_add(&digester, (struct bytes){piece, (size_t)got}, err))
            return false;
    }
    digester_close(&digester, &digest);
    return (size == content->size && digest_equal(&digest, &content->digest)) ||
           tampered(err, path, "is not what was kept");
}

/* A package file, in the form that it has. */
static bool check_deb(const char *folder, const struct kept_change *change, struct error *err)
{
    enum kept_form form = rollback_store_form(folder, change);
    char path[LIMIT_PATH + 1];

    if (form != KEPT_DELTA)
        return check_content(folder, rollback_store_deb(change, form), ".deb", err);
    if (kept_delta_prove(folder, &change->plain, err))
        return true;
    if (err->kind == ERROR_SYSTEM || err->kind == ERROR_LIMIT ||
        !name_content(folder, &change->plain, ".delta", path, err))
        return false;
    return tampered(err, path, "is not what was kept");
}

static bool check_contents(const char *folder, const struct rollback_store *store, struct error *err)
{
    if (!check_content(folder, &store->extended, "", err))
        return false;
    for (size_t i = 0; i < store->change_count; i++)
        if (!check_deb(folder, &store->changes[i], err))
            return false;
    for (size_t i = 0; i < store->part_count; i++)
        if (!check_content(folder, &store->parts[i].content, "", err))
            return false;
    for (size_t i = 0; i < store->file_count; i++)
        if (!check_content(folder, &store->files[i].content, "", err))
            return false;
    return true;
}

bool rollback_store_open_manifest(const char *folder, const struct digest *seal, struct arena *arena,
                                  struct rollback_store *out, struct error *err)
{
    struct digest digest;
    struct bytes raw;
    const char *path = file_path(arena, folder, "manifest");

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_ROLLBACK_MANIFEST, arena, &raw, err) ||
        !digest_bytes(DIGEST_SHA256, raw, &digest, err))
        return error_at(err, "rollback store");
    if (!digest_equal(&digest, seal) && control_holds(CONTROL_STORE_SEAL))
        return tampered(err, path, "is not the one whose digest the journal holds");
    return rollback_store_parse(raw, arena, out, err) || error_at(err, "rollback store: %s", path);
}

bool rollback_store_open(const char *folder, const struct digest *seal, struct arena *arena,
                         struct rollback_store *out, struct error *err)
{
    struct rollback_store got;

    /* Said before it is found out half way: a store that there is no room to use is of no use. */
    if (!rollback_store_open_manifest(folder, seal, arena, &got, err) ||
        !kept_delta_check_room(folder, &got, err) || !check_contents(folder, &got, err))
        return false;
    *out = got;
    return true;
}

bool rollback_store_read(const char *folder, const struct kept_content *content, struct arena *arena,
                         struct bytes *out, struct error *err)
{
    char path[LIMIT_PATH + 1];
    struct digest digest;
    struct bytes raw;

    if (!name_content(folder, content, "", path, err) ||
        !file_read(path, (size_t)content->size, arena, &raw, err) ||
        !digest_bytes(DIGEST_SHA256, raw, &digest, err))
        return false;
    if (raw.size != content->size || !digest_equal(&digest, &content->digest))
        return tampered(err, path, "is not what was kept");
    *out = raw;
    return true;
}

char *rollback_store_path(const char *folder, const struct kept_content *content, const char *ending,
                          struct arena *arena)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&content->digest, hex);
    return text_string(arena, text_format(arena, "%s/%s%s", folder, hex, ending));
}

char *rollback_store_deb_path(const char *folder, const struct kept_content *deb, struct arena *arena)
{
    return rollback_store_path(folder, deb, ".deb", arena);
}

static bool is_there(const char *folder, const struct kept_content *content, const char *ending)
{
    char path[LIMIT_PATH + 1];
    struct error ignored;

    return content->digest.kind != DIGEST_UNKNOWN && name_content(folder, content, ending, path, &ignored) &&
           file_exists(path);
}

enum kept_form rollback_store_form(const char *folder, const struct kept_change *change)
{
    if (is_there(folder, &change->deb, ".deb"))
        return KEPT_PACKED;
    if (is_there(folder, &change->plain, ".deb"))
        return KEPT_PLAIN;
    return is_there(folder, &change->plain, ".delta") ? KEPT_DELTA : KEPT_NOWHERE;
}

const struct kept_content *rollback_store_deb(const struct kept_change *change, enum kept_form form)
{
    return form == KEPT_PLAIN || form == KEPT_DELTA ? &change->plain : &change->deb;
}

const struct kept_change *rollback_store_find(const struct rollback_store *store, struct text name,
                                              struct text arch)
{
    for (size_t i = 0; i < store->change_count; i++)
        if (text_equal(store->changes[i].name, name) && text_equal(store->changes[i].arch, arch))
            return &store->changes[i];
    return NULL;
}
