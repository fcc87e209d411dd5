#include "format/libarchive.h"

#include <dlfcn.h>
#include <string.h>

bool libarchive_load(const struct libarchive_symbol *symbols, size_t count, void *table, struct error *err)
{
    void *library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (library == NULL)
        return error_set(err, ERROR_ABSENT,
                         "libarchive cannot be loaded, so no archive can be read or made: %s", dlerror());
    for (size_t i = 0; i < count; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL)
            return error_set(err, ERROR_ABSENT, "libarchive: no %s in it", symbols[i].name);
        memcpy((char *)table + symbols[i].place, &symbol, sizeof(symbol));
    }
    return true;
}
