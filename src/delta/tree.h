/*
 * A folder as a list: what is below it, in byte order of the paths.
 *
 * The text of a tree, which both sides of a delta know, has one entry behind the other, "/" first:
 *
 *     LETTER MODE PATH \0 [TARGET \0]      "d755 /", "f644 /bin/x", "l /lib\0usr/lib": a link has no mode and a target
 *
 * As one stream of bytes, which has one digest, a folder is its text and then its files' contents, in that order, each with its
 * size before it (a varint). tree_maker makes the folder from that stream.
 *
 * Kept: names, the permission bits of files and folders, where links lead. Not kept: owners, times, hard links (they become files
 * of their own). Refused: devices, pipes and sockets.
 */
#ifndef DELTA_TREE_H
#define DELTA_TREE_H

#include <sys/types.h>

#include "base/map.h"
#include "base/writer.h"

enum tree_kind { TREE_UNKNOWN, TREE_FOLDER, TREE_FILE, TREE_LINK, TREE_KIND_COUNT };

struct tree_entry {
    struct text path; /* "/bin/x"; NUL-terminated behind its end */
    enum tree_kind kind;
    mode_t mode;        /* 07777 of a folder or file */
    struct text target; /* of a link; NUL-terminated behind its end */
};

struct tree {
    const struct tree_entry *entries;
    size_t count;
};

/* What is below the folder. Links are not followed. */
bool tree_walk(const char *folder, struct arena *arena, struct tree *out, struct error *err) MUST_USE;
void tree_write(const struct tree *tree, struct writer *out);
/* ERROR_INPUT: not in order, a path that leads elsewhere, or one below what is no folder. */
bool tree_parse(struct bytes raw, struct arena *arena, struct tree *out, struct error *err) MUST_USE;

/* Makes a folder from its stream. */
struct tree_maker;
/* folder: is there and empty. The maker lives in the arena; OWN(tree_maker_end) closes what it has open. */
bool tree_maker_open(const char *folder, struct arena *arena, struct tree_maker **out, struct error *err) MUST_USE;
bool tree_maker_put(struct tree_maker *maker, struct bytes bytes, struct error *err) MUST_USE;
/* Everything came: sets the folders' modes and syncs. */
bool tree_maker_close(struct tree_maker *maker, struct error *err) MUST_USE;
void tree_maker_end(struct tree_maker **maker);

#endif
