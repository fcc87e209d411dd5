#include "delta/tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"

static const char letters[TREE_KIND_COUNT] = {
    [TREE_UNKNOWN] = '?', [TREE_FOLDER] = 'd', [TREE_FILE] = 'f', [TREE_LINK] = 'l'};

/* ---- what is there ---- */

struct walk {
    struct arena *arena;
    struct tree_entry *entries;
    size_t count, capacity;
};

static bool walk_folder(struct walk *walk, const char *path, size_t root_size, struct error *err);

/* path: of the system; what stands behind root_size is the entry's. */
static bool add_entry(struct walk *walk, const char *path, size_t root_size, struct error *err)
{
    struct tree_entry entry = {.path = text_of(path[root_size] == 0 ? "/" : path + root_size)};
    struct stat found;

    if (lstat(path, &found) != 0)
        return error_system(err, "%s", path);
    if (walk->count == LIMIT_TREE_ENTRIES)
        return error_set(err, ERROR_LIMIT, "%s: more than %d files", path, LIMIT_TREE_ENTRIES);
    entry.kind = S_ISDIR(found.st_mode)   ? TREE_FOLDER
                 : S_ISREG(found.st_mode) ? TREE_FILE
                 : S_ISLNK(found.st_mode) ? TREE_LINK
                                          : TREE_UNKNOWN;
    if (entry.kind == TREE_UNKNOWN)
        return error_set(err, ERROR_INPUT, "%s: a device, pipe or socket", path);
    if (entry.kind == TREE_LINK ? !file_link(path, walk->arena, &entry.target, err) : false)
        return false;
    entry.mode = entry.kind == TREE_LINK ? 0 : found.st_mode & 07777;
    walk->entries = arena_grow(walk->arena, walk->entries, walk->count, &walk->capacity, walk->count + 1,
                               sizeof(*walk->entries));
    if (walk->entries == NULL)
        return arena_full(walk->arena, err);
    walk->entries[walk->count++] = entry;
    return entry.kind != TREE_FOLDER || walk_folder(walk, path, root_size, err);
}

