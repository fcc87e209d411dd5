/*
 * Matching: which vulnerabilities are in these packages, and which updates close them.
 *
 * Pure: a host, an index of its release and what is known of the vulnerabilities go in; findings and updates come
 * out, in the arena, sorted by source package and then id, and always the same for the same input. No clock: the
 * caller puts in when a finding was first detected.
 */
#ifndef IDENTIFY_MATCH_H
#define IDENTIFY_MATCH_H

#include "identify/facts.h"
#include "identify/index.h"
#include "model/finding.h"

struct match_input {
    const struct host *host;
    const struct index *index; /* NULL: no advisory data for this release: updates are classified by origin */
    const struct facts *facts; /* NULL: nothing is known of any vulnerability */
};

struct match {
    struct finding *findings;
    size_t finding_count;
    struct update *updates;
    size_t update_count;
};

bool match_host(const struct match_input *input, struct arena *arena, struct match *out, struct error *err)
    MUST_USE;

#endif
