#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/enrol_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char again[ENROL_TOKEN_SIZE + 1];
    struct enrol_token token;
    struct error err;

    if (!enrol_token_parse((struct text){(const char *)data, size}, &token, &err))
        return 0;
    if (!enrol_token_write(&token, again, &err) || size != ENROL_TOKEN_SIZE || memcmp(again, data, size) != 0)
        abort();
    return 0;
}
