/* The whole decoder: the input is a delta, and what it says of its base is believed, so that all that follows is met. */
#include <assert.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "delta/codec_testing.h"
#include "delta/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_HERE (4 * MIB) /* of anything: what may be large is tested elsewhere */

static bool is_small(const struct delta *delta)
{
    uint64_t read = 0;

    for (size_t i = 0; i < delta->window_count; i++)
        read += delta->windows[i].old_size + (uint64_t)delta->windows[i].old_count * TEXT_SIZE;
    for (size_t i = 0; i < delta->part_count; i++)
        read += delta->parts[i].same != DELTA_NEW ? TEXT_SIZE : delta->parts[i].file_size;
    return delta->image_size <= SIZE_MAX_HERE && delta->output_size <= SIZE_MAX_HERE && read <= SIZE_MAX_HERE;
}

static void decode(struct delta *delta, struct bytes file, struct codec_base *base)
{
    OWN(writer_end) struct writer out = writer_with((size_t)delta->output_size);
    OWN(own_fd) int spool = -1;
    struct digest identity, made;
    struct error err = {0};

    base->base.kind = delta->base_kind;
    if (!base_identity(&base->base, &identity, &err) || !os_memory_file((struct bytes){0}, &spool, &err))
        abort();
    memcpy(delta->identity, identity.at, DELTA_IDENTITY_SIZE);
    struct decode_work work = {.spool = spool, .sink = {codec_put, &out}, .memory_max = 512 * MIB};
    bool done = delta_decode(delta, file, &base->base, &work, NULL, &err);
    off_t room = lseek(spool, 0, SEEK_END);
    assert(room >= 0 && (uint64_t)room <= delta_room(delta));
    assert(strstr(err.text, "disk is full") == NULL); /* more bytes than announced never come */
    if (!done)
        return;
    assert(out.size == delta->output_size);
    assert(digest_bytes(DIGEST_SHA256, writer_bytes(&out), &made, &err) &&
           digest_equal(&made, &delta->output));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(own_memory) struct made *made = calloc(1, sizeof(*made));
    struct bytes file = {data, size};
    struct codec_base base;
    struct delta delta;
    struct error err = {0};

    if (made == NULL)
        abort();
    make(made);
    codec_base_with(&base, BASE_KIND_FOLDER, made->olds, sizeof(made->olds) / sizeof(*made->olds));
    if (delta_read(file, &arena, &delta, &err)) {
        if (is_small(&delta))
            decode(&delta, file, &base);
    } else {
        assert(err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT || err.kind == ERROR_CONFLICT);
    }
    return 0;
}
