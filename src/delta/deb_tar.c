#include "delta/deb_tar.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "base/reader.h"

/* Fields of a head: tar(5). */
enum {
    NAME_AT = 0,
    NAME_SIZE = 100,
    MODE_AT = 100,
    UID_AT = 108,
    GID_AT = 116,
    SIZE_AT = 124,
    TIME_AT = 136,
    SUM_AT = 148,
    TYPE_AT = 156,
    TARGET_AT = 157,
    MAGIC_AT = 257,
    USER_AT = 265,
    GROUP_AT = 297,
    MAJOR_AT = 329,
    MINOR_AT = 337,
    PREFIX_AT = 345,
    PREFIX_SIZE = 155,
    SHORT_NUMBER = 8,
    LONG_NUMBER = 12
};
#define RECORD_SIZE 10240

const struct deb_tar_owner deb_tar_root = {BYTES("root"), BYTES("root"), 0, 0};

static const struct {
    char type;
    enum deb_tar_kind kind;
} kinds[] = {
    {'0', DEB_TAR_FILE},       {'\0', DEB_TAR_FILE},  {'1', DEB_TAR_HARD},   {'2', DEB_TAR_LINK},
    {'3', DEB_TAR_CHARACTERS}, {'4', DEB_TAR_BLOCKS}, {'5', DEB_TAR_FOLDER}, {'6', DEB_TAR_PIPE},
};

static bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static struct text as_text(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

/* ---- heads from the table ---- */

static bool put_number(uint8_t *field, size_t size, uint64_t value)
{
    for (size_t i = size - 1; i-- > 0; value >>= 3)
        field[i] = (uint8_t)('0' + (value & 7));
    return value == 0;
}

static unsigned checksum(const uint8_t *head)
{
    unsigned sum = 0;

    for (size_t i = 0; i < DEB_TAR_BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + 8 ? ' ' : head[i];
    return sum;
}

static void put_head(uint8_t *head, struct writer *out)
{
    (void)put_number(head + SUM_AT, 7, checksum(head)); /* at most 512 * 255: six digits hold it */
    head[SUM_AT + 7] = ' ';
    writer_put(out, (struct bytes){head, DEB_TAR_BLOCK});
}

static void put_magic(uint8_t *head, unsigned dialect)
{
    memcpy(head + MAGIC_AT, (dialect & DEB_TAR_POSIX) != 0 ? "ustar\00000" : "ustar  ", 8);
}

/* GNU's record in front of an entry whose name or target does not fit into its head. */
static void put_long(char type, const uint8_t *at, size_t size, struct writer *out)
{
    static const uint8_t zeros[DEB_TAR_BLOCK];
    uint8_t head[DEB_TAR_BLOCK] = "././@LongLink";

    (void)put_number(head + MODE_AT, SHORT_NUMBER, 0644);
    (void)put_number(head + UID_AT, SHORT_NUMBER, 0);
    (void)put_number(head + GID_AT, SHORT_NUMBER, 0);
    (void)put_number(head + SIZE_AT, LONG_NUMBER, size + 1);
    (void)put_number(head + TIME_AT, LONG_NUMBER, 0);
    head[TYPE_AT] = (uint8_t)type;
    put_magic(head, 0);
    memcpy(head + USER_AT, "root", 4);
    memcpy(head + GROUP_AT, "root", 4);
    put_head(head, out);
    writer_put(out, (struct bytes){at, size});
    writer_put(out, (struct bytes){zeros, 1 + deb_tar_padding(size + 1)});
}

/* The name as it stands in a head, in `name`, which has room for a path and three bytes more. */
static size_t name_of(unsigned dialect, const struct deb_tar_entry *entry, uint8_t *name)
{
    bool folder = entry->kind == DEB_TAR_FOLDER;
    size_t size = 0;

    if ((dialect & DEB_TAR_NAMES_ROOTED) == 0 && (dialect & DEB_TAR_NAMES_PLAIN) == 0)
        name[size++] = '.';
    if (bytes_equal(entry->path, BYTES("/.")) && folder) {
        name[size++] = '/';
        return size;
    }
    size_t skip = (dialect & DEB_TAR_NAMES_PLAIN) != 0 ? 1 : 0;
    memcpy(name + size, entry->path.at + skip, entry->path.size - skip);
    size += entry->path.size - skip;
    if (folder)
        name[size++] = '/';
    return size;
}

static bool put_numbers(uint8_t *head, const struct deb_tar *tar, const struct deb_tar_entry *entry,
                        uint64_t size)
{
    const struct deb_tar_owner *owner = &tar->owners[entry->owner];
    bool device = entry->kind == DEB_TAR_CHARACTERS || entry->kind == DEB_TAR_BLOCKS;
    bool fits = put_number(head + MODE_AT, SHORT_NUMBER, entry->mode);

    fits &= put_number(head + UID_AT, SHORT_NUMBER, owner->uid);
    fits &= put_number(head + GID_AT, SHORT_NUMBER, owner->gid);
    fits &= put_number(head + SIZE_AT, LONG_NUMBER, size);
    fits &= put_number(head + TIME_AT, LONG_NUMBER, entry->time);
    if (device || (tar->dialect & DEB_TAR_ZERO_DEVICES) != 0) {
        fits &= put_number(head + MAJOR_AT, SHORT_NUMBER, device ? entry->major : 0);
        fits &= put_number(head + MINOR_AT, SHORT_NUMBER, device ? entry->minor : 0);
    }
    return fits;
}

static char type_of(enum deb_tar_kind kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].kind == kind)
            return kinds[i].type;
    return '?';
}

