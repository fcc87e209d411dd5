#include <stdint.h>

#include "trust/gpgv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct text allowed[] = {{"0123456789ABCDEF0123456789ABCDEF01234567", 40}};
    struct gpgv_signers signers = {0};
    struct error err;

    for (size_t threshold = 1; threshold <= 2; threshold++) {
        struct gpgv_rule any = {.threshold = threshold};
        struct gpgv_rule one = {.fingerprints = allowed, .fingerprint_count = 1, .threshold = threshold};
        if (gpgv_judge((struct bytes){data, size}, &any, &signers, &err) && signers.count < threshold)
            __builtin_trap();
        if (gpgv_judge((struct bytes){data, size}, &one, &signers, &err) && threshold > 1)
            __builtin_trap(); /* one allowed key can never be two signers */
    }
    return 0;
}