static bool walk_folder(struct walk *walk, const char *path, size_t root_size, struct error *err)
{
    struct file_names names;

    if (strlen(path) > LIMIT_PATH) /* also bounds the depth */
        return error_set(err, ERROR_LIMIT, "%.100s...: path of more than %d bytes", path, LIMIT_PATH);
    if (!file_list(path, LIMIT_TREE_ENTRIES, walk->arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *below = file_path(walk->arena, path, names.names[i].at);
        if (below == NULL)
            return arena_full(walk->arena, err);
        if (!add_entry(walk, below, root_size, err))
            return false;
    }
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    return text_compare(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

bool tree_walk(const char *folder, struct arena *arena, struct tree *out, struct error *err)
{
    struct walk walk = {.arena = arena};
    size_t size = strlen(folder);
    char *root = text_string(arena, text_of(folder));

    if (root == NULL)
        return arena_full(arena, err);
    while (size > 1 && root[size - 1] == '/')
        root[--size] = 0;
    if (!file_is_folder(root))
        return error_set(err, ERROR_INPUT, "%s: no folder", root);
    if (size == 1 && root[0] == '/')
        return error_set(err, ERROR_INPUT, "/: not the root of everything");
    if (!add_entry(&walk, root, size, err))
        return false;
    qsort(walk.entries, walk.count, sizeof(*walk.entries), compare_entries);
    *out = (struct tree){walk.entries, walk.count};
    return true;
}

/* ---- its text ---- */

void tree_write(const struct tree *tree, struct writer *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_entry *entry = &tree->entries[i];
        writer_byte(out, (uint8_t)letters[entry->kind]);
        if (entry->kind != TREE_LINK)
            writer_format(out, "%o", (unsigned)entry->mode);
        writer_byte(out, ' ');
        writer_text(out, entry->path);
        writer_byte(out, 0);
        if (entry->kind == TREE_LINK) {
            writer_text(out, entry->target);
            writer_byte(out, 0);
        }
    }
}

/* The text before the next zero byte; fails the reader when there is none. */
static struct text take_text(struct reader *r)
{
    const uint8_t *end = reader_left(r) == 0 ? NULL : memchr(r->at, 0, reader_left(r));
    struct bytes taken;

    if (end == NULL) {
        reader_fail(r);
        return (struct text){0};
    }
    taken = reader_take(r, (size_t)(end - r->at));
    reader_skip(r, 1);
    return (struct text){(const char *)taken.at, taken.size};
}

static bool take_mode(struct text *head, mode_t *out)
{
    unsigned mode = 0;

    if (head->size == 0 || head->size > 4 || (head->size > 1 && head->at[0] == '0'))
        return false;
    for (size_t i = 0; i < head->size; i++) {
        if (head->at[i] < '0' || head->at[i] > '7')
            return false;
        mode = mode * 8 + (unsigned)(head->at[i] - '0');
    }
    *out = mode;
    return true;
}

/* Absolute, and no part of it empty, "." or "..". */
static bool path_is_plain(struct text path)
{
    struct text rest, part;

    if (path.size == 0 || path.size > LIMIT_PATH || path.at[0] != '/' || path.at[path.size - 1] == '/')
        return false;
    rest = text_part(path, 1, SIZE_MAX);
    while (text_cut(&rest, '/', &part))
        if ((part.size == 0 || text_equal(part, TEXT(".")) || text_equal(part, TEXT(".."))) &&
            control_holds(CONTROL_TREE_PATH))
            return false;
    return true;
}

static bool take_entry(struct reader *r, struct tree_entry *out)
{
    struct text line = take_text(r), head, path = line;
    struct tree_entry entry = {0};

    if (!reader_ok(r) || !text_cut(&path, ' ', &head) || head.size == 0 || path.size == 0)
        return false;
    for (int kind = TREE_FOLDER; kind < TREE_KIND_COUNT; kind++)
        if (letters[kind] == head.at[0])
            entry.kind = (enum tree_kind)kind;
    head = text_part(head, 1, SIZE_MAX);
    if (entry.kind == TREE_UNKNOWN)
        return false;
    if (entry.kind == TREE_LINK ? head.size > 0 : !take_mode(&head, &entry.mode))
        return false;
    if (entry.kind == TREE_LINK)
        entry.target = take_text(r);
    entry.path = path;
    *out = entry;
    return reader_ok(r) &&
           (entry.kind != TREE_LINK || (entry.target.size > 0 && entry.target.size <= LIMIT_PATH));
}

/* Whether the entry may stand behind those before it: "/" first, then in order, each below a folder. */
static bool entry_fits(const struct tree_entry *entry, const struct tree_entry *before,
                       const struct map *folders)
{
    size_t slash = entry->path.size;

    if (before == NULL)
        return entry->kind == TREE_FOLDER && text_equal(entry->path, TEXT("/"));
    if (!path_is_plain(entry->path) || text_compare(before->path, entry->path) >= 0)
        return false;
    while (entry->path.at[slash - 1] != '/')
        slash--;
    return slash == 1 || map_get(folders, text_part(entry->path, 0, slash - 1)) != MAP_NONE ||
           !control_holds(CONTROL_TREE_BELOW);
}

bool tree_parse(struct bytes raw, struct arena *arena, struct tree *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct map folders = map_with(arena);
    struct tree_entry *entries = NULL;
    size_t count = 0, capacity = 0;

    while (reader_left(&r) > 0) {
        size_t place = reader_place(&r);
        if (count == LIMIT_TREE_ENTRIES)
            return error_set(err, ERROR_LIMIT, "folder: more than %d entries", LIMIT_TREE_ENTRIES);
        entries = arena_grow(arena, entries, count, &capacity, count + 1, sizeof(*entries));
        if (entries == NULL)
            return arena_full(arena, err);
        if (!take_entry(&r, &entries[count]) ||
            !entry_fits(&entries[count], count == 0 ? NULL : &entries[count - 1], &folders))
            return error_set(err, ERROR_INPUT, "folder: byte %zu: no entry, or one that may not stand there",
                             place);
        if (entries[count].kind == TREE_FOLDER && !map_put(&folders, entries[count].path, 1, err))
            return false;
        count++;
    }
    if (count == 0)
        return error_set(err, ERROR_INPUT, "folder: has no entries");
    *out = (struct tree){entries, count};
    return true;
}
