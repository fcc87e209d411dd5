#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "trust/signed_order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same bytes, and its sentences show every character that they have. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer again = writer_with(LIMIT_SIGNED_ORDER + KIB);
    OWN(writer_end) struct writer told = writer_with(MIB);
    struct text lines, line;
    struct signed_order order;
    struct error err;

    if (!signed_order_parse((struct bytes){data, size}, &arena, &order, &err))
        return 0;
    if (!signed_order_write(&again, &order, &err) || again.size != size || memcmp(again.at, data, size) != 0)
        abort();
    signed_order_tell(&told, &order);
    if (!text_from_lines(writer_bytes(&told), MIB, &lines, &err))
        abort();
    while (text_cut(&lines, '\n', &line))
        if (!visible_check(line, &err))
            abort();
    if (signed_order_holds(&order, 2, order.ends_us) || signed_order_holds(&order, 1, order.made_us - 1))
        abort();
    return 0;
}
