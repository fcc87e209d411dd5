#include "delta/deb_structure.h"

#include "base/own.h"
#include "delta/deb_columns.h"

#define VERSION 1

enum { FLAG_KIND = 3, FLAG_HEAD = 4, FLAG_REST = 8, FLAG_ODD = 16, FLAG_BARE = 32, FLAG_ALL = 63 };

static bool is_opened(const struct deb_member *member)
{
    return member->kind == DEB_MEMBER_CONTROL || member->kind == DEB_MEMBER_DATA;
}

bool deb_member_name(const struct deb_member *member, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    *out = member->kind == DEB_MEMBER_VERSION ? DEB_VERSION_NAME : member->name;
    if (!is_opened(member))
        return true;
    struct text suffix = deb_packing_suffix(&member->packing);
    struct text name = text_format(arena, "%s.tar%.*s",
                                   member->kind == DEB_MEMBER_CONTROL ? "control" : "data", TEXT_ARG(suffix));
    *out = bytes_of_text(name);
    return name.at != NULL ? true : arena_full(arena, err);
}

size_t deb_member_parts(const struct deb_member *member)
{
    size_t count = 0;

    for (size_t i = 0; is_opened(member) && i < member->tar.count; i++)
        count += member->tar.entries[i].kind == DEB_TAR_FILE;
    return member->kind == DEB_MEMBER_CLOSED ? 1 : count;
}

/* ---- writing ---- */

static bool put_member(const struct deb_structure *structure, size_t index, struct writer *numbers,
                       struct writer *targets, struct error *err)
{
    const struct deb_member *member = &structure->members[index];
    uint64_t flags = (uint64_t)member->kind;

    flags |= (member->head.size > 0 ? FLAG_HEAD : 0) | (member->bare ? FLAG_BARE : 0);
    flags |= (member->rest ? FLAG_REST : 0) | (member->rest && member->packed_size % 2 != 0 ? FLAG_ODD : 0);
    writer_varint(numbers, flags);
    if (member->head.size > 0) {
        writer_put(numbers, member->head);
    } else if (member->kind == DEB_MEMBER_CLOSED) {
        writer_varint(numbers, member->name.size);
        writer_put(numbers, member->name);
    }
    if (!is_opened(member))
        return true;
    deb_packing_write(&member->packing, numbers);
    if (!member->rest)
        writer_varint(numbers, member->packed_size);
    return deb_columns_write(&member->tar,
                             (struct deb_columns){member->kind == DEB_MEMBER_CONTROL, structure->time},
                             numbers, targets, err);
}

static void put_paths(const struct deb_structure *structure, struct writer *out)
{
    for (size_t i = 0; i < structure->count; i++)
        for (size_t j = 0;
             structure->members[i].kind == DEB_MEMBER_DATA && j < structure->members[i].tar.count; j++) {
            writer_put(out, structure->members[i].tar.entries[j].path);
            writer_byte(out, '\n');
        }
}

bool deb_structure_write(const struct deb_structure *structure, struct arena *arena, struct bytes *out,
                         struct error *err)
{
    OWN(writer_end)
    struct writer whole = writer_with(LIMIT_DEB_STRUCTURE), targets = writer_with(LIMIT_DEB_STRUCTURE);
    OWN(writer_end) struct writer numbers = writer_with(LIMIT_DEB_STRUCTURE);
    struct bytes made;

    writer_varint(&numbers, VERSION);
    writer_varint(&numbers, structure->time);
    writer_varint(&numbers, structure->md5sums);
    writer_varint(&numbers, structure->count);
    for (size_t i = 0; i < structure->count; i++)
        if (!put_member(structure, i, &numbers, &targets, err))
            return false;
    put_paths(structure, &whole);
    writer_byte(&whole, '\n');
    if (!writer_done(&targets, &made, err))
        return false;
    writer_put(&whole, made);
    writer_byte(&whole, '\n');
    if (!writer_done(&numbers, &made, err))
        return false;
    writer_put(&whole, made);
    if (!writer_done(&whole, &made, err))
        return false;
    struct text copy = text_copy(arena, (struct text){(const char *)made.at, made.size});
    if (copy.at == NULL)
        return arena_full(arena, err);
    *out = bytes_of_text(copy);
    return true;
}

/* ---- reading ---- */

