#include "manager/apt_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/compress.h"
#include "format/deb822.h"
#include "manager/apt_relations.h"
#include "manager/dpkg_status.h"

/* As much as stays in a core's own cache while it is unpacked, hashed and parsed. */
#define BUFFER_SIZE (128 * KIB)

static const char *const endings[] = {"", ".lz4", ".xz", ".gz", ".zst"};

enum field {
    FIELD_PACKAGE,
    FIELD_VERSION,
    FIELD_ARCHITECTURE,
    FIELD_SOURCE,
    FIELD_SIZE,
    FIELD_PHASED,
    FIELD_NARROW_COUNT,
    FIELD_RELATIONS = FIELD_NARROW_COUNT, /* wide tables alone */
    FIELD_COUNT = FIELD_RELATIONS + APT_FIELD_COUNT
};
static const char *const field_names[FIELD_COUNT] = {
    [FIELD_PACKAGE] = "Package", [FIELD_VERSION] = "Version", [FIELD_ARCHITECTURE] = "Architecture",
    [FIELD_SOURCE] = "Source",   [FIELD_SIZE] = "Size",       [FIELD_PHASED] = "Phased-Update-Percentage",
    APT_RELATIONS_FIELDS,
};

const char *apt_list_find(const char *path, struct arena *arena)
{
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        struct text whole = text_format(arena, "%s%s", path, endings[i]);
        char *string = whole.at == NULL ? NULL : text_string(arena, whole);
        if (string != NULL && file_exists(string))
            return string;
    }
    return NULL;
}

static bool take_text(const struct deb822_paragraph *paragraph, enum field field, size_t limit,
                      struct text *out, struct error *err)
{
    struct bytes raw = paragraph->values[field];

    return raw.at == NULL || text_from_bytes(raw, limit, out, err) || error_at(err, "%s", field_names[field]);
}

static bool take_number(const struct deb822_paragraph *paragraph, enum field field, uint64_t *out,
                        struct error *err)
{
    struct text text = {0};

    if (!take_text(paragraph, field, LIMIT_ARCH, &text, err))
        return false;
    return text.size == 0 || text_to_u64(text, out, err) || error_at(err, "%s", field_names[field]);
}

static bool take_record(const struct deb822_paragraph *paragraph, struct apt_record *out, struct error *err)
{
    struct apt_record got = {.phased = 100};
    struct text source = {0};
    uint64_t phased = 100;

    if (!take_text(paragraph, FIELD_PACKAGE, LIMIT_PACKAGE_NAME, &got.name, err) ||
        !take_text(paragraph, FIELD_VERSION, LIMIT_VERSION, &got.version, err) ||
        !take_text(paragraph, FIELD_ARCHITECTURE, LIMIT_ARCH, &got.arch, err) ||
        !take_text(paragraph, FIELD_SOURCE, LIMIT_PACKAGE_NAME + LIMIT_VERSION, &source, err) ||
        !take_number(paragraph, FIELD_SIZE, &got.size, err) ||
        !take_number(paragraph, FIELD_PHASED, &phased, err))
        return false;
    if (got.name.size == 0 || got.version.size == 0 || got.arch.size == 0)
        return error_set(err, ERROR_INPUT, "Package, Version or Architecture is missing");
    if (phased > 100)
        return error_set(err, ERROR_INPUT, "%s is more than 100", field_names[FIELD_PHASED]);
    got.phased = (uint32_t)phased;
    dpkg_source(source, got.name, got.version, &got.source, &got.source_version);
    *out = got;
    return true;
}

/* A field of relations that cannot be read is its package's misfortune, not the list's: it provides what stands before. */
static bool add_provided(struct apt_table_builder *builder, const struct apt_record *record,
                         struct text provides, struct error *err)
{
    struct relation_walk walk = relation_walk_with(provides, record->arch);
    struct relation relation;
    struct error ignored;
    bool found;

    while (relation_next(&walk, &relation, &found, &ignored) && found)
        if (!apt_table_add_name(builder, relation.name, err))
            return false;
    return true;
}

