#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "trust/public_file.h"
#include "trust/signer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A public key that is read is written as one that reads the same; of a private one's file only what is known without its passphrase. */
static void read_public(struct bytes raw)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(LIMIT_PUBLIC_FILE * 2);
    struct tuf_key key, again;
    struct error err;

    if (!public_file_parse(raw, &arena, &key, &err))
        return;
    if (!public_file_write(&w, &key, &err) || !public_file_parse(writer_bytes(&w), &arena, &again, &err) ||
        !tuf_key_same(&key, &again) || !text_equal(key.person, again.person) || key.online != again.online)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signer_file file = {0};
    struct error err;

    read_public((struct bytes){data, size});
    if (signer_file_check((struct bytes){data, size}, &file, &err) && file.encrypted && file.rounds < 100000)
        abort();
    return 0;
}