bool deb_tar_head(const struct deb_tar *tar, size_t index, uint64_t size, struct writer *out,
                  struct error *err)
{
    const struct deb_tar_entry *entry = &tar->entries[index];
    const struct deb_tar_owner *owner = &tar->owners[entry->owner];
    uint8_t name[LIMIT_PATH + 3], target[LIMIT_PATH + 3], head[DEB_TAR_BLOCK] = {0};
    size_t target_size = 0;

    if (entry->head.size > 0) {
        writer_put(out, entry->head);
        return true;
    }
    if (entry->path.size == 0 || entry->path.size > LIMIT_PATH || entry->target.size > LIMIT_PATH ||
        owner->user.size > DEB_TAR_OWNER_MAX || owner->group.size > DEB_TAR_OWNER_MAX)
        return error_set(err, ERROR_INPUT, "entry %zu: its names do not fit into a head", index);
    size_t name_size = name_of(tar->dialect, entry, name);
    if (entry->kind == DEB_TAR_HARD && entry->hard != DEB_TAR_NONE) {
        target_size = name_of(tar->dialect, &tar->entries[entry->hard], target);
    } else if (entry->target.size > 0) {
        target_size = entry->target.size;
        memcpy(target, entry->target.at, target_size);
    }
    if (target_size > NAME_SIZE)
        put_long('K', target, target_size, out);
    if (name_size > NAME_SIZE)
        put_long('L', name, name_size, out);
    memcpy(head + NAME_AT, name, name_size < NAME_SIZE ? name_size : NAME_SIZE);
    if (target_size > 0)
        memcpy(head + TARGET_AT, target, target_size < NAME_SIZE ? target_size : NAME_SIZE);
    if (!put_numbers(head, tar, entry, size))
        return error_set(err, ERROR_INPUT, "entry %zu: its numbers do not fit into a head", index);
    head[TYPE_AT] = (uint8_t)type_of(entry->kind);
    put_magic(head, tar->dialect);
    if (owner->user.size > 0)
        memcpy(head + USER_AT, owner->user.at, owner->user.size);
    if (owner->group.size > 0)
        memcpy(head + GROUP_AT, owner->group.at, owner->group.size);
    put_head(head, out);
    return true;
}

uint64_t deb_tar_usual_end(uint64_t size)
{
    uint64_t end = UINT64_C(2) * DEB_TAR_BLOCK;

    return end + (RECORD_SIZE - (size + end) % RECORD_SIZE) % RECORD_SIZE;
}

/* ---- the table from heads ---- */

struct tar_reader {
    struct reader reader;
    struct arena *arena;
    struct deb_tar tar;
    struct deb_tar_owner *owners;
    struct bytes *contents;
    size_t capacity, contents_capacity, owner_capacity;
    struct map paths; /* of files and hard links, to their entries */
};

