#include "manager/deb_plain.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/compress.h"
#include "manager/deb_file.h"

#define PIECE_SIZE    (256 * KIB)
#define AR_SIZE_MAX   9999999999ULL
#define MAGIC         BYTES("!<arch>\n")
#define DEBIAN_BINARY BYTES("2.0\n")

void deb_plain_head(const char *name, uint64_t size, char out[AR_HEAD_SIZE + 1])
{
    (void)snprintf(out, AR_HEAD_SIZE + 1, "%-16s%-12d%-6d%-6d%-8s%-10llu`\n", name, 0, 0, 0, "100644",
                   (unsigned long long)size);
}

/* Unpacks it into the sink, or nowhere. */
static bool unpack(struct bytes packed, const struct archive_sink *sink, uint8_t *piece, uint64_t *size,
                   struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = NULL;
    size_t got = 1;

    *size = 0;
    if (!compress_open_bytes(packed, LIMIT_DEB_DATA, &stream, err))
        return false;
    while (got > 0) {
        if (!compress_read(stream, piece, PIECE_SIZE, &got, err))
            return false;
        *size += got;
        if (got > 0 && sink != NULL && !sink->put(sink->self, (struct bytes){piece, got}, err))
            return false;
    }
    return true;
}

static bool put_head(const char *name, uint64_t size, const struct archive_sink *sink, struct error *err)
{
    char head[AR_HEAD_SIZE + 1];

    deb_plain_head(name, size, head);
    return sink->put(sink->self, bytes_of_text(text_of(head)), err);
}

static bool put_member(const char *name, struct bytes packed, const struct archive_sink *sink, uint8_t *piece,
                       struct error *err)
{
    uint64_t size, again;

    if (!unpack(packed, NULL, piece, &size, err))
        return error_at(err, "%s", name);
    if (size > AR_SIZE_MAX)
        return error_set(err, ERROR_LIMIT, "%s has more bytes than a .deb can hold", name);
    if (!put_head(name, size, sink, err) || !unpack(packed, sink, piece, &again, err))
        return false;
    return size % 2 == 0 || sink->put(sink->self, BYTES("\n"), err);
}

bool deb_plain_write(struct bytes deb, struct archive_sink sink, struct error *err)
{
    OWN(own_memory) uint8_t *piece = malloc(PIECE_SIZE);
    struct deb_members members;

    if (piece == NULL)
        return error_set(err, ERROR_LIMIT, "no memory");
    return deb_file_members(deb, &members, err) && sink.put(sink.self, MAGIC, err) &&
           put_head("debian-binary", DEBIAN_BINARY.size, &sink, err) &&
           sink.put(sink.self, DEBIAN_BINARY, err) &&
           put_member("control.tar", members.control, &sink, piece, err) &&
           put_member("data.tar", members.data, &sink, piece, err);
}

struct counted {
    struct digester digester;
    uint64_t size;
};

static bool count(void *self, struct bytes piece, struct error *err)
{
    struct counted *counted = self;

    counted->size += piece.size;
    return digester_add(&counted->digester, piece, err);
}

static void end_counted(struct counted *counted)
{
    digester_end(&counted->digester);
}

bool deb_plain_digest(struct bytes deb, uint64_t *size, struct digest *out, struct error *err)
{
    OWN(end_counted) struct counted counted = {0};

    if (!digester_open(DIGEST_SHA256, &counted.digester, err) ||
        !deb_plain_write(deb, (struct archive_sink){count, &counted}, err))
        return false;
    digester_close(&counted.digester, out);
    *size = counted.size;
    return true;
}
