#include "identify/feed_fuzz.h"

extern const struct feed feed_osv;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return feed_fuzz(&feed_osv, "", data, size);
}
