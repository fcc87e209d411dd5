#include "identify/feed_fuzz.h"

extern const struct feed feed_distro_info;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return feed_fuzz(&feed_distro_info, "debian.csv", data, size);
}
