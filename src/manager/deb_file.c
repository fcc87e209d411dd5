#include "manager/deb_file.h"

#include "base/control.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "base/reader.h"
#include "format/compress.h"
#include "format/deb822.h"

#define AR_MAGIC     BYTES("!<arch>\n")
#define AR_HEAD_SIZE 60
#define AR_NAME_SIZE 16

static const struct {
    struct text suffix;
    enum compress_kind kind;
} packings[] = {
    {TEXT(""), COMPRESS_NONE},
    {TEXT(".gz"), COMPRESS_GZIP},
    {TEXT(".xz"), COMPRESS_XZ},
    {TEXT(".zst"), COMPRESS_ZSTD},
};

static struct text without_spaces(struct bytes raw)
{
    while (raw.size > 0 && raw.at[raw.size - 1] == ' ')
        raw.size--;
    return (struct text){(const char *)raw.at, raw.size};
}

/* One member's head and content; the content of an odd size is followed by a newline. */
static bool take_member(struct reader *r, struct text *name, struct bytes *content, struct error *err)
{
    struct bytes head = reader_take(r, AR_HEAD_SIZE);
    uint64_t size;

    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "ends in the middle of a member's head");
    if (memcmp(head.at + 58, "`\n", 2) != 0)
        return error_set(err, ERROR_INPUT, "no member's head at byte %zu", reader_place(r) - AR_HEAD_SIZE);
    struct text raw_name = without_spaces((struct bytes){head.at, AR_NAME_SIZE});
    if (text_ends(raw_name, TEXT("/"))) /* as GNU's ar closes names */
        raw_name.size--;
    if (!text_from_bytes(bytes_of_text(raw_name), AR_NAME_SIZE, name, err))
        return error_at(err, "a member's name");
    if (!text_to_u64(without_spaces((struct bytes){head.at + 48, 10}), &size, err))
        return error_at(err, "size of %.*s", TEXT_ARG(*name));
    if (size > reader_left(r))
        return error_set(err, ERROR_INPUT, "ends in the middle of %.*s", TEXT_ARG(*name));
    *content = reader_take(r, (size_t)size);
    if (size % 2 != 0 && reader_left(r) > 0)
        reader_skip(r, 1);
    return true;
}

static bool check_packing(struct text name, struct text suffix, struct bytes content, struct error *err)
{
    for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
        if (!text_equal(suffix, packings[i].suffix))
            continue;
        return compress_kind_of(content) == packings[i].kind ||
               error_set(err, ERROR_INPUT, "%.*s is packed in another way than its name says",
                         TEXT_ARG(name));
    }
    return error_set(err, ERROR_INPUT, "%.*s is packed in a way that is not read here (gz, xz, zst)",
                     TEXT_ARG(name));
}

/* debian-binary, control.tar, data.tar in this order, and '_' ones anywhere behind the first. */
bool deb_file_members(struct bytes packed, struct deb_members *out, struct error *err)
{
    static const struct text stems[] = {TEXT("debian-binary"), TEXT("control.tar"), TEXT("data.tar")};
    struct reader r = reader_with(packed);
    struct bytes magic = reader_take(&r, AR_MAGIC.size), content, got[3];
    size_t seen = 0;
    struct text name;

    if (!reader_ok(&r) || memcmp(magic.at, AR_MAGIC.at, AR_MAGIC.size) != 0)
        return error_set(err, ERROR_INPUT, "is no ar archive, so no .deb");
    for (size_t count = 0; reader_left(&r) > 0; count++) {
        if (count == LIMIT_DEB_MEMBERS)
            return error_set(err, ERROR_LIMIT, "more than %d members", LIMIT_DEB_MEMBERS);
        if (!take_member(&r, &name, &content, err))
            return false;
        if (seen > 0 && text_starts(name, TEXT("_")))
            continue;
        if (seen == 3 || !text_starts(name, stems[seen]))
            return error_set(err, ERROR_INPUT, "member %.*s is not where it may be", TEXT_ARG(name));
        if (seen > 0 && !check_packing(name, text_part(name, stems[seen].size, SIZE_MAX), content, err))
            return false;
        got[seen++] = content;
    }
    if (seen < 3)
        return error_set(err, ERROR_INPUT, "ends without %.*s", TEXT_ARG(stems[seen]));
    if (got[0].size < 4 || memcmp(got[0].at, "2.0\n", 4) != 0)
        return error_set(err, ERROR_INPUT, "its format is not 2.0");
    *out = (struct deb_members){got[1], got[2]};
    return true;
}

