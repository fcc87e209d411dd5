#include <stdint.h>

#include "base/own.h"
#include "manager/apt_sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes as both forms; every source that comes out has names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct text archs[] = {{"amd64", 5}, {"i386", 4}};
    struct error err;

    for (int deb822 = 0; deb822 < 2; deb822++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 24);
        struct apt_sources sources = {0};
        struct apt_sources_file file = {.name = "fuzz", .raw = {data, size}, .deb822 = deb822 == 1};
        (void)!apt_sources_parse(&file, (struct apt_archs){archs, 2}, &arena, &sources, &err);
        for (size_t i = 0; i < sources.count && i < 16; i++) {
            struct text name = apt_source_list_name(&sources.sources[i], &arena);
            if (name.at != NULL && sources.sources[i].suite.size == 0)
                __builtin_trap();
            name = apt_source_file_name(&sources.sources[i], name, &arena);
            if (name.size > 0 && memchr(name.at, '/', name.size) != NULL)
                __builtin_trap(); /* a name of a file, not a way out of the folder */
            (void)apt_source_site(&sources.sources[i]);
            (void)apt_source_public_uri(&sources.sources[i], &arena);
        }
    }
    return 0;
}
