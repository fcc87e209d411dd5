#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/deb_layout.h"
#include "delta/deb_structure.h"

#define PIECE_SIZE (64 * KIB)

struct together {
    struct arena *arena;
    struct deb_structure structure;
    struct deb_contents contents;
    struct deb_budget budget;
    struct opener_sink sink;
    uint64_t size, left; /* of the .deb; what may still be put */
    size_t first_parts[LIMIT_DEB_MEMBERS + 1];
    uint8_t (*digests)[DEB_MD5_SIZE];
    struct writer md5sums; /* derived; at most that of one control part */
    uint8_t *piece;
};

/* Where one member's packed bytes go: counted, so that its head told the truth. */
struct member_sink {
    struct together *together;
    uint64_t left;
};

static bool put(struct together *t, struct bytes bytes, struct error *err)
{
    if (bytes.size > t->left)
        return error_set(err, ERROR_INPUT, "more than the %llu bytes announced", (unsigned long long)t->size);
    t->left -= bytes.size;
    return bytes.size == 0 || t->sink.put(t->sink.self, bytes, err);
}

static bool put_packed(void *self, struct bytes bytes, struct error *err)
{
    struct member_sink *sink = self;

    if (bytes.size > sink->left)
        return error_set(err, ERROR_INPUT, "packs to more bytes than announced");
    sink->left -= bytes.size;
    return put(sink->together, bytes, err);
}

/* ---- contents ---- */

/* Gives a part's bytes to a function, exactly as many as were announced. */
static bool read_part(struct together *t, size_t part,
                      bool (*take)(void *self, struct bytes bytes, struct error *err), void *self,
                      struct error *err)
{
    uint64_t size = t->contents.sizes[part], done = 0;
    struct opener_source source;
    size_t got = 1;

    if (!t->contents.open(t->contents.self, part, &source, err))
        return false;
    while (got > 0) {
        if (!source.get(source.self, t->piece, PIECE_SIZE, &got, err))
            return false;
        if (got > size - done)
            return error_set(err, ERROR_INPUT, "part %zu has more bytes than announced", part);
        done += got;
        if (got > 0 && !take(self, (struct bytes){t->piece, got}, err))
            return false;
    }
    return done == size ? true : error_set(err, ERROR_INPUT, "part %zu has fewer bytes than announced", part);
}

static bool take_to_writer(void *self, struct bytes bytes, struct error *err)
{
    struct bytes done;

    writer_put(self, bytes);
    return writer_done(self, &done, err);
}

static bool take_to_packer(void *self, struct bytes bytes, struct error *err)
{
    return deb_packer_put(self, bytes, err);
}

static bool take_to_digester(void *self, struct bytes bytes, struct error *err)
{
    return digester_add(self, bytes, err);
}

static bool take_to_file(void *self, struct bytes bytes, struct error *err)
{
    return put(self, bytes, err);
}

/* ---- md5sums ---- */

static const struct deb_member *member_of(const struct together *t, enum deb_member_kind kind,
                                          size_t *first_part)
{
    for (size_t i = 0; i < t->structure.count; i++)
        if (t->structure.members[i].kind == kind) {
            *first_part = t->first_parts[i];
            return &t->structure.members[i];
        }
    return NULL;
}

static bool digest_part(struct together *t, size_t part, struct digest *out, struct error *err)
{
    OWN(digester_end) struct digester digester = {0};

    if (t->contents.md5 != NULL)
        return t->contents.md5(t->contents.self, part, out, err);
    if (!digester_open(DIGEST_MD5, &digester, err) || !read_part(t, part, take_to_digester, &digester, err))
        return false;
    digester_close(&digester, out);
    return true;
}

static bool find_digests(struct together *t, const struct deb_tar *data, size_t part, struct error *err)
{
    struct digest digest;

    t->digests = arena_take_array(t->arena, data->count, DEB_MD5_SIZE);
    if (t->digests == NULL)
        return arena_full(t->arena, err);
    for (size_t i = 0; i < data->count; i++) {
        if (data->entries[i].kind != DEB_TAR_FILE)
            continue;
        if (!digest_part(t, part++, &digest, err))
            return false;
        memcpy(t->digests[i], digest.at, DEB_MD5_SIZE);
    }
    return true;
}

static bool is_file_of(const struct deb_tar_entry *entry, struct text path)
{
    return entry->kind == DEB_TAR_FILE &&
           text_equal((struct text){(const char *)entry->path.at, entry->path.size}, path);
}

/* A file of the control part, read whole; absent: nothing. */
static bool read_control(struct together *t, struct text path, struct writer *out, struct error *err)
{
    size_t part;
    const struct deb_member *control = member_of(t, DEB_MEMBER_CONTROL, &part);

    for (size_t i = 0; control != NULL && i < control->tar.count; i++) {
        if (is_file_of(&control->tar.entries[i], path))
            return read_part(t, part, take_to_writer, out, err);
        part += control->tar.entries[i].kind == DEB_TAR_FILE;
    }
    return true;
}

