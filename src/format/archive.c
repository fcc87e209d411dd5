#include "format/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <assert.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "format/compress.h"
#include "format/libarchive.h"

#define BUFFER_SIZE     (64 * KIB)
#define MEMBER_SIZE_MIN (16 * KIB)    /* what the memory of a member begins with */
#define TAR_BLOCK       ((size_t)512) /* a tar ends in at least two of zeros */
/* Heads and padding of a tar, on top of what is in its members. What is passed over has no more room than this. */
#define TAR_OVERHEAD (LIMIT_ARCHIVE_MEMBERS * 3 * TAR_BLOCK)

/* What of libarchive is used here, with the declarations of its headers, so that the compiler checks the types. */
struct libarchive {
    __typeof__(&archive_read_new) read_new;
    __typeof__(&archive_read_free) read_free;
    __typeof__(&archive_read_support_format_zip_seekable) support_zip;
    __typeof__(&archive_read_support_format_tar) support_tar;
    __typeof__(&archive_read_open_memory) open_memory;
    __typeof__(&archive_read_open) open;
    __typeof__(&archive_read_next_header) next_header;
    __typeof__(&archive_read_data) data;
    __typeof__(&archive_filter_bytes) filter_bytes;
    __typeof__(&archive_error_string) error_string;
    __typeof__(&archive_entry_filetype) filetype;
    __typeof__(&archive_entry_hardlink) hardlink;
    __typeof__(&archive_entry_pathname_utf8) pathname_utf8;
    __typeof__(&archive_entry_pathname) pathname;
    __typeof__(&archive_entry_size_is_set) size_is_set;
    __typeof__(&archive_entry_size) size;
    __typeof__(&archive_entry_is_encrypted) is_encrypted;
    __typeof__(&archive_format) format;
    __typeof__(&archive_entry_symlink) symlink;
    __typeof__(&archive_entry_perm) perm;
    __typeof__(&archive_entry_uid) uid;
    __typeof__(&archive_entry_gid) gid;
    __typeof__(&archive_entry_uname) uname;
    __typeof__(&archive_entry_gname) gname;
    __typeof__(&archive_entry_mtime) mtime;
    __typeof__(&archive_entry_rdevmajor) rdevmajor;
    __typeof__(&archive_entry_rdevminor) rdevminor;
    __typeof__(&archive_entry_sparse_count) sparse_count;
};

static const struct libarchive_symbol symbols[] = {
    {"archive_read_new", offsetof(struct libarchive, read_new)},
    {"archive_read_free", offsetof(struct libarchive, read_free)},
    {"archive_read_support_format_zip_seekable", offsetof(struct libarchive, support_zip)},
    {"archive_read_support_format_tar", offsetof(struct libarchive, support_tar)},
    {"archive_read_open_memory", offsetof(struct libarchive, open_memory)},
    {"archive_read_open", offsetof(struct libarchive, open)},
    {"archive_read_next_header", offsetof(struct libarchive, next_header)},
    {"archive_read_data", offsetof(struct libarchive, data)},
    {"archive_filter_bytes", offsetof(struct libarchive, filter_bytes)},
    {"archive_error_string", offsetof(struct libarchive, error_string)},
    {"archive_entry_filetype", offsetof(struct libarchive, filetype)},
    {"archive_entry_hardlink", offsetof(struct libarchive, hardlink)},
    {"archive_entry_pathname_utf8", offsetof(struct libarchive, pathname_utf8)},
    {"archive_entry_pathname", offsetof(struct libarchive, pathname)},
    {"archive_entry_size_is_set", offsetof(struct libarchive, size_is_set)},
    {"archive_entry_size", offsetof(struct libarchive, size)},
    {"archive_entry_is_encrypted", offsetof(struct libarchive, is_encrypted)},
    {"archive_format", offsetof(struct libarchive, format)},
    {"archive_entry_symlink", offsetof(struct libarchive, symlink)},
    {"archive_entry_perm", offsetof(struct libarchive, perm)},
    {"archive_entry_uid", offsetof(struct libarchive, uid)},
    {"archive_entry_gid", offsetof(struct libarchive, gid)},
    {"archive_entry_uname", offsetof(struct libarchive, uname)},
    {"archive_entry_gname", offsetof(struct libarchive, gname)},
    {"archive_entry_mtime", offsetof(struct libarchive, mtime)},
    {"archive_entry_rdevmajor", offsetof(struct libarchive, rdevmajor)},
    {"archive_entry_rdevminor", offsetof(struct libarchive, rdevminor)},
    {"archive_entry_sparse_count", offsetof(struct libarchive, sparse_count)},
};

