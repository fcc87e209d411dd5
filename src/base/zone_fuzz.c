/*
 * Whatever the bytes are, a zone that was accepted gives a time for every instant and every clock, and the clock shown
 * at the time found for it is that clock or a later one.
 */
#include <assert.h>

#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t days[] = {-719162, -50000, 0, 1, 12145, 20454, 20545, 20700, 40000, 2932896};
    struct zone zone;
    struct error err = {0};

    if (!zone_parse((struct bytes){data, size}, TEXT("fuzz"), &zone, &err)) {
        assert(err.kind != ERROR_NONE && err.text[0] != 0);
        return 0;
    }
    for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
        int64_t us = days[i] * TIME_DAY_US + 9000 * TIME_SECOND_US;
        struct civil local = zone_civil(&zone, us);
        assert(civil_valid(local));
        int64_t found_us = zone_time(&zone, local);
        assert(found_us > us - 3 * TIME_DAY_US && found_us < us + 3 * TIME_DAY_US);
    }
    return 0;
}