/* The whole md5sums: it is small, and its size stands before it. */
static bool make_md5sums(struct together *t, size_t part, struct error *err)
{
    OWN(writer_end)
    struct writer conffiles = writer_with(LIMIT_DEB_CONTROL), reduced = writer_with(LIMIT_DEB_CONTROL);
    size_t data_part;
    const struct deb_member *data = member_of(t, DEB_MEMBER_DATA, &data_part);

    if (data == NULL)
        return error_set(err, ERROR_INPUT, "md5sums of no files");
    if (!find_digests(t, &data->tar, data_part, err) ||
        !read_control(t, TEXT("/conffiles"), &conffiles, err) ||
        !read_part(t, part, take_to_writer, &reduced, err))
        return false;
    struct deb_md5s from = {&data->tar, (const uint8_t(*)[DEB_MD5_SIZE])t->digests, writer_bytes(&conffiles)};
    t->md5sums = writer_with(LIMIT_DEB_CONTROL);
    return deb_md5sums_restore(t->structure.md5sums, writer_bytes(&reduced), &from, &t->md5sums, err);
}

static bool is_derived(const struct together *t, const struct deb_member *member, size_t index)
{
    return member->kind == DEB_MEMBER_CONTROL && t->structure.md5sums != DEB_MD5SUMS_KEPT &&
           is_file_of(&member->tar.entries[index], TEXT("/md5sums"));
}

/* md5sums is made when its control part begins; a second one in it is no package's. */
static bool prepare(struct together *t, const struct deb_member *member, size_t part, struct error *err)
{
    for (size_t i = 0; i < member->tar.count; i++) {
        if (is_derived(t, member, i))
            return make_md5sums(t, part, err);
        part += member->tar.entries[i].kind == DEB_TAR_FILE;
    }
    return true;
}

static uint64_t size_of_entry(const struct together *t, const struct deb_member *member, size_t index,
                              size_t part)
{
    if (member->tar.entries[index].kind != DEB_TAR_FILE)
        return 0;
    return is_derived(t, member, index) ? t->md5sums.size : t->contents.sizes[part];
}

/* ---- members ---- */

static bool put_zeros(struct deb_packer *packer, uint64_t size, struct error *err)
{
    static const uint8_t zeros[10240];

    while (size > 0) {
        size_t piece = size < sizeof(zeros) ? (size_t)size : sizeof(zeros);
        if (!deb_packer_put(packer, (struct bytes){zeros, piece}, err))
            return false;
        size -= piece;
    }
    return true;
}

static bool put_entry(struct together *t, const struct deb_member *member, size_t index, size_t part,
                      struct deb_packer *packer, uint64_t *size, struct error *err)
{
    OWN(writer_end) struct writer head = writer_with(LIMIT_DEB_HEAD + 32 * KIB);
    uint64_t content_size = size_of_entry(t, member, index, part);
    struct bytes made;

    if (!deb_tar_head(&member->tar, index, content_size, &head, err) || !writer_done(&head, &made, err) ||
        !deb_packer_put(packer, made, err))
        return false;
    if (is_derived(t, member, index)) {
        if (!deb_packer_put(packer, writer_bytes(&t->md5sums), err))
            return false;
    } else if (member->tar.entries[index].kind == DEB_TAR_FILE &&
               !read_part(t, part, take_to_packer, packer, err)) {
        return false;
    }
    *size += made.size + content_size + deb_tar_padding(content_size);
    return put_zeros(packer, deb_tar_padding(content_size), err);
}

static uint64_t size_of_end(const struct deb_tar *tar, uint64_t size)
{
    return tar->end > 0 ? tar->end - 1 : deb_tar_usual_end(size);
}

/* Of the tar that a member unpacks to; zstd may want to know. Sums that overflow only give other bytes. */
static bool tar_size(struct together *t, const struct deb_member *member, size_t part, uint64_t *out,
                     struct error *err)
{
    OWN(writer_end) struct writer head = writer_with(LIMIT_DEB_HEAD + 32 * KIB);
    uint64_t size = 0;

    for (size_t i = 0; i < member->tar.count; i++) {
        uint64_t content_size = size_of_entry(t, member, i, part);
        writer_clear(&head);
        if (!deb_tar_head(&member->tar, i, content_size, &head, err))
            return false;
        size += head.size + content_size + deb_tar_padding(content_size);
        part += member->tar.entries[i].kind == DEB_TAR_FILE;
    }
    *out = size + size_of_end(&member->tar, size);
    return true;
}

static bool put_opened(struct together *t, const struct deb_member *member, size_t part, uint64_t packed_size,
                       struct error *err)
{
    OWN(deb_packer_end) struct deb_packer *packer = NULL;
    struct member_sink sink = {t, packed_size};
    uint64_t size = 0, announced;

