#include "base/gnutls_load.h"

#include <dlfcn.h>
#include <string.h>

bool gnutls_load(const struct gnutls_symbol *symbols, size_t count, void *out, struct error *err)
{
    void *library = dlopen("libgnutls.so.30", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (library == NULL)
        return error_set(err, ERROR_ABSENT, "GnuTLS cannot be loaded, so nothing can be verified: %s",
                         dlerror());
    for (size_t i = 0; i < count; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL)
            return error_set(err, ERROR_ABSENT, "GnuTLS: no %s in it", symbols[i].name);
        /* Copied, for ISO C has no cast from an object to a function. */
        memcpy((char *)out + symbols[i].offset, &symbol, sizeof(symbol));
    }
    return true;
}
