#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "store/rollback_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer again = writer_with(64 * MIB);
    struct rollback_store store;
    struct error err;
    struct bytes bytes;

    if (!rollback_store_parse((struct bytes){data, size}, &arena, &store, &err))
        return 0;
    rollback_store_write(&store, &again);
    assert(writer_done(&again, &bytes, &err));
    assert(bytes.size == size && memcmp(bytes.at, data, size) == 0);
    return 0;
}
