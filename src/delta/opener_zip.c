/*
 * zip files and what is built like them (jar, wheel, OpenDocument), without zip64.
 *
 *     file:  for each entry a local header, its data, perhaps a descriptor; the central directory, a header for each entry in
 *            the same order; the end
 *     image: the same, but
 *            - deflated data are inflated
 *            - the sum and the packed size in a local header are zero, and the true size stands there even where the file has
 *              zeros, and a descriptor behind the data (FLAG_DESCRIPTOR); that is left out
 *            - what a central header repeats of the local one, its place, and the sizes in the end are differences to what is
 *              right (by exclusive or): zeros
 *            An entry that cannot be packed again stays as it is, with its sum and its packed size, which is not zero. Opened
 *            as an old file it is inflated, since nobody asks how it was packed.
 *
 *     settings: nothing when all entries are packed in the usual way; else runs:
 *     varint    way of packing (enum deflater_way)
 *     varint    how many inflated entries it holds for, less one; not behind the last way, which holds for the rest
 */
#include <zlib.h>

#include "base/own.h"
#include "base/reader.h"
#include "delta/deflater.h"
#include "delta/inflater.h"
#include "delta/opener_memory.h"
#include "delta/pour.h"

#define LOCAL_MAGIC      UINT32_C(0x04034b50)
#define CENTRAL_MAGIC    UINT32_C(0x02014b50)
#define END_MAGIC        UINT32_C(0x06054b50)
#define DESCRIPTOR_MAGIC UINT32_C(0x08074b50)
#define LOCAL_SIZE       30
#define CENTRAL_SIZE     46
#define END_SIZE         22
#define DESCRIPTOR_SIZE  16
/* Of a local header, and two bytes on in a central one: version, flags, method, time, date, sum, packed size, size. */
#define SHARED_AT   4
#define SHARED_SIZE 22
#define SUM_AT      14
/* Places in central header and end. */
#define LOCAL_AT        42
#define END_COUNTS_AT   8
#define END_SIZES_AT    12
#define END_COMMENT_AT  20

#define FLAG_DESCRIPTOR 8
#define METHOD_STORED   0
#define METHOD_DEFLATE  8
#define USUAL_WAY       DEFLATER_ZLIB_9

/* A local header that has been read. */
struct local {
    uint8_t at[LOCAL_SIZE];
    unsigned flags, method;
    uint32_t sum, packed_size, size;
    size_t names_size; /* name and extra field */
};

/* What central headers repeat of each entry. */
struct row {
    uint8_t shared[SHARED_SIZE];
    uint32_t at;
};

