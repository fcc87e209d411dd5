#include "delta/deb_md5sums.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"

#define HEX_SIZE (2 * DEB_MD5_SIZE)

static struct text as_text(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

static bool take_line(struct bytes *rest, struct bytes *line)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->at, '\n', rest->size);

    if (end == NULL)
        return false;
    *line = (struct bytes){rest->at, (size_t)(end - rest->at)};
    *rest = (struct bytes){end + 1, rest->size - line->size - 1};
    return true;
}

bool deb_conffiles_next(struct bytes *rest, struct bytes *path)
{
    while (take_line(rest, path)) {
        while (path->size > 0 && (path->at[path->size - 1] == ' ' || path->at[path->size - 1] == '\t'))
            path->size--;
        if (path->size > 1 && path->at[0] == '/')
            return true;
    }
    return false;
}

/* ---- files and their digests ---- */

static bool is_file(const struct deb_tar_entry *entry)
{
    return entry->kind == DEB_TAR_FILE || (entry->kind == DEB_TAR_HARD && entry->hard != DEB_TAR_NONE);
}

static void put_hex(const struct deb_md5s *from, uint32_t index, char hex[HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    while (from->data->entries[index].kind == DEB_TAR_HARD)
        index = from->data->entries[index].hard; /* always an earlier one */
    for (size_t i = 0; i < DEB_MD5_SIZE; i++) {
        hex[2 * i] = digits[from->digests[index][i] >> 4];
        hex[2 * i + 1] = digits[from->digests[index][i] & 15];
    }
}

/* As md5sums has it: without the slash in front. */
static struct text name_of(const struct deb_md5s *from, uint32_t index)
{
    struct bytes path = from->data->entries[index].path;

    return (struct text){(const char *)path.at + 1, path.size - 1};
}

static bool map_files(const struct deb_md5s *from, struct map *files, struct error *err)
{
    for (size_t i = 0; i < from->data->count; i++)
        if (is_file(&from->data->entries[i]) && !map_put(files, name_of(from, (uint32_t)i), (uint32_t)i, err))
            return false;
    return true;
}

/* ---- derived whole ---- */

static int compare_names(const void *a, const void *b, void *from)
{
    return text_compare(name_of(from, *(const uint32_t *)a), name_of(from, *(const uint32_t *)b));
}

static bool derive(enum deb_md5sums form, const struct deb_md5s *from, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DEB_COLUMNS);
    struct map left_out = map_with(&arena);
    uint32_t *files = ARENA_ARRAY(&arena, uint32_t, from->data->count);
    struct bytes rest = from->conffiles, path;
    bool all = form == DEB_MD5SUMS_SORTED_ALL || form == DEB_MD5SUMS_ARCHIVE_ALL;
    char hex[HEX_SIZE];
    size_t count = 0;

    if (files == NULL)
        return arena_full(&arena, err);
    while (!all && deb_conffiles_next(&rest, &path))
        if (!map_put(&left_out, as_text(path), 0, err))
            return false;
    for (size_t i = 0; i < from->data->count; i++)
        if (is_file(&from->data->entries[i]) &&
            map_get(&left_out, as_text(from->data->entries[i].path)) == MAP_NONE)
            files[count++] = (uint32_t)i;
    if (form == DEB_MD5SUMS_SORTED || form == DEB_MD5SUMS_SORTED_ALL) {
        struct deb_md5s sorted = *from;
        qsort_r(files, count, sizeof(*files), compare_names, &sorted);
    }
    for (size_t i = 0; i < count; i++) {
        put_hex(from, files[i], hex);
        writer_put(out, (struct bytes){(const uint8_t *)hex, HEX_SIZE});
        writer_string(out, "  ");
        writer_text(out, name_of(from, files[i]));
        writer_byte(out, '\n');
    }
    struct bytes done;
    return writer_done(out, &done, err);
}

/* ---- line by line ---- */