/* The blocks of one entry's head, and what the records before the last one said. */
struct head {
    struct bytes whole;
    const uint8_t *last;
    struct bytes name, target;
    uint64_t size;
};

static bool take_number(const uint8_t *field, size_t size, uint64_t *out)
{
    size_t i = 0;

    *out = 0;
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *out = *out << 3 | (uint64_t)(field[i] - '0'); /* at most 12 digits: 36 bits */
    return i == size || field[i] == '\0' || field[i] == ' ';
}

static struct bytes take_string(const uint8_t *field, size_t size)
{
    const uint8_t *end = memchr(field, '\0', size);

    return (struct bytes){field, end == NULL ? size : (size_t)(end - field)};
}

static bool take_head(struct reader *r, struct head *out, struct error *err)
{
    const uint8_t *begin = r->at;
    struct bytes said;
    uint64_t sum;

    *out = (struct head){0};
    for (;;) {
        const uint8_t *block = reader_take(r, DEB_TAR_BLOCK).at;
        if (!reader_ok(r))
            return error_set(err, ERROR_INPUT, "ends in the middle of a head");
        if (!take_number(block + SUM_AT, 8, &sum) || sum != checksum(block) ||
            !take_number(block + SIZE_AT, LONG_NUMBER, &out->size))
            return error_set(err, ERROR_INPUT, "no head at byte %zu", reader_place(r) - DEB_TAR_BLOCK);
        out->last = block;
        char type = (char)block[TYPE_AT];
        if (type != 'K' && type != 'L' && type != 'x' && type != 'g')
            break;
        if (out->size > LIMIT_DEB_HEAD)
            return error_set(err, ERROR_LIMIT, "a head of more than %zu bytes", (size_t)LIMIT_DEB_HEAD);
        said = reader_take(r, (size_t)out->size);
        reader_skip(r, deb_tar_padding(out->size));
        if (!reader_ok(r))
            return error_set(err, ERROR_INPUT, "ends in the middle of a head");
        if (type == 'L')
            out->name = take_string(said.at, said.size);
        else if (type == 'K')
            out->target = take_string(said.at, said.size);
    }
    out->whole = (struct bytes){begin, (size_t)(r->at - begin)};
    if (out->whole.size > LIMIT_DEB_HEAD)
        return error_set(err, ERROR_LIMIT, "a head of more than %zu bytes", (size_t)LIMIT_DEB_HEAD);
    return true;
}

/* "./usr/bin/" -> "/usr/bin"; most names need no copy. */
static bool path_of(struct bytes name, struct arena *arena, struct bytes *out, struct error *err)
{
    if (name.size > 0 && name.at[0] == '.' && (name.size == 1 || name.at[1] == '/')) {
        name.at++;
        name.size--;
    }
    while (name.size > 0 && name.at[name.size - 1] == '/')
        name.size--;
    if (name.size == 0 || (name.size == 2 && memcmp(name.at, "/.", 2) == 0)) {
        *out = BYTES("/.");
        return true;
    }
    if (name.size > LIMIT_PATH - 1)
        return error_set(err, ERROR_LIMIT, "a name of more than %d bytes", LIMIT_PATH - 1);
    if (memchr(name.at, '\n', name.size) != NULL || memchr(name.at, '\0', name.size) != NULL)
        return error_set(err, ERROR_INPUT, "a name with a newline in it");
    if (name.at[0] != '/') {
        uint8_t *path = arena_take(arena, name.size + 1);
        if (path == NULL)
            return arena_full(arena, err);
        path[0] = '/';
        memcpy(path + 1, name.at, name.size);
        name = (struct bytes){path, name.size + 1};
    }
    *out = name;
    return true;
}

/* ustar's long names: the prefix, a slash, the name. */
static bool name_of_head(struct tar_reader *r, const struct head *head, struct bytes *out, struct error *err)
{
    struct bytes name = head->name.size > 0 ? head->name : take_string(head->last + NAME_AT, NAME_SIZE);

    if (head->name.size == 0 && memcmp(head->last + MAGIC_AT, "ustar", 6) == 0 &&
        head->last[PREFIX_AT] != '\0') {
        struct bytes prefix = take_string(head->last + PREFIX_AT, PREFIX_SIZE);
        struct text whole = text_format(r->arena, "%.*s/%.*s", (int)prefix.size, (const char *)prefix.at,
                                        (int)name.size, (const char *)name.at);
        if (whole.at == NULL)
            return arena_full(r->arena, err);
        name = bytes_of_text(whole);
    }
    return path_of(name, r->arena, out, err);
}

