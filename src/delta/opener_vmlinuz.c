/*
 * Linux kernel images for x86 (bzImage), by the boot protocol from version 2.08 on (Documentation/arch/x86/boot.rst).
 *
 *     file:  set-up code with the header, decompressor; the packed kernel, behind it its size unless that is in it (gzip);
 *            the rest of the decompressor, at last a sum of everything
 *     image: the kernel as the packer's opener opens it, first, so that it is found to be an ELF file; then what was before
 *            it and behind it; the sum is a difference (by exclusive or) to the right one, zero
 *
 *     settings:
 *     u8        0: xz, 1: lz4, 2: gzip
 *     varint    size of the packed kernel, with its size behind
 *     ...       the settings of that opener
 *
 * Of the packers that kernels offer, zstd is missing: they take its level 22, which needs 800 MB to be packed again, and another
 * version of libzstd gives other bytes.
 */
#include <zlib.h>

#include "base/own.h"
#include "base/reader.h"
#include "delta/opener_memory.h"
#include "delta/openers.h"
#include "delta/pour.h"

#define SECTOR         512
#define SECTORS_AT     0x1f1 /* of the set-up code, less the first one */
#define BOOT_FLAG_AT   0x1fe
#define MAGIC_AT       0x202
#define VERSION_AT     0x206
#define PAYLOAD_AT     0x248 /* place behind the set-up code, size */
#define HEADER_END     0x250
#define VERSION_LEAST  0x208
#define SECTORS_OF_OLD 4 /* what 0 means */
#define SIZE_SIZE      4
#define SUM_SIZE       4

static const struct {
    enum opener_kind kind;
    bool size_behind;
} packers[] = {{OPENER_XZ, true}, {OPENER_LZ4, true}, {OPENER_GZIP, false}};

#define PACKER_COUNT (sizeof(packers) / sizeof(*packers))

struct kernel {
    size_t at, size; /* of the packed kernel, with its size behind */
    size_t tail_size;
    size_t packer;
};

