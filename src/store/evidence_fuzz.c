#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evidence_head head;
    struct error err;

    if (evidence_head_parse((struct bytes){data, size}, &head, &err) &&
        (head.number > LIMIT_EVIDENCE_RECORDS || head.chain[EVIDENCE_CHAIN_SIZE - 1] != 0))
        abort();
    return 0;
}
