#include <stdint.h>

#include "base/own.h"
#include "manager/apt_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    struct apt_config config = {.root = "/nonexistent"};
    struct text *items;
    struct error err;
    size_t count;

    if (apt_config_parse(&config, (struct bytes){data, size}, "fuzz", &arena, &err) &&
        apt_config_list(&config, TEXT("APT::Architectures"), &arena, &items, &count, &err) &&
        count > config.count)
        __builtin_trap();
    (void)apt_config_path(&config, APT_PATH_LISTS, &arena);
    return 0;
}
