#include "cli/package_hash.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/compress.h"
#include "format/deb822.h"

#define FILES_MAX 4096 /* in apt's folder: a machine with fifty sources has 300 */

enum { FIELD_PACKAGE, FIELD_VERSION, FIELD_ARCH, FIELD_SHA256, FIELD_COUNT };
static const char *const names[FIELD_COUNT] = {"Package", "Version", "Architecture", "SHA256"};

static bool keep(struct bytes value, struct arena *arena, struct text *out, struct error *err)
{
    struct text text;

    if (!text_from_bytes(value, LIMIT_YAML_TEXT, &text, err))
        return false;
    *out = text_copy(arena, text);
    return out->at != NULL || arena_full(arena, err);
}

/* Most lists do not have it: they are searched as bytes, and only a hit is parsed. */
static bool find_in(struct bytes list, struct text hex, struct arena *arena, struct package_hash *out,
                    bool *found, struct error *err)
{
    struct deb822 deb822 = deb822_with(list, (struct deb822_fields){names, FIELD_COUNT}, false);
    struct deb822_paragraph paragraph;
    bool more = text_find((struct text){(const char *)list.at, list.size}, hex) != SIZE_MAX;
    struct package_hash got = {0};

    while (more) {
        if (!deb822_next(&deb822, &paragraph, &more, err))
            return false;
        struct bytes sha256 = more ? paragraph.values[FIELD_SHA256] : (struct bytes){0};
        if (!text_equal((struct text){(const char *)sha256.at, sha256.size}, hex))
            continue;
        if (!keep(paragraph.values[FIELD_PACKAGE], arena, &got.package, err) ||
            !keep(paragraph.values[FIELD_VERSION], arena, &got.version, err) ||
            !keep(paragraph.values[FIELD_ARCH], arena, &got.arch, err))
            return false;
        *out = got;
        *found = true;
        return true;
    }
    return true;
}

static bool is_list(struct text name)
{
    return text_find(name, TEXT("_Packages")) != SIZE_MAX;
}

bool package_hash_find(const char *folder, struct text hex, struct arena *arena, struct package_hash *out,
                       struct error *err)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    struct file_names files;
    bool found = false;

    if (!text_to_hex(hex, digest, digest_size(DIGEST_SHA256), err))
        return error_at(err, "sha256");
    if (!file_list(folder, FILES_MAX, arena, &files, err))
        return false;
    for (size_t i = 0; i < files.count && !found; i++) {
        OWN(arena_end) struct arena list_arena = arena_with(2 * LIMIT_PACKAGES_FILE);
        char *path = file_path(arena, folder, files.names[i].at);
        struct bytes list;
        if (path == NULL)
            return arena_full(arena, err);
        if (is_list(files.names[i]) &&
            (!compress_read_file(path, LIMIT_PACKAGES_FILE, &list_arena, &list, err) ||
             !find_in(list, hex, arena, out, &found, err)))
            return error_at(err, "%s", path);
    }
    return found ||
           error_set(err, ERROR_ABSENT,
                     "no list of packages on this machine has a file with this SHA-256: ask by the package's "
                     "name and version");
}
