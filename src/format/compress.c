#include "format/compress.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/compress_codec.h"

#define BUFFER_SIZE (64 * KIB)
/* What a stream may always unpack to, however small it is: an empty list of a few hundred bytes is no bomb. */
#define BOMB_SIZE_MIN MIB
/* Packed lists and feeds unpack to about this many times their size: where compress_unpack begins to guess. */
#define EXPANSION_USUAL 6

static const struct compress_codec *const codecs[COMPRESS_KIND_COUNT] = {
    [COMPRESS_GZIP] = &compress_gzip,
    [COMPRESS_XZ] = &compress_xz,
    [COMPRESS_LZ4] = &compress_lz4,
    [COMPRESS_ZSTD] = &compress_zstd,
};

struct compress_stream {
    const struct compress_codec *codec; /* NULL: nothing is packed */
    void *state;
    int fd;            /* borrowed; -1: all of the input is in `in` */
    bool input_ended;  /* nothing comes behind `in` */
    bool member_open;  /* in the middle of a member */
    bool failed;       /* nothing more may be asked */
    struct bytes in;   /* read, and not yet unpacked */
    size_t input_size; /* read so far, `in` included */
    size_t size;       /* unpacked so far */
    size_t limit;
    uint8_t buffer[];
};

static bool begins_with(struct bytes bytes, struct bytes start)
{
    return bytes.size >= start.size && memcmp(bytes.at, start.at, start.size) == 0;
}

enum compress_kind compress_kind_of(struct bytes start)
{
    for (size_t kind = 0; kind < COMPRESS_KIND_COUNT; kind++)
        if (codecs[kind] != NULL && begins_with(start, codecs[kind]->magic))
            return (enum compress_kind)kind;
    return COMPRESS_NONE;
}

const char *compress_kind_name(enum compress_kind kind)
{
    if ((unsigned)kind >= COMPRESS_KIND_COUNT || kind == COMPRESS_UNKNOWN)
        return "unknown";
    return codecs[kind] == NULL ? "none" : codecs[kind]->name;
}

/* Reads until at least `wanted` bytes are at hand or the input has ended. */
static bool fill(struct compress_stream *stream, size_t wanted, struct error *err)
{
    if (stream->in.size >= wanted || stream->input_ended)
        return true;
    if (stream->in.size > 0)
        memmove(stream->buffer, stream->in.at, stream->in.size);
    stream->in.at = stream->buffer;
    while (stream->in.size < wanted) {
        ssize_t got = read(stream->fd, stream->buffer + stream->in.size, BUFFER_SIZE - stream->in.size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "reading failed after %zu bytes", stream->input_size);
        stream->in.size += (size_t)got;
        stream->input_size += (size_t)got;
        if (got == 0) {
            stream->input_ended = true;
            return true;
        }
    }
    return true;
}

static bool fail_codec(const struct compress_stream *stream, enum compress_answer answer, struct error *err)
{
    const char *name = stream->codec->name;

    if (answer == COMPRESS_NO_MEMORY)
        return error_set(err, ERROR_LIMIT, "%s: no memory for unpacking", name);
    if (answer == COMPRESS_WINDOW)
        return error_set(err, ERROR_LIMIT, "%s: packed with a window of more than %u MiB", name,
                         (1U << COMPRESS_WINDOW_MAX_LOG2) >> 20);
    return error_set(err, ERROR_INPUT, "%s: broken before byte %zu", name,
                     stream->input_size - stream->in.size);
}

/* The next member, if there is one: *more is false at the end of all. */
static bool open_member(struct compress_stream *stream, bool *more, struct error *err)
{
    struct bytes magic = stream->codec->magic;

    *more = false;
    if (!fill(stream, magic.size, err))
        return false;
    if (stream->in.size == 0)
        return true;
    if (!begins_with(stream->in, magic))
        return error_set(err, ERROR_INPUT, "%s: something else follows its end at byte %zu",
                         stream->codec->name, stream->input_size - stream->in.size);
    enum compress_answer answer = stream->codec->begin(stream->state);
    if (answer != COMPRESS_GOES_ON)
        return fail_codec(stream, answer, err);
    *more = stream->member_open = true;
    return true;
}

static bool step(struct compress_stream *stream, struct compress_room *room, struct error *err)
{
    size_t room_size = room->size;

    if (!fill(stream, 1, err))
        return false;
    size_t in_size = stream->in.size;
    enum compress_answer answer = stream->codec->step(stream->state, &stream->in, room);
    stream->size += room_size - room->size;
    if (answer == COMPRESS_MEMBER_ENDS)
        stream->member_open = false;
    else if (answer != COMPRESS_GOES_ON)
        return fail_codec(stream, answer, err);
    else if (stream->in.size == in_size && room->size == room_size)
        return error_set(err, ERROR_INPUT, "%s: ends in the middle, after %zu bytes", stream->codec->name,
                         stream->input_size);
    if (stream->size > BOMB_SIZE_MIN &&
        stream->size / LIMIT_EXPANSION > stream->input_size - stream->in.size &&
        control_holds(CONTROL_UNPACK_TIMES))
        return error_set(err, ERROR_LIMIT, "%s: unpacks to more than %d times its size", stream->codec->name,
                         LIMIT_EXPANSION);
    return true;
}

