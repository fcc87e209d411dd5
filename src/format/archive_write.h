/*
 * Writing of a tar entry by entry (libarchive), in GNU's form, which dpkg reads: the counterpart of archive_walk.
 *
 * The same entries and contents give the same bytes: nothing of this machine, this moment or this user goes in by
 * itself. Packed with zstd at its fastest level, or not at all. Nothing but file contents has to be in memory, and
 * they come in pieces.
 */
#ifndef FORMAT_ARCHIVE_WRITE_H
#define FORMAT_ARCHIVE_WRITE_H

#include "format/archive.h"
#include "format/compress.h"

struct archive_writer; /* OWN(archive_writer_end) */

/* Takes what was written so far, in order. False: it failed, and says why. */
struct archive_sink {
    bool (*put)(void *self, struct bytes piece, struct error *err);
    void *self;
};

/* packing: COMPRESS_NONE or COMPRESS_ZSTD. */
bool archive_writer_open(enum compress_kind packing, struct archive_sink sink, struct archive_writer **out,
                         struct error *err) MUST_USE;
/* Begins an entry. A file is followed by exactly member->size bytes of content. Names need no "./" of their own here: they are written as given. */
bool archive_writer_add(struct archive_writer *writer, const struct archive_member *member, struct error *err)
    MUST_USE;
bool archive_writer_data(struct archive_writer *writer, struct bytes piece, struct error *err) MUST_USE;
/* Writes the end. Fails when the last file has got less than its size. */
bool archive_writer_close(struct archive_writer *writer, struct error *err) MUST_USE;
void archive_writer_end(struct archive_writer **writer);

#endif
