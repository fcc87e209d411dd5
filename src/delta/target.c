#include "delta/target.h"

#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/spool.h"
#include "delta/tree.h"

/* An ar file whose first member says that it is a Debian package. */
static const char deb_start[] = "!<arch>\ndebian-binary";

bool target_kind(const char *path, enum delta_kind *out, struct error *err)
{
    OWN(own_fd) int fd = -1;
    char start[sizeof(deb_start) - 1];

    if (file_is_folder(path)) {
        *out = DELTA_FOLDER;
        return true;
    }
    if (!file_open(path, &fd, err))
        return false;
    *out = pread(fd, start, sizeof(start), 0) == (ssize_t)sizeof(start) &&
                   memcmp(start, deb_start, sizeof(start)) == 0
               ? DELTA_DEB
               : DELTA_FILE;
    return true;
}

void target_end(struct target *target)
{
    deb_apart_end(&target->apart);
    file_unmap(&target->map);
    *target = (struct target){0};
}

static bool open_file(struct arena *arena, struct target *target, struct error *err)
{
    struct deb_layout_part *part = ARENA_NEW(arena, struct deb_layout_part);

    if (part == NULL)
        return arena_full(arena, err);
    *part = (struct deb_layout_part){.class = BASE_FILE, .bytes = target->map.bytes};
    target->parts = part;
    target->part_count = 1;
    return true;
}

static bool open_deb(const char *work, struct deb_budget budget, struct arena *arena, struct target *target,
                     struct error *err)
{
    struct deb_apart *apart = &target->apart;

    /* Who makes a delta proves it by packing the whole. */
    if (!deb_take_apart_quickly(target->map.bytes, work, budget, arena, apart, err))
        return false;
    target->structure = apart->structure;
    target->parts = apart->parts;
    target->part_count = apart->part_count;
    target->name = (struct delta_name){apart->package, apart->version, apart->arch};
    return true;
}

static bool open_mapped(const char *path, enum delta_kind kind, const char *work, struct deb_budget budget,
                        struct arena *arena, struct target *target, struct error *err)
{
    if (!file_map(path, LIMIT_DEB_FILE, &target->map, err) ||
        !digest_bytes(DIGEST_SHA256, target->map.bytes, &target->output, err))
        return false;
    target->output_size = target->map.bytes.size;
    return (kind == DELTA_DEB ? open_deb(work, budget, arena, target, err) : open_file(arena, target, err)) ||
           error_at(err, "%s", path);
}

/* ---- folders ---- */

/* A folder's stream is written to a spool file, then mapped. */
struct gather {
    const char *folder;
    struct arena *arena;
    int fd;
    struct digester digester;
    uint64_t size;
};

static void end_gather(struct gather *gather)
{
    own_fd(&gather->fd);
    digester_end(&gather->digester);
}

static bool gather_bytes(struct gather *gather, struct bytes bytes, struct error *err)
{
    if (!digester_add(&gather->digester, bytes, err) || !spool_write(gather->fd, gather->size, bytes, err))
        return false;
    gather->size += bytes.size;
    return true;
}

static bool gather_number(struct gather *gather, uint64_t value, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(16);

    writer_varint(&w, value);
    return gather_bytes(gather, writer_bytes(&w), err);
}

/* The parts' bytes are offsets at first: where they will be in the map. */
static bool gather_file(struct gather *gather, const struct tree_entry *entry, uint64_t *at,
                        struct deb_layout_part *part, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    const char *path = file_path(gather->arena, gather->folder, entry->path.at + 1);

    if (path == NULL)
        return arena_full(gather->arena, err);
    if (!file_map(path, LIMIT_DEB_FILE, &map, err) || !gather_number(gather, map.bytes.size, err))
        return false;
    *at = gather->size;
    *part =
        (struct deb_layout_part){.name = entry->path, .class = BASE_FILE, .bytes = {NULL, map.bytes.size}};
    return gather_bytes(gather, map.bytes, err);
}

static bool gather_folder(struct gather *gather, struct target *target, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_DELTA_STRUCTURE);
    struct deb_layout_part *parts;
    struct bytes structure;
    struct tree tree;
    uint64_t *ats, structure_at;

    if (!tree_walk(gather->folder, gather->arena, &tree, err))
        return false;
    parts = ARENA_ARRAY(gather->arena, struct deb_layout_part, tree.count);
    ats = ARENA_ARRAY(gather->arena, uint64_t, tree.count);
    if (parts == NULL || ats == NULL)
        return arena_full(gather->arena, err);
    tree_write(&tree, &w);
    if (!writer_done(&w, &structure, err) || !gather_number(gather, structure.size, err))
        return false;
    structure_at = gather->size;
    if (!gather_bytes(gather, structure, err))
        return false;
    for (size_t i = 0; i < tree.count; i++)
        if (tree.entries[i].kind == TREE_FILE) {
            size_t part = target->part_count++;
            if (!gather_file(gather, &tree.entries[i], &ats[part], &parts[part], err))
                return false;
        }
    if (!file_map_fd(gather->fd, LIMIT_DELTA_SPOOL, &target->map, err))
        return error_at(err, "%s", gather->folder);
    for (size_t i = 0; i < target->part_count; i++)
        parts[i].bytes.at = target->map.bytes.at + ats[i];
    target->structure = (struct bytes){target->map.bytes.at + structure_at, structure.size};
    target->parts = parts;
    return true;
}

static bool open_folder(const char *path, const char *work, struct arena *arena, struct target *target,
                        struct error *err)
{
    OWN(end_gather) struct gather gather = {.folder = path, .arena = arena, .fd = -1};

    if (!spool_open(work, &gather.fd, err) || !digester_open(DIGEST_SHA256, &gather.digester, err) ||
        !gather_folder(&gather, target, err))
        return false;
    digester_close(&gather.digester, &target->output);
    target->output_size = gather.size;
    return true;
}

bool target_open(const char *path, enum delta_kind kind, const char *work, struct deb_budget budget,
                 struct arena *arena, struct target *out, struct error *err)
{
    OWN(target_end) struct target target = {.kind = kind};

    if (kind == DELTA_FOLDER ? !open_folder(path, work, arena, &target, err)
                             : !open_mapped(path, kind, work, budget, arena, &target, err))
        return false;
    *out = target;
    target = (struct target){0};
    return true;
}
