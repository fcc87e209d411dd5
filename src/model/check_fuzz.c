#include <stdlib.h>

#include "model/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says what it is: '1' to '4' a target, '5' a server's answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct check_address address;
    struct error err;
    uint16_t status;

    if (size == 0)
        return 0;
    struct text target = {(const char *)data + 1, size - 1};
    if (data[0] == '5') {
        if (check_http_status(bytes_of_text(target), &status, &err) && (status < 100 || status > 599))
            abort();
        return 0;
    }
    enum check_kind kind = (enum check_kind)(data[0] - '0');
    if (data[0] < '1' || data[0] > '4' || !check_target(kind, target, &err))
        return 0;
    if (kind == CHECK_UNIT && target.at[0] == '-')
        abort();
    if ((kind == CHECK_TCP || kind == CHECK_HTTP) &&
        (!check_address(kind, target, &address, &err) || address.port == 0 || address.host.size == 0))
        abort();
    return 0;
}
