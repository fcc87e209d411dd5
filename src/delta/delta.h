/*
 * A delta: what turns old files into new ones, to the byte.
 *
 * The output is a file, a folder (its stream, delta/tree.h) or a .deb. It consists of *parts*, the contents of its
 * files in their order, and a *structure*, which is everything else (delta/deb_layout.h, delta/tree.h; a file has
 * none). A part is a copy of a part of the base (delta/base.h), or it is new: opened by an opener (delta/opener.h) to an image. The
 * structure and then the images of the new parts, one behind the other, are the *new image*, which is cut into
 * windows (delta/window.h). Each window names the parts of the base that it is made from, opened, one behind the other.
 *
 *     base parts --open--> old images --windows--> new image --close--> parts --put together--> output
 *
 * The file, version 4 (those before took longer, and were in no release):
 *
 *      0   4  "SUTD"
 *      4   1  version, 4
 *      5   1  what the output is (delta_kind) + 16 * what the base is (base_kind)
 *      6  32  SHA-256 of the output
 *     38  16  the first bytes of the base's identity
 *     54      size of the output (varint)
 *             size of the table (varint)
 *             the table: coded numbers, see below
 *             the windows, as delta/window.h codes them, one behind the other, to the end
 *
 * The table is coded bit by bit by delta/coder.h: N is a coder_number and S a coder_signed, each with a model of its own
 * for each line below; B a byte, a tree of eight odds of a model of its own; R a byte whose bits are all even odds.
 *
 *     names, if the base is a package: of the base, its package, version and architecture: size N, bytes B; then of what is
 *         made, for each of the three how many bytes it has in common at the front (N), how many follow (N), they (B)
 *     size of the structure N; 0 of a file
 *     number of parts N, then runs until there are so many:
 *         parts that are copies N; if there are any, the first one's part of the base S, counted from the one expected: 0 at
 *             first, behind a run the next one, a new part counting as if it stood for one; the others are those that follow it
 *         new parts N, at least one but behind the last copies; for each:
 *             its opener N; if it has one: size of the settings N, they (B), size of the file N
 *             size of the image N
 *     number of windows N; for each:
 *         bytes of the new image N, but for the last one: that has the rest
 *         whether the parts of the base are those of the window before: one of the odds, not for the first; if not:
 *             their number N; for each its index S, counted from the one behind the last (from 0 at first), and its opener N
 *             size of the old image N
 *         size of the coded window N
 *         the first 8 bytes of the SHA-256 of the new bytes, R
 *
 * So everything has its size before it is used; what the header and the table say is known before anything else is had.
 * The windows' hashes are no proof of anything: with them a decoder that was broken off knows what it has, and which
 * window a wrong base spoilt. The output is believed for its SHA-256, and this file for whoever vouches for that.
 *
 * Decoding takes the memory that delta_memory says, room for the new image on the disk, and whatever packing takes.
 */
#ifndef DELTA_DELTA_H
#define DELTA_DELTA_H

#include "delta/base.h"
#include "delta/opener.h"
#include "delta/window.h"

#define DELTA_VERSION       4
#define DELTA_IDENTITY_SIZE 16
#define DELTA_HASH_SIZE     8
#define DELTA_HEADER_MAX    74 /* without the table */

enum delta_kind { DELTA_KIND_UNKNOWN, DELTA_FILE, DELTA_FOLDER, DELTA_DEB, DELTA_KIND_COUNT };

#define DELTA_NEW UINT32_MAX

struct delta_part {
    uint32_t same;      /* the part of the base that it is a copy of, or DELTA_NEW; the rest is of new ones */
    uint32_t opener;    /* enum opener_kind */
    struct bytes settings;
    uint64_t file_size;
    uint64_t image_at, image_size; /* in the new image */
};

struct delta_old {
    uint32_t part; /* of the base */
    uint32_t opener;
};

struct delta_window {
    uint64_t new_at, new_size; /* in the new image */
    const struct delta_old *olds; /* shared by windows that are made from the same */
    uint32_t old_count;
    uint64_t old_size;
    uint64_t coded_at, coded_size; /* in the file */
    uint8_t hash[DELTA_HASH_SIZE];
};

struct delta_name { /* of a package, else empty */
    struct text package, version, arch;
};

struct delta {
    enum delta_kind kind;
    enum base_kind base_kind;
    uint64_t output_size;
    struct digest output; /* DIGEST_SHA256 */
    uint8_t identity[DELTA_IDENTITY_SIZE];
    struct delta_name base, made;
    uint64_t structure_size;
    const struct delta_part *parts;
    size_t part_count;
    const struct delta_window *windows;
    size_t window_count;
    uint64_t image_size; /* of the new image */
    uint64_t file_size;  /* of the delta itself */
};

const char *delta_kind_name(enum delta_kind kind);

/* How many bytes at the front of a file that begins so delta_read wants, header and table; 0: it wants DELTA_HEADER_MAX of them first. */
bool delta_wants(struct bytes start, uint64_t *out, struct error *err) MUST_USE;
/* From the front of a file. ERROR_INPUT: no delta; ERROR_CONFLICT: one of a version that this program does not know. */
bool delta_read(struct bytes start, struct arena *arena, struct delta *out, struct error *err) MUST_USE;
/* Header and table. Where the windows lie in the file (coded_at) and file_size are reckoned, not read. */
bool delta_write(const struct delta *delta, struct writer *out, struct error *err) MUST_USE;

/* Bytes that decoding takes, packing not counted: the largest thing that is held at once, and LIMIT_DELTA_SPARE. */
uint64_t delta_memory(const struct delta *delta);
/* Bytes that the spool may come to: the new image, and opened files that are closed again. */
uint64_t delta_room(const struct delta *delta);
/* For each part of the base whether decoding reads it: `used` has room for part_count. ERROR_INPUT: it wants one more. */
bool delta_parts_used(const struct delta *delta, bool *used, size_t part_count, struct error *err) MUST_USE;
/* The pieces of a window's new image, those that are not empty, in the arena. */
struct delta_pieces {
    const struct window_piece *at;
    const uint32_t *parts; /* that each is of; DELTA_NEW: the structure */
    size_t count;
};
bool delta_pieces(const struct delta *delta, size_t window, struct arena *arena, struct delta_pieces *out,
                  struct error *err) MUST_USE;

#endif