static bool add_wide(const struct deb822_paragraph *paragraph, struct apt_table_builder *builder,
                     struct apt_record *record, struct error *err)
{
    struct apt_relations relations;

    if (!apt_relations_take(paragraph->values + FIELD_RELATIONS, &relations, err))
        return error_at(err, "package %u", builder->count + 1);
    writer_clear(&builder->more);
    apt_relations_write(&relations, &builder->more);
    return writer_done(&builder->more, &record->more, err) && apt_table_add(builder, record, err) &&
           add_provided(builder, record, relations.fields[RELATION_PROVIDES], err);
}

bool apt_list_add(struct bytes bytes, struct apt_table_builder *builder, size_t *taken, struct error *err)
{
    size_t whole = deb822_whole(bytes);
    struct deb822_fields fields = {field_names, builder->wide ? FIELD_COUNT : FIELD_NARROW_COUNT};
    struct deb822 deb822 = deb822_with((struct bytes){bytes.at, whole}, fields, false);
    struct deb822_paragraph paragraph;
    struct apt_record record;
    bool found;

    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return false;
        if (!found)
            break;
        if (!take_record(&paragraph, &record, err))
            return error_at(err, "package %u", builder->count + 1);
        if (builder->wide ? !add_wide(&paragraph, builder, &record, err)
                          : !apt_table_add(builder, &record, err))
            return false;
    }
    *taken = whole;
    return true;
}

/* What a stream has given and is not parsed yet. */
struct buffer {
    uint8_t *at;
    size_t size, capacity;
};

static void buffer_end(struct buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct buffer){0};
}

/* A paragraph that fills the buffer needs a larger one, up to a paragraph's limit. */
static bool make_room(struct buffer *buffer, struct error *err)
{
    size_t capacity = buffer->capacity == 0 ? BUFFER_SIZE : buffer->capacity * 2;

    if (buffer->size < buffer->capacity)
        return true;
    uint8_t *grown = capacity > 2 * LIMIT_PARAGRAPH ? NULL : realloc(buffer->at, capacity);
    if (grown == NULL)
        return error_set(err, ERROR_LIMIT, "a paragraph of more than %zu bytes", LIMIT_PARAGRAPH);
    buffer->at = grown;
    buffer->capacity = capacity;
    return true;
}

/* The rest of the list, when its last paragraph does not end in an empty line. */
static bool add_rest(struct buffer *buffer, struct apt_table_builder *builder, struct error *err)
{
    size_t taken;

    for (int i = 0; i < 2; i++) {
        if (!make_room(buffer, err))
            return false;
        buffer->at[buffer->size++] = '\n';
    }
    return apt_list_add((struct bytes){buffer->at, buffer->size}, builder, &taken, err);
}

/*
 * All of the stream, hashed and parsed. What cannot be parsed is hashed to its end all the same: then it can be told
 * whether the publisher made the mistake (*broken says which) or somebody else did.
 */
static bool add_stream(struct compress_stream *stream, struct digester *digester,
                       struct apt_table_builder *builder, uint64_t *size, struct error *broken,
                       struct error *err)
{
    OWN(buffer_end) struct buffer buffer = {0};
    size_t got, taken;

    *size = 0;
    for (;;) {
        if (!make_room(&buffer, err) ||
            !compress_read(stream, buffer.at + buffer.size, buffer.capacity - buffer.size, &got, err))
            return false;
        if (got == 0)
            break;
        if (digester != NULL && !digester_add(digester, (struct bytes){buffer.at + buffer.size, got}, err))
            return false;
        *size += got;
        buffer.size += got;
        if (buffer.size < buffer.capacity)
            continue; /* fill it before it is parsed */
        taken = buffer.size;
        if (broken->kind == ERROR_NONE)
            (void)!apt_list_add((struct bytes){buffer.at, buffer.size}, builder, &taken, broken);
        memmove(buffer.at, buffer.at + taken, buffer.size - taken);
        buffer.size -= taken;
    }
    if (broken->kind == ERROR_NONE)
        (void)!add_rest(&buffer, builder, broken);
    return true;
}

