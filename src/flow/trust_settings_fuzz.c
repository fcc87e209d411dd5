#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/trust_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct trust_settings settings;
    struct error err;

    if (trust_settings_parse((struct bytes){data, size}, TEXT("trust.yaml"), "/etc/suture", &arena, &settings,
                             &err))
        assert(text_ends(settings.repository, TEXT("/")) && settings.root[0] == '/');
    return 0;
}
