/*
 * Decodes a whole index, checks what opening and looking up do not, and writes it as text: for people, and for the
 * tests, which notice by it when the format changes.
 *
 * Checked beyond what every walk checks: ids, texts and names ascend; records of a source stand in their order; id
 * numbers and text numbers exist; counts in the header are what is there; segments are used up; all text is text.
 */
#ifndef IDENTIFY_INDEX_DUMP_H
#define IDENTIFY_INDEX_DUMP_H

#include "identify/index.h"

/*
 * A line for what the header says, for each feed and support row, and for each record:
 *
 *     openssl fixed 3.0.11-1 introduced 3.0 DSA-5532-1 2023-10-24 low: CVE-2023-4807 CVE-2023-5363
 *
 * out may be NULL: then it is only checked. False when the index is broken, with where.
 */
bool index_dump(const struct index *index, struct writer *out, struct error *err) MUST_USE;

/* The lines of one source package. *found is false when the index does not name it. */
bool index_dump_source(const struct index *index, struct text source, struct writer *out, bool *found,
                       struct error *err) MUST_USE;

#endif
