#include "delta/xz_way.h"

#include <lzma.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/opener_memory.h"

#define PIECE        (64 * KIB)
#define BRANCH_LEAST LZMA_FILTER_X86
#define BRANCH_LAST  0x0b /* RISC-V; a liblzma that does not know it says so */
#define PRESET_MAX   6
#define CHECK_MASK   0x0f
#define THREADED     0x10
#define EXTREME      0x20
#define FLAGS        (CHECK_MASK | THREADED | EXTREME)

static const struct xz_way usual = {LZMA_CHECK_CRC32, 0, true, 6, false, (uint32_t)MIB};

/* As a block's header names them. */
struct filters {
    lzma_filter at[LZMA_FILTERS_MAX + 1];
};

static void own_filters(struct filters *filters)
{
    for (size_t i = 0; filters->at[i].id != LZMA_VLI_UNKNOWN; i++)
        free(filters->at[i].options);
}

static bool is_branch(lzma_vli id)
{
    return id >= BRANCH_LEAST && id <= BRANCH_LAST && id != LZMA_FILTER_LZMA2;
}

static bool check_dictionary(const struct xz_way *way, struct error *err)
{
    size_t max = way->threaded ? LIMIT_OPENER_XZ_BLOCK_DICTIONARY : LIMIT_OPENER_XZ_DICTIONARY;

    if (way->dictionary_size > max)
        return error_set(err, ERROR_LIMIT, "xz: a dictionary of %u bytes; %zu are allowed",
                         way->dictionary_size, max);
    return true;
}

/* One filter LZMA2, or another one before it. */
static bool read_filters(const lzma_filter *filters, struct xz_way *out, struct error *err)
{
    if (is_branch(filters->id) && filters->options == NULL)
        out->branch = (uint8_t)filters++->id;
    if (filters->id != LZMA_FILTER_LZMA2 || filters[1].id != LZMA_VLI_UNKNOWN)
        return error_set(err, ERROR_INPUT, "xz: filters that are not known");
    const lzma_options_lzma *options = filters->options;
    out->dictionary_size = options->dict_size;
    return check_dictionary(out, err);
}

bool xz_way_read(struct bytes packed, struct xz_way *out, struct error *err)
{
    OWN(own_filters) struct filters filters = {{{.id = LZMA_VLI_UNKNOWN}}};
    lzma_stream_flags flags;
    struct xz_way way = {0};

    if (packed.size < 2 * LZMA_STREAM_HEADER_SIZE || lzma_stream_header_decode(&flags, packed.at) != LZMA_OK)
        return error_set(err, ERROR_INPUT, "xz: no such file");
    lzma_block block = {.version = 1, .check = flags.check, .filters = filters.at};
    const uint8_t *header = packed.at + LZMA_STREAM_HEADER_SIZE;
    block.header_size = lzma_block_header_size_decode(*header);
    if (*header == 0 || block.header_size > packed.size - LZMA_STREAM_HEADER_SIZE)
        return error_set(err, ERROR_INPUT, "xz: no block");
    if (lzma_block_header_decode(&block, NULL, header) != LZMA_OK) {
        filters.at[0].id = LZMA_VLI_UNKNOWN; /* liblzma has freed what it had made */
        return error_set(err, ERROR_INPUT, "xz: the header of its block is broken");
    }
    way.check = (uint8_t)flags.check;
    way.threaded = block.compressed_size != LZMA_VLI_UNKNOWN;
    if (!read_filters(filters.at, &way, err))
        return false;
    *out = way;
    return true;
}

static bool is_usual(const struct xz_way *way)
{
    return way->check == usual.check && way->branch == usual.branch && way->threaded == usual.threaded &&
           way->preset == usual.preset && way->extreme == usual.extreme &&
           way->dictionary_size == usual.dictionary_size;
}

void xz_way_put_settings(const struct xz_way *way, struct writer *out)
{
    if (is_usual(way))
        return;
    writer_byte(out, (uint8_t)(way->check | (way->threaded ? THREADED : 0) | (way->extreme ? EXTREME : 0)));
    writer_byte(out, way->branch);
    writer_byte(out, way->preset);
    writer_varint(out, way->dictionary_size);
}

bool xz_way_from_settings(struct bytes settings, struct xz_way *out, struct error *err)
{
    struct reader r = reader_with(settings);
    struct xz_way way = usual;

    if (settings.size > 0) {
        uint8_t flags = reader_u8(&r);
        way = (struct xz_way){
            .check = flags & CHECK_MASK, .threaded = flags & THREADED, .extreme = flags & EXTREME};
        way.branch = reader_u8(&r);
        way.preset = reader_u8(&r);
        way.dictionary_size = (uint32_t)reader_varint_max(&r, UINT32_MAX);
        if (!reader_ok(&r) || reader_left(&r) > 0 || flags > FLAGS || way.preset > PRESET_MAX ||
            (way.branch != 0 && !is_branch(way.branch)))
            return error_set(err, ERROR_INPUT, "xz: settings that are none");
    }
    if (!check_dictionary(&way, err))
        return false;
    *out = way;
    return true;
}

