#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "manager/deb_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct bytes packed = {data, size};
    struct deb_file deb;
    struct error err;

    if (!deb_file_read(packed, &arena, &deb, &err))
        return 0;
    assert(deb_is_name(deb.package) && deb_is_version(deb.version) && deb_is_arch(deb.arch));
    for (size_t i = 0; i < deb.entry_count; i++) {
        struct text path = deb.entries[i].path;
        assert(path.size > 0 && path.at[0] == '/');
        assert(text_find(path, TEXT("//")) == SIZE_MAX && text_find(path, TEXT("/../")) == SIZE_MAX &&
               !text_ends(path, TEXT("/..")));
    }
    return 0;
}