static bool find_owner(struct tar_reader *r, const struct deb_tar_owner *owner, uint32_t *out,
                       struct error *err)
{
    for (size_t i = 0; i < r->tar.owner_count; i++)
        if (r->owners[i].uid == owner->uid && r->owners[i].gid == owner->gid &&
            bytes_equal(r->owners[i].user, owner->user) && bytes_equal(r->owners[i].group, owner->group)) {
            *out = (uint32_t)i;
            return true;
        }
    if (r->tar.owner_count == LIMIT_DEB_OWNERS)
        return error_set(err, ERROR_LIMIT, "more than %d owners", LIMIT_DEB_OWNERS);
    r->owners = arena_grow(r->arena, r->owners, r->tar.owner_count, &r->owner_capacity,
                           r->tar.owner_count + 1, sizeof(*r->owners));
    if (r->owners == NULL)
        return arena_full(r->arena, err);
    r->owners[r->tar.owner_count] = *owner;
    r->tar.owners = r->owners;
    *out = (uint32_t)r->tar.owner_count++;
    return true;
}

static bool take_numbers(struct tar_reader *r, const uint8_t *last, struct deb_tar_entry *entry,
                         struct error *err)
{
    struct deb_tar_owner owner = {take_string(last + USER_AT, DEB_TAR_OWNER_MAX),
                                  take_string(last + GROUP_AT, DEB_TAR_OWNER_MAX), 0, 0};
    uint64_t mode, uid, gid, major, minor;

    /* What is no number here is told by the head, which is then kept whole. */
    bool fits = take_number(last + MODE_AT, SHORT_NUMBER, &mode) &&
                take_number(last + UID_AT, SHORT_NUMBER, &uid) &&
                take_number(last + GID_AT, SHORT_NUMBER, &gid) &&
                take_number(last + TIME_AT, LONG_NUMBER, &entry->time) &&
                take_number(last + MAJOR_AT, SHORT_NUMBER, &major) &&
                take_number(last + MINOR_AT, SHORT_NUMBER, &minor);
    if (!fits)
        return true;
    entry->mode = (uint32_t)(mode & DEB_TAR_MODE_MAX);
    if (entry->kind == DEB_TAR_CHARACTERS || entry->kind == DEB_TAR_BLOCKS) {
        entry->major = (uint32_t)major;
        entry->minor = (uint32_t)minor;
    }
    owner.uid = (uint32_t)uid;
    owner.gid = (uint32_t)gid;
    return find_owner(r, &owner, &entry->owner, err);
}

static bool take_target(struct tar_reader *r, const struct head *head, struct deb_tar_entry *entry,
                        struct error *err)
{
    struct bytes target =
        head->target.size > 0 ? head->target : take_string(head->last + TARGET_AT, NAME_SIZE);
    struct bytes path;

    if (target.size > LIMIT_PATH || (target.size > 0 && memchr(target.at, '\n', target.size) != NULL))
        return error_set(err, ERROR_INPUT, "a link leads to a newline, or too far");
    if (entry->kind == DEB_TAR_LINK)
        entry->target = target;
    if (entry->kind != DEB_TAR_HARD)
        return true;
    if (!path_of(target, r->arena, &path, err))
        return false;
    entry->hard = map_get(&r->paths, as_text(path));
    return true;
}

static unsigned dialect_of(const struct head *head)
{
    struct bytes name = take_string(head->last + NAME_AT, NAME_SIZE);
    unsigned dialect = memcmp(head->last + MAGIC_AT, "ustar", 6) == 0 ? DEB_TAR_POSIX : 0;

    if (head->last[MAJOR_AT] != '\0')
        dialect |= DEB_TAR_ZERO_DEVICES;
    if (name.size > 0 && name.at[0] == '/')
        dialect |= DEB_TAR_NAMES_ROOTED;
    else if (name.size == 0 || name.at[0] != '.')
        dialect |= DEB_TAR_NAMES_PLAIN;
    return dialect;
}