static bool fail(lzma_ret answer, struct error *err)
{
    if (answer == LZMA_MEM_ERROR || answer == LZMA_MEMLIMIT_ERROR)
        return error_set(err, ERROR_LIMIT, "xz: no memory");
    if (answer == LZMA_BUF_ERROR)
        return error_set(err, ERROR_INPUT, "xz: ends in the middle");
    return error_set(err, ERROR_INPUT, "xz: broken, or of a kind that is not known");
}

bool xz_way_unpack(struct bytes packed, size_t size_max, struct writer *out, size_t *used, struct error *err)
{
    OWN(lzma_end) lzma_stream stream = LZMA_STREAM_INIT;
    uint8_t piece[PIECE];
    size_t size = 0;

    lzma_ret answer =
        lzma_stream_decoder(&stream, LIMIT_OPENER_XZ_DICTIONARY + MIB, LZMA_TELL_UNSUPPORTED_CHECK);
    stream.next_in = packed.at;
    stream.avail_in = packed.size;
    while (answer == LZMA_OK) {
        stream.next_out = piece;
        stream.avail_out = PIECE;
        answer = lzma_code(&stream, LZMA_FINISH);
        size_t got = PIECE - stream.avail_out;
        if (got > size_max - size)
            return error_set(err, ERROR_LIMIT, "xz: unpacks to more than the %zu bytes allowed", size_max);
        size += got;
        writer_put(out, (struct bytes){piece, got});
        if (!writer_ok(out))
            return writer_done(out, &(struct bytes){0}, err);
    }
    if (answer != LZMA_STREAM_END)
        return fail(answer, err);
    *used = packed.size - stream.avail_in;
    return true;
}

static lzma_ret begin_pack(lzma_stream *stream, const struct xz_way *way)
{
    lzma_options_lzma options;
    lzma_filter filters[3] = {{way->branch, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    const lzma_filter *used = way->branch == 0 ? filters + 1 : filters;
    lzma_mt threads = {.threads = 1, .filters = used, .check = way->check};

    if (lzma_lzma_preset(&options, way->preset | (way->extreme ? LZMA_PRESET_EXTREME : 0)))
        return LZMA_OPTIONS_ERROR;
    options.dict_size = way->dictionary_size;
    return way->threaded ? lzma_stream_encoder_mt(stream, &threads)
                         : lzma_stream_encoder(stream, used, way->check);
}

bool xz_way_pack(const struct xz_way *way, struct opener_source source, struct opener_sink sink,
                 struct error *err)
{
    OWN(lzma_end) lzma_stream stream = LZMA_STREAM_INIT;
    OWN(own_memory) uint8_t *pieces = malloc(2 * PIECE); /* in, out */
    lzma_ret answer = begin_pack(&stream, way);
    lzma_action action = LZMA_RUN;

    if (pieces == NULL)
        answer = LZMA_MEM_ERROR;
    while (answer == LZMA_OK) {
        if (stream.avail_in == 0 && action == LZMA_RUN) {
            size_t got;
            if (!source.get(source.self, pieces, PIECE, &got, err))
                return false;
            stream.next_in = pieces;
            stream.avail_in = got;
            action = got < PIECE ? LZMA_FINISH : LZMA_RUN;
        }
        stream.next_out = pieces + PIECE;
        stream.avail_out = PIECE;
        answer = lzma_code(&stream, action);
        size_t size = PIECE - stream.avail_out;
        if (size > 0 && !sink.put(sink.self, (struct bytes){pieces + PIECE, size}, err))
            return false;
    }
    return answer == LZMA_STREAM_END || fail(answer, err);
}

bool xz_way_find(struct bytes plain, struct bytes packed, struct xz_way *way)
{
    /* 6 first, as nearly everybody has it; then harder, then faster. */
    static const struct {
        uint8_t preset;
        bool extreme;
    } tries[] = {{6, false}, {6, true},  {5, false}, {4, false}, {3, true},
                 {3, false}, {2, false}, {1, false}, {0, false}};
    struct error ignored; /* that it is not this one is an answer */

    for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
        struct bytes source = plain, left = packed;
        way->preset = tries[i].preset;
        way->extreme = tries[i].extreme;
        if (xz_way_pack(way, memory_source(&source), memory_compare(&left), &ignored) && left.size == 0)
            return true;
    }
    return false;
}
