#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/agent_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted can be written, and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct writer w = writer_with(64 * KIB);
    struct agent_enrolled got;
    struct error err;

    if (agent_enrolled_parse((struct bytes){data, size}, &got, &err)) {
        agent_enrolled_write(&w, &got);
        if (!agent_enrolled_parse(writer_bytes(&w), &got, &err))
            abort();
    }
    writer_end(&w);
    return 0;
}
