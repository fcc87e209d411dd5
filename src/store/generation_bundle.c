#include "store/generation_bundle.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "base/writer.h"

#define MAGIC       "SGB1"
#define MAGIC_SIZE  4
#define INDEX_START "index/"
#define INDEX_END   ".index"

/* ---- names ---- */

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* "facts", "manifest", "index/debian-12.index": nothing that could lead elsewhere. */
static bool check_name(struct text name, struct error *err)
{
    bool index = text_starts(name, TEXT(INDEX_START)) && text_ends(name, TEXT(INDEX_END)) &&
                 name.size > sizeof(INDEX_START) - 1 + sizeof(INDEX_END) - 1 &&
                 name.at[sizeof(INDEX_START) - 1] != '.';

    for (size_t i = sizeof(INDEX_START) - 1; index && i < name.size; i++)
        index = is_name_character(name.at[i]);
    return index || text_equal(name, TEXT("facts")) || text_equal(name, TEXT("manifest")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" is no file of a generation", TEXT_ARG(name));
}

/* ---- reading ---- */

static bool read_head(struct reader *r, struct generation_bundle_file *file, const struct text *former,
                      struct error *err)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, LIMIT_RELEASE_NAME + 32));
    uint64_t size = reader_u64(r);

    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "ends in the middle");
    if (!text_from_bytes(raw, LIMIT_RELEASE_NAME + 32, &file->name, err) || !check_name(file->name, err))
        return false;
    if (former != NULL && text_compare(*former, file->name) >= 0)
        return error_set(err, ERROR_INPUT, "\"%.*s\" does not come behind the one before",
                         TEXT_ARG(file->name));
    file->bytes.size = (size_t)size;
    return size <= LIMIT_STATE_FILE ||
           error_set(err, ERROR_LIMIT, "a file of %llu bytes", (unsigned long long)size);
}

bool generation_bundle_parse(struct bytes raw, struct generation_bundle *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, MAGIC_SIZE);
    uint16_t count = reader_u16(&r);
    struct generation_bundle got = {.count = count};

    if (!reader_ok(&r) || memcmp(magic.at, MAGIC, MAGIC_SIZE) != 0)
        return error_set(err, ERROR_INPUT, "bundle: does not begin with " MAGIC);
    if (count == 0 || count > GENERATION_BUNDLE_FILES)
        return error_set(err, ERROR_INPUT, "bundle: %u files, not 1 to %d", count, GENERATION_BUNDLE_FILES);
    for (size_t i = 0; i < count; i++)
        if (!read_head(&r, &got.files[i], i == 0 ? NULL : &got.files[i - 1].name, err))
            return error_at(err, "bundle: file %zu", i);
    for (size_t i = 0; i < count; i++)
        got.files[i].bytes = reader_take(&r, got.files[i].bytes.size);
    if (!reader_ok(&r) || reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "bundle: its files are not as long as it says");
    *out = got;
    return true;
}

bool generation_bundle_read(const char *path, struct state_change *change, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct generation_bundle bundle;

    if (!file_map(path, LIMIT_STATE_FILE, &map, err) || !generation_bundle_parse(map.bytes, &bundle, err))
        return false;
    for (size_t i = 0; i < bundle.count; i++) {
        char *name = text_string(change->arena, bundle.files[i].name);
        char *place = name == NULL ? NULL : file_path(change->arena, change->next.folder, name);
        if (place == NULL)
            return arena_full(change->arena, err);
        if (!file_replace(place, bundle.files[i].bytes, 0600, err))
            return false;
    }
    return true;
}

/* ---- writing ---- */

/* Maps of all files of the generation, as long as they are written. */
struct sources {
    struct file_map maps[GENERATION_BUNDLE_FILES];
    struct text names[GENERATION_BUNDLE_FILES];
    size_t count;
};

static void sources_end(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        file_unmap(&sources->maps[i]);
    sources->count = 0;
}

static bool add_source(struct sources *sources, const struct generation *generation, struct text name,
                       struct arena *arena, struct error *err)
{
    char *place = file_path(arena, generation->folder, name.at);

    if (place == NULL)
        return arena_full(arena, err);
    if (sources->count == GENERATION_BUNDLE_FILES)
        return error_set(err, ERROR_LIMIT, "more than %d files in a generation", GENERATION_BUNDLE_FILES);
    if (!check_name(name, err) || !file_map(place, LIMIT_STATE_FILE, &sources->maps[sources->count], err))
        return false;
    sources->names[sources->count++] = name;
    return true;
}

static bool add_indexes(struct sources *sources, const struct generation *generation, struct arena *arena,
                        struct error *err)
{
    char *folder = file_path(arena, generation->folder, "index");
    struct file_names names;

    if (folder == NULL)
        return arena_full(arena, err);
    if (!file_list(folder, GENERATION_BUNDLE_FILES, arena, &names, err))
        return err->kind == ERROR_ABSENT;
    for (size_t i = 0; i < names.count; i++) {
        struct text name = text_format(arena, INDEX_START "%.*s", TEXT_ARG(names.names[i]));
        if (name.at == NULL)
            return arena_full(arena, err);
        if (!add_source(sources, generation, name, arena, err))
            return false;
    }
    return true;
}

static bool write_sources(const struct sources *sources, struct writer *w, struct bytes *out,
                          struct error *err)
{
    writer_string(w, MAGIC);
    writer_u16(w, (uint16_t)sources->count);
    for (size_t i = 0; i < sources->count; i++) {
        writer_varint(w, sources->names[i].size);
        writer_text(w, sources->names[i]);
        writer_u64(w, sources->maps[i].bytes.size);
    }
    for (size_t i = 0; i < sources->count; i++)
        writer_put(w, sources->maps[i].bytes);
    return writer_done(w, out, err);
}

bool generation_bundle_write(const struct state *state, const char *path, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    OWN(sources_end) struct sources sources = {0};
    OWN(writer_end) struct writer w = writer_with(LIMIT_STATE_FILE);
    struct generation generation;
    struct bytes raw;

    if (!state_current(state, &arena, &generation, err))
        return false;
    char *facts = file_path(&arena, generation.folder, "facts");
    if (facts == NULL)
        return arena_full(&arena, err);
    return (!file_exists(facts) || add_source(&sources, &generation, TEXT("facts"), &arena, err)) &&
           add_indexes(&sources, &generation, &arena, err) &&
           add_source(&sources, &generation, TEXT("manifest"), &arena, err) &&
           write_sources(&sources, &w, &raw, err) && file_replace(path, raw, 0644, err);
}
