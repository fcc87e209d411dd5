/*
 * Any bytes as a facts file: what opens is looked up in; nothing is read outside.
 */
#include <assert.h>

#include "identify/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const ids[] = {
        "CVE-1999-0001",  "CVE-2024-3094",       "CVE-2024-99999", "CVE-2117-16777215",
        "GHSA-jfh8-c2jp", "GHSA-jfh8-c2jp-5v3q", "TEMP-1",         ""};
    struct vulnerability v;
    struct facts facts;
    struct error err;

    if (!facts_open((struct bytes){data, size}, &facts, &err))
        return 0;
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        if (!facts_find(&facts, text_of(ids[i]), &v))
            continue;
        assert(text_equal(v.id, text_of(ids[i])) && v.score_count <= VULNERABILITY_SCORES_MAX);
        for (size_t j = 0; j < v.score_count; j++)
            assert(v.scores[j].vector.size <= 256 && v.scores[j].tenths <= 100);
    }
    assert(facts_exploited(&facts).size % 4 == 0);
    return 0;
}
