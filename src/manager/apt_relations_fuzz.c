/* What is read is written again to the same bytes, unless a number was spelled longer than it must be, which is refused. */
#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "manager/apt_relations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(writer_end) struct writer again = writer_with(16 * MIB);
    struct apt_relations relations;
    struct error err;

    if (!apt_relations_read((struct bytes){data, size}, &relations, &err))
        return 0;
    apt_relations_write(&relations, &again);
    struct bytes bytes = writer_bytes(&again);
    if (!writer_ok(&again) || bytes.size != size || memcmp(bytes.at, data, size) != 0)
        abort();
    return 0;
}