static uint32_t u32_at(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static unsigned u16_at(const uint8_t *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static void set_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void xor_u32(uint8_t *at, size_t value)
{
    set_u32(at, u32_at(at) ^ (uint32_t)value);
}

static void read_local(struct local *local)
{
    local->flags = u16_at(local->at + 6);
    local->method = u16_at(local->at + 8);
    local->sum = u32_at(local->at + SUM_AT);
    local->packed_size = u32_at(local->at + SUM_AT + 4);
    local->size = u32_at(local->at + SUM_AT + 8);
    local->names_size = u16_at(local->at + 26) + (size_t)u16_at(local->at + 28);
}

static void set_sizes(uint8_t *at, uint32_t sum, uint32_t packed_size, uint32_t size)
{
    set_u32(at, sum);
    set_u32(at + 4, packed_size);
    set_u32(at + 8, size);
}

/* The same both ways: a central header, and the differences to what it should be. */
static void turn_central(uint8_t *header, const struct row *row)
{
    for (size_t i = 0; i < SHARED_SIZE; i++)
        header[SHARED_AT + 2 + i] ^= row->shared[i];
    xor_u32(header + LOCAL_AT, row->at);
}

static void turn_end(uint8_t *end, size_t count, size_t directory_at, size_t directory_size)
{
    for (size_t i = 0; i < 4; i++) /* entries of this disk, and of all */
        end[END_COUNTS_AT + i] ^= (uint8_t)(count >> (8 * (i % 2)));
    xor_u32(end + END_SIZES_AT, directory_size);
    xor_u32(end + END_SIZES_AT + 4, directory_at);
}

static size_t names_of_central(const uint8_t *header)
{
    return u16_at(header + 28) + (size_t)u16_at(header + 30) + u16_at(header + 32);
}

static bool zip_knows(struct bytes file)
{
    return file.size >= LOCAL_SIZE + END_SIZE && u32_at(file.at) == LOCAL_MAGIC;
}

/* What opening knows while it goes through a file. */
struct zip {
    struct bytes file;
    size_t count, directory_at, end_at;
    size_t at; /* of the next local header */
    size_t image_max, image_begin;
    struct writer *image;
    struct writer *settings; /* NULL: of an old file */
    struct writer rows;
    size_t closed_size; /* of entries that cannot be packed again */
    enum deflater_way way;
    uint64_t run; /* entries that it held for */
    bool runs;    /* one is noted */
};

static void own_zip(struct zip *zip)
{
    writer_end(&zip->rows);
}

static bool find_end(struct zip *zip, struct error *err)
{
    struct bytes file = zip->file;
    size_t back_max = file.size < UINT16_MAX + END_SIZE ? file.size : UINT16_MAX + END_SIZE, back = END_SIZE;

    for (; back <= back_max; back++) {
        const uint8_t *end = file.at + file.size - back;
        if (u32_at(end) == END_MAGIC && u16_at(end + END_COMMENT_AT) == back - END_SIZE)
            break;
    }
    if (back > back_max)
        return error_set(err, ERROR_INPUT, "zip: without an end");
    zip->end_at = file.size - back;
    const uint8_t *end = file.at + zip->end_at;
    uint32_t size = u32_at(end + END_SIZES_AT);
    zip->count = u16_at(end + END_COUNTS_AT);
    zip->directory_at = u32_at(end + END_SIZES_AT + 4);
    if (u32_at(end + 4) != 0 || u16_at(end + END_COUNTS_AT + 2) != zip->count || size > zip->end_at ||
        zip->directory_at != zip->end_at - size || zip->count > size / CENTRAL_SIZE)
        return error_set(err, ERROR_INPUT, "zip: the directory is not where the end says");
    return true;
}

static bool put(struct zip *zip, const uint8_t *at, size_t size, struct error *err)
{
    if (size > zip->image_max - (zip->image->size - zip->image_begin))
        return error_set(err, ERROR_LIMIT, "zip: opens to more than the %zu bytes allowed", zip->image_max);
    writer_put(zip->image, (struct bytes){at, size});
    return writer_done(zip->image, &(struct bytes){0}, err);
}

/* One more entry of that way. */
static void note_way(struct zip *zip, enum deflater_way way)
{
    if (zip->way != way) {
        if (zip->run > 0) {
            writer_varint(zip->settings, zip->way);
            writer_varint(zip->settings, zip->run - 1);
            zip->runs = true;
        }
        zip->way = way;
        zip->run = 0;
    }
    zip->run++;
}

/* Appends what the entry holds; false, and nothing appended, when it must stay as it is. */
static bool inflate_entry(struct zip *zip, struct bytes packed, const struct local *local)
{
    size_t begin = zip->image->size, used = 0;
    enum deflater_way way;
    struct error ignored; /* that it stays as it is is an answer */

    if (inflater_run(packed, local->size, zip->image, &used, &ignored) && used == packed.size) {
        struct bytes plain = memory_since(zip->image, begin);
        if (plain.size == local->size && (uint32_t)crc32_z(0, plain.at, plain.size) == local->sum) {
            if (zip->settings == NULL)
                return true;
            if (deflater_find(plain, packed, zip->way, &way)) {
                note_way(zip, way);
                return true;
            }
        }
    }
    zip->image->size = begin;
    zip->image->failed = false;
    return false;
}

static bool open_data(struct zip *zip, const struct local *local, uint8_t *header, struct error *err)
{
    struct bytes data = {zip->file.at + zip->at, local->packed_size};
    size_t header_at = (size_t)(header - zip->image->at);
    bool opened = false;

    if (local->method == METHOD_DEFLATE) {
        if (local->size > zip->image_max - (zip->image->size - zip->image_begin))
            return error_set(err, ERROR_LIMIT, "zip: opens to more than the %zu bytes allowed",
                             zip->image_max);
        opened = inflate_entry(zip, data, local);
    } else if (local->method == METHOD_STORED && local->size == data.size &&
               (uint32_t)crc32_z(0, data.at, data.size) == local->sum) {
        opened = true;
        if (!put(zip, data.at, data.size, err))
            return false;
    }
    if (opened) {
        set_sizes(zip->image->at + header_at + SUM_AT, 0, 0, local->size);
        return true;
    }
    if (data.size == 0)
        return error_set(err, ERROR_INPUT, "zip: an entry without data that has a size");
    zip->closed_size += data.size;
    return put(zip, data.at, data.size, err);
}

/* What is left of the file's entries; the central directory begins there. */
static size_t left_of(const struct zip *zip)
{
    return zip->directory_at - zip->at;
}

/* central: where sum and sizes always stand. */
static bool read_entry(struct zip *zip, const uint8_t *central, struct local *local, struct error *err)
{
    if (u32_at(central + LOCAL_AT) != zip->at || left_of(zip) < LOCAL_SIZE ||
        u32_at(zip->file.at + zip->at) != LOCAL_MAGIC)
        return error_set(err, ERROR_INPUT, "zip: an entry that is not at %zu", zip->at);
    memcpy(local->at, zip->file.at + zip->at, LOCAL_SIZE);
    read_local(local);
    const uint8_t *expected =
        local->flags & FLAG_DESCRIPTOR ? (const uint8_t[12]){0} : central + SHARED_AT + 2 + 10;
    if (memcmp(local->at + SUM_AT, expected, 12) != 0)
        return error_set(err, ERROR_INPUT, "zip: the headers of the entry at %zu differ", zip->at);
    memcpy(local->at + SUM_AT, central + SHARED_AT + 2 + 10, 12);
    read_local(local);
    if (local->names_size > left_of(zip) - LOCAL_SIZE ||
        local->packed_size > left_of(zip) - LOCAL_SIZE - local->names_size)
        return error_set(err, ERROR_INPUT, "zip: the entry at %zu is larger than the file", zip->at);
    return true;
}

static bool skip_descriptor(struct zip *zip, const struct local *local, struct error *err)
{
    uint8_t expected[DESCRIPTOR_SIZE];

    if (!(local->flags & FLAG_DESCRIPTOR))
        return true;
    set_u32(expected, DESCRIPTOR_MAGIC);
    set_sizes(expected + 4, local->sum, local->packed_size, local->size);
    if (left_of(zip) < DESCRIPTOR_SIZE || memcmp(zip->file.at + zip->at, expected, DESCRIPTOR_SIZE) != 0)
        return error_set(err, ERROR_INPUT, "zip: no descriptor at %zu", zip->at);
    zip->at += DESCRIPTOR_SIZE;
    return true;
}

static bool open_entry(struct zip *zip, const uint8_t *central, struct error *err)
{
    size_t header_at = zip->image->size;
    struct local local;

    if (!read_entry(zip, central, &local, err))
        return false;
    struct row row = {.at = (uint32_t)zip->at};
    memcpy(row.shared, local.at + SHARED_AT, SHARED_SIZE);
    writer_put(&zip->rows, (struct bytes){(const uint8_t *)&row, sizeof(row)});
    if (!put(zip, local.at, LOCAL_SIZE, err) ||
        !put(zip, zip->file.at + zip->at + LOCAL_SIZE, local.names_size, err))
        return false;
    zip->at += LOCAL_SIZE + local.names_size;
    if (!open_data(zip, &local, zip->image->at + header_at, err))
        return false;
    zip->at += local.packed_size;
    return skip_descriptor(zip, &local, err);
}

static bool open_entries(struct zip *zip, struct error *err)
{
    struct reader r =
        reader_with((struct bytes){zip->file.at + zip->directory_at, zip->end_at - zip->directory_at});

    for (size_t i = 0; i < zip->count; i++) {
        const uint8_t *central = reader_take(&r, CENTRAL_SIZE).at;
        if (!reader_ok(&r) || u32_at(central) != CENTRAL_MAGIC)
            return error_set(err, ERROR_INPUT, "zip: header %zu of the directory is none", i);
        reader_skip(&r, names_of_central(central));
        if (!open_entry(zip, central, err))
            return false;
    }
    if (!reader_ok(&r) || reader_left(&r) > 0 || left_of(zip) > 0)
        return error_set(err, ERROR_INPUT, "zip: something between the entries and the end");
    return true;
}

/* Row by row as the entries were; their headers have been seen to be whole. */
static bool open_directory(struct zip *zip, struct error *err)
{
    struct row row;
    uint8_t header[CENTRAL_SIZE], end[END_SIZE];
    const uint8_t *at = zip->file.at + zip->directory_at;

    for (size_t i = 0; i < zip->count; i++) {
        memcpy(&row, zip->rows.at + i * sizeof(row), sizeof(row));
        memcpy(header, at, CENTRAL_SIZE);
        turn_central(header, &row);
        size_t names_size = names_of_central(header);
        if (!put(zip, header, CENTRAL_SIZE, err) || !put(zip, at + CENTRAL_SIZE, names_size, err))
            return false;
        at += CENTRAL_SIZE + names_size;
    }
    memcpy(end, at, END_SIZE);
    turn_end(end, zip->count, zip->directory_at, zip->end_at - zip->directory_at);
    return put(zip, end, END_SIZE, err) &&
           put(zip, at + END_SIZE, zip->file.size - zip->end_at - END_SIZE, err);
}

static bool zip_open(struct bytes file, size_t image_max, struct writer *image, struct writer *settings,
                     struct error *err)
{
    OWN(own_zip)
    struct zip zip = {
        .file = file,
        .image_max = image_max,
        .image_begin = image->size,
        .image = image,
        .settings = settings,
        .rows = writer_with(file.size), /* a row is smaller than the two headers it comes from */
        .way = USUAL_WAY,
    };

    if (!zip_knows(file))
        return error_set(err, ERROR_INPUT, "zip: no such file");
    if (!find_end(&zip, err) || !open_entries(&zip, err))
        return false;
    if (!writer_ok(&zip.rows))
        return error_set(err, ERROR_LIMIT, "zip: no memory for %zu entries", zip.count);
    if (!open_directory(&zip, err))
        return false;
    if (zip.closed_size > file.size / 2)
        return error_set(err, ERROR_INPUT, "zip: packed in a way that is not known");
    if (settings == NULL || (zip.way == USUAL_WAY && !zip.runs))
        return true;
    writer_varint(settings, zip.way);
    return writer_done(settings, &(struct bytes){0}, err);
}

/* What closing knows. */
struct unzip {
    struct draw draw;
    struct pour pour;
    size_t file_size;
    struct reader settings;
    enum deflater_way way;
    uint64_t run_left;
    struct writer rows;   /* struct row */
    struct writer packed; /* the data of one entry: its header, which comes first, has the sum and the size */
    struct writer names;
    size_t count, central_count, directory_at;
};

static void own_unzip(struct unzip *unzip)
{
    writer_end(&unzip->rows);
    writer_end(&unzip->packed);
    writer_end(&unzip->names);
}

static size_t poured(const struct unzip *unzip)
{
    return unzip->file_size - unzip->pour.left;
}

static bool next_way(struct unzip *unzip, struct error *err)
{
    struct reader *r = &unzip->settings;

    if (unzip->run_left == 0) {
        unzip->run_left = UINT64_MAX;
        if (reader_left(r) > 0)
            unzip->way = (enum deflater_way)reader_varint_max(r, DEFLATER_WAY_COUNT - 1);
        if (reader_left(r) > 0)
            unzip->run_left = reader_varint_max(r, UINT32_MAX) + 1;
        if (!reader_ok(r))
            return error_set(err, ERROR_INPUT, "zip: settings that are none");
    }
    unzip->run_left--;
    return true;
}

/* Bytes of the image that go out as they are, to a writer that cannot hold more than the rest of the file. */
static bool draw_into(struct unzip *unzip, struct writer *out, size_t size, struct error *err)
{
    uint8_t piece[4096];

    if (size > unzip->pour.left)
        return error_set(err, ERROR_INPUT, "closes to more than the bytes announced");
    writer_clear(out);
    while (size > 0) {
        size_t part = size < sizeof(piece) ? size : sizeof(piece);
        if (!draw_exactly(&unzip->draw, piece, part, err))
            return false;
        writer_put(out, (struct bytes){piece, part});
        size -= part;
    }
    return writer_done(out, &(struct bytes){0}, err);
}

static bool deflate_entry(struct unzip *unzip, struct local *local, struct error *err)
{
    struct draw part = draw_with(draw_source(&unzip->draw), local->size, true);

    if (local->size > unzip->draw.left)
        return error_set(err, ERROR_INPUT, "the image ends in the middle");
    writer_clear(&unzip->packed);
    unzip->packed.limit = unzip->pour.left;
    if (!next_way(unzip, err) ||
        !deflater_run(unzip->way, draw_source(&part), memory_sink(&unzip->packed), err))
        return false;
    local->sum = part.crc;
    return true;
}

static bool close_data(struct unzip *unzip, struct local *local, struct error *err)
{
    unzip->packed.limit = unzip->pour.left;
    if (local->packed_size != 0)
        return draw_into(unzip, &unzip->packed, local->packed_size, err);
    if (local->method == METHOD_DEFLATE) {
        if (!deflate_entry(unzip, local, err))
            return false;
    } else if (local->method == METHOD_STORED) {
        if (!draw_into(unzip, &unzip->packed, local->size, err))
            return false;
        local->sum = (uint32_t)crc32_z(0, unzip->packed.at, unzip->packed.size);
    } else {
        return error_set(err, ERROR_INPUT, "zip: an entry packed by method %u has no size", local->method);
    }
    local->packed_size = (uint32_t)unzip->packed.size;
    return true;
}

static bool close_entry(struct unzip *unzip, struct error *err)
{
    uint8_t descriptor[DESCRIPTOR_SIZE];
    struct local local;
    struct row row = {.at = (uint32_t)poured(unzip)};

    set_u32(local.at, LOCAL_MAGIC);
    if (!draw_exactly(&unzip->draw, local.at + 4, LOCAL_SIZE - 4, err))
        return false;
    read_local(&local);
    if (!draw_into(unzip, &unzip->names, local.names_size, err) || !close_data(unzip, &local, err))
        return false;
    set_u32(descriptor, DESCRIPTOR_MAGIC);
    set_sizes(descriptor + 4, local.sum, local.packed_size, local.size);
    memcpy(local.at + SUM_AT, descriptor + 4, 12);
    memcpy(row.shared, local.at + SHARED_AT, SHARED_SIZE);
    writer_put(&unzip->rows, (struct bytes){(const uint8_t *)&row, sizeof(row)});
    unzip->count++;
    if (local.flags & FLAG_DESCRIPTOR)
        set_sizes(local.at + SUM_AT, 0, 0, 0);
    return writer_done(&unzip->rows, &(struct bytes){0}, err) &&
           pour_put(&unzip->pour, (struct bytes){local.at, LOCAL_SIZE}, err) &&
           pour_put(&unzip->pour, writer_bytes(&unzip->names), err) &&
           pour_put(&unzip->pour, writer_bytes(&unzip->packed), err) &&
           (!(local.flags & FLAG_DESCRIPTOR) ||
            pour_put(&unzip->pour, (struct bytes){descriptor, DESCRIPTOR_SIZE}, err));
}

static bool close_central(struct unzip *unzip, struct error *err)
{
    uint8_t header[CENTRAL_SIZE];
    struct row row;

    if (unzip->central_count == unzip->count)
        return error_set(err, ERROR_INPUT, "zip: more headers in the directory than entries");
    if (unzip->central_count == 0)
        unzip->directory_at = poured(unzip);
    set_u32(header, CENTRAL_MAGIC);
    if (!draw_exactly(&unzip->draw, header + 4, CENTRAL_SIZE - 4, err))
        return false;
    memcpy(&row, unzip->rows.at + unzip->central_count++ * sizeof(row), sizeof(row));
    turn_central(header, &row);
    return pour_put(&unzip->pour, (struct bytes){header, CENTRAL_SIZE}, err) &&
           draw_into(unzip, &unzip->names, names_of_central(header), err) &&
           pour_put(&unzip->pour, writer_bytes(&unzip->names), err);
}

static bool close_end(struct unzip *unzip, struct error *err)
{
    uint8_t end[END_SIZE];

    if (unzip->central_count == 0)
        unzip->directory_at = poured(unzip);
    set_u32(end, END_MAGIC);
    if (!draw_exactly(&unzip->draw, end + 4, END_SIZE - 4, err))
        return false;
    turn_end(end, unzip->count, unzip->directory_at, poured(unzip) - unzip->directory_at);
    return pour_put(&unzip->pour, (struct bytes){end, END_SIZE}, err) &&
           draw_into(unzip, &unzip->names, unzip->draw.left, err) &&
           pour_put(&unzip->pour, writer_bytes(&unzip->names), err) && pour_end(&unzip->pour, err);
}

static bool close_parts(struct unzip *unzip, struct error *err)
{
    for (;;) {
        uint8_t magic[4];
        if (!draw_exactly(&unzip->draw, magic, sizeof(magic), err))
            return false;
        if (u32_at(magic) == END_MAGIC)
            return close_end(unzip, err);
        if (u32_at(magic) == LOCAL_MAGIC && unzip->central_count == 0) {
            if (!close_entry(unzip, err))
                return false;
        } else if (u32_at(magic) == CENTRAL_MAGIC) {
            if (!close_central(unzip, err))
                return false;
        } else {
            return error_set(err, ERROR_INPUT, "zip: neither an entry nor the directory at %zu",
                             unzip->draw.size - sizeof(magic));
        }
    }
}

static bool zip_close(struct bytes settings, struct opener_source source, size_t image_size, size_t file_size,
                      struct opener_sink sink, struct error *err)
{
    OWN(own_unzip)
    struct unzip unzip = {
        .draw = draw_with(source, image_size, false),
        .file_size = file_size,
        .settings = reader_with(settings),
        .way = USUAL_WAY,
        .rows = writer_with(file_size), /* a row is smaller than the header it is made of */
        .packed = writer_with(file_size),
        .names = writer_with(3 * (size_t)UINT16_MAX),
    };

    pour_begin(&unzip.pour, sink, file_size);
    return close_parts(&unzip, err);
}

const struct opener opener_zip = {"zip", zip_knows, zip_open, zip_close};