struct archive_reader {
    struct libarchive lib;
    struct archive *archive;
    locale_t
        locale; /* libarchive turns a zip's names into the locale's letters, and drops what has none there */
    struct compress_stream *stream; /* of a tar; a zip is read in memory, for its directory is at its end */
    struct error stream_error;      /* why the stream failed, which libarchive cannot pass on */
    bool stream_ended;
    size_t stream_size; /* given to libarchive so far, `piece` included */
    struct bytes piece; /* the last one, in `buffer` */
    bool ended;
    size_t packed_size;
    size_t limit;
    size_t unpacked; /* of all members so far */
    size_t count;    /* of entries of every kind so far */
    uint8_t *member;
    size_t member_capacity;
    char number[32]; /* "member 12" */
    uint8_t buffer[BUFFER_SIZE];
};

bool archive_is_zip(struct bytes start)
{
    return start.size >= 4 && memcmp(start.at, "PK\3\4", 4) == 0;
}

/* With libarchive's words, or the stream's when that is why. */
static bool fail(const struct archive_reader *reader, struct error *err)
{
    const char *said = reader->lib.error_string(reader->archive);

    if (reader->stream_error.kind == ERROR_NONE)
        return error_set(err, ERROR_INPUT, "broken: %s", said == NULL ? "nobody says how" : said);
    *err = reader->stream_error;
    return false;
}

/* Whether the last `size` bytes of the piece are zeros. */
static bool ends_in_zeros(struct bytes piece, size_t size)
{
    if (size == 0)
        return true;
    const uint8_t *at = piece.at + (piece.size - size);
    return at[0] == 0 && memcmp(at, at + 1, size - 1) == 0;
}

/* Called by libarchive for the next piece of a tar. */
static la_ssize_t read_stream(struct archive *archive, void *self, const void **out)
{
    struct archive_reader *reader = self;
    size_t got = 0;
    (void)archive;

    if (!reader->stream_ended &&
        !compress_read(reader->stream, reader->buffer, BUFFER_SIZE, &got, &reader->stream_error)) {
        reader->stream_ended = true;
        return ARCHIVE_FATAL;
    }
    if (got == 0)
        reader->stream_ended = true;
    else
        reader->piece = (struct bytes){reader->buffer, got};
    reader->stream_size += got;
    *out = reader->buffer;
    return (la_ssize_t)got;
}

