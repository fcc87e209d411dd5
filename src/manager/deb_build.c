#include "manager/deb_build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/below.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "base/writer.h"
#include "format/archive_write.h"
#include "format/deb822.h"
#include "manager/deb_plain.h"

#define BUFFER_SIZE (256 * KIB)

/* A file with several names: the first one met holds the content. */
struct shared_file {
    dev_t device;
    ino_t inode;
    struct text path;
};

struct builder {
    const struct dpkg_database *database;
    const struct dpkg_record *record;
    struct arena *arena;
    struct text *paths; /* of the list */
    size_t path_count;
    struct map parents; /* folders that have something of this package below them */
    int root;
    int fd;        /* the .deb */
    uint64_t size; /* written so far */
    struct archive_writer *writer;
    struct shared_file *shared;
    size_t shared_count, shared_capacity;
    struct text *absent, *attributed;
    size_t absent_count, absent_capacity, attributed_count, attributed_capacity;
    uint8_t *buffer;
};

static bool note(struct builder *b, struct text **list, size_t *count, size_t *capacity, struct text path,
                 struct error *err)
{
    struct text *grown = arena_grow(b->arena, *list, *count, capacity, *count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(b->arena, err);
    *list = grown;
    grown[(*count)++] = path;
    return true;
}

static bool write_all(struct builder *b, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0) {
        ssize_t put = write(b->fd, bytes.at, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_system(err, "writing failed after %llu bytes", (unsigned long long)b->size);
        bytes = (struct bytes){bytes.at + put, bytes.size - (size_t)put};
        b->size += (uint64_t)put;
    }
    return true;
}

static bool sink_file(void *self, struct bytes piece, struct error *err)
{
    return write_all(self, piece, err);
}

static bool sink_memory(void *self, struct bytes piece, struct error *err)
{
    struct writer *into = self;
    struct bytes all;

    writer_put(into, piece);
    return writer_done(into, &all, err);
}

static bool write_member(struct builder *b, const char *name, struct bytes content, struct error *err)
{
    char head[AR_HEAD_SIZE + 1];

    deb_plain_head(name, content.size, head);
    return write_all(b, bytes_of_text(text_of(head)), err) && write_all(b, content, err) &&
           (content.size % 2 == 0 || write_all(b, BYTES("\n"), err));
}

/* dpkg's paragraph without what only dpkg notes. */
static bool is_noted_by_dpkg(struct text line)
{
    static const struct text names[] = {TEXT("Status:"), TEXT("Conffiles:"), TEXT("Config-Version:"),
                                        TEXT("Triggers-Pending:"), TEXT("Triggers-Awaited:")};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (line.size >= names[i].size && text_equal_caseless(text_part(line, 0, names[i].size), names[i]))
            return true;
    return false;
}

static bool make_control(struct bytes paragraph, struct writer *into, struct bytes *out, struct error *err)
{
    struct text rest = {(const char *)paragraph.at, paragraph.size}, line;
    bool left_out = false;

    while (text_cut(&rest, '\n', &line)) {
        bool goes_on = line.size > 0 && (line.at[0] == ' ' || line.at[0] == '\t');
        if (!goes_on)
            left_out = is_noted_by_dpkg(line);
        if (left_out)
            continue;
        writer_text(into, line);
        writer_byte(into, '\n');
    }
    return writer_done(into, out, err);
}

static bool add_part(struct archive_writer *tar, struct text name, struct bytes content,
                     const struct stat *like, struct arena *arena, struct error *err)
{
    struct text path = text_format(arena, "./%.*s", TEXT_ARG(name));
    struct archive_member member = {
        .kind = ARCHIVE_FILE,
        .name = bytes_of_text(path),
        .mode = like->st_mode & 07777,
        .size = content.size,
        .mtime = like->st_mtim.tv_sec,
    };

    if (path.at == NULL)
        return arena_full(arena, err);
    return archive_writer_add(tar, &member, err) && archive_writer_data(tar, content, err);
}

static bool add_parts(struct builder *b, struct archive_writer *tar, struct error *err)
{
    OWN(writer_end) struct writer control = writer_with(LIMIT_PARAGRAPH);
    struct stat plain = {.st_mode = 0644};
    struct text *parts;
    struct bytes content;
    const char *path;
    size_t count;

    if (!make_control(b->record->whole, &control, &content, err) ||
        !add_part(tar, TEXT("control"), content, &plain, b->arena, err) ||
        !dpkg_database_parts(b->database, b->record, b->arena, &parts, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        OWN(arena_end) struct arena scratch = arena_with(LIMIT_DEB_CONTROL + MIB);
        struct stat stat_of_part;
        const char *part = text_string(&scratch, parts[i]);
        if (text_equal(parts[i], TEXT("list")) || text_equal(parts[i], TEXT("control")))
            continue;
        if (part == NULL)
            return arena_full(&scratch, err);
        if (!dpkg_database_part_path(b->database, b->record, part, &scratch, &path, err) ||
            !file_read(path, LIMIT_DEB_CONTROL, &scratch, &content, err))
            return false;
        if (stat(path, &stat_of_part) != 0)
            return error_system(err, "%s", path);
        if (!add_part(tar, parts[i], content, &stat_of_part, b->arena, err))
            return error_at(err, "%s", path);
    }
    return true;
}

static bool write_control(struct builder *b, enum compress_kind packing, struct error *err)
{
    OWN(writer_end) struct writer raw = writer_with(LIMIT_DEB_CONTROL);
    OWN(archive_writer_end) struct archive_writer *tar = NULL;
    const struct archive_member folder = {.kind = ARCHIVE_FOLDER, .name = BYTES("./"), .mode = 0755};

    if (!archive_writer_open(packing, (struct archive_sink){sink_memory, &raw}, &tar, err) ||
        !archive_writer_add(tar, &folder, err) || !add_parts(b, tar, err) || !archive_writer_close(tar, err))
        return false;
    return write_member(b, packing == COMPRESS_ZSTD ? "control.tar.zst" : "control.tar", writer_bytes(&raw),
                        err);
}

/* The content of a file of exactly the size that its head told. */
static bool copy_content(struct builder *b, struct text place, const struct stat *like, struct error *err)
{
    OWN(own_fd) int fd = -1;
    uint64_t left = (uint64_t)like->st_size;
    struct stat after;

    if (!below_open_file(b->root, place, like, &fd, err))
        return false;
    while (left > 0) {
        ssize_t got = read(fd, b->buffer, left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "%.*s", TEXT_ARG(place));
        if (got == 0)
            break;
        if (!archive_writer_data(b->writer, (struct bytes){b->buffer, (size_t)got}, err))
            return false;
        left -= (uint64_t)got;
    }
    if (left > 0 || fstat(fd, &after) != 0 || after.st_size != like->st_size ||
        after.st_ctim.tv_sec != like->st_ctim.tv_sec || after.st_ctim.tv_nsec != like->st_ctim.tv_nsec)
        return error_set(err, ERROR_CONFLICT, "%.*s: changed while it was read", TEXT_ARG(place));
    return true;
}

/* Whether another name of this file was written already; else it is remembered. */
static bool find_shared(struct builder *b, const struct stat *like, struct text path, struct text *first,
                        struct error *err)
{
    *first = (struct text){0};
    if (like->st_nlink < 2)
        return true;
    for (size_t i = 0; i < b->shared_count; i++)
        if (b->shared[i].device == like->st_dev && b->shared[i].inode == like->st_ino) {
            *first = b->shared[i].path;
            return true;
        }
    struct shared_file *grown = arena_grow(b->arena, b->shared, b->shared_count, &b->shared_capacity,
                                           b->shared_count + 1, sizeof(*grown));
    if (grown == NULL)
        return arena_full(b->arena, err);
    b->shared = grown;
    grown[b->shared_count++] = (struct shared_file){like->st_dev, like->st_ino, path};
    return true;
}

static enum archive_kind kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return ARCHIVE_FILE;
    case S_IFDIR:
        return ARCHIVE_FOLDER;
    case S_IFLNK:
        return ARCHIVE_LINK;
    case S_IFIFO:
        return ARCHIVE_PIPE;
    case S_IFCHR:
        return ARCHIVE_CHARACTERS;
    case S_IFBLK:
        return ARCHIVE_BLOCKS;
    default:
        return ARCHIVE_OTHER;
    }
}