/* The digest that a line lacks, looked up by the name behind two spaces. */
static uint32_t file_of(const struct map *files, struct bytes line, size_t name_at)
{
    return map_get(files, (struct text){(const char *)line.at + name_at, line.size - name_at});
}

static bool reduce_lines(struct bytes md5sums, const struct deb_md5s *from, struct writer *out,
                         bool *reducible, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DEB_COLUMNS);
    struct map files = map_with(&arena);
    struct bytes rest = md5sums, line;
    char hex[HEX_SIZE];

    *reducible = true;
    if (!map_files(from, &files, err))
        return false;
    while (*reducible && take_line(&rest, &line)) {
        uint32_t index = line.size > HEX_SIZE + 2 && memcmp(line.at + HEX_SIZE, "  ", 2) == 0
                             ? file_of(&files, line, HEX_SIZE + 2)
                             : MAP_NONE;
        if (index != MAP_NONE) {
            put_hex(from, index, hex);
            if (memcmp(hex, line.at, HEX_SIZE) == 0)
                line = (struct bytes){line.at + HEX_SIZE, line.size - HEX_SIZE};
            else
                index = MAP_NONE;
        }
        *reducible = index != MAP_NONE || line.size == 0 || line.at[0] != ' ';
        writer_put(out, line);
        writer_byte(out, '\n');
    }
    if (rest.size > 0 && rest.at[0] == ' ')
        *reducible = false;
    writer_put(out, rest);
    return true;
}

static bool restore_lines(struct bytes part, const struct deb_md5s *from, struct writer *out,
                          struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DEB_COLUMNS);
    struct map files = map_with(&arena);
    struct bytes rest = part, line;
    char hex[HEX_SIZE];

    if (!map_files(from, &files, err))
        return false;
    while (take_line(&rest, &line)) {
        if (line.size >= 2 && memcmp(line.at, "  ", 2) == 0) {
            uint32_t index = file_of(&files, line, 2);
            if (index == MAP_NONE)
                return error_set(err, ERROR_INPUT, "md5sums: a line names no file of the package");
            put_hex(from, index, hex);
            writer_put(out, (struct bytes){(const uint8_t *)hex, HEX_SIZE});
        }
        writer_put(out, line);
        writer_byte(out, '\n');
    }
    writer_put(out, rest);
    struct bytes done;
    return writer_done(out, &done, err);
}

bool deb_md5sums_reduce(struct bytes md5sums, const struct deb_md5s *from, struct arena *arena,
                        enum deb_md5sums *form, struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer made = writer_with(LIMIT_DEB_CONTROL);
    struct error none;
    bool reducible;

    for (unsigned i = DEB_MD5SUMS_SORTED; i < DEB_MD5SUMS_COUNT; i++) {
        writer_clear(&made);
        if (derive((enum deb_md5sums)i, from, &made, &none) && made.size == md5sums.size &&
            (made.size == 0 || memcmp(made.at, md5sums.at, made.size) == 0)) {
            *form = (enum deb_md5sums)i;
            *out = (struct bytes){0};
            return true;
        }
    }
    writer_clear(&made);
    if (!reduce_lines(md5sums, from, &made, &reducible, err))
        return false;
    *form = DEB_MD5SUMS_KEPT;
    *out = md5sums;
    if (!reducible || !writer_ok(&made) || made.size >= md5sums.size)
        return true;
    struct text copy = text_copy(arena, (struct text){(const char *)made.at, made.size});
    if (copy.at == NULL)
        return arena_full(arena, err);
    *form = DEB_MD5SUMS_LINES;
    *out = bytes_of_text(copy);
    return true;
}

bool deb_md5sums_restore(enum deb_md5sums form, struct bytes part, const struct deb_md5s *from,
                         struct writer *out, struct error *err)
{
    if (form == DEB_MD5SUMS_LINES)
        return restore_lines(part, from, out, err);
    if (form != DEB_MD5SUMS_KEPT)
        return derive(form, from, out, err);
    writer_put(out, part);
    struct bytes done;
    return writer_done(out, &done, err);
}