/* Bytes that are not packed: those at hand first, then straight from the descriptor. */
static bool read_plain(struct compress_stream *stream, struct compress_room *room, struct error *err)
{
    size_t size = stream->in.size < room->size ? stream->in.size : room->size;

    if (size > 0) {
        memcpy(room->at, stream->in.at, size);
        compress_took(&stream->in, size);
    }
    while (size == 0 && !stream->input_ended) {
        ssize_t got = read(stream->fd, room->at, room->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, "reading failed after %zu bytes", stream->input_size);
        stream->input_ended = got == 0;
        stream->input_size += (size_t)got;
        size = (size_t)got;
    }
    compress_gave(room, size);
    stream->size += size;
    return true;
}

/* Fills the room, or as much of it as there is. */
static bool unpack(struct compress_stream *stream, struct compress_room *room, struct error *err)
{
    bool more = true;

    while (room->size > 0 && more) {
        size_t room_size = room->size;
        if (stream->codec == NULL) {
            if (!read_plain(stream, room, err))
                return false;
            more = room->size < room_size;
        } else if (!stream->member_open) {
            if (!open_member(stream, &more, err))
                return false;
        } else if (!step(stream, room, err)) {
            return false;
        }
    }
    return true;
}

bool compress_read(struct compress_stream *stream, uint8_t *into, size_t size, size_t *got, struct error *err)
{
    /* One byte past the limit is asked for, to see whether there is one. */
    size_t allowed = stream->limit - stream->size;
    uint8_t past;

    assert(!stream->failed && size > 0);
    stream->failed = true; /* until all went well */
    struct compress_room room = {into, size < allowed ? size : allowed};
    size_t asked = room.size;
    if (!unpack(stream, &room, err))
        return false;
    if (asked < size && room.size == 0) {
        struct compress_room one = {&past, 1};
        if (!unpack(stream, &one, err))
            return false;
        if (one.size == 0)
            return error_set(err, ERROR_LIMIT, "unpacks to more than the %zu bytes allowed", stream->limit);
    }
    stream->failed = false;
    *got = asked - room.size;
    return true;
}

static bool open_stream(struct compress_stream *made, struct compress_stream **out, struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = made;
    size_t magic_size_max = 6; /* xz's */

    if (!fill(stream, magic_size_max, err))
        return false;
    stream->codec = codecs[compress_kind_of(stream->in)];
    if (stream->codec != NULL) {
        stream->state = stream->codec->open();
        if (stream->state == NULL)
            return fail_codec(stream, COMPRESS_NO_MEMORY, err);
    }
    *out = stream;
    stream = NULL;
    return true;
}

bool compress_open_fd(int fd, size_t limit, struct compress_stream **out, struct error *err)
{
    struct compress_stream *stream = malloc(sizeof(*stream) + BUFFER_SIZE);

    if (stream == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for unpacking");
    *stream = (struct compress_stream){.fd = fd, .limit = limit};
    return open_stream(stream, out, err);
}

bool compress_open_bytes(struct bytes packed, size_t limit, struct compress_stream **out, struct error *err)
{
    struct compress_stream *stream = malloc(sizeof(*stream));

    if (stream == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for unpacking");
    *stream = (struct compress_stream){
        .fd = -1, .limit = limit, .input_ended = true, .in = packed, .input_size = packed.size};
    return open_stream(stream, out, err);
}

void compress_end(struct compress_stream **stream)
{
    if (*stream != NULL && (*stream)->state != NULL)
        (*stream)->codec->end((*stream)->state);
    free(*stream);
    *stream = NULL;
}

/* All that is left of the stream. The guess of its size decides only how often the array grows. */
static bool unpack_whole(struct compress_stream *stream, size_t packed_size, struct arena *arena,
                         struct bytes *out, struct error *err)
{
    size_t times = stream->codec == NULL ? 1 : EXPANSION_USUAL;
    size_t capacity = (packed_size < stream->limit / times ? packed_size * times : stream->limit) + 1;
    size_t size = 0, got;
    uint8_t *at = ARENA_ARRAY(arena, uint8_t, capacity);

    for (;;) {
        if (at == NULL)
            return arena_full(arena, err);
        if (!compress_read(stream, at + size, capacity - size, &got, err))
            return false;
        size += got;
        if (size < capacity)
            break; /* the end; the zero byte behind it is the arena's */
        at = arena_grow(arena, at, size, &capacity, size + 1, 1);
    }
    *out = (struct bytes){at, size};
    return true;
}

bool compress_unpack(struct bytes packed, size_t limit, struct arena *arena, struct bytes *out,
                     struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = NULL;

    return compress_open_bytes(packed, limit, &stream, err) &&
           unpack_whole(stream, packed.size, arena, out, err);
}

bool compress_read_file(const char *path, size_t limit, struct arena *arena, struct bytes *out,
                        struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = NULL;
    OWN(own_fd) int fd = -1;
    struct file_identity identity;

    if (!file_open(path, &fd, err))
        return false;
    if (!file_identity_of_fd(fd, &identity, err) || !compress_open_fd(fd, limit, &stream, err) ||
        !unpack_whole(stream, (size_t)identity.size, arena, out, err))
        return error_at(err, "%s", path);
    return true;
}