/* What is at the place: of a link that stands for a folder of this package, the folder. */
static bool look(struct builder *b, struct text path, struct text place, struct stat *out, bool *found,
                 struct error *err)
{
    struct stat led;
    bool leads;

    if (!below_stat(b->root, place, false, out, found, err))
        return false;
    if (!*found || !S_ISLNK(out->st_mode) || map_get(&b->parents, path) == MAP_NONE)
        return true;
    if (!below_stat(b->root, place, true, &led, &leads, err))
        return false;
    if (leads && S_ISDIR(led.st_mode))
        *out = led;
    return true;
}

static bool add_entry(struct builder *b, struct text path, struct error *err)
{
    struct text place = dpkg_database_place(b->database, b->record->name, path), first = {0}, target = {0};
    struct bytes attributes = {0};
    struct stat like;
    bool found;

    if (!look(b, path, place, &like, &found, err))
        return false;
    if (!found || kind_of(like.st_mode) == ARCHIVE_OTHER)
        return note(b, &b->absent, &b->absent_count, &b->absent_capacity, path, err);
    struct text name = text_format(b->arena, ".%.*s", TEXT_ARG(path));
    struct archive_member member = {
        .kind = kind_of(like.st_mode),
        .mode = like.st_mode & 07777,
        .uid = like.st_uid,
        .gid = like.st_gid,
        .size = S_ISREG(like.st_mode) ? (uint64_t)like.st_size : 0,
        .mtime = like.st_mtim.tv_sec,
        .device_major = major(like.st_rdev),
        .device_minor = minor(like.st_rdev),
    };
    if (name.at == NULL)
        return arena_full(b->arena, err);
    if ((member.kind == ARCHIVE_FILE || member.kind == ARCHIVE_FOLDER) &&
        !below_attributes(b->root, place, b->arena, &attributes, err))
        return false;
    if (attributes.size > 0 &&
        !note(b, &b->attributed, &b->attributed_count, &b->attributed_capacity, path, err))
        return false;
    if (member.kind == ARCHIVE_LINK && !below_link(b->root, place, b->arena, &target, err))
        return false;
    if (member.kind == ARCHIVE_FILE && !find_shared(b, &like, name, &first, err))
        return false;
    if (first.size > 0) {
        member.kind = ARCHIVE_HARD_LINK;
        target = first;
    }
    member.name = bytes_of_text(name);
    member.target = bytes_of_text(target);
    return archive_writer_add(b->writer, &member, err) &&
           (member.kind != ARCHIVE_FILE || copy_content(b, place, &like, err));
}