static size_t u32_at(const uint8_t *at)
{
    return at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

static bool vmlinuz_knows(struct bytes file)
{
    return file.size >= HEADER_END && file.at[BOOT_FLAG_AT] == 0x55 && file.at[BOOT_FLAG_AT + 1] == 0xaa &&
           memcmp(file.at + MAGIC_AT, "HdrS", 4) == 0;
}

/* start: at least the header. */
static bool read_header(const uint8_t *start, size_t file_size, struct kernel *out, struct error *err)
{
    size_t sectors = start[SECTORS_AT] == 0 ? SECTORS_OF_OLD : start[SECTORS_AT];
    size_t place = u32_at(start + PAYLOAD_AT), size = u32_at(start + PAYLOAD_AT + 4);
    unsigned version = start[VERSION_AT] | (unsigned)start[VERSION_AT + 1] << 8;

    if (version < VERSION_LEAST)
        return error_set(err, ERROR_INPUT, "vmlinuz: boot protocol 0x%x", version);
    out->at = (sectors + 1) * SECTOR + place;
    if (out->at < HEADER_END || out->at > file_size || size > file_size - out->at || size < SIZE_SIZE ||
        file_size - out->at - size < SUM_SIZE)
        return error_set(err, ERROR_INPUT, "vmlinuz: the kernel does not lie in the file");
    out->size = size;
    out->tail_size = file_size - out->at - size;
    return true;
}

/* What the packer's opener gets. */
static size_t packed_size(const struct kernel *kernel)
{
    return kernel->size - (packers[kernel->packer].size_behind ? SIZE_SIZE : 0);
}

static bool find_packer(struct bytes file, struct kernel *kernel, struct error *err)
{
    for (size_t i = 0; i < PACKER_COUNT; i++) {
        kernel->packer = i;
        if (openers_get(packers[i].kind)->knows((struct bytes){file.at + kernel->at, packed_size(kernel)}))
            return true;
    }
    return error_set(err, ERROR_INPUT, "vmlinuz: packed in a way that is not known");
}

static void put_rest(struct bytes file, const struct kernel *kernel, struct writer *image)
{
    size_t sum_at = file.size - SUM_SIZE;
    uint32_t sum = ~(uint32_t)crc32_z(0, file.at, sum_at) ^ (uint32_t)u32_at(file.at + sum_at);

    writer_put(image, (struct bytes){file.at, kernel->at});
    writer_put(image, (struct bytes){file.at + file.size - kernel->tail_size, kernel->tail_size - SUM_SIZE});
    writer_u32(image, sum);
}

static bool vmlinuz_open(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                         struct error *err)
{
    size_t begin = image->size;
    struct kernel kernel;

    if (!vmlinuz_knows(file))
        return error_set(err, ERROR_INPUT, "vmlinuz: no such file");
    if (!read_header(file.at, file.size, &kernel, err) || !find_packer(file, &kernel, err))
        return false;
    size_t rest_size = file.size - kernel.size;
    if (rest_size > image_max)
        return error_set(err, ERROR_LIMIT, "vmlinuz: opens to more than the %zu bytes allowed", image_max);
    if (settings != NULL) {
        writer_byte(settings, (uint8_t)kernel.packer);
        writer_varint(settings, kernel.size);
    }
    struct bytes packed = {file.at + kernel.at, packed_size(&kernel)};
    if (!openers_get(packers[kernel.packer].kind)->open(packed, image_max - rest_size, image, settings, err))
        return error_at(err, "vmlinuz");
    if (packed.size < kernel.size && u32_at(packed.at + packed.size) != image->size - begin)
        return error_set(err, ERROR_INPUT, "vmlinuz: the size behind the kernel is not its own");
    put_rest(file, &kernel, image);
    return writer_done(image, &(struct bytes){0}, err);
}

/* So many bytes of the image as they are. */
static bool copy(struct draw *draw, size_t size, struct pour *pour, struct error *err)
{
    uint8_t piece[4096];

    while (size > 0) {
        size_t part = size < sizeof(piece) ? size : sizeof(piece);
        if (!draw_exactly(draw, piece, part, err) || !pour_put(pour, (struct bytes){piece, part}, err))
            return false;
        size -= part;
    }
    return true;
}

/* The kernel comes first, and goes out behind what is before it: it waits packed. */
static bool pack_kernel(struct reader *settings, struct draw *draw, size_t plain_size,
                        const struct kernel *kernel, struct writer *packed, struct error *err)
{
    struct bytes inner = reader_take(settings, reader_left(settings));

    if (!openers_get(packers[kernel->packer].kind)
             ->close(inner, draw_source(draw), plain_size, packed_size(kernel), memory_sink(packed), err))
        return error_at(err, "vmlinuz");
    if (packers[kernel->packer].size_behind)
        writer_u32(packed, (uint32_t)plain_size);
    return writer_done(packed, &(struct bytes){0}, err);
}

static bool close_rest(struct draw *draw, size_t file_size, struct bytes packed, struct pour *pour,
                       struct error *err)
{
    uint8_t start[HEADER_END], sum[SUM_SIZE];
    struct kernel kernel;

    if (!draw_exactly(draw, start, sizeof(start), err) || !read_header(start, file_size, &kernel, err))
        return false;
    if (kernel.size != packed.size)
        return error_set(err, ERROR_INPUT, "vmlinuz: a kernel of another size than the settings say");
    return pour_put(pour, (struct bytes){start, sizeof(start)}, err) &&
           copy(draw, kernel.at - HEADER_END, pour, err) && pour_put(pour, packed, err) &&
           copy(draw, kernel.tail_size - SUM_SIZE, pour, err) && draw_exactly(draw, sum, SUM_SIZE, err) &&
           pour_u32(pour, (uint32_t)u32_at(sum) ^ ~pour->crc, err) && pour_end(pour, err);
}

static bool vmlinuz_close(struct bytes settings, struct opener_source source, size_t image_size,
                          size_t file_size, struct opener_sink sink, struct error *err)
{
    struct draw draw = draw_with(source, image_size, false);
    OWN(writer_end) struct writer packed = writer_with(file_size);
    struct reader r = reader_with(settings);
    struct kernel kernel = {0};
    struct pour pour;

    kernel.packer = reader_u8(&r);
    kernel.size = reader_varint_max(&r, UINT32_MAX);
    if (!reader_ok(&r) || kernel.packer >= PACKER_COUNT || kernel.size < SIZE_SIZE)
        return error_set(err, ERROR_INPUT, "vmlinuz: settings that are none");
    if (kernel.size > file_size || file_size - kernel.size > image_size)
        return error_set(err, ERROR_INPUT, "vmlinuz: the kernel does not lie in the file");
    size_t plain_size = image_size - (file_size - kernel.size);
    pour_begin(&pour, sink, file_size);
    pour.sums = true;
    return pack_kernel(&r, &draw, plain_size, &kernel, &packed, err) &&
           close_rest(&draw, file_size, writer_bytes(&packed), &pour, err);
}

const struct opener opener_vmlinuz = {"vmlinuz", vmlinuz_knows, vmlinuz_open, vmlinuz_close};
