#include <stdint.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "identify/statements.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written again, and that reads as the same number of statements. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(statements_end) struct statements_writer writer = statements_begin();
    struct feed_sink sink = statements_sink(&writer);
    struct statements_head first, second;
    struct bytes again;
    struct error err;

    if (!statements_replay((struct bytes){data, size}, &sink, &arena, &err))
        return 0;
    if (!statements_look((struct bytes){data, size}, &first, &err) ||
        !statements_done(&writer, &again, &err) || !statements_look(again, &second, &err) ||
        !statements_replay(again, &(struct feed_sink){0}, &arena, &err))
        abort();
    for (size_t kind = STATEMENT_ADVISORY; kind < STATEMENT_KIND_COUNT; kind++)
        if (first.counts[kind] != second.counts[kind])
            abort();
    return 0;
}
