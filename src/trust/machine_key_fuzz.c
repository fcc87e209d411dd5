#include <stdint.h>

#include "trust/machine_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken has the one spelling that we write. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct secret_key key;
    struct error err;
    char hex[PUBLIC_KEY_HEX_SIZE + 1];

    if (!machine_key_parse((struct bytes){data, size}, &key, &err))
        return 0;
    public_key_hex(&key.public_key, hex);
    if (text_find((struct text){(const char *)data, size}, text_of(hex)) == SIZE_MAX)
        __builtin_trap();
    return 0;
}
