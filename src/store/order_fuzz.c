#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same, and always ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(writer_end) struct writer first = writer_with(LIMIT_ORDER_FILE);
    OWN(writer_end) struct writer second = writer_with(LIMIT_ORDER_FILE);
    struct order order, again;
    struct error err;

    if (!order_parse((struct bytes){data, size}, &order, &err))
        return 0;
    order_write(&first, &order);
    if (!order_parse(writer_bytes(&first), &again, &err))
        abort();
    order_write(&second, &again);
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    if (order_at(&order, order.end_us + ORDER_LENGTH_US).level != LEVEL_NORMAL)
        abort();
    return 0;
}
