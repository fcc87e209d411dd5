#include <stdint.h>

#include "agent/settings.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = arena_with(8 * MIB);
    struct agent_settings got;
    struct error err;

    (void)!agent_settings_parse((struct bytes){data, size}, TEXT("agent.yaml"), &arena, &got, &err);
    arena_end(&arena);
    return 0;
}
