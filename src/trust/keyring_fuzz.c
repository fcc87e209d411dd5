#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "trust/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const wanted[] = {"0123456789ABCDEF0123456789ABCDEF01234567",
                                         "4D64FEC119C2029067D6E791F8D2585B8783D481"};
    const struct keyring_wanted some = {wanted, 2};
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct bytes packets, trimmed, again;
    uint64_t found, found_again;
    struct error err;

    if (!keyring_packets((struct bytes){data, size}, &arena, &packets, &err) ||
        !keyring_trim(packets, &some, &arena, &trimmed, &found, &err))
        return 0;
    if (trimmed.size > packets.size || (found == 0) != (trimmed.size == 0))
        __builtin_trap();
    if (!keyring_trim(trimmed, &some, &arena, &again, &found_again, &err) || found_again != found ||
        again.size != trimmed.size)
        __builtin_trap(); /* what was kept is kept */
    return 0;
}
