#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read, written and read again is the same key, and has the same id. */
static void check_key(const struct tuf_key *key, struct arena *arena)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    OWN(json_end) struct json_document document = {0};
    struct json_writer j = json_writer_with(&w, false);
    struct text id, again_id;
    struct tuf_key again;
    struct error err;

    tuf_key_write(&j, key);
    if (!writer_ok(&w) || !json_parse(writer_bytes(&w), MIB, &document, &err) ||
        !tuf_key_parse(key->id, json_root(&document), arena, &again, &err) || !tuf_key_same(key, &again) ||
        !tuf_key_make_id(key, arena, &id, &err) || !tuf_key_make_id(&again, arena, &again_id, &err) ||
        !text_equal(id, again_id))
        __builtin_trap();
}

/* A key from outside is one that can be written again and that nothing signs by itself. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[LIMIT_TUF_SIGNATURE];
    static const size_t sizes[] = {0, 1, 8, 64, 256, 512, LIMIT_TUF_SIGNATURE};
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(json_end) struct json_document document = {0};
    struct tuf_key key;
    struct error err;

    if (!json_parse((struct bytes){data, size}, MIB, &document, &err) ||
        !tuf_key_parse(TEXT("id"), json_root(&document), &arena, &key, &err))
        return 0;
    if (!tuf_key_same(&key, &key))
        __builtin_trap();
    if (key.scheme == TUF_SCHEME_UNKNOWN)
        return 0;
    check_key(&key, &arena);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        if (tuf_key_verify(&key, BYTES("what is signed"), (struct bytes){zeros, sizes[i]}, &err) ||
            err.kind != ERROR_TRUST)
            __builtin_trap();
    return 0;
}