/* "./usr/bin/x" or "usr/bin/x" as "/usr/bin/x", in the arena. */
static bool take_path(struct bytes raw, struct arena *arena, struct text *out, struct error *err)
{
    struct text text, rest, part;

    if (!text_from_bytes(raw, LIMIT_PATH, &text, err))
        return false;
    rest = text_starts(text, TEXT("./")) ? text_part(text, 2, SIZE_MAX) : text;
    if (text_ends(rest, TEXT("/")))
        rest.size--;
    if (text.size == 0 || ((text_starts(text, TEXT("/")) || text_starts(rest, TEXT("/"))) &&
                           control_holds(CONTROL_ARCHIVE_PATH)))
        return error_set(err, ERROR_INPUT, "%s", text.size == 0 ? "an empty name" : "an absolute name");
    if (text_equal(rest, TEXT(".")))
        rest.size = 0;
    struct text names = rest;
    while (text_cut(&names, '/', &part))
        if ((part.size == 0 || text_equal(part, TEXT(".")) || text_equal(part, TEXT(".."))) &&
            control_holds(CONTROL_ARCHIVE_PATH))
            return error_set(err, ERROR_INPUT, "\"%.*s\" leaves its folder or is written oddly",
                             TEXT_ARG(text_part(text, 0, 100)));
    if (text_ends(rest, TEXT("/")))
        return error_set(err, ERROR_INPUT, "\"%.*s\" leaves its folder or is written oddly",
                         TEXT_ARG(text_part(text, 0, 100)));
    *out = text_format(arena, "/%.*s", TEXT_ARG(rest));
    return out->at != NULL || arena_full(arena, err);
}

static bool take_name(struct bytes raw, struct arena *arena, struct text *out, struct error *err)
{
    struct text text;

    if (!text_from_bytes(raw, LIMIT_PACKAGE_NAME, &text, err))
        return false;
    *out = text_copy(arena, text);
    return out->at != NULL || arena_full(arena, err);
}

/* Where a link leads may be anything but empty; it is a text, for people see it. */
static bool take_target(const struct archive_member *member, struct arena *arena, struct text *out,
                        struct error *err)
{
    struct text text;

    if (member->kind == ARCHIVE_HARD_LINK)
        return take_path(member->target, arena, out, err);
    if (!text_from_bytes(member->target, LIMIT_PATH, &text, err))
        return false;
    if (text.size == 0)
        return error_set(err, ERROR_INPUT, "leads nowhere");
    *out = text_copy(arena, text);
    return out->at != NULL || arena_full(arena, err);
}

static bool take_entry(const struct archive_member *member, struct arena *arena, struct deb_entry *out,
                       struct error *err)
{
    struct deb_entry got = {
        .kind = member->kind,
        .mode = member->mode,
        .uid = (uint32_t)member->uid,
        .gid = (uint32_t)member->gid,
        .device_major = member->device_major,
        .device_minor = member->device_minor,
        .size = member->kind == ARCHIVE_FILE ? member->size : 0,
        .mtime = member->mtime,
    };

    if (!take_path(member->name, arena, &got.path, err))
        return false;
    if (member->kind == ARCHIVE_OTHER || member->uid > UINT32_MAX || member->gid > UINT32_MAX)
        return error_set(err, ERROR_INPUT, "%.*s: %s", TEXT_ARG(got.path),
                         member->kind == ARCHIVE_OTHER ? "is of a kind that no package has"
                                                       : "belongs to no possible user");
    if (((member->kind == ARCHIVE_LINK || member->kind == ARCHIVE_HARD_LINK) &&
         !take_target(member, arena, &got.target, err)) ||
        !take_name(member->owner, arena, &got.owner, err) ||
        !take_name(member->group, arena, &got.group, err))
        return error_at(err, "%.*s", TEXT_ARG(got.path));
    *out = got;
    return true;
}

