/*
 * The spool: a file in which a new image is made, window by window.
 *
 * It may hold what an earlier run left. Each window's bytes are believed for the hash that the delta gives them, so a
 * decoder that was broken off, at whatever instruction, goes on with the first one that is not right; nothing else is
 * kept of how far it came. Only the descriptor is needed, open for reading and writing; it is the caller's.
 */
#ifndef DELTA_SPOOL_H
#define DELTA_SPOOL_H

#include "base/digest.h"
#include "delta/opener.h"

/*
 * What stands beside OUT while it is made: the spool, and OUT before it has its name. Nobody else calls files so: what is
 * found there is what a run left that was killed, and may be written over and removed.
 */
#define SPOOL_ENDING ".suture-part"
#define SPOOL_MADE   ".suture-new"

/* A file without a name in this folder. */
bool spool_open(const char *folder, int *out, struct error *err) MUST_USE;
/*
 * The file of this name, locked for who holds the descriptor; whoever is done removes it before letting go. ERROR_CONFLICT:
 * somebody else holds it, or it is no file of this user alone: another one's, or one with a second name somewhere, which
 * would be overwritten.
 */
bool spool_open_at(const char *path, int *out, struct error *err) MUST_USE;
/* Whether the spool holds `size` bytes from `at` on whose SHA-256 begins with `hash`. */
bool spool_holds(int fd, uint64_t at, uint64_t size, struct bytes hash, bool *out, struct error *err)
    MUST_USE;
bool spool_digest(int fd, uint64_t at, uint64_t size, enum digest_kind kind, struct digest *out,
                  struct error *err) MUST_USE;
bool spool_write(int fd, uint64_t at, struct bytes bytes, struct error *err) MUST_USE;
/* Exactly these bytes; ERROR_INPUT when it ends before. */
bool spool_read(int fd, uint64_t at, uint8_t *into, size_t size, struct error *err) MUST_USE;
/* No bytes behind these. */
bool spool_cut(int fd, uint64_t size, struct error *err) MUST_USE;

/* A part of the spool as a source: lives as long as the struct stays where it is. */
struct spool_part {
    int fd;
    uint64_t at, left;
};
struct opener_source spool_source(struct spool_part *part);

#endif
