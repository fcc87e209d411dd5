#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/agent_chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted is written again to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct agent_entry entries[AGENT_CHUNK_ENTRIES];
    struct bytes raw = {data, size};
    struct agent_chunk chunk;
    struct error err;
    size_t count = 0;

    if (!agent_chunk_parse(raw, &chunk, &err))
        return 0;
    struct agent_chunk_walk walk = agent_chunk_walk_with(&chunk);
    while (count < AGENT_CHUNK_ENTRIES && agent_chunk_next(&walk, &entries[count]))
        count++;
    struct writer w = writer_with(size + 1);
    if (count != chunk.count)
        abort();
    agent_chunk_write(&w, chunk.bucket, entries, count);
    struct bytes written = writer_bytes(&w);
    if (!writer_ok(&w) || written.size != size || memcmp(written.at, data, size) != 0)
        abort();
    writer_end(&w);
    return 0;
}
