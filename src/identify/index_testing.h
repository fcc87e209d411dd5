/*
 * For tests: statements as text, in the form that index_dump writes, so that what a dump says can be built again.
 *
 *     index 1 debian-12 deb                                             whose release follows (the rest is passed over)
 *     feed tracker rank=0 generated=2026-11-21T06:00:00Z complete
 *     openssl fixed 3.0.11-1 introduced=3.0 advisory=DSA-5532-1 date=2023-10-24 : CVE-2023-5363(high) | a note
 *     support ends package=openssl date=2028-06-30 version=3.0 | a note
 */
#ifndef IDENTIFY_INDEX_TESTING_H
#define IDENTIFY_INDEX_TESTING_H

#include "base/writer.h"
#include "identify/index.h"
#include "identify/index_build.h"

/* Puts what the lines say; a line that cannot be read fails the test. */
void index_testing_put(struct index_build *build, struct text lines);
/* Builds the only release of the lines into *out and opens it. */
void index_testing_build(struct text lines, struct writer *out, struct index *index);
/* The index as text, in *out. */
struct text index_testing_dump(const struct index *index, struct writer *out);

#endif