/* Whether the table gives this head again; else the head is kept. */
static bool check_head(struct tar_reader *r, size_t index, const struct head *head, struct error *err)
{
    OWN(writer_end)
    struct writer made = writer_with(2 * (LIMIT_PATH + DEB_TAR_BLOCK + 3) + 4 * DEB_TAR_BLOCK);
    struct deb_tar_entry *entry = &r->tar.entries[index];
    struct error unfit;

    if (entry->kind == DEB_TAR_HARD && entry->hard == DEB_TAR_NONE)
        entry->head = head->whole;
    else if (!deb_tar_head(&r->tar, index, head->size, &made, &unfit) ||
             !bytes_equal(writer_bytes(&made), head->whole))
        entry->head = head->whole;
    if (!writer_ok(&made))
        return error_set(err, ERROR_LIMIT, "out of memory");
    return true;
}

static bool take_entry(struct tar_reader *r, struct error *err)
{
    size_t index = r->tar.count;
    struct head head;

    if (!take_head(&r->reader, &head, err))
        return false;
    if (index == LIMIT_DEB_ENTRIES)
        return error_set(err, ERROR_LIMIT, "more than %d entries", LIMIT_DEB_ENTRIES);
    if (index == 0)
        r->tar.dialect = dialect_of(&head);
    r->tar.entries =
        arena_grow(r->arena, r->tar.entries, index, &r->capacity, index + 1, sizeof(*r->tar.entries));
    if (r->tar.entries != NULL)
        r->contents =
            arena_grow(r->arena, r->contents, index, &r->contents_capacity, index + 1, sizeof(*r->contents));
    if (r->tar.entries == NULL || r->contents == NULL)
        return arena_full(r->arena, err);
    struct deb_tar_entry *entry = &r->tar.entries[index];
    *entry = (struct deb_tar_entry){.hard = DEB_TAR_NONE};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if ((char)head.last[TYPE_AT] == kinds[i].type)
            entry->kind = kinds[i].kind;
    if (entry->kind == DEB_TAR_UNKNOWN || (entry->kind != DEB_TAR_FILE && head.size > 0))
        return error_set(err, ERROR_INPUT, "entry %zu is of a kind that is not known", index);
    if (!name_of_head(r, &head, &entry->path, err) || !take_numbers(r, head.last, entry, err) ||
        !take_target(r, &head, entry, err))
        return error_at(err, "entry %zu", index);
    r->contents[index] = reader_take(&r->reader, (size_t)head.size);
    struct bytes padding = reader_take(&r->reader, deb_tar_padding(head.size));
    if (!reader_ok(&r->reader))
        return error_set(err, ERROR_INPUT, "ends in the middle of entry %zu", index);
    for (size_t i = 0; i < padding.size; i++)
        if (padding.at[i] != 0)
            return error_set(err, ERROR_INPUT, "something stands behind entry %zu", index);
    if (!check_head(r, index, &head, err))
        return false;
    r->tar.count++;
    return entry->kind != DEB_TAR_FILE && entry->kind != DEB_TAR_HARD
               ? true
               : map_put(&r->paths, as_text(entry->path), (uint32_t)index, err);
}

static bool only_zeros(struct bytes bytes)
{
    return bytes.size == 0 || (bytes.at[0] == 0 && memcmp(bytes.at, bytes.at + 1, bytes.size - 1) == 0);
}

bool deb_tar_read(struct bytes tar, struct arena *arena, struct deb_tar *out, struct bytes **contents,
                  struct error *err)
{
    struct tar_reader r = {.reader = reader_with(tar), .arena = arena, .paths = map_with(arena)};
    uint32_t root;

    if (!find_owner(&r, &deb_tar_root, &root, err))
        return false;
    while (reader_left(&r.reader) > 0 && *r.reader.at != 0)
        if (!take_entry(&r, err))
            return error_at(err, "tar");
    if (!only_zeros((struct bytes){r.reader.at, reader_left(&r.reader)}))
        return error_set(err, ERROR_INPUT, "tar: something stands behind its end");
    uint64_t end = reader_left(&r.reader);
    r.tar.end = end == deb_tar_usual_end(reader_place(&r.reader)) ? 0 : 1 + end;
    *out = r.tar;
    *contents = r.contents;
    return true;
}
