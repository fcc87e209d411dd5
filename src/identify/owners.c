#include "identify/owners.h"

#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

struct text owners_path(struct text path)
{
    static const struct text merged[] = {{"/usr/lib", 8}, {"/usr/bin", 8}, {"/usr/sbin", 9}};

    for (size_t i = 0; i < sizeof(merged) / sizeof(*merged); i++)
        if (text_starts(path, merged[i]))
            return text_part(path, TEXT("/usr").size, SIZE_MAX);
    return path;
}

/* The whole list, or ERROR_ABSENT. A package that may be installed for two architectures has the one in its name. */
static bool read_list(const char *root, const struct package *package, struct arena *scratch,
                      struct bytes *out, struct error *err)
{
    static const char folder[] = "/var/lib/dpkg/info";
    char path[LIMIT_PATH + 1];
    const char *slash = text_ends(text_of(root), TEXT("/")) ? "" : "/";
    int size =
        snprintf(path, sizeof(path), "%s%s%s/%.*s.list", root, slash, folder + 1, TEXT_ARG(package->name));

    if (size < 0 || (size_t)size >= sizeof(path))
        return error_set(err, ERROR_ABSENT, "%s: path of more than %d bytes", root, LIMIT_PATH);
    if (file_read(path, LIMIT_DPKG_LIST, scratch, out, err))
        return true;
    size = snprintf(path, sizeof(path), "%s%s%s/%.*s:%.*s.list", root, slash, folder + 1,
                    TEXT_ARG(package->name), TEXT_ARG(package->arch));
    return size > 0 && (size_t)size < sizeof(path) && file_read(path, LIMIT_DPKG_LIST, scratch, out, err);
}

void owners_ask(const char *root, const struct host *host, uint32_t package, const struct owners_sink *sink)
{
    OWN(arena_end) struct arena scratch = arena_with(LIMIT_DPKG_LIST * 2);
    struct error ignored; /* a package that names no files has none that can be found */
    struct bytes raw;
    struct text line;

    if (memchr(host->packages[package].name.at, '/', host->packages[package].name.size) != NULL ||
        !read_list(root, &host->packages[package], &scratch, &raw, &ignored))
        return;
    /* Lines are compared with paths that were checked, and go nowhere else. */
    struct text rest = {(const char *)raw.at, raw.size};
    while (text_cut(&rest, '\n', &line)) {
        uint32_t wanted = map_get(sink->wanted, owners_path(line));
        if (wanted != MAP_NONE)
            sink->found(sink->self, wanted, package);
    }
}

void owners_ask_all(const char *root, const struct host *host, const struct owners_sink *sink)
{
    for (size_t i = 0; i < host->package_count; i++)
        owners_ask(root, host, (uint32_t)i, sink);
}
