/*
 * An index made from files without any state: for images, for servers that hand out indexes, for tests.
 */
#ifndef FLOW_INDEX_FILES_H
#define FLOW_INDEX_FILES_H

#include "base/writer.h"
#include "identify/feed.h"

struct index_files_request {
    const char *parse_program; /* suture-parse */
    const char *release;
    const struct feed *feed;  /* of all files; NULL: each file's is recognised */
    const char *const *paths; /* files, packed or not, archives, folders */
    size_t path_count;
};

/* The index's bytes. Errors name the file; ERROR_ABSENT: none of them says anything of this release. */
bool index_files_build(const struct index_files_request *request, struct writer *out, struct error *err)
    MUST_USE;

#endif
