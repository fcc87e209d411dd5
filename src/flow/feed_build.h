/*
 * From statements to the files that a scan opens: the index of a release, and the facts of all vulnerabilities.
 * Pure: the same statements in the same order give the same bytes.
 */
#ifndef FLOW_FEED_BUILD_H
#define FLOW_FEED_BUILD_H

#include "base/writer.h"
#include "identify/feed.h"

/* What one document said. Documents of one feed stand one behind the other. */
struct feed_part {
    const struct feed *feed;
    struct feed_facts facts;
    struct bytes statements;
};

/* *found is false, and nothing is written, when nobody says anything of this release. */
bool feed_build_index(const struct feed_part *parts, size_t count, const char *release, struct writer *out,
                      bool *found, struct error *err) MUST_USE;

bool feed_build_facts(const struct feed_part *parts, size_t count, struct writer *out, struct error *err)
    MUST_USE;

#endif
