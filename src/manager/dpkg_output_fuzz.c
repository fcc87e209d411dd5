#include <stdint.h>

#include "base/limits.h"
#include "manager/dpkg_output.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct trusted_artifact artifact = {
        .name = {"alpha", 5}, .arch = {"all", 3}, .version = {"1.1", 3}, .digest = {DIGEST_SHA256, {0}}};
    const struct package_group group = {.artifacts = &artifact, .artifact_count = 1};
    struct bytes raw = {data, size};
    struct arena arena = arena_with(64 * MIB);
    struct package_outcome outcome = {0};
    struct package_changes changes;
    struct dpkg_states states;
    struct error err;

    (void)!dpkg_output_read(raw, &group, &arena, &outcome, &err);
    (void)!dpkg_simulation_read(raw, &arena, &changes, &err);
    (void)!dpkg_states_read(raw, &arena, &states, &err);
    arena_end(&arena);
    return 0;
}