/* The whole content of the entry that was walked to. */
static bool take_content(struct archive_reader *reader, uint64_t size, struct arena *arena, struct bytes *out,
                         struct error *err)
{
    size_t place = 0, got = 1;

    if (size > LIMIT_DEB_CONTROL && control_holds(CONTROL_DEB_PART_SIZE))
        return error_set(err, ERROR_LIMIT, "has more than %zu bytes", LIMIT_DEB_CONTROL);
    uint8_t *at = arena_take(arena, (size_t)size + 1);
    if (at == NULL)
        return arena_full(arena, err);
    while (got > 0 && place < size) {
        if (!archive_read_piece(reader, at + place, (size_t)size - place, &got, err))
            return false;
        place += got;
    }
    if (place < size)
        return error_set(err, ERROR_INPUT, "ends after %zu bytes", place);
    *out = (struct bytes){at, place};
    return true;
}

/* Files of the control part lie in its root; dpkg knows no folders there. */
static bool read_parts(struct bytes packed, struct arena *arena, struct deb_file *out, struct error *err)
{
    OWN(archive_end) struct archive_reader *reader = NULL;
    struct archive_member member;
    struct deb_entry entry;
    bool found;

    out->parts = ARENA_ARRAY(arena, struct deb_part, LIMIT_DEB_MEMBERS);
    if (out->parts == NULL)
        return arena_full(arena, err);
    if (!archive_open_tar(packed, LIMIT_DEB_CONTROL, &reader, err))
        return false;
    for (;;) {
        if (!archive_walk(reader, &member, &found, err))
            return false;
        if (!found)
            return true;
        if (!take_entry(&member, arena, &entry, err))
            return false;
        if (entry.kind == ARCHIVE_FOLDER && entry.path.size == 1)
            continue;
        struct text name = text_part(entry.path, 1, SIZE_MAX);
        if (entry.kind != ARCHIVE_FILE || text_find_byte(name, '/') != SIZE_MAX)
            return error_set(err, ERROR_INPUT, "%.*s is no plain file of the control part", TEXT_ARG(name));
        if (deb_file_part(out, name) != NULL && control_holds(CONTROL_ARCHIVE_TWICE))
            return error_set(err, ERROR_INPUT, "%.*s is there twice", TEXT_ARG(name));
        if (out->part_count == LIMIT_DEB_MEMBERS)
            return error_set(err, ERROR_LIMIT, "more than %d files", LIMIT_DEB_MEMBERS);
        struct deb_part part = {.name = name, .mode = entry.mode};
        if (!take_content(reader, entry.size, arena, &part.content, err))
            return error_at(err, "%.*s", TEXT_ARG(name));
        out->parts[out->part_count++] = part;
    }
}

const struct deb_part *deb_file_part(const struct deb_file *deb, struct text name)
{
    for (size_t i = 0; i < deb->part_count; i++)
        if (text_equal(deb->parts[i].name, name))
            return &deb->parts[i];
    return NULL;
}

bool deb_file_field(const struct deb_file *deb, const char *name, size_t limit, struct text *out,
                    struct error *err)
{
    struct deb822 deb822 = deb822_with(deb->control, (struct deb822_fields){&name, 1}, false);
    struct deb822_paragraph paragraph;
    struct text got = {0};
    bool found;

    if (!deb822_next(&deb822, &paragraph, &found, err))
        return error_at(err, "control");
    if (found && paragraph.values[0].at != NULL && !text_from_lines(paragraph.values[0], limit, &got, err))
        return error_at(err, "control: %s", name);
    *out = got;
    return true;
}

