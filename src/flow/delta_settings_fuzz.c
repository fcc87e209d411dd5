#include <assert.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/delta_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct delta_settings settings;
    struct error err;

    if (delta_settings_parse((struct bytes){data, size}, TEXT("deltas.yaml"), &arena, &settings, &err))
        assert(text_ends(settings.source, TEXT("/")) && settings.use < CHOICE_USE_COUNT);
    return 0;
}
