#include "format/archive_write.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <locale.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/libarchive.h"

#define BLOCK_SIZE (64 * KIB) /* what the sink gets at once */

struct libarchive {
    __typeof__(&archive_write_new) write_new;
    __typeof__(&archive_write_free) write_free;
    __typeof__(&archive_write_close) close;
    __typeof__(&archive_write_set_format_gnutar) set_gnutar;
    __typeof__(&archive_write_add_filter_zstd) add_zstd;
    __typeof__(&archive_write_set_filter_option) set_option;
    __typeof__(&archive_write_set_bytes_per_block) set_block;
    __typeof__(&archive_write_set_bytes_in_last_block) set_last_block;
    __typeof__(&archive_write_open) open;
    __typeof__(&archive_write_header) header;
    __typeof__(&archive_write_data) data;
    __typeof__(&archive_error_string) error_string;
    __typeof__(&archive_entry_new) entry_new;
    __typeof__(&archive_entry_clear) entry_clear;
    __typeof__(&archive_entry_free) entry_free;
    __typeof__(&archive_entry_set_pathname) set_pathname;
    __typeof__(&archive_entry_set_symlink) set_symlink;
    __typeof__(&archive_entry_set_hardlink) set_hardlink;
    __typeof__(&archive_entry_set_uname) set_uname;
    __typeof__(&archive_entry_set_gname) set_gname;
    __typeof__(&archive_entry_set_filetype) set_filetype;
    __typeof__(&archive_entry_set_perm) set_perm;
    __typeof__(&archive_entry_set_uid) set_uid;
    __typeof__(&archive_entry_set_gid) set_gid;
    __typeof__(&archive_entry_set_size) set_size;
    __typeof__(&archive_entry_set_mtime) set_mtime;
    __typeof__(&archive_entry_set_rdevmajor) set_rdevmajor;
    __typeof__(&archive_entry_set_rdevminor) set_rdevminor;
};

#define SYMBOL(name, field)                                                                                  \
    {                                                                                                        \
        name, offsetof(struct libarchive, field)                                                             \
    }
static const struct libarchive_symbol symbols[] = {
    SYMBOL("archive_write_new", write_new),
    SYMBOL("archive_write_free", write_free),
    SYMBOL("archive_write_close", close),
    SYMBOL("archive_write_set_format_gnutar", set_gnutar),
    SYMBOL("archive_write_add_filter_zstd", add_zstd),
    SYMBOL("archive_write_set_filter_option", set_option),
    SYMBOL("archive_write_set_bytes_per_block", set_block),
    SYMBOL("archive_write_set_bytes_in_last_block", set_last_block),
    SYMBOL("archive_write_open", open),
    SYMBOL("archive_write_header", header),
    SYMBOL("archive_write_data", data),
    SYMBOL("archive_error_string", error_string),
    SYMBOL("archive_entry_new", entry_new),
    SYMBOL("archive_entry_clear", entry_clear),
    SYMBOL("archive_entry_free", entry_free),
    SYMBOL("archive_entry_set_pathname", set_pathname),
    SYMBOL("archive_entry_set_symlink", set_symlink),
    SYMBOL("archive_entry_set_hardlink", set_hardlink),
    SYMBOL("archive_entry_set_uname", set_uname),
    SYMBOL("archive_entry_set_gname", set_gname),
    SYMBOL("archive_entry_set_filetype", set_filetype),
    SYMBOL("archive_entry_set_perm", set_perm),
    SYMBOL("archive_entry_set_uid", set_uid),
    SYMBOL("archive_entry_set_gid", set_gid),
    SYMBOL("archive_entry_set_size", set_size),
    SYMBOL("archive_entry_set_mtime", set_mtime),
    SYMBOL("archive_entry_set_rdevmajor", set_rdevmajor),
    SYMBOL("archive_entry_set_rdevminor", set_rdevminor),
};

struct archive_writer {
    struct libarchive lib;
    struct archive *archive;
    struct archive_entry *entry;
    struct archive_sink sink;
    struct error sink_error; /* why the sink failed, which libarchive cannot pass on */
    locale_t locale;         /* so that names in UTF-8 are letters and stay as they are */
    uint64_t left;           /* of the file that was begun */
};

static const unsigned types[ARCHIVE_KIND_COUNT] = {
    [ARCHIVE_FILE] = AE_IFREG,   [ARCHIVE_HARD_LINK] = AE_IFREG, [ARCHIVE_LINK] = AE_IFLNK,
    [ARCHIVE_FOLDER] = AE_IFDIR, [ARCHIVE_PIPE] = AE_IFIFO,      [ARCHIVE_CHARACTERS] = AE_IFCHR,
    [ARCHIVE_BLOCKS] = AE_IFBLK,
};

static bool fail(const struct archive_writer *writer, struct error *err)
{
    const char *said = writer->lib.error_string(writer->archive);

    if (writer->sink_error.kind == ERROR_NONE)
        return error_set(err, ERROR_SYSTEM, "the archive cannot be written: %s",
                         said == NULL ? "nobody says why" : said);
    *err = writer->sink_error;
    return false;
}

static la_ssize_t put(struct archive *archive, void *self, const void *at, size_t size)
{
    struct archive_writer *writer = self;
    struct bytes piece = {at, size};
    (void)archive;

    if (writer->sink_error.kind != ERROR_NONE ||
        !writer->sink.put(writer->sink.self, piece, &writer->sink_error))
        return -1;
    return (la_ssize_t)size;
}

