/*
 * What a delta is to make: a file, a folder or a .deb, as parts and a structure (delta/delta.h).
 *
 * The bytes lie in maps, of the file itself or of spool files that have lost their names: OWN(target_end).
 */
#ifndef DELTA_TARGET_H
#define DELTA_TARGET_H

#include "base/file.h"
#include "delta/deb_layout.h"
#include "delta/delta.h"

struct target {
    enum delta_kind kind;
    struct bytes structure;
    const struct deb_layout_part *parts;
    size_t part_count;
    struct delta_name name; /* of a package */
    struct digest output;   /* SHA-256 */
    uint64_t output_size;
    struct deb_apart apart;
    struct file_map map;
};

/* What is at the path, as a thing to make: a folder, a .deb, or else a file. By content, not by name. */
bool target_kind(const char *path, enum delta_kind *out, struct error *err) MUST_USE;
/* work: a folder for spool files; budget: of packing a .deb again, to find how it was packed. */
bool target_open(const char *path, enum delta_kind kind, const char *work, struct deb_budget budget,
                 struct arena *arena, struct target *out, struct error *err) MUST_USE;
void target_end(struct target *target);

#endif
