#include <stdlib.h>

#include "base/map.h"
#include "base/own.h"
#include "delta/deb_layout.h"
#include "delta/deb_members.h"

#define HEX_SIZE (2 * DEB_MD5_SIZE)

struct base_deb {
    struct deb_members members;
    const struct base_part *parts;
    struct bytes *contents; /* of each part; at == NULL: the package lacks it */
};

struct base_work {
    struct base_deb *deb;
    struct arena *arena;
    struct base_part *parts;
    struct bytes *contents;
    size_t count, parts_capacity, contents_capacity;
    struct map conffiles, files; /* paths: of conffiles; of data files, to their entries */
    struct map taken;            /* paths that are parts */
};

static struct text as_text(struct bytes bytes)
{
    return (struct text){(const char *)bytes.at, bytes.size};
}

static bool read_unchecked(void *self, size_t index, struct writer *out, struct error *err)
{
    const struct base_deb *deb = self;
    struct bytes done;

    if (deb->contents[index].at == NULL)
        return error_set(err, ERROR_ABSENT, "%.*s is not in the package", TEXT_ARG(deb->parts[index].name));
    writer_put(out, deb->contents[index]);
    return writer_done(out, &done, err);
}

static bool read_part(void *self, size_t index, struct writer *out, struct error *err)
{
    const struct base_deb *deb = self;
    const struct base_part *part = &deb->parts[index];
    struct digest md5;

    if (deb->contents[index].at != NULL && !digest_bytes(DIGEST_MD5, deb->contents[index], &md5, err))
        return false;
    if (deb->contents[index].at != NULL && !digest_equal(&md5, &part->md5))
        return error_set(err, ERROR_CONFLICT, "%.*s is not what md5sums says", TEXT_ARG(part->name));
    return read_unchecked(self, index, out, err);
}

static bool size_part(void *self, size_t index, uint64_t *out, struct error *err)
{
    const struct base_deb *deb = self;

    if (deb->contents[index].at == NULL)
        return error_set(err, ERROR_ABSENT, "%.*s is not in the package", TEXT_ARG(deb->parts[index].name));
    *out = deb->contents[index].size;
    return true;
}

/* An empty file is something else than none. */
static struct bytes present(struct bytes content)
{
    return content.at != NULL ? content : BYTES("");
}

/* md5: NULL where it is the content's own. A name that is no text is passed over. */
static bool add_part(struct base_work *work, struct bytes raw_name, enum base_class class,
                     struct bytes content, const struct digest *md5, struct error *err)
{
    struct base_part part = {.class = class};
    struct error none;

    if (!text_from_bytes(raw_name, LIMIT_PATH, &part.name, &none))
        return true;
    if (md5 != NULL)
        part.md5 = *md5;
    else if (!digest_bytes(DIGEST_MD5, content, &part.md5, err))
        return false;
    work->parts = arena_grow(work->arena, work->parts, work->count, &work->parts_capacity, work->count + 1,
                             sizeof(*work->parts));
    work->contents = arena_grow(work->arena, work->contents, work->count, &work->contents_capacity,
                                work->count + 1, sizeof(*work->contents));
    if (work->parts == NULL || work->contents == NULL)
        return arena_full(work->arena, err);
    work->parts[work->count] = part;
    work->contents[work->count++] = content;
    return true;
}

/* ---- the control part ---- */

struct control_file {
    struct text name;
    struct bytes content;
};

static int compare_names(const void *a, const void *b)
{
    return text_compare(((const struct control_file *)a)->name, ((const struct control_file *)b)->name);
}

static bool made_in_arena(struct base_work *work, const struct writer *made, struct bytes *out,
                          struct error *err)
{
    struct bytes bytes;

    if (!writer_done(made, &bytes, err))
        return false;
    struct text copy = text_copy(work->arena, as_text(present(bytes)));
    *out = bytes_of_text(copy);
    return copy.at != NULL ? true : arena_full(work->arena, err);
}

/* What dpkg writes for a package without md5sums. */
static bool make_md5sums(struct base_work *work, struct bytes *out, struct error *err)
{
    OWN(writer_end) struct writer made = writer_with(LIMIT_DEB_CONTROL);
    const struct deb_members *members = &work->deb->members;
    uint8_t(*digests)[DEB_MD5_SIZE];

    if (!deb_members_md5s(members, work->arena, &digests, err))
        return false;
    struct deb_md5s from = {&members->data->tar, (const uint8_t(*)[DEB_MD5_SIZE])digests,
                            deb_members_control(members, TEXT("/conffiles"))};
    return deb_md5sums_restore(DEB_MD5SUMS_ARCHIVE_ALL, (struct bytes){0}, &from, &made, err) &&
           made_in_arena(work, &made, out, err);
}

static bool add_control_file(struct base_work *work, const struct control_file *file, struct error *err)
{
    OWN(writer_end) struct writer made = writer_with(LIMIT_DEB_CONTROL);
    struct bytes content = present(file->content);

    if (text_equal(file->name, TEXT("control")) &&
        (!base_control_text(content, &made, err) || !made_in_arena(work, &made, &content, err)))
        return false;
    return add_part(work, bytes_of_text(file->name), BASE_CONTROL, content, NULL, err);
}

