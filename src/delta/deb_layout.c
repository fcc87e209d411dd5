#include "delta/deb_layout.h"

#include <assert.h>

#include "base/map.h"
#include "base/own.h"
#include "delta/deb_members.h"

struct deb_spools {
    struct deb_members members;
};

void deb_apart_end(struct deb_apart *apart)
{
    if (apart->spools != NULL)
        deb_members_end(&apart->spools->members);
    apart->spools = NULL;
}

/* What is taken apart, and what its parts are called. */
struct apart_work {
    struct deb_members *members;
    struct arena *arena;
    struct map conffiles;
    struct bytes md5sums; /* in its form */
    struct deb_layout_part *parts;
    size_t count;
};

static struct text name_of_path(struct bytes path, bool control)
{
    struct text name;
    struct error none;

    if (control)
        path = (struct bytes){path.at + 1, path.size - 1};
    return text_from_bytes(path, LIMIT_PATH, &name, &none) ? name : (struct text){0};
}

static bool find_conffiles(struct apart_work *work, struct error *err)
{
    struct bytes rest = deb_members_control(work->members, TEXT("/conffiles")), path;

    while (deb_conffiles_next(&rest, &path))
        if (!map_put(&work->conffiles, (struct text){(const char *)path.at, path.size}, 0, err))
            return false;
    return true;
}

static bool reduce_md5sums(struct apart_work *work, struct error *err)
{
    struct bytes md5sums = deb_members_control(work->members, TEXT("/md5sums"));
    uint8_t(*digests)[DEB_MD5_SIZE];

    work->md5sums = md5sums;
    if (md5sums.size == 0 || work->members->data == NULL)
        return true;
    if (!deb_members_md5s(work->members, work->arena, &digests, err))
        return false;
    struct deb_md5s from = {&work->members->data->tar, (const uint8_t(*)[DEB_MD5_SIZE])digests,
                            deb_members_control(work->members, TEXT("/conffiles"))};
    return deb_md5sums_reduce(md5sums, &from, work->arena, &work->members->structure.md5sums, &work->md5sums,
                              err);
}

static void add_part(struct apart_work *work, const struct deb_member *member, size_t index,
                     struct bytes content)
{
    struct bytes path = member->tar.entries[index].path;
    bool control = member->kind == DEB_MEMBER_CONTROL;
    struct deb_layout_part *part = &work->parts[work->count++];

    part->name = name_of_path(path, control);
    part->bytes = content;
    if (control) {
        part->class = BASE_CONTROL;
        if (text_equal(part->name, TEXT("md5sums")) && content.at != NULL &&
            content.at == deb_members_control(work->members, TEXT("/md5sums")).at)
            part->bytes = work->md5sums;
    } else {
        bool conffile =
            map_get(&work->conffiles, (struct text){(const char *)path.at, path.size}) != MAP_NONE;
        part->class = conffile ? BASE_CONFFILE : base_class_of(part->name);
    }
}

static bool make_parts(struct apart_work *work, struct error *err)
{
    const struct deb_structure *structure = &work->members->structure;
    size_t count = 0;

    for (size_t i = 0; i < structure->count; i++)
        count += deb_member_parts(&structure->members[i]);
    work->parts = ARENA_ARRAY(work->arena, struct deb_layout_part, count);
    if (work->parts == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < structure->count; i++) {
        const struct deb_member *member = &structure->members[i];
        if (member->kind == DEB_MEMBER_CLOSED)
            work->parts[work->count++] = (struct deb_layout_part){.name = name_of_path(member->name, false),
                                                                  .bytes = work->members->bytes[i]};
        for (size_t j = 0; j < member->tar.count; j++)
            if (member->tar.entries[j].kind == DEB_TAR_FILE)
                add_part(work, member, j, work->members->contents[i][j]);
    }
    assert(work->count == count);
    return true;
}

static bool take_apart(struct bytes deb, const char *folder, const struct deb_proof *proof,
                       struct arena *arena, struct deb_apart *out, struct error *err)
{
    OWN(deb_apart_end) struct deb_apart apart = {.spools = ARENA_NEW(arena, struct deb_spools)};
    struct error none;

    if (apart.spools == NULL)
        return arena_full(arena, err);
    struct deb_members *members = &apart.spools->members;
    struct apart_work work = {.members = members, .arena = arena, .conffiles = map_with(arena)};
    if (!deb_members_open(deb, folder, proof, arena, members, err) || !find_conffiles(&work, err) ||
        !reduce_md5sums(&work, err) || !make_parts(&work, err) ||
        !deb_structure_write(&members->structure, arena, &apart.structure, err) ||
        !deb_members_list(members, arena, &apart.list, err))
        return false;
    /* A control that nobody can read has no name, and is a part like others. */
    if (!deb_members_identity(members, &apart.package, &apart.version, &apart.arch, &none))
        apart.package = apart.version = apart.arch = (struct text){0};
    apart.parts = work.parts;
    apart.part_count = work.count;
    apart.strange = members->strange;
    *out = apart;
    apart.spools = NULL;
    return true;
}

bool deb_take_apart(struct bytes deb, const char *folder, struct deb_budget budget, struct arena *arena,
                    struct deb_apart *out, struct error *err)
{
    return take_apart(deb, folder, &(struct deb_proof){budget, false}, arena, out, err);
}

bool deb_take_apart_quickly(struct bytes deb, const char *folder, struct deb_budget budget,
                            struct arena *arena, struct deb_apart *out, struct error *err)
{
    return take_apart(deb, folder, &(struct deb_proof){budget, true}, arena, out, err);
}
