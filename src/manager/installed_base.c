#include "manager/installed_base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"

#define BUFFER_SIZE (64 * KIB)

/* Where a part's bytes are. */
struct source {
    struct bytes kept; /* of control parts and the list, which are read for their MD5 anyway */
    struct text place; /* else below the root; a zero is behind it */
};

static const char *const merged_names[] = {"bin", "lib", "lib32", "lib64", "libx32", "sbin"};
#define MERGED_COUNT (sizeof(merged_names) / sizeof(*merged_names))

struct installed {
    const struct dpkg_database *database;
    const struct dpkg_record *record;
    struct arena *arena;
    struct base_part *parts;
    struct source *sources;
    size_t count, part_capacity, source_capacity;
    struct dpkg_conffile *conffiles;
    size_t conffile_count;
    struct bytes md5sums, conffile_names; /* the control parts of these names */
    bool merged[MERGED_COUNT];            /* which of the links are there */
    int root;
};

/* ---- which package ---- */

static bool is_unpacked(const struct dpkg_record *record)
{
    static const struct text states[] = {TEXT("installed"), TEXT("unpacked"), TEXT("half-configured"),
                                         TEXT("triggers-awaited"), TEXT("triggers-pending")};

    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
        if (text_equal(record->state, states[i]))
            return true;
    return false;
}

bool installed_base_choose(const struct dpkg_database *database, struct text name, struct text arch,
                           const struct dpkg_record **out, struct error *err)
{
    const struct dpkg_record *found = NULL;
    bool is_half = false;

    for (size_t i = 0; i < database->count; i++) {
        const struct dpkg_record *record = &database->records[i];
        if (!text_equal(record->name, name) || (arch.size > 0 && !text_equal(record->arch, arch)))
            continue;
        is_half = is_half || text_equal(record->state, TEXT("half-installed"));
        if (!is_unpacked(record))
            continue;
        if (found != NULL)
            return error_set(err, ERROR_CONFLICT, "%.*s is installed for %.*s and %.*s: which one?",
                             TEXT_ARG(name), TEXT_ARG(found->arch), TEXT_ARG(record->arch));
        found = record;
    }
    if (found == NULL && is_half)
        return error_set(err, ERROR_CONFLICT, "%.*s is half-installed", TEXT_ARG(name));
    if (found == NULL)
        return error_set(err, ERROR_ABSENT, "%.*s%s%.*s is not installed", TEXT_ARG(name),
                         arch.size > 0 ? ":" : "", TEXT_ARG(arch));
    *out = found;
    return true;
}

/* ---- parts ---- */

static bool add_part(struct installed *self, struct base_part part, struct source source, struct error *err)
{
    struct base_part *parts = arena_grow(self->arena, self->parts, self->count, &self->part_capacity,
                                         self->count + 1, sizeof(*parts));
    struct source *sources = arena_grow(self->arena, self->sources, self->count, &self->source_capacity,
                                        self->count + 1, sizeof(*sources));

    if (parts == NULL || sources == NULL)
        return arena_full(self->arena, err);
    self->parts = parts;
    self->sources = sources;
    parts[self->count] = part;
    sources[self->count++] = source;
    return true;
}

static bool add_kept(struct installed *self, enum base_class class, struct text name, struct bytes bytes,
                     struct error *err)
{
    struct base_part part = {.name = name, .class = class};

    return digest_bytes(DIGEST_MD5, bytes, &part.md5, err) &&
           add_part(self, part, (struct source){.kept = bytes}, err);
}

/* A path whose parts are all names. */
static bool is_plain(struct text path)
{
    struct text part;

    if (path.size < 2 || path.at[0] != '/' || path.at[path.size - 1] == '/')
        return false;
    path = text_part(path, 1, SIZE_MAX);
    while (text_cut(&path, '/', &part))
        if (part.size == 0 || text_equal(part, TEXT(".")) || text_equal(part, TEXT("..")))
            return false;
    return true;
}

