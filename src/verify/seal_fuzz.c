#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json_canonical.h"
#include "verify/seal.h"
#include "verify/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as the same, and verdicts can be made of whatever was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_EVIDENCE_MEMORY);
    OWN(writer_end) struct writer first = writer_with(LIMIT_EVIDENCE_RECORD);
    OWN(writer_end) struct writer second = writer_with(LIMIT_EVIDENCE_RECORD);
    OWN(json_end) struct json_document document = {0};
    struct evidence evidence, again;
    struct error err;
    struct seal seal;

    if (!seal_parse((struct bytes){data, size}, &arena, &seal, &evidence, &err))
        return 0;
    struct json_writer j = json_writer_with(&first, false);
    seal_write_evidence(&j, &evidence, &arena);
    if (!json_parse(writer_bytes(&first), LIMIT_EVIDENCE_RECORD, &document, &err) ||
        !seal_read_evidence(json_root(&document), &arena, &again, &err))
        abort();
    j = json_writer_with(&second, false);
    seal_write_evidence(&j, &again, &arena);
    if (first.size != second.size || memcmp(first.at, second.at, first.size) != 0)
        abort();
    if (!verdict_make(&again, &arena, &err) && err.kind != ERROR_LIMIT)
        abort();
    (void)verdict_count_holes(&again);
    (void)verdict_worst(&again);
    return 0;
}
