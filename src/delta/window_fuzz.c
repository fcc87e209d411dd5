/*
 * A whole window: its old image, how many bytes there will be, and the coded bytes are the input.
 *
 *     u16 size of the old image, u32 of the new one, u8 how they are cut into pieces; the old image; the window
 */
#include <assert.h>

#include "base/limits.h"
#include "base/reader.h"
#include "delta/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NEW_MAX 200000

struct counted {
    uint64_t got, announced;
    uint8_t sum;
};

static bool count_bytes(void *self, struct bytes bytes, struct error *err)
{
    struct counted *counted = self;
    uint8_t sum = 0;

    (void)err;
    for (size_t i = 0; i < bytes.size; i++)
        sum ^= bytes.at[i]; /* touches it: the sanitizer looks */
    counted->got += bytes.size;
    counted->sum ^= sum;
    assert(counted->got <= counted->announced);
    return true;
}

/* Two pieces, the first of so many 16ths. */
static void cut(struct window_piece pieces[2], uint32_t size, unsigned share)
{
    pieces[0] = (struct window_piece){0, (uint32_t)((uint64_t)size * share / 15)};
    pieces[1] = (struct window_piece){pieces[0].size, size - pieces[0].size};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_with((struct bytes){data, size});
    uint32_t old_size = reader_u16(&r), new_size = reader_u32(&r) % NEW_MAX;
    uint8_t share = reader_u8(&r);
    struct bytes old_bytes = reader_take(&r, old_size), coded = reader_take(&r, reader_left(&r));
    struct window_piece old_pieces[2], new_pieces[2];
    struct counted counted = {.announced = new_size};
    struct error err;

    if (!reader_ok(&r))
        return 0;
    cut(old_pieces, old_size, share & 15);
    cut(new_pieces, new_size, share >> 4);
    struct window_image old = {old_bytes, old_pieces, 2}, new = {{NULL, 0}, new_pieces, 2};
    if (window_decode(&old, &new, coded, (struct window_sink){count_bytes, &counted}, &err))
        assert(counted.got == new_size);
    return 0;
}