static bool mismatch(const char *what, struct error *err)
{
    return error_set(err, ERROR_TRUST, "its %s is not the one that the InRelease lists (run apt update)",
                     what);
}

/* The list as the InRelease names it unpacked: digest of what comes out. */
static bool read_unpacked(int fd, const struct inrelease_file *file, struct apt_table_builder *builder,
                          struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = NULL;
    OWN(digester_end) struct digester digester = {0};
    struct error broken = {0};
    struct digest digest;
    uint64_t size;

    if (file->size > LIMIT_PACKAGES_FILE)
        return error_set(err, ERROR_LIMIT, "%llu bytes, more than %zu", (unsigned long long)file->size,
                         LIMIT_PACKAGES_FILE);
    if (!compress_open_fd(fd, (size_t)file->size, &stream, err) ||
        !digester_open(file->digest.kind, &digester, err))
        return false;
    if (!add_stream(stream, &digester, builder, &size, &broken, err))
        return false;
    digester_close(&digester, &digest);
    if (size != file->size)
        return mismatch("size", err);
    if (!digest_equal(&digest, &file->digest) && control_holds(CONTROL_LIST_HASH))
        return mismatch("hash", err);
    *err = broken;
    return broken.kind == ERROR_NONE;
}

/* The list as the InRelease names it packed: digest of the file, which is read once and used from there. */
static bool read_packed(const char *path, const struct inrelease_file *file,
                        struct apt_table_builder *builder, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    OWN(compress_end) struct compress_stream *stream = NULL;
    struct error broken = {0};
    struct digest digest;
    uint64_t size;

    if (!file_map(path, LIMIT_PACKAGES_FILE, &map, err))
        return false;
    if (map.bytes.size != file->size)
        return mismatch("size", err);
    if (!digest_bytes(file->digest.kind, map.bytes, &digest, err))
        return false;
    if (!digest_equal(&digest, &file->digest))
        return mismatch("hash", err);
    if (!compress_open_bytes(map.bytes, LIMIT_PACKAGES_FILE, &stream, err) ||
        !add_stream(stream, NULL, builder, &size, &broken, err))
        return false;
    *err = broken;
    return broken.kind == ERROR_NONE;
}

/* ".gz" of the path's name, as it would stand behind the list's name in the InRelease. */
static struct text ending_of(const char *path)
{
    for (size_t i = 1; i < sizeof(endings) / sizeof(*endings); i++)
        if (text_ends(text_of(path), text_of(endings[i])))
            return text_of(endings[i]);
    return TEXT("");
}

bool apt_list_read(const struct apt_list_request *request, struct apt_table_builder *builder,
                   struct file_identity *identity, struct error *err)
{
    OWN(own_fd) int fd = -1;
    const struct inrelease_file *file = inrelease_find(request->inrelease, request->name);
    struct text ending = ending_of(request->path);
    char packed[LIMIT_PATH + 8];
    struct file_identity before, after;

    if (!file_open(request->path, &fd, err) || !file_identity_of_fd(fd, &before, err))
        return false;
    if (file != NULL) {
        if (!read_unpacked(fd, file, builder, err))
            return error_at(err, "%s", request->path);
    } else {
        int size = snprintf(packed, sizeof(packed), "%.*s%.*s", TEXT_ARG(request->name), TEXT_ARG(ending));
        if (size > 0 && (size_t)size < sizeof(packed))
            file = inrelease_find(request->inrelease, (struct text){packed, (size_t)size});
        if (file == NULL)
            return error_set(err, ERROR_TRUST, "%s: the InRelease does not list it", request->path);
        if (!read_packed(request->path, file, builder, err))
            return error_at(err, "%s", request->path);
    }
    if (!file_identify(request->path, &after, err))
        return false;
    if (!file_identity_equal(&before, &after))
        return error_set(err, ERROR_CONFLICT, "%s: changed while it was read", request->path);
    *identity = before;
    return true;
}