/* The list begins with the root itself, "/.". */
static bool add_entries(struct builder *b, struct error *err)
{
    const struct archive_member root = {.kind = ARCHIVE_FOLDER, .name = BYTES("./"), .mode = 0755};

    if (b->path_count > 0 && text_equal(b->paths[0], TEXT("/.")) &&
        !archive_writer_add(b->writer, &root, err))
        return false;
    for (size_t i = 0; i < b->path_count; i++)
        if (!text_equal(b->paths[i], TEXT("/.")) && !add_entry(b, b->paths[i], err))
            return error_at(err, "%.*s", TEXT_ARG(b->record->name));
    return true;
}

/* Its size is known only at the end, so its head is written twice. */
static bool write_data(struct builder *b, enum compress_kind packing, struct error *err)
{
    const char *name = packing == COMPRESS_ZSTD ? "data.tar.zst" : "data.tar";
    uint64_t begin = b->size;
    char head[AR_HEAD_SIZE + 1];

    deb_plain_head(name, 0, head);
    if (!write_all(b, bytes_of_text(text_of(head)), err) ||
        !archive_writer_open(packing, (struct archive_sink){sink_file, b}, &b->writer, err) ||
        !add_entries(b, err) || !archive_writer_close(b->writer, err))
        return false;
    uint64_t size = b->size - begin - AR_HEAD_SIZE;
    deb_plain_head(name, size, head);
    if (size % 2 != 0 && !write_all(b, BYTES("\n"), err))
        return false;
    if (size > 9999999999ULL) /* ten digits is what an ar member can say */
        return error_set(err, ERROR_LIMIT, "its files have %llu bytes, more than a .deb can hold",
                         (unsigned long long)size);
    return pwrite(b->fd, head, AR_HEAD_SIZE, (off_t)begin) == AR_HEAD_SIZE ||
           error_system(err, "writing failed");
}

