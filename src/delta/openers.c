#include "delta/openers.h"

#include "delta/opener_memory.h"

extern const struct opener opener_elf, opener_gzip, opener_lz4, opener_mo, opener_vmlinuz, opener_xz,
    opener_zip;

static const struct opener *const openers[OPENER_KIND_COUNT] = {
    [OPENER_GZIP] = &opener_gzip, [OPENER_ZIP] = &opener_zip,         [OPENER_XZ] = &opener_xz,
    [OPENER_MO] = &opener_mo,     [OPENER_VMLINUZ] = &opener_vmlinuz, [OPENER_ELF] = &opener_elf,
    [OPENER_LZ4] = &opener_lz4,
};

const struct opener *openers_get(unsigned kind)
{
    return kind < OPENER_KIND_COUNT ? openers[kind] : NULL;
}

static bool closes_again(const struct opener *opener, struct bytes settings, struct bytes image,
                         struct bytes file, struct error *err)
{
    size_t image_size = image.size, file_size = file.size;

    if (!opener->close(settings, memory_source(&image), image_size, file_size, memory_compare(&file), err))
        return false;
    if (file.size > 0)
        return error_set(err, ERROR_INPUT, "closes to fewer bytes");
    return true;
}

/* settings NULL: of an old file. */
static bool try_one(const struct opener *opener, struct bytes file, size_t image_max, struct writer *image,
                    struct writer *settings, struct error *err)
{
    size_t image_at = image->size, settings_at = settings == NULL ? 0 : settings->size;

    if (!opener->open(file, image_max, image, settings, err))
        return false;
    if (settings == NULL)
        return true;
    return closes_again(opener, memory_since(settings, settings_at), memory_since(image, image_at), file,
                        err);
}

/* Forgets what was appended; a file that cannot be opened for want of room stays closed as well. */
static void back_to(struct writer *w, size_t size)
{
    if (w != NULL) {
        w->size = size;
        w->failed = false;
    }
}

static enum opener_kind choose(struct bytes file, size_t image_max, struct writer *image,
                               struct writer *settings)
{
    size_t image_at = image->size, settings_at = settings == NULL ? 0 : settings->size;
    struct error ignored; /* why it stays closed interests nobody */

    for (unsigned kind = OPENER_NONE + 1; kind < OPENER_KIND_COUNT; kind++) {
        if (openers[kind] == NULL || !openers[kind]->knows(file))
            continue;
        if (try_one(openers[kind], file, image_max, image, settings, &ignored))
            return (enum opener_kind)kind;
        back_to(image, image_at);
        back_to(settings, settings_at);
    }
    return OPENER_NONE;
}

bool openers_choose(struct bytes file, size_t image_max, enum opener_kind *kind, struct writer *image,
                    struct writer *settings, struct error *err)
{
    if (!writer_ok(image) || !writer_ok(settings))
        return error_set(err, ERROR_LIMIT, "no room for what is opened");
    *kind = choose(file, image_max, image, settings);
    return true;
}

bool openers_choose_old(struct bytes file, size_t image_max, enum opener_kind *kind, struct writer *image,
                        struct error *err)
{
    if (!writer_ok(image))
        return error_set(err, ERROR_LIMIT, "no room for what is opened");
    *kind = choose(file, image_max, image, NULL);
    return true;
}
