/* Every order must be total, antisymmetric and transitive over any texts: here over the neighbouring words of the input. */
#include <stdint.h>
#include <stdlib.h>

#include "model/version.h"

#define WORDS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_triple(enum version_order order, const struct text *t)
{
    int ab = version_compare(order, t[0], t[1]), bc = version_compare(order, t[1], t[2]);
    int ac = version_compare(order, t[0], t[2]);

    must(ab >= -1 && ab <= 1 && version_compare(order, t[1], t[0]) == -ab);
    must(version_compare(order, t[0], t[0]) == 0);
    if (ab <= 0 && bc <= 0)
        must(ab < 0 || bc < 0 ? ac < 0 : ac == 0);
    if (ab >= 0 && bc >= 0)
        must(ab > 0 || bc > 0 ? ac > 0 : ac == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text words[WORDS_MAX + 3] = {{NULL, 0}};
    size_t count = 0;
    struct text rest = {(const char *)data, size};

    while (count < WORDS_MAX && text_cut_word(&rest, &words[count]))
        count++;
    for (size_t i = 0; i < count; i++)
        for (unsigned order = VERSION_ORDER_UNKNOWN; order < VERSION_ORDER_COUNT; order++)
            check_triple((enum version_order)order, &words[i]);
    return 0;
}
