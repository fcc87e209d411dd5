/*
 * Builds the facts file from the parts that feeds give of each vulnerability.
 *
 * As index_build.h: facts_build_feed, the parts, then facts_build_keep or facts_build_drop; at the end one file. Of
 * what two feeds say, the one of the lower rank counts, and of one feed what was said first; what it leaves out is
 * taken from the next. All scores are kept, one of each source and version (at most VULNERABILITY_SCORES_MAX). In KEV,
 * used by ransomware, and rejected are true when any feed says so. Times of KEV are whole days, of publication
 * whole seconds; times before 1970 or after 2106 are not kept.
 */
#ifndef IDENTIFY_FACTS_BUILD_H
#define IDENTIFY_FACTS_BUILD_H

#include "base/writer.h"
#include "identify/feed.h"

struct facts_build;

/* NULL when memory is out. */
struct facts_build *facts_build_begin(struct arena *arena);

/* What is put from here on is said by this feed; rank 0 is trusted most. */
bool facts_build_feed(struct facts_build *build, struct text name, uint8_t rank, struct error *err) MUST_USE;
bool facts_build_put(struct facts_build *build, const struct vulnerability *part, struct error *err) MUST_USE;
/* A sink that puts into this build. */
struct feed_sink facts_build_sink(struct facts_build *build);
void facts_build_keep(struct facts_build *build, const struct feed_facts *facts);
void facts_build_drop(struct facts_build *build);

bool facts_build_write(const struct facts_build *build, struct writer *out, struct error *err) MUST_USE;

#endif