static bool is_small(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Begins with a small letter or a digit; those and `more` follow. */
static bool is_word(struct text text, size_t limit, const char *more)
{
    if (text.size == 0 || text.size > limit || !is_small(text.at[0]))
        return false;
    for (size_t i = 1; i < text.size; i++)
        if (!is_small(text.at[i]) && strchr(more, text.at[i]) == NULL)
            return false;
    return true;
}

bool deb_is_name(struct text name)
{
    return is_word(name, LIMIT_PACKAGE_NAME, "+-.");
}

bool deb_is_arch(struct text arch)
{
    return is_word(arch, LIMIT_ARCH, "-");
}

/* [epoch:]upstream[-revision]; the upstream part begins with a digit (dpkg warns where it does not; Debian has none). */
bool deb_is_version(struct text version)
{
    size_t colon = text_find_byte(version, ':');
    struct text epoch = text_part(version, 0, colon == SIZE_MAX ? 0 : colon);
    struct text rest = text_part(version, colon == SIZE_MAX ? 0 : colon + 1, SIZE_MAX);

    if (version.size > LIMIT_VERSION || rest.size == 0 || (colon != SIZE_MAX && epoch.size == 0) ||
        rest.at[0] < '0' || rest.at[0] > '9' || rest.at[rest.size - 1] == '-')
        return false;
    for (size_t i = 0; i < epoch.size; i++)
        if (epoch.at[i] < '0' || epoch.at[i] > '9')
            return false;
    for (size_t i = 0; i < rest.size; i++)
        if (!is_small(rest.at[i]) && (rest.at[i] < 'A' || rest.at[i] > 'Z') &&
            strchr(colon == SIZE_MAX ? ".+-~" : ".+-~:", rest.at[i]) == NULL)
            return false;
    return true;
}

static bool read_identity(struct deb_file *deb, struct error *err)
{
    const struct deb_part *control = deb_file_part(deb, TEXT("control"));

    if (control == NULL)
        return error_set(err, ERROR_INPUT, "no control file");
    deb->control = control->content;
    if (!deb_file_field(deb, "Package", LIMIT_PACKAGE_NAME, &deb->package, err) ||
        !deb_file_field(deb, "Version", LIMIT_VERSION, &deb->version, err) ||
        !deb_file_field(deb, "Architecture", LIMIT_ARCH, &deb->arch, err))
        return false;
    if (!deb_is_name(deb->package) || !deb_is_version(deb->version) || !deb_is_arch(deb->arch))
        return error_set(err, ERROR_INPUT,
                         "control: Package, Version or Architecture is absent or not of its form");
    return true;
}

/* A line each; "remove-on-upgrade /etc/x" names one that the package no longer has. */
static bool read_conffiles(struct deb_file *deb, struct arena *arena, struct error *err)
{
    const struct deb_part *part = deb_file_part(deb, TEXT("conffiles"));
    struct text rest, line;
    size_t capacity = 0;

    if (part == NULL)
        return true;
    if (!text_from_lines(part->content, LIMIT_DEB_CONTROL, &rest, err))
        return error_at(err, "conffiles");
    while (text_cut(&rest, '\n', &line)) {
        line = text_trim(line);
        if (line.size == 0 || text_starts(line, TEXT("remove-on-upgrade ")))
            continue;
        if (line.at[0] != '/')
            return error_set(err, ERROR_INPUT, "conffiles: \"%.*s\" is no absolute path",
                             TEXT_ARG(text_part(line, 0, 100)));
        struct text *grown = arena_grow(arena, deb->conffiles, deb->conffile_count, &capacity,
                                        deb->conffile_count + 1, sizeof(*grown));
        if (grown == NULL)
            return arena_full(arena, err);
        deb->conffiles = grown;
        grown[deb->conffile_count++] = line;
    }
    return true;
}

static bool read_control(struct bytes packed, struct arena *arena, struct deb_file *out,
                         struct deb_members *layout, struct error *err)
{
    struct deb_file got = {0};

    if (packed.size > LIMIT_DEB_FILE)
        return error_set(err, ERROR_LIMIT, "has more than %zu bytes", LIMIT_DEB_FILE);
    if (!deb_file_members(packed, layout, err))
        return false;
    if (!read_parts(layout->control, arena, &got, err) || !read_identity(&got, err) ||
        !read_conffiles(&got, arena, err))
        return error_at(err, "control part");
    *out = got;
    return true;
}

/* What an entry may not be in the company of those before it. */
static bool check_company(const struct deb_file *deb, const struct map *places, const struct deb_entry *entry,
                          struct error *err)
{
    if (map_get(places, entry->path) != MAP_NONE && control_holds(CONTROL_ARCHIVE_TWICE))
        return error_set(err, ERROR_INPUT, "%.*s is there twice", TEXT_ARG(entry->path));
    for (size_t i = 1; i < entry->path.size; i++) {
        uint32_t above = entry->path.at[i] == '/' ? map_get(places, text_part(entry->path, 0, i)) : MAP_NONE;
        if (above != MAP_NONE && deb->entries[above].kind != ARCHIVE_FOLDER &&
            control_holds(CONTROL_ARCHIVE_BELOW))
            return error_set(err, ERROR_INPUT, "%.*s is below %.*s, which is no folder",
                             TEXT_ARG(entry->path), TEXT_ARG(deb->entries[above].path));
    }
    if (entry->kind != ARCHIVE_HARD_LINK)
        return true;
    uint32_t first = map_get(places, entry->target);
    if ((first == MAP_NONE || deb->entries[first].kind != ARCHIVE_FILE) &&
        control_holds(CONTROL_ARCHIVE_HARD_LINK))
        return error_set(err, ERROR_INPUT, "%.*s: a hard link to %.*s, no file given before",
                         TEXT_ARG(entry->path), TEXT_ARG(entry->target));
    return true;
}

static bool read_entries(struct bytes packed, struct arena *arena, struct deb_file *deb, struct error *err)
{
    OWN(deb_data_end) struct deb_data data = {0};
    struct map places = map_with(arena);
    struct deb_entry entry;
    size_t capacity = 0;
    bool found;

    if (!archive_open_tar(packed, LIMIT_DEB_DATA, &data.reader, err))
        return false;
    for (;;) {
        if (!deb_data_next(&data, arena, &entry, &found, err))
            return false;
        if (!found)
            return true;
        if (!check_company(deb, &places, &entry, err))
            return false;
        struct deb_entry *grown = arena_grow(arena, deb->entries, deb->entry_count, &capacity,
                                             deb->entry_count + 1, sizeof(*grown));
        if (grown == NULL)
            return arena_full(arena, err);
        deb->entries = grown;
        grown[deb->entry_count] = entry;
        deb->installed_size += entry.size; /* bounded: the tar was */
        if (!map_put(&places, entry.path, (uint32_t)deb->entry_count, err))
            return false;
        deb->entry_count++;
    }
}

bool deb_file_read(struct bytes packed, struct arena *arena, struct deb_file *out, struct error *err)
{
    struct deb_file got;
    struct deb_members layout;

    if (!read_control(packed, arena, &got, &layout, err))
        return false;
    if (!read_entries(layout.data, arena, &got, err))
        return error_at(err, "data part");
    *out = got;
    return true;
}

bool deb_file_read_control(struct bytes packed, struct arena *arena, struct deb_file *out, struct error *err)
{
    struct deb_members layout;

    return read_control(packed, arena, out, &layout, err);
}

bool deb_data_open(struct bytes packed, struct deb_data *out, struct error *err)
{
    struct deb_data data = {0};
    struct deb_members layout;

    if (!deb_file_members(packed, &layout, err) ||
        !archive_open_tar(layout.data, LIMIT_DEB_DATA, &data.reader, err))
        return false;
    *out = data;
    return true;
}

void deb_data_end(struct deb_data *data)
{
    archive_end(&data->reader);
}

bool deb_data_next(struct deb_data *data, struct arena *arena, struct deb_entry *out, bool *found,
                   struct error *err)
{
    struct archive_member member;

    return archive_walk(data->reader, &member, found, err) &&
           (!*found || take_entry(&member, arena, out, err));
}

bool deb_data_read(struct deb_data *data, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    return archive_read_piece(data->reader, into, size, got, err);
}