static bool open_archive(struct archive_reader *reader, struct bytes packed, bool zip, struct error *err)
{
    const struct libarchive *lib = &reader->lib;

    reader->archive = lib->read_new();
    if (reader->archive == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for reading an archive");
    if (zip)
        return (lib->support_zip(reader->archive) == ARCHIVE_OK &&
                lib->open_memory(reader->archive, packed.at, packed.size) == ARCHIVE_OK) ||
               fail(reader, err);
    if (!compress_open_bytes(packed, reader->limit + TAR_OVERHEAD, &reader->stream, err))
        return false;
    return (lib->support_tar(reader->archive) == ARCHIVE_OK &&
            lib->open(reader->archive, reader, NULL, read_stream, NULL) == ARCHIVE_OK) ||
           fail(reader, err);
}

static bool open_kind(struct bytes packed, size_t limit, bool zip, struct archive_reader **out,
                      struct error *err)
{
    struct archive_reader *reader = calloc(1, sizeof(*reader));

    assert(limit <= SIZE_MAX - TAR_OVERHEAD);
    if (reader == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for reading an archive");
    reader->limit = limit;
    reader->packed_size = packed.size;
    reader->locale =
        newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); /* 0, where there is none, changes nothing */
    bool opened = libarchive_load(symbols, sizeof(symbols) / sizeof(symbols[0]), &reader->lib, err) && open_archive(reader, packed, zip, err);
    if (opened)
        *out = reader;
    else
        archive_end(&reader);
    return opened;
}

bool archive_open(struct bytes packed, size_t limit, struct archive_reader **out, struct error *err)
{
    return open_kind(packed, limit, archive_is_zip(packed), out, err);
}

bool archive_open_tar(struct bytes packed, size_t limit, struct archive_reader **out, struct error *err)
{
    return open_kind(packed, limit, false, out, err);
}

void archive_end(struct archive_reader **reader)
{
    if (*reader == NULL)
        return;
    if ((*reader)->archive != NULL)
        (void)(*reader)->lib.read_free((*reader)->archive); /* only reads: nothing is lost */
    if ((*reader)->locale != (locale_t)0)
        freelocale((*reader)->locale);
    compress_end(&(*reader)->stream);
    free((*reader)->member);
    free(*reader);
    *reader = NULL;
}

/*
 * libarchive stops at a tar's end mark, and takes the end of the stream for one. So here the rest is read, for the
 * stream's checksum and for what hides behind the mark, and the mark is asked for.
 */
static bool check_tar_end(struct archive_reader *reader, struct error *err)
{
    size_t taken = (size_t)reader->lib.filter_bytes(reader->archive, 0);
    size_t rest = reader->stream_size - taken;
    bool zeros = rest <= reader->piece.size && ends_in_zeros(reader->piece, rest);
    const void *piece;

    while (zeros && !reader->stream_ended) {
        la_ssize_t got = read_stream(reader->archive, reader, &piece);
        if (got < 0)
            return fail(reader, err);
        zeros = ends_in_zeros(reader->piece, (size_t)got);
    }
    if (!zeros)
        return error_set(err, ERROR_INPUT, "something else follows the end of the tar");
    if (reader->piece.size < TAR_BLOCK || !ends_in_zeros(reader->piece, TAR_BLOCK))
        return error_set(err, ERROR_INPUT, "a tar without its end");
    return true;
}

static struct text name_of(struct archive_reader *reader, struct archive_entry *entry)
{
    const char *name = reader->lib.pathname_utf8(entry);
    struct error not_text;
    struct text text;

    if (name == NULL)
        name = reader->lib.pathname(entry); /* bytes that the locale has no letters for */
    if (name != NULL && name[0] != 0 &&
        text_from_bytes(bytes_of_text(text_of(name)), LIMIT_PATH, &text, &not_text))
        return text;
    (void)snprintf(reader->number, sizeof(reader->number), "member %zu", reader->count);
    return text_of(reader->number);
}

/* Room for one byte more than the member has so far, and a zero behind. */
static bool grow_member(struct archive_reader *reader, size_t size, struct error *err)
{
    if (size + 1 < reader->member_capacity)
        return true;
    size_t capacity =
        reader->member_capacity < MEMBER_SIZE_MIN ? MEMBER_SIZE_MIN : reader->member_capacity * 2;
    uint8_t *grown = realloc(reader->member, capacity);
    if (grown == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for its %zu bytes", capacity);
    reader->member = grown;
    reader->member_capacity = capacity;
    return true;
}

static bool check_sizes(const struct archive_reader *reader, size_t member_size, struct error *err)
{
    size_t all = reader->unpacked + member_size;

    if (member_size > LIMIT_ARCHIVE_MEMBER)
        return error_set(err, ERROR_LIMIT, "more than %zu bytes", LIMIT_ARCHIVE_MEMBER);
    if (all > reader->limit)
        return error_set(err, ERROR_LIMIT, "the archive unpacks to more than the %zu bytes allowed",
                         reader->limit);
    if (all > MIB && all / LIMIT_EXPANSION > reader->packed_size)
        return error_set(err, ERROR_LIMIT, "the archive unpacks to more than %d times its size",
                         LIMIT_EXPANSION);
    return true;
}

/* Reads the member to its end, whatever size its head gave: so its checksum is looked at. */
static bool read_member(struct archive_reader *reader, struct bytes *out, struct error *err)
{
    size_t size = 0;

    for (;;) {
        if (!grow_member(reader, size, err))
            return false;
        la_ssize_t got =
            reader->lib.data(reader->archive, reader->member + size, reader->member_capacity - size - 1);
        if (got < 0) /* a warning too: of a wrong checksum libarchive only warns */
            return fail(reader, err);
        if (got == 0)
            break;
        size += (size_t)got;
        if (!check_sizes(reader, size, err))
            return false;
    }
    reader->member[size] = 0;
    reader->unpacked += size;
    *out = (struct bytes){reader->member, size};
    return true;
}

static bool take_member(struct archive_reader *reader, struct archive_entry *entry, struct bytes *bytes,
                        struct error *err)
{
    const struct libarchive *lib = &reader->lib;

    if (lib->is_encrypted(entry))
        return error_set(err, ERROR_INPUT, "is encrypted");
    la_int64_t told = lib->size_is_set(entry) ? lib->size(entry) : 0;
    if (told < 0)
        return error_set(err, ERROR_INPUT, "its size is negative");
    size_t size = (uint64_t)told > LIMIT_ARCHIVE_MEMBER ? LIMIT_ARCHIVE_MEMBER + 1 : (size_t)told;
    return check_sizes(reader, size, err) && read_member(reader, bytes, err);
}

static bool next_member(struct archive_reader *reader, struct text *name, struct bytes *bytes, bool *found,
                        struct error *err)
{
    struct archive_entry *entry;

    while (!reader->ended) {
        int answer = reader->lib.next_header(reader->archive, &entry);
        if (answer == ARCHIVE_EOF) {
            reader->ended = true;
            if (reader->stream != NULL && !check_tar_end(reader, err))
                return false;
            break;
        }
        if (answer != ARCHIVE_OK &&
            answer != ARCHIVE_WARN) /* it warns of names that the locale cannot show */
            return fail(reader, err);
        if (++reader->count > LIMIT_ARCHIVE_MEMBERS)
            return error_set(err, ERROR_LIMIT, "more than %d members", LIMIT_ARCHIVE_MEMBERS);
        if (reader->lib.filetype(entry) != AE_IFREG || reader->lib.hardlink(entry) != NULL)
            continue;
        struct text member_name = name_of(reader, entry);
        if (!take_member(reader, entry, bytes, err))
            return error_at(err, "%.*s", TEXT_ARG(member_name));
        *name = member_name;
        *found = true;
        return true;
    }
    *found = false;
    return true;
}

bool archive_next(struct archive_reader *reader, struct text *name, struct bytes *bytes, bool *found,
                  struct error *err)
{
    locale_t before = uselocale(reader->locale);
    bool done = next_member(reader, name, bytes, found, err);

    (void)uselocale(before); /* of this thread only, and it was valid */
    return done;
}

static const struct {
    unsigned type; /* libarchive's */
    enum archive_kind kind;
} kinds[] = {
    {AE_IFREG, ARCHIVE_FILE}, {AE_IFLNK, ARCHIVE_LINK},       {AE_IFDIR, ARCHIVE_FOLDER},
    {AE_IFIFO, ARCHIVE_PIPE}, {AE_IFCHR, ARCHIVE_CHARACTERS}, {AE_IFBLK, ARCHIVE_BLOCKS},
};

static struct bytes bytes_of_string(const char *string)
{
    return bytes_of_text(text_of(string == NULL ? "" : string));
}

static void describe(const struct libarchive *lib, struct archive_entry *entry, struct archive_member *out)
{
    const char *hard_link = lib->hardlink(entry);
    unsigned type = lib->filetype(entry);

    *out = (struct archive_member){
        .name = bytes_of_string(lib->pathname(entry)),
        .target = bytes_of_string(hard_link != NULL ? hard_link : lib->symlink(entry)),
        .owner = bytes_of_string(lib->uname(entry)),
        .group = bytes_of_string(lib->gname(entry)),
        .mode = (uint32_t)lib->perm(entry) & 07777,
        .uid = (uint64_t)lib->uid(entry),
        .gid = (uint64_t)lib->gid(entry),
        .size = lib->size_is_set(entry) ? (uint64_t)lib->size(entry) : 0,
        .mtime = lib->mtime(entry),
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].type == type)
            out->kind = kinds[i].kind;
    if (hard_link != NULL)
        out->kind = ARCHIVE_HARD_LINK;
    if (out->kind == ARCHIVE_CHARACTERS || out->kind == ARCHIVE_BLOCKS) {
        out->device_major = (uint32_t)lib->rdevmajor(entry);
        out->device_minor = (uint32_t)lib->rdevminor(entry);
    }
}

static bool walk(struct archive_reader *reader, struct archive_member *out, bool *found, struct error *err)
{
    const struct libarchive *lib = &reader->lib;
    struct archive_entry *entry;

    *found = false;
    int answer = reader->ended ? ARCHIVE_EOF : lib->next_header(reader->archive, &entry);
    if (answer == ARCHIVE_EOF) {
        bool first = !reader->ended;
        reader->ended = true;
        return !first || check_tar_end(reader, err);
    }
    if (answer != ARCHIVE_OK)
        return fail(reader, err);
    if (++reader->count > LIMIT_ARCHIVE_MEMBERS)
        return error_set(err, ERROR_LIMIT, "more than %d members", LIMIT_ARCHIVE_MEMBERS);
    if (lib->format(reader->archive) == ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE)
        return error_set(err, ERROR_INPUT, "member %zu has a pax head", reader->count);
    if (lib->sparse_count(entry) > 0)
        return error_set(err, ERROR_INPUT, "member %zu is a sparse file", reader->count);
    describe(lib, entry, out);
    *found = true;
    return true;
}

bool archive_walk(struct archive_reader *reader, struct archive_member *out, bool *found, struct error *err)
{
    assert(reader->stream != NULL);
    locale_t before = uselocale(reader->locale);
    bool done = walk(reader, out, found, err);

    (void)uselocale(before);
    return done;
}

bool archive_read_piece(struct archive_reader *reader, uint8_t *into, size_t size, size_t *got,
                        struct error *err)
{
    la_ssize_t answer = reader->lib.data(reader->archive, into, size);

    if (answer < 0)
        return fail(reader, err);
    *got = (size_t)answer;
    return true;
}
