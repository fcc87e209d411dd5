/*
 * What the tests of TUF metadata share: the signed samples of test/golden, which test/tuf_vectors.py makes.
 */
#ifndef TRUST_TUF_TESTING_H
#define TRUST_TUF_TESTING_H

#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"

/* The sample, in the arena. */
static inline struct bytes tuf_sample(struct arena *arena, const char *folder, const char *name)
{
    const char *golden = getenv("SUTURE_GOLDEN");
    struct bytes raw = {0};
    struct error err;
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s/%s", golden == NULL ? "test/golden" : golden, folder, name);
    assert_done(path, file_read(path, LIMIT_TUF_METADATA, arena, &raw, &err), &err);
    return raw;
}

#endif