static bool read_back(struct builder *b, struct deb_built *out, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};
    off_t place = 0;
    ssize_t got = 1;

    if (!digester_open(DIGEST_SHA256, &digester, err))
        return false;
    while (got > 0) {
        got = pread(b->fd, b->buffer, BUFFER_SIZE, place);
        if (got < 0 && errno != EINTR)
            return error_system(err, "reading back failed");
        if (got > 0 && !digester_add(&digester, (struct bytes){b->buffer, (size_t)got}, err))
            return false;
        place += got > 0 ? got : 0;
        got = got < 0 ? 1 : got;
    }
    if ((uint64_t)place != b->size)
        return error_set(err, ERROR_CONFLICT, "%llu bytes were written and %lld read back",
                         (unsigned long long)b->size, (long long)place);
    digester_close(&digester, &out->digest);
    out->size = b->size;
    return true;
}

static bool build(struct builder *b, enum compress_kind packing, struct deb_built *out, struct error *err)
{
    struct deb_built got = {0};

    if (!write_all(b, BYTES("!<arch>\n"), err) || !write_member(b, "debian-binary", BYTES("2.0\n"), err) ||
        !write_control(b, packing, err) || !write_data(b, packing, err) || !read_back(b, &got, err))
        return false;
    if (fdatasync(b->fd) != 0)
        return error_system(err, "cannot be made durable");
    got.absent = b->absent;
    got.absent_count = b->absent_count;
    got.attributed = b->attributed;
    got.attributed_count = b->attributed_count;
    *out = got;
    return true;
}

static bool prepare(struct builder *b, struct error *err)
{
    b->parents = map_with(b->arena);
    if (!text_equal(b->record->state, TEXT("installed")) || !text_equal(b->record->flag, TEXT("ok")))
        return error_set(err, ERROR_CONFLICT, "%.*s is %.*s, not installed wholly", TEXT_ARG(b->record->name),
                         TEXT_ARG(b->record->state));
    if (!dpkg_database_paths(b->database, b->record, b->arena, &b->paths, &b->path_count, err))
        return false;
    for (size_t i = 0; i < b->path_count; i++) {
        size_t slash = b->paths[i].size;
        while (slash > 0 && b->paths[i].at[slash - 1] != '/')
            slash--;
        if (slash > 1 && !map_put(&b->parents, text_part(b->paths[i], 0, slash - 1), 1, err))
            return false;
    }
    b->buffer = arena_take(b->arena, BUFFER_SIZE);
    if (b->buffer == NULL)
        return arena_full(b->arena, err);
    return below_open_root(b->database->root, &b->root, err);
}

static void close_builder(struct builder *b)
{
    archive_writer_end(&b->writer);
    own_fd(&b->root);
    own_fd(&b->fd);
}

bool deb_build(const struct dpkg_database *database, const struct dpkg_record *record,
               enum compress_kind packing, const char *path, struct arena *arena, struct deb_built *out,
               struct error *err)
{
    struct builder b = {.database = database, .record = record, .arena = arena, .root = -1, .fd = -1};

    if (!prepare(&b, err)) {
        close_builder(&b);
        return false;
    }
    b.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (b.fd < 0) {
        close_builder(&b);
        return error_system(err, "%s", path);
    }
    bool done = build(&b, packing, out, err);
    close_builder(&b);
    if (!done)
        (void)unlink(path); /* it is half: what failed is said already */
    return done;
}

bool deb_build_estimate(const struct dpkg_database *database, const struct dpkg_record *record,
                        struct arena *arena, uint64_t *out, struct error *err)
{
    OWN(own_fd) int root = -1;
    uint64_t all = 0;
    struct text *paths;
    struct stat like;
    size_t count;
    bool found;

    if (!dpkg_database_paths(database, record, arena, &paths, &count, err) ||
        !below_open_root(database->root, &root, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct text place = dpkg_database_place(database, record->name, paths[i]);
        if (!below_stat(root, place, false, &like, &found, err))
            return false;
        if (found && S_ISREG(like.st_mode)) /* a file of several names counts in parts, rounded up */
            all += ((uint64_t)like.st_size + like.st_nlink - 1) / like.st_nlink;
        all += 1024; /* its head */
    }
    *out = all;
    return true;
}
