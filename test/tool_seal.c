/*
 * Seals the evidence on standard input (the member "record" of suture.evidence/1, its verdicts made anew) into the state
 * folder that SUTURE_STATE names, as the end of a run does; prints the record's number. For tests.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/verify.h"
#include "verify/verdict.h"

static bool seal(struct arena *arena, struct seal *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    const char *state = os_environment("SUTURE_STATE");
    struct evidence evidence;
    struct bytes raw = {0};

    if (state == NULL)
        return error_set(err, ERROR_ABSENT, "SUTURE_STATE is not set");
    return file_read_stream("/dev/stdin", LIMIT_EVIDENCE_RECORD, arena, &raw, err) &&
           json_parse(raw, LIMIT_EVIDENCE_RECORD, &document, err) &&
           seal_read_evidence(json_root(&document), arena, &evidence, err) &&
           verdict_make(&evidence, arena, err) && verify_keep(state, &evidence, arena, out, err);
}

int main(void)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_EVIDENCE_MEMORY);
    struct seal sealed;
    struct error err = {0};

    if (!seal(&arena, &sealed, &err)) {
        fprintf(stderr, "tool_seal: %s\n", err.text);
        return 1;
    }
    printf("%" PRIu64 "\n", sealed.number);
    return 0;
}