    if (!prepare(t, member, part, err) || !tar_size(t, member, part, &announced, err) ||
        !deb_packer_open(&member->packing, announced, t->budget, (struct opener_sink){put_packed, &sink},
                         &packer, err))
        return false;
    for (size_t i = 0; i < member->tar.count; i++) {
        if (!put_entry(t, member, i, part, packer, &size, err))
            return false;
        part += member->tar.entries[i].kind == DEB_TAR_FILE;
    }
    if (!put_zeros(packer, size_of_end(&member->tar, size), err) || !deb_packer_close(packer, err))
        return false;
    return sink.left == 0 ? true : error_set(err, ERROR_INPUT, "packs to fewer bytes than announced");
}

/* Of a member's bytes in the .deb. */
static bool size_of_member(struct together *t, size_t index, uint64_t *out, struct error *err)
{
    const struct deb_member *member = &t->structure.members[index];

    *out = member->kind == DEB_MEMBER_VERSION  ? DEB_VERSION_CONTENT.size
           : member->kind == DEB_MEMBER_CLOSED ? t->contents.sizes[t->first_parts[index]]
                                               : member->packed_size;
    if (*out > t->size)
        return error_set(err, ERROR_INPUT, "a member of more than the %llu bytes announced",
                         (unsigned long long)t->size);
    return true;
}

/* The packed size of the member that has what the others leave. */
static bool size_of_rest(struct together *t, size_t index, uint64_t *out, struct error *err)
{
    uint64_t left = t->left, size;

    for (size_t i = index + 1; i < t->structure.count; i++) {
        if (!size_of_member(t, i, &size, err))
            return false;
        size += DEB_AR_HEAD_SIZE + (t->structure.members[i].bare ? 0 : size % 2);
        if (size > left)
            return error_set(err, ERROR_INPUT, "nothing is left of the %llu bytes announced",
                             (unsigned long long)t->size);
        left -= size;
    }
    const struct deb_member *member = &t->structure.members[index];
    size_t beside = DEB_AR_HEAD_SIZE + (member->odd && !member->bare ? 1 : 0);
    if (left < beside)
        return error_set(err, ERROR_INPUT, "nothing is left of the %llu bytes announced",
                         (unsigned long long)t->size);
    *out = left - beside;
    return true;
}

static bool put_member(struct together *t, size_t index, struct error *err)
{
    const struct deb_member *member = &t->structure.members[index];
    bool opened = member->kind == DEB_MEMBER_CONTROL || member->kind == DEB_MEMBER_DATA;
    uint8_t head[DEB_AR_HEAD_SIZE];
    struct bytes name, head_bytes = {head, sizeof(head)};
    uint64_t size;

    if (!(opened && member->rest ? size_of_rest(t, index, &size, err)
                                 : size_of_member(t, index, &size, err)) ||
        !deb_member_name(member, t->arena, &name, err))
        return false;
    if (member->head.size > 0)
        head_bytes = member->head;
    else if (!deb_ar_head(name, t->structure.time, size, head))
        return error_set(err, ERROR_INPUT, "a name or time that does not fit into its head");
    if (!put(t, head_bytes, err))
        return false;
    bool done = opened ? put_opened(t, member, t->first_parts[index], size, err)
                : member->kind == DEB_MEMBER_CLOSED
                    ? read_part(t, t->first_parts[index], take_to_file, t, err)
                    : put(t, DEB_VERSION_CONTENT, err);
    return done && (size % 2 == 0 || member->bare || put(t, BYTES("\n"), err));
}

static bool put_all(struct together *t, size_t part_count, struct error *err)
{
    for (size_t i = 0; i < t->structure.count; i++)
        t->first_parts[i + 1] = t->first_parts[i] + deb_member_parts(&t->structure.members[i]);
    if (t->first_parts[t->structure.count] != part_count)
        return error_set(err, ERROR_INPUT, "structure: of %zu parts, but there are %zu",
                         t->first_parts[t->structure.count], part_count);
    if (!put(t, DEB_AR_MAGIC, err))
        return false;
    for (size_t i = 0; i < t->structure.count; i++)
        if (!put_member(t, i, err))
            return error_at(err, "member %zu", i);
    return t->left == 0
               ? true
               : error_set(err, ERROR_INPUT, "%llu bytes fewer than announced", (unsigned long long)t->left);
}

bool deb_put_together(struct bytes structure, size_t part_count, struct deb_contents contents,
                      struct deb_budget budget, uint64_t deb_size, struct opener_sink sink, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DEB_TABLES);
    struct together *t = ARENA_NEW(&arena, struct together);

    assert(budget.threads > 0);
    if (t == NULL)
        return arena_full(&arena, err);
    *t = (struct together){.arena = &arena,
                           .contents = contents,
                           .budget = budget,
                           .sink = sink,
                           .size = deb_size,
                           .left = deb_size,
                           .piece = arena_take(&arena, PIECE_SIZE)};
    if (t->piece == NULL)
        return arena_full(&arena, err);
    bool done = deb_structure_read(structure, &arena, &t->structure, err) && put_all(t, part_count, err);
    writer_end(&t->md5sums);
    return done;
}