struct structure_reader {
    struct reader numbers;
    struct bytes paths, targets;
    struct arena *arena;
    unsigned opened; /* bits of kinds that were there: each at most once */
};

/* The lines up to an empty one, which is passed over. */
static bool take_lines(struct bytes *rest, struct bytes *lines)
{
    const uint8_t *begin = rest->at, *at = begin;
    const uint8_t *end = begin + rest->size;

    while (at < end && *at != '\n') {
        at = memchr(at, '\n', (size_t)(end - at));
        if (at == NULL)
            return false;
        at++;
    }
    if (at == end)
        return false;
    *lines = (struct bytes){begin, (size_t)(at - begin)};
    *rest = (struct bytes){at + 1, rest->size - lines->size - 1};
    return true;
}

static bool take_opened(struct structure_reader *s, struct deb_member *member, uint64_t time,
                        struct error *err)
{
    struct deb_columns columns = {member->kind == DEB_MEMBER_CONTROL, time};
    unsigned seen = 1U << member->kind | (member->rest ? 1U << DEB_MEMBER_KIND_COUNT : 0);

    if ((s->opened & seen) != 0)
        return error_set(err, ERROR_INPUT, "opened twice");
    s->opened |= seen;
    member->packing = deb_packing_read(&s->numbers);
    if (!member->rest)
        member->packed_size = reader_varint_max(&s->numbers, LIMIT_DEB_FILE);
    if (!reader_ok(&s->numbers))
        return error_set(err, ERROR_INPUT, "packed in a way that is not known");
    return deb_columns_read(&s->numbers, s->paths, &s->targets, columns, s->arena, &member->tar, err);
}

static bool take_member(struct structure_reader *s, struct deb_member *member, uint64_t time,
                        struct error *err)
{
    uint64_t flags = reader_varint_max(&s->numbers, FLAG_ALL);

    *member = (struct deb_member){.kind = (enum deb_member_kind)(flags & FLAG_KIND),
                                  .rest = (flags & FLAG_REST) != 0,
                                  .odd = (flags & FLAG_ODD) != 0,
                                  .bare = (flags & FLAG_BARE) != 0};
    if ((flags & FLAG_HEAD) != 0)
        member->head = reader_take(&s->numbers, DEB_AR_HEAD_SIZE);
    else if (member->kind == DEB_MEMBER_CLOSED)
        member->name = reader_take(&s->numbers, (size_t)reader_varint_max(&s->numbers, DEB_AR_NAME_MAX));
    if (!reader_ok(&s->numbers))
        return error_set(err, ERROR_INPUT, "broken");
    return is_opened(member) ? take_opened(s, member, time, err) : true;
}

bool deb_structure_read(struct bytes raw, struct arena *arena, struct deb_structure *out, struct error *err)
{
    struct structure_reader s = {.arena = arena};

    out->count = 0;
    if (raw.size > LIMIT_DEB_STRUCTURE)
        return error_set(err, ERROR_LIMIT, "structure: more than %zu bytes", (size_t)LIMIT_DEB_STRUCTURE);
    if (!take_lines(&raw, &s.paths) || !take_lines(&raw, &s.targets))
        return error_set(err, ERROR_INPUT, "structure: ends in its texts");
    s.numbers = reader_with(raw);
    uint64_t version = reader_varint(&s.numbers);
    if (reader_ok(&s.numbers) && version != VERSION)
        return error_set(err, ERROR_INPUT, "structure: version %llu is not known",
                         (unsigned long long)version);
    out->time = reader_varint(&s.numbers);
    out->md5sums = (enum deb_md5sums)reader_varint_max(&s.numbers, DEB_MD5SUMS_COUNT - 1);
    out->count = (size_t)reader_varint_max(&s.numbers, LIMIT_DEB_MEMBERS);
    if (!reader_ok(&s.numbers))
        return error_set(err, ERROR_INPUT, "structure: broken");
    for (size_t i = 0; i < out->count; i++)
        if (!take_member(&s, &out->members[i], out->time, err))
            return error_at(err, "structure: member %zu", i);
    if (reader_left(&s.numbers) > 0 || s.targets.size > 0 ||
        (s.paths.size > 0 && (s.opened & 1U << DEB_MEMBER_DATA) == 0))
        return error_set(err, ERROR_INPUT, "structure: something stands behind its end");
    return true;
}