static bool open_archive(struct archive_writer *writer, enum compress_kind packing, struct error *err)
{
    const struct libarchive *lib = &writer->lib;

    writer->archive = lib->write_new();
    writer->entry = lib->entry_new();
    if (writer->archive == NULL || writer->entry == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for writing an archive");
    if (lib->set_gnutar(writer->archive) != ARCHIVE_OK ||
        lib->set_block(writer->archive, (int)BLOCK_SIZE) != ARCHIVE_OK ||
        lib->set_last_block(writer->archive, 1) != ARCHIVE_OK)
        return fail(writer, err);
    if (packing == COMPRESS_ZSTD &&
        (lib->add_zstd(writer->archive) != ARCHIVE_OK ||
         lib->set_option(writer->archive, "zstd", "compression-level", "1") != ARCHIVE_OK))
        return fail(writer, err);
    return lib->open(writer->archive, writer, NULL, put, NULL) == ARCHIVE_OK || fail(writer, err);
}

bool archive_writer_open(enum compress_kind packing, struct archive_sink sink, struct archive_writer **out,
                         struct error *err)
{
    OWN(archive_writer_end) struct archive_writer *writer = calloc(1, sizeof(*writer));

    assert(packing == COMPRESS_NONE || packing == COMPRESS_ZSTD);
    if (writer == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for writing an archive");
    writer->sink = sink;
    writer->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!libarchive_load(symbols, sizeof(symbols) / sizeof(symbols[0]), &writer->lib, err) ||
        !open_archive(writer, packing, err))
        return false;
    *out = writer;
    writer = NULL;
    return true;
}

/* What a member holds is a view; libarchive wants strings. */
static bool fill(struct archive_writer *writer, const struct archive_member *member, struct arena *arena,
                 struct error *err)
{
    const struct libarchive *lib = &writer->lib;
    struct archive_entry *entry = writer->entry;
    char *name = text_string(arena, (struct text){(const char *)member->name.at, member->name.size});
    char *target = text_string(arena, (struct text){(const char *)member->target.at, member->target.size});
    char *owner = text_string(arena, (struct text){(const char *)member->owner.at, member->owner.size});
    char *group = text_string(arena, (struct text){(const char *)member->group.at, member->group.size});

    if (name == NULL || target == NULL || owner == NULL || group == NULL)
        return arena_full(arena, err);
    lib->entry_clear(entry);
    lib->set_pathname(entry, name);
    lib->set_filetype(entry, types[member->kind]);
    if (member->kind == ARCHIVE_LINK)
        lib->set_symlink(entry, target);
    if (member->kind == ARCHIVE_HARD_LINK)
        lib->set_hardlink(entry, target);
    if (member->owner.size > 0)
        lib->set_uname(entry, owner);
    if (member->group.size > 0)
        lib->set_gname(entry, group);
    lib->set_perm(entry, (__LA_MODE_T)(member->mode & 07777));
    lib->set_uid(entry, (la_int64_t)member->uid);
    lib->set_gid(entry, (la_int64_t)member->gid);
    lib->set_size(entry, member->kind == ARCHIVE_FILE ? (la_int64_t)member->size : 0);
    lib->set_mtime(entry, member->mtime, 0);
    if (member->kind == ARCHIVE_CHARACTERS || member->kind == ARCHIVE_BLOCKS) {
        lib->set_rdevmajor(entry, member->device_major);
        lib->set_rdevminor(entry, member->device_minor);
    }
    return true;
}

static bool check_whole(const struct archive_writer *writer, struct error *err)
{
    return writer->left == 0 || error_set(err, ERROR_CONFLICT, "%llu bytes of a file are missing",
                                          (unsigned long long)writer->left);
}

bool archive_writer_add(struct archive_writer *writer, const struct archive_member *member, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);

    assert(types[member->kind] != 0 && member->size <= INT64_MAX);
    if (!check_whole(writer, err) || !fill(writer, member, &arena, err))
        return false;
    locale_t before = uselocale(writer->locale);
    int answer = writer->lib.header(writer->archive, writer->entry);
    (void)uselocale(before);
    if (answer != ARCHIVE_OK) /* of what a tar cannot hold it only warns */
        return fail(writer, err);
    writer->left = member->kind == ARCHIVE_FILE ? member->size : 0;
    return true;
}

bool archive_writer_data(struct archive_writer *writer, struct bytes piece, struct error *err)
{
    assert(piece.size <= writer->left);
    if (piece.size == 0)
        return true;
    la_ssize_t put_size = writer->lib.data(writer->archive, piece.at, piece.size);
    if (put_size != (la_ssize_t)piece.size)
        return fail(writer, err);
    writer->left -= piece.size;
    return true;
}

bool archive_writer_close(struct archive_writer *writer, struct error *err)
{
    return check_whole(writer, err) &&
           (writer->lib.close(writer->archive) == ARCHIVE_OK || fail(writer, err));
}

void archive_writer_end(struct archive_writer **writer)
{
    if (*writer == NULL)
        return;
    /* What was not closed is thrown away, so nothing more may reach the sink. */
    if ((*writer)->sink_error.kind == ERROR_NONE)
        (void)error_set(&(*writer)->sink_error, ERROR_CONFLICT, "the archive was given up");
    if ((*writer)->entry != NULL)
        (*writer)->lib.entry_free((*writer)->entry);
    if ((*writer)->archive != NULL)
        (void)(*writer)->lib.write_free((*writer)->archive);
    if ((*writer)->locale != (locale_t)0)
        freelocale((*writer)->locale);
    free(*writer);
    *writer = NULL;
}