static bool add_file(struct installed *self, enum base_class class, struct text path,
                     const struct digest *md5, struct error *err)
{
    struct base_part part = {.name = path, .class = class, .md5 = *md5};
    struct text place = dpkg_database_place(self->database, self->record->name, path);

    return add_part(self, part, (struct source){.place = place}, err);
}

static bool add_control_text(struct installed *self, struct error *err)
{
    OWN(writer_end) struct writer control = writer_with(LIMIT_PARAGRAPH);
    struct bytes content;

    if (!base_control_text(self->record->whole, &control, err) || !writer_done(&control, &content, err))
        return false;
    struct text copy = text_copy(self->arena, (struct text){(const char *)content.at, content.size});
    if (copy.at == NULL)
        return arena_full(self->arena, err);
    return add_kept(self, BASE_CONTROL, TEXT("control"), bytes_of_text(copy), err);
}

static bool read_control(struct installed *self, struct text name, struct bytes *out, struct error *err)
{
    const char *part = text_string(self->arena, name), *path;

    if (part == NULL)
        return arena_full(self->arena, err);
    return dpkg_database_part_path(self->database, self->record, part, self->arena, &path, err) &&
           file_read(path, LIMIT_DEB_CONTROL, self->arena, out, err);
}

/* Names in info/ are sorted; "control" is put where it belongs among them. */
static bool add_control_parts(struct installed *self, struct error *err)
{
    bool is_added = false;
    struct text *names;
    struct bytes bytes;
    size_t count;

    if (!dpkg_database_parts(self->database, self->record, self->arena, &names, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (text_equal(names[i], TEXT("list")) || text_equal(names[i], TEXT("control")))
            continue;
        if (!is_added && text_compare(names[i], TEXT("control")) > 0) {
            if (!add_control_text(self, err))
                return false;
            is_added = true;
        }
        if (!read_control(self, names[i], &bytes, err) || !add_kept(self, BASE_CONTROL, names[i], bytes, err))
            return false;
        if (text_equal(names[i], TEXT("md5sums")))
            self->md5sums = bytes;
        if (text_equal(names[i], TEXT("conffiles")))
            self->conffile_names = bytes;
    }
    return is_added || add_control_text(self, err);
}

static bool is_obsolete(const struct installed *self, struct text path)
{
    for (size_t i = 0; i < self->conffile_count; i++)
        if (self->conffiles[i].obsolete && text_equal(self->conffiles[i].path, path))
            return true;
    return false;
}

static bool add_list(struct installed *self, struct error *err)
{
    struct bytes bytes;

    if (!read_control(self, TEXT("list"), &bytes, err))
        return false;
    while (bytes.size > 0) {
        size_t begin = bytes.size - (bytes.at[bytes.size - 1] == '\n');
        const size_t end = begin;
        while (begin > 0 && bytes.at[begin - 1] != '\n')
            begin--;
        if (!is_obsolete(self, (struct text){(const char *)bytes.at + begin, end - begin}))
            break;
        bytes.size = begin;
    }
    return add_kept(self, BASE_LIST, TEXT("list"), bytes, err);
}

/* A line of md5sums: 32 digits, two bytes, a path without "/". False: it is none, or names no file that could be there. */
static bool read_sum(struct installed *self, struct text line, struct text *path, struct digest *md5)
{
    const size_t digits = 2 * digest_size(DIGEST_MD5);
    struct error ignored;

    if (line.size < digits + 3 || line.at[digits] != ' ' ||
        (line.at[digits + 1] != ' ' && line.at[digits + 1] != '*') ||
        !digest_parse(DIGEST_MD5, text_part(line, 0, digits), md5, &ignored))
        return false;
    struct text name = text_part(line, digits + 2, SIZE_MAX);
    if (text_starts(name, TEXT("./")))
        name = text_part(name, 2, SIZE_MAX);
    if (!text_from_bytes(bytes_of_text(name), LIMIT_PATH - 1, &name, &ignored))
        return false;
    *path = text_format(self->arena, "/%.*s", TEXT_ARG(name));
    return path->at == NULL || is_plain(*path);
}

/* Lines of a file in info/, which may have bytes that are no text. */
static struct text lines_of(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

static bool add_files(struct installed *self, struct map *seen, struct error *err)
{
    struct text rest = lines_of(self->md5sums), line, path;
    struct digest md5;

    while (text_cut(&rest, '\n', &line)) {
        if (!read_sum(self, line, &path, &md5))
            continue;
        if (path.at == NULL)
            return arena_full(self->arena, err);
        if (map_get(seen, path) != MAP_NONE)
            continue;
        if (!map_put(seen, path, 0, err) || !add_file(self, base_class_of(path), path, &md5, err))
            return false;
    }
    return true;
}

/* The place of a conffile in dpkg's field, or MAP_NONE. */
static bool index_conffiles(struct installed *self, struct map *out, struct error *err)
{
    for (size_t i = 0; i < self->conffile_count; i++)
        if (!self->conffiles[i].obsolete && !map_put(out, self->conffiles[i].path, (uint32_t)i, err))
            return false;
    return true;
}

/* The package's conffiles go behind its files, but must be known before them: both lists may name one. */
static bool list_conffiles(struct installed *self, struct text **paths, struct digest **sums, size_t *count,
                           struct error *err)
{
    struct map known = map_with(self->arena), taken = map_with(self->arena);
    struct text rest = lines_of(self->conffile_names), line;
    struct error ignored;

    *paths = ARENA_ARRAY(self->arena, struct text, self->conffile_count);
    *sums = ARENA_ARRAY(self->arena, struct digest, self->conffile_count);
    *count = 0;
    if (*paths == NULL || *sums == NULL)
        return arena_full(self->arena, err);
    if (!index_conffiles(self, &known, err))
        return false;
    while (text_cut(&rest, '\n', &line)) {
        uint32_t at = map_get(&known, text_trim(line));
        if (at == MAP_NONE || map_get(&taken, self->conffiles[at].path) != MAP_NONE ||
            !is_plain(self->conffiles[at].path) ||
            !digest_parse(DIGEST_MD5, self->conffiles[at].hash, &(*sums)[*count], &ignored))
            continue;
        if (!map_put(&taken, self->conffiles[at].path, 0, err))
            return false;
        (*paths)[(*count)++] = self->conffiles[at].path;
    }
    return true;
}

static bool add_all(struct installed *self, struct error *err)
{
    struct map seen = map_with(self->arena);
    struct digest *sums;
    struct text *paths;
    size_t count;

    if (!dpkg_conffiles_parse(self->record->conffiles, self->arena, &self->conffiles, &self->conffile_count,
                              err) ||
        !add_control_parts(self, err) || !add_list(self, err) ||
        !list_conffiles(self, &paths, &sums, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!map_put(&seen, paths[i], 0, err))
            return false;
    if (!add_files(self, &seen, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!add_file(self, BASE_CONFFILE, paths[i], &sums[i], err))
            return false;
    return true;
}

/* ---- reading ---- */

/* "/bin" and the like that lead to "/usr/bin", and to nothing else. */
static void find_merged(struct installed *self)
{
    for (size_t i = 0; i < MERGED_COUNT; i++) {
        char target[32], wanted[32];
        ssize_t size = readlinkat(self->root, merged_names[i], target, sizeof(target));
        int length = snprintf(wanted, sizeof(wanted), "/usr/%s", merged_names[i]);
        struct text got = {target, size < 0 ? 0 : (size_t)size}, whole = {wanted, (size_t)length};
        self->merged[i] = text_equal(got, whole) || text_equal(got, text_part(whole, 1, SIZE_MAX));
    }
}

static bool is_merged(const struct installed *self, struct text first)
{
    for (size_t i = 0; i < MERGED_COUNT; i++)
        if (self->merged[i] && text_equal(first, text_of(merged_names[i])))
            return true;
    return false;
}

/* What a failed call means for whoever wanted this file. */
static bool cannot(struct text place, struct error *err)
{
    if (errno == EACCES || errno == EPERM)
        return error_set(err, ERROR_ABSENT, "%.*s: cannot be read by this user", TEXT_ARG(place));
    return error_system(err, "%.*s", TEXT_ARG(place));
}

static bool enter(int *folder, const char *name, struct text place, struct error *err)
{
    OWN(own_fd) int next = openat(*folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat found;

    if (next < 0 && errno == ENOTDIR) {
        bool is_link = fstatat(*folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
        return is_link ? error_set(err, ERROR_CONFLICT,
                                   "%.*s: \"%s\" in its path is a link, which is not followed",
                                   TEXT_ARG(place), name)
                       : error_set(err, ERROR_ABSENT, "%.*s: \"%s\" in its path is no folder",
                                   TEXT_ARG(place), name);
    }
    if (next < 0)
        return cannot(place, err);
    int before = *folder;
    *folder = fd_take(&next);
    own_fd(&before);
    return true;
}

/*
 * The folder of a file and the file's name, step by step: openat2 could refuse links in one call, but its flags lie in
 * memory, where the filter of a confined process (base/confine.h) cannot look, and so it has no openat2.
 */
static bool open_folder(const struct installed *self, struct text place, int *out, char name[NAME_MAX + 1],
                        struct error *err)
{
    struct text rest = text_part(place, 1, SIZE_MAX), part;
    OWN(own_fd) int folder = fcntl(self->root, F_DUPFD_CLOEXEC, 0);
    bool is_first = true;

    if (folder < 0)
        return cannot(place, err);
    while (text_cut(&rest, '/', &part)) {
        if (part.size > NAME_MAX)
            return error_set(err, ERROR_ABSENT, "%.*s: a name too long to be there", TEXT_ARG(place));
        if (is_first && rest.size > 0 && is_merged(self, part) && !enter(&folder, "usr", place, err))
            return false;
        is_first = false;
        memcpy(name, part.at, part.size);
        name[part.size] = 0;
        if (rest.size > 0 && !enter(&folder, name, place, err))
            return false;
    }
    *out = fd_take(&folder);
    return true;
}

static bool open_file(const struct installed *self, struct text place, int *out, struct stat *found,
                      struct error *err)
{
    OWN(own_fd) int folder = -1;
    char name[NAME_MAX + 1] = "";
    struct stat opened;

    if (!open_folder(self, place, &folder, name, err))
        return false;
    if (fstatat(folder, name, found, AT_SYMLINK_NOFOLLOW) != 0)
        return cannot(place, err);
    if (S_ISLNK(found->st_mode))
        return error_set(err, ERROR_CONFLICT, "%.*s: is a link now", TEXT_ARG(place));
    if (!S_ISREG(found->st_mode)) /* never opened: opening a pipe waits, opening a device does something */
        return error_set(err, ERROR_CONFLICT, "%.*s: is no file", TEXT_ARG(place));
    OWN(own_fd) int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &opened) != 0)
        return cannot(place, err);
    if (opened.st_dev != found->st_dev || opened.st_ino != found->st_ino)
        return error_set(err, ERROR_CONFLICT, "%.*s: changed while it was looked at", TEXT_ARG(place));
    *out = fd_take(&fd);
    return true;
}

/* As much as it had at the beginning and one byte more, by which a growing file is known. md5 may be NULL. */
static bool read_file(int fd, struct text place, uint64_t size, struct writer *out, struct digest *md5,
                      struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    uint64_t left = size + 1;
    uint8_t buffer[BUFFER_SIZE];

    if (md5 != NULL && !digester_open(DIGEST_MD5, &digester, err))
        return false;
    while (left > 0) {
        ssize_t got = read(fd, buffer, left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "%.*s", TEXT_ARG(place));
        if (got == 0)
            break;
        if (md5 != NULL && !digester_add(&digester, (struct bytes){buffer, (size_t)got}, err))
            return false;
        writer_put(out, (struct bytes){buffer, (size_t)got});
        left -= (uint64_t)got;
        if (!writer_ok(out))
            return error_set(err, ERROR_LIMIT, "%.*s: has more than the %zu bytes that are allowed",
                             TEXT_ARG(place), out->limit);
    }
    if (md5 != NULL)
        digester_close(&digester, md5);
    return true;
}

static bool has_changed(int fd, const struct stat *before)
{
    struct stat now;

    return fstat(fd, &now) != 0 || now.st_size != before->st_size ||
           now.st_ctim.tv_sec != before->st_ctim.tv_sec || now.st_ctim.tv_nsec != before->st_ctim.tv_nsec;
}

static bool read_checked(const struct installed *self, size_t index, struct writer *out, struct error *err)
{
    struct text place = self->sources[index].place;
    OWN(own_fd) int fd = -1;
    struct digest md5;
    struct stat found;

    if (!open_file(self, place, &fd, &found, err) ||
        !read_file(fd, place, (uint64_t)found.st_size, out, &md5, err))
        return false;
    if (digest_equal(&md5, &self->parts[index].md5))
        return true;
    return has_changed(fd, &found)
               ? error_set(err, ERROR_CONFLICT, "%.*s: changed while it was read", TEXT_ARG(place))
               : error_set(err, ERROR_CONFLICT, "%.*s: is not as %.*s brought it", TEXT_ARG(place),
                           TEXT_ARG(self->record->name));
}

static bool read_as_it_is(const struct installed *self, size_t index, struct writer *out, struct error *err)
{
    struct text place = self->sources[index].place;
    OWN(own_fd) int fd = -1;
    struct stat found;

    return open_file(self, place, &fd, &found, err) &&
           read_file(fd, place, (uint64_t)found.st_size, out, NULL, err);
}

static bool read_either(const struct installed *self, size_t index, bool checked, struct writer *out,
                        struct error *err)
{
    size_t before = out->size;
    struct bytes all;

    if (self->sources[index].place.size == 0) {
        writer_put(out, self->sources[index].kept);
        return writer_done(out, &all, err);
    }
    if (checked ? read_checked(self, index, out, err) : read_as_it_is(self, index, out, err))
        return true;
    out->size = before; /* half of a file is nothing to anybody */
    return false;
}

static bool read_unchecked(void *data, size_t index, struct writer *out, struct error *err)
{
    return read_either(data, index, false, out, err);
}

static bool read_part(void *data, size_t index, struct writer *out, struct error *err)
{
    return read_either(data, index, true, out, err);
}

static bool size_part(void *data, size_t index, uint64_t *out, struct error *err)
{
    const struct installed *self = data;
    OWN(own_fd) int fd = -1;
    struct stat found;

    if (self->sources[index].place.size == 0) {
        *out = self->sources[index].kept.size;
        return true;
    }
    if (!open_file(self, self->sources[index].place, &fd, &found, err))
        return false;
    *out = (uint64_t)found.st_size;
    return true;
}

/* ---- all ---- */

bool installed_base_open(const struct dpkg_database *database, const struct dpkg_record *record,
                         struct arena *arena, struct base *out, struct error *err)
{
    struct installed *self = ARENA_NEW(arena, struct installed);
    struct base got = {.kind = BASE_KIND_PACKAGE,
                       .package = record->name,
                       .version = record->version,
                       .arch = record->arch,
                       .read = read_part,
                       .read_unchecked = read_unchecked,
                       .size = size_part,
                       .self = self,
                       .arena = arena};

    if (self == NULL)
        return arena_full(arena, err);
    *self = (struct installed){.database = database, .record = record, .arena = arena, .root = -1};
    if (!add_all(self, err))
        return error_at(err, "%.*s", TEXT_ARG(record->name));
    if (!below_open_root(database->root, &self->root, err))
        return false;
    find_merged(self);
    got.parts = self->parts;
    got.part_count = self->count;
    *out = got;
    return true;
}

void installed_base_end(struct base *base)
{
    struct installed *self = base->self;

    if (self != NULL)
        own_fd(&self->root);
    *base = (struct base){0};
}
