#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/feed_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct feed_settings settings;
    struct error err;

    (void)!feed_settings_parse((struct bytes){data, size}, TEXT("feeds.yaml"), &arena, &settings, &err);
    return 0;
}
