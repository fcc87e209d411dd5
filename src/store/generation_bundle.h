/*
 * A generation of advisory data as one file: what a server built once, for machines that judge with it.
 *
 *     "SGB1"   u16 count, then of each file:   text name   u64 size      integers little-endian, a text is a varint of its size and its bytes
 *     then the bytes of all files, one behind the other
 *
 * Files are those of store/state.h's generation that a scan reads, in order of their names: facts, index/RELEASE.index, manifest. What documents
 * said (feeds/) stays with who built it.
 *
 * A bundle vouches for nothing: who takes one knows its hash from somebody whom he believes.
 */
#ifndef STORE_GENERATION_BUNDLE_H
#define STORE_GENERATION_BUNDLE_H

#include "base/bytes.h"
#include "store/state.h"

#define GENERATION_BUNDLE_FILES 64 /* an index for each release that a fleet has */

/* Writes the bundle of the generation in use. */
bool generation_bundle_write(const struct state *state, const char *path, struct error *err) MUST_USE;
/* Fills the generation that is being made. ERROR_INPUT: broken, or a name that is none of a generation's. */
bool generation_bundle_read(const char *path, struct state_change *change, struct error *err) MUST_USE;

/* The grammar, for tests and fuzzing. */
struct generation_bundle_file {
    struct text name;
    struct bytes bytes;
};
struct generation_bundle {
    struct generation_bundle_file files[GENERATION_BUNDLE_FILES];
    size_t count;
};
bool generation_bundle_parse(struct bytes raw, struct generation_bundle *out, struct error *err) MUST_USE;

#endif
