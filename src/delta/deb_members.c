#include "delta/deb_members.h"

#include "base/own.h"
#include "delta/deb_spool.h"
#include "format/compress.h"
#include "format/deb822.h"

static bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static struct text as_text(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

void deb_members_end(struct deb_members *members)
{
    for (size_t i = 0; i < DEB_MEMBER_KIND_COUNT; i++)
        file_unmap(&members->maps[i]);
}

static enum deb_member_kind kind_of(const struct deb_members *members, const struct deb_ar_member *member)
{
    struct text name = as_text(member->name);

    if (bytes_equal(member->name, DEB_VERSION_NAME) && bytes_equal(member->bytes, DEB_VERSION_CONTENT))
        return DEB_MEMBER_VERSION;
    if (text_starts(name, TEXT("control.tar")) && members->control == NULL)
        return DEB_MEMBER_CONTROL;
    if (text_starts(name, TEXT("data.tar")) && members->data == NULL)
        return DEB_MEMBER_DATA;
    return DEB_MEMBER_CLOSED;
}

/* What is said of a file stays with it; a system that refuses ends all. */
static bool is_strangeness(const struct error *err)
{
    return err->kind == ERROR_INPUT || err->kind == ERROR_LIMIT;
}

static bool unpack(struct bytes packed, const char *work, size_t limit, struct file_map *map,
                   struct bytes *out, struct error *err)
{
    *out = packed;
    if (compress_kind_of(packed) == COMPRESS_NONE)
        return true;
    if (!deb_spool_unpack(packed, work, limit, map, err))
        return false;
    *out = map->bytes;
    return true;
}

static bool open_member(struct deb_members *members, size_t index, const char *work,
                        const struct deb_proof *proof, struct arena *arena, struct error *err)
{
    struct deb_member *member = &members->structure.members[index];
    struct bytes packed = members->bytes[index], raw;
    size_t limit = member->kind == DEB_MEMBER_CONTROL ? LIMIT_DEB_CONTROL : LIMIT_DEB_DATA;
    bool found = true;

    if (!unpack(packed, work, limit, &members->maps[member->kind], &raw, err) ||
        !deb_tar_read(raw, arena, &member->tar, &members->contents[index], err))
        return false;
    member->packed_size = packed.size;
    member->packing = (struct deb_packing){.kind = DEB_PACK_NONE};
    if (proof != NULL && raw.at != packed.at &&
        !deb_packing_find(packed, raw, proof, &member->packing, &found, err))
        return false;
    return found ? true : error_set(err, ERROR_INPUT, "packed in a way that is not known");
}

/* A head that is not the usual one is kept. */
static bool keep_head(struct deb_members *members, size_t index, const struct deb_ar_member *found,
                      struct arena *arena, struct error *err)
{
    struct deb_member *member = &members->structure.members[index];
    uint8_t head[DEB_AR_HEAD_SIZE];
    struct bytes name;

    if (!deb_member_name(member, arena, &name, err))
        return false;
    if (!deb_ar_head(name, members->structure.time, found->bytes.size, head) ||
        memcmp(head, found->head.at, DEB_AR_HEAD_SIZE) != 0)
        member->head = found->head;
    return true;
}

static bool take_member(struct deb_members *members, const struct deb_ar_member *found, const char *work,
                        const struct deb_proof *proof, struct arena *arena, struct error *err)
{
    size_t index = members->structure.count++;
    struct deb_member *member = &members->structure.members[index];

    members->bytes[index] = found->bytes;
    *member = (struct deb_member){.kind = kind_of(members, found), .name = found->name, .bare = found->bare};
    if (member->kind == DEB_MEMBER_CONTROL || member->kind == DEB_MEMBER_DATA) {
        struct error strange = {0};
        if (!open_member(members, index, work, proof, arena, &strange)) {
            if (!is_strangeness(&strange)) {
                *err = strange;
                return false;
            }
            members->strange = text_format(arena, "%.*s: %s", (int)found->name.size,
                                           (const char *)found->name.at, strange.text);
            file_unmap(&members->maps[member->kind]);
            *member =
                (struct deb_member){.kind = DEB_MEMBER_CLOSED, .name = found->name, .bare = found->bare};
        } else if (member->kind == DEB_MEMBER_CONTROL) {
            members->control = member;
        } else {
            members->data = member;
        }
    }
    return keep_head(members, index, found, arena, err);
}

/* Whole before anything is unpacked: a file that is cut is told at once. */
static bool check_members(struct bytes deb, struct error *err)
{
    struct reader r = reader_with(deb);
    struct deb_ar_member found;

    if (!bytes_equal(reader_take(&r, DEB_AR_MAGIC.size), DEB_AR_MAGIC))
        return error_set(err, ERROR_INPUT, "no ar file");
    for (size_t count = 0; reader_left(&r) > 0; count++) {
        if (count == LIMIT_DEB_MEMBERS)
            return error_set(err, ERROR_LIMIT, "more than %d members", LIMIT_DEB_MEMBERS);
        if (!deb_ar_next(&r, &found, err))
            return false;
    }
    return true;
}

bool deb_members_open(struct bytes deb, const char *work, const struct deb_proof *proof, struct arena *arena,
                      struct deb_members *out, struct error *err)
{
    struct reader r = reader_with(deb);
    struct deb_ar_member found;

    memset(out, 0, sizeof(*out));
    if (!check_members(deb, err))
        return false;
    reader_skip(&r, DEB_AR_MAGIC.size);
    while (reader_left(&r) > 0) {
        if (!deb_ar_next(&r, &found, err))
            return false;
        if (out->structure.count == 0)
            out->structure.time = found.time;
        if (!take_member(out, &found, work, proof, arena, err))
            return false;
    }
    const struct deb_member *last = out->data != NULL ? out->data : out->control;
    for (size_t i = 0; i < out->structure.count; i++)
        out->structure.members[i].rest = &out->structure.members[i] == last;
    return true;
}

static size_t index_of(const struct deb_members *members, const struct deb_member *member)
{
    return (size_t)(member - members->structure.members);
}

struct bytes deb_members_control(const struct deb_members *members, struct text path)
{
    const struct deb_member *control = members->control;

    for (size_t i = 0; control != NULL && i < control->tar.count; i++)
        if (control->tar.entries[i].kind == DEB_TAR_FILE &&
            text_equal(as_text(control->tar.entries[i].path), path))
            return members->contents[index_of(members, control)][i];
    return (struct bytes){0};
}

bool deb_members_identity(const struct deb_members *members, struct text *package, struct text *version,
                          struct text *arch, struct error *err)
{
    static const char *const names[] = {"Package", "Version", "Architecture"};
    struct bytes control = deb_members_control(members, TEXT("/control"));
    struct deb822 reader = deb822_with(control, (struct deb822_fields){names, 3}, false);
    struct deb822_paragraph paragraph;
    bool found = false;

    *package = *version = *arch = (struct text){0};
    if (control.size == 0)
        return true;
    if (!deb822_next(&reader, &paragraph, &found, err))
        return error_at(err, "control");
    if (!found)
        return true;
    return text_from_bytes(paragraph.values[0], LIMIT_PACKAGE_NAME, package, err) &&
           text_from_bytes(paragraph.values[1], LIMIT_VERSION, version, err) &&
           text_from_bytes(paragraph.values[2], LIMIT_ARCH, arch, err);
}

bool deb_members_list(const struct deb_members *members, struct arena *arena, struct bytes *out,
                      struct error *err)
{
    size_t size = 0, at = 0, count = members->data == NULL ? 0 : members->data->tar.count;

    for (size_t i = 0; i < count; i++)
        size += members->data->tar.entries[i].path.size + 1; /* within the arena that holds more for each */
    uint8_t *list = arena_take(arena, size);
    if (list == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        struct bytes path = members->data->tar.entries[i].path;
        memcpy(list + at, path.at, path.size);
        at += path.size;
        list[at++] = '\n';
    }
    *out = (struct bytes){list, size};
    return true;
}

bool deb_members_md5s(const struct deb_members *members, struct arena *arena, uint8_t (**out)[DEB_MD5_SIZE],
                      struct error *err)
{
    size_t count = members->data == NULL ? 0 : members->data->tar.count;
    struct digest digest;

    *out = arena_take_array(arena, count, DEB_MD5_SIZE);
    if (*out == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        if (members->data->tar.entries[i].kind != DEB_TAR_FILE)
            continue;
        if (!digest_bytes(DIGEST_MD5, members->contents[index_of(members, members->data)][i], &digest, err))
            return false;
        memcpy((*out)[i], digest.at, DEB_MD5_SIZE);
    }
    return true;
}
