/*
 * Openers: files whose bytes hide what is equal, and the reversible way to lay them open.
 *
 * Opening turns a file into an *opened image*, in which equal things look equal, and into *settings*, a few bytes that say how
 * this file is made from such an image. Closing is the inverse, to the bit: an encoder closes what it has opened and
 * leaves a file as it is (OPENER_NONE) where the bytes differ. Old files are opened only, by the opener that the delta
 * names, and their settings are dropped: so what an opener makes of a file never changes; a better way is a new opener.
 *
 * Singular files do, plural files list: opener_NAME.c is one, openers.h has the table of all; a delta names them by the
 * numbers below, which are for ever.
 */
#ifndef DELTA_OPENER_H
#define DELTA_OPENER_H

#include "base/bytes.h"
#include "base/writer.h"

enum opener_kind {
    OPENER_NONE, /* the file as it is */
    OPENER_GZIP, /* one member of zlib's deflate, as gzip -9n and others make it */
    OPENER_ZIP, /* zip and jar: entries inflated, in the order of the file, headers between them as they are */
    OPENER_XZ,  /* .xz of one stream, as kernel modules are */
    OPENER_MO,  /* GNU message catalogues: identifiers, then texts; tables made anew */
    OPENER_VMLINUZ, /* a kernel image for x86 with an xz, lz4 or gzip payload */
    OPENER_ELF,     /* an ELF file, without the index of its frames */
    OPENER_LZ4,     /* lz4's legacy form, as kernels are packed */
    OPENER_KIND_COUNT
};

struct opener_sink {
    bool (*put)(void *self, struct bytes bytes, struct error *err);
    void *self;
};

/* Where closing reads the opened image from, forward only. Fewer bytes than asked for only at its end. */
struct opener_source {
    bool (*get)(void *self, uint8_t *into, size_t size, size_t *got, struct error *err);
    void *self;
};

struct opener {
    const char *name;
    /* Whether the file looks like one; cheap. */
    bool (*knows)(struct bytes file);
    /*
     * Appends to both writers. settings NULL: an old file, that is only opened; nothing is tried then, so that this is
     * quick, and the image is the same, but for what inside it cannot be packed again (zip). ERROR_INPUT: not such a file
     * after all, or one that is made in another way; ERROR_LIMIT: opened it is more than image_max. After a failure the
     * writers hold anything behind what was there.
     */
    bool (*open)(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                 struct error *err);
    /* image_size: what the source will give. Never puts more than file_size bytes; the caller checks that they are the right ones. */
    bool (*close)(struct bytes settings, struct opener_source source, size_t image_size, size_t file_size,
                  struct opener_sink sink, struct error *err);
};

#endif
