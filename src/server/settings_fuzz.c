#include "base/limits.h"
#include "base/own.h"
#include "server/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    struct server_settings settings;
    struct error err;

    (void)!settings_parse((struct bytes){data, size}, TEXT("fuzz"), &arena, &settings, &err);
    return 0;
}
