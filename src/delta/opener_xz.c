/*
 * xz files of one stream, as kernel modules are (.ko.xz). The image is what was packed; the settings are in xz_way.h.
 *
 * Closing needs what packing needs: for the modules of Debian 12 MB, for a kernel 350.
 */
#include "delta/opener_memory.h"
#include "delta/pour.h"
#include "delta/xz_way.h"

static bool xz_knows(struct bytes file)
{
    static const uint8_t magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};

    return file.size >= sizeof(magic) && memcmp(file.at, magic, sizeof(magic)) == 0;
}

static bool xz_open(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                    struct error *err)
{
    size_t begin = image->size, used;
    struct xz_way way;

    if (!xz_way_read(file, &way, err) || !xz_way_unpack(file, image_max, image, &used, err))
        return false;
    if (used != file.size)
        return error_set(err, ERROR_INPUT, "xz: something else behind it");
    if (settings == NULL)
        return true;
    if (!xz_way_find(memory_since(image, begin), file, &way))
        return error_set(err, ERROR_INPUT, "xz: packed in a way that is not known");
    xz_way_put_settings(&way, settings);
    return writer_done(settings, &(struct bytes){0}, err);
}

static bool xz_close(struct bytes settings, struct opener_source source, size_t image_size, size_t file_size,
                     struct opener_sink sink, struct error *err)
{
    struct draw draw = draw_with(source, image_size, false);
    struct pour pour;
    struct xz_way way;

    pour_begin(&pour, sink, file_size);
    return xz_way_from_settings(settings, &way, err) &&
           xz_way_pack(&way, draw_source(&draw), pour_sink(&pour), err) && pour_end(&pour, err);
}

const struct opener opener_xz = {"xz", xz_knows, xz_open, xz_close};
