#include <stdint.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/supplement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool nothing_is_there(void *self, size_t index, struct writer *out, struct error *err)
{
    (void)self;
    (void)out;
    return error_set(err, ERROR_ABSENT, "part %zu", index);
}

/* Of this base (its identity is in the corpus) every part is missing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct base_part parts[] = {
        {TEXT("/usr/bin/a"), BASE_FILE, {DIGEST_MD5, {1}}},
        {TEXT("/usr/share/doc/a"), BASE_DOC, {DIGEST_MD5, {2}}},
        {TEXT("/usr/share/doc/b"), BASE_DOC, {DIGEST_MD5, {3}}},
        {TEXT("/etc/a"), BASE_CONFFILE, {DIGEST_MD5, {4}}},
    };
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct base base = {.parts = parts, .part_count = 4, .read = nothing_is_there}, with;
    struct supplement supplement;
    struct error err;

    if (!supplement_read((struct bytes){data, size}, &base, &arena, &supplement, &err) ||
        !base_with_supplements(&base, &supplement, 1, &arena, &with, &err))
        return 0;
    for (size_t i = 0; i < base.part_count; i++) {
        OWN(writer_end) struct writer out = writer_with(MIB);
        (void)!with.read(with.self, i, &out, &err);
    }
    return 0;
}
