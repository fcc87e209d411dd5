/* One target for each opener, which the build names: OPENER. */
#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/opener_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IMAGE_MAX (256 * KIB)

extern const struct opener OPENER;

static void check_close(struct bytes settings, struct bytes image, size_t file_size)
{
    OWN(writer_end) struct writer closed = writer_with(file_size);
    struct error err;

    if (OPENER.close(settings, memory_source(&image), image.size, file_size, memory_sink(&closed), &err))
        assert(closed.size == file_size && image.size == 0);
    else
        assert(err.kind == ERROR_INPUT ||
               strstr(err.text, "bytes to write") == NULL); /* the sink's own limit */
}

static void check_open(struct bytes file)
{
    OWN(writer_end) struct writer image = writer_with(IMAGE_MAX), settings = writer_with(IMAGE_MAX);
    OWN(writer_end) struct writer old = writer_with(IMAGE_MAX);
    struct error err;

    bool opened = OPENER.open(file, IMAGE_MAX, &image, &settings, &err);
    assert(opened || err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT);
    if (!opened)
        return;
    /* Entries of a zip file that cannot be packed again are closed in the one and open in the other. */
    if (strcmp(OPENER.name, "zip") != 0) {
        assert(OPENER.open(file, IMAGE_MAX, &old, NULL, &err));
        assert(old.size == image.size && (old.size == 0 || memcmp(old.at, image.at, old.size) == 0));
    } else if (!OPENER.open(file, IMAGE_MAX, &old, NULL, &err)) {
        assert(err.kind == ERROR_LIMIT);
    }
    check_close(writer_bytes(&settings), writer_bytes(&image), file.size);
}

/* As a file to open; and as what closing is given: sizes of settings (1 byte) and file (3), settings, image. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_open((struct bytes){data, size});
    if (size < 4)
        return 0;
    size_t settings_size = data[0] < size - 4 ? data[0] : size - 4;
    size_t file_size = data[1] | (size_t)data[2] << 8 | (size_t)(data[3] & 3) << 16;
    check_close((struct bytes){data + 4, settings_size},
                (struct bytes){data + 4 + settings_size, size - 4 - settings_size}, file_size);
    return 0;
}