static bool add_control(struct base_work *work, struct bytes *md5sums, struct error *err)
{
    const struct deb_members *members = &work->deb->members;
    const struct deb_tar *tar = &members->control->tar;
    const struct bytes *contents = members->contents[members->control - members->structure.members];
    struct control_file *files = ARENA_ARRAY(work->arena, struct control_file, tar->count + 1);
    size_t count = 0;

    if (files == NULL)
        return arena_full(work->arena, err);
    *md5sums = deb_members_control(members, TEXT("/md5sums"));
    if (md5sums->at == NULL) {
        if (!make_md5sums(work, md5sums, err))
            return false;
        files[count++] = (struct control_file){TEXT("md5sums"), *md5sums};
    }
    for (size_t i = 0; i < tar->count; i++) {
        struct text path = as_text(tar->entries[i].path);
        struct text name = text_part(path, 1, path.size);
        if (tar->entries[i].kind == DEB_TAR_FILE && text_find_byte(name, '/') == SIZE_MAX)
            files[count++] = (struct control_file){name, contents[i]};
    }
    qsort(files, count, sizeof(*files), compare_names);
    for (size_t i = 0; i < count; i++)
        if ((i == 0 || !text_equal(files[i].name, files[i - 1].name)) &&
            !add_control_file(work, &files[i], err))
            return false;
    return true;
}

/* ---- the data part ---- */

static bool map_paths(struct base_work *work, struct error *err)
{
    const struct deb_tar *tar = &work->deb->members.data->tar;
    struct bytes rest = deb_members_control(&work->deb->members, TEXT("/conffiles")), path;

    for (size_t i = 0; i < tar->count; i++) {
        const struct deb_tar_entry *entry = &tar->entries[i];
        bool file =
            entry->kind == DEB_TAR_FILE || (entry->kind == DEB_TAR_HARD && entry->hard != DEB_TAR_NONE);
        if (file && !map_put(&work->files, as_text(entry->path), (uint32_t)i, err))
            return false;
    }
    while (deb_conffiles_next(&rest, &path))
        if (!map_put(&work->conffiles, as_text(path), 0, err))
            return false;
    return true;
}

/* at == NULL: the package has no such file. */
static struct bytes content_of(const struct base_work *work, struct text path)
{
    const struct deb_members *members = &work->deb->members;
    uint32_t index = map_get(&work->files, path);

    if (index == MAP_NONE)
        return (struct bytes){0};
    while (members->data->tar.entries[index].kind == DEB_TAR_HARD)
        index = members->data->tar.entries[index].hard; /* always an earlier one */
    return present(members->contents[members->data - members->structure.members][index]);
}

static bool add_file(struct base_work *work, struct text path, enum base_class class,
                     const struct digest *md5, struct error *err)
{
    if (map_get(&work->taken, path) != MAP_NONE)
        return true;
    return map_put(&work->taken, path, 0, err) &&
           add_part(work, bytes_of_text(path), class, content_of(work, path), md5, err);
}

/* Lines "DIGEST  usr/bin/x"; others are passed over. */
static bool add_files(struct base_work *work, struct text md5sums, struct error *err)
{
    struct text line;
    struct digest md5;
    struct error none;

    while (text_cut(&md5sums, '\n', &line)) {
        struct text hex = text_part(line, 0, HEX_SIZE), name = text_part(line, HEX_SIZE + 2, line.size);
        if (name.size == 0 || !text_equal(text_part(line, HEX_SIZE, 2), TEXT("  ")) ||
            !digest_parse(DIGEST_MD5, hex, &md5, &none))
            continue;
        struct text path = text_format(work->arena, "/%.*s", TEXT_ARG(name));
        if (path.at == NULL)
            return arena_full(work->arena, err);
        if (map_get(&work->conffiles, path) == MAP_NONE &&
            !add_file(work, path, base_class_of(path), &md5, err))
            return false;
    }
    return true;
}

static bool add_conffiles(struct base_work *work, struct error *err)
{
    struct bytes rest = deb_members_control(&work->deb->members, TEXT("/conffiles")), path;

    while (deb_conffiles_next(&rest, &path))
        if (map_get(&work->files, as_text(path)) != MAP_NONE &&
            !add_file(work, as_text(path), BASE_CONFFILE, NULL, err))
            return false;
    return true;
}

static bool add_list(struct base_work *work, struct error *err)
{
    struct bytes list;

    return deb_members_list(&work->deb->members, work->arena, &list, err) &&
           add_part(work, BYTES("list"), BASE_LIST, list, NULL, err);
}

static void end_deb(struct base_deb **deb)
{
    if (*deb != NULL)
        deb_members_end(&(*deb)->members);
}

void base_deb_end(struct base *base)
{
    struct base_deb *deb = base->self;

    end_deb(&deb);
    base->self = NULL;
}

bool base_deb_open(struct bytes deb, const char *folder, struct arena *arena, struct base *out,
                   struct error *err)
{
    OWN(end_deb) struct base_deb *self = ARENA_NEW(arena, struct base_deb);
    struct base_work work = {.deb = self,
                             .arena = arena,
                             .conffiles = map_with(arena),
                             .files = map_with(arena),
                             .taken = map_with(arena)};
    struct base base = {.kind = BASE_KIND_PACKAGE,
                        .arena = arena,
                        .read = read_part,
                        .read_unchecked = read_unchecked,
                        .size = size_part};
    struct bytes md5sums;

    if (self == NULL)
        return arena_full(arena, err);
    if (!deb_members_open(deb, folder, NULL, arena, &self->members, err))
        return false;
    if (self->members.control == NULL || self->members.data == NULL)
        return error_set(err, ERROR_INPUT, "no package that can be opened%s%.*s",
                         self->members.strange.size > 0 ? ": " : "", TEXT_ARG(self->members.strange));
    if (!deb_members_identity(&self->members, &base.package, &base.version, &base.arch, err) ||
        !map_paths(&work, err) || !add_control(&work, &md5sums, err) || !add_list(&work, err) ||
        !add_files(&work, as_text(md5sums), err) || !add_conffiles(&work, err))
        return false;
    self->parts = base.parts = work.parts;
    self->contents = work.contents;
    base.part_count = work.count;
    base.self = self;
    *out = base;
    self = NULL;
    return true;
}
